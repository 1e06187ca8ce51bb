//! Names under which QuickJS's tool takes the interfaces of WASI for anyone's, and the console that it lacks.
//!
//! The tool runs the program once to take a picture of its memory. It gives that run the part of WASI that commands
//! have, and stands in for all other imports; but what it stands in with does not know the streams of the part that is
//! real. So a world with more of WASI is shown to the tool under names of no meaning, and the component gets the true
//! ones in the end.

use wit_parser::{Docs, Resolve, Span, Stability, WorldId, WorldItem, WorldKey};

use crate::build::error::BuildError;
use crate::build::wit::Wit;

const WASI: &str = "wasi:";
const FOREIGN: &str = "wkit-wasi:";
const CONSOLE: &str = "wkit-console:";
/// What the tool gives the run.
const REAL: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
/// The engine itself uses nothing that is younger.
const FIRST: &str = "@0.2.0";

/// Whether a world has more of WASI than the tool knows.
pub(super) fn is_needed(wit: &Wit) -> bool {
    wit.imports().into_iter().chain(wit.exports()).any(|name| {
        let package = name.strip_prefix(WASI).and_then(|rest| rest.split('/').next());
        package.is_some_and(|package| !REAL.contains(&package))
    })
}

/// The foreign form of an interface's name.
pub(super) fn name(name: &str) -> String {
    name.strip_prefix(WASI).map_or_else(|| name.to_owned(), |rest| format!("{FOREIGN}{rest}"))
}

/// The same packages with foreign names.
pub(super) fn resolve(resolve: &Resolve) -> Resolve {
    let mut resolve = resolve.clone();
    for (_, package) in resolve.packages.iter_mut() {
        if package.name.namespace == WASI.trim_end_matches(':') {
            FOREIGN.trim_end_matches(':').clone_into(&mut package.name.namespace);
        }
    }
    resolve
}

/// The version of WASI that the console asks for: one that nothing else in the component does.
pub(super) fn console_version(wit: &Wit) -> &'static str {
    let taken = wit.imports().into_iter().chain(wit.exports()).any(|name| name.ends_with("@0.2.1"));
    if taken { "0.2.2" } else { "0.2.1" }
}

/// Adds what the console writes to as imports of a world.
pub(super) fn add_console(resolve: &mut Resolve, world: WorldId, version: &str) -> Result<(), BuildError> {
    let text = include_str!("console.wit").replace("VERSION", version);
    resolve.push_source("console.wit", &text).map_err(|error| BuildError::Encode {
        world: resolve.worlds[world].name.clone(),
        message: format!("{error:#}"),
    })?;
    let interfaces: Vec<_> = resolve
        .interfaces
        .iter()
        .map(|(id, _)| id)
        .filter(|id| resolve.id_of(*id).is_some_and(|name| name.starts_with(CONSOLE)))
        .collect();
    for id in interfaces {
        let item = WorldItem::Interface {
            id,
            stability: Stability::default(),
            external_id: None,
            docs: Docs::default(),
            span: Span::default(),
        };
        resolve.worlds[world].imports.insert(WorldKey::Interface(id), item);
    }
    Ok(())
}

/// The true name of an import or export, given the names of all imports.
///
/// The engine has imports of its own for the same interfaces. A component cannot have two of one name, so that these
/// get the first version, which hosts treat like every other of 0.2.
pub(super) fn rename(name: &str, imports: &[String]) -> Option<String> {
    if let Some(rest) = name.strip_prefix(FOREIGN) {
        return Some(format!("{WASI}{rest}"));
    }
    if let Some(rest) = name.strip_prefix(CONSOLE) {
        return Some(format!("{WASI}{rest}"));
    }
    let (interface, version) = name.strip_prefix(WASI)?.split_once('@')?;
    let doubled = imports.contains(&format!("{FOREIGN}{interface}@{version}"));
    (doubled && version.starts_with("0.2.")).then(|| format!("{WASI}{interface}{FIRST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let io = "wasi:io/streams@0.2.12";
        assert_eq!(name(io), "wkit-wasi:io/streams@0.2.12");
        assert_eq!(name("a:b/c"), "a:b/c");
        let imports = [io.to_owned(), name(io), "wasi:cli/exit@0.2.12".to_owned()];
        assert_eq!(rename(&name(io), &imports).as_deref(), Some(io));
        assert_eq!(rename(io, &imports).as_deref(), Some("wasi:io/streams@0.2.0"));
        assert_eq!(rename("wasi:cli/exit@0.2.12", &imports), None);
        assert_eq!(rename("a:b/c", &imports), None);
    }
}
