//! What a component wants of its hosts, and how a new one differs from the old one in it.

use std::collections::BTreeMap;

use super::finding::{Finding, Place, Position, Shown, Status};
use super::form_rules::{CAP_ADDED, CAP_REMOVED, SIZE_GROWTH, WASI_LINE_CHANGED};
use super::rule::{Level, Rule};
use crate::name::InterfaceParts;

/// A component as its hosts see it.
#[derive(Debug, Clone)]
pub(super) struct Wants {
    /// The names of its imports.
    pub(super) imports: Vec<String>,
    /// How big it is.
    pub(super) size_bytes: u64,
}

/// Something that a host grants, or has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Capability {
    Files,
    Sockets,
    Dns,
    OutgoingHttp,
    Environment,
    Stdio,
    Clocks,
    Random,
    KeyValue,
    Config,
    Secrets,
    Blobs,
    Messaging,
    Logging,
    Tls,
    Inference,
    /// A package that is none of those.
    Package(String),
    /// An import with a plain name.
    Own(String),
}

impl Capability {
    /// What the import `name` wants; `None` for what only carries the others, and for the asking to stop.
    fn of(name: &str) -> Option<Self> {
        let Some(parts) = InterfaceParts::parse(name) else { return Some(Self::Own(name.to_owned())) };
        let package = format!("{}:{}", parts.namespace, parts.package);
        Some(match (package.as_str(), parts.interface.as_str()) {
            ("wasi:io", _) | ("wasi:cli", "exit" | "types") | ("wasi:http" | "wasi:clocks", "types") => {
                return None;
            }
            ("wasi:filesystem", _) => Self::Files,
            ("wasi:sockets", "ip-name-lookup") => Self::Dns,
            ("wasi:sockets", _) => Self::Sockets,
            ("wasi:http", _) => Self::OutgoingHttp,
            ("wasi:cli", "environment") => Self::Environment,
            ("wasi:cli", _) => Self::Stdio,
            ("wasi:clocks", _) => Self::Clocks,
            ("wasi:random", _) => Self::Random,
            ("wasi:keyvalue", _) => Self::KeyValue,
            ("wasi:config" | "wasi:runtime-config", _) => Self::Config,
            ("wasmcloud:secrets" | "wasi:secrets", _) => Self::Secrets,
            ("wasi:blobstore", _) => Self::Blobs,
            ("wasi:messaging" | "wasmcloud:messaging", _) => Self::Messaging,
            ("wasi:logging", _) => Self::Logging,
            ("wasi:tls", _) => Self::Tls,
            ("wasi:nn", _) => Self::Inference,
            _ => Self::Package(package),
        })
    }

    /// What it is called.
    fn name(&self) -> String {
        match self {
            Self::Files => "files",
            Self::Sockets => "sockets",
            Self::Dns => "the lookup of host names",
            Self::OutgoingHttp => "outgoing HTTP requests",
            Self::Environment => "environment variables and arguments",
            Self::Stdio => "standard input and output",
            Self::Clocks => "the clocks",
            Self::Random => "random numbers",
            Self::KeyValue => "a key-value store",
            Self::Config => "configuration values",
            Self::Secrets => "secrets",
            Self::Blobs => "a blob store",
            Self::Messaging => "messaging",
            Self::Logging => "logging",
            Self::Tls => "TLS connections",
            Self::Inference => "inference (`wasi:nn`)",
            Self::Package(package) => return format!("package `{package}`"),
            Self::Own(name) => return format!("import `{name}`"),
        }
        .to_owned()
    }

    /// How a host gives it: the flags of `wkit run` where there are some.
    fn how(&self) -> &'static str {
        match self {
            Self::Files => {
                "`wkit run` sees a folder with `--dir HOST::GUEST`, or `--dir HOST::GUEST:ro` to read only"
            }
            Self::Environment => {
                "`wkit run` sets a variable with `--env NAME=VALUE` and gives the arguments after `--`"
            }
            Self::Sockets | Self::Dns => {
                "under `wkit run` it starts, but every socket and every lookup is refused: there is no grant for the \
                 network"
            }
            Self::OutgoingHttp => {
                "under `wkit run` and `wkit serve` it starts, but every request is refused: there is no grant for the \
                 network"
            }
            Self::Stdio => "`wkit run` gives its own standard input and output",
            Self::Clocks | Self::Random => "`wkit run` gives it without a flag",
            Self::KeyValue
            | Self::Config
            | Self::Secrets
            | Self::Blobs
            | Self::Messaging
            | Self::Logging
            | Self::Tls
            | Self::Inference
            | Self::Package(_)
            | Self::Own(_) => {
                "`wkit run` does not have it: fill it with another component, `wkit run --with`"
            }
        }
    }
}

/// How what `new` wants differs from what `old` wants. `growth_percent` is how much bigger it may be; 0 asks for no
/// such finding.
pub(super) fn changes(old: &Wants, new: &Wants, growth_percent: u32) -> Vec<Finding> {
    let (before, after) = (capabilities(&old.imports), capabilities(&new.imports));
    let mut findings = Vec::new();
    for (capability, imports) in &after {
        if !before.contains_key(capability) {
            findings.push(added(capability, imports));
        }
    }
    for (capability, imports) in &before {
        if !after.contains_key(capability) {
            findings.push(removed(capability, imports));
        }
    }
    findings.extend(line_changed(&old.imports, &new.imports));
    findings.extend(growth(old.size_bytes, new.size_bytes, growth_percent));
    findings
}

fn capabilities(imports: &[String]) -> BTreeMap<Capability, Vec<&str>> {
    let mut found: BTreeMap<Capability, Vec<&str>> = BTreeMap::new();
    for name in imports {
        if let Some(capability) = Capability::of(name) {
            found.entry(capability).or_default().push(name);
        }
    }
    found
}

fn added(capability: &Capability, imports: &[&str]) -> Finding {
    Finding {
        new: Some(shown(imports)),
        hint: Some(capability.how().to_owned()),
        ..finding(
            &CAP_ADDED,
            Level::Breaking,
            imports.first().copied(),
            format!("the component newly wants {}: its hosts must grant more than before", capability.name()),
        )
    }
}

fn removed(capability: &Capability, imports: &[&str]) -> Finding {
    let mut finding = finding(
        &CAP_REMOVED,
        Level::Note,
        imports.first().copied(),
        format!("the component does without {} now", capability.name()),
    );
    finding.old = Some(shown(imports));
    finding
}

/// The lines of WASI of the imports, `0.2` and `0.3`.
fn lines(imports: &[String]) -> BTreeMap<String, Vec<&str>> {
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in imports {
        let Some(parts) = InterfaceParts::parse(name).filter(is_of_wasi_itself) else { continue };
        if let Some(line) = parts.canonical {
            lines.entry(line).or_default().push(name);
        }
    }
    lines
}

/// The proposals beside WASI have numbers of their own.
fn is_of_wasi_itself(parts: &InterfaceParts) -> bool {
    const PACKAGES: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];
    parts.namespace == "wasi" && PACKAGES.contains(&parts.package.as_str())
}

fn line_changed(old: &[String], new: &[String]) -> Option<Finding> {
    let (before, after) = (lines(old), lines(new));
    let added: Vec<&String> = after.keys().filter(|line| !before.contains_key(*line)).collect();
    if before.is_empty() || added.is_empty() {
        return None;
    }
    let names = |lines: &BTreeMap<String, Vec<&str>>| -> String {
        lines.keys().map(String::as_str).collect::<Vec<_>>().join(" and ")
    };
    let imports: Vec<&str> = added.iter().filter_map(|line| after.get(*line)).flatten().copied().collect();
    let mut finding = finding(
        &WASI_LINE_CHANGED,
        Level::Breaking,
        imports.first().copied(),
        format!("the component spoke WASI {} and speaks WASI {} now", names(&before), names(&after)),
    );
    let first_of_each = |lines: &BTreeMap<String, Vec<&str>>| -> Shown {
        shown(&lines.values().filter_map(|imports| imports.first().copied()).collect::<Vec<_>>())
    };
    finding.old = Some(first_of_each(&before));
    finding.new = Some(first_of_each(&after));
    Some(finding)
}

fn growth(old: u64, new: u64, percent: u32) -> Option<Finding> {
    let allowed = u128::from(old) * (100 + u128::from(percent)) / 100;
    if percent == 0 || old == 0 || u128::from(new) <= allowed {
        return None;
    }
    let grown = (u128::from(new) - u128::from(old)) * 100 / u128::from(old);
    let message =
        format!("the component grew by {grown} %, from {old} to {new} bytes; {percent} % are allowed");
    Some(finding(&SIZE_GROWTH, Level::Note, None, message))
}

fn finding(rule: &'static Rule, level: Level, import: Option<&str>, message: String) -> Finding {
    Finding {
        rule,
        breaks: if level == Level::Breaking { rule.directions.to_vec() } else { Vec::new() },
        level,
        place: import.map(place).unwrap_or_default(),
        message,
        old: None,
        new: None,
        hint: Some(rule.advice.to_owned()),
        status: Status::Counts,
    }
}

pub(super) fn place(import: &str) -> Place {
    let (package, interface) = match InterfaceParts::parse(import) {
        Some(parts) => {
            let version =
                import.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
            (Some(format!("{}:{}{version}", parts.namespace, parts.package)), parts.interface)
        }
        None => (None, import.to_owned()),
    };
    Place { package, positions: vec![Position::Import], interface: Some(interface), ..Place::default() }
}

pub(super) fn shown(imports: &[&str]) -> Shown {
    let lines: Vec<String> = imports.iter().map(|name| format!("import {name};")).collect();
    Shown { wit: lines.join("\n"), location: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &[&str], new: &[&str], sizes: (u64, u64), percent: u32) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (old, new) = (names(old), names(new));
        let findings = changes(
            &Wants { imports: old, size_bytes: sizes.0 },
            &Wants { imports: new, size_bytes: sizes.1 },
            percent,
        );
        findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.rule.id, finding.place, finding.message))
            .collect()
    }

    #[test]
    fn a_new_group_of_imports_is_one_finding() {
        let old = ["wasi:cli/stdout@0.2.6", "wasi:io/streams@0.2.6"];
        let new = [
            "wasi:cli/stdout@0.2.9",
            "wasi:cli/exit@0.2.9",
            "wasi:io/streams@0.2.9",
            "wasi:io/poll@0.2.9",
            "wasi:sockets/network@0.2.9",
            "wasi:sockets/tcp@0.2.9",
            "wasi:sockets/ip-name-lookup@0.2.9",
            "acme:tax/rates@1.0.0",
            "log",
        ];
        assert_eq!(
            check(&old, &new, (1, 1), 0),
            [
                "CAP_ADDED `wasi:sockets/network@0.2.9`: the component newly wants sockets: its hosts must grant more \
                 than before",
                "CAP_ADDED `wasi:sockets/ip-name-lookup@0.2.9`: the component newly wants the lookup of host names: its \
                 hosts must grant more than before",
                "CAP_ADDED `acme:tax/rates@1.0.0`: the component newly wants package `acme:tax`: its hosts must grant \
                 more than before",
                "CAP_ADDED `log`: the component newly wants import `log`: its hosts must grant more than before",
            ]
        );
        assert_eq!(check(&new, &new, (1, 1), 0), [""; 0]);
        assert_eq!(check(&["wasi:http/types@0.2.6"], &["wasi:http/types@0.2.0"], (1, 1), 0), [""; 0]);
    }

    #[test]
    fn what_is_wanted_no_more_is_told() {
        assert_eq!(
            check(&["wasi:http/outgoing-handler@0.2.6", "wasi:filesystem/types@0.2.6"], &[], (1, 1), 0),
            [
                "CAP_REMOVED `wasi:filesystem/types@0.2.6`: the component does without files now",
                "CAP_REMOVED `wasi:http/outgoing-handler@0.2.6`: the component does without outgoing HTTP requests now",
            ]
        );
    }

    #[test]
    fn another_line_of_wasi_is_told() {
        let found = check(
            &["wasi:clocks/monotonic-clock@0.2.6"],
            &["wasi:clocks/monotonic-clock@0.2.6", "wasi:clocks/system-clock@0.3.0"],
            (1, 1),
            0,
        );
        assert_eq!(
            found,
            [
                "WASI_LINE_CHANGED `wasi:clocks/system-clock@0.3.0`: the component spoke WASI 0.2 and speaks WASI 0.2 and \
              0.3 now"
            ]
        );
        // A component without any WASI spoke no line; that it does now is a new capability.
        let found = check(&[], &["wasi:clocks/system-clock@0.3.0"], (1, 1), 0);
        assert!(found[0].starts_with("CAP_ADDED") && found.len() == 1, "{found:?}");
        // Proposals have their own numbers.
        assert_eq!(
            check(
                &["wasi:nn/tensor@0.2.0", "wasi:io/poll@0.2.0"],
                &["wasi:nn/tensor@0.3.0", "wasi:io/poll@0.2.0"],
                (1, 1),
                0
            ),
            [""; 0]
        );
    }

    #[test]
    fn growth_counts_past_what_is_allowed() {
        assert_eq!(check(&[], &[], (1000, 1100), 10), [""; 0]);
        let found = check(&[], &[], (1000, 1101), 10);
        assert_eq!(
            found,
            ["SIZE_GROWTH : the component grew by 10 %, from 1000 to 1101 bytes; 10 % are allowed"]
        );
        assert_eq!(check(&[], &[], (1000, 100_000), 0), [""; 0]);
        assert_eq!(check(&[], &[], (u64::MAX, u64::MAX), 10), [""; 0]);
        assert_eq!(check(&[], &[], (0, 10), 10), [""; 0]);
    }
}
