//! Why there is no graph.

use thiserror::Error;
use wkit_interface::DecodeError;

use crate::limits::{
    GRAPH_EDGES_MAX, GRAPH_NESTING_MAX, GRAPH_NODES_MAX, GRAPH_STEPS_MAX, PICTURE_POINTS_MAX,
};

/// Why the graph of a component cannot be read or drawn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The bytes are not a component that can be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),

    /// The bytes are a WIT package, which has no instances.
    #[error("expected a component, found a WIT package")]
    WitPackage,

    /// The component is not valid: something in it speaks of what is not there.
    #[error("not a valid component: it speaks of {what} that is not there")]
    Damaged {
        /// What kind of thing: `an instance`, `an export`.
        what: &'static str,
    },

    /// Compositions stand in one another deeper than [`GRAPH_NESTING_MAX`].
    #[error("compositions are nested too deeply, the limit is {GRAPH_NESTING_MAX}")]
    TooDeep,

    /// There are more instances than [`GRAPH_NODES_MAX`], counting those of an inner composition each time it is used.
    #[error("the composition has too many instances, the limit is {GRAPH_NODES_MAX}")]
    TooManyNodes,

    /// There are more wires than [`GRAPH_EDGES_MAX`].
    #[error("the composition has too many wires, the limit is {GRAPH_EDGES_MAX}")]
    TooManyEdges,

    /// Following all wires takes more than [`GRAPH_STEPS_MAX`] steps.
    #[error("the composition is too intricate: following its wires takes more than {GRAPH_STEPS_MAX} steps")]
    TooLong,

    /// A picture would have more boxes and bends than [`PICTURE_POINTS_MAX`].
    #[error(
        "the graph is too large for a picture: {points} boxes and bends, the limit is {PICTURE_POINTS_MAX}"
    )]
    TooLargeToDraw {
        /// How many it would have.
        points: usize,
    },
}
