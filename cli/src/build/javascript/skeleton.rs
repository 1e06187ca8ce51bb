//! Writes sources in which every export of a world stands.

use std::fmt::Write as _;

use wit_parser::{Function, InterfaceId, TypeDefKind, WorldItem};

use super::names::{self, Place};
use super::types;
use crate::build::SourceFile;
use crate::build::wit::Wit;

/// Which of the two languages is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::build) enum Dialect {
    /// JavaScript.
    JavaScript,
    /// TypeScript.
    TypeScript,
}

/// The first module of a program, with a body for everything that the world exports.
pub(in crate::build) fn write(wit: &Wit, dialect: Dialect) -> Vec<SourceFile> {
    let writer = Writer { wit, dialect };
    let (path, text) = match dialect {
        Dialect::JavaScript => ("src/main.js", writer.module()),
        Dialect::TypeScript => ("src/main.ts", writer.module()),
    };
    vec![SourceFile { path: path.to_owned(), text }]
}

struct Writer<'a> {
    wit: &'a Wit,
    dialect: Dialect,
}

impl Writer<'_> {
    fn module(&self) -> String {
        let world = &self.wit.resolve.worlds[self.wit.world];
        let mut text = match self.dialect {
            Dialect::JavaScript => String::new(),
            Dialect::TypeScript => {
                format!("import type {{ Exports }} from {:?};\n\n", types::world_module(self.wit))
            }
        };
        let mut first = true;
        for (key, item) in &world.exports {
            if matches!(item, WorldItem::Type { .. }) {
                continue;
            }
            if !std::mem::take(&mut first) {
                text.push('\n');
            }
            let name = names::export(&self.wit.resolve, key);
            match item {
                WorldItem::Interface { id, .. } => {
                    writeln!(text, "// The interface `{}`.", self.wit.resolve.name_world_key(key))
                        .expect(INFALLIBLE);
                    text += &self.interface(&name, *id);
                }
                WorldItem::Function(function) => {
                    let body = stub(&name);
                    text += &match self.dialect {
                        Dialect::JavaScript => {
                            format!(
                                "export {}function {name}({}) {{\n  {body}\n}}\n",
                                asynchronous(function),
                                arguments(function)
                            )
                        }
                        // The type comes from the world, and with it those of the arguments.
                        Dialect::TypeScript => format!(
                            "export const {name}: Exports[{name:?}] = {}({}) => {{\n  {body}\n}};\n",
                            asynchronous(function),
                            arguments(function)
                        ),
                    };
                }
                WorldItem::Type { .. } => {}
            }
        }
        text
    }

    fn interface(&self, export: &str, id: InterfaceId) -> String {
        let interface = &self.wit.resolve.interfaces[id];
        let mut members = String::new();
        for (name, id) in &interface.types {
            if !matches!(self.wit.resolve.types[*id].kind, TypeDefKind::Resource) {
                continue;
            }
            let class = names::upper_camel(name);
            let functions = interface.functions.values().filter_map(|function| {
                let (owner, place) = names::owner(function)?;
                (owner == *id).then_some((function, place))
            });
            let bodies: Vec<String> =
                functions.map(|(function, place)| self.method(export, &class, function, place)).collect();
            write!(members, "  {class}: class {{\n{}  }},\n\n", bodies.join("\n")).expect(INFALLIBLE);
        }
        for function in interface.functions.values().filter(|function| names::owner(function).is_none()) {
            let name = names::function(function);
            let body = stub(&format!("{export}.{name}"));
            write!(
                members,
                "  {}{name}({}) {{\n    {body}\n  }},\n\n",
                asynchronous(function),
                arguments(function)
            )
            .expect(INFALLIBLE);
        }
        let members = members.trim_end();
        let ty = match self.dialect {
            Dialect::JavaScript => String::new(),
            Dialect::TypeScript => format!(": Exports[{export:?}]"),
        };
        format!("export const {export}{ty} = {{\n{members}\n}};\n")
    }

    /// A method. TypeScript does not give the arguments of a class the types that it must have.
    fn method(&self, export: &str, class: &str, function: &Function, place: Place) -> String {
        let name = names::function(function);
        let arguments = match self.dialect {
            Dialect::JavaScript => arguments(function),
            Dialect::TypeScript => types::typed_arguments(self.wit, function),
        };
        let result = match (self.dialect, place) {
            (Dialect::TypeScript, Place::Method | Place::Static) => {
                format!(": {}", types::result(self.wit, function))
            }
            _ => String::new(),
        };
        let (head, shown) = match place {
            Place::Constructor => ("constructor".to_owned(), format!("new {export}.{class}")),
            Place::Method => {
                (format!("{}{name}", asynchronous(function)), format!("{export}.{class}.{name}"))
            }
            Place::Static => {
                (format!("static {}{name}", asynchronous(function)), format!("{export}.{class}.{name}"))
            }
        };
        format!("    {head}({arguments}){result} {{\n      {}\n    }}\n", stub(&shown))
    }
}

const INFALLIBLE: &str = "writing to a string does not fail";

fn asynchronous(function: &Function) -> &'static str {
    if function.kind.is_async() { "async " } else { "" }
}

fn arguments(function: &Function) -> String {
    let skipped = usize::from(matches!(names::owner(function), Some((_, Place::Method))));
    let names = function.params.iter().skip(skipped).map(|param| names::argument(&param.name));
    names.collect::<Vec<_>>().join(", ")
}

fn stub(name: &str) -> String {
    format!("throw new Error({:?});", format!("not implemented: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    const WIT: &str = "package a:b@1.0.0;
interface things {
    enum color { red, green }
    resource box {
        constructor(size: u32);
        open: func(new: option<color>) -> result<u64, string>;
        join: static func(a: box, b: borrow<box>) -> box;
    }
    first-of: func(all: list<string>) -> option<string>;
}
world w { export things; export run-all: func(times: u8); }";

    fn text(dialect: Dialect) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, WIT).unwrap();
        write(&wit::load(&file, "w").unwrap(), dialect).remove(0).text
    }

    #[test]
    fn every_export_stands_in_javascript() {
        let text = text(Dialect::JavaScript);
        for line in [
            "export const things = {",
            "  Box: class {",
            "    constructor(size) {",
            "    open(new_) {",
            "    static join(a, b) {",
            "  firstOf(all) {",
            "    throw new Error(\"not implemented: things.firstOf\");",
            "export function runAll(times) {",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn types_stand_in_typescript_where_they_do_not_follow() {
        let text = text(Dialect::TypeScript);
        for line in [
            "import type { Exports } from \"wkit:world/w\";",
            "export const things: Exports[\"things\"] = {",
            "    open(new_: import(\"a:b/things@1.0.0\").Color | undefined): bigint {",
            "export const runAll: Exports[\"runAll\"] = (times) => {",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
