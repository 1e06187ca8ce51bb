//! What no link depends on: documentation, gates, external ids.
//!
//! Documentation and gates are compared in the package that is checked alone: those of the packages that it depends on
//! are not its own to change. Gates promise something within one line of versions, so that a version that does not fit
//! the old one begins them anew.

use semver::Version;
use wit_parser::{Docs, Function, InterfaceId, Resolve, Span, Stability, TypeId, WorldId};

use super::drafts::{Draft, Drafts, Seen};
use super::equal::Pairing;
use super::interfaces::Compared;
use super::{names, text};
use crate::check::bump;
use crate::check::contract::Contract;
use crate::check::finding::{Place, Shown};
use crate::check::rule::{Direction, Rule};
use crate::check::rules;

/// Something with attributes, on both sides.
struct Attributes<'a> {
    /// How messages call it.
    of: String,
    item: Option<String>,
    docs: (&'a Docs, &'a Docs),
    stability: (&'a Stability, &'a Stability),
    external_id: (Option<&'a str>, Option<&'a str>),
    /// Both sides as text, which takes time that nobody wants to spend on what did not change.
    shown: &'a dyn Fn() -> (Shown, Shown),
}

/// The side and the place of what has the attributes.
struct At<'a> {
    pairing: &'a Pairing<'a>,
    place: &'a Place,
    seen: &'a Seen,
    is_own: bool,
}

fn at<'a>(compared: &'a Compared<'a>) -> At<'a> {
    let Compared { pairing, seen, place, is_own, .. } = compared;
    At { pairing, place, seen, is_own: *is_own }
}

pub(super) fn interfaces(compared: &Compared<'_>, old: InterfaceId, new: InterfaceId, drafts: &mut Drafts) {
    let (old_side, new_side) = (compared.pairing.old.contract, compared.pairing.new.contract);
    let (old, new) = (&old_side.resolve.interfaces[old], &new_side.resolve.interfaces[new]);
    let wit = |name: &Option<String>| format!("interface {}", name.as_deref().unwrap_or_default());
    let shown = || {
        let old = Shown { wit: wit(&old.name), location: old_side.locate(old.span) };
        (old, Shown { wit: wit(&new.name), location: new_side.locate(new.span) })
    };
    let attributes = Attributes {
        of: format!("interface `{}`", compared.place.interface.as_deref().unwrap_or_default()),
        item: None,
        docs: (&old.docs, &new.docs),
        stability: (&old.stability, &new.stability),
        external_id: (None, None),
        shown: &shown,
    };
    compare(&at(compared), &attributes, drafts);
}

pub(super) fn functions(compared: &Compared<'_>, old: &Function, new: &Function, drafts: &mut Drafts) {
    let (old_side, new_side) = (compared.pairing.old.contract, compared.pairing.new.contract);
    let shown = |side: &Contract, function: &Function| Shown {
        wit: text::function(&side.resolve, function),
        location: side.locate(function.span),
    };
    let item = names::function(&new_side.resolve, new);
    let attributes = Attributes {
        of: item.clone(),
        item: Some(item),
        docs: (&old.docs, &new.docs),
        stability: (&old.stability, &new.stability),
        external_id: (old.external_id.as_deref(), new.external_id.as_deref()),
        shown: &|| (shown(old_side, old), shown(new_side, new)),
    };
    compare(&at(compared), &attributes, drafts);
}

pub(super) fn types(compared: &Compared<'_>, old: TypeId, new: TypeId, drafts: &mut Drafts) {
    let (old_side, new_side) = (compared.pairing.old.contract, compared.pairing.new.contract);
    let shown = |side: &Contract, id: TypeId| Shown {
        wit: text::definition(&side.resolve, id),
        location: side.locate(side.resolve.types[id].span),
    };
    let item = names::type_item(&new_side.resolve, new);
    let (before, after) = (&old_side.resolve.types[old], &new_side.resolve.types[new]);
    let attributes = Attributes {
        of: item.clone(),
        item: Some(item),
        docs: (&before.docs, &after.docs),
        stability: (&before.stability, &after.stability),
        external_id: (before.external_id.as_deref(), after.external_id.as_deref()),
        shown: &|| (shown(old_side, old), shown(new_side, new)),
    };
    compare(&at(compared), &attributes, drafts);
}

/// The attributes of a world of the package itself.
pub(super) fn worlds(pairing: &Pairing<'_>, old: WorldId, new: WorldId, drafts: &mut Drafts) {
    let (old_side, new_side) = (pairing.old.contract, pairing.new.contract);
    let (before, after) = (&old_side.resolve.worlds[old], &new_side.resolve.worlds[new]);
    let item = format!("world `{}`", after.name);
    let shown = || {
        let wit = || format!("world {}", after.name);
        let old = Shown { wit: wit(), location: old_side.locate(before.span) };
        (old, Shown { wit: wit(), location: new_side.locate(after.span) })
    };
    let attributes = Attributes {
        of: item.clone(),
        item: Some(item),
        docs: (&before.docs, &after.docs),
        stability: (&before.stability, &after.stability),
        external_id: (None, None),
        shown: &shown,
    };
    let place = Place { package: new_side.package(), ..Place::default() };
    let seen = Seen { world: Some(after.name.clone()), position: None, feature: None };
    compare(&At { pairing, place: &place, seen: &seen, is_own: true }, &attributes, drafts);
}

/// The gate of something new: where a package has gates, it needs one.
pub(super) fn added(
    compared: &Compared<'_>,
    item: String,
    stability: &Stability,
    span: Span,
    drafts: &mut Drafts,
) {
    let Compared { pairing, is_own, .. } = compared;
    let side = pairing.new.contract;
    if !is_own || !pairing.has_gates_to_keep || !side.has_gates() || !stability.is_unknown() {
        return;
    }
    let rule = &rules::SINCE_REQUIRED_ON_ADD;
    let draft = Draft {
        rule,
        message: format!("{item} is new and does not say since when"),
        place: Place { item: Some(item.clone()), ..compared.place.clone() },
        breaks: vec![Direction::Policy],
        old: None,
        new: Some(Shown { wit: item, location: side.locate(span) }),
        hint: Some(match side.version() {
            Some(version) => format!("write `@since(version = {version})` before it"),
            None => rule.advice.to_owned(),
        }),
    };
    drafts.add(&compared.seen, draft);
}

/// What went away: where a package has gates, it is to be deprecated before.
pub(super) fn gone(
    compared: &Compared<'_>,
    draft: &Draft,
    item: &str,
    stability: &Stability,
    drafts: &mut Drafts,
) {
    let Compared { pairing, is_own, .. } = compared;
    if !is_own || !pairing.has_gates_to_keep || !stability.is_stable() || deprecated(stability).is_some() {
        return;
    }
    let rule = &rules::DEPRECATE_BEFORE_DELETE;
    let draft = Draft {
        rule,
        message: format!("{item} is gone and was never deprecated"),
        place: draft.place.clone(),
        breaks: vec![Direction::Policy],
        old: draft.old.clone(),
        new: None,
        hint: Some(rule.advice.to_owned()),
    };
    drafts.add(&compared.seen, draft);
}

fn compare(at: &At<'_>, attributes: &Attributes<'_>, drafts: &mut Drafts) {
    let Attributes { of, .. } = attributes;
    let mut add = |rule: &'static Rule, breaks: Vec<Direction>, message: String| {
        let (old, new) = (attributes.shown)();
        let draft = Draft {
            rule,
            place: Place { item: attributes.item.clone(), ..at.place.clone() },
            breaks,
            message,
            old: Some(old),
            new: Some(new),
            hint: Some(rule.advice.to_owned()).filter(|advice| !advice.is_empty()),
        };
        drafts.add(at.seen, draft);
    };
    let (before, after) = attributes.external_id;
    if before != after {
        let shown = |id: Option<&str>| id.map_or_else(|| "none".to_owned(), |id| format!("`{id}`"));
        let message = format!("the external id of {of} was {} and is {}", shown(before), shown(after));
        add(&rules::EXTERNAL_ID_CHANGE, vec![Direction::Policy], message);
    }
    // A component says nothing of documentation and gates, which is no change of them.
    if !at.is_own {
        return;
    }
    if attributes.docs.0.contents != attributes.docs.1.contents {
        let what = match (&attributes.docs.0.contents, &attributes.docs.1.contents) {
            (None, _) => "is documented now",
            (_, None) => "has lost its documentation",
            _ => "is documented in other words",
        };
        add(&rules::DOC_CHANGE, Vec::new(), format!("{of} {what}"));
    }
    if at.pairing.has_gates_to_keep {
        kept_gates(of, attributes.stability, &mut add);
    }
    new_gates(of, attributes.stability, &mut add);
}

/// What a gate has promised.
fn kept_gates(
    of: &str,
    (old, new): (&Stability, &Stability),
    add: &mut dyn FnMut(&'static Rule, Vec<Direction>, String),
) {
    let policy = || vec![Direction::Policy];
    match (old, new) {
        (Stability::Stable { since: before, .. }, Stability::Stable { since: after, .. })
            if before != after =>
        {
            let message = format!("{of} was there since {before}, and says since {after} now");
            add(&rules::SINCE_IMMUTABLE, policy(), message);
        }
        (Stability::Stable { since, .. }, Stability::Unknown) => {
            let message = format!("{of} was there since {since}, and does not say so any more");
            add(&rules::SINCE_IMMUTABLE, policy(), message);
        }
        (Stability::Stable { .. } | Stability::Unknown, Stability::Unstable { feature, .. }) => {
            let message = format!("{of} was stable, and needs the feature `{feature}` now");
            add(&rules::STABLE_NO_UNSTABLE, policy(), message);
        }
        _ => {}
    }
}

/// What a gate says that is news.
fn new_gates(
    of: &str,
    (old, new): (&Stability, &Stability),
    add: &mut dyn FnMut(&'static Rule, Vec<Direction>, String),
) {
    match (old, new) {
        (Stability::Unstable { feature, .. }, Stability::Stable { since, .. }) => {
            let message = format!("{of} is stable since {since}; it needed the feature `{feature}`");
            add(&rules::STABILISED, Vec::new(), message);
        }
        (Stability::Unstable { feature, .. }, Stability::Unknown) => {
            let message = format!("{of} is stable; it needed the feature `{feature}`");
            add(&rules::STABILISED, Vec::new(), message);
        }
        _ => {}
    }
    if deprecated(old).is_none()
        && let Some(since) = deprecated(new)
    {
        add(&rules::DEPRECATED, Vec::new(), format!("{of} is deprecated since {since}"));
    }
}

/// Since when something is deprecated.
fn deprecated(stability: &Stability) -> Option<&Version> {
    match stability {
        Stability::Stable { deprecated, .. } | Stability::Unstable { deprecated, .. } => deprecated.as_ref(),
        Stability::Unknown => None,
    }
}

/// The feature that something is behind.
pub(super) fn feature(stability: &Stability) -> Option<&str> {
    match stability {
        Stability::Unstable { feature, .. } => Some(feature),
        Stability::Stable { .. } | Stability::Unknown => None,
    }
}

/// Whether both sides are the same WIT package, whatever its version.
pub(super) fn is_one_package(old: &Contract, new: &Contract) -> bool {
    let name = |contract: &Contract| {
        let name = &contract.resolve.packages[contract.package].name;
        (name.namespace.clone(), name.name.clone())
    };
    old.root.is_none() && new.root.is_none() && name(old) == name(new)
}

/// Whether what the gates of the old side say holds on in the new one.
pub(super) fn has_gates_to_keep(old: &Contract, new: &Contract) -> bool {
    is_one_package(old, new) && bump::is_one_line(old.version().as_ref(), new.version().as_ref())
}

/// Whether an interface is in the package that is checked, and not in one that it depends on.
pub(super) fn is_own(contract: &Contract, resolve: &Resolve, id: Option<InterfaceId>) -> bool {
    let package = id.map_or(Some(contract.package), |id| resolve.interfaces[id].package);
    contract.root.is_none() && package == Some(contract.package)
}
