//! What the plan says of imports: the wires that it chooses, and what it leaves open.

use std::collections::{BTreeMap, BTreeSet};

use wkit_interface::{InterfaceParts, Item};

use crate::error::ComposeError;
use crate::exports::{meant, named_export};
use crate::instances::{Index, Instance, find};
use crate::plan::{Plan, PlannedOpen, PlannedWire};
use crate::plug::{End, ExportIndex};

/// An import of an instance.
pub(crate) type Import = (Index, String);

/// The wires of the plan, checked against what there is; those that make no sense become problems.
pub(crate) fn wires(
    instances: &[Instance<'_>],
    exports: &ExportIndex<'_>,
    plan: &Plan,
    problems: &mut Vec<ComposeError>,
) -> BTreeMap<Import, End> {
    let mut chosen: BTreeMap<Import, End> = BTreeMap::new();
    for planned in &plan.wires {
        let (key, end) = match wire(instances, exports, planned) {
            Ok(wire) => wire,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let import = key.1.clone();
        if let Some(first) = chosen.insert(key, end) {
            problems.push(ComposeError::DuplicateWire {
                importer: planned.importer.clone(),
                import,
                first: instances[first.exporter].name.clone(),
                second: planned.exporter.clone(),
            });
        }
    }
    chosen
}

fn wire(
    instances: &[Instance<'_>],
    exports: &ExportIndex<'_>,
    wire: &PlannedWire,
) -> Result<(Import, End), ComposeError> {
    let importer = find(instances, "importer", &wire.importer)?;
    let exporter = find(instances, "exporter", &wire.exporter)?;
    let import = import(&instances[importer], &wire.import)?;
    let export = match &wire.export {
        Some(export) => &named_export(&instances[exporter], export)?.name,
        None => inferred_export(instances, exports, wire, import, exporter)?,
    };
    Ok(((importer, import.name.clone()), End { exporter, export: export.clone() }))
}

/// The export of a wire that does not name it.
fn inferred_export<'a>(
    instances: &'a [Instance<'_>],
    exports: &ExportIndex<'a>,
    wire: &PlannedWire,
    import: &Item,
    exporter: Index,
) -> Result<&'a String, ComposeError> {
    match exports.of(exporter, import).as_slice() {
        [item] => Ok(&item.name),
        [] => Err(ComposeError::UnknownExport {
            importer: wire.importer.clone(),
            import: import.name.clone(),
            exporter: wire.exporter.clone(),
            known: names(instances[exporter].surface().exports.iter()),
        }),
        several => Err(ComposeError::AmbiguousExport {
            instance: wire.exporter.clone(),
            export: import.implements.as_ref().unwrap_or(&import.name).clone(),
            matches: names(several.iter().copied()),
        }),
    }
}

/// The import that a plan means: by its whole name, or without the version, or by the interface of a label, when there
/// is one of that kind.
fn import<'a>(instance: &Instance<'a>, import: &str) -> Result<&'a Item, ComposeError> {
    let needs: Vec<&'a Item> = instance.needs().collect();
    match meant(needs.iter().copied(), import).as_slice() {
        [item] => Ok(item),
        [] => Err(ComposeError::UnknownImport {
            importer: instance.name.clone(),
            import: import.to_owned(),
            known: names(needs.into_iter()),
        }),
        several => Err(ComposeError::AmbiguousImport {
            importer: instance.name.clone(),
            import: import.to_owned(),
            matches: names(several.iter().copied()),
        }),
    }
}

/// The imports that the plan leaves open; what it says wrongly becomes a problem. A chosen wire is stronger than a
/// pattern, but contradicts a name.
pub(crate) fn open(
    instances: &[Instance<'_>],
    chosen: &BTreeMap<Import, End>,
    plan: &Plan,
    problems: &mut Vec<ComposeError>,
) -> BTreeSet<Import> {
    let mut open = BTreeSet::new();
    for planned in &plan.open {
        match left_open(instances, chosen, planned) {
            Ok(imports) => open.extend(imports),
            Err(problem) => problems.push(problem),
        }
    }
    open
}

fn left_open(
    instances: &[Instance<'_>],
    chosen: &BTreeMap<Import, End>,
    planned: &PlannedOpen,
) -> Result<BTreeSet<Import>, ComposeError> {
    let importers = match &planned.importer {
        Some(name) => vec![find(instances, "importer", name)?],
        None => (0..instances.len()).collect(),
    };
    let (mut open, mut found) = (BTreeSet::new(), false);
    for importer in &importers {
        for import in instances[*importer].needs().filter(|import| matches(&planned.import, import)) {
            found = true;
            let key = (*importer, import.name.clone());
            match chosen.get(&key) {
                None => {
                    open.insert(key);
                }
                Some(_) if planned.importer.is_none() || planned.import.ends_with('*') => {}
                Some(end) => {
                    return Err(ComposeError::OpenAndWired {
                        importer: instances[*importer].name.clone(),
                        import: import.name.clone(),
                        exporter: instances[end.exporter].name.clone(),
                    });
                }
            }
        }
    }
    if found {
        return Ok(open);
    }
    let mut known: Vec<String> =
        importers.iter().flat_map(|importer| names(instances[*importer].needs())).collect();
    known.sort_unstable();
    known.dedup();
    Err(ComposeError::NothingToOpen {
        importer: planned.importer.clone(),
        import: planned.import.clone(),
        known,
    })
}

/// Whether a pattern of the plan means this import: its name with or without the version, or a beginning of it
/// followed by `*`; for a label also the interface that it stands for.
pub(crate) fn matches(pattern: &str, import: &Item) -> bool {
    let names = [Some(&import.name), import.implements.as_ref()];
    names.into_iter().flatten().any(|name| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern || InterfaceParts::parse(name).is_some_and(|parts| parts.path() == pattern),
    })
}

fn names<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<String> {
    items.map(|item| item.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use wkit_interface::{InterfaceParts, Item, ItemKind};

    use super::matches;

    #[test]
    fn patterns() {
        let item = |name: &str, implements: Option<&str>| Item {
            name: name.to_owned(),
            kind: ItemKind::Instance,
            parts: InterfaceParts::parse(name),
            implements: implements.map(str::to_owned),
            functions: Vec::new(),
            types: Vec::new(),
            resources: Vec::new(),
        };
        let poll = item("wasi:io/poll@0.2.6", None);
        for pattern in ["wasi:io/poll@0.2.6", "wasi:io/poll", "wasi:io/*", "wasi:*", "*"] {
            assert!(matches(pattern, &poll), "{pattern}");
        }
        for pattern in ["wasi:io/poll@0.2.0", "wasi:io", "wasi:ios/*", "poll", ""] {
            assert!(!matches(pattern, &poll), "{pattern}");
        }
        let label = item("primary", Some("demo:kv/store@0.1.0"));
        for pattern in ["primary", "prim*", "demo:kv/store", "demo:*"] {
            assert!(matches(pattern, &label), "{pattern}");
        }
        assert!(!matches("backup", &label));
    }
}
