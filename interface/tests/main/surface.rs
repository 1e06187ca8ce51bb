//! What a surface says.

use wkit_fixtures::component::{from_wat, from_wit, wit_package};
use wkit_fixtures::golden::assert_golden;
use wkit_interface::{DecodeError, ItemKind, Surface, SurfaceKind, decode};

use crate::samples::{RICH, rich};

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");

fn read(bytes: &[u8]) -> Surface {
    decode(bytes).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_component_with_everything() {
    let surface = read(&rich());
    assert_eq!(surface.kind, SurfaceKind::Component);
    assert_golden(format!("{GOLDENS}/rich.wit"), &surface.wit());
    let json = serde_json::to_string_pretty(&surface).unwrap();
    assert_golden(format!("{GOLDENS}/rich.json"), &format!("{json}\n"));
}

#[test]
fn the_printed_wit_describes_the_same_component() {
    let first = read(&rich());
    let second = read(&from_wit(&first.wit(), "root"));
    assert_eq!(first.wit(), second.wit());
    let json = |surface: &Surface| serde_json::to_value(surface).unwrap();
    assert_eq!(json(&first), json(&second));
}

#[test]
fn a_wit_package() {
    let wit = "package demo:kv@1.2.0;
        interface types { record pair { key: string, value: list<u8> } }
        interface store { use types.{pair}; use other:base/clock@0.1.0.{instant}; put: func(pair: pair, at: instant); }
        world guest { import store; export run: func(); export types; }
        package other:base@0.1.0 { interface clock { type instant = u64; } }";
    let surface = read(&wit_package(wit));
    assert_eq!(surface.kind, SurfaceKind::WitPackage);
    assert_eq!(surface.package.as_ref().unwrap().to_string(), "demo:kv@1.2.0");
    let names: Vec<&str> = surface.interfaces.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["demo:kv/types@1.2.0", "demo:kv/store@1.2.0"]);
    assert_eq!(surface.worlds[0].name, "guest");
    assert_eq!(surface.worlds[0].exports.len(), 2);
    assert_golden(format!("{GOLDENS}/package.wit"), &surface.wit());
    assert_eq!(read(&wit_package(&surface.wit())).wit(), surface.wit());
}

#[test]
fn the_lines_of_wasi() {
    let surface = read(&rich());
    let lines: Vec<(String, String)> =
        surface.wasi_lines().into_iter().map(|line| (line.line, line.highest.unwrap().to_string())).collect();
    assert_eq!(lines, [("0.2".to_owned(), "0.2.6".to_owned()), ("0.3".to_owned(), "0.3.0".to_owned())]);
    assert_eq!(surface.is_command().unwrap().version.as_ref().unwrap().to_string(), "0.2.6");
    assert!(surface.is_http().is_none());
    let service = read(&from_wit(
        "package a:b; world w { export wasi:http/handler@0.3.0; }
         package wasi:http@0.3.0 { interface handler { handle: async func(); } }",
        "w",
    ));
    assert_eq!(service.is_http().unwrap().canonical.as_deref(), Some("0.3"));
}

#[test]
fn what_wit_cannot_say_is_shown_all_the_same() {
    let surface = read(&from_wat(
        r#"(component
            (import "m" (core module (export "f" (func))))
            (import "c" (component (export "f" (func))))
            (import "i" (instance (export "inner" (instance))))
            (core module $n)
            (export "n" (core module $n)))"#,
    ));
    let kinds: Vec<ItemKind> = surface.imports.iter().chain(&surface.exports).map(|item| item.kind).collect();
    assert_eq!(kinds, [ItemKind::Module, ItemKind::Component, ItemKind::Instance, ItemKind::Module]);
    assert!(surface.wit().contains("core module `m`"), "{}", surface.wit());
    assert!(surface.wit().contains("instance `inner`"), "{}", surface.wit());
}

#[test]
fn an_imported_instance_may_be_exported_again() {
    let surface = read(&from_wat(
        r#"(component
            (import "a:b/c@1.0.0" (instance $i
                (export "r" (type (sub resource)))
                (export "f" (func))))
            (export "a:b/c@1.0.0" (instance $i))
            (export "x:y/z@1.0.0" (instance $i)))"#,
    ));
    assert_eq!(surface.exports.len(), 2);
    assert_eq!(surface.exports[0].functions.len(), 1);
}

#[test]
fn says_what_is_wrong_with_other_files() {
    let mut future = rich();
    future[4] = 0x0e;
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"package a:b;", "not Wasm: found WIT text; a component or a binary WIT package is needed"),
        (b"\x7fELF\x02", "not Wasm: found a native program (ELF)"),
        (b"\0as", "the component is cut off: byte 8 is needed, but the file ends at 3 bytes"),
        (b"\0asm\x01\0\0\0", "expected a component, found a core module"),
        (
            &future,
            "unknown Wasm version: expected core module 1 or component 13, found version 14 of layer 1",
        ),
        (b"\0asm\x0d\0\x01\0\x63\0", "not a valid component: malformed section id: 99 (at byte 10)"),
    ] {
        assert_eq!(decode(bytes).unwrap_err().to_string(), expected);
    }
    let size = rich().len();
    let cut = decode(&rich()[..size / 2]).unwrap_err();
    assert!(matches!(cut, DecodeError::Truncated { .. }), "{cut}");
}

#[test]
fn features_that_are_drafts_are_refused_by_name() {
    let error = decode(&from_wat("(component (import \"v\" (value u32)))")).unwrap_err();
    assert!(matches!(error, DecodeError::UnsupportedFeature { .. }), "{error}");
}

#[test]
fn rich_is_as_rich_as_it_seems() {
    // The sample must keep every kind of type, or the tests above prove less than they seem to.
    for word in
        ["record", "variant", "enum", "flags", "resource", "stream", "future", "async", "static", "tuple"]
    {
        assert!(RICH.contains(word), "{word}");
    }
}
