//! How long comparisons take: far less in a release build than what is allowed here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use wkit_interface::check::{Contract, Profile, Settings, compare};

/// In a debug build on a busy machine; a release build is some ten times faster.
const TIME_MAX: Duration = Duration::from_secs(20);

fn timed(what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let took = start.elapsed();
    println!("{what}: {took:?}");
    assert!(took < TIME_MAX, "{what} took {took:?}");
}

#[test]
fn a_package_of_a_thousand_interfaces() {
    let side = |ty: &str| {
        let mut wit = String::from("package acme:shop@1.0.0;\n");
        for at in 0..1_000 {
            let _ = writeln!(
                wit,
                "/// Number {at}.\ninterface i{at} {{\n  resource r {{ constructor(a: {ty}); get: func(key: string) -> result<list<u8>, e>; }}\n  \
                 enum e {{ a, b }}\n  record p {{ x: {ty}, y: option<string> }}\n  f: func(p: p, r: borrow<r>) -> option<p>;\n  g: func();\n}}"
            );
        }
        wit
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };
    let (old, new) = (file("old.wit", &side("u8")), file("new.wit", &side("u16")));
    timed("a thousand interfaces that all changed, read and compared", || {
        let read = |path: &Path| Contract::from_wit("wit", path).unwrap();
        let comparison = compare(&read(&old), &read(&new), &Settings::new(Profile::Strict)).unwrap();
        assert_eq!(comparison.findings.len(), 2_001, "a record and a constructor each, and the version");
    });
}
