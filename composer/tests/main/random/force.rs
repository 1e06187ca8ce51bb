//! Wires components without asking `wkit-composer`, by way of `wac-graph`, and asks the validator afterwards.

use std::collections::BTreeMap;

use wac_graph::{CompositionGraph, EncodeOptions};
use wac_types::Package;
use wasmparser::Validator;

use super::graph::Graph;

/// Wires by importer and import.
pub(crate) type Wires = BTreeMap<(usize, String), (usize, String)>;

/// Instantiates the given components with the given wires, exports what `socket` exports, and validates.
pub(crate) fn force(
    graph: &Graph,
    indexes: impl IntoIterator<Item = usize>,
    wires: &Wires,
    socket: Option<usize>,
) -> Result<Vec<u8>, String> {
    let mut composition = CompositionGraph::new();
    let mut nodes = BTreeMap::new();
    for index in indexes {
        let input = &graph.components[index].input;
        let package = Package::from_bytes(
            &input.name,
            None,
            input.bytes.read().unwrap().to_vec(),
            composition.types_mut(),
        )
        .map_err(text)?;
        let package = composition.register_package(package).map_err(text)?;
        nodes.insert(index, composition.instantiate(package));
    }
    for ((importer, import), (exporter, export)) in wires {
        let export = composition.alias_instance_export(nodes[exporter], export).map_err(text)?;
        composition.set_instantiation_argument(nodes[importer], import, export).map_err(text)?;
    }
    if let Some(socket) = socket {
        for export in &graph.components[socket].surface.exports {
            let alias = composition.alias_instance_export(nodes[&socket], &export.name).map_err(text)?;
            composition.export(alias, &export.name).map_err(text)?;
        }
    }
    let options = EncodeOptions { validate: false, ..EncodeOptions::default() };
    let bytes = composition.encode(options).map_err(text)?;
    Validator::new_with_features(wkit_interface::features()).validate_all(&bytes).map_err(text)?;
    Ok(bytes)
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
