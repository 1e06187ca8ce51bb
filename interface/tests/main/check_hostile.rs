//! Input that is made to take long, or all memory, or to bring the reader down.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use wkit_fixtures::component::from_wat;
use wkit_interface::check::{Comparison, Contract, ContractError, Profile, Settings, compare};
use wkit_interface::limits::{
    CONTRACT_PACKAGES_MAX, CONTRACT_PARAMETERS_MAX, FINDINGS_MAX, TYPE_NESTING_MAX,
};

/// Far more than any of it takes, and far less than what grows with the square of the size.
const TIME_MAX: Duration = Duration::from_secs(60);

fn wit(text: &str) -> Result<Contract, ContractError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wit");
    fs::write(&file, text).unwrap();
    Contract::from_wit("a.wit", &file)
}

fn compared(old: &str, new: &str) -> Comparison {
    let start = Instant::now();
    let (old, new) = (wit(old).unwrap(), wit(new).unwrap());
    let comparison = compare(&old, &new, &Settings::new(Profile::Strict)).unwrap();
    assert!(start.elapsed() < TIME_MAX, "{:?}", start.elapsed());
    comparison
}

fn many(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "{}", item(at));
        text
    })
}

fn interface(body: &str) -> String {
    format!("package acme:shop@1.0.0;\ninterface store {{\n{body}}}\n")
}

#[test]
fn a_type_inside_another_as_deep_as_the_limit_and_deeper() {
    let chain = |length: usize| {
        interface(&many(length, |at| match at {
            0 => "record t0 { a: u32 }".to_owned(),
            at => format!("record t{at} {{ a: t{} }}", at - 1),
        }))
    };
    let (fits, too_deep) = (chain(TYPE_NESTING_MAX), chain(TYPE_NESTING_MAX + 1));
    assert!(compared(&fits, &fits).findings.is_empty());
    let depth = TYPE_NESTING_MAX + 1;
    assert_eq!(wit(&too_deep).unwrap_err(), ContractError::TooDeep { depth });
    assert_eq!(wit(&chain(100_000)).unwrap_err(), ContractError::TooDeep { depth: 100_000 });
}

#[test]
fn brackets_without_end_are_refused() {
    for text in [
        interface(&format!("type a = {}u8{};\n", "list<".repeat(100_000), ">".repeat(100_000))),
        interface(&format!("type a = {}", "tuple<".repeat(100_000))),
        "package a:b { ".repeat(100_000),
        format!("package a:b;\n{}", "interface a { ".repeat(100_000)),
        format!("package a:b;\n{}", "/*".repeat(100_000)),
        format!("package a:b;\n{}", "(".repeat(100_000)),
    ] {
        assert!(wit(&text).is_err(), "{}", &text[..40]);
    }
}

#[test]
fn an_interface_of_very_many_functions() {
    let functions = |count: usize, word: &str| {
        interface(&many(count, |at| format!("{word}{at}: func(key: string) -> list<u8>;")))
    };
    let old = functions(20_000, "get");
    assert!(compared(&old, &old).findings.is_empty());
    let comparison = compared(&old, &functions(20_000, "put"));
    assert!(comparison.truncated);
    assert!((FINDINGS_MAX..FINDINGS_MAX + 100).contains(&comparison.findings.len()));
}

#[test]
fn an_interface_of_very_many_types() {
    let types = |word: &str, ty: &str| {
        let mut body = many(15_000, |at| format!("record {word}{at} {{ a: {ty}, b: list<{word}-one> }}"));
        let _ = writeln!(body, "type {word}-one = u8;");
        interface(&body)
    };
    assert!(compared(&types("a", "u8"), &types("a", "u8")).findings.is_empty());
    assert!(compared(&types("a", "u8"), &types("b", "u16")).truncated);
    assert!(compared(&types("a", "u8"), &types("a", "u16")).truncated);
}

#[test]
fn types_of_a_hundred_thousand_members() {
    let members = |word: &str| {
        let names = many(100_000, |at| format!("{word}{at},"));
        let fields = many(100_000, |at| format!("{word}{at}: u8,"));
        let body = format!("enum e {{ {names} }}\nrecord r {{ {fields} }}\ng: func(e: e, r: r);\n");
        interface(&body)
    };
    let comparison = compared(&members("a"), &members("b"));
    assert_eq!(comparison.findings.len(), 3, "two changes, and the version");
    let longest = comparison.findings.iter().flat_map(|finding| [&finding.old, &finding.new]);
    let longest = longest.flatten().map(|shown| shown.wit.len()).max().unwrap_or_default();
    assert!(longest < 10_000, "{longest}");
    assert!(compared(&members("a"), &members("a")).findings.is_empty());
}

#[test]
fn a_breaking_change_is_not_lost_behind_thousands_of_notes() {
    let side = |docs: &str, last: &str| {
        let body = many(FINDINGS_MAX + 10, |at| format!("/// {docs}\nget{at}: func();"));
        interface(&format!("{body}{last}\n"))
    };
    let comparison = compared(&side("a", "zero: func();"), &side("b", ""));
    assert!(comparison.truncated);
    assert!(comparison.findings.iter().any(|finding| finding.rule.id == "FUNC_NO_DELETE"));
}

#[test]
fn thousands_of_interfaces_that_use_each_other() {
    let side = |ty: &str| {
        let interfaces = many(2_000, |at| match at {
            0 => format!("interface i0 {{ record t {{ a: {ty} }} }}"),
            at => format!(
                "interface i{at} {{ use i{}.{{t as u}}; record t {{ a: u8 }} f: func(u: u); }}",
                at - 1
            ),
        });
        format!(
            "package acme:shop@1.0.0;\n{interfaces}world all {{ {} }}\n",
            many(2_000, |at| format!("import i{at};"))
        )
    };
    let comparison = compared(&side("u8"), &side("u16"));
    assert_eq!(comparison.findings.len(), 3, "{:#?}", comparison.findings);
}

#[test]
fn worlds_that_all_import_the_same() {
    let side = |count: usize| {
        let interfaces =
            many(200, |at| format!("interface i{at} {{ {} }}", many(50, |at| format!("do{at}: func();"))));
        let imports = many(200, |at| format!("import i{at};"));
        let worlds = many(count, |at| format!("world w{at} {{ {imports} }}"));
        format!("package acme:shop@1.0.0;\n{interfaces}{worlds}")
    };
    assert!(compared(&side(20), &side(20)).findings.is_empty());
    let many_worlds = wit(&side(3_000)).unwrap();
    let error = compare(&many_worlds, &many_worlds, &Settings::new(Profile::Strict)).unwrap_err();
    assert!(error.to_string().contains("too much to compare"), "{error}");
}

#[test]
fn functions_of_as_many_parameters_as_the_limit_and_more() {
    let side = |count: usize, word: &str| {
        interface(&format!("f: func({});\n", many(count, |at| format!("{word}{at}: u8,"))))
    };
    let comparison = compared(&side(CONTRACT_PARAMETERS_MAX, "a"), &side(CONTRACT_PARAMETERS_MAX, "b"));
    assert_eq!(comparison.findings.len(), CONTRACT_PARAMETERS_MAX + 1);
    let path = "a.wit".to_owned();
    assert_eq!(
        wit(&side(CONTRACT_PARAMETERS_MAX + 1, "a")).unwrap_err(),
        ContractError::TooManyParameters { path }
    );
}

#[test]
fn chains_of_packages_as_long_as_the_limit_and_longer() {
    let chain = |count: usize| {
        let packages = many(count - 1, |at| match at {
            0 => "package a:p0 { interface i { type t = u8; } }".to_owned(),
            at => format!(
                "package a:p{at} {{ interface i {{ use a:p{}/i.{{t as u}}; type t = u8; }} }}",
                at - 1
            ),
        });
        let last = count - 2;
        format!("package a:main;\n{packages}interface i {{ use a:p{last}/i.{{t}}; f: func(t: t); }}")
    };
    assert!(compared(&chain(CONTRACT_PACKAGES_MAX), &chain(CONTRACT_PACKAGES_MAX)).findings.is_empty());
    let error = wit(&chain(CONTRACT_PACKAGES_MAX + 1)).unwrap_err();
    assert!(matches!(error, ContractError::TooManyPackages { .. }), "{error}");
}

#[test]
fn what_lies_in_deps_is_validated_before_it_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    write("a.wit", b"package acme:shop; interface store { get: func(); }");
    assert!(Contract::from_wit("wit", folder.path()).is_ok());
    for bytes in [&b"\0asm\x0d\0\x01\0\x07\xff\xff\xff\xff\x0f"[..], b"\0asm", b"\0asm\x01\0\0\0"] {
        write("deps/a.wasm", bytes);
        let error = Contract::from_wit("wit", folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("`deps/a.wasm` is no WIT package: "), "{error}");
    }
    let component = from_wat("(component)");
    write("deps/a.wasm", &component);
    assert!(matches!(Contract::from_wit("wit", folder.path()), Err(ContractError::Invalid { .. })));
    write("deps/a.wasm", &wkit_fixtures::component::wit_package("package dep:a; interface i { f: func(); }"));
    assert!(Contract::from_wit("wit", folder.path()).is_ok());
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wit"), "package a:b;").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("b.wit")).unwrap();
    let error = Contract::from_wit("wit", folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `b.wit`: it is no regular file");
    let error = Contract::from_wit("wit", &folder.path().join("b.wit")).unwrap_err();
    assert!(matches!(error, ContractError::Io { .. }), "{error}");
}

#[test]
fn what_cannot_be_read_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &Path| Contract::from_wit("x", path).unwrap_err();
    assert!(matches!(error(&folder.path().join("none")), ContractError::Io { .. }));
    assert!(matches!(error(folder.path()), ContractError::NoWit { .. }));
    let file = folder.path().join("a.wit");
    fs::write(&file, b"package a:b;\ninterface i { f: func(a: nothing); }").unwrap();
    let shown = error(folder.path()).to_string();
    assert!(shown.contains("a.wit:2:26") && !shown.contains(&*folder.path().to_string_lossy()), "{shown}");
    fs::write(&file, b"package a:b;\n\xff").unwrap();
    assert!(matches!(error(folder.path()), ContractError::Invalid { .. }));
    // A single file that is Wasm is validated as such.
    fs::write(&file, b"\0asm\x0d\0\x01\0\x07\xff").unwrap();
    assert!(matches!(error(&file), ContractError::Decode(_)));
}
