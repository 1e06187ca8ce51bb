//! The imports that stay open, and which of them become one import of the composition.

use wkit_interface::{Item, ItemKind, conflicts, fits};

use crate::composition::{Importer, OpenImport};
use crate::error::{ComposeError, ImportConflict};
use crate::inputs::{Component, Index};
use crate::plug::Candidates;

/// Checks that imports which should become one are of one type: those of the same name, or with versions that stand in
/// for each other.
pub(crate) fn check(
    components: &[Component<'_>],
    wires: &Candidates,
    in_use: &[Index],
) -> Result<(), ComposeError> {
    let open = collect(components, wires, in_use);
    for (position, (second, second_import)) in open.iter().enumerate() {
        for (first, first_import) in &open[..position] {
            // Two versions in one component are two imports of one component and stay what they are.
            if first == second || !fits(&first_import.name, &second_import.name) {
                continue;
            }
            let (one, other) = (&components[*first], &components[*second]);
            let mismatches = conflicts(&one.surface, &first_import.name, &other.surface, &second_import.name);
            if !mismatches.is_empty() {
                return Err(ComposeError::ImportConflict(Box::new(ImportConflict {
                    first: one.name.to_owned(),
                    first_import: first_import.name.clone(),
                    second: other.name.to_owned(),
                    second_import: second_import.name.clone(),
                    mismatches,
                })));
            }
        }
    }
    Ok(())
}

/// Says for every import of the composition who needs it.
pub(crate) fn imports(
    components: &[Component<'_>],
    wires: &Candidates,
    in_use: &[Index],
    composed: &[Item],
) -> Vec<OpenImport> {
    let open = collect(components, wires, in_use);
    composed
        .iter()
        .map(|item| {
            let importers = open
                .iter()
                .filter(|(_, import)| fits(&import.name, &item.name))
                .map(|(index, import)| Importer {
                    component: components[*index].name.to_owned(),
                    import: import.name.clone(),
                })
                .collect();
            OpenImport { name: item.name.clone(), importers }
        })
        .collect()
}

/// All open imports, by component name.
fn collect<'a>(
    components: &'a [Component<'_>],
    wires: &Candidates,
    in_use: &[Index],
) -> Vec<(Index, &'a Item)> {
    let mut sorted = in_use.to_vec();
    sorted.sort_unstable();
    let mut open = Vec::new();
    for index in sorted {
        for import in &components[index].surface.imports {
            if import.kind == ItemKind::Type || !wires.contains_key(&(index, import.name.clone())) {
                open.push((index, import));
            }
        }
    }
    open
}
