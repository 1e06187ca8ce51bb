//! Decides which export fills an import.

use std::collections::BTreeMap;

use semver::Version;
use wkit_interface::{InterfaceParts, Item, fits, mismatches};

use crate::error::{Ambiguity, ComposeError, NearMiss, WireMismatch};
use crate::inputs::{Component, Index};
use crate::plan::Plan;

/// The other end of a wire: which component, and which of its exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) exporter: Index,
    pub(crate) export: String,
}

/// What may fill each import of each component, by importer and the import's name.
pub(crate) type Candidates = BTreeMap<(Index, String), Vec<End>>;

/// Finds for every import all exports that have its name, or the one that the plan chooses.
pub(crate) fn candidates(components: &[Component<'_>], plan: &Plan) -> Result<Candidates, ComposeError> {
    let chosen = planned(components, plan)?;
    let mut candidates = Candidates::new();
    for (importer, component) in components.iter().enumerate() {
        for import in component.needs() {
            let key = (importer, import.name.clone());
            let ends = match chosen.get(&key) {
                Some(end) => vec![end.clone()],
                None => (0..components.len())
                    .filter(|exporter| *exporter != importer)
                    .filter_map(|exporter| {
                        let export = best_export(&components[exporter], import)?;
                        Some(End { exporter, export: export.name.clone() })
                    })
                    .collect(),
            };
            if !ends.is_empty() {
                candidates.insert(key, ends);
            }
        }
    }
    Ok(candidates)
}

/// The wires of the plan, checked against what there is.
fn planned(
    components: &[Component<'_>],
    plan: &Plan,
) -> Result<BTreeMap<(Index, String), End>, ComposeError> {
    let mut chosen: BTreeMap<(Index, String), End> = BTreeMap::new();
    for wire in &plan.wires {
        let importer = find(components, "importer", &wire.importer)?;
        let exporter = find(components, "exporter", &wire.exporter)?;
        let import = planned_import(&components[importer], &wire.import)?;
        let Some(export) = best_export(&components[exporter], import) else {
            return Err(ComposeError::UnknownExport {
                importer: wire.importer.clone(),
                import: import.name.clone(),
                exporter: wire.exporter.clone(),
                known: names(&components[exporter].surface.exports),
            });
        };
        let end = End { exporter, export: export.name.clone() };
        if let Some(first) = chosen.insert((importer, import.name.clone()), end) {
            return Err(ComposeError::DuplicateWire {
                importer: wire.importer.clone(),
                import: import.name.clone(),
                first: components[first.exporter].name.to_owned(),
                second: wire.exporter.clone(),
            });
        }
    }
    Ok(chosen)
}

/// Finds a component by the name that a plan gives.
pub(crate) fn find(
    components: &[Component<'_>],
    role: &'static str,
    name: &str,
) -> Result<Index, ComposeError> {
    components.iter().position(|component| component.name == name).ok_or_else(|| {
        ComposeError::UnknownComponent {
            role,
            name: name.to_owned(),
            known: components.iter().map(|component| component.name.to_owned()).collect(),
        }
    })
}

/// The import that a plan means: by its whole name, or without the version when there is one of that name.
fn planned_import<'a>(component: &'a Component<'_>, import: &str) -> Result<&'a Item, ComposeError> {
    if let Some(item) = component.needs().find(|item| item.name == import) {
        return Ok(item);
    }
    let by_path: Vec<&Item> = component
        .needs()
        .filter(|item| item.parts.as_ref().is_some_and(|parts| parts.path() == import))
        .collect();
    match by_path.as_slice() {
        [item] => Ok(item),
        [] => Err(ComposeError::UnknownImport {
            importer: component.name.to_owned(),
            import: import.to_owned(),
            known: component.needs().map(|item| item.name.clone()).collect(),
        }),
        several => Err(ComposeError::AmbiguousImport {
            importer: component.name.to_owned(),
            import: import.to_owned(),
            matches: several.iter().map(|item| item.name.clone()).collect(),
        }),
    }
}

fn names(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.name.clone()).collect()
}

/// The export of `component` that has the import's name: exactly, else the highest version that stands in for it; for
/// a plain name that stands for an interface also an export of that interface.
fn best_export<'a>(component: &'a Component<'_>, import: &Item) -> Option<&'a Item> {
    let exports = &component.surface.exports;
    let wanted = [Some(&import.name), import.implements.as_ref()];
    wanted.into_iter().flatten().find_map(|wanted| {
        exports.iter().find(|export| export.name == *wanted).or_else(|| {
            let fitting = exports.iter().filter(|export| fits(wanted, &export.name));
            fitting.max_by_key(|export| export.parts.as_ref().and_then(|parts| parts.version.clone()))
        })
    })
}

/// The wires that reach from the socket: each import of a component that is in use, with the end that fills it.
pub(crate) fn wires(
    components: &[Component<'_>],
    candidates: &Candidates,
    socket: Index,
) -> Result<Candidates, ComposeError> {
    let mut in_use = vec![false; components.len()];
    let mut pending = vec![socket];
    let mut wires = Candidates::new();
    let mut ambiguities = Vec::new();
    while let Some(importer) = pending.pop() {
        if std::mem::replace(&mut in_use[importer], true) {
            continue;
        }
        for import in components[importer].needs() {
            let key = (importer, import.name.clone());
            let Some(ends) = candidates.get(&key) else { continue };
            let ends = without_socket(ends, socket);
            if let [end] = ends.as_slice() {
                pending.push(end.exporter);
                wires.insert(key, ends);
            } else {
                ambiguities.push(ambiguity(components, importer, &import.name, &ends));
            }
        }
    }
    if ambiguities.is_empty() {
        return Ok(wires);
    }
    ambiguities.sort_by(|a, b| (&a.importer, &a.import).cmp(&(&b.importer, &b.import)));
    Err(ComposeError::AmbiguousExporter(ambiguities))
}

/// A wire into the socket always closes a circle, so any other component comes before it.
fn without_socket(ends: &[End], socket: Index) -> Vec<End> {
    let others: Vec<End> = ends.iter().filter(|end| end.exporter != socket).cloned().collect();
    if others.is_empty() { ends.to_vec() } else { others }
}

/// The imports of the given components that nothing fills, though another component exports another version.
pub(crate) fn near_misses(
    components: &[Component<'_>],
    candidates: &Candidates,
    importers: &[Index],
) -> Vec<NearMiss> {
    let mut misses = Vec::new();
    for importer in importers {
        for import in components[*importer].needs() {
            let Some(parts) = &import.parts else { continue };
            if candidates.contains_key(&(*importer, import.name.clone())) {
                continue;
            }
            for (exporter, component) in components.iter().enumerate().filter(|(index, _)| index != importer)
            {
                let same_path =
                    |item: &&Item| item.parts.as_ref().is_some_and(|other| other.path() == parts.path());
                misses.extend(component.surface.exports.iter().filter(same_path).map(|export| NearMiss {
                    importer: components[*importer].name.to_owned(),
                    import: import.name.clone(),
                    exporter: components[exporter].name.to_owned(),
                    export: export.name.clone(),
                }));
            }
        }
    }
    misses
}

/// All imports that several components could fill.
pub(crate) fn ambiguities(components: &[Component<'_>], candidates: &Candidates) -> Vec<Ambiguity> {
    candidates
        .iter()
        .filter(|(_, ends)| ends.len() > 1)
        .map(|((importer, import), ends)| ambiguity(components, *importer, import, ends))
        .collect()
}

fn ambiguity(components: &[Component<'_>], importer: Index, import: &str, ends: &[End]) -> Ambiguity {
    Ambiguity {
        importer: components[importer].name.to_owned(),
        import: import.to_owned(),
        exporters: ends
            .iter()
            .map(|end| (components[end.exporter].name.to_owned(), end.export.clone()))
            .collect(),
    }
}

/// Compares the types at both ends of every wire.
pub(crate) fn check_types(components: &[Component<'_>], wires: &Candidates) -> Result<(), ComposeError> {
    let mut wrong = Vec::new();
    for ((importer, import), ends) in wires {
        for end in ends {
            let (importer, exporter) = (&components[*importer], &components[end.exporter]);
            let mismatches = mismatches(&importer.surface, import, &exporter.surface, &end.export);
            if !mismatches.is_empty() {
                wrong.push(WireMismatch {
                    importer: importer.name.to_owned(),
                    import: import.clone(),
                    exporter: exporter.name.to_owned(),
                    export: end.export.clone(),
                    mismatches,
                });
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(ComposeError::TypeMismatch(wrong)) }
}

/// The versions at both ends of a wire when they differ.
pub(crate) fn versions(import: &str, export: &str) -> Option<(Version, Version)> {
    let asked = InterfaceParts::parse(import)?.version?;
    let given = InterfaceParts::parse(export)?.version?;
    (asked != given).then_some((asked, given))
}
