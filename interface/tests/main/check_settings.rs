//! Whom a check protects, which versions it demands, and what a project makes of its findings.

use std::fs;

use semver::Version;
use wkit_fixtures::component::from_wit;
use wkit_interface::check::{
    Bump, CheckError, Comparison, Contract, Ignore, Level, Profile, Settings, Status, compare,
};

const STORE: &str = "get: func(key: string) -> string;\nremove: func(key: string);";
const STORE_LESS: &str = "get: func(key: string) -> string;";
const STORE_MORE: &str = "get: func(key: string) -> string;\nremove: func(key: string);\nclear: func();";

fn package(version: &str, functions: &str) -> Contract {
    let version = if version.is_empty() { String::new() } else { format!("@{version}") };
    read(&format!("package acme:shop{version};\ninterface store {{\n{functions}\n}}\n"))
}

fn read(wit: &str) -> Contract {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wit"), wit).unwrap();
    Contract::from_wit("wit", folder.path()).unwrap()
}

fn compared(old: (&str, &str), new: (&str, &str), settings: &Settings) -> Comparison {
    compare(&package(old.0, old.1), &package(new.0, new.1), settings).unwrap()
}

fn ids(comparison: &Comparison) -> Vec<&str> {
    comparison.findings.iter().map(|finding| finding.rule.id).collect()
}

fn breaking(comparison: &Comparison) -> Vec<&str> {
    comparison.breaking().map(|finding| finding.rule.id).collect()
}

#[test]
fn a_profile_says_what_is_breaking() {
    use Level::{Additive, Breaking, Note};
    for (profile, added, gone) in [
        (Profile::HostApi, Additive, Breaking),
        (Profile::Library, Additive, Breaking),
        (Profile::Component, Breaking, Note),
        (Profile::Strict, Breaking, Breaking),
    ] {
        let settings = Settings::new(profile);
        let level = |old, new| compared(("", old), ("", new), &settings).findings[0].level;
        assert_eq!(level(STORE_LESS, STORE), added, "{profile}");
        assert_eq!(level(STORE, STORE_LESS), gone, "{profile}");
    }
    assert_eq!(Profile::default_for(&package("", STORE)), Profile::Library);
    assert_eq!(
        Profile::default_for(&package("1.0.0", &format!("@since(version = 1.0.0)\n{STORE}"))),
        Profile::HostApi
    );
    let component = from_wit("package a:b; world w { export run: func(); }", "w");
    let component = Contract::from_wasm("app.wasm", &component).unwrap();
    assert_eq!(Profile::default_for(&component), Profile::Component);
}

#[test]
fn a_version_that_grew_enough_allows_what_breaks() {
    for (old, new, is_allowed) in [
        ("1.0.0", "2.0.0", true),
        ("1.0.0", "2.0.0-rc.1", true),
        ("1.0.0", "1.1.0", false),
        ("1.0.0", "1.0.0", false),
        ("1.0.0", "1.1.0-rc.1", false),
        ("1.0.0", "0.9.0", false),
        ("0.2.6", "0.3.0", true),
        ("0.2.6", "0.2.7", false),
        ("0.0.3", "0.0.4", true),
        ("1.0.0-rc.1", "1.0.0-rc.2", true),
        ("1.0.0-rc.1", "1.0.0", true),
        ("", "", false),
        ("", "1.0.0", false),
        ("1.0.0", "", false),
    ] {
        let comparison = compared((old, STORE), (new, STORE_LESS), &Settings::new(Profile::HostApi));
        let gone = comparison.findings.iter().find(|finding| finding.rule.id == "FUNC_NO_DELETE").unwrap();
        assert_eq!(gone.level, Level::Breaking);
        assert_eq!(matches!(gone.status, Status::AllowedByVersion { .. }), is_allowed, "{old} {new}");
        assert_eq!(breaking(&comparison).is_empty(), is_allowed, "{old} {new}");
        let has_versions = !old.is_empty() && !new.is_empty();
        let is_told = ids(&comparison).contains(&"VERSION_BUMP_REQUIRED");
        assert_eq!(is_told, has_versions && !is_allowed, "{old} {new}");
        assert_eq!(comparison.required, Bump::Major);
        let strict = compared((old, STORE), (new, STORE_LESS), &Settings::new(Profile::Strict));
        assert!(breaking(&strict).contains(&"FUNC_NO_DELETE"), "{old} {new}");
    }
}

#[test]
fn what_is_new_demands_a_minor_version() {
    for (old, new, is_enough, at_least) in [
        ("1.0.0", "1.1.0", true, None),
        ("1.0.0", "1.0.1", false, Some("1.1.0")),
        ("0.2.6", "0.2.7", true, None),
        ("0.2.6", "0.2.6", false, Some("0.2.7")),
        ("0.0.3", "0.0.4", true, None),
        ("1.0.0-rc.1", "1.0.0-rc.2", true, None),
    ] {
        let comparison = compared((old, STORE), (new, STORE_MORE), &Settings::new(Profile::HostApi));
        assert_eq!(comparison.required, Bump::Minor);
        let step = &comparison.versions[0];
        assert_eq!((step.package.as_str(), step.enough), ("acme:shop", is_enough), "{old} {new}");
        assert_eq!(step.at_least, at_least.map(|version| Version::parse(version).unwrap()), "{old} {new}");
        assert_eq!(breaking(&comparison).is_empty(), is_enough, "{old} {new}");
    }
    // Until it is released, a library may keep its number.
    let comparison = compared(("1.0.0", STORE), ("1.0.0", STORE_MORE), &Settings::new(Profile::Library));
    assert_eq!(breaking(&comparison), Vec::<&str>::new());
}

#[test]
fn versions_that_go_back_are_told() {
    let settings = Settings::new(Profile::HostApi);
    let found = |old, new| {
        let comparison = compared((old, STORE), (new, STORE), &settings);
        ids(&comparison).first().map(|id| (*id).to_owned())
    };
    assert_eq!(found("1.1.0", "1.0.0").as_deref(), Some("VERSION_NO_DECREASE"));
    assert_eq!(found("1.0.0", "1.0.0-rc.1").as_deref(), Some("VERSION_NO_DECREASE"));
    assert_eq!(found("1.0.0-rc.9", "1.0.0-rc.10"), None);
    assert_eq!(found("1.0.0-rc9", "1.0.0-rc10").as_deref(), Some("PRERELEASE_ORDER"));
    assert_eq!(found("1.0.0", "1.0.1"), None);
}

#[test]
fn packages_that_it_depends_on_have_steps_of_their_own() {
    let side = |version: &str, more: &str| {
        read(&format!(
            "package acme:shop@1.0.0;\nworld app {{ import acme:kv/store@{version}; }}\n\
             package acme:kv@{version} {{ interface store {{ get: func(); {more} }} }}"
        ))
    };
    let comparison =
        compare(&side("1.0.0", ""), &side("1.1.0", "put: func();"), &Settings::new(Profile::HostApi))
            .unwrap();
    let steps: Vec<_> =
        comparison.versions.iter().map(|step| (step.package.as_str(), step.actual, step.required)).collect();
    assert_eq!(steps, [("acme:shop", Bump::None, Bump::Minor), ("acme:kv", Bump::Minor, Bump::Minor)]);
}

fn ignoring(rule: &str, path: Option<&str>, until: Option<&str>) -> Settings {
    let ignore = Ignore {
        rule: rule.to_owned(),
        path: path.map(str::to_owned),
        reason: "nobody calls it".to_owned(),
        until: until.map(|version| Version::parse(version).unwrap()),
    };
    Settings { ignores: vec![ignore], ..Settings::new(Profile::HostApi) }
}

#[test]
fn what_is_ignored_neither_counts_nor_demands_a_version() {
    for (path, until, is_ignored) in [
        (None, None, true),
        (Some("acme:shop/store#remove"), None, true),
        (Some("acme:shop/*"), None, true),
        (Some("acme:shop/store#get"), None, false),
        (None, Some("2.0.0"), true),
        (None, Some("1.1.0"), false),
        (None, Some("1.0.5"), false),
    ] {
        let settings = ignoring("FUNC_NO_DELETE", path, until);
        let comparison = compared(("1.0.0", STORE), ("1.1.0", STORE_LESS), &settings);
        let gone = comparison.findings.iter().find(|finding| finding.rule.id == "FUNC_NO_DELETE").unwrap();
        assert_eq!(matches!(gone.status, Status::Ignored { .. }), is_ignored, "{path:?} {until:?}");
        assert_eq!(breaking(&comparison).is_empty(), is_ignored, "{path:?} {until:?}");
        let is_unused = ids(&comparison).contains(&"IGNORE_UNUSED");
        assert_eq!(is_unused, path.is_some_and(|path| path.ends_with("get")), "{path:?}");
        if until.is_some() && !is_ignored {
            assert!(gone.hint.as_deref().unwrap().starts_with("it was ignored until "), "{gone:?}");
        }
    }
}

#[test]
fn what_a_version_does_wrong_can_be_ignored_too() {
    let settings = ignoring("VERSION_BUMP_REQUIRED", None, None);
    let comparison = compared(("1.0.0", STORE), ("1.0.1", STORE_MORE), &settings);
    assert_eq!(breaking(&comparison), Vec::<&str>::new());
    assert!(!ids(&comparison).contains(&"IGNORE_UNUSED"));
}

#[test]
fn levels_of_the_project_come_first() {
    let level = |level| {
        let mut settings = Settings::new(Profile::HostApi);
        settings.levels.insert("FUNC_NO_DELETE".to_owned(), level);
        compared(("1.0.0", STORE), ("1.0.1", STORE_LESS), &settings)
    };
    let off = level(None);
    assert_eq!((ids(&off), off.required), (Vec::new(), Bump::None));
    let note = level(Some(Level::Note));
    assert_eq!((ids(&note), note.required), (vec!["FUNC_NO_DELETE"], Bump::Patch));
}

#[test]
fn a_world_can_be_chosen() {
    let side = |log: &str| {
        read(&format!("package acme:shop@1.0.0;\nworld a {{ {log} }}\nworld b {{ export run: func(); }}"))
    };
    let (old, new) = (side(""), side("import log: func();"));
    let of_world = |world: &str| {
        let settings = Settings { world: Some(world.to_owned()), ..Settings::new(Profile::Strict) };
        compare(&old, &new, &settings)
    };
    assert!(ids(&of_world("a").unwrap()).contains(&"WORLD_IMPORT_ADD"));
    assert!(ids(&of_world("b").unwrap()).is_empty());
    let error = of_world("c").unwrap_err();
    assert!(matches!(error, CheckError::UnknownWorld { .. }));
    assert_eq!(error.to_string(), "`wit` has no world `c`, found `a`, `b`");
    let component = from_wit("package a:b; world w { export run: func(); }", "w");
    let component = Contract::from_wasm("app.wasm", &component).unwrap();
    let with_component = |world: Option<&str>| {
        let settings = Settings { world: world.map(str::to_owned), ..Settings::new(Profile::Strict) };
        compare(&new, &component, &settings)
    };
    assert!(matches!(with_component(None), Err(CheckError::SeveralWorlds { .. })));
    assert!(ids(&with_component(Some("b")).unwrap()).is_empty());
    let nothing = package("1.0.0", STORE);
    let error = compare(&nothing, &component, &Settings::new(Profile::Strict)).unwrap_err();
    assert!(matches!(error, CheckError::NoWorld { .. }));
}

#[test]
fn names_that_changed_are_told_as_that() {
    let message = |old: &str, new: &str| {
        let comparison = compared(("", old), ("", new), &Settings::new(Profile::Strict));
        comparison.findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("\n")
    };
    for (old, new, expected) in [
        (
            "get: func(key: u8);",
            "fetch: func(key: u8);",
            "function `get` is gone; `fetch` is new and has the same type",
        ),
        ("get: func();", "gets: func();", "function `get` is gone; `gets` is new and has a name like it"),
        ("get: func(); put: func();", "put: func();", "function `get` is gone\n"),
        ("get: func(x: u8);", "get: func(y: u8);", "parameter `x` of function `get` is called `y` now"),
        ("record r { x: u8 }", "record r { y: u8 }", "record `r`: field `x` is called `y` now"),
        ("record r { x: u8 }", "record s { x: u8 }", "record `r` is called `s` now"),
        ("enum e { a }", "variant e { a }", "variant `e` was a type of the kind `enum` before"),
        ("type t = u8;", "type t = list<u8>;", "type `t` was `u8` and is `list<u8>`"),
    ] {
        let found = format!("{}\n", message(old, new));
        assert!(found.contains(expected), "{found}");
    }
}
