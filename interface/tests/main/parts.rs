//! Where the bytes go, and who made them.

use wkit_fixtures::component::from_wat;
use wkit_interface::{DecodeError, Part, PartKind, limits, parts, producers};

use crate::samples::rich;

/// Children lie inside their part without gaps.
pub(crate) fn check(part: &Part) {
    if part.children.is_empty() {
        return;
    }
    let mut position = part.offset_bytes;
    for child in &part.children {
        assert_eq!(child.offset_bytes, position, "{} {}", part.name, child.name);
        position += child.size_bytes;
        check(child);
    }
    assert_eq!(position, part.offset_bytes + part.size_bytes, "{}", part.name);
}

fn find<'a>(part: &'a Part, kind: PartKind, found: &mut Vec<&'a Part>) {
    if part.kind == kind {
        found.push(part);
    }
    part.children.iter().for_each(|child| find(child, kind, found));
}

#[test]
fn sizes_add_up_to_the_file() {
    let bytes = rich();
    let root = &parts(&bytes).unwrap()[0];
    assert_eq!(root.size_bytes, bytes.len() as u64);
    check(root);
    let mut modules = Vec::new();
    find(root, PartKind::Module, &mut modules);
    assert!(!modules.is_empty());
    let mut code = Vec::new();
    find(root, PartKind::Code, &mut code);
    assert!(code.iter().all(|part| part.size_bytes > 0));
}

#[test]
fn sections_are_told_apart() {
    let bytes = from_wat(
        r#"(component $outer
            (@custom "extra" "12345")
            (core module $guest
                (memory 1) (data (i32.const 0) "hello") (func (export "f") nop)
                (@custom ".debug_info" "x") (@custom "extra" "67")))"#,
    );
    let root = &parts(&bytes).unwrap()[0];
    check(root);
    assert_eq!(root.name, "outer");
    let one = |kind| {
        let mut found = Vec::new();
        find(root, kind, &mut found);
        found
    };
    assert_eq!(one(PartKind::Module)[0].name, "guest");
    assert_eq!(one(PartKind::Code).len(), 1);
    assert_eq!(one(PartKind::Data).len(), 1);
    assert_eq!(one(PartKind::DebugInfo)[0].name, ".debug_info");
    assert_eq!(one(PartKind::Names).len(), 2);
    let extra: Vec<(&str, u64)> =
        one(PartKind::Custom).iter().map(|part| (part.name.as_str(), part.size_bytes)).collect();
    // A section is its id, its length, the length of its name, the name and the data.
    assert_eq!(extra, [("extra", 13), ("extra", 10)]);
}

#[test]
fn core_modules_are_taken_apart_too() {
    let bytes = from_wat("(module (func))");
    let root = &parts(&bytes).unwrap()[0];
    assert_eq!(root.kind, PartKind::Module);
    check(root);
}

fn nested(depth: usize) -> Vec<u8> {
    let mut text = "(component)".to_owned();
    for _ in 1..depth {
        text = format!("(component {text})");
    }
    from_wat(&text)
}

#[test]
fn nesting_has_a_limit() {
    assert!(parts(&nested(limits::NESTING_MAX)).is_ok());
    assert!(producers(&nested(limits::NESTING_MAX)).is_ok());
    assert_eq!(parts(&nested(limits::NESTING_MAX + 1)).unwrap_err(), DecodeError::TooDeep);
    assert_eq!(producers(&nested(limits::NESTING_MAX + 1)).unwrap_err(), DecodeError::TooDeep);
}

#[test]
fn producers_of_every_part() {
    let mut section = wasm_metadata::Producers::empty();
    section.add("language", "Rust", "2024");
    section.add("processed-by", "rustc", "1.99.0");
    let inner = section.add_to_wasm(&from_wat("(module $guest)")).unwrap();
    let mut outer = from_wat("(component)");
    // A core module section: id 1, the length, the module.
    outer.push(1);
    outer.push(u8::try_from(inner.len()).unwrap());
    outer.extend(&inner);
    outer.extend(b"\0\x0d\x07authorsAlice");
    let found = producers(&outer).unwrap();
    assert!(found.is_component);
    assert_eq!(found.annotations[0].value, "Alice");
    assert_eq!(found.annotations[0].name, "authors");
    let guest = &found.children[0];
    assert_eq!(guest.name.as_deref(), Some("guest"));
    assert!(!guest.is_component);
    assert_eq!(guest.fields[1].name, "processed-by");
    assert_eq!(guest.fields[1].values[0].name, "rustc");
    assert_eq!(guest.fields[1].values[0].version, "1.99.0");
}
