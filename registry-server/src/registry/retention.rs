//! What is kept of a repository: tags by pattern, by number and by age, and manifests without a tag.
//!
//! The first rule whose pattern matches a repository says what is kept of it; a repository without a rule keeps all.
//! A tag is kept when *any* condition of the rule keeps it. The time of a push is that of the manifest, stored with its
//! stamp; what an older version stored has no time, and is never too old.
//!
//! A manifest without a tag is *used*, and stays, when an index of the repository lists it or its subject is in the
//! repository. Removing one that is not used must not race with a push that begins to use it: as for blobs
//! (`registry/garbage.rs`), it is marked first, then all manifests are read once more, and it is removed in a batch that
//! requires the mark and the stamp to be unchanged. A push of an index takes the marks of what it lists away, and a push
//! of the manifest itself, under whatever tag, changes its stamp.

mod apply;
mod decide;
mod referrer_tags;

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wkit_artifact::{Digest, RepositoryName, Tag};

use super::{GarbageError, Registry};
use crate::limits::{RETENTION_ITEMS_MAX, RETENTION_REPORT_MAX, UNTAGGED_DAYS_DEFAULT, WALK_PAGE_MAX};
use crate::pattern::Pattern;
use crate::store::layout;

/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// `[[retention]]`: what is kept of the repositories that match a pattern. Without any of the five conditions on tags,
/// all tags are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RetentionRule {
    /// Which repositories.
    pub repositories: Pattern,
    /// Tags that match one of these patterns are kept.
    #[serde(default)]
    pub keep_tags: Vec<Pattern>,
    /// So many tags are kept, those whose manifests were pushed last.
    pub keep_newest: Option<usize>,
    /// Of the tags that are versions, so many are kept of each `major.minor`, the highest.
    pub keep_newest_per_minor: Option<usize>,
    /// Tags are kept whose manifest was pushed within so many days.
    pub keep_pushed_within_days: Option<u64>,
    /// Tags are kept whose manifest was pulled within so many days.
    pub keep_pulled_within_days: Option<u64>,
    /// Whether manifests without a tag that nothing uses are kept.
    #[serde(default = "yes")]
    pub keep_untagged: bool,
    /// How many days ago such a manifest must have been pushed to be removed.
    #[serde(default = "untagged_days")]
    pub untagged_days: u64,
    /// Whether the referrers without a tag of a manifest that is removed go with it.
    #[serde(default)]
    pub referrers_follow: bool,
}

fn yes() -> bool {
    true
}

fn untagged_days() -> u64 {
    UNTAGGED_DAYS_DEFAULT
}

impl RetentionRule {
    /// Whether any tag can go by this rule.
    fn judges_tags(&self) -> bool {
        !self.keep_tags.is_empty()
            || self.keep_newest.is_some()
            || self.keep_newest_per_minor.is_some()
            || self.keep_pushed_within_days.is_some()
            || self.keep_pulled_within_days.is_some()
    }
}

/// What a retention removed, or what it would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RetentionReport {
    /// Whether nothing was changed.
    pub(crate) dry_run: bool,
    /// When the run began, in seconds since 1970.
    pub(crate) started_seconds: u64,
    /// How long it took.
    pub(crate) took_milliseconds: u64,
    /// How many tags.
    pub(crate) tags: u64,
    /// How many manifests.
    pub(crate) manifests: u64,
    /// What goes, and why.
    pub(crate) removed: Vec<RetentionItem>,
    /// How much more goes than is in the list.
    pub(crate) removed_left_out: u64,
    /// Repositories that have too many tags, or manifests without a tag, to be judged.
    pub(crate) too_large: Vec<String>,
}

/// A tag or manifest that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RetentionItem {
    /// The repository.
    pub(crate) repository: String,
    /// The tag; `None` for a manifest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) tag: Option<String>,
    /// The digest of the manifest.
    pub(crate) digest: String,
    /// The number of the rule, counted from one.
    pub(crate) rule: usize,
    /// Why.
    pub(crate) reason: String,
}

/// A tag with what the rules ask about it.
#[derive(Clone, Debug)]
struct TagState {
    tag: Tag,
    digest: Digest,
    /// The stamp of the manifest; a push changes it.
    stamp: Option<Vec<u8>>,
    pushed_ms: Option<u64>,
    pulled_ms: Option<u64>,
}

/// One run.
struct Run<'a> {
    registry: &'a Registry,
    now_ms: u64,
    pulls_since_ms: u64,
    report: RetentionReport,
}

/// One repository and its rule.
#[derive(Clone, Copy)]
struct Scope<'a> {
    repository: &'a RepositoryName,
    rule: &'a RetentionRule,
    /// Counted from one.
    number: usize,
}

impl Registry {
    /// Removes what the retention rules do not keep, or with `dry_run` only says what would go.
    ///
    /// # Errors
    ///
    /// When a retention or a collection runs already, the registry is read-only, or a store fails; what was removed
    /// before stays removed.
    pub(crate) async fn retain(&self, dry_run: bool) -> Result<RetentionReport, GarbageError> {
        let _alone = self.parts.maintenance.try_lock().map_err(|_| GarbageError::Running)?;
        if self.is_read_only() && !dry_run {
            return Err(GarbageError::ReadOnly);
        }
        self.store_pulls().await?;
        let (begun, now_ms) = (Instant::now(), self.parts.clock.now_ms());
        let report =
            RetentionReport { dry_run, started_seconds: now_ms / 1_000, ..RetentionReport::default() };
        let pulls_since_ms = self.pulls_since().await?.unwrap_or(now_ms);
        let mut run = Run { registry: self, now_ms, pulls_since_ms, report };
        let rules = self.parts.rules.retention.as_slice();
        let mut after: Option<String> = None;
        while !rules.is_empty()
            && let Some(name) = self.next_repository(after.as_deref()).await?
        {
            if self.is_read_only() && !dry_run {
                return Err(GarbageError::ReadOnly);
            }
            let rule = rules.iter().position(|rule| rule.repositories.matches(&name));
            if let (Some(place), Ok(repository)) = (rule, name.parse::<RepositoryName>()) {
                let rule = &rules[place];
                run.repository(Scope { repository: &repository, rule, number: place + 1 }).await?;
            }
            after = Some(name);
        }
        let mut report = run.report;
        report.took_milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !dry_run {
            *self.parts.last_retention.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
        }
        Ok(report)
    }

    /// The same on a task of its own, for a request that may go away.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) async fn retain_to_the_end(&self, dry_run: bool) -> Result<RetentionReport, GarbageError> {
        let registry = self.clone();
        self.until_stopped(async move { registry.retain(dry_run).await }).await
    }

    /// The report of the last run that was no dry run.
    pub(crate) fn last_retention(&self) -> Option<RetentionReport> {
        self.parts.last_retention.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Run<'_> {
    async fn repository(&mut self, scope: Scope<'_>) -> Result<(), GarbageError> {
        let (mut going, mut referrers) = (HashSet::new(), Vec::new());
        if scope.rule.judges_tags() || scope.rule.referrers_follow {
            let Some(all) = self.tags(scope.repository).await? else {
                self.too_large(scope);
                return Ok(());
            };
            let tags: Vec<_>;
            (referrers, tags) =
                all.into_iter().partition(|state| referrer_tags::subject(&state.tag).is_some());
            let reasons = decide::reasons(scope.rule, self.now_ms, self.pulls_since_ms, &tags);
            let doomed: Vec<_> =
                tags.into_iter().zip(reasons).filter_map(|(tag, reason)| Some((tag, reason?))).collect();
            going = self.remove_tags(scope, doomed).await?;
        }
        let removed = match scope.rule.keep_untagged {
            true => HashSet::new(),
            false => self.untagged(scope, &going).await?,
        };
        if scope.rule.referrers_follow {
            self.referrer_tags(scope, referrers, &removed).await?;
        }
        Ok(())
    }

    /// All tags of a repository; `None` when there are too many.
    async fn tags(&self, repository: &RepositoryName) -> Result<Option<Vec<TagState>>, GarbageError> {
        let (mut tags, mut last) = (Vec::new(), None::<String>);
        loop {
            let scan = layout::tags_with_values_after(repository, last.as_deref(), WALK_PAGE_MAX);
            let page = self.registry.metadata().scan(scan).await?;
            let ended = page.len() < WALK_PAGE_MAX;
            for (key, value) in page {
                let Some(name) = layout::parse_tag(&key) else { continue };
                last = Some(name.to_owned());
                let (Ok(tag), Some(digest)) = (name.parse(), layout::parse_tag_value(&value)) else {
                    continue;
                };
                if tags.len() == RETENTION_ITEMS_MAX {
                    return Ok(None);
                }
                tags.push(self.tag_state(repository, tag, digest).await?);
            }
            if ended {
                return Ok(Some(tags));
            }
        }
    }

    async fn tag_state(
        &self,
        repository: &RepositoryName,
        tag: Tag,
        digest: Digest,
    ) -> Result<TagState, GarbageError> {
        let metadata = self.registry.metadata();
        let stamp = metadata.get(&layout::stamp(repository, &digest)).await?;
        let pushed_ms = stamp.as_deref().and_then(layout::parse_stamp_time);
        let pulled = metadata.get(&layout::pulled(repository, &digest)).await?;
        let pulled_ms = pulled.as_deref().and_then(layout::parse_time_value);
        Ok(TagState { tag, digest, stamp, pushed_ms, pulled_ms })
    }

    fn too_large(&mut self, scope: Scope<'_>) {
        if self.report.too_large.len() < RETENTION_REPORT_MAX / 10 {
            self.report.too_large.push(scope.repository.to_string());
        }
    }

    fn tell(&mut self, scope: Scope<'_>, tag: Option<&Tag>, digest: &Digest, reason: String) {
        match tag {
            Some(_) => self.report.tags += 1,
            None => self.report.manifests += 1,
        }
        if self.report.removed.len() == RETENTION_REPORT_MAX {
            self.report.removed_left_out += 1;
            return;
        }
        self.report.removed.push(RetentionItem {
            repository: scope.repository.to_string(),
            tag: tag.map(ToString::to_string),
            digest: digest.to_string(),
            rule: scope.number,
            reason,
        });
    }
}
