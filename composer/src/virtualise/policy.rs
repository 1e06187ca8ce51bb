//! What is closed, and what is fixed instead.

use std::collections::{BTreeMap, BTreeSet};

use crate::virtualise::capability::Capability;

/// What a component shall be able to do; [`Policy::default`] leaves everything as it is.
///
/// To state an answer (variables, arguments, files) closes the host's: the component sees what is stated and nothing
/// else. The clock's time and the random numbers are stated for where those are closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// What is closed.
    pub deny: BTreeSet<Capability>,
    /// The variables of the environment, in order.
    pub env: Option<Vec<(String, String)>>,
    /// The arguments, the program's name first.
    pub args: Option<Vec<String>>,
    /// The files, by absolute path inside; folders come into being by what is in them. An empty path component, `.` or
    /// `..` is refused.
    pub files: Option<BTreeMap<String, Vec<u8>>>,
    /// Folders that are there although nothing is in them, by absolute path.
    pub folders: BTreeSet<String>,
    /// What the wall clock shows where the clocks are closed; the beginning of 1970 without it.
    pub wall_clock: Instant,
    /// Where the random numbers begin where those are closed.
    pub seed: u64,
}

/// A time, as WASI has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Instant {
    /// Seconds since the beginning of 1970, UTC.
    pub seconds: u64,
    /// Nanoseconds on top, less than a second.
    pub nanoseconds: u32,
}

impl Policy {
    /// Whether the host is kept from answering a capability.
    pub(crate) fn closes(&self, capability: Capability) -> bool {
        self.deny.contains(&capability) || self.fixes(capability)
    }

    /// Whether an answer is stated for a capability.
    pub(crate) fn fixes(&self, capability: Capability) -> bool {
        match capability {
            Capability::Env => self.env.is_some(),
            Capability::Args => self.args.is_some(),
            Capability::Filesystem => self.files.is_some(),
            _ => false,
        }
    }

    /// Whether nothing is closed.
    pub fn is_empty(&self) -> bool {
        Capability::ALL.iter().all(|capability| !self.closes(*capability))
    }
}
