//! What can be said of one package by itself: its gates, and its names in guest languages.

mod gates;
mod keywords;
mod names;
mod words;

use wit_parser::{Function, InterfaceId, PackageId, Resolve, Span, TypeId, WorldId};

use super::compare::{names as names_of, text};
use super::contract::{Contract, ContractKind};
use super::finding::{Finding, Location, Place, Shown, Status};
use super::rule::{Level, Rule};
use super::settings::Settings;
use crate::limits::FINDINGS_MAX;

/// Looks at one side by itself: its gates, and its names in guest languages. The heaviest findings come first, and not more
/// than [`FINDINGS_MAX`].
///
/// The names of a component were settled by the packages that it was made of, and it has no gates, so there is nothing to
/// be said of it here.
pub fn lint(contract: &Contract, settings: &Settings) -> Vec<Finding> {
    if contract.kind() == ContractKind::Component {
        return Vec::new();
    }
    let locate = |span| contract.locate(span);
    let subject = Subject { resolve: &contract.resolve, package: contract.package, locate: &locate };
    let mut findings: Vec<Finding> =
        all(&subject).into_iter().filter_map(|finding| judged(finding, contract, settings)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings.truncate(FINDINGS_MAX);
    findings
}

/// What the project makes of a finding; nothing when it does not want the rule.
fn judged(mut finding: Finding, contract: &Contract, settings: &Settings) -> Option<Finding> {
    if let Some(level) = settings.levels.get(finding.rule.id) {
        finding.level = (*level)?;
    }
    let path = finding.place.path();
    let is_over = |until: &Option<semver::Version>| match (until, contract.version()) {
        (Some(until), Some(version)) => version >= *until,
        _ => false,
    };
    let covering = settings.ignores.iter().find(|ignore| ignore.covers(finding.rule.id, &path));
    if let Some(ignore) = covering.filter(|ignore| !is_over(&ignore.until)) {
        finding.status = Status::Ignored { reason: ignore.reason.clone(), until: ignore.until.clone() };
    }
    Some(finding)
}

/// A package, and what is needed to speak of it.
#[derive(Clone, Copy)]
struct Subject<'a> {
    /// All packages.
    resolve: &'a Resolve,
    /// The one that is looked at.
    package: PackageId,
    /// Where something stands in the source.
    locate: &'a dyn Fn(Span) -> Option<Location>,
}

fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = gates::lint(subject);
    findings.extend(names::lint(subject));
    findings.extend(keywords::lint(subject));
    findings
}

/// Something that a finding can be about.
struct Item {
    place: Place,
    wit: String,
    span: Span,
}

impl Item {
    fn copy(&self) -> Item {
        Item { place: self.place.clone(), wit: self.wit.clone(), span: self.span }
    }
}

impl Subject<'_> {
    fn name(&self) -> String {
        self.resolve.packages[self.package].name.to_string()
    }

    fn finding(&self, rule: &'static Rule, level: Level, item: &Item, message: String) -> Finding {
        let breaks = if level == Level::Note { Vec::new() } else { rule.directions.to_vec() };
        Finding {
            rule,
            breaks,
            level,
            place: item.place.clone(),
            message,
            old: None,
            new: Some(Shown { wit: item.wit.clone(), location: (self.locate)(item.span) }),
            hint: Some(rule.advice.to_owned()),
            status: Status::Counts,
        }
    }

    fn package_item(&self) -> Item {
        Item {
            place: Place { package: Some(self.name()), ..Place::default() },
            wit: format!("package {};", self.name()),
            span: Span::default(),
        }
    }

    fn interface_item(&self, id: InterfaceId) -> Item {
        let interface = &self.resolve.interfaces[id];
        let name = interface.name.clone();
        Item {
            wit: format!("interface {}", name.clone().unwrap_or_default()),
            place: Place { package: Some(self.name()), interface: name, ..Place::default() },
            span: interface.span,
        }
    }

    fn world_item(&self, id: WorldId) -> Item {
        let world = &self.resolve.worlds[id];
        let place =
            Place { package: Some(self.name()), worlds: vec![world.name.clone()], ..Place::default() };
        Item { place, wit: format!("world {}", world.name), span: world.span }
    }

    fn type_item(&self, home: &Item, id: TypeId) -> Item {
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref().unwrap_or_default();
        let kind = names_of::type_kind(&definition.kind);
        Item {
            place: Place { item: Some(format!("{kind} `{name}`")), ..home.place.clone() },
            wit: text::definition(self.resolve, id),
            span: definition.span,
        }
    }

    fn function_item(&self, home: &Item, function: &Function) -> Item {
        let item = names_of::function(self.resolve, function);
        Item {
            place: Place { item: Some(item), ..home.place.clone() },
            wit: text::function(self.resolve, function),
            span: function.span,
        }
    }
}

#[cfg(test)]
mod tests;
