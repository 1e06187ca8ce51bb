//! Decides which export fills an import.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use semver::Version;
use wkit_interface::{InterfaceParts, Item, mismatches};

use crate::error::{Ambiguity, ComposeError, WireMismatch};
use crate::instances::{Index, Instance};
use crate::plan::Plan;
use crate::planned::{self, Import};

/// The other end of a wire: which instance, and which of its exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) exporter: Index,
    pub(crate) export: String,
}

/// What may fill each import of each instance, by importer and the import's name.
pub(crate) type Candidates = BTreeMap<Import, Vec<End>>;

/// What may fill each import, and the imports that nothing shall fill.
pub(crate) struct Choices {
    pub(crate) candidates: Candidates,
    pub(crate) open: BTreeSet<Import>,
    /// The instances that could fill an import about which the plan says something else.
    pub(crate) by_name: BTreeMap<Import, Vec<Index>>,
}

/// Finds for every import all exports that have its name, or the one that the plan chooses.
pub(crate) fn choices(instances: &[Instance<'_>], plan: &Plan, problems: &mut Vec<ComposeError>) -> Choices {
    let exports = ExportIndex::new(instances);
    let chosen = planned::wires(instances, &exports, plan, problems);
    let open = planned::open(instances, &chosen, plan, problems);
    let mut choices = Choices { candidates: Candidates::new(), open, by_name: BTreeMap::new() };
    for (importer, instance) in instances.iter().enumerate() {
        for import in instance.needs() {
            let key = (importer, import.name.clone());
            let mut ends = exports.ends(importer, import);
            let end = chosen.get(&key);
            if end.is_some() || choices.open.contains(&key) {
                let others = ends.into_iter().map(|end| end.exporter).collect();
                choices.by_name.insert(key.clone(), others);
                ends = end.cloned().into_iter().collect();
            }
            if !ends.is_empty() {
                choices.candidates.insert(key, ends);
            }
        }
    }
    choices
}

/// All exports by the names that they can stand in for, so that an import finds them without a search.
pub(crate) struct ExportIndex<'a> {
    by_name: HashMap<String, Vec<(Index, &'a Item)>>,
    /// Exports with a plain name that stand for an interface, by that interface.
    by_label: HashMap<String, Vec<(Index, &'a Item)>>,
}

impl<'a> ExportIndex<'a> {
    fn new(instances: &[Instance<'a>]) -> Self {
        let mut index = Self { by_name: HashMap::new(), by_label: HashMap::new() };
        for (exporter, instance) in instances.iter().enumerate() {
            for item in &instance.surface().exports {
                index.by_name.entry(line(&item.name)).or_default().push((exporter, item));
                if let Some(interface) = &item.implements {
                    index.by_label.entry(line(interface)).or_default().push((exporter, item));
                }
            }
        }
        index
    }

    /// What the other instances have for an import of `importer`, by instance.
    fn ends(&self, importer: Index, import: &Item) -> Vec<End> {
        let found = self.found(import).into_iter().filter(|(exporter, _)| *exporter != importer);
        found
            .flat_map(|(exporter, items)| {
                items.into_iter().map(move |item| End { exporter, export: item.name.clone() })
            })
            .collect()
    }

    /// What one instance has for an import.
    pub(crate) fn of(&self, exporter: Index, import: &Item) -> Vec<&'a Item> {
        self.found(import).remove(&exporter).unwrap_or_default()
    }

    /// The exports that may fill `import`. Of each instance the one of its name, else the one of the interface that the
    /// import stands for, both exactly or else of the highest version that stands in for it; else all exports with a
    /// plain name that stand for that interface.
    fn found(&self, import: &Item) -> BTreeMap<Index, Vec<&'a Item>> {
        let mut found: BTreeMap<Index, Vec<&'a Item>> = BTreeMap::new();
        for wanted in [Some(&import.name), import.implements.as_ref()].into_iter().flatten() {
            let mut best: BTreeMap<Index, &'a Item> = BTreeMap::new();
            for (exporter, item) in self.by_name.get(&line(wanted)).into_iter().flatten() {
                let rank = |item: &Item| (item.name == *wanted, version(&item.name));
                let known = best.entry(*exporter).or_insert(item);
                if rank(item) > rank(known) {
                    *known = item;
                }
            }
            for (exporter, item) in best {
                found.entry(exporter).or_insert_with(|| vec![item]);
            }
        }
        let interface = import.implements.as_ref().unwrap_or(&import.name);
        let mut labels: BTreeMap<Index, Vec<&'a Item>> = BTreeMap::new();
        for (exporter, item) in self.by_label.get(&line(interface)).into_iter().flatten() {
            labels.entry(*exporter).or_default().push(item);
        }
        for (exporter, items) in labels {
            found.entry(exporter).or_insert(items);
        }
        found
    }
}

/// What names that stand in for each other have in common: the canonical version in place of the version.
pub(crate) fn line(name: &str) -> String {
    match InterfaceParts::parse(name) {
        Some(InterfaceParts { canonical: Some(canonical), namespace, package, interface, .. }) => {
            format!("{namespace}:{package}/{interface}@{canonical}")
        }
        _ => name.to_owned(),
    }
}

fn version(name: &str) -> Option<Version> {
    InterfaceParts::parse(name)?.version
}

/// The wires that reach from the roots: each import of an instance that is in use, with the end that fills it; and the
/// imports that several could fill, which have no wire then.
pub(crate) fn wires(
    instances: &[Instance<'_>],
    candidates: &Candidates,
    socket: Option<Index>,
    roots: &[Index],
) -> (Candidates, Vec<Ambiguity>) {
    let mut in_use = vec![false; instances.len()];
    let mut pending = roots.to_vec();
    let mut wires = Candidates::new();
    let mut ambiguities = Vec::new();
    while let Some(importer) = pending.pop() {
        if std::mem::replace(&mut in_use[importer], true) {
            continue;
        }
        for import in instances[importer].needs() {
            let key = (importer, import.name.clone());
            let Some(ends) = candidates.get(&key) else { continue };
            let ends = without_socket(ends, socket);
            if let [end] = ends.as_slice() {
                pending.push(end.exporter);
                wires.insert(key, ends);
            } else {
                ambiguities.push(ambiguity(instances, importer, &import.name, &ends));
            }
        }
    }
    ambiguities.sort_by(|a, b| (&a.importer, &a.import).cmp(&(&b.importer, &b.import)));
    (wires, ambiguities)
}

/// A wire into the socket always closes a circle, so any other instance comes before it.
fn without_socket(ends: &[End], socket: Option<Index>) -> Vec<End> {
    let others: Vec<End> = ends.iter().filter(|end| Some(end.exporter) != socket).cloned().collect();
    if others.is_empty() { ends.to_vec() } else { others }
}

/// The interface of an import or export without its version.
pub(crate) fn path(item: &Item) -> Option<String> {
    let name = item.implements.as_ref().unwrap_or(&item.name);
    InterfaceParts::parse(name).map(|parts| parts.path())
}

/// All imports that several components could fill.
pub(crate) fn ambiguities(instances: &[Instance<'_>], candidates: &Candidates) -> Vec<Ambiguity> {
    candidates
        .iter()
        .filter(|(_, ends)| ends.len() > 1)
        .map(|((importer, import), ends)| ambiguity(instances, *importer, import, ends))
        .collect()
}

fn ambiguity(instances: &[Instance<'_>], importer: Index, import: &str, ends: &[End]) -> Ambiguity {
    Ambiguity {
        importer: instances[importer].name.clone(),
        import: import.to_owned(),
        exporters: ends
            .iter()
            .map(|end| (instances[end.exporter].name.clone(), end.export.clone()))
            .collect(),
    }
}

/// Compares the types at both ends of every wire; each wire that does not fit is a problem.
pub(crate) fn check_types(instances: &[Instance<'_>], wires: &Candidates) -> Vec<ComposeError> {
    let mut wrong = Vec::new();
    for ((importer, import), ends) in wires {
        for end in ends {
            let (importer, exporter) = (&instances[*importer], &instances[end.exporter]);
            let mismatches = mismatches(importer.surface(), import, exporter.surface(), &end.export);
            if !mismatches.is_empty() {
                wrong.push(ComposeError::TypeMismatch(Box::new(WireMismatch {
                    importer: importer.name.clone(),
                    import: import.clone(),
                    exporter: exporter.name.clone(),
                    export: end.export.clone(),
                    mismatches,
                })));
            }
        }
    }
    wrong
}

/// The wires that are clear whatever the socket is.
pub(crate) fn clear_wires(candidates: &Candidates) -> Candidates {
    candidates
        .iter()
        .filter(|(_, ends)| ends.len() == 1)
        .map(|(key, ends)| (key.clone(), ends.clone()))
        .collect()
}

/// The versions at both ends of a wire when they differ.
pub(crate) fn versions(import: &Item, export: &Item) -> Option<(Version, Version)> {
    let version = |item: &Item| version(item.implements.as_ref().unwrap_or(&item.name));
    let (asked, given) = (version(import)?, version(export)?);
    (asked != given && path(import) == path(export)).then_some((asked, given))
}
