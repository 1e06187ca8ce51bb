//! What a check found, in the formats that people and services read.

mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod place;
mod sarif;
mod snippet;
mod text;
mod words;

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;
use wkit_interface::check::{Bump, Finding, Group, Level, Profile, Status, VersionStep};

use crate::baseline::Side;
use crate::error::CommandError;

use place::fingerprints;
pub(crate) use words::{bump_sentence, placed, whom};

/// How the result of a check is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people: what changed, where, and whom it breaks.
    #[default]
    Text,
    /// For machines, with a documented schema.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a workflow of GitHub.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// A test report, for services that show those.
    Junit,
    /// For a comment on a change.
    Markdown,
    /// What to paste into `wkit.toml` to ignore what breaks.
    IgnoreSnippet,
}

/// All that was checked.
pub(crate) struct Report {
    /// One for each thing that was checked, in order.
    pub(crate) checks: Vec<Checked>,
    /// Where the command ran; paths of files are shown from there.
    pub(crate) folder: PathBuf,
}

/// One thing that was checked, by itself or against another.
pub(crate) struct Checked {
    /// How it is called.
    pub(crate) subject: String,
    /// It, and its text.
    pub(crate) new: Side,
    /// What it was checked against.
    pub(crate) old: Option<Side>,
    /// Whom the check protects.
    pub(crate) profile: Profile,
    /// The world that was looked at, where one was named.
    pub(crate) world: Option<String>,
    /// The hosts whose imports were looked up.
    pub(crate) hosts: Vec<String>,
    /// What was found: what weighs most comes first.
    pub(crate) findings: Vec<Finding>,
    /// By how much the version has to grow.
    pub(crate) required: Bump,
    /// The packages whose versions were compared.
    pub(crate) versions: Vec<VersionStep>,
    /// Whether there is more than was listed.
    pub(crate) truncated: bool,
    /// What is worth knowing besides, as sentences.
    pub(crate) remarks: Vec<String>,
}

/// How many findings there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Counts {
    /// That break somebody whom the profile protects.
    pub(crate) breaking: usize,
    /// That add something.
    pub(crate) additive: usize,
    /// That are worth knowing.
    pub(crate) note: usize,
    /// That would break, but the version says so.
    pub(crate) allowed_by_version: usize,
    /// That the project ignores.
    pub(crate) ignored: usize,
}

impl Counts {
    fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            *match (&finding.status, finding.level) {
                (Status::Ignored { .. }, _) => &mut counts.ignored,
                (Status::AllowedByVersion { .. }, Level::Breaking) => &mut counts.allowed_by_version,
                (_, Level::Breaking) => &mut counts.breaking,
                (_, Level::Additive) => &mut counts.additive,
                (_, Level::Note) => &mut counts.note,
            } += 1;
        }
        counts
    }
}

impl Checked {
    /// How many findings of each kind it has.
    pub(crate) fn counts(&self) -> Counts {
        Counts::of(&self.findings)
    }

    /// How many changes break somebody: without what is said of the version, which follows from them.
    fn breaking_changes(&self) -> usize {
        let is_change = |finding: &&Finding| finding.rule.group != Group::Version;
        self.findings.iter().filter(is_change).filter(|finding| counts_as_breaking(finding)).count()
    }

    /// What it was checked against, as it is called.
    pub(crate) fn against(&self) -> Option<&str> {
        self.old.as_ref().map(|old| old.tree.shown())
    }

    /// `wit/` or `wit/ against git:main#wit`, for headings.
    pub(crate) fn heading(&self) -> String {
        match self.against() {
            Some(against) => format!("`{}` against `{against}`", self.subject),
            None => format!("`{}`", self.subject),
        }
    }
}

impl Report {
    /// Whether there is something for which the command fails.
    pub(crate) fn has_findings(&self) -> bool {
        self.checks.iter().any(|checked| checked.counts().breaking > 0)
    }

    /// Everything in one format; text has colours, which go away where nobody sees them.
    pub(crate) fn render(&self, format: ReportFormat) -> Result<String, CommandError> {
        Ok(match format {
            ReportFormat::Text => text::render(self),
            ReportFormat::Json => pretty(&json::document(self))?,
            ReportFormat::Sarif => pretty(&sarif::document(self))?,
            ReportFormat::Github => github::render(self),
            ReportFormat::Gitlab => pretty(&gitlab::document(self))?,
            ReportFormat::Junit => junit::render(self),
            ReportFormat::Markdown => markdown::render(self),
            ReportFormat::IgnoreSnippet => snippet::render(self),
        })
    }
}

/// Whether a finding is one for which the command fails.
pub(crate) fn counts_as_breaking(finding: &Finding) -> bool {
    finding.level == Level::Breaking && finding.status == Status::Counts
}

fn pretty(document: &Value) -> Result<String, CommandError> {
    serde_json::to_string_pretty(document)
        .map(|text| text + "\n")
        .map_err(|error| CommandError::bug(format!("cannot write the result as JSON: {error}")))
}
