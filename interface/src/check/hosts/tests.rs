use super::facts::{FILES, later};
use super::*;
use crate::name::{InterfaceParts, canonical_version};

fn import(name: &str, items: &[&str]) -> Import {
    Import { name: name.to_owned(), items: items.iter().map(|item| (*item).to_owned()).collect() }
}

fn messages(spec: &str, name: &str, items: &[&str]) -> Vec<String> {
    let host = find(spec).unwrap();
    gaps_of(&[import(name, items)], &host).iter().map(|gap| gap.message(&host)).collect()
}

#[test]
fn every_file_is_read_and_makes_sense() {
    assert_eq!(hosts().len(), FILES.len());
    assert!(!later().is_empty());
    for host in hosts() {
        let sorted = host.versions.windows(2).all(|pair| numbers(&pair[0]) < numbers(&pair[1]));
        assert!(sorted, "{}", host.name);
        let known = |version: &Option<String>| version.as_ref().is_none_or(|it| host.index(it).is_some());
        assert!(known(&host.any_patch_from));
        for entry in &host.provides {
            assert!(known(&entry.until), "{entry:?}");
            assert!(
                !entry.at.is_empty() && entry.at.iter().all(|(from, _)| host.index(from).is_some()),
                "{entry:?}"
            );
            assert!(
                entry.at.windows(2).all(|pair| host.index(&pair[0].0) < host.index(&pair[1].0)),
                "{entry:?}"
            );
            for interface in &entry.interfaces {
                assert!(InterfaceParts::parse(interface).is_some(), "{interface}");
            }
        }
    }
}

#[test]
fn a_version_is_found_by_its_beginning() {
    for (spec, expected) in [
        ("wasmtime@48", "Wasmtime 48"),
        ("wasmtime@48.0.8", "Wasmtime 48"),
        ("wasmtime", "Wasmtime 50"),
        ("spin@3", "Spin 3.6"),
        ("spin@3.3.1", "Spin 3.2"),
        ("jco@1.35.0", "jco with its shims 1.35"),
        ("wasmcloud@0.12.0", "wasmCloud 0.12"),
    ] {
        assert_eq!(find(spec).unwrap().to_string(), expected, "{spec}");
    }
    for spec in ["wasmtime@13", "wasmtime@51", "wasmtime@x", "wasmtime@", "spin@3.7", "spin@1", "spin@9.1"] {
        assert!(matches!(find(spec), Err(HostError::UnknownVersion { .. })), "{spec}");
    }
    assert_eq!(
        find("wasmtme@48").unwrap_err().to_string(),
        "there is no host `wasmtme`; known are `jco`, `spin`, `wash-runtime`, `wasmcloud`, `wasmtime`, `wkit`"
    );
    assert!(
        matches!(find("wasmtme"), Err(HostError::UnknownHost { meant: Some(name), .. }) if name == "wasmtime")
    );
}

#[test]
fn a_gap_says_who_has_it() {
    assert_eq!(
        messages("wasmtime@40", "wasi:clocks/system-clock@0.3.0", &[]),
        ["Wasmtime 40 does not have import `wasi:clocks/system-clock@0.3.0`; Wasmtime has it from 46 on"]
    );
    assert_eq!(
        messages("wasmtime@48", "wasi:clocks/timezone@0.2.6", &[]),
        [
            "Wasmtime 48 does not have import `wasi:clocks/timezone@0.2.6`; no version of Wasmtime that is known has it"
        ]
    );
    assert_eq!(
        messages("wasmtime@48", "wasi:cli/stdin@0.3.0-rc-2026-03-15", &[]),
        [
            "Wasmtime 48 does not have import `wasi:cli/stdin@0.3.0-rc-2026-03-15`; Wasmtime has it from 43 to 45 only"
        ]
    );
    assert_eq!(
        messages("wasmtime@48", "acme:tax/rates@1.0.0", &[]),
        [
            "Wasmtime 48 does not have import `acme:tax/rates@1.0.0`; no version of Wasmtime that is known has it"
        ]
    );
    assert_eq!(
        messages("wasmtime@48", "log", &[]),
        ["Wasmtime 48 does not have import `log`; no version of Wasmtime that is known has it"]
    );
}

#[test]
fn patch_versions_stand_in_for_each_other_where_the_host_says_so() {
    // Up to 18 only the version that the host has; from 19 on every patch version.
    assert_eq!(messages("wasmtime@17", "wasi:io/streams@0.2.0", &[]), [""; 0]);
    assert_eq!(messages("wasmtime@18", "wasi:io/streams@0.2.3", &["input-stream"]).len(), 1);
    assert_eq!(messages("wasmtime@19", "wasi:io/streams@0.2.3", &["input-stream"]), [""; 0]);
    assert_eq!(messages("wasmtime@48", "wasi:io/streams@0.2.0", &["input-stream"]), [""; 0]);
    assert_eq!(messages("wasmtime@48", "wasi:io/streams@0.2", &[]), [""; 0]);
    assert_eq!(messages("wasmtime@48", "wasi:io/streams", &[]).len(), 1);
    assert_eq!(messages("wasmtime@48", "wasi:cli/stdin@0.3.2", &[]), [""; 0]);
    assert_eq!(messages("jco", "wasi:cli/stdin@0.2.12", &[]), [""; 0]);
    assert_eq!(messages("jco", "wasi:cli/stdin@0.3.0", &[]), [""; 0]);
    assert_eq!(messages("jco", "wasi:cli/stdin@0.3.2", &[]).len(), 1);
}

#[test]
fn a_function_that_came_later_is_missed_in_older_hosts() {
    let items = ["exit", "exit-with-code"];
    assert_eq!(
        messages("spin@3.6", "wasi:cli/exit@0.2.12", &items),
        [
            "Spin 3.6 lacks `exit-with-code` of import `wasi:cli/exit@0.2.12`: it has version 0.2.6; no version \
          of Spin that is known has it"
        ]
    );
    assert_eq!(
        messages("wasmtime@26", "wasi:cli/exit@0.2.12", &items),
        [
            "Wasmtime 26 lacks `exit-with-code` of import `wasi:cli/exit@0.2.12`: it has version 0.2.1; Wasmtime has it from \
          27 on"
        ]
    );
    // From 27 on it is there behind a flag, from 46 on without one.
    for (version, flags) in
        [("27", vec!["-S cli-exit-with-code"]), ("45", vec!["-S cli-exit-with-code"]), ("46", vec![])]
    {
        let host = find(&format!("wasmtime@{version}")).unwrap();
        let imports = [import("wasi:cli/exit@0.2.12", &items)];
        assert_eq!(gaps_of(&imports, &host), [], "{version}");
        let found: Vec<String> = flags_of(&imports, &host).into_iter().map(|flag| flag.flag).collect();
        assert_eq!(found, flags, "{version}");
    }
    assert_eq!(messages("wasmtime@26", "wasi:cli/exit@0.2.12", &["exit"]), [""; 0]);
    assert_eq!(messages("jco@1.11", "wasi:cli/exit@0.2.12", &items), [""; 0]);
}

#[test]
fn a_function_that_is_not_stable_is_missed_where_no_flag_gives_it() {
    let items = ["error-code", "network-error-code"];
    assert_eq!(messages("wasmtime@48", "wasi:sockets/network@0.2.12", &items), [""; 0]);
    assert_eq!(
        messages("wkit", "wasi:sockets/network@0.2.12", &items),
        [
            "wkit 0.1 lacks `network-error-code` of import `wasi:sockets/network@0.2.12`: it has version 0.2.12; no version of \
          wkit that is known has it"
        ]
    );
}

#[test]
fn flags_are_told_where_a_host_needs_them() {
    let imports = [import("wasi:http/types@0.2.6", &[]), import("wasi:io/poll@0.2.6", &[])];
    let flags = flags_of(&imports, &find("wasmtime@48").unwrap());
    assert_eq!(flags, [Flag { import: "wasi:http/types@0.2.6".to_owned(), flag: "-S http".to_owned() }]);
    assert_eq!(flags_of(&imports, &find("wkit").unwrap()), []);
    let clock = [import("wasi:clocks/wall-clock@0.3.0-rc-2025-09-16", &[])];
    assert_eq!(flags_of(&clock, &find("wasmtime@40").unwrap())[0].flag, "-S p3");
}

#[test]
fn a_finding_names_the_other_hosts() {
    let host = find("spin").unwrap();
    let gaps = gaps_of(&[import("wasi:clocks/system-clock@0.3.0", &["now"])], &host);
    let finding = gaps[0].finding(&host);
    assert_eq!(finding.rule.id, "HOST_LACKS_IMPORT");
    assert_eq!(finding.place.to_string(), "`wasi:clocks/system-clock@0.3.0`");
    assert!(finding.hint.unwrap().ends_with("it is also in jco with its shims 1.27, Wasmtime 46, wkit 0.1"));
}

/// The items of an interface as they are called here, each with its `@since`.
fn stable_items(
    resolve: &wit_parser::Resolve,
    interface: &wit_parser::Interface,
) -> Vec<(String, Option<Version>)> {
    let since = |stability: &wit_parser::Stability| match stability {
        wit_parser::Stability::Stable { since, .. } => Some(since.clone()),
        _ => None,
    };
    let types = interface.types.iter().map(|(name, id)| (name, &resolve.types[*id]));
    let resources = types.filter(|(_, ty)| matches!(ty.kind, wit_parser::TypeDefKind::Resource));
    let resources = resources.map(|(name, ty)| (name.clone(), since(&ty.stability)));
    let functions = interface.functions.iter().map(|(name, function)| {
        let name = name.rsplit_once(']').map_or(name.as_str(), |(_, name)| name);
        (name.to_owned(), since(&function.stability))
    });
    resources.chain(functions).collect()
}

#[test]
fn later_items_are_those_of_the_history() {
    use std::collections::{BTreeMap, BTreeSet};
    type Known = BTreeMap<(String, String), Option<Version>>;
    let of_release = |release: &wkit_fixtures::wasi_history::Release| -> Known {
        let mut known = Known::new();
        for package in &release.packages {
            let package = &release.resolve.packages[*package];
            for (name, id) in &package.interfaces {
                let interface = format!("{}:{}/{name}", package.name.namespace, package.name.name);
                let items = stable_items(&release.resolve, &release.resolve.interfaces[*id]);
                known.extend(items.into_iter().map(|(item, since)| ((interface.clone(), item), since)));
            }
        }
        known
    };
    // What each line has, with its newest version, and what came into it after the first.
    let mut lines: BTreeMap<String, (Version, Known)> = BTreeMap::new();
    let mut later: BTreeMap<(String, String, Option<Version>), BTreeSet<String>> = BTreeMap::new();
    let Some(releases) = wkit_fixtures::wasi_history::releases(false) else { return };
    for release in releases {
        let version: Version = release.version.parse().unwrap();
        let line = canonical_version(&version);
        let known = of_release(&release);
        if let Some((before, old)) = lines.get(&line) {
            assert!(old.keys().all(|key| known.contains_key(key)), "nothing goes within a line");
            for (key, since) in known.iter().filter(|(key, _)| !old.contains_key(*key)) {
                let since = since.clone().filter(|since| since > before).unwrap_or(version.clone());
                let entry = (line.clone(), key.0.clone(), Some(since));
                later.entry(entry).or_default().insert(key.1.clone());
            }
        }
        lines.insert(line, (version, known));
    }
    // What the newest version of a line only has with a feature.
    for release in wkit_fixtures::wasi_history::releases(true).unwrap_or_default() {
        let version: Version = release.version.parse().unwrap();
        let line = canonical_version(&version);
        let Some((_, stable)) = lines.get(&line).filter(|(newest, _)| *newest == version) else { continue };
        for (interface, item) in of_release(&release).into_keys().filter(|key| !stable.contains_key(key)) {
            later.entry((line.clone(), interface, None)).or_default().insert(item);
        }
    }
    let mut text = String::from(
        "# What came into the interfaces of WASI after the first version of their line, 0.2.0 or 0.3.0; without `since` what is\n\
         # still `@unstable` in the newest one.\n\
         #\n\
         # Derived from the WIT of WASI as it was published in crates (`WASI_HISTORY` of `scripts/versions.env`). The version is that of\n\
         # `@since`, or where that is older the first one with the item. The test `later_items_are_those_of_the_history`\n\
         # writes this file with BLESS=1.\n",
    );
    for ((line, interface, since), items) in later {
        text += &format!("\n[[later]]\ninterface = \"{interface}\"\nline = \"{line}\"\n");
        text += &since.map(|since| format!("since = \"{since}\"\n")).unwrap_or_default();
        text += &format!("items = {:?}\n", items.into_iter().collect::<Vec<_>>());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/check/hosts/later.toml");
    wkit_fixtures::golden::assert_golden(path, &text);
}

/// A slip of the pen in a data file would look like a gap of the host.
#[test]
fn the_interfaces_of_hosts_are_in_their_versions_of_wasi() {
    let Some(releases) = wkit_fixtures::wasi_history::releases(false) else { return };
    for (host, entry) in hosts().iter().flat_map(|host| host.provides.iter().map(move |entry| (host, entry)))
    {
        for release in &releases {
            let is_of_it = |(_, version): &(String, Version)| version.to_string() == release.version;
            if !entry.at.iter().any(is_of_it) {
                continue;
            }
            for interface in entry.interfaces.iter().filter(|interface| interface.starts_with("wasi:")) {
                let parts = InterfaceParts::parse(interface).unwrap();
                let packages = release.packages.iter().map(|id| &release.resolve.packages[*id]);
                let package = packages.into_iter().find(|package| package.name.name == parts.package);
                let package =
                    package.unwrap_or_else(|| panic!("{}: {interface}@{}", host.name, release.version));
                assert!(package.interfaces.contains_key(&parts.interface), "{}: {interface}", host.name);
            }
        }
    }
}
