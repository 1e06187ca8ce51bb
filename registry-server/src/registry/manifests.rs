//! Pushing, reading and removing manifests and tags.

use bytes::Bytes;
use wkit_artifact::{Algorithm, Digest, RepositoryName, Tag, TagOrDigest};

use super::quota::Change;
use super::references::{self, Parsed};
use super::{ManifestError, Registry};
use crate::limits::{CONFLICT_RETRIES_MAX, REMOVAL_TAGS_MAX};
use crate::store::{Batch, CommitError, Condition, layout};

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredManifest {
    /// Its digest.
    pub(crate) digest: Digest,
    /// The media type it was pushed with.
    pub(crate) media_type: String,
    /// Exactly the bytes that were pushed.
    pub(crate) bytes: Bytes,
}

/// What a push of a manifest did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// The manifest's digest.
    pub(crate) digest: Digest,
    /// The digest of its subject: it is now among the referrers of that.
    pub(crate) subject: Option<Digest>,
}

/// How something is removed, and what that takes out of the repository.
pub(super) struct Removal {
    /// What has to be committed.
    pub(super) batch: Batch,
    /// What is less then.
    pub(super) change: Change,
    /// Whether nothing is left to be removed after it: a manifest with very many tags loses some of them first.
    pub(super) whole: bool,
}

impl Registry {
    /// A manifest, by digest with one point lookup, by tag with two.
    ///
    /// # Errors
    ///
    /// When the repository has no such manifest, or the store fails.
    pub(crate) async fn manifest(
        &self,
        repository: &RepositoryName,
        reference: &TagOrDigest,
    ) -> Result<StoredManifest, ManifestError> {
        let unknown = || ManifestError::Unknown { reference: reference.clone() };
        for _ in 0..CONFLICT_RETRIES_MAX {
            let digest = match reference {
                TagOrDigest::Digest(digest) => digest.clone(),
                TagOrDigest::Tag(tag) => self.tagged(repository, tag).await?.ok_or_else(unknown)?,
            };
            let Some(value) = self.metadata().get(&layout::manifest(repository, &digest)).await? else {
                if matches!(reference, TagOrDigest::Digest(_)) {
                    return Err(unknown());
                }
                // The tag was moved and its old manifest removed since it was read.
                continue;
            };
            let damaged = || ManifestError::Damaged { reference: reference.clone() };
            let (media_type, start) = layout::parse_manifest_value(&value).ok_or_else(damaged)?;
            let media_type = media_type.to_owned();
            return Ok(StoredManifest { digest, media_type, bytes: Bytes::from(value).slice(start..) });
        }
        Err(ManifestError::Contended)
    }

    /// Stores a manifest under `reference` and `tags`. It is acknowledged when it, its tags and its entry among the
    /// referrers of its subject are durable; what it refers to was durable before.
    ///
    /// # Errors
    ///
    /// When it is no valid manifest, has another digest than `reference`, refers to content that the repository does
    /// not have, or the store fails. Nothing is stored then.
    pub(crate) async fn put_manifest(
        &self,
        repository: RepositoryName,
        reference: TagOrDigest,
        mut tags: Vec<Tag>,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<Pushed, ManifestError> {
        let digest = match reference {
            TagOrDigest::Digest(expected) => {
                let found = Digest::of(expected.algorithm(), &bytes);
                if found != expected {
                    return Err(ManifestError::Digest { expected, found });
                }
                expected
            }
            TagOrDigest::Tag(tag) => {
                tags.push(tag);
                Digest::of(Algorithm::Sha256, &bytes)
            }
        };
        tags.sort_unstable();
        tags.dedup();
        let parsed = references::parse(&repository, &bytes, content_type)?;
        let registry = self.clone();
        self.to_the_end(async move {
            for _ in 0..CONFLICT_RETRIES_MAX {
                let id = registry.parts.ids.next();
                let (batch, change) =
                    registry.manifest_batch(&repository, &digest, &tags, &parsed, &bytes, &id).await?;
                let claim = registry.claim(&repository, change).await?;
                match registry.metadata().commit(batch).await {
                    Ok(()) => {
                        claim.keep();
                        return Ok(Pushed { digest, subject: parsed.subject });
                    }
                    Err(CommitError::Metadata(error)) => {
                        // A store that failed may have applied the batch all the same: then the room is taken.
                        if registry.has_stamp(&repository, &digest, &id).await {
                            claim.keep();
                        }
                        return Err(error.into());
                    }
                    // A tag was moved meanwhile, or something referred to is not there.
                    Err(CommitError::Conflict { .. }) => registry.check_needed(&parsed).await?,
                }
            }
            Err(ManifestError::Contended)
        })
        .await
    }

    /// Removes a tag, or a manifest with all tags that name it.
    ///
    /// # Errors
    ///
    /// When the repository has no such tag or manifest, or the store fails.
    pub(crate) async fn delete_manifest(
        &self,
        repository: RepositoryName,
        reference: TagOrDigest,
    ) -> Result<(), ManifestError> {
        let registry = self.clone();
        self.to_the_end(async move {
            let mut conflicts = 0;
            while conflicts < CONFLICT_RETRIES_MAX {
                let removal = match &reference {
                    TagOrDigest::Tag(tag) => registry.untagging(&repository, tag).await?,
                    TagOrDigest::Digest(digest) => registry.removal(&repository, digest).await?,
                };
                let Some(removal) = removal else { return Err(ManifestError::Unknown { reference }) };
                let whole = removal.whole;
                match registry.remove(&repository, removal).await? {
                    true if whole => return Ok(()),
                    true => {}
                    false => conflicts += 1,
                }
            }
            Err(ManifestError::Contended)
        })
        .await
    }

    /// Removes a tag or manifest; `false` when it has changed since.
    pub(super) async fn remove(
        &self,
        repository: &RepositoryName,
        removal: Removal,
    ) -> Result<bool, ManifestError> {
        self.count_usage().await?;
        match self.metadata().commit(removal.batch).await {
            Ok(()) => {
                self.release(repository, &removal.change);
                Ok(true)
            }
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(CommitError::Metadata(error)) => Err(error.into()),
        }
    }

    async fn tagged(&self, repository: &RepositoryName, tag: &Tag) -> Result<Option<Digest>, ManifestError> {
        let value = self.metadata().get(&layout::tag(repository, tag)).await?;
        value
            .map(|value| {
                layout::parse_tag_value(&value)
                    .ok_or_else(|| ManifestError::Damaged { reference: TagOrDigest::Tag(tag.clone()) })
            })
            .transpose()
    }

    async fn manifest_batch(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        tags: &[Tag],
        parsed: &Parsed,
        bytes: &Bytes,
        id: &str,
    ) -> Result<(Batch, Change), ManifestError> {
        let (mut batch, mut change) = (Batch::default(), Change::default());
        for (key, needed) in &parsed.needed {
            if !self.parts.rules.sparse {
                batch.require(key.clone(), Condition::Exists);
            }
            // Used from now on: whoever was about to remove it finds its mark gone.
            batch.remove(layout::garbage(repository, needed));
        }
        let stamp = layout::stamp(repository, digest);
        if self.has_quota(repository) {
            // Whether the manifest is new must be known for certain. One that is there has a stamp.
            let read = self.metadata().get(&stamp).await?;
            change.manifest = read.is_none().then_some(bytes.len() as u64);
            batch.require_unchanged(stamp.clone(), read);
        }
        batch.set(layout::manifest(repository, digest), layout::manifest_value(&parsed.media_type, bytes));
        batch.set(stamp, layout::stamp_value(id, self.parts.clock.now_ms()));
        for tag in tags {
            let key = layout::tag(repository, tag);
            let old = self.metadata().get(&key).await?;
            change.tags += u64::from(old.is_none());
            if let Some(old) = old.as_deref().and_then(layout::parse_tag_value)
                && old != *digest
            {
                batch.remove(layout::tagged(repository, &old, tag));
            }
            batch.require_unchanged(key.clone(), old);
            batch.set(key, layout::tag_value(digest));
            batch.set(layout::tagged(repository, digest, tag), Vec::new());
        }
        if let Some(subject) = &parsed.subject {
            let key = layout::referrer(repository, subject, digest);
            batch.set(key, parsed.referrer(digest, bytes.len() as u64));
        }
        Ok((batch, change))
    }

    /// Whether a manifest has the stamp with this id.
    async fn has_stamp(&self, repository: &RepositoryName, digest: &Digest, id: &str) -> bool {
        let stamp = self.metadata().get(&layout::stamp(repository, digest)).await;
        stamp.is_ok_and(|stamp| stamp.is_some_and(|stamp| stamp.starts_with(id.as_bytes())))
    }

    /// Fails when content that a manifest refers to is missing.
    async fn check_needed(&self, parsed: &Parsed) -> Result<(), ManifestError> {
        if self.parts.rules.sparse {
            return Ok(());
        }
        let mut missing = Vec::new();
        for (key, digest) in &parsed.needed {
            if self.metadata().get(key).await?.is_none() {
                missing.push(digest.clone());
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(ManifestError::Missing { missing }) }
    }

    /// How to remove a tag; `None` when there is none.
    pub(super) async fn untagging(
        &self,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<Removal>, ManifestError> {
        let Some(digest) = self.tagged(repository, tag).await? else { return Ok(None) };
        let (key, mut batch) = (layout::tag(repository, tag), Batch::default());
        batch.require(key.clone(), Condition::Equals(layout::tag_value(&digest)));
        batch.remove(key);
        batch.remove(layout::tagged(repository, &digest, tag));
        Ok(Some(Removal { batch, change: Change { tags: 1, ..Change::default() }, whole: true }))
    }

    /// How to remove a manifest with everything that names it, or when that is very much, how to begin with it; `None`
    /// when there is none.
    pub(super) async fn removal(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<Removal>, ManifestError> {
        // The stamp first: a push after this changes it, and the batch is refused.
        let (stamp, mut batch) = (layout::stamp(repository, digest), Batch::default());
        let read = self.metadata().get(&stamp).await?;
        batch.require_unchanged(stamp.clone(), read);
        let key = layout::manifest(repository, digest);
        let Some(value) = self.metadata().get(&key).await? else { return Ok(None) };
        // Also when a store has no stamp for it: of two removals at once, one happens.
        batch.require(key.clone(), Condition::Exists);
        let mut change = Change::default();
        let scan = layout::tagged_with(repository, digest, REMOVAL_TAGS_MAX + 1);
        let tagged = self.metadata().scan(scan).await?;
        let whole = tagged.len() <= REMOVAL_TAGS_MAX;
        for (entry, _) in tagged.into_iter().take(REMOVAL_TAGS_MAX) {
            if let Some(tag) = layout::parse_tag(&entry).and_then(|tag| tag.parse::<Tag>().ok()) {
                let key = layout::tag(repository, &tag);
                batch.require(key.clone(), Condition::Equals(layout::tag_value(digest)));
                batch.remove(key);
                change.tags += 1;
            }
            batch.remove(entry);
        }
        if whole {
            batch.remove(stamp);
            batch.remove(key);
            batch.remove(layout::pulled(repository, digest));
            change.manifest = Some(layout::manifest_size(&value));
            if let Some(subject) = stored_subject(repository, &value) {
                batch.remove(layout::referrer(repository, &subject, digest));
            }
        }
        Ok(Some(Removal { batch, change, whole }))
    }
}

/// The subject of a stored manifest.
pub(super) fn stored_subject(repository: &RepositoryName, value: &[u8]) -> Option<Digest> {
    let (media_type, start) = layout::parse_manifest_value(value)?;
    references::parse(repository, value.get(start..)?, Some(media_type)).ok()?.subject
}
