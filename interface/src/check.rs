//! Checks one version of an interface or component against another, and each by itself.
//!
//! A change has no verdict by itself, only one for somebody: to add a function to an interface harms no component that
//! calls it, and every host that has to have it. So every finding names whom it breaks ([`Direction`]); a [`Profile`]
//! says whom to protect, and so what is breaking.

mod capability;
mod finding;
mod form_rules;
pub mod hosts;
mod lint;
mod rule;

pub use finding::{Bump, Finding, Location, Place, Position, Shown, Status};
pub use rule::{Direction, Group, Level, Rule};
