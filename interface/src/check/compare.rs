//! What changed between two sides, and whom it breaks.

mod attributes;
pub(super) mod drafts;
mod equal;
mod fate;
mod functions;
mod interfaces;
mod members;
pub(super) mod names;
mod similar;
pub(super) mod text;
mod types;
mod view;
mod worlds;

use std::collections::{HashMap, HashSet};

use thiserror::Error;
use wit_parser::{InterfaceId, PackageId, Resolve, WorldId, WorldItem};

use super::capability::{self, Wants};
use super::contract::{Contract, ContractKind};
use super::finding::{Finding, Place, Shown};
use super::judge::{Comparison, judge};
use super::rule::Direction;
use super::rules;
use super::settings::Settings;
use crate::limits::COMPARED_ITEMS_MAX;
use drafts::{Draft, Drafts, Found, Seen};
use view::View;

/// Why two sides cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A world is named that one of them does not have.
    #[error("`{label}` has no world `{world}`, found {}", quoted(worlds))]
    UnknownWorld {
        /// The side, as messages call it.
        label: String,
        /// The world.
        world: String,
        /// The worlds that it has.
        worlds: Vec<String>,
    },
    /// A component is compared with a package of several worlds, and none is named.
    #[error("`{label}` has several worlds: {}", quoted(worlds))]
    SeveralWorlds {
        /// The side, as messages call it.
        label: String,
        /// Its worlds.
        worlds: Vec<String>,
    },
    /// All worlds together have more types and functions than [`COMPARED_ITEMS_MAX`].
    #[error(
        "there is too much to compare: the worlds have {count} types and functions together, the limit is {COMPARED_ITEMS_MAX}\nhint: compare one world alone"
    )]
    TooMuch {
        /// How many they have.
        count: usize,
    },
    /// A component is compared with a package that has no world.
    #[error("`{label}` has no world that a component could be compared with")]
    NoWorld {
        /// The side, as messages call it.
        label: String,
    },
}

fn quoted(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Compares `new` with `old`.
///
/// Both may be WIT packages or components; a component is compared with a world of a package as with another
/// component.
///
/// # Errors
///
/// See [`CheckError`].
pub fn compare(old: &Contract, new: &Contract, settings: &Settings) -> Result<Comparison, CheckError> {
    let mut drafts = Drafts::default();
    measure(old, new, settings)?;
    match (old.kind(), new.kind()) {
        (ContractKind::WitPackage, ContractKind::WitPackage) => packages(old, new, settings, &mut drafts)?,
        _ => {
            let (before, after) = (the_world(old, settings)?, the_world(new, settings)?);
            let (before, after) = (View::world(old, before), View::world(new, after));
            worlds::views(&before, &after, None, &mut drafts);
        }
    }
    let (mut findings, truncated) = drafts.finish();
    if let (Some(before), Some(after)) = (old.root, new.root) {
        let (before, after) = (wants(old, before), wants(new, after));
        let changes = capability::changes(&before, &after, settings.size_growth_percent);
        findings.extend(changes.into_iter().map(|finding| Found { finding, feature: None }));
    }
    Ok(judge(findings, truncated, old, new, settings))
}

/// Counts what there is to compare before anything is.
fn measure(old: &Contract, new: &Contract, settings: &Settings) -> Result<(), CheckError> {
    let mut count = 0_usize;
    for side in [old, new] {
        let resolve = &side.resolve;
        let sizes: HashMap<InterfaceId, usize> =
            resolve.interfaces.iter().map(|(id, it)| (id, it.types.len() + it.functions.len() + 1)).collect();
        let is_meant = |name: &String| settings.world.as_ref().is_none_or(|world| world == name);
        let worlds = &resolve.packages[side.package].worlds;
        for (_, world) in worlds.iter().filter(|(name, _)| is_meant(name)) {
            let world = &resolve.worlds[*world];
            let size = |item: &WorldItem| match item {
                WorldItem::Interface { id, .. } => sizes.get(id).copied().unwrap_or_default(),
                WorldItem::Function(_) | WorldItem::Type { .. } => 1,
            };
            let items = world.imports.values().chain(world.exports.values());
            count = items.fold(count, |count, item| count.saturating_add(size(item)));
        }
    }
    if count > COMPARED_ITEMS_MAX { Err(CheckError::TooMuch { count }) } else { Ok(()) }
}

/// What a component wants of its hosts.
fn wants(component: &Contract, root: WorldId) -> Wants {
    let resolve = &component.resolve;
    let imports = resolve.worlds[root].imports.iter();
    let imports = imports.filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
    Wants {
        imports: imports.map(|(key, _)| resolve.name_world_key(key)).collect(),
        size_bytes: component.size_bytes().unwrap_or_default(),
    }
}

/// The world of a component, or the one of a package that is meant.
fn the_world(contract: &Contract, settings: &Settings) -> Result<WorldId, CheckError> {
    if let Some(root) = contract.root {
        return Ok(root);
    }
    let worlds = &contract.resolve.packages[contract.package].worlds;
    let (label, names) = (contract.label().to_owned(), contract.worlds());
    match &settings.world {
        Some(world) => {
            let unknown = || CheckError::UnknownWorld { label, world: world.clone(), worlds: names };
            worlds.get(world).copied().ok_or_else(unknown)
        }
        None => match worlds.values().copied().collect::<Vec<_>>().as_slice() {
            [only] => Ok(*only),
            [] => Err(CheckError::NoWorld { label }),
            _ => Err(CheckError::SeveralWorlds { label, worlds: names }),
        },
    }
}

fn packages(
    old: &Contract,
    new: &Contract,
    settings: &Settings,
    drafts: &mut Drafts,
) -> Result<(), CheckError> {
    let path = |contract: &Contract| {
        let name = &contract.resolve.packages[contract.package].name;
        format!("{}:{}", name.namespace, name.name)
    };
    let (old_path, new_path) = (path(old), path(new));
    if old_path != new_path {
        other_package(old, new, drafts);
        return Ok(());
    }
    let renumbered = Some(new_path.as_str());
    let (old_worlds, new_worlds) =
        (&old.resolve.packages[old.package].worlds, &new.resolve.packages[new.package].worlds);
    if settings.world.is_some() {
        let find = |contract: &Contract| the_world(contract, settings);
        let (before, after) = (View::world(old, find(old)?), View::world(new, find(new)?));
        worlds::views(&before, &after, renumbered, drafts);
        return Ok(());
    }
    // What a world has on both sides is compared there; what only one side has, and a world of it, is said there.
    let mut in_worlds: HashSet<String> = HashSet::new();
    let mut somewhere: HashSet<String> = HashSet::new();
    for (name, id) in old_worlds {
        let Some(other) = new_worlds.get(name) else {
            world_alone(old, *id, name, true, drafts);
            continue;
        };
        let (before, after) = (View::world(old, *id), View::world(new, *other));
        let (before_paths, after_paths) = (before.paths(), after.paths());
        in_worlds.extend(before_paths.intersection(&after_paths).cloned());
        somewhere.extend(before_paths.into_iter().chain(after_paths));
        worlds::views(&before, &after, renumbered, drafts);
    }
    for (name, id) in new_worlds.iter().filter(|(name, _)| !old_worlds.contains_key(*name)) {
        world_alone(new, *id, name, false, drafts);
    }
    // Interfaces that no world has are those of callers.
    let rest = |contract: &Contract, other: &Contract| -> Vec<InterfaceId> {
        let others = &other.resolve.packages[other.package].interfaces;
        let all = contract.resolve.packages[contract.package].interfaces.iter();
        let is_alone = |(name, id): &(&String, &InterfaceId)| {
            let path = names::key(&contract.resolve, **id).map(|key| names::path(&key)).unwrap_or_default();
            !in_worlds.contains(&path) && (others.contains_key(*name) || !somewhere.contains(&path))
        };
        all.filter(is_alone).map(|(_, id)| *id).collect()
    };
    let (of_old, of_new) = (rest(old, new), rest(new, old));
    let used: HashSet<String> = &view::used(old, &of_old) | &view::used(new, &of_new);
    let (before, after) = (View::interfaces(old, &of_old, &used), View::interfaces(new, &of_new, &used));
    worlds::views(&before, &after, renumbered, drafts);
    package_docs(old, new, drafts);
    Ok(())
}

fn package_name(resolve: &Resolve, package: PackageId) -> String {
    resolve.packages[package].name.to_string()
}

fn other_package(old: &Contract, new: &Contract, drafts: &mut Drafts) {
    let (before, after) = (package_name(&old.resolve, old.package), package_name(&new.resolve, new.package));
    let shown = |name: &str| Some(Shown { wit: format!("package {name};"), location: None });
    let draft = Draft {
        rule: &rules::PACKAGE_SAME_ID,
        place: Place { package: Some(after.clone()), ..Place::default() },
        breaks: vec![Direction::Host, Direction::Component, Direction::Callers, Direction::Implementers],
        message: format!("the package was `{before}` and is `{after}`: it has nothing of the old one"),
        old: shown(&before),
        new: shown(&after),
        hint: Some(rules::PACKAGE_SAME_ID.advice.to_owned()),
    };
    drafts.add(&Seen::default(), draft);
}

fn package_docs(old: &Contract, new: &Contract, drafts: &mut Drafts) {
    let docs = |contract: &Contract| contract.resolve.packages[contract.package].docs.contents.clone();
    if docs(old) == docs(new) {
        return;
    }
    let name = package_name(&new.resolve, new.package);
    let draft = Draft {
        rule: &rules::DOC_CHANGE,
        message: format!("package `{name}` is documented in other words"),
        place: Place { package: Some(name), ..Place::default() },
        breaks: Vec::new(),
        old: None,
        new: None,
        hint: None,
    };
    drafts.add(&Seen::default(), draft);
}

/// A world that only one side has.
fn world_alone(contract: &Contract, id: WorldId, name: &str, is_gone: bool, drafts: &mut Drafts) {
    let world = &contract.resolve.worlds[id];
    let shown = Some(Shown { wit: format!("world {name}"), location: contract.locate(world.span) });
    let (rule, breaks, message) = match is_gone {
        true => (
            &rules::WORLD_NO_DELETE,
            vec![Direction::Callers, Direction::Implementers],
            format!("world `{name}` is gone"),
        ),
        false => (&rules::WORLD_ADD, Vec::new(), format!("world `{name}` is new")),
    };
    let (old, new) = if is_gone { (shown, None) } else { (None, shown) };
    let draft = Draft {
        rule,
        place: Place {
            package: Some(package_name(&contract.resolve, contract.package)),
            item: Some(format!("world `{name}`")),
            ..Place::default()
        },
        breaks,
        message,
        old,
        new,
        hint: is_gone.then(|| rule.advice.to_owned()),
    };
    let feature = attributes::feature(&world.stability).map(str::to_owned);
    drafts.add(&Seen { world: Some(name.to_owned()), position: None, feature }, draft);
}

/// Whether old components still link with the new host, and whether the new component still links in the place of the
/// old one, going by the findings alone.
pub fn links(findings: &[Finding]) -> (bool, bool) {
    let breaks = |direction: Direction| {
        findings
            .iter()
            .any(|finding| finding.rule.group == super::Group::Link && finding.breaks.contains(&direction))
    };
    (!breaks(Direction::Host), !breaks(Direction::Component))
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Profile, Settings};
    use super::*;

    #[test]
    fn as_much_to_compare_as_the_limit_and_more() {
        let side = |more: &str| {
            // An interface counts as one, and each of its functions.
            let functions: String = (1..1_000).map(|at| format!("do{at}: func();")).collect();
            let interfaces: String = (0..10).map(|at| format!("interface i{at} {{ {functions} }}")).collect();
            let imports: String = (0..10).map(|at| format!("import i{at};")).collect();
            let worlds: String = (0..500).map(|at| format!("world w{at} {{ {imports} }}")).collect();
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("a.wit");
            std::fs::write(&file, format!("package a:b;{interfaces}{worlds}{more}")).unwrap();
            Contract::from_wit("a.wit", &file).unwrap()
        };
        let (fits, more) = (side(""), side("world more { import f: func(); }"));
        let settings = Settings::new(Profile::Strict);
        assert_eq!(measure(&fits, &fits, &settings), Ok(()));
        let count = COMPARED_ITEMS_MAX + 1;
        assert_eq!(measure(&fits, &more, &settings), Err(CheckError::TooMuch { count }));
        let alone = Settings { world: Some("w1".to_owned()), ..settings };
        assert_eq!(measure(&more, &more, &alone), Ok(()));
    }
}
