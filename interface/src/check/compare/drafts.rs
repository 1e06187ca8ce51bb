//! Findings while they are gathered: one for each change, however many worlds it counts in.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::check::finding::{Finding, Place, Position, Shown, Status};
use crate::check::rule::{Direction, Level, Rule};
use crate::limits::FINDINGS_MAX;

/// Where a change was met.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) world: Option<String>,
    pub(super) position: Option<Position>,
    /// Whether it was behind a feature that nobody may rely on.
    pub(super) unstable: bool,
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

struct Gathered {
    draft: Draft,
    breaks: BTreeSet<Direction>,
    worlds: BTreeSet<String>,
    positions: BTreeSet<Position>,
    unstable: bool,
}

#[derive(Default)]
pub(super) struct Drafts {
    list: IndexMap<(Place, &'static str, String), Gathered>,
    truncated: bool,
}

impl Drafts {
    /// Adds a finding, or where it was met to one that is there.
    pub(super) fn add(&mut self, seen: &Seen, draft: Draft) {
        let key = (draft.place.clone(), draft.rule.id, draft.message.clone());
        if self.list.len() >= FINDINGS_MAX && !self.list.contains_key(&key) {
            self.truncated = true;
            return;
        }
        let gathered = self.list.entry(key).or_insert_with(|| Gathered {
            breaks: BTreeSet::new(),
            worlds: BTreeSet::new(),
            positions: BTreeSet::new(),
            unstable: true,
            draft: Draft { breaks: Vec::new(), ..draft_of(&draft) },
        });
        gathered.unstable &= seen.unstable;
        gathered.breaks.extend(draft.breaks);
        gathered.worlds.extend(seen.world.clone());
        gathered.positions.extend(seen.position);
    }

    /// The findings in the order of the packages, each with whether it is about something unstable; and whether there
    /// were more.
    pub(super) fn finish(self) -> (Vec<(Finding, bool)>, bool) {
        let finding = |gathered: Gathered| {
            let Gathered { draft, breaks, worlds, positions, unstable } = gathered;
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
            (finding, unstable)
        };
        (self.list.into_values().map(finding).collect(), self.truncated)
    }
}

fn draft_of(draft: &Draft) -> Draft {
    Draft {
        rule: draft.rule,
        place: draft.place.clone(),
        breaks: Vec::new(),
        message: draft.message.clone(),
        old: draft.old.clone(),
        new: draft.new.clone(),
        hint: draft.hint.clone(),
    }
}
