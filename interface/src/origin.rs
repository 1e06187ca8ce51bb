//! Where the resources that an interface speaks of come from: two components agree on a resource only when both get it
//! from the same place.

use std::collections::HashSet;

use crate::model::{Body, Extern, Func, Model, Ty, TypeId};
use crate::surface::Surface;

/// The place where a component declares a resource, or another type that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResourceOrigin {
    /// The name there.
    pub name: String,
    /// The import or export that declares it.
    pub interface: String,
    /// Whether that is an import of the component; else it is an export.
    pub imported: bool,
}

impl Surface {
    /// All resources that the import `name` speaks of, also inside records and functions, each with its origin.
    pub fn import_resources(&self, name: &str) -> Vec<ResourceOrigin> {
        resources(&self.model, find(&self.model.root.imports, name))
    }

    /// All resources that the export `name` speaks of, each with its origin.
    pub fn export_resources(&self, name: &str) -> Vec<ResourceOrigin> {
        resources(&self.model, find(&self.model.root.exports, name))
    }

    /// The types that the export `export` speaks of without naming them itself, each with its origin: what is inside a
    /// record that it takes from another interface, even when it gives that another name of its own.
    pub fn unnamed_types(&self, export: &str) -> Vec<ResourceOrigin> {
        let Some(Extern::Interface(interface)) = find(&self.model.root.exports, export) else {
            return Vec::new();
        };
        let mut naming = Naming {
            model: &self.model,
            interface: &interface.name,
            named: HashSet::new(),
            seen: HashSet::new(),
            found: Vec::new(),
        };
        for (_, id) in &interface.types {
            let id = self.model.origin(*id);
            naming.visit_members(id);
            naming.named.insert(id);
        }
        let mut spoken = Vec::new();
        interface.functions.iter().for_each(|function| note_function(function, &mut spoken));
        naming.visit(spoken.into_iter().map(|id| (id, false)).collect());
        let mut found = naming.found;
        found.sort_by(|a, b| (&a.interface, &a.name, a.imported).cmp(&(&b.interface, &b.name, b.imported)));
        found.dedup();
        found
    }

    /// The origin of the type that the export `export` calls `name`.
    pub fn export_type(&self, export: &str, name: &str) -> Option<ResourceOrigin> {
        let Some(Extern::Interface(interface)) = find(&self.model.root.exports, export) else { return None };
        let (_, id) = interface.types.iter().find(|(known, _)| known == name)?;
        declared(&self.model, self.model.origin(*id))
    }

    /// The origin of the resource that the export `export` calls `resource`.
    pub fn export_resource(&self, export: &str, resource: &str) -> Option<ResourceOrigin> {
        let Some(Extern::Interface(interface)) = find(&self.model.root.exports, export) else { return None };
        let (_, id) = interface.types.iter().find(|(name, _)| name == resource)?;
        origin(&self.model, *id)
    }
}

fn find<'a>(externs: &'a [(String, Extern)], name: &str) -> Option<&'a Extern> {
    externs.iter().find(|(known, _)| known == name).map(|(_, item)| item)
}

/// Looks for types that have no name yet.
struct Naming<'a> {
    model: &'a Model,
    /// The interface that is looked at.
    interface: &'a str,
    named: HashSet<TypeId>,
    seen: HashSet<(TypeId, bool)>,
    found: Vec<ResourceOrigin>,
}

impl Naming<'_> {
    fn visit_members(&mut self, id: TypeId) {
        let mut members = Vec::new();
        if let Body::Value(ty) = &self.model.types[id].body {
            let is_foreign = !self.is_own(id);
            ty.visit_names(&mut |id| members.push((id, is_foreign)));
        }
        self.visit(members);
    }

    fn is_own(&self, id: TypeId) -> bool {
        let named = &self.model.types[id];
        !named.imported && named.home.as_deref() == Some(self.interface)
    }

    /// Each type with whether it is a part of a definition of another interface: there it is the one of the interface
    /// that declares it, whatever name it gets here.
    fn visit(&mut self, mut pending: Vec<(TypeId, bool)>) {
        while let Some((id, is_part)) = pending.pop() {
            let id = self.model.origin(id);
            let named = &self.model.types[id];
            let is_own = self.is_own(id);
            let has_name = is_own || (self.named.contains(&id) && !is_part);
            if has_name || !self.seen.insert((id, is_part)) {
                continue;
            }
            let is_definition = needs_name(&named.body);
            if let Body::Value(ty) = &named.body {
                ty.visit_names(&mut |id| pending.push((id, is_part || (is_definition && !is_own))));
            }
            if is_definition {
                self.found.extend(declared(self.model, id));
            }
        }
    }
}

/// Whether a type is one by its name; the others are what they are made of.
fn needs_name(body: &Body) -> bool {
    matches!(body, Body::Resource | Body::Value(Ty::Record(_) | Ty::Variant(_) | Ty::Flags(_) | Ty::Enum(_)))
}

fn declared(model: &Model, id: TypeId) -> Option<ResourceOrigin> {
    let named = &model.types[id];
    let interface = named.home.clone()?;
    Some(ResourceOrigin { name: named.name.clone(), interface, imported: named.imported })
}

fn origin(model: &Model, id: TypeId) -> Option<ResourceOrigin> {
    let named = &model.types[model.origin(id)];
    match (&named.body, &named.home) {
        (Body::Resource, Some(interface)) => Some(ResourceOrigin {
            name: named.name.clone(),
            interface: interface.clone(),
            imported: named.imported,
        }),
        _ => None,
    }
}

fn resources(model: &Model, item: Option<&Extern>) -> Vec<ResourceOrigin> {
    let mut pending: Vec<TypeId> = Vec::new();
    match item {
        Some(Extern::Interface(interface)) => {
            pending.extend(interface.types.iter().map(|(_, id)| *id));
            interface.functions.iter().for_each(|function| note_function(function, &mut pending));
        }
        Some(Extern::Function(function)) => note_function(function, &mut pending),
        Some(Extern::Type(id)) => pending.push(*id),
        _ => {}
    }
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    while let Some(id) = pending.pop() {
        if !seen.insert(id) {
            continue;
        }
        match &model.types[id].body {
            Body::Resource => found.extend(origin(model, id)),
            Body::Value(ty) => ty.visit_names(&mut |id| pending.push(id)),
        }
    }
    found.sort_by(|a, b| (&a.interface, &a.name, a.imported).cmp(&(&b.interface, &b.name, b.imported)));
    found.dedup();
    found
}

fn note_function(function: &Func, pending: &mut Vec<TypeId>) {
    let types = function.params.iter().map(|(_, ty)| ty).chain(&function.result);
    types.for_each(|ty| ty.visit_names(&mut |id| pending.push(id)));
}
