//! Sources in which every export of a world stands, to be filled in.

use wit_parser::{Function, Resolve, TypeDefKind, TypeId, WorldId};

use super::bindings::indent;
use super::modules::comment;
use super::world::{Module, Place, Scope, World};
use super::{names, signatures};

/// The text of `assembly/index.ts`.
pub(super) fn skeleton(resolve: &Resolve, world: WorldId) -> anyhow::Result<String> {
    let world = World::new(resolve, world)?;
    let scope = Scope::plain(&world);
    let mut text = String::new();
    for function in &world.exported_functions {
        text += &stub(&scope, function);
    }
    for module in &world.exports {
        text += &namespace(&scope, module);
    }
    let imports = scope.needs.plain_lines("./bindings/");
    let text = if imports.is_empty() { text.trim_start().to_owned() } else { imports + &text };
    Ok(indent(&text))
}

/// The implementation of an interface.
fn namespace(scope: &Scope<'_>, module: &Module) -> String {
    let Place::Export { namespace, .. } = &module.place else { return String::new() };
    let interface = &scope.world.resolve.interfaces[module.interface];
    scope.enter(namespace);
    let mut text = String::new();
    for (name, id) in &interface.types {
        if matches!(scope.world.resolve.types[*id].kind, TypeDefKind::Resource) {
            text += &class(scope, name, *id, interface.functions.values());
        }
    }
    for function in interface.functions.values().filter(|function| function.kind.resource().is_none()) {
        text += &stub(scope, function);
    }
    scope.enter("");
    if text.is_empty() {
        return String::new();
    }
    format!("\n/** `{}` */\nexport namespace {namespace} {{\n{}}}\n", module.wit_name, text.trim_start())
}

/// The class of a resource.
fn class<'a>(
    scope: &Scope<'_>,
    name: &str,
    id: TypeId,
    functions: impl Iterator<Item = &'a Function>,
) -> String {
    let of_it = functions.filter(|function| function.kind.resource() == Some(id));
    let members: Vec<String> = of_it.map(|function| stub(scope, function).trim_start().to_owned()).collect();
    let docs = comment(&scope.world.resolve.types[id].docs);
    format!("\n{docs}export class {} {{\n{}}}\n", names::class(name), members.join("\n"))
}

/// A function that is still to be written.
fn stub(scope: &Scope<'_>, function: &Function) -> String {
    let head = signatures::head(scope, function);
    let docs = comment(&function.docs);
    format!("\n{docs}{head} {{\nthrow new Error(\"not implemented: {}\");\n}}\n", function.item_name())
}
