//! The one way through: read, choose, check, write, validate.

use std::collections::BTreeSet;

use crate::composition::{ComposedExport, ComposedInstance, Composition, Skew, Wire};
use crate::error::ComposeError;
use crate::exports;
use crate::instances::{self, Index};
use crate::plan::{Input, Plan};
use crate::share::{self, Graph};
use crate::unused::unused;
use crate::{engine, identity, inputs, open, order, plug};

/// Composes `inputs`: every import is filled by the one instance that exports it, starting from the socket, and what
/// nothing fills stays an import of the composition.
///
/// Names fit when they are equal or differ in a version of the same line (`0.2.0` and `0.2.6`, `1.0.0` and `1.4.0`),
/// in either direction as long as the types fit; [`Wire::skew`] tells. Each input is one instance, however many need
/// it, unless the plan says otherwise. The result is validated, and the same for the same inputs in any order.
///
/// # Errors
///
/// See [`ComposeError`]; [`ComposeError::hint`] says what to do.
pub fn compose(inputs: &[Input], plan: &Plan) -> Result<Composition, ComposeError> {
    let components = inputs::read(inputs)?;
    let instances = instances::instances(&components, plan)?;
    let choices = plug::choices(&instances, plan)?;
    let (socket, exports) = exports::exports(&instances, &choices, plan)?;
    let roots = exports::roots(socket, &exports, plan);
    let wires = plug::wires(&instances, &choices.candidates, socket, &roots)?;
    let planned = order::instantiation_order(&instances, &wires, &roots)?;
    plug::check_types(&instances, &wires)?;
    let mut near_importers = planned.clone();
    near_importers.sort_unstable();
    let near_misses = plug::near_misses(&instances, &choices, &near_importers);
    let unused = unused(&instances, &choices, &wires, &planned);
    let dropped = dropped(&instances, socket, &exports);
    let socket_name = socket.map(|socket| instances[socket].name.clone());
    let stated: BTreeSet<(&str, &str)> = choices
        .open
        .iter()
        .map(|(importer, import)| (instances[*importer].planned.as_str(), import.as_str()))
        .collect();

    let graph = share::separate(Graph { instances: instances.clone(), wires, exports, roots })?;
    let order = order::instantiation_order(&graph.instances, &graph.wires, &graph.roots)?;
    identity::check(&graph.instances, &graph.wires, &order)?;
    open::check(&graph.instances, &graph.wires, &order)?;
    let (bytes, surface) = engine::encode(&graph, &order)?;
    let imports = open::imports(&graph.instances, &graph.wires, &order, &surface.imports, &stated);
    open::check_complete(&imports, &surface, plan)?;
    Ok(Composition {
        socket: socket_name,
        instances: shown_instances(&graph, &order),
        wires: shown_wires(&graph),
        imports,
        exports: shown_exports(&graph),
        dropped,
        near_misses,
        unused,
        bytes,
        surface,
    })
}

/// What the socket exports and the composition does not.
fn dropped(
    instances: &[instances::Instance<'_>],
    socket: Option<Index>,
    exports: &[exports::Exported],
) -> Vec<String> {
    let Some(socket) = socket else { return Vec::new() };
    let is_exported =
        |name: &String| exports.iter().any(|export| export.instance == socket && export.export == *name);
    let names = instances[socket].surface().exports.iter().map(|item| &item.name);
    names.filter(|name| !is_exported(name)).cloned().collect()
}

fn shown_instances(graph: &Graph<'_>, order: &[Index]) -> Vec<ComposedInstance> {
    let shown = |index: &Index| ComposedInstance {
        name: graph.instances[*index].name.clone(),
        component: graph.instances[*index].component.name.to_owned(),
    };
    order.iter().map(shown).collect()
}

fn shown_exports(graph: &Graph<'_>) -> Vec<ComposedExport> {
    let shown = |export: &exports::Exported| ComposedExport {
        name: export.name.clone(),
        instance: graph.instances[export.instance].name.clone(),
        export: export.export.clone(),
    };
    graph.exports.iter().map(shown).collect()
}

fn shown_wires(graph: &Graph<'_>) -> Vec<Wire> {
    let instances = &graph.instances;
    let ends = graph.wires.iter().flat_map(|(key, ends)| ends.iter().map(move |end| (key, end)));
    ends.map(|((importer, import), end)| {
        let asked = instances[*importer].surface().import(import);
        let given = instances[end.exporter].surface().export(&end.export);
        let versions = asked.zip(given).and_then(|(asked, given)| plug::versions(asked, given));
        Wire {
            importer: instances[*importer].name.clone(),
            import: import.clone(),
            implements: asked.and_then(|item| item.implements.clone()),
            exporter: instances[end.exporter].name.clone(),
            export: end.export.clone(),
            skew: versions.map(|(asked, given)| Skew { asked, given }),
        }
    })
    .collect()
}
