//! Source in which every export of a world stands, to be filled in.
//!
//! The signatures come from the same generator as the macro in the source, so that the two fit each other. It writes
//! the implementations among the bindings; here they are taken out and given names, bodies and rustfmt's layout.

use std::collections::{BTreeMap, BTreeSet};

use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::Opts;

use super::super::error::BuildError;
use super::super::wit::Wit;

/// The type that implements the world.
const COMPONENT: &str = "Component";

/// The widest line that rustfmt leaves alone.
const WIDTH: usize = 100;

/// `src/lib.rs` for a world.
pub(super) fn source(wit: &Wit) -> Result<String, BuildError> {
    let bindings = bindings(wit)?;
    let blocks = blocks(&bindings);
    let resources = resources(&bindings, &blocks);
    let world = wit.world_name();
    let mut text = format!(
        "//! Implements the world `{world}` of `wit`.\n\n\
         // Until the bodies are filled in.\n\
         #![allow(unused_variables)]\n\n\
         wit_bindgen::generate!({{ path: \"wit\", world: \"{world}\", generate_all }});\n\n\
         struct {COMPONENT};\n\n\
         export!({COMPONENT});\n"
    );
    for block in &blocks {
        let resource = resources.get(&block.implemented);
        if let Some(resource) = resource {
            text += &format!("\n/// What stands behind a resource.\nstruct {resource};\n");
        }
        text += "\n";
        text += &block.render(resource.map_or(COMPONENT, String::as_str), &resources);
    }
    Ok(text)
}

/// The bindings of the world, with an implementation of everything that panics.
fn bindings(wit: &Wit) -> Result<String, BuildError> {
    let options = Opts { stubs: true, format: true, generate_all: true, ..Opts::default() };
    let mut files = Files::default();
    let mut resolve = wit.resolve.clone();
    options.build().generate(&mut resolve, wit.world, &mut files).map_err(|error| BuildError::Encode {
        world: wit.world_name().to_owned(),
        message: format!("{error:#}"),
    })?;
    let text = files.iter().map(|(_, contents)| String::from_utf8_lossy(contents)).collect::<String>();
    // The names that every Rust program has without the bindings.
    let text =
        ["String", "Vec", "Box"].iter().fold(text, |text, name| text.replace(&format!("_rt::{name}"), name));
    Ok(text.replace("::core::result::Result", "Result").replace("::core::option::Option", "Option"))
}

/// `impl TRAIT for TYPE { … }`.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// The trait, by its path.
    implemented: String,
    /// `type NAME`, for each resource of an interface.
    types: Vec<String>,
    /// The functions, each with its documentation ahead.
    functions: Vec<Function>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Function {
    docs: Vec<String>,
    /// From `fn` or `async fn` to the result, on one line.
    signature: String,
}

impl Block {
    fn render(&self, implementer: &str, resources: &BTreeMap<String, String>) -> String {
        if self.types.is_empty() && self.functions.is_empty() {
            return format!("impl {} for {implementer} {{}}\n", self.implemented);
        }
        let mut text = format!("impl {} for {implementer} {{\n", self.implemented);
        for name in &self.types {
            let resource = resources.get(&guest_of(&self.implemented, name));
            text += &format!("    type {name} = {};\n", resource.map_or(COMPONENT, String::as_str));
        }
        for (at, function) in self.functions.iter().enumerate() {
            if at > 0 || !self.types.is_empty() {
                text += "\n";
            }
            text += &function.render();
        }
        text + "}\n"
    }
}

impl Function {
    fn name(&self) -> &str {
        let after = self.signature.trim_start_matches("async ").trim_start_matches("fn ");
        after.split(['(', '<']).next().unwrap_or(after).trim_start_matches("r#")
    }

    /// One line where that is not too long, else one line for each parameter.
    fn render(&self) -> String {
        let mut text: String = self.docs.iter().map(|line| format!("    {line}\n")).collect();
        let one_line = format!("    {} {{", self.signature);
        if one_line.chars().count() <= WIDTH {
            text += &one_line;
        } else {
            let (head, parameters, tail) = parts(&self.signature, ['(', ')']);
            text += &format!("    {head}(\n{}    )", lined(&parameters));
            let tail = format!("{tail} {{");
            if tail.chars().count() + 5 <= WIDTH {
                text += &tail;
            } else {
                let (head, arguments, tail) = parts(&tail, ['<', '>']);
                text += &format!("{head}<\n{}    >{tail}", lined(&arguments));
            }
        }
        text + &format!("\n        todo!(\"{}\")\n    }}\n", self.name())
    }
}

/// Each on a line of its own.
fn lined(parameters: &[&str]) -> String {
    parameters.iter().map(|parameter| format!("        {parameter},\n")).collect()
}

/// What is before the first brackets of a text, what is in them, taken apart at commas, and what is behind them.
fn parts(text: &str, [open, close]: [char; 2]) -> (&str, Vec<&str>, &str) {
    let Some((head, inner)) = text.split_once(open) else { return (text, Vec::new(), "") };
    let (mut depth, mut start, mut parameters) = (0_usize, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            c if c == close && depth == 0 => {
                parameters.push(inner[start..at].trim());
                parameters.retain(|parameter| !parameter.is_empty());
                return (head, parameters, &inner[at + c.len_utf8()..]);
            }
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parameters.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    (text, Vec::new(), "")
}

/// The implementations among the bindings. The formatter puts them, and nothing else, at the start of a line.
fn blocks(bindings: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = bindings.lines();
    while let Some(line) = lines.next() {
        let head = line.strip_prefix("impl ").and_then(|line| line.split_once(" for Stub {"));
        let Some((implemented, rest)) = head else { continue };
        let mut block =
            Block { implemented: implemented.to_owned(), types: Vec::new(), functions: Vec::new() };
        if rest != "}" {
            fill(&mut block, lines.by_ref().take_while(|line| *line != "}"));
        }
        blocks.push(block);
    }
    blocks
}

fn fill<'a>(block: &mut Block, lines: impl Iterator<Item = &'a str>) {
    let mut function = Function::default();
    for line in lines.map(str::trim) {
        if let Some(name) = line.strip_prefix("type ").and_then(|line| line.split_once(" = ")) {
            block.types.push(name.0.to_owned());
        } else if line.starts_with("///") {
            function.docs.push(line.to_owned());
        } else if line.starts_with("unreachable!") {
            function.signature = tidy(&function.signature);
            block.functions.push(std::mem::take(&mut function));
        } else if !line.starts_with("#[") && line != "}" {
            function.signature += line;
            function.signature.push(' ');
        }
    }
}

/// A signature that was spread over lines, on one.
fn tidy(signature: &str) -> String {
    let signature = signature.trim().trim_end_matches('{').trim();
    let lines_joined = [("( ", "("), (", )", ")"), (" )", ")"), ("< ", "<"), (", >", ">"), (" >", ">")];
    let signature =
        lines_joined.iter().fold(signature.to_owned(), |text, (spread, joined)| text.replace(spread, joined));
    signature.strip_suffix(" -> ()").map(str::to_owned).unwrap_or(signature)
}

/// The trait of a resource, from the trait of its interface.
fn guest_of(interface: &str, resource: &str) -> String {
    format!("{interface}{resource}")
}

/// A type's name for every resource, by the resource's trait; none that the bindings have in the same place.
fn resources(bindings: &str, blocks: &[Block]) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = bindings.lines().filter_map(item).collect();
    taken.insert(COMPONENT.to_owned());
    let mut resources = BTreeMap::new();
    for block in blocks {
        for resource in &block.types {
            let numbered = (2..).map(|number| format!("{resource}{number}"));
            let name = std::iter::once(resource.clone()).chain(numbered).find(|name| !taken.contains(name));
            let name = name.unwrap_or_else(|| resource.clone());
            taken.insert(name.clone());
            resources.insert(guest_of(&block.implemented, resource), name);
        }
    }
    resources
}

/// The name of a type that is declared at the start of a line.
fn item(line: &str) -> Option<String> {
    let rest = ["pub struct ", "pub enum ", "pub type ", "pub trait "]
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword))?;
    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    fn skeleton(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, text).unwrap();
        source(&wit::load(&file, "w").unwrap()).unwrap()
    }

    #[test]
    fn every_export_has_a_body_to_fill_in() {
        let text = skeleton(
            "package a:b;
             interface shop {
                 resource cart { constructor(owner: string); add: func(sku: string) -> result<u32, string>; }
                 /// What is on the shelf.
                 list: func() -> list<string>;
             }
             interface bank { resource cart; audit: async func(); }
             world w { export shop; export bank; export run: func(a-rather-long-name: string, another-long-name: list<string>, third: u32) -> bool; }",
        );
        for part in [
            "#![allow(unused_variables)]",
            "wit_bindgen::generate!({ path: \"wit\", world: \"w\", generate_all });",
            "impl exports::a::b::shop::Guest for Component {\n    type Cart = Cart;\n",
            "    /// What is on the shelf.\n    fn list() -> Vec<String> {\n        todo!(\"list\")\n    }\n",
            "impl exports::a::b::shop::GuestCart for Cart {\n    fn new(owner: String) -> Self {\n        todo!(\"new\")\n    }\n\n",
            "    fn add(&self, sku: String) -> Result<u32, String> {\n        todo!(\"add\")\n    }\n",
            "impl exports::a::b::bank::GuestCart for Cart2 {}\n",
            "    async fn audit() {\n        todo!(\"audit\")\n    }\n",
            "    fn run(\n        a_rather_long_name: String,\n        another_long_name: Vec<String>,\n        third: u32,\n    ) -> bool {\n",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        assert!(!text.contains("Stub") && !text.contains("unreachable") && !text.contains("_rt"), "{text}");
    }

    #[test]
    fn a_world_without_exports_has_nothing_to_fill_in() {
        let text = skeleton("package a:b; world w { import log: func(); }");
        assert!(!text.contains("todo!"), "{text}");
    }

    #[test]
    fn signatures_are_taken_apart() {
        assert_eq!(
            parts("fn f(a: (u8, u8), b: Vec<(u8, String)>) -> Result<(), ()>", ['(', ')']),
            ("fn f", vec!["a: (u8, u8)", "b: Vec<(u8, String)>"], " -> Result<(), ()>")
        );
        assert_eq!(parts("fn f()", ['(', ')']), ("fn f", vec![], ""));
        assert_eq!(
            parts(" -> Result<(), Vec<u8>> {", ['<', '>']),
            (" -> Result", vec!["()", "Vec<u8>"], " {")
        );
    }
}
