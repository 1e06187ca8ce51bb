//! The imports that stay open, and which of them become one import of the composition.

use std::collections::{BTreeSet, HashMap, HashSet};

use wkit_interface::{Item, ItemKind, Mismatch, Surface, conflicts};

use crate::composition::{Importer, OpenImport};
use crate::error::{ComposeError, ImportConflict};
use crate::instances::{Index, Instance};
use crate::near::NearMiss;
use crate::planned::matches;
use crate::plug::{Candidates, line};

/// Checks that imports which should become one are of one type: those of the same name, or with versions that stand in
/// for each other.
pub(crate) fn check(instances: &[Instance<'_>], wires: &Candidates, in_use: &[Index]) -> Vec<ComposeError> {
    let mut problems = Vec::new();
    let mut lines: HashMap<String, Line<'_>> = HashMap::new();
    for (second, second_import) in collect(instances, wires, in_use) {
        let line = lines.entry(line(&second_import.name)).or_default();
        let other = &instances[second];
        let number = line.number(other, second_import);
        for known in &line.members {
            let one = (known.instance, known.import);
            // Two versions in one component are two imports of one component and stay what they are.
            let is_same = std::ptr::eq(instances[known.instance].component, other.component);
            if !is_same && known.number != number && line.compared.insert((known.number, number)) {
                problems.extend(conflict(instances, one, (second, second_import)));
            }
        }
        // Two of each kind, of two components: one of them is of another component than any that comes.
        let alike = line.members.iter().filter(|known| known.number == number);
        let components: Vec<_> = alike.map(|known| instances[known.instance].component).collect();
        if components.len() < 2 && !components.iter().any(|known| std::ptr::eq(*known, other.component)) {
            line.members.push(Member { instance: second, import: second_import, number });
        }
    }
    problems
}

/// Open imports that become one import.
#[derive(Default)]
struct Line<'a> {
    /// The kinds of imports among them, by their fingerprints.
    numbers: HashMap<String, usize>,
    members: Vec<Member<'a>>,
    /// The kinds that have been compared with each other.
    compared: HashSet<(usize, usize)>,
}

struct Member<'a> {
    instance: Index,
    import: &'a Item,
    number: usize,
}

impl Line<'_> {
    /// The number of the import's kind: imports of one kind are equal in everything.
    fn number(&mut self, instance: &Instance<'_>, import: &Item) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(instance.surface().import_fingerprint(&import.name)).or_insert(next)
    }
}

fn conflict(
    instances: &[Instance<'_>],
    (first, first_import): (Index, &Item),
    (second, second_import): (Index, &Item),
) -> Option<ComposeError> {
    let (one, other) = (&instances[first], &instances[second]);
    let mut mismatches = conflicts(one.surface(), &first_import.name, other.surface(), &second_import.name);
    // One label, but two interfaces, which may happen to look alike.
    if let (Some(expected), Some(found)) = (&first_import.implements, &second_import.implements)
        && line(expected) != line(found)
    {
        let interface = |name: &str| format!("an interface `{name}`");
        let (expected, found) = (interface(expected), interface(found));
        mismatches.insert(0, Mismatch { path: String::new(), expected, found, similar: None });
    }
    if mismatches.is_empty() {
        return None;
    }
    Some(ComposeError::ImportConflict(Box::new(ImportConflict {
        first: one.name.clone(),
        first_import: first_import.name.clone(),
        second: other.name.clone(),
        second_import: second_import.name.clone(),
        mismatches,
    })))
}

/// Says for every import of the composition who needs it, and whether the plan leaves it open (`stated`, by the name of
/// the planned instance).
pub(crate) fn imports(
    instances: &[Instance<'_>],
    wires: &Candidates,
    in_use: &[Index],
    composed: &[Item],
    stated: &BTreeSet<(&str, &str)>,
) -> Vec<OpenImport> {
    let mut lines: HashMap<String, Vec<(Index, &Item)>> = HashMap::new();
    for (index, import) in collect(instances, wires, in_use) {
        lines.entry(line(&import.name)).or_default().push((index, import));
    }
    composed
        .iter()
        .map(|item| {
            let importers = lines
                .get(&line(&item.name))
                .into_iter()
                .flatten()
                .map(|(index, import)| Importer {
                    instance: instances[*index].name.clone(),
                    import: import.name.clone(),
                    stated: stated.contains(&(instances[*index].planned.as_str(), import.name.as_str())),
                })
                .collect();
            OpenImport { name: item.name.clone(), implements: item.implements.clone(), importers }
        })
        .collect()
}

/// Refuses imports of the composition that nobody allows to stay open. Those that `is_stated` says stay open by choice.
pub(crate) fn check_complete(
    imports: &[OpenImport],
    surface: &Surface,
    near_misses: &[NearMiss],
    allowed: &[String],
    is_stated: impl Fn(&OpenImport) -> bool,
) -> Result<(), ComposeError> {
    let is_wrong = |open: &&OpenImport| {
        let Some(item) = surface.import(&open.name) else { return false };
        let only_types =
            item.kind == ItemKind::Type || (item.functions.is_empty() && item.resources.is_empty());
        let is_instance = matches!(item.kind, ItemKind::Interface | ItemKind::Instance | ItemKind::Type);
        !(is_instance && only_types
            || is_stated(open)
            || allowed.iter().any(|pattern| matches(pattern, item)))
    };
    let open: Vec<OpenImport> = imports.iter().filter(is_wrong).cloned().collect();
    if open.is_empty() {
        return Ok(());
    }
    let is_open = |miss: &&NearMiss| {
        let mut importers = open.iter().flat_map(|open| &open.importers);
        importers.any(|importer| importer.instance == miss.importer && importer.import == miss.import)
    };
    let near = near_misses.iter().filter(is_open).cloned().collect();
    Err(ComposeError::Incomplete { open, near })
}

/// All open imports, by instance name.
fn collect<'a>(
    instances: &'a [Instance<'_>],
    wires: &Candidates,
    in_use: &[Index],
) -> Vec<(Index, &'a Item)> {
    let mut sorted = in_use.to_vec();
    sorted.sort_unstable();
    let mut open = Vec::new();
    for index in sorted {
        for import in &instances[index].surface().imports {
            if import.kind == ItemKind::Type || !wires.contains_key(&(index, import.name.clone())) {
                open.push((index, import));
            }
        }
    }
    open
}
