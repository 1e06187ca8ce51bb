//! Lists: tags, repositories, referrers.

use wkit_artifact::{Descriptor, Digest, RepositoryName};

use super::{ListError, Registry};
use crate::limits::{
    CATALOG_HIDDEN_MAX, CATALOG_PAGE_MAX, REFERRERS_PAGE_BYTES_MAX, REFERRERS_PAGE_MAX,
    REFERRERS_READ_BYTES_MAX, TAGS_PAGE_MAX, TAGS_UNPAGED_MAX,
};
use crate::store::layout;

/// What one step along the referrers counts at least, in bytes: a small entry costs a look-up, too.
const REFERRER_STEP_BYTES: usize = 1024;

/// Some of a repository's tags, in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagsPage {
    /// The tags.
    pub(crate) tags: Vec<String>,
    /// Whether there are more after them.
    pub(crate) more: bool,
}

/// Some of the registry's repositories, in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatalogPage {
    /// The names.
    pub(crate) repositories: Vec<String>,
    /// After which name the next page begins, when there may be more.
    pub(crate) next: Option<Next>,
}

/// The name after which a page of the catalogue begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The last one of the page before.
    Shown(String),
    /// One that the client may not know of.
    Hidden(String),
}

/// Some of a manifest's referrers, in the order of their digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReferrersPage {
    /// Their descriptors.
    pub(crate) referrers: Vec<Descriptor>,
    /// The digest after which the next page begins, when there are more.
    pub(crate) next: Option<Digest>,
}

impl Registry {
    /// The tags after `last`, at most `n` of them; all when `n` is not given.
    ///
    /// # Errors
    ///
    /// When the repository has neither tag nor manifest, or the store fails.
    pub(crate) async fn tags(
        &self,
        repository: &RepositoryName,
        n: Option<usize>,
        last: Option<&str>,
    ) -> Result<TagsPage, ListError> {
        let limit = n.map_or(TAGS_UNPAGED_MAX, |n| n.min(TAGS_PAGE_MAX));
        // One more than asked for tells whether there is another page.
        let entries = self.metadata().scan(layout::tags_after(repository, last, limit + 1)).await?;
        if entries.is_empty() && self.metadata().scan(layout::any_manifest(repository)).await?.is_empty() {
            return Err(ListError::NameUnknown);
        }
        // A page of none has no last tag that a next page could begin after.
        let more = limit > 0 && entries.len() > limit;
        let tags = entries.iter().take(limit).filter_map(|(key, _)| layout::parse_tag(key));
        Ok(TagsPage { tags: tags.map(str::to_owned).collect(), more })
    }

    /// The repositories that have a manifest and are `visible`, after `last`, at most `n` of them. Each one costs one
    /// step along the keys, however much it holds, also when it is not visible: after [`CATALOG_HIDDEN_MAX`] of those
    /// the page ends.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn catalog(
        &self,
        n: Option<usize>,
        last: Option<&str>,
        visible: impl Fn(&str) -> bool,
    ) -> Result<CatalogPage, ListError> {
        let limit = n.unwrap_or(CATALOG_PAGE_MAX).min(CATALOG_PAGE_MAX);
        let (mut repositories, mut after) = (Vec::new(), last.map(str::to_owned));
        let mut hidden = 0;
        if limit == 0 {
            // A page of none has no last name that a next page could begin after.
            return Ok(CatalogPage { repositories, next: None });
        }
        loop {
            let found = self.metadata().scan(layout::first_manifest_after(after.as_deref())).await?;
            let name = found.first().and_then(|(key, _)| layout::parse_manifest_repository(key));
            let Some(name) = name else { return Ok(CatalogPage { repositories, next: None }) };
            after = Some(name.to_owned());
            if visible(name) {
                if repositories.len() == limit {
                    let next = repositories.last().cloned().map(Next::Shown);
                    return Ok(CatalogPage { repositories, next });
                }
                repositories.push(name.to_owned());
            } else {
                hidden += 1;
                if hidden == CATALOG_HIDDEN_MAX {
                    let next = Some(Next::Hidden(name.to_owned()));
                    return Ok(CatalogPage { repositories, next });
                }
            }
            // A long walk lets other requests have the thread.
            tokio::task::consume_budget().await;
        }
    }

    /// The manifests in the repository whose subject is `subject`, after `last`, and only those of one artifact type
    /// when it is given. A subject that is not there has referrers all the same. A page ends early, even without any, when
    /// [`REFERRERS_READ_BYTES_MAX`] were read for it.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        artifact_type: Option<&str>,
        last: Option<&Digest>,
    ) -> Result<ReferrersPage, ListError> {
        let (mut referrers, mut size_bytes) = (Vec::<Descriptor>::new(), 0);
        let (mut after, mut read_bytes) = (last.cloned(), 0);
        loop {
            let last = after.as_ref().map(ToString::to_string);
            let scan = layout::referrers_after(repository, subject, last.as_deref(), REFERRERS_PAGE_MAX);
            let entries = self.metadata().scan(scan).await?;
            let ended = entries.len() < REFERRERS_PAGE_MAX;
            for (key, _) in entries {
                if read_bytes > REFERRERS_READ_BYTES_MAX {
                    return Ok(ReferrersPage { referrers, next: after });
                }
                // One at a time: each may be as large as a manifest.
                after = layout::parse_digest(&key).or(after);
                let Some(value) = self.metadata().get(&key).await? else { continue };
                read_bytes += value.len().max(REFERRER_STEP_BYTES);
                tokio::task::consume_budget().await;
                let Ok(descriptor) = serde_json::from_slice::<Descriptor>(&value) else {
                    tracing::error!(%repository, %subject, "an entry among the referrers is damaged");
                    continue;
                };
                if artifact_type.is_some_and(|wanted| descriptor.artifact_type.as_deref() != Some(wanted)) {
                    continue;
                }
                size_bytes += value.len();
                let full = referrers.len() == REFERRERS_PAGE_MAX || size_bytes > REFERRERS_PAGE_BYTES_MAX;
                if full && let Some(last) = referrers.last() {
                    let next = Some(last.digest.clone());
                    return Ok(ReferrersPage { referrers, next });
                }
                referrers.push(descriptor);
            }
            if ended {
                return Ok(ReferrersPage { referrers, next: None });
            }
        }
    }
}
