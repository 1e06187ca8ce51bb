//! Writes the types of a world for TypeScript, and for editors of JavaScript: exactly what the adapter passes.

use std::fmt::Write as _;

use wit_parser::{
    Docs, Function, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldItem, WorldKey,
};

use super::names::{self, Place};
use super::world::{home, is_option, number};
use crate::build::SourceFile;
use crate::build::wit::Wit;

/// Where `wkit bindings` puts the types.
const PATH: &str = "bindings/world.d.ts";

/// What every engine has beside the language itself, in the words of the platform's own types: they may be there too.
const GLOBALS: &str = "interface Console {
  debug(...data: unknown[]): void;
  error(...data: unknown[]): void;
  info(...data: unknown[]): void;
  log(...data: unknown[]): void;
  warn(...data: unknown[]): void;
}
declare var console: Console;
interface TextEncoder {
  encode(input?: string): Uint8Array;
}
declare var TextEncoder: { prototype: TextEncoder; new (): TextEncoder };
interface TextDecoder {
  decode(input?: Uint8Array): string;
}
interface TextDecoderOptions {
  fatal?: boolean;
}
declare var TextDecoder: {
  prototype: TextDecoder;
  new (label?: string, options?: TextDecoderOptions): TextDecoder;
};
interface SymbolConstructor {
  readonly dispose: unique symbol;
}
";

/// The types of everything in the world: a module for each interface, and one for the world itself.
pub(in crate::build) fn declarations(wit: &Wit) -> SourceFile {
    let world = &wit.resolve.worlds[wit.world];
    let mut text =
        format!("// The types of the world `{}`, made by `wkit bindings`.\n\n{GLOBALS}", world.name);
    let mut interfaces = Vec::new();
    for item in world.imports.values().chain(world.exports.values()) {
        if let WorldItem::Interface { id, .. } = item
            && !interfaces.contains(id)
        {
            interfaces.push(*id);
        }
    }
    for id in interfaces {
        let writer = Writer { resolve: &wit.resolve, here: Some(id), wit };
        text += &format!("\ndeclare module {:?} {{\n{}}}\n", writer.module(id), writer.interface(id));
    }
    let writer = Writer { resolve: &wit.resolve, here: None, wit };
    for (key, item) in &world.imports {
        if let WorldItem::Function(function) = item {
            let name = wit.resolve.name_world_key(key);
            let declared =
                writer.function(function, &format!("export function {}", names::function(function)));
            let default = format!("  export default {};\n", names::function(function));
            text += &format!("\ndeclare module {name:?} {{\n{}{default}}}\n", indented(&declared));
        }
    }
    text += &format!("\ndeclare module {:?} {{\n{}}}\n", world_module(wit), writer.world());
    SourceFile { path: PATH.to_owned(), text }
}

/// The name of the module with the types of the world itself.
pub(in crate::build) fn world_module(wit: &Wit) -> String {
    format!("wkit:world/{}", wit.world_name())
}

/// Every function that the world exports: how a program writes it, and the type that it must have.
pub(in crate::build) fn exports(wit: &Wit) -> Vec<(String, String)> {
    let world = &wit.resolve.worlds[wit.world];
    let module = world_module(wit);
    let names = world.exports.iter().filter_map(|(key, item)| match item {
        WorldItem::Type { .. } => None,
        _ => Some(names::export(&wit.resolve, key)),
    });
    names.map(|name| (name.clone(), format!("import({module:?}).Exports[{name:?}]"))).collect()
}

/// The arguments of a function with their types, as a program writes them outside of all modules.
pub(super) fn typed_arguments(wit: &Wit, function: &Function) -> String {
    Writer { resolve: &wit.resolve, here: None, wit }.arguments(function)
}

/// The type of what a function returns, outside of all modules.
pub(super) fn result(wit: &Wit, function: &Function) -> String {
    Writer { resolve: &wit.resolve, here: None, wit }.result(function)
}

struct Writer<'a> {
    resolve: &'a Resolve,
    /// The interface in whose module the text stands.
    here: Option<InterfaceId>,
    wit: &'a Wit,
}

impl Writer<'_> {
    /// The name under which a program imports an interface.
    fn module(&self, id: InterfaceId) -> String {
        let world = &self.resolve.worlds[self.wit.world];
        let keys = world.imports.iter().chain(&world.exports);
        let key = keys
            .into_iter()
            .find(|(_, item)| matches!(item, WorldItem::Interface { id: its, .. } if *its == id));
        key.map_or_else(|| self.resolve.id_of(id), |(key, _)| Some(self.resolve.name_world_key(key)))
            .unwrap_or_default()
    }

    fn world(&self) -> String {
        let world = &self.resolve.worlds[self.wit.world];
        let mut text = String::new();
        for (name, id) in
            world.imports.iter().chain(&world.exports).filter_map(|(key, item)| match (key, item) {
                (WorldKey::Name(name), WorldItem::Type { id, .. }) => Some((name, id)),
                _ => None,
            })
        {
            text += &indented(&self.defined(name, *id));
        }
        text += "  /** What a program of this world exports. */\n  export interface Exports {\n";
        for (key, item) in &world.exports {
            let name = names::export(self.resolve, key);
            match item {
                WorldItem::Interface { id, .. } => {
                    let members = indented(&indented(&indented(&self.implementation(*id))));
                    write!(text, "    {name}: {{\n{members}    }};\n").expect(INFALLIBLE);
                }
                WorldItem::Function(function) => {
                    text += &indented(&indented(&self.function(function, &name)))
                }
                WorldItem::Type { .. } => {}
            }
        }
        text + "  }\n"
    }

    fn interface(&self, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let mut text = String::new();
        for (name, id) in &interface.types {
            text += &indented(&self.defined(name, *id));
        }
        for function in interface.functions.values().filter(|function| names::owner(function).is_none()) {
            let name = names::function(function);
            // A function may have a name that no declaration can have.
            let safe = names::argument(&name);
            if safe == name {
                text += &indented(&self.function(function, &format!("export function {name}")));
            } else {
                text += &indented(&self.function(function, &format!("function {safe}")));
                writeln!(text, "  export {{ {safe} as {name} }};").expect(INFALLIBLE);
            }
        }
        text
    }

    /// What a program writes for an interface: methods, whose arguments may be of the program's own classes.
    fn implementation(&self, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let mut text = String::new();
        for (name, id) in &interface.types {
            if !matches!(self.resolve.types[*id].kind, TypeDefKind::Resource) {
                continue;
            }
            let object = self.ty(&Type::Id(*id));
            let mut members = format!("  prototype: {object};\n");
            for function in interface.functions.values() {
                match names::owner(function) {
                    Some((owner, Place::Constructor)) if owner == *id => {
                        members = format!("  new ({}): {object};\n", self.arguments(function)) + &members;
                    }
                    Some((owner, Place::Static)) if owner == *id => {
                        members += &indented(&self.function(function, &names::function(function)));
                    }
                    _ => {}
                }
            }
            write!(text, "{}: {{\n{members}}};\n", names::upper_camel(name)).expect(INFALLIBLE);
        }
        for function in interface.functions.values().filter(|function| names::owner(function).is_none()) {
            text += &self.function(function, &names::function(function));
        }
        text
    }

    /// The declaration of a named type.
    fn defined(&self, name: &str, id: TypeId) -> String {
        let ty = &self.resolve.types[id];
        let shown = names::upper_camel(name);
        let docs = documented(&ty.docs);
        let body = match &ty.kind {
            TypeDefKind::Record(record) => {
                let mut fields = String::new();
                for field in &record.fields {
                    let optional = if is_option(self.resolve, &field.ty) && !self.is_nested(&field.ty) {
                        "?"
                    } else {
                        ""
                    };
                    writeln!(
                        fields,
                        "{}  {}{optional}: {};",
                        indented(&documented(&field.docs)),
                        names::lower_camel(&field.name),
                        self.ty(&field.ty)
                    )
                    .expect(INFALLIBLE);
                }
                return format!("{docs}export interface {shown} {{\n{fields}}}\n");
            }
            TypeDefKind::Flags(flags) => {
                let mut fields = String::new();
                for flag in &flags.flags {
                    let docs = indented(&documented(&flag.docs));
                    writeln!(fields, "{docs}  {}?: boolean;", names::lower_camel(&flag.name))
                        .expect(INFALLIBLE);
                }
                return format!("{docs}export interface {shown} {{\n{fields}}}\n");
            }
            TypeDefKind::Resource => return docs + &self.class(&shown, id),
            TypeDefKind::Enum(cases) => {
                let cases: Vec<String> = cases.cases.iter().map(|case| format!("{:?}", case.name)).collect();
                union(&cases)
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| self.case(&case.name, case.ty.as_ref()));
                union(&cases.collect::<Vec<_>>())
            }
            TypeDefKind::Type(Type::Id(inner)) => {
                let original = &self.resolve.types[*inner];
                // The same name from elsewhere: a class must stay one, which an alias would not be.
                if let (Some(name), Some(home)) = (&original.name, home(self.resolve, *inner))
                    && Some(home) != self.here
                {
                    let (name, module) = (names::upper_camel(name), self.module(home));
                    let renamed = if name == shown { name } else { format!("{name} as {shown}") };
                    return format!(
                        "export {{ {renamed} }} from {module:?};\nimport {{ {renamed} }} from {module:?};\n"
                    );
                }
                self.ty(&Type::Id(*inner))
            }
            _ => self.structure(id),
        };
        format!("{docs}export type {shown} = {body};\n")
    }

    fn class(&self, name: &str, id: TypeId) -> String {
        let mut members = String::new();
        let mut constructor = "  protected constructor();\n".to_owned();
        let functions = home(self.resolve, id).map(|home| &self.resolve.interfaces[home].functions);
        for function in functions.into_iter().flat_map(|functions| functions.values()) {
            let Some((owner, place)) = names::owner(function) else { continue };
            if owner != id {
                continue;
            }
            let member = names::function(function);
            match place {
                Place::Constructor => {
                    constructor = format!(
                        "{}  constructor({});\n",
                        indented(&documented(&function.docs)),
                        self.arguments(function)
                    );
                }
                Place::Method => members += &indented(&self.function(function, &member)),
                Place::Static => members += &indented(&self.function(function, &format!("static {member}"))),
            }
        }
        let dispose =
            "  /** Gives the object up; it cannot be used after that. */\n  [Symbol.dispose]?(): void;\n";
        format!("export class {name} {{\n{constructor}{members}{dispose}}}\n")
    }

    fn function(&self, function: &Function, name: &str) -> String {
        let mut docs = function.docs.contents.clone().unwrap_or_default();
        if let Some((_, error)) = function.result.as_ref().and_then(|result| self.fallible(result)) {
            let error = error.as_ref().map_or_else(|| "undefined".to_owned(), |error| self.ty(error));
            docs = format!("{}\n\n@throws {{{error}}}", docs.trim()).trim().to_owned();
        }
        let docs = documented(&Docs { contents: (!docs.is_empty()).then_some(docs) });
        format!("{docs}{name}({}): {};\n", self.arguments(function), self.result(function))
    }

    /// What a call returns; what it throws has no type in TypeScript.
    fn result(&self, function: &Function) -> String {
        let fallible = function.result.as_ref().and_then(|result| self.fallible(result));
        let good = match &fallible {
            Some((ok, _)) => ok.as_ref(),
            None => function.result.as_ref(),
        };
        let result = good.map_or_else(|| "void".to_owned(), |good| self.ty(good));
        if function.kind.is_async() { format!("Promise<{result}>") } else { result }
    }

    fn arguments(&self, function: &Function) -> String {
        let skipped = usize::from(matches!(names::owner(function), Some((_, Place::Method))));
        let params = function.params.iter().skip(skipped);
        let params = params.map(|param| format!("{}: {}", names::argument(&param.name), self.ty(&param.ty)));
        params.collect::<Vec<_>>().join(", ")
    }

    fn fallible(&self, ty: &Type) -> Option<(Option<Type>, Option<Type>)> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(inner) => self.fallible(inner),
            TypeDefKind::Result(result) => Some((result.ok, result.err)),
            _ => None,
        }
    }

    /// The type of a value.
    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::U64 | Type::S64 => "bigint".to_owned(),
            Type::U8 | Type::S8 | Type::U16 | Type::S16 | Type::U32 | Type::S32 | Type::F32 | Type::F64 => {
                "number".to_owned()
            }
            Type::Char | Type::String => "string".to_owned(),
            Type::ErrorContext => "unknown".to_owned(),
            Type::Id(id) => match (&self.resolve.types[*id].name, home(self.resolve, *id)) {
                (Some(name), home) if home == self.here => names::upper_camel(name),
                (Some(name), Some(home)) => {
                    format!("import({:?}).{}", self.module(home), names::upper_camel(name))
                }
                (Some(name), None) => {
                    format!("import({:?}).{}", world_module(self.wit), names::upper_camel(name))
                }
                (None, _) => self.structure(*id),
            },
        }
    }

    /// A type that has no name.
    fn structure(&self, id: TypeId) -> String {
        let optional =
            |ty: &Option<Type>| ty.as_ref().map_or_else(|| "undefined".to_owned(), |ty| self.ty(ty));
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.ty(inner),
            TypeDefKind::Option(some) if is_option(self.resolve, some) => {
                format!("{{ tag: \"none\" }} | {{ tag: \"some\"; val: {} }}", self.ty(some))
            }
            TypeDefKind::Option(some) => format!("{} | undefined", self.ty(some)),
            TypeDefKind::List(of) | TypeDefKind::FixedLengthList(of, _) => self.list(of),
            TypeDefKind::Map(key, value) => format!("Map<{}, {}>", self.ty(key), self.ty(value)),
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|ty| self.ty(ty)).collect();
                format!("[{}]", types.join(", "))
            }
            TypeDefKind::Result(result) => {
                let cases = [("ok", &result.ok), ("err", &result.err)];
                cases.map(|(name, ty)| self.case(name, ty.as_ref())).join(" | ")
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => self.ty(&Type::Id(*id)),
            TypeDefKind::Stream(of) => format!("AsyncIterable<{}>", optional(of)),
            // The engine's own object, whose `read` gives the value.
            TypeDefKind::Future(of) => format!("{{ read(): Promise<{}> }}", optional(of)),
            _ => "unknown".to_owned(),
        }
    }

    fn list(&self, of: &Type) -> String {
        let numbers = match number(self.resolve, of) {
            Some("u8") => "Uint8Array",
            Some("s8") => "Int8Array",
            Some("u16") => "Uint16Array",
            Some("s16") => "Int16Array",
            Some("u32") => "Uint32Array",
            Some("s32") => "Int32Array",
            Some("u64") => "BigUint64Array",
            Some("s64") => "BigInt64Array",
            Some("f32") => "Float32Array",
            Some("f64") => "Float64Array",
            _ => return format!("Array<{}>", self.ty(of)),
        };
        numbers.to_owned()
    }

    fn case(&self, name: &str, ty: Option<&Type>) -> String {
        match ty {
            None => format!("{{ tag: {name:?} }}"),
            Some(ty) => format!("{{ tag: {name:?}; val: {} }}", self.ty(ty)),
        }
    }

    /// Whether a type is an option of an option.
    fn is_nested(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.resolve.types[super::world::original(self.resolve, *id)].kind {
            TypeDefKind::Option(some) => is_option(self.resolve, some),
            _ => false,
        }
    }
}

const INFALLIBLE: &str = "writing to a string does not fail";

fn union(cases: &[String]) -> String {
    if cases.iter().map(String::len).sum::<usize>() < 90 {
        return cases.join(" | ");
    }
    cases.iter().map(|case| format!("\n  | {case}")).collect()
}

fn documented(docs: &Docs) -> String {
    let Some(text) = &docs.contents else { return String::new() };
    // The end of a comment inside it would end it.
    let text = text.trim().replace("*/", "*\\/");
    if !text.contains('\n') {
        return format!("/** {text} */\n");
    }
    let lines: String = text.lines().map(|line| format!(" * {line}").trim_end().to_owned() + "\n").collect();
    format!("/**\n{lines} */\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}
