use std::path::Path;

use super::*;

fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

fn package(name: &str, version: &str, demand: &str) -> LockedPackage {
    LockedPackage {
        name: name.to_owned(),
        version: Some(version.parse().unwrap()),
        source: "registry.example/acme/tax".to_owned(),
        manifest: digest(version),
        component: digest(name),
        demands: BTreeSet::from([demand.to_owned()]),
        wit: BTreeSet::from(["acme:rates@0.1.0".to_owned()]),
    }
}

fn lock() -> Lock {
    Lock {
        packages: vec![
            package("acme:tax", "1.10.0", "wkit.toml: acme:tax@^1"),
            package("acme:tax", "1.2.0", "compose.wac: acme:tax@1.2.0"),
            LockedPackage {
                version: None,
                ..package("host.example/tax:edge", "1.0.0", "wkit.toml: host.example/tax:edge")
            },
        ],
        files: vec![LockedFile {
            path: "a \"b\".wasm".to_owned(),
            component: digest("file"),
            wit: BTreeSet::new(),
        }],
        members: vec![LockedMember {
            name: "cart".to_owned(),
            wit: BTreeSet::from(["shop:it@0.1.0".to_owned()]),
        }],
    }
}

fn parse(text: &str) -> Result<Lock, CommandError> {
    Lock::parse(text, Path::new("wkit.lock"))
}

#[test]
fn what_is_written_is_read_and_sorted() {
    let text = lock().render().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/lock-format.txt");
    wkit_fixtures::golden::assert_golden(file, &text);
    let read = parse(&text).unwrap();
    assert_eq!(read.packages[0].version, Some("1.2.0".parse().unwrap()), "sorted as versions, not as text");
    assert_eq!(read.render().unwrap(), text);
    assert_eq!(read.versions(&"acme:tax".parse().unwrap()).len(), 2);
    assert_eq!(parse("version = 1\n").unwrap(), Lock::default());
}

#[test]
fn a_lock_that_is_damaged() {
    let fails = |text: &str| {
        let error = parse(text).unwrap_err();
        (error.message().to_owned(), error.hints().join("; "))
    };
    let whole = lock().render().unwrap();
    let conflict = whole.replace("version = 1\n", "<<<<<<< HEAD\nversion = 1\n=======\n");
    let (message, hint) = fails(&conflict);
    assert_eq!(message, "wkit.lock:2:1: the lock has the marks of a merge that was not resolved");
    assert!(hint.starts_with("take the file of either side"), "{hint}");

    let (message, hint) = fails("version = 2\n[[packages]]\n");
    assert_eq!(message, "`wkit.lock` has the format 2, expected 1");
    assert!(hint.contains("another wkit"), "{hint}");

    for (text, expected) in [
        ("", "wkit.lock:1:1: missing field `version`"),
        ("version = 1\n[[package]]\nname = \"a:b\"\n", "wkit.lock:2:1: missing field `source`"),
        ("version = 1\ncolour = 2\n", "wkit.lock:2:1: unknown field `colour`"),
        (&whole.replace("sha256:", "sha257:"), "wkit.lock:"),
        (&whole[..whole.len() / 2], "wkit.lock:"),
    ] {
        let (message, hint) = fails(text);
        assert!(message.starts_with(expected), "{text}: {message}");
        assert!(hint.starts_with("restore the file from version control"), "{hint}");
    }
}

#[test]
fn the_size_of_a_lock_is_limited() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wkit.lock");
    let max = usize::try_from(LOCK_FILE_BYTES_MAX).unwrap();
    let at = "version = 1\n".to_owned() + &"#".repeat(max - 12);
    std::fs::write(&path, &at).unwrap();
    assert_eq!(Lock::read(&path).unwrap(), Some(Lock::default()));
    std::fs::write(&path, at + "#").unwrap();
    assert!(Lock::read(&path).unwrap_err().message().contains("too large"));
    assert_eq!(Lock::read(&folder.path().join("other")).unwrap(), None);
}

#[test]
fn every_difference_is_a_line() {
    assert_eq!(differences(&lock(), &lock()), Vec::<String>::new());
    let mut needed = lock();
    needed.packages[0].manifest = digest("moved");
    needed.packages[0].demands = BTreeSet::from(["wkit.toml: acme:tax@^1.3".to_owned()]);
    needed.packages[1] = package("acme:log", "2.0.0", "wkit.toml: acme:log@^2");
    needed.packages[2].source = "other.example/tax".to_owned();
    needed.files[0].component = digest("changed");
    needed.members[0].wit.clear();
    needed.members.push(LockedMember { name: "new".to_owned(), wit: BTreeSet::new() });
    let lines = differences(&lock(), &needed).join("\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/lock-differences.txt");
    wkit_fixtures::golden::assert_golden(file, &format!("{lines}\n"));
}

#[test]
fn changes_are_told_in_pairs() {
    let old = lock();
    let mut new = lock();
    new.packages[0] = package("acme:tax", "1.11.0", "wkit.toml: acme:tax@^1");
    new.packages[2].manifest = digest("moved");
    new.packages.push(package("acme:log", "2.0.0", "wkit.toml: acme:log@^2"));
    let shown: Vec<String> = changes(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "acme:log 2.0.0 is new".to_owned(),
            "acme:tax 1.10.0 → 1.11.0".to_owned(),
            format!("host.example/tax:edge {} → {}", digest("1.0.0"), digest("moved")),
        ]
    );
    assert_eq!(changes(&new, &old)[0].to_string(), "acme:log 2.0.0 is gone");
}
