//! Says which function of which package a message of the compiler is about: it names files that a person never wrote.

use std::fs;
use std::path::Path;

use super::skeleton::signatures;
use crate::build::wit::Wit;

const EXPORTS: &str = "wit_exports.go:";

/// What to write where, going by the compiler's `output` and by the bindings in their folder.
pub(super) fn hint(output: &str, bindings: &Path, wit: &Wit, module: &str) -> Option<String> {
    let signatures = signatures(wit, module);
    if let Some(package) = missing_package(output, module) {
        let functions: Vec<String> = signatures
            .iter()
            .filter(|(folder, _)| *folder == package)
            .map(|(_, of)| format!("`{of}`"))
            .collect();
        return (!functions.is_empty())
            .then(|| format!("the WIT asks for the package `{package}` with {}", functions.join(", ")));
    }
    if let Some(import) = missing_import(output, module) {
        return Some(format!("no import of the world `{}` makes the package `{import}`", wit.world_name()));
    }
    let line = output.lines().find_map(place)?;
    let code = ["exports/wit_exports/wit_exports.go", "wit_exports.go"]
        .iter()
        .find_map(|file| fs::read_to_string(bindings.join(file)).ok())?;
    let caller = function_around(&code, line)?;
    let (folder, signature) =
        signatures.iter().find(|(folder, signature)| calls(&caller, folder, signature))?;
    Some(format!("the WIT asks for `{signature}` in the package `{folder}`"))
}

/// The exports' package that is not there, or has no file.
fn missing_package<'a>(output: &'a str, module: &str) -> Option<&'a str> {
    let package = mentioned(output, module)?;
    package.rsplit('/').next().is_some_and(|name| name.starts_with("export_")).then_some(package)
}

/// The imports' package that is not there.
fn missing_import<'a>(output: &'a str, module: &str) -> Option<&'a str> {
    mentioned(output, module).filter(|package| package.starts_with("imports/"))
}

/// The package of the module that could not be loaded.
fn mentioned<'a>(output: &'a str, module: &str) -> Option<&'a str> {
    const SIGNS: [&str; 4] =
        ["is not in std", "no required module provides", "no non-test Go files", "does not contain package"];
    let line = output.lines().find(|line| SIGNS.iter().any(|sign| line.contains(sign)))?;
    let (_, rest) = line.split_once(&format!("{module}/"))?;
    rest.split([' ', ':', ';', '@']).next()
}

/// The line of the bindings that a message names.
fn place(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once(EXPORTS)?;
    rest.split(':').next()?.parse().ok()
}

/// The text of the function that has the line, counted from 1.
fn function_around(code: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = code.lines().collect();
    let is_start = |line: &&str| line.starts_with("func ");
    let start = lines.get(..line)?.iter().rposition(is_start)?;
    let end = lines[start + 1..].iter().position(is_start).map_or(lines.len(), |length| start + 1 + length);
    Some(lines[start..end].join("\n"))
}

/// Whether the bindings' function `caller` calls the one that is declared so in `folder`.
fn calls(caller: &str, folder: &str, signature: &str) -> bool {
    let package = folder.rsplit('/').next().unwrap_or(folder);
    let declared = signature.trim_start_matches("func ");
    match declared.strip_prefix("(self *").and_then(|method| method.split_once(") ")) {
        Some((resource, method)) => {
            let name = method.split('(').next().unwrap_or(method);
            caller.contains(&format!("{package}.{resource}From")) && caller.contains(&format!(").{name}("))
        }
        None => {
            let name = declared.split('(').next().unwrap_or(declared);
            caller.contains(&format!("{package}.{name}("))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bindings::tests::world;
    use super::super::bindings::{Main, bindings};
    use super::*;

    const WIT: &str = "package a:b; interface i { greet: func(name: string) -> string; \
                       resource counter { add: func(n: u32) -> u32; } } world w { export i; }";
    const MODULE: &str = "example.com/cart";

    /// The hint for a message about the line of the bindings that contains `marker`.
    fn hint_at(marker: &str) -> Option<String> {
        let wit = world(WIT);
        let folder = tempfile::tempdir().unwrap();
        let file = "exports/wit_exports/wit_exports.go";
        let code = String::from_utf8(bindings(&wit, MODULE, Main::Absent).unwrap()[file].clone()).unwrap();
        fs::create_dir_all(folder.path().join("exports/wit_exports")).unwrap();
        fs::write(folder.path().join(file), &code).unwrap();
        let line = code.lines().position(|line| line.contains(marker)).unwrap() + 1;
        hint(&format!("../b/{file}:{line}:9: something is wrong\n"), folder.path(), &wit, MODULE)
    }

    #[test]
    fn the_function_that_the_bindings_call_is_named() {
        assert_eq!(
            hint_at("export_a_b_i.Greet(").unwrap(),
            "the WIT asks for `func Greet(name string) string` in the package `exports/export_a_b_i`"
        );
        assert_eq!(
            hint_at(").Add(").unwrap(),
            "the WIT asks for `func (self *Counter) Add(n uint32) uint32` in the package `exports/export_a_b_i`"
        );
        assert_eq!(hint_at("package wit_exports"), None);
    }

    #[test]
    fn a_package_that_is_not_there_is_described() {
        let ask = |message: &str| hint(message, Path::new("nowhere"), &world(WIT), MODULE);
        let missing = ask(
            "x.go:9:2: no required module provides package example.com/cart/exports/export_a_b_i; to add it:",
        );
        let missing = missing.unwrap();
        assert!(
            missing.starts_with("the WIT asks for the package `exports/export_a_b_i` with "),
            "{missing}"
        );
        assert!(missing.contains("`func Greet(name string) string`"), "{missing}");
        let import = ask("x.go:9:2: package example.com/cart/imports/a_b_c is not in std (/usr/lib)");
        assert_eq!(import.unwrap(), "no import of the world `w` makes the package `imports/a_b_c`");
        assert_eq!(ask("main.go:3:1: syntax error"), None);
    }
}
