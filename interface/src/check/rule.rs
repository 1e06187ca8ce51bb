//! What a rule is; the rules themselves are rows of [`RULES`].

use std::fmt;

use serde::Serialize;

/// Who is affected by a change. One change may be harmless for one and break another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The host check: old components on the new host.
    Host,
    /// The component check: the new component in the place of the old one.
    Component,
    /// Source code that calls the interface, when it is built again.
    Callers,
    /// Source code that implements the interface, when it is built again.
    Implementers,
    /// No code breaks, but a promise does: versions, gates, capabilities, size.
    Policy,
}

impl Direction {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 5] = [Self::Host, Self::Component, Self::Callers, Self::Implementers, Self::Policy];

    /// The name in options and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Component => "component",
            Self::Callers => "callers",
            Self::Implementers => "implementers",
            Self::Policy => "policy",
        }
    }

    /// Whom a change of this direction breaks, in words.
    pub fn whom(self) -> &'static str {
        match self {
            Self::Host => "old components on the new host",
            Self::Component => "the new component in the old place",
            Self::Callers => "source code that calls it",
            Self::Implementers => "source code that implements it",
            Self::Policy => "what was promised",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Something new that breaks nobody whom the profile protects: a minor version.
    Additive,
    /// It breaks somebody whom the profile protects.
    Breaking,
}

impl Level {
    /// The name in options and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// What kind of knowledge a rule rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The validator's: two components link or they do not. Each finding has a witness.
    Link,
    /// Source code that is built again.
    Source,
    /// Which package, interface or resource something is.
    Identity,
    /// Version numbers.
    Version,
    /// `@since`, `@unstable` and `@deprecated`.
    Gates,
    /// What hosts must grant, and the size.
    Capability,
    /// A component or package by itself, without another to compare it with.
    Form,
}

/// A rule: what it watches, for whom, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id, as in `FUNC_NO_DELETE`; it never changes its meaning.
    pub id: &'static str,
    /// What it rests on.
    pub group: Group,
    /// What it watches, in one sentence.
    pub purpose: &'static str,
    /// Whom such a change can break.
    pub directions: &'static [Direction],
    /// An example before the change, as WIT; empty where the rule looks at one side only.
    pub before: &'static str,
    /// The example after the change.
    pub after: &'static str,
    /// Why it breaks them.
    pub reason: &'static str,
    /// The document and section that say so.
    pub specification: &'static str,
    /// What to do instead.
    pub advice: &'static str,
}
