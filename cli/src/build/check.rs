//! Holds a built component against the world that it is to target.

use wkit_interface::{SurfaceKind, decode, fits};

use super::error::BuildError;
use super::wit::Wit;

/// Checks that `component` is a valid component which exports all that the world exports, and imports nothing but what
/// the world imports and WASI, which the languages' own libraries need.
///
/// More exports are no fault: a `main` adds `wasi:cli/run`. What hides behind the names comes from bindings that were
/// made from the same WIT, and is checked again when components are wired.
pub(super) fn fits_world(component: &[u8], wit: &Wit) -> Result<(), BuildError> {
    let invalid = |message: String| BuildError::NotAComponent { message };
    let surface = decode(component).map_err(|error| invalid(error.to_string()))?;
    if surface.kind != SurfaceKind::Component {
        return Err(invalid("expected a component, found a WIT package".to_owned()));
    }
    let exported = |wanted: &String| surface.exports.iter().any(|export| fits(wanted, &export.name));
    let missing: Vec<String> = wit.exports().into_iter().filter(|wanted| !exported(wanted)).collect();
    if !missing.is_empty() {
        return Err(BuildError::ExportsMissing { world: wit.world_name().to_owned(), missing });
    }
    let given = wit.imports();
    let allowed = |import: &str| import.starts_with("wasi:") || given.iter().any(|given| fits(import, given));
    let extra: Vec<String> =
        surface.imports.into_iter().map(|import| import.name).filter(|import| !allowed(import)).collect();
    if !extra.is_empty() {
        return Err(BuildError::ImportsUnknown { world: wit.world_name().to_owned(), extra });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use crate::build::wit;

    const WIT: &str = "package a:b@1.2.0;
interface needs { f: func(); }
interface gives { g: func(); }
world full { import needs; export gives; }
world empty {}
world giver { export gives; }";

    /// A component of one world, held against another.
    fn check(built: &str, wanted: &str) -> Result<(), BuildError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, WIT).unwrap();
        let component = encode::dummy(&wit::load(&file, built).unwrap());
        fits_world(&component, &wit::load(&file, wanted).unwrap())
    }

    #[test]
    fn a_component_fits_its_own_world() {
        check("full", "full").unwrap();
        check("empty", "empty").unwrap();
    }

    #[test]
    fn more_exports_are_no_fault() {
        check("giver", "empty").unwrap();
    }

    #[test]
    fn a_missing_export_is_named() {
        let error = check("empty", "giver").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the component does not export `a:b/gives@1.2.0`, which its world `giver` says"
        );
    }

    #[test]
    fn an_import_that_the_world_does_not_give_is_named() {
        let error = check("full", "giver").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the component imports `a:b/needs@1.2.0`, which its world `giver` does not say"
        );
    }

    #[test]
    fn bytes_that_are_no_component_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, WIT).unwrap();
        let wit = wit::load(&file, "empty").unwrap();
        let cases =
            [(&b""[..], "is empty"), (b"\0asm\x01\0\0\0", "found a core module"), (b"hello", "not Wasm")];
        for (bytes, expected) in cases {
            let message = fits_world(bytes, &wit).unwrap_err().to_string();
            assert!(message.starts_with("the compiler's result is no valid component: "), "{message}");
            assert!(message.contains(expected), "{message}");
        }
    }
}
