//! Findings while they are gathered: one for each change, however many worlds it counts in.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;

use crate::check::finding::{Finding, Place, Position, Shown, Status};
use crate::check::rule::{Direction, Level, Rule};
use crate::limits::FINDINGS_MAX;

/// How many names of all that is new are tried for what is gone.
const NAMES_TRIED_MAX: usize = 20_000;

/// Where a change was met.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) world: Option<String>,
    pub(super) position: Option<Position>,
    /// The feature that it was behind, on which nobody may rely.
    pub(super) feature: Option<String>,
}

/// What is to be said of a change.
pub(super) struct Draft {
    pub(super) rule: &'static Rule,
    pub(super) place: Place,
    pub(super) breaks: Vec<Direction>,
    pub(super) message: String,
    pub(super) old: Option<Shown>,
    pub(super) new: Option<Shown>,
    pub(super) hint: Option<String>,
}

/// A finding that has no level yet.
pub(in crate::check) struct Found {
    pub(in crate::check) finding: Finding,
    /// The feature that it was behind wherever it was met.
    pub(in crate::check) feature: Option<String>,
}

struct Gathered {
    draft: Draft,
    breaks: BTreeSet<Direction>,
    worlds: BTreeSet<String>,
    positions: BTreeSet<Position>,
    feature: Option<String>,
}

pub(super) struct Drafts {
    list: IndexMap<(Place, &'static str, String), Gathered>,
    /// Of which rules somebody breaks: no verdict may be lost to the limit.
    known: HashSet<(&'static str, Option<Direction>)>,
    truncated: bool,
    names_left: usize,
}

impl Default for Drafts {
    fn default() -> Self {
        Self { list: IndexMap::new(), known: HashSet::new(), truncated: false, names_left: NAMES_TRIED_MAX }
    }
}

impl Drafts {
    /// Adds a finding, or where it was met to one that is there.
    pub(super) fn add(&mut self, seen: &Seen, draft: Draft) {
        let Draft { rule, .. } = draft;
        let key = (draft.place.clone(), rule.id, draft.message.clone());
        let whom = draft.breaks.iter().copied().map(Some).chain([None]);
        let mut is_news = false;
        for direction in whom {
            is_news |= self.known.insert((rule.id, direction));
        }
        if self.list.len() >= FINDINGS_MAX && !is_news && !self.list.contains_key(&key) {
            self.truncated = true;
            return;
        }
        let breaks = draft.breaks.clone();
        let gathered = self.list.entry(key).or_insert_with(|| Gathered {
            draft,
            breaks: BTreeSet::new(),
            worlds: BTreeSet::new(),
            positions: BTreeSet::new(),
            feature: seen.feature.clone(),
        });
        if seen.feature.is_none() {
            gathered.feature = None;
        }
        gathered.breaks.extend(breaks);
        gathered.worlds.extend(seen.world.clone());
        gathered.positions.extend(seen.position);
    }

    /// Whether so many more names may be tried: to look for slips takes time.
    pub(super) fn may_try(&mut self, names: usize) -> bool {
        let left = self.names_left.checked_sub(names);
        self.names_left = left.unwrap_or(self.names_left);
        left.is_some()
    }

    /// The findings in the order of the packages, and whether there were more.
    pub(super) fn finish(self) -> (Vec<Found>, bool) {
        let found = |gathered: Gathered| {
            let Gathered { draft, breaks, worlds, positions, feature } = gathered;
            let worlds = worlds.into_iter().collect();
            let positions = positions.into_iter().collect();
            let finding = Finding {
                rule: draft.rule,
                breaks: breaks.into_iter().collect(),
                level: Level::Note,
                place: Place { worlds, positions, ..draft.place },
                message: draft.message,
                old: draft.old,
                new: draft.new,
                hint: draft.hint,
                status: Status::Counts,
            };
            Found { finding, feature }
        };
        (self.list.into_values().map(found).collect(), self.truncated)
    }
}
