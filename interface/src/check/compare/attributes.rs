//! What no link depends on: documentation, gates, external ids.

use semver::Version;
use wit_parser::{Docs, Function, InterfaceId, Resolve, Span, Stability, TypeId};

use super::drafts::{Draft, Drafts};
use super::interfaces::Compared;
use super::{names, text};
use crate::check::contract::Contract;
use crate::check::finding::{Place, Shown};
use crate::check::rule::{Direction, Rule};
use crate::check::rules;
use crate::name::canonical_version;

/// Something with attributes, on both sides.
struct Attributes<'a> {
    item: Option<String>,
    docs: (&'a Docs, &'a Docs),
    stability: (&'a Stability, &'a Stability),
    external_id: (Option<&'a str>, Option<&'a str>),
    shown: (Shown, Shown),
}

fn sides<'a>(compared: &Compared<'a>) -> (&'a Contract, &'a Contract) {
    (compared.pairing.old.contract, compared.pairing.new.contract)
}

pub(super) fn interfaces(compared: &Compared<'_>, old: InterfaceId, new: InterfaceId, drafts: &mut Drafts) {
    let (old_side, new_side) = sides(compared);
    let (old, new) = (&old_side.resolve.interfaces[old], &new_side.resolve.interfaces[new]);
    let wit = |name: &Option<String>| format!("interface {}", name.as_deref().unwrap_or_default());
    let attributes = Attributes {
        item: None,
        docs: (&old.docs, &new.docs),
        stability: (&old.stability, &new.stability),
        external_id: (None, None),
        shown: (
            Shown { wit: wit(&old.name), location: old_side.locate(old.span) },
            Shown { wit: wit(&new.name), location: new_side.locate(new.span) },
        ),
    };
    compare(compared, &attributes, drafts);
}

pub(super) fn functions(compared: &Compared<'_>, old: &Function, new: &Function, drafts: &mut Drafts) {
    let (old_side, new_side) = sides(compared);
    let shown = |side: &Contract, function: &Function| Shown {
        wit: text::function(&side.resolve, function),
        location: side.locate(function.span),
    };
    let attributes = Attributes {
        item: Some(names::function(&new_side.resolve, new)),
        docs: (&old.docs, &new.docs),
        stability: (&old.stability, &new.stability),
        external_id: (old.external_id.as_deref(), new.external_id.as_deref()),
        shown: (shown(old_side, old), shown(new_side, new)),
    };
    compare(compared, &attributes, drafts);
}

pub(super) fn types(compared: &Compared<'_>, old: TypeId, new: TypeId, drafts: &mut Drafts) {
    let (old_side, new_side) = sides(compared);
    let shown = |side: &Contract, id: TypeId| Shown {
        wit: text::definition(&side.resolve, id),
        location: side.locate(side.resolve.types[id].span),
    };
    let kind = |resolve: &Resolve, id: TypeId| {
        let definition = &resolve.types[id];
        format!("{} `{}`", names::type_kind(&definition.kind), definition.name.as_deref().unwrap_or_default())
    };
    let (before, after) = (&old_side.resolve.types[old], &new_side.resolve.types[new]);
    let attributes = Attributes {
        item: Some(kind(&new_side.resolve, new)),
        docs: (&before.docs, &after.docs),
        stability: (&before.stability, &after.stability),
        external_id: (before.external_id.as_deref(), after.external_id.as_deref()),
        shown: (shown(old_side, old), shown(new_side, new)),
    };
    compare(compared, &attributes, drafts);
}

/// The gate of something new: where a package has gates, it needs one.
pub(super) fn added(
    compared: &Compared<'_>,
    item: String,
    stability: &Stability,
    span: Span,
    drafts: &mut Drafts,
) {
    let (_, side) = sides(compared);
    if !is_own(compared, side) || !is_one_line(compared) || !side.has_gates() || !stability.is_unknown() {
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
pub(super) fn gone(compared: &Compared<'_>, draft: &Draft, stability: &Stability, drafts: &mut Drafts) {
    let (side, _) = sides(compared);
    if !is_own(compared, side)
        || !is_one_line(compared)
        || !stability.is_stable()
        || deprecated(stability).is_some()
    {
        return;
    }
    let rule = &rules::DEPRECATE_BEFORE_DELETE;
    let item = draft.place.item.clone().unwrap_or_default();
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

/// Whether the versions of the two packages stand in for each other: a version of another line begins its gates anew.
fn is_one_line(compared: &Compared<'_>) -> bool {
    let (old, new) = sides(compared);
    match (old.version(), new.version()) {
        (Some(old), Some(new)) => canonical_version(&old) == canonical_version(&new),
        _ => true,
    }
}

/// Whether the place is in the package that is checked, and not in one that it depends on.
fn is_own(compared: &Compared<'_>, side: &Contract) -> bool {
    let path = |package: &str| package.split('@').next().map(str::to_owned);
    let own = side.package().and_then(|package| path(&package));
    own.is_some() && own == compared.place.package.as_deref().and_then(path)
}

fn compare(compared: &Compared<'_>, attributes: &Attributes<'_>, drafts: &mut Drafts) {
    let (old_side, new_side) = sides(compared);
    let of = attributes.item.clone().unwrap_or_else(|| {
        format!("interface `{}`", compared.place.interface.as_deref().unwrap_or_default())
    });
    let mut add = |rule: &'static Rule, breaks: Vec<Direction>, message: String| {
        let draft = Draft {
            rule,
            place: Place { item: attributes.item.clone(), ..compared.place.clone() },
            breaks,
            message,
            old: Some(attributes.shown.0.clone()),
            new: Some(attributes.shown.1.clone()),
            hint: Some(rule.advice.to_owned()).filter(|advice| !advice.is_empty()),
        };
        drafts.add(&compared.seen, draft);
    };
    // A component says nothing of documentation and gates, which is no change of them.
    let has_sources = old_side.root.is_none() && new_side.root.is_none() && is_own(compared, new_side);
    if has_sources && attributes.docs.0.contents != attributes.docs.1.contents {
        let what = match (&attributes.docs.0.contents, &attributes.docs.1.contents) {
            (None, _) => "is documented now",
            (_, None) => "has lost its documentation",
            _ => "is documented in other words",
        };
        add(&rules::DOC_CHANGE, Vec::new(), format!("{of} {what}"));
    }
    let (before, after) = attributes.external_id;
    if before != after {
        let shown = |id: Option<&str>| id.map_or_else(|| "none".to_owned(), |id| format!("`{id}`"));
        let message = format!("the external id of {of} was {} and is {}", shown(before), shown(after));
        add(&rules::EXTERNAL_ID_CHANGE, vec![Direction::Policy], message);
    }
    if has_sources && is_one_line(compared) {
        gates(&of, attributes.stability, old_side.version().as_ref(), &mut add);
    }
}

fn gates(
    of: &str,
    (old, new): (&Stability, &Stability),
    released: Option<&Version>,
    add: &mut dyn FnMut(&'static Rule, Vec<Direction>, String),
) {
    match (old, new) {
        (Stability::Stable { since: before, .. }, Stability::Stable { since: after, .. })
            if before != after =>
        {
            let message = format!("{of} was there since {before}, and says since {after} now");
            add(&rules::SINCE_IMMUTABLE, vec![Direction::Policy], message);
        }
        (Stability::Stable { since, .. }, Stability::Unknown) => {
            let message = format!("{of} was there since {since}, and does not say so any more");
            add(&rules::SINCE_IMMUTABLE, vec![Direction::Policy], message);
        }
        (Stability::Stable { .. } | Stability::Unknown, Stability::Unstable { feature, .. })
            if *old != Stability::Unknown || released.is_some() =>
        {
            let message = format!("{of} was stable, and needs the feature `{feature}` now");
            add(&rules::STABLE_NO_UNSTABLE, vec![Direction::Policy], message);
        }
        (Stability::Unstable { feature, .. }, Stability::Stable { since, .. }) => {
            let message = format!("{of} is stable since {since}; it needed the feature `{feature}`");
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
pub(super) fn deprecated(stability: &Stability) -> Option<&Version> {
    match stability {
        Stability::Stable { deprecated, .. } | Stability::Unstable { deprecated, .. } => deprecated.as_ref(),
        Stability::Unknown => None,
    }
}

/// Whether something is behind a feature.
pub(super) fn is_unstable(stability: &Stability) -> bool {
    matches!(stability, Stability::Unstable { .. })
}
