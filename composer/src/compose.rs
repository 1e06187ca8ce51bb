//! The one way through: read, choose, check, write, validate.

use wkit_interface::DecodeError;

use crate::composition::{Composition, Skew, Wire};
use crate::error::{ComposeError, NearMiss};
use crate::inputs::{self, Component, Index};
use crate::plan::{Input, Plan};
use crate::plug::{self, Candidates};
use crate::{engine, identity, open, order};

/// Composes `inputs`: every import is filled by the one input that exports it, starting from the socket, and what
/// nothing fills stays an import of the composition.
///
/// Names fit when they are equal or differ in a version of the same line (`0.2.0` and `0.2.6`, `1.0.0` and `1.4.0`),
/// in either direction as long as the types fit; [`Wire::skew`] tells. Each input is one instance, however many need
/// it. The result is validated, and the same for the same inputs in any order.
///
/// # Errors
///
/// See [`ComposeError`]; [`ComposeError::hint`] says what to do.
pub fn compose(inputs: &[Input], plan: &Plan) -> Result<Composition, ComposeError> {
    let components = inputs::read(inputs)?;
    let candidates = plug::candidates(&components, plan)?;
    let socket = order::socket(&components, &candidates, plan)?;
    let wires = plug::wires(&components, &candidates, socket)?;
    let order = order::instantiation_order(&components, &wires, socket)?;
    plug::check_types(&components, &wires)?;
    identity::check(&components, &wires, &order)?;
    open::check(&components, &wires, &order)?;
    let bytes = engine::encode(&components, &wires, &order)?;
    let surface = wkit_interface::decode(&bytes).map_err(|error| invalid(&error))?;
    Ok(Composition {
        socket: components[socket].name.to_owned(),
        instances: order.iter().map(|index| components[*index].name.to_owned()).collect(),
        wires: shown_wires(&components, &wires),
        imports: open::imports(&components, &wires, &order, &surface.imports),
        exports: surface.exports.iter().map(|item| item.name.clone()).collect(),
        near_misses: near_misses(&components, &candidates, &order),
        unused: unused(&components, &order),
        bytes,
        surface,
    })
}

/// The composition came out invalid, which the checks before should have found.
fn invalid(error: &DecodeError) -> ComposeError {
    ComposeError::Encode { doing: "validate the composition".to_owned(), message: invalid_message(error) }
}

/// What is wrong with a composition, without the place in the bytes, which would say nothing to anybody.
pub(crate) fn invalid_message(error: &DecodeError) -> String {
    match error {
        DecodeError::Invalid { message, .. } | DecodeError::UnsupportedFeature { message, .. } => {
            message.clone()
        }
        other => other.to_string(),
    }
}

fn shown_wires(components: &[Component<'_>], wires: &Candidates) -> Vec<Wire> {
    let name = |index: Index| components[index].name.to_owned();
    wires
        .iter()
        .flat_map(|((importer, import), ends)| ends.iter().map(move |end| (*importer, import, end)))
        .map(|(importer, import, end)| Wire {
            importer: name(importer),
            import: import.clone(),
            exporter: name(end.exporter),
            export: end.export.clone(),
            skew: plug::versions(import, &end.export).map(|(asked, given)| Skew { asked, given }),
        })
        .collect()
}

fn unused(components: &[Component<'_>], order: &[Index]) -> Vec<String> {
    (0..components.len())
        .filter(|index| !order.contains(index))
        .map(|index| components[index].name.to_owned())
        .collect()
}

fn near_misses(components: &[Component<'_>], candidates: &Candidates, order: &[Index]) -> Vec<NearMiss> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    plug::near_misses(components, candidates, &sorted)
}
