//! The witness where an exported interface takes resources from an interface that the world exports now, and imported
//! before, or the other way round: a third component has what the world imports.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{InterfaceId, LiveTypes, Resolve, TypeDefKind, TypeId, TypeOwner, WorldKey};

use super::cut::{self, Names};
use super::link::{Instance, Wiring};
use super::subject::{Subject, worlds};
use super::{Refused, WitnessError, judged};
use crate::check::contract::Contract;
use crate::check::finding::{Finding, Position};
use crate::check::rules;

/// Whether the finding is about where a whole exported interface takes its resources from.
pub(super) fn is_about(finding: &Finding) -> bool {
    finding.rule.id == rules::RESOURCE_SAME_HOME.id && finding.place.item.is_none()
}

/// The components of the two sides, of which `host` uses what `component` exports; nothing when they link.
pub(super) fn refused(
    finding: &Finding,
    host: &Contract,
    component: &Contract,
) -> Result<Option<Refused>, WitnessError> {
    let not_found = || WitnessError::NotFound { place: finding.place.to_string() };
    let made = |message: String| WitnessError::NotMade { place: finding.place.to_string(), message };
    let asked = Part::find(finding, host).ok_or_else(not_found)?;
    let given = Part::find(finding, component).ok_or_else(not_found)?;
    let changed = asked.homes.iter().find(|(path, home)| {
        given.homes.get(*path).is_some_and(|other| other.is_exported != home.is_exported)
    });
    let path = changed.map(|(path, _)| path.clone()).ok_or_else(not_found)?;
    let is_exported = asked.homes[&path].is_exported;
    let home = asked.home(&path).map_err(made)?;
    let consumer = asked.consumer(&path).map_err(made)?;
    let (own, other) = (asked.provider(&path).map_err(made)?, given.provider(&path).map_err(made)?);
    let alone = wire(&home, &own, &consumer, &path, is_exported).map_err(made)?;
    let linked = wire(&home, &other, &consumer, &path, is_exported).map_err(made)?;
    judged(finding, &alone, Refused { consumer, provider: other, linked, refusal: String::new() })
}

/// The component between the home of the resources and what uses its exports, which takes the home from the component
/// when that is to export it.
fn wire(home: &[u8], middle: &[u8], user: &[u8], path: &str, is_exported: bool) -> Result<Vec<u8>, String> {
    let mut wiring = Wiring::default();
    let mut home = wiring.instantiate("home", home, &[])?;
    let mut middle = wiring.instantiate("provider", middle, &[&home])?;
    let from = if is_exported { &mut home } else { &mut middle };
    let Instance { exports, .. } = from;
    exports.retain(|export| export.split('@').next() != Some(path));
    wiring.instantiate("consumer", user, &[&middle, &home])?;
    Ok(wiring.finish())
}

/// The interface on one side.
struct Part {
    subject: Subject,
    /// The interfaces that its resources come from.
    homes: BTreeMap<String, Home>,
}

struct Home {
    id: InterfaceId,
    /// Whether the world exports it.
    is_exported: bool,
    /// The types of the interface that speak of its resources.
    names: Vec<String>,
}

impl Part {
    fn find(finding: &Finding, side: &Contract) -> Option<Self> {
        let subject = Subject::find(finding, side, Position::Export)?;
        let world = *worlds(side, &finding.place).first()?;
        let resolve = &subject.resolve;
        let mut homes: BTreeMap<String, Home> = BTreeMap::new();
        for (name, ty) in &resolve.interfaces[subject.interface].types {
            let mut spoken_of = LiveTypes::default();
            spoken_of.add_type_id(resolve, *ty);
            for id in spoken_of.iter().filter_map(|ty| home_of(resolve, ty)).collect::<BTreeSet<_>>() {
                if id == subject.interface {
                    continue;
                }
                let is_exported = resolve.worlds[world].exports.contains_key(&WorldKey::Interface(id));
                let home = homes.entry(cut::path(resolve, id));
                let home = home.or_insert_with(|| Home { id, is_exported, names: Vec::new() });
                home.names.push(name.clone());
            }
        }
        Some(Self { subject, homes })
    }

    /// The subject with nothing but the resources of one home.
    fn cut(&self, path: &str) -> (Subject, InterfaceId) {
        let home = &self.homes[path];
        let mut subject = self.subject.clone();
        subject.functions.clear();
        subject.types = home.names.iter().cloned().collect();
        let own = cut::path(&subject.resolve, subject.interface);
        let types = Names::from([(own, subject.types.clone())]);
        cut::cut(&mut subject.resolve, subject.interface, &subject.functions, &types);
        (subject, home.id)
    }

    fn consumer(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(self.cut(path).0.consumer()?.bytes)
    }

    fn provider(&self, path: &str) -> Result<Vec<u8>, String> {
        let (mut subject, home) = self.cut(path);
        let imported: &[InterfaceId] = if self.homes[path].is_exported { &[] } else { &[home] };
        cut::provider(&mut subject.resolve, subject.package, [subject.interface], imported)
    }

    /// A component that exports the home.
    fn home(&self, path: &str) -> Result<Vec<u8>, String> {
        let (mut subject, home) = self.cut(path);
        cut::provider(&mut subject.resolve, subject.package, [home], &[])
    }
}

/// The interface that defines a resource; nothing for another type.
fn home_of(resolve: &Resolve, id: TypeId) -> Option<InterfaceId> {
    match (&resolve.types[id].kind, resolve.types[id].owner) {
        (TypeDefKind::Resource, TypeOwner::Interface(home)) => Some(home),
        _ => None,
    }
}
