//! Zig sources in which every export of a world stands, to be filled in.

use wit_parser::{Function, TypeDefKind, WorldItem};

use super::super::SourceFile;
use super::super::wit::Wit;
use super::bindings::{World, docs, indent, methods};
use super::names;
use super::root::{self, RUN, declaration};

/// The sources for the component `name`.
pub(super) fn files(name: &str, wit: &Wit) -> Vec<SourceFile> {
    let world = World::new(wit);
    let mut body = String::new();
    let mut command = false;
    for (key, item) in &world.world.exports {
        match item {
            WorldItem::Function(one) => {
                body += "\n";
                body += &function(&world, one);
            }
            WorldItem::Interface { id, .. } => {
                if world.resolve.name_world_key(key).starts_with(RUN) {
                    command = true;
                    body += "\npub fn main() void {\n    @panic(\"not implemented: main\");\n}\n";
                    continue;
                }
                body += "\n";
                body += &interface(&world, *id);
            }
            WorldItem::Type { .. } => {}
        }
    }
    let mut text = format!("//! `{name}`: what the world `{}` exports.\n", world.world.name);
    if body.contains("wit.") || body.is_empty() {
        text += "\nconst wit = @import(\"wit\");\n";
    }
    text += &body;
    let path = if command { "src/main.zig" } else { "src/root.zig" };
    vec![SourceFile { path: path.to_owned(), text }]
}

fn interface(world: &World<'_>, id: wit_parser::InterfaceId) -> String {
    let interface = &world.resolve.interfaces[id];
    let mut parts = Vec::new();
    for (name, ty) in &interface.types {
        if !matches!(world.resolve.types[*ty].kind, TypeDefKind::Resource) {
            continue;
        }
        let mut text = String::from("/// What lies behind a handle.\nunused: u8 = 0,\n");
        for method in methods(interface, *ty) {
            text += "\n";
            text += &function(world, method);
        }
        text += "\npub fn deinit(self: *@This()) void {\n    _ = self;\n}\n";
        parts.push(container(&format!("pub const {} = struct", names::of_type(name)), &text));
    }
    parts.extend(
        interface
            .functions
            .values()
            .filter(|one| one.kind.resource().is_none())
            .map(|one| function(world, one)),
    );
    let head = format!("{}pub const {} = struct", docs(&interface.docs), world.implementation(id));
    container(&head, &parts.join("\n"))
}

fn container(head: &str, body: &str) -> String {
    let mut text = format!("{head} {{\n");
    indent(body, 1, &mut text);
    text + "};\n"
}

fn function(world: &World<'_>, function: &Function) -> String {
    let mut text = format!("{}{} {{\n", docs(&function.docs), declaration(world, function));
    for param in &function.params {
        text += &format!("    _ = {};\n", world.param(&param.name));
    }
    text += &format!("    @panic(\"not implemented: {}\");\n}}\n", root::plain_name(function));
    text
}
