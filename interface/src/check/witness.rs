//! Proves a finding: two small components, one with an import that the other's export should fill, that do not link.
//!
//! They have nothing but what the finding is about: the interface is cut down to the one item and the types that it
//! needs. Both are linked and validated, and so are two that are both made from one side: those must link, so that
//! nothing but the change is what keeps the first two apart. A finding without such a witness is a bug of the check.

mod cut;
mod link;
mod subject;

use thiserror::Error;

use super::contract::Contract;
use super::finding::{Finding, Position};
use super::rule::{Direction, Group};
use subject::Subject;

/// Two components that do not link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The component with the import.
    pub consumer: Vec<u8>,
    /// The component whose export should fill it.
    pub provider: Vec<u8>,
    /// Both, linked: what the validator refuses.
    pub linked: Vec<u8>,
    /// Whom it breaks: the host check has the consumer from the old side when the interface is imported.
    pub direction: Direction,
    /// Where the interface stands in the world.
    pub position: Position,
    /// What the validator says to the two together.
    pub refusal: String,
}

/// Why there is no witness.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The finding is not about components that are linked.
    #[error("`{rule}` is not about linking, so there are no components to show")]
    NotAboutLinking {
        /// The rule.
        rule: &'static str,
    },
    /// What the finding speaks of is not in the two sides.
    #[error("{place} is in neither side")]
    NotFound {
        /// What was looked for.
        place: String,
    },
    /// The components cannot be made.
    #[error("a component for {place} cannot be made: {message}")]
    NotMade {
        /// What it was for.
        place: String,
        /// Why.
        message: String,
    },
    /// The components link, so the finding is wrong.
    #[error("{place} is said to break the {direction} check, but its components link")]
    Links {
        /// What the finding is about.
        place: String,
        /// Which check it is said to break.
        direction: Direction,
    },
    /// Even two components of one side do not link, so the refusal says nothing.
    #[error("two components for {place} of one side do not link: {message}")]
    Unsound {
        /// What they were for.
        place: String,
        /// What the validator says.
        message: String,
    },
}

/// The two components that show why `finding` is one, for the first of the directions that it breaks.
///
/// # Errors
///
/// See [`WitnessError`]; for a finding of the group [`Group::Link`] that `old` and `new` gave, each is a bug.
pub fn witness(finding: &Finding, old: &Contract, new: &Contract) -> Result<Witness, WitnessError> {
    let linked = [Direction::Host, Direction::Component];
    match linked.into_iter().find(|direction| finding.breaks.contains(direction)) {
        Some(direction) if finding.rule.group == Group::Link => witness_of(finding, direction, old, new),
        _ => Err(WitnessError::NotAboutLinking { rule: finding.rule.id }),
    }
}

/// The two components that show why `finding` breaks `direction`, which is the host check or the component check.
///
/// # Errors
///
/// See [`WitnessError`].
pub fn witness_of(
    finding: &Finding,
    direction: Direction,
    old: &Contract,
    new: &Contract,
) -> Result<Witness, WitnessError> {
    if !matches!(direction, Direction::Host | Direction::Component) {
        return Err(WitnessError::NotAboutLinking { rule: finding.rule.id });
    }
    let positions = match finding.place.positions.as_slice() {
        [] => &[Position::Import],
        positions => positions,
    };
    let mut last = None;
    for &position in positions {
        let old_asks = (direction == Direction::Host) == (position == Position::Import);
        let (consumer, provider) = if old_asks { (old, new) } else { (new, old) };
        match refused(finding, consumer, provider, position) {
            Ok(Some([consumer, provider, linked, refusal])) => {
                let refusal = String::from_utf8_lossy(&refusal).into_owned();
                return Ok(Witness { consumer, provider, linked, direction, position, refusal });
            }
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| WitnessError::Links { place: finding.place.to_string(), direction }))
}

/// The consumer, the provider, both linked and what the validator says; nothing when they link.
fn refused(
    finding: &Finding,
    consumer: &Contract,
    provider: &Contract,
    position: Position,
) -> Result<Option<[Vec<u8>; 4]>, WitnessError> {
    let place = || finding.place.to_string();
    let made = |message: String| WitnessError::NotMade { place: place(), message };
    let asked =
        Subject::find(finding, consumer, position).ok_or(WitnessError::NotFound { place: place() })?;
    let given = Subject::find(finding, provider, position);
    let wanted = asked.consumer().map_err(made)?;
    let own = asked.clone().provider(&wanted.names).map_err(made)?;
    let other = match given {
        Some(given) => given.provider(&wanted.names).map_err(made)?,
        None => link::EMPTY_COMPONENT.to_vec(),
    };
    let alone = link::link(&wanted.bytes, &own).map_err(made)?;
    if let Err(message) = link::validate(&alone) {
        return Err(WitnessError::Unsound { place: place(), message });
    }
    let linked = link::link(&wanted.bytes, &other).map_err(made)?;
    Ok(link::validate(&linked).err().map(|refusal| [wanted.bytes, other, linked, refusal.into_bytes()]))
}
