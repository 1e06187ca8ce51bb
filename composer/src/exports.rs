//! What the composition exports.

use std::collections::BTreeMap;

use wkit_interface::{InterfaceParts, Item};

use crate::error::ComposeError;
use crate::instances::{Index, Instance, find};
use crate::order;
use crate::plan::{Plan, PlannedExport};
use crate::plug::Choices;

/// An export of the composition, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exported {
    pub(crate) name: String,
    pub(crate) instance: Index,
    pub(crate) export: String,
}

/// The socket, where there needs to be one, and what is exported.
pub(crate) fn exports(
    instances: &[Instance<'_>],
    choices: &Choices,
    plan: &Plan,
) -> Result<(Option<Index>, Vec<Exported>), ComposeError> {
    let Some(planned) = &plan.exports else {
        let socket = order::socket(instances, choices, plan)?;
        let all = instances[socket].surface().exports.iter();
        let exports = all.map(|item| exported(&item.name, socket, item)).collect();
        return Ok((Some(socket), exports));
    };
    let needs_socket = planned.iter().any(|export| instance_of(export).is_none());
    let socket = match &plan.socket {
        None if !needs_socket => None,
        _ => Some(order::socket(instances, choices, plan)?),
    };
    let mut chosen = Chosen { instances, names: BTreeMap::new(), list: Vec::new() };
    let place = |export: &PlannedExport| match (instance_of(export), socket) {
        (Some(name), _) => find(instances, "exporting instance", name),
        (None, Some(socket)) => Ok(socket),
        // Cannot happen: the socket has been found above.
        (None, None) => order::socket(instances, choices, plan),
    };
    for export in planned {
        if let PlannedExport::One { export: wanted, name, .. } = export {
            let instance = place(export)?;
            let item = named_export(&instances[instance], wanted)?;
            chosen.add(exported(name.as_ref().unwrap_or(&item.name), instance, item))?;
        }
    }
    let by_name = chosen.list.len();
    for export in planned {
        if let PlannedExport::Rest { .. } = export {
            let instance = place(export)?;
            for item in &instances[instance].surface().exports {
                chosen.add_rest(exported(&item.name, instance, item), by_name)?;
            }
        }
    }
    Ok((socket, chosen.sorted()))
}

/// The instances that export something, and so are where the composition begins.
pub(crate) fn roots(socket: Option<Index>, exports: &[Exported], plan: &Plan) -> Vec<Index> {
    let mut roots: Vec<Index> = exports.iter().map(|export| export.instance).collect();
    if plan.exports.is_none() {
        // A component without exports may still be composed.
        roots.extend(socket);
    }
    roots.sort_unstable();
    roots.dedup();
    roots
}

fn instance_of(export: &PlannedExport) -> Option<&str> {
    match export {
        PlannedExport::Rest { instance } | PlannedExport::One { instance, .. } => instance.as_deref(),
    }
}

fn exported(name: &str, instance: Index, item: &Item) -> Exported {
    Exported { name: name.to_owned(), instance, export: item.name.clone() }
}

struct Chosen<'a> {
    instances: &'a [Instance<'a>],
    /// What each name of the result stands for, by its place in `list`.
    names: BTreeMap<String, usize>,
    list: Vec<Exported>,
}

impl Chosen<'_> {
    fn add(&mut self, export: Exported) -> Result<(), ComposeError> {
        if let Some(first) = self.names.get(&export.name) {
            let first = &self.list[*first];
            return Err(ComposeError::DuplicateExport {
                name: export.name.clone(),
                first: (self.instances[first.instance].name.clone(), first.export.clone()),
                second: (self.instances[export.instance].name.clone(), export.export),
            });
        }
        self.names.insert(export.name.clone(), self.list.len());
        self.list.push(export);
        Ok(())
    }

    /// Adds an export unless it is there already, perhaps under another name, or its name is taken by one of the first
    /// `by_name`, which were asked for by name.
    fn add_rest(&mut self, export: Exported, by_name: usize) -> Result<(), ComposeError> {
        let known = |known: &Exported| known.instance == export.instance && known.export == export.export;
        let taken = self.names.get(&export.name).is_some_and(|place| *place < by_name);
        if taken || self.list.iter().any(known) { Ok(()) } else { self.add(export) }
    }

    /// By instance and then in the order of its binary, in which types come before what speaks of them.
    fn sorted(mut self) -> Vec<Exported> {
        let instances = self.instances;
        let position = |export: &Exported| {
            let exports = &instances[export.instance].surface().exports;
            exports.iter().position(|item| item.name == export.export)
        };
        self.list.sort_by_key(|export| (export.instance, position(export), export.name.clone()));
        self.list
    }
}

/// The export that a plan means: by its whole name, or without the version, or by the interface that a label stands
/// for, when there is one of that kind.
pub(crate) fn named_export<'a>(instance: &Instance<'a>, export: &str) -> Result<&'a Item, ComposeError> {
    let exports = &instance.surface().exports;
    match meant(exports.iter(), export).as_slice() {
        [item] => Ok(item),
        [] => Err(ComposeError::NoSuchExport {
            instance: instance.name.clone(),
            export: export.to_owned(),
            known: exports.iter().map(|item| item.name.clone()).collect(),
        }),
        several => Err(ComposeError::AmbiguousExport {
            instance: instance.name.clone(),
            export: export.to_owned(),
            matches: several.iter().map(|item| item.name.clone()).collect(),
        }),
    }
}

/// The items that `name` may mean: the one of that very name, else those of that name without the version, else the
/// labels that stand for that interface.
pub(crate) fn meant<'a>(items: impl Iterator<Item = &'a Item> + Clone, name: &str) -> Vec<&'a Item> {
    if let Some(item) = items.clone().find(|item| item.name == name) {
        return vec![item];
    }
    let without_version: Vec<&Item> =
        items.clone().filter(|item| item.parts.as_ref().is_some_and(|parts| parts.path() == name)).collect();
    if !without_version.is_empty() {
        return without_version;
    }
    let stands_for = |interface: &String| {
        interface == name || InterfaceParts::parse(interface).is_some_and(|parts| parts.path() == name)
    };
    items.filter(|item| item.implements.as_ref().is_some_and(stands_for)).collect()
}
