//! Why an instance is not part of the composition.

use crate::composition::{Unused, UnusedReason};
use crate::instances::{Index, Instance};
use crate::near::NearMiss;
use crate::plug::{Candidates, Choices};

/// The instances that are not `in_use`, each with the reason.
pub(crate) fn unused(
    instances: &[Instance<'_>],
    choices: &Choices,
    wires: &Candidates,
    in_use: &[Index],
    near_misses: &[NearMiss],
) -> Vec<Unused> {
    let unused = (0..instances.len()).filter(|index| !in_use.contains(index));
    unused
        .map(|index| Unused {
            instance: instances[index].name.clone(),
            component: instances[index].component.name.to_owned(),
            reason: reason(instances, choices, wires, index, in_use),
            near: near_misses.iter().filter(|miss| miss.exporter == instances[index].name).cloned().collect(),
        })
        .collect()
}

fn reason(
    instances: &[Instance<'_>],
    choices: &Choices,
    wires: &Candidates,
    index: Index,
    in_use: &[Index],
) -> UnusedReason {
    let exports = &instances[index].surface().exports;
    if exports.is_empty() {
        return UnusedReason::NoExports;
    }
    let name = |index: Index| instances[index].name.clone();
    for ((importer, import), by_name) in &choices.by_name {
        if !in_use.contains(importer) || !by_name.contains(&index) {
            continue;
        }
        let (importer_name, import_name) = (name(*importer), import.clone());
        if choices.open.contains(&(*importer, import.clone())) {
            return UnusedReason::LeftOpen { importer: importer_name, import: import_name };
        }
        if let Some(end) = wires.get(&(*importer, import.clone())).and_then(|ends| ends.first()) {
            let exporter = name(end.exporter);
            return UnusedReason::Replaced { importer: importer_name, import: import_name, exporter };
        }
    }
    let mut importers: Vec<String> = choices
        .candidates
        .iter()
        .filter(|(_, ends)| ends.iter().any(|end| end.exporter == index))
        .map(|((importer, _), _)| name(*importer))
        .collect();
    importers.dedup();
    if importers.is_empty() {
        return UnusedReason::NotImported { exports: exports.iter().map(|item| item.name.clone()).collect() };
    }
    UnusedReason::OnlyForUnused { importers }
}
