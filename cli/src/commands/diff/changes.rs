//! The changes between two sides, in the order and under the titles of a release note.

use wkit_interface::check::{Finding, Group, Level, Place};

use crate::report::Checked;

/// Under which title a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Title {
    /// What somebody breaks by.
    Breaking,
    /// What is new.
    Added,
    /// What is otherwise.
    Changed,
    /// What will go away.
    Deprecated,
    /// What is said about it.
    Documentation,
}

impl Title {
    pub(super) const ALL: [Self; 5] =
        [Self::Breaking, Self::Added, Self::Changed, Self::Deprecated, Self::Documentation];

    /// As it is written above the changes.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking",
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Deprecated => "Deprecated",
            Self::Documentation => "Documentation",
        }
    }

    fn of(finding: &Finding) -> Self {
        let id = finding.rule.id;
        match finding.level {
            Level::Breaking => Self::Breaking,
            _ if id.starts_with("DOC_") => Self::Documentation,
            _ if id.starts_with("DEPRECAT") => Self::Deprecated,
            Level::Additive => Self::Added,
            Level::Note if id.ends_with("_ADD") || id.ends_with("_ADDED") => Self::Added,
            Level::Note => Self::Changed,
        }
    }
}

/// The changes under each title that has some; what is said of version numbers is no change of its own.
pub(super) fn by_title(checked: &Checked) -> Vec<(Title, Vec<&Finding>)> {
    let changes = |title: Title| -> Vec<&Finding> {
        let of = |finding: &&Finding| finding.rule.group != Group::Version && Title::of(finding) == title;
        checked.findings.iter().filter(of).collect()
    };
    let all = Title::ALL.into_iter().map(|title| (title, changes(title)));
    all.filter(|(_, changes)| !changes.is_empty()).collect()
}

/// What is documented in other words, by the interface that it is in: `` `acme:kv/store` `` and its items.
pub(super) fn documented(changes: &[&Finding]) -> Vec<(String, Vec<String>)> {
    let mut by_place: Vec<(String, Vec<String>)> = Vec::new();
    for finding in changes {
        let package =
            finding.place.package.as_ref().map(|name| name.split('@').next().unwrap_or(name).to_owned());
        let place = Place { package, item: None, part: None, ..finding.place.clone() }.to_string();
        let item = finding.place.item.clone();
        match by_place.iter_mut().find(|(known, _)| *known == place) {
            Some((_, items)) => items.extend(item),
            None => by_place.push((place, item.into_iter().collect())),
        }
    }
    by_place
}
