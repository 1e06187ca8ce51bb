//! What the indices of a composed binary stand for.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::graph::error::GraphError;
use crate::limits::GRAPH_NESTING_MAX;
use crate::structure::{Sort, Structure};

/// Where an item comes from in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Outside,
    Node(usize),
}

/// An item of an instance or of the outside, with the names of exports that lead to it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) path: Rc<Vec<String>>,
}

/// What an index of a component being traced stands for.
#[derive(Clone)]
pub(super) enum Item<'a> {
    /// A function, type, value or core module, or an instance as a whole.
    Whole { is_function: bool, source: Source },
    /// An instance of several items.
    Bundle(Rc<BTreeMap<&'a str, Item<'a>>>),
    /// A component that stands in the binary, and what stands around it.
    Component { structure: &'a Structure<'a>, outer: Option<Rc<Around<'a>>> },
    /// A component that is not in the binary: an import, or an export of an instance.
    Foreign { name: String },
}

/// The components that a component inside may take from those around it.
pub(super) struct Around<'a> {
    pub(super) components: Vec<Item<'a>>,
    pub(super) outer: Option<Rc<Around<'a>>>,
}

impl Item<'_> {
    pub(super) fn of(sort: Sort, source: Source) -> Self {
        match sort {
            Sort::Component => Item::Foreign { name: source.path.last().cloned().unwrap_or_default() },
            _ => Item::Whole { is_function: sort == Sort::Func, source },
        }
    }
}

/// An export of a node, or an import from outside.
pub(super) fn named<'a>(origin: Origin, sort: Sort, name: &str) -> Item<'a> {
    Item::of(sort, Source { origin, path: Rc::new(vec![name.to_owned()]) })
}

/// An item that no wire leads to: a type or a core module of the composition itself.
pub(super) fn nowhere<'a>() -> Item<'a> {
    Item::Whole { is_function: false, source: nowhere_source() }
}

pub(super) fn nowhere_source() -> Source {
    Source { origin: Origin::Outside, path: Rc::default() }
}

/// An export of an instance.
pub(super) fn member<'a>(instance: &Item<'a>, sort: Sort, name: &'a str) -> Result<Item<'a>, GraphError> {
    match instance {
        Item::Whole { source, .. } => {
            if source.path.len() >= GRAPH_NESTING_MAX {
                return Err(GraphError::TooDeep);
            }
            let mut path = source.path.to_vec();
            path.push(name.to_owned());
            Ok(Item::of(sort, Source { origin: source.origin, path: Rc::new(path) }))
        }
        Item::Bundle(members) => members.get(name).cloned().ok_or(GraphError::Damaged { what: "an export" }),
        _ => Err(GraphError::Damaged { what: "an instance" }),
    }
}
