//! What a component imports and exports by name, without reading its code.

use std::collections::BTreeSet;

use wasmparser::{Chunk, ComponentExternalKind, Encoding, Parser, Payload};

use crate::error::DecodeError;
use crate::limits::EXTERNS_MAX;
use crate::name::InterfaceParts;
use crate::surface::{SurfaceKind, decode};
use crate::wasm::{Fault, check_header, features};

/// The names of a component or WIT package. It has not been validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// A component or a WIT package.
    pub kind: SurfaceKind,
    /// The names of what it imports, in the order of the binary; of a WIT package what its worlds import.
    pub imports: Vec<String>,
    /// The names of what it exports, in the order of the binary; of a WIT package its interfaces, by their whole names,
    /// and what its worlds export.
    pub exports: Vec<String>,
    /// The WIT packages that these names are of, `namespace:name@version`, sorted.
    pub packages: BTreeSet<String>,
}

/// Reads the names alone: what is inside is passed over, so that the time does not depend on the size of the code.
///
/// # Errors
///
/// When the bytes are no component, or its outermost sections cannot be read.
pub fn outline(bytes: &[u8]) -> Result<Outline, DecodeError> {
    if check_header(bytes)? == Encoding::Module {
        return Err(DecodeError::CoreModule);
    }
    let names = names(bytes).map_err(|fault| fault.into_decode_error(bytes))?;
    if names.may_be_wit {
        return described(bytes);
    }
    let Names { imports, exports, mut packages, .. } = names;
    packages.extend(imports.iter().chain(&exports).filter_map(|name| package_of(name)));
    Ok(Outline { kind: SurfaceKind::Component, imports, exports, packages })
}

struct Names {
    imports: Vec<String>,
    exports: Vec<String>,
    /// Those that plain names stand for (`implements`).
    packages: BTreeSet<String>,
    /// Nothing but types are exported, as a WIT package does.
    may_be_wit: bool,
}

fn names(bytes: &[u8]) -> Result<Names, Fault> {
    let mut parser = Parser::new(0);
    parser.set_features(features());
    let mut names =
        Names { imports: Vec::new(), exports: Vec::new(), packages: BTreeSet::new(), may_be_wit: true };
    let mut position = 0;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(&bytes[position..], true)? else {
            let size_bytes = bytes.len() as u64;
            return Err(Fault::Own(DecodeError::Truncated { offset: size_bytes + 1, size_bytes }));
        };
        position += consumed;
        match payload {
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => {
                names.may_be_wit = false;
                let length = unchecked_range.end.saturating_sub(unchecked_range.start);
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let end = position.saturating_add(length);
                if end > bytes.len() {
                    let (offset, size_bytes) = (end as u64, bytes.len() as u64);
                    return Err(Fault::Own(DecodeError::Truncated { offset, size_bytes }));
                }
                position = end;
            }
            Payload::ComponentImportSection(section) => {
                names.may_be_wit = false;
                for import in section {
                    let name = import?.name;
                    names.packages.extend(name.full_implements().and_then(|name| package_of(&name)));
                    names.imports.push(name.full_name().into_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    names.may_be_wit &= export.kind == ComponentExternalKind::Type;
                    names.packages.extend(export.name.full_implements().and_then(|name| package_of(&name)));
                    names.exports.push(export.name.full_name().into_owned());
                }
            }
            Payload::End(_) => {
                names.may_be_wit &= !names.exports.is_empty();
                return Ok(names);
            }
            _ => {}
        }
        let count = names.imports.len() + names.exports.len();
        if count > EXTERNS_MAX {
            return Err(Fault::Own(DecodeError::TooManyExterns { count }));
        }
    }
}

/// The outline of what is perhaps a WIT package; that has no code, so reading all of it is quick.
fn described(bytes: &[u8]) -> Result<Outline, DecodeError> {
    let surface = decode(bytes)?;
    let names = |items: &[crate::Item]| items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
    let (mut imports, mut exports) = (names(&surface.imports), names(&surface.exports));
    let own = surface.package.as_ref().map(ToString::to_string);
    for interface in &surface.interfaces {
        exports.push(interface.name.clone());
    }
    for world in &surface.worlds {
        imports.extend(names(&world.imports));
        exports.extend(names(&world.exports));
    }
    let mut packages: BTreeSet<String> =
        imports.iter().chain(&exports).filter_map(|name| package_of(name)).collect();
    packages.extend(own);
    Ok(Outline { kind: surface.kind, imports, exports, packages })
}

/// `wasi:http@0.2.6` of `wasi:http/types@0.2.6`; `None` for a plain name.
fn package_of(name: &str) -> Option<String> {
    let parts = InterfaceParts::parse(name)?;
    let version = name.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
    Some(format!("{}:{}{version}", parts.namespace, parts.package))
}

#[cfg(test)]
mod tests {
    use wkit_fixtures::component::{from_wat, from_wit, wit_package};

    use super::*;

    const WIT: &str = "package demo:it@0.1.0; interface thing { a: func(); }
        world it { import demo:kv/store@1.2.0; import log: func(); export thing; export run: func(); }
        package demo:kv@1.2.0 { interface store { get: func() -> string; } }";

    #[test]
    fn a_component_speaks_of_the_packages_of_its_imports_and_exports() {
        let outline = outline(&from_wit(WIT, "it")).unwrap();
        assert_eq!(outline.kind, SurfaceKind::Component);
        assert_eq!(outline.imports, ["demo:kv/store@1.2.0", "log"]);
        assert_eq!(outline.exports, ["run", "demo:it/thing@0.1.0"]);
        assert_eq!(outline.packages, BTreeSet::from(["demo:it@0.1.0".into(), "demo:kv@1.2.0".into()]));
    }

    #[test]
    fn a_wit_package_is_recognised() {
        let outline = outline(&wit_package(WIT)).unwrap();
        assert_eq!(outline.kind, SurfaceKind::WitPackage);
        assert_eq!(outline.packages, BTreeSet::from(["demo:it@0.1.0".into(), "demo:kv@1.2.0".into()]));
    }

    #[test]
    fn a_plain_name_that_implements_an_interface() {
        let text = r#"(component (import "cache" (implements "demo:kv/store@1.2.0") (instance)))"#;
        let outline = outline(&from_wat(text)).unwrap();
        assert_eq!(outline.imports, ["cache"]);
        assert_eq!(outline.packages, BTreeSet::from(["demo:kv@1.2.0".into()]));
    }

    #[test]
    fn what_is_no_component() {
        let fails = |bytes: &[u8]| outline(bytes).unwrap_err();
        assert_eq!(fails(b""), DecodeError::Empty);
        assert_eq!(fails(&from_wat("(module)")), DecodeError::CoreModule);
        let bytes = from_wit(WIT, "it");
        for end in 8..bytes.len() {
            // A cut between two sections leaves a component, if not the same.
            if let Err(error) = outline(&bytes[..end]) {
                let is_cut = matches!(error, DecodeError::Truncated { .. } | DecodeError::Invalid { .. });
                assert!(is_cut, "{end}: {error}");
            }
        }
    }
}
