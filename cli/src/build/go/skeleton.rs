//! Sources in which every export stands, to be filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::bindings::generate;
use super::entry;
use crate::build::SourceFile;
use crate::build::error::BuildError;
use crate::build::wit::Wit;

const BINDINGS: &str = "wit_bindings.go";
const COMMAND: &str = "package main\n\nfunc main() {\n\tpanic(\"not implemented: main\")\n}\n";

/// The packages that a person writes for a world, as files below a module's folder.
///
/// A world that exports nothing, or `wasi:cli/run` alone, gets a `main`.
pub(super) fn files(wit: &Wit, module: &str) -> Result<Vec<SourceFile>, BuildError> {
    if wit.exports().iter().all(|export| entry::is_run(export)) {
        return Ok(vec![SourceFile { path: "main.go".to_owned(), text: COMMAND.to_owned() }]);
    }
    let plain = packages(wit, module, false)?;
    let stubs = packages(wit, module, true)?;
    let files = stubs.into_iter().map(|(folder, stub)| {
        let package = folder.rsplit('/').next().unwrap_or(&folder);
        let name = package.trim_start_matches("export_");
        let text = source(package, &stub, plain.get(&folder).map_or("", String::as_str));
        SourceFile { path: format!("{folder}/{name}.go"), text }
    });
    Ok(files.collect())
}

/// The functions that a person writes for a world, each with the folder of its package.
pub(super) fn signatures(wit: &Wit, module: &str) -> Vec<(String, String)> {
    let files = files(wit, module).unwrap_or_default();
    let of = |file: &SourceFile| -> Vec<(String, String)> {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let lines = file.text.lines().filter(|line| line.starts_with("func "));
        lines.map(|line| (folder.clone(), line.trim_end_matches([' ', '{', '}']).to_owned())).collect()
    };
    files.iter().flat_map(of).collect()
}

/// The exports' packages by their folders.
fn packages(wit: &Wit, module: &str, stubs: bool) -> Result<BTreeMap<String, String>, BuildError> {
    let files = generate(wit, module, stubs)?;
    let package = |(name, contents): (&str, &[u8])| {
        let folder = name.strip_suffix(BINDINGS)?.strip_suffix('/')?;
        let own = folder.rsplit('/').next().is_some_and(|package| package.starts_with("export_"));
        own.then(|| (folder.to_owned(), String::from_utf8_lossy(contents).into_owned()))
    };
    Ok(files.iter().filter_map(package).collect())
}

/// One file: what `stub` has and `plain`, the same without functions to fill in, has not.
fn source(package: &str, stub: &str, plain: &str) -> String {
    let (imports, body) = split(stub);
    let (_, known) = split(plain);
    let mut known = known.lines().peekable();
    let mut code = String::new();
    for line in body.lines() {
        if known.next_if_eq(&line).is_none() {
            code.push_str(line);
            code.push('\n');
        }
    }
    let code = format(&code);
    let mut used: Vec<&str> = imports
        .lines()
        .map(str::trim)
        .filter(|import| code.contains(&format!("{}.", alias(import))))
        .collect();
    used.sort_by_key(|import| path(import));
    let imports = match used[..] {
        [] => String::new(),
        [one] => format!("import {one}\n\n"),
        _ => format!("import (\n\t{}\n)\n\n", used.join("\n\t")),
    };
    format!(
        "// Package {package} is called by the bindings, which decide on its name.\npackage {package}\n\n{imports}{code}"
    )
}

/// The lines between `import (` and `)`, and everything behind.
fn split(code: &str) -> (&str, &str) {
    let imports = code.split_once("import (\n").map_or("", |(_, rest)| rest);
    imports.split_once("\n)\n").unwrap_or(("", ""))
}

/// The path of an import, without what it is called here.
fn path(import: &str) -> &str {
    import.split('"').nth(1).unwrap_or_default()
}

/// What an import is called here.
fn alias(import: &str) -> &str {
    match import.split_once(" \"") {
        Some((alias, _)) => alias,
        None => path(import).rsplit('/').next().unwrap_or_default(),
    }
}

/// The functions in gofmt's form, each saying its name where it is not filled in.
fn format(code: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut blank, mut name) = (0_usize, true, String::new());
    for line in code.lines().map(str::trim).filter(|line| !line.starts_with("// TODO: Implement")) {
        if line.is_empty() || (line == "//" && blank) {
            // At most one empty line, and none at the start or in front of a function's end.
            if !blank && line.is_empty() {
                text.push('\n');
                blank = true;
            }
            continue;
        }
        let mut line = line.replace(")  {", ") {");
        if line.starts_with("func ") {
            line = line.replace("(_", "(").replace(", _", ", ");
            name = function(&line).to_owned();
        }
        if starts(&line)
            && depth == 0
            && !blank
            && !text.lines().next_back().is_some_and(|last| last.starts_with("//"))
        {
            text.push('\n');
        }
        if line.starts_with('}') {
            depth = depth.saturating_sub(1);
        }
        line = line.replace("panic(\"not implemented\")", &format!("panic(\"not implemented: {name}\")"));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}{line}", "\t".repeat(depth));
        blank = false;
        if line.ends_with('{') {
            depth += 1;
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Whether a line begins a declaration or the comment above one.
fn starts(line: &str) -> bool {
    ["func ", "type ", "//"].iter().any(|start| line.starts_with(start))
}

/// The name of a function, without its receiver.
fn function(line: &str) -> &str {
    let rest = line.trim_start_matches("func ");
    let rest =
        if rest.starts_with('(') { rest.split_once(") ").map_or(rest, |(_, rest)| rest) } else { rest };
    rest.split('(').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::super::bindings::tests::world;
    use super::*;

    const WIT: &str = "package a:b; interface i { record p { x: u8 } enum e { x } \
        /// Greets.\n greet: func(type: string, to: p) -> result<p, e>; \
        resource counter { constructor(start: u32); add: func(n: u32) -> u32; } \
        read: func(c: borrow<counter>); } \
        world w { export i; export run: func() -> tuple<u8, string>; }";

    #[test]
    fn every_export_stands_in_a_file_of_its_package() {
        let files = files(&world(WIT), "example.com/cart").unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["exports/export_a_b_i/a_b_i.go", "exports/export_wit_world/wit_world.go"]);
        assert_eq!(
            files[0].text,
            r#"// Package export_a_b_i is called by the bindings, which decide on its name.
package export_a_b_i

import (
	"example.com/cart/imports/a_b_i"
	witTypes "go.bytecodealliance.org/pkg/wit/types"
	"runtime"
)

type Counter struct {
	pinner runtime.Pinner
	handle int32
}

func (self *Counter) OnDrop() {}

// Greets.
func Greet(type_ string, to a_b_i.P) witTypes.Result[a_b_i.P, a_b_i.E] {
	panic("not implemented: Greet")
}

func MakeCounter(start uint32) *Counter {
	panic("not implemented: MakeCounter")
}

func (self *Counter) Add(n uint32) uint32 {
	panic("not implemented: Add")
}

func Read(c *Counter) {
	panic("not implemented: Read")
}
"#
        );
        assert!(
            files[1].text.contains("\nfunc Run() (uint8, string) {\n\tpanic(\"not implemented: Run\")\n}\n")
        );
    }

    #[test]
    fn a_world_that_exports_nothing_is_a_command() {
        let files = files(&world("package a:b; world w { import f: func(); }"), "example.com/cart").unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].path.as_str(), files[0].text.as_str()), ("main.go", COMMAND));
    }

    #[test]
    fn signatures_are_those_of_the_skeleton() {
        let found = signatures(&world(WIT), "example.com/cart");
        let expected = "func Greet(type_ string, to a_b_i.P) witTypes.Result[a_b_i.P, a_b_i.E]";
        assert!(found.contains(&("exports/export_a_b_i".to_owned(), expected.to_owned())), "{found:?}");
    }
}
