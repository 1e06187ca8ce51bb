//! Every kind of difference, and none where there is none.

use wkit_fixtures::component::from_wit;
use wkit_fixtures::golden::assert_golden;
use wkit_interface::{Mismatch, Surface, conflicts, decode, limits, mismatches};

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");

fn side(direction: &str, body: &str) -> Surface {
    let wit = format!(
        "package test:it; world it {{ {direction} demo:kv/store@0.1.0; }}
         package demo:kv@0.1.0 {{ interface base {{ resource base-bucket; record base-pair {{ a: u32 }} }} interface store {{ {body} }} }}"
    );
    decode(&from_wit(&wit, "it")).unwrap()
}

fn differences(expected: &str, found: &str) -> Vec<Mismatch> {
    let (importer, exporter) = (side("import", expected), side("export", found));
    mismatches(&importer, "demo:kv/store@0.1.0", &exporter, "demo:kv/store@0.1.0")
}

fn show(list: &[Mismatch]) -> String {
    list.iter()
        .map(|Mismatch { path, expected, found, .. }| format!("{path}: expected {expected}, found {found}\n"))
        .collect()
}

#[test]
fn equal_interfaces_do_not_differ() {
    for body in [
        "get: func(key: string) -> option<u32>;",
        "record r { a: u32 } variant v { x, y(r) } enum e { p, q } flags f { s, t } all: func(r: r, v: v, e: e, f: f);",
        "resource bucket { constructor(name: string); get: func() -> bucket; all: static func(b: borrow<bucket>); }",
        "use base.{base-bucket, base-pair}; f: func(b: borrow<base-bucket>, p: base-pair) -> base-bucket;",
        "go: async func(s: stream<u8>) -> future<string>;",
        "type t = list<tuple<u8, string>>; f: func(t: t) -> result<t, list<t>>;",
    ] {
        assert_eq!(differences(body, body), [], "{body}");
    }
}

#[test]
fn an_export_may_have_more() {
    let more = "record r { a: u32 } resource s { f: func(); } get: func() -> u32; set: func(r: r) -> s;";
    assert_eq!(differences("get: func() -> u32;", more), []);
    assert_eq!(
        differences("type a = u32; get: func() -> a;", "type a = u32; type b = a; get: func() -> b;"),
        []
    );
}

#[test]
fn every_difference_is_listed() {
    let cases = [
        ("missing function", "get: func(); put: func(key: string) -> bool;", "get: func();"),
        ("parameter type", "get: func(key: u32);", "get: func(key: string);"),
        ("deep parameter type", "get: func(keys: list<option<u32>>);", "get: func(keys: list<option<u64>>);"),
        ("parameter name", "get: func(key: u32);", "get: func(name: u32);"),
        ("more parameters", "get: func(key: u32);", "get: func(key: u32, limit: option<u32>);"),
        ("order of parameters", "get: func(a: u32, b: string);", "get: func(b: string, a: u32);"),
        ("result", "get: func() -> u32;", "get: func();"),
        ("result type", "get: func() -> u32;", "get: func() -> result<u32>;"),
        ("async", "get: async func();", "get: func();"),
        ("list or stream", "get: func(s: list<u8>);", "get: func(s: stream<u8>);"),
        (
            "record fields",
            "record r { a: u32, b: string, c: u8 } f: func(r: r);",
            "record r { a: u64, b: string, d: u8 } f: func(r: r);",
        ),
        (
            "order of fields",
            "record r { a: u32, b: string } f: func(r: r);",
            "record r { b: string, a: u32 } f: func(r: r);",
        ),
        (
            "variant cases",
            "variant v { a, b(u32), c } f: func(v: v);",
            "variant v { a(u8), b(u64) } f: func(v: v);",
        ),
        ("enum cases", "enum e { a, b } f: func(e: e);", "enum e { a, b, c } f: func(e: e);"),
        ("order of cases", "enum e { a, b } f: func(e: e);", "enum e { b, a } f: func(e: e);"),
        ("flags", "flags g { a, b } f: func(g: g);", "flags g { a } f: func(g: g);"),
        ("another kind of type", "record t { a: u32 } f: func(t: t);", "variant t { a(u32) } f: func(t: t);"),
        ("type becomes alias", "record t { a: u32 } f: func(t: t);", "type t = u32; f: func(t: t);"),
        ("missing type", "type t = u32; f: func(t: t);", "f: func(t: u32);"),
        ("missing resource", "resource b { f: func(); } g: func();", "g: func();"),
        (
            "missing method",
            "resource b { f: func(); h: func(); } g: func() -> b;",
            "resource b { f: func(); } g: func() -> b;",
        ),
        ("method becomes static", "resource b { f: func(); }", "resource b { f: static func(); }"),
        ("method parameter", "resource b { f: func(n: u32); }", "resource b { f: func(n: u64); }"),
        ("constructor", "resource b { constructor(n: u32); }", "resource b { constructor(); }"),
        ("own or borrow", "resource b; f: func(b: b);", "resource b; f: func(b: borrow<b>);"),
        ("resource or record", "resource b; f: func(b: b);", "record b { a: u32 } f: func(b: b);"),
        (
            "home of a resource",
            "use base.{base-bucket}; f: func() -> base-bucket;",
            "resource base-bucket; f: func() -> base-bucket;",
        ),
        ("result halves", "f: func() -> result<u32, string>;", "f: func() -> result<_, u8>;"),
        (
            "nested records once",
            "record i { n: u32 } record o { i: i, l: list<i> } f: func(o: o) -> i;",
            "record i { n: u64 } record o { i: i, l: list<i> } f: func(o: o) -> i;",
        ),
        (
            "many at once",
            "record r { a: u32 } enum e { x } f: func(r: r) -> e; g: func(); h: func(n: s8) -> f32;",
            "record r { a: s32 } enum e { y } f: func(r: r) -> e; h: func(n: u8) -> f64;",
        ),
    ];
    let mut text = String::new();
    for (name, expected, found) in cases {
        let list = differences(expected, found);
        assert!(!list.is_empty(), "{name}");
        text.push_str(&format!("# {name}\nimport: {expected}\nexport: {found}\n{}\n", show(&list)));
    }
    assert_golden(format!("{GOLDENS}/mismatches.txt"), &text);
}

#[test]
fn imports_that_become_one_may_each_have_more() {
    let first = side("import", "a: func(); b: func(n: u32);");
    let second = side("import", "b: func(n: u64); c: func();");
    let name = "demo:kv/store@0.1.0";
    let list = conflicts(&first, name, &second, name);
    assert_eq!(show(&list), "function `b`, parameter `n`: expected u32, found u64\n");
    let third = side("import", "a: func(); d: func();");
    assert_eq!(conflicts(&first, name, &third, name), []);
}

#[test]
fn the_list_has_a_limit() {
    let functions =
        |count: usize| (0..count).map(|index| format!("f-n{index}: func(); ")).collect::<String>();
    let just = differences(&functions(limits::MISMATCHES_MAX), "z: func();");
    assert_eq!(just.len(), limits::MISMATCHES_MAX);
    let beyond = differences(&functions(limits::MISMATCHES_MAX + 1), "z: func();");
    assert_eq!(beyond.len(), limits::MISMATCHES_MAX);
}

#[test]
fn items_of_another_kind() {
    let exporter = decode(&from_wit("package a:b; world w { export x: func(n: u32); }", "w")).unwrap();
    let importer =
        decode(&from_wit("package a:b; world w { import x: interface { f: func(); } }", "w")).unwrap();
    let list = mismatches(&importer, "x", &exporter, "x");
    assert_eq!(show(&list), ": expected an interface, found func(n: u32)\n");
    assert_eq!(mismatches(&importer, "x", &exporter, "y").len(), 1);
}
