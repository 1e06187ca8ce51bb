//! The one way through: read, choose, check, write, validate.

use std::collections::BTreeSet;

use crate::composition::{ComposedExport, ComposedInstance, Composition, OpenImport, Skew, Wire};
use crate::error::ComposeError;
use crate::exports;
use crate::instances::{self, Index, Instance};
use crate::near;
use crate::plan::{Input, Plan};
use crate::plug::{self, Choices};
use crate::problems::Problems;
use crate::share::{self, Graph};
use crate::unused::unused;
use crate::{engine, identity, inputs, open, order};

/// Composes `inputs`: every import is filled by the one instance that exports it, starting from the socket, and what
/// nothing fills stays an import of the composition.
///
/// Names fit when they are equal or differ in a version of the same line (`0.2.0` and `0.2.6`, `1.0.0` and `1.4.0`),
/// in either direction as long as the types fit; [`Wire::skew`] tells. Each input is one instance, however many need
/// it, unless the plan says otherwise. The result is validated, and the same for the same inputs in any order.
///
/// # Errors
///
/// [`Problems`] are all that can be found without guessing: after a component that cannot be read, or a wire of the plan
/// that makes no sense, what is missing because of it is not told.
pub fn compose(inputs: &[Input], plan: &Plan) -> Result<Composition, Problems> {
    let mut problems = Vec::new();
    let (components, shells, packages) = inputs::read(inputs, &mut problems)?;
    let instances = match instances::instances(&components, plan) {
        Ok(instances) => instances,
        Err(problem) => return Err(refused(problems, problem)),
    };
    let choices = plug::choices(&instances, plan, &mut problems);
    let (socket, exports) = match exports::exports(&instances, &choices, plan) {
        Ok(exports) => exports,
        Err(problem) => return Err(without_socket(&instances, &choices, problems, problem)),
    };
    let roots = exports::roots(socket, &exports, plan);
    let (wires, ambiguities) = plug::wires(&instances, &choices.candidates, socket, &roots);
    if problems.is_empty() && !ambiguities.is_empty() {
        problems.push(ComposeError::AmbiguousExporter(ambiguities));
    }
    problems.extend(order::circles(&instances, &wires, &roots));
    problems.extend(plug::check_types(&instances, &wires));
    if let Some(problems) = Problems::new(problems) {
        return Err(problems);
    }
    let planned = order::instantiation_order(&instances, &wires, &roots)?;
    let mut near_importers = planned.clone();
    near_importers.sort_unstable();
    let near_misses = near::near_misses(&instances, &choices, &near_importers);
    let unused = unused(&instances, &choices, &wires, &planned, &near_misses);
    let dropped = dropped(&instances, socket, &exports);
    let socket_name = socket.map(|socket| instances[socket].name.clone());
    let stated: BTreeSet<(&str, &str)> = choices
        .open
        .iter()
        .map(|(importer, import)| (instances[*importer].planned.as_str(), import.as_str()))
        .collect();

    let mut graph = share::separate(Graph { instances: instances.clone(), wires, exports, roots })?;
    let order = order::instantiation_order(&graph.instances, &graph.wires, &graph.roots)?;
    // What brings types comes before what speaks of them.
    graph.exports.sort_by_key(|export| order.iter().position(|index| *index == export.instance));
    let mut problems = identity::check(&graph.instances, &graph.wires, &order);
    problems.extend(identity::check_exports(&graph));
    problems.extend(open::check(&graph.instances, &graph.wires, &order));
    if let Some(problems) = Problems::new(problems) {
        return Err(problems);
    }
    let (bytes, surface) = engine::encode(&graph, &order, packages, &shells)?;
    let imports = open::imports(&graph.instances, &graph.wires, &order, &surface.imports, &stated);
    if let Some(allowed) = &plan.allow_open {
        open::check_complete(&imports, &surface, &near_misses, allowed, OpenImport::is_stated)?;
    }
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

/// All problems so far, and the one after which nothing more can be said.
fn refused(mut problems: Vec<ComposeError>, last: ComposeError) -> Problems {
    problems.push(last.clone());
    Problems::new(problems).unwrap_or_else(|| last.into())
}

/// Without a socket the wires between the components that are clear can still be looked at. That there is none may well
/// come from what was found before.
fn without_socket(
    instances: &[Instance<'_>],
    choices: &Choices,
    mut problems: Vec<ComposeError>,
    last: ComposeError,
) -> Problems {
    let is_named = matches!(last, ComposeError::UnknownComponent { .. });
    if problems.is_empty() || is_named {
        problems.push(last.clone());
    }
    problems.extend(plug::check_types(instances, &plug::clear_wires(&choices.candidates)));
    Problems::new(problems).unwrap_or_else(|| last.into())
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
