//! Removing what a rule does not keep.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, stream};
use wkit_artifact::{Digest, RepositoryName, Tag, TagOrDigest};

use super::{DAY_MS, Run, Scope, TagState, decide};
use crate::limits::{
    GARBAGE_MARKS_MAX, GARBAGE_REMOVALS_MAX, REFERRERS_CHAIN_MAX, REFERRERS_PAGE_MAX, RETENTION_ITEMS_MAX,
};
use crate::registry::{GarbageError, ManifestError, Registry, manifests, references};
use crate::store::{Batch, Condition, layout};

/// Manifests that may go: the stamp of each, and why.
type Candidates = BTreeMap<Digest, (Option<Vec<u8>>, String)>;

impl Run<'_> {
    /// Removes tags, except those that were pushed again meanwhile; returns the ones that are gone, or would be.
    pub(super) async fn remove_tags(
        &mut self,
        scope: Scope<'_>,
        doomed: Vec<(TagState, String)>,
    ) -> Result<HashSet<Tag>, GarbageError> {
        let (registry, dry_run) = (self.registry, self.report.dry_run);
        let removals = stream::iter(doomed).map(|(state, reason)| async move {
            let removed = dry_run || registry.remove_tag(scope.repository.clone(), state.clone()).await?;
            Ok::<_, GarbageError>(removed.then_some((state, reason)))
        });
        let removed: Vec<_> = removals.buffered(GARBAGE_REMOVALS_MAX).collect().await;
        let mut going = HashSet::new();
        for removed in removed {
            if let Some((state, reason)) = removed? {
                self.tell(scope, Some(&state.tag), &state.digest, reason);
                going.insert(state.tag);
            }
        }
        Ok(going)
    }

    /// Removes the manifests that have no tag, or only such that are going, that nothing uses, and that are old enough;
    /// returns those that are gone, or would be.
    pub(super) async fn untagged(
        &mut self,
        scope: Scope<'_>,
        going: &HashSet<Tag>,
    ) -> Result<HashSet<Digest>, GarbageError> {
        let mut all = HashSet::new();
        let Some(mut candidates) = self.candidates(scope, going).await? else {
            self.too_large(scope);
            return Ok(all);
        };
        // Referrers of referrers are found in the round after.
        for _ in 0..REFERRERS_CHAIN_MAX {
            self.drop_used(scope.repository, &mut candidates).await?;
            if candidates.is_empty() {
                break;
            }
            let removed = self.remove_manifests(scope, candidates).await?;
            candidates = Candidates::new();
            if scope.rule.referrers_follow {
                for digest in &removed {
                    self.add_referrers(scope, digest, going, &mut candidates).await?;
                }
            }
            all.extend(removed);
        }
        Ok(all)
    }

    /// The manifests without a tag that are old enough and whose subject is not there; `None` when there are too
    /// many.
    async fn candidates(
        &self,
        scope: Scope<'_>,
        going: &HashSet<Tag>,
    ) -> Result<Option<Candidates>, GarbageError> {
        let (registry, repository) = (self.registry, scope.repository);
        let mut candidates = Candidates::new();
        let mut walk = registry.manifests_of(repository);
        while let Some(digest) = walk.next_digest().await? {
            tokio::task::consume_budget().await;
            // The stamp before the tags: a push that sets a tag after this changes it.
            let stamp = registry.metadata().get(&layout::stamp(repository, &digest)).await?;
            let Some(pushed_ms) = stamp.as_deref().and_then(layout::parse_stamp_time) else { continue };
            if self.now_ms.saturating_sub(pushed_ms) < scope.rule.untagged_days.saturating_mul(DAY_MS)
                || registry.has_other_tags(repository, &digest, going).await?
            {
                continue;
            }
            let Some(value) = registry.metadata().get(&layout::manifest(repository, &digest)).await? else {
                continue;
            };
            if let Some(subject) = manifests::stored_subject(repository, &value)
                && registry.metadata().get(&layout::stamp(repository, &subject)).await?.is_some()
            {
                continue;
            }
            if candidates.len() == RETENTION_ITEMS_MAX {
                return Ok(None);
            }
            let age = decide::age_days(self.now_ms, pushed_ms);
            candidates.insert(
                digest,
                (stamp, format!("it has no tag, nothing uses it, and it was pushed {age} days ago")),
            );
        }
        Ok(Some(candidates))
    }

    /// Takes the manifests out that an index lists, whatever becomes of the index: its children go after it.
    async fn drop_used(
        &self,
        repository: &RepositoryName,
        candidates: &mut Candidates,
    ) -> Result<(), GarbageError> {
        let mut walk = self.registry.manifests_of(repository);
        while !candidates.is_empty()
            && let Some((_, value)) = walk.next().await?
        {
            for child in references::children(&value) {
                candidates.remove(&child);
            }
        }
        Ok(())
    }

    /// Adds the referrers without a tag of a manifest that was removed.
    async fn add_referrers(
        &self,
        scope: Scope<'_>,
        subject: &Digest,
        going: &HashSet<Tag>,
        candidates: &mut Candidates,
    ) -> Result<(), GarbageError> {
        let (registry, repository) = (self.registry, scope.repository);
        let mut last: Option<String> = None;
        loop {
            let scan = layout::referrers_after(repository, subject, last.as_deref(), REFERRERS_PAGE_MAX);
            let page = registry.metadata().scan(scan).await?;
            let ended = page.len() < REFERRERS_PAGE_MAX;
            for (key, _) in page {
                let Some(digest) = layout::parse_digest(&key) else { continue };
                last = Some(digest.to_string());
                let stamp = registry.metadata().get(&layout::stamp(repository, &digest)).await?;
                if stamp.is_some()
                    && candidates.len() < RETENTION_ITEMS_MAX
                    && !registry.has_other_tags(repository, &digest, going).await?
                {
                    candidates.insert(digest, (stamp, format!("its subject `{subject}` is removed")));
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Marks manifests, looks once more whether something uses them, and removes those that nothing does.
    async fn remove_manifests(
        &mut self,
        scope: Scope<'_>,
        mut candidates: Candidates,
    ) -> Result<Vec<Digest>, GarbageError> {
        if !self.report.dry_run {
            self.registry.mark_manifests(scope.repository, candidates.keys(), Some(self.now_ms)).await?;
            let marked: Vec<Digest> = candidates.keys().cloned().collect();
            let removed = match self.drop_used(scope.repository, &mut candidates).await {
                Ok(()) => self.remove_marked(scope, candidates).await,
                Err(error) => Err(error),
            };
            // Whatever was not removed is left as it was.
            self.registry.mark_manifests(scope.repository, marked.iter(), None).await?;
            return removed;
        }
        let mut removed = Vec::new();
        for (digest, (_, reason)) in candidates {
            self.tell(scope, None, &digest, reason);
            removed.push(digest);
        }
        Ok(removed)
    }

    async fn remove_marked(
        &mut self,
        scope: Scope<'_>,
        candidates: Candidates,
    ) -> Result<Vec<Digest>, GarbageError> {
        let (registry, mark) = (self.registry, layout::time_value(self.now_ms));
        let removals = stream::iter(candidates).map(|(digest, (stamp, reason))| {
            let mark = mark.clone();
            async move {
                let removal = registry.remove_manifest(scope.repository.clone(), digest.clone(), stamp, mark);
                Ok::<_, GarbageError>(removal.await?.then_some((digest, reason)))
            }
        });
        let results: Vec<_> = removals.buffered(GARBAGE_REMOVALS_MAX).collect().await;
        let mut removed = Vec::new();
        for result in results {
            if let Some((digest, reason)) = result? {
                self.tell(scope, None, &digest, reason);
                removed.push(digest);
            }
        }
        Ok(removed)
    }
}

impl Registry {
    /// Whether a manifest has a tag that is not among those going.
    async fn has_other_tags(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        going: &HashSet<Tag>,
    ) -> Result<bool, GarbageError> {
        // One more than are going is another one.
        let scan = layout::tagged_with(repository, digest, going.len().saturating_add(1));
        let entries = self.metadata().scan(scan).await?;
        let tags =
            entries.iter().map(|(key, _)| layout::parse_tag(key).and_then(|tag| tag.parse::<Tag>().ok()));
        // One that cannot be read is a tag all the same.
        Ok(tags.into_iter().any(|tag| tag.is_none_or(|tag| !going.contains(&tag))))
    }

    /// Removes a tag unless it, or its manifest, was pushed again; says whether it is gone.
    async fn remove_tag(&self, repository: RepositoryName, state: TagState) -> Result<bool, ManifestError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let reference = TagOrDigest::Tag(state.tag.clone());
            let Some(mut removal) = registry.untagging(&repository, &state.tag).await? else {
                return Ok(false);
            };
            let TagOrDigest::Tag(tag) = reference else { return Ok(false) };
            // The tag may name another manifest by now.
            let value = layout::tag_value(&state.digest);
            removal.batch.require(layout::tag(&repository, &tag), Condition::Equals(value));
            removal.batch.require_unchanged(layout::stamp(&repository, &state.digest), state.stamp);
            registry.remove(&repository, removal).await
        })
        .await
    }

    /// Removes a manifest unless it was pushed, or begun to be used, since it was looked at; says whether it is gone.
    async fn remove_manifest(
        &self,
        repository: RepositoryName,
        digest: Digest,
        stamp: Option<Vec<u8>>,
        mark: Vec<u8>,
    ) -> Result<bool, ManifestError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let Some(mut removal) = registry.removal(&repository, &digest).await? else { return Ok(false) };
            if !removal.whole {
                // Somebody has given it tags, and many.
                return Ok(false);
            }
            let key = layout::garbage(&repository, &digest);
            removal.batch.require_unchanged(layout::stamp(&repository, &digest), stamp);
            removal.batch.require(key.clone(), Condition::Equals(mark));
            removal.batch.remove(key);
            registry.remove(&repository, removal).await
        })
        .await
    }

    /// Sets the marks of manifests, or takes them away.
    async fn mark_manifests(
        &self,
        repository: &RepositoryName,
        digests: impl Iterator<Item = &Digest>,
        time_ms: Option<u64>,
    ) -> Result<(), GarbageError> {
        let mut batch = Batch::default();
        for digest in digests {
            let key = layout::garbage(repository, digest);
            match time_ms {
                Some(time_ms) => batch.set(key, layout::time_value(time_ms)),
                None => batch.remove(key),
            }
            if batch.writes.len() >= GARBAGE_MARKS_MAX {
                self.metadata().commit(std::mem::take(&mut batch)).await?;
            }
        }
        if !batch.writes.is_empty() {
            self.metadata().commit(batch).await?;
        }
        Ok(())
    }
}
