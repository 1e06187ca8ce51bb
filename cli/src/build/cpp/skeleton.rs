//! Sources in C++ that have every function of a world, to be filled in.

use wit_bindgen_core::Files;

use super::super::SourceFile;
use super::super::error::BuildError;
use super::super::native;
use super::super::wit::Wit;

/// Where the functions go.
const FILE: &str = "src/component.cpp";

/// What every function that is to be filled in calls.
const NOT_IMPLEMENTED: &str = "namespace {

[[noreturn]] void NotImplemented(const char *name) {
    std::fprintf(stderr, \"not implemented: %s\\n\", name);
    std::abort();
}

} // namespace
";

/// Functions that the bindings themselves have.
const GENERATED: [&str; 3] = ["ResourceNew", "ResourceRep", "ResourceDrop"];

/// The sources for a world: declarations come from the headers of its bindings. The headers of resources, which a
/// person completes, are sources as well.
pub(super) fn of(wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
    let files = super::bindings(wit)?;
    let mut functions = Vec::new();
    let mut sources = Vec::new();
    for (name, text) in headers(&files) {
        functions.extend(Reader::default().read(&text));
        if name.starts_with("exports-") {
            let text = text.strip_prefix(native::QUIET).unwrap_or(&text).to_owned();
            sources.push(SourceFile { path: format!("src/{name}"), text });
        }
    }
    let main = files.iter().map(|(name, _)| name).find(|name| name.ends_with("_cpp.h")).unwrap_or_default();
    let mut text =
        format!("#include \"{main}\"\n\n#include <cstdio>\n#include <cstdlib>\n\n{NOT_IMPLEMENTED}");
    if native::is_command(wit) {
        text.push_str("\nint main() {\n    NotImplemented(\"main\");\n}\n");
    } else {
        write(&mut text, wit, &functions);
    }
    sources.push(SourceFile { path: FILE.to_owned(), text });
    Ok(sources)
}

/// The headers of a world; those of the resources come first.
fn headers(files: &Files) -> Vec<(String, String)> {
    let own = |name: &str| name.ends_with("_cpp.h") || name.starts_with("exports-");
    let mut headers: Vec<(String, String)> = files
        .iter()
        .filter(|(name, _)| own(name))
        .map(|(name, contents)| (name.to_owned(), String::from_utf8_lossy(contents).into_owned()))
        .collect();
    headers.sort_by_key(|(name, _)| !name.starts_with("exports-"));
    headers
}

/// Writes the definitions, namespace by namespace.
fn write(text: &mut String, wit: &Wit, functions: &[Function]) {
    let exports = super::exports(wit);
    let mut spaces: Vec<&str> = functions.iter().map(|function| function.namespace.as_str()).collect();
    spaces.dedup();
    for space in spaces {
        text.push_str(&format!("\nnamespace {space} {{\n"));
        for function in functions.iter().filter(|function| function.namespace == space) {
            let full = format!("{space}::{}", function.name);
            let wit = exports.iter().find(|export| export.name == full).map_or(&full, |export| &export.wit);
            text.push_str(&format!("\n{} {{\n    NotImplemented(\"{wit}\");\n}}\n", function.declaration));
        }
        text.push_str(&format!("\n}} // namespace {space}\n"));
    }
}

/// A function that a header declares.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    /// Its namespaces.
    namespace: String,
    /// Its name, behind that of its class.
    name: String,
    /// Its declaration as it stands in front of a body.
    declaration: String,
}

/// Reads the declarations of a generated header, in which every one has a line of its own.
#[derive(Default)]
struct Reader {
    /// What the open braces belong to.
    blocks: Vec<Block>,
}

/// What a brace opens.
enum Block {
    Namespace(String),
    Class(String),
    Other,
}

impl Reader {
    fn read(mut self, header: &str) -> Vec<Function> {
        header.lines().filter_map(|line| self.line(line.trim())).collect()
    }

    fn line(&mut self, line: &str) -> Option<Function> {
        if line.starts_with("//") {
            return None;
        }
        let word =
            |keyword: &str| line.strip_prefix(keyword).and_then(|rest| rest.split([' ', ':', '{']).next());
        let (opened, closed) = (line.matches('{').count(), line.matches('}').count());
        let function = if opened == 0 { self.function(line) } else { None };
        for _ in closed..opened {
            self.blocks.push(match (word("namespace "), word("class ")) {
                (Some(name), _) => Block::Namespace(name.to_owned()),
                (_, Some(name)) => Block::Class(name.to_owned()),
                _ => Block::Other,
            });
        }
        for _ in opened..closed {
            self.blocks.pop();
        }
        function
    }

    /// The function that a line declares, where it is one of the exports.
    fn function(&self, line: &str) -> Option<Function> {
        let declaration = line.strip_suffix(';')?;
        let mut spaces = Vec::new();
        let mut class = None;
        for block in &self.blocks {
            match block {
                Block::Namespace(name) => spaces.push(name.as_str()),
                Block::Class(name) => class = Some(name.as_str()),
                Block::Other => return None,
            }
        }
        if spaces.first() != Some(&"exports") {
            return None;
        }
        let declaration = declaration.strip_prefix("static ").unwrap_or(declaration);
        let (before, parameters) = declaration.split_once('(')?;
        let (result, name) = before.rsplit_once(' ').unwrap_or(("", before));
        if GENERATED.contains(&name) {
            return None;
        }
        let name = class.map_or_else(|| name.to_owned(), |class| format!("{class}::{name}"));
        let declaration = format!("{result} {name}({parameters}").trim_start().to_owned();
        Some(Function { namespace: spaces.join("::"), name, declaration })
    }
}
