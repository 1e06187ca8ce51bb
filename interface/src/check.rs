//! Checks one version of an interface or component against another, and each by itself.
//!
//! A change has no verdict by itself, only one for somebody: to add a function to an interface harms no component that
//! calls it, and every host that has to have it. So every finding names whom it breaks ([`Direction`]); a [`Profile`]
//! says whom to protect, and so what is breaking.

mod bump;
mod capability;
mod compare;
mod contract;
mod dependencies;
mod finding;
mod form_rules;
pub mod hosts;
mod judge;
mod lint;
mod rule;
mod rules;
mod settings;
mod witness;

pub use bump::VersionStep;
pub use compare::{CheckError, compare, links};
pub use contract::{Contract, ContractError, ContractKind};
pub use finding::{Bump, Finding, Location, Place, Position, Shown, Status};
pub use judge::Comparison;
pub use lint::lint;
pub use rule::{Direction, Group, Level, Rule};
pub use settings::{Ignore, Profile, Settings, UnknownProfile};
pub use witness::{Witness, WitnessError, witness, witness_of};

/// All rules, in the order of the documentation.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    rules::RULES.iter().chain(form_rules::FORM_RULES).copied()
}

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}
