//! Walking over all manifests of a repository, and over all repositories.

use std::collections::VecDeque;

use wkit_artifact::{Digest, RepositoryName};

use super::Registry;
use crate::limits::WALK_PAGE_MAX;
use crate::store::{MetadataError, layout};

/// All manifests of a repository, one at a time in memory. One that is there from before the walk begins until it
/// ends is seen.
pub(super) struct ManifestWalk<'a> {
    registry: &'a Registry,
    repository: &'a RepositoryName,
    digests: VecDeque<Digest>,
    last: Option<String>,
    ended: bool,
}

impl Registry {
    /// Begins a walk over the manifests of a repository.
    pub(super) fn manifests_of<'a>(&'a self, repository: &'a RepositoryName) -> ManifestWalk<'a> {
        ManifestWalk { registry: self, repository, digests: VecDeque::new(), last: None, ended: false }
    }

    /// The first repository after `after` that has a manifest.
    pub(super) async fn next_repository(&self, after: Option<&str>) -> Result<Option<String>, MetadataError> {
        tokio::task::consume_budget().await;
        let found = self.metadata().scan(layout::first_manifest_after(after)).await?;
        Ok(found.first().and_then(|(key, _)| layout::parse_manifest_repository(key)).map(str::to_owned))
    }

    /// The first repository after `after` that holds a blob.
    pub(super) async fn next_holder(&self, after: Option<&str>) -> Result<Option<String>, MetadataError> {
        tokio::task::consume_budget().await;
        let found = self.metadata().scan(layout::first_blob_after(after)).await?;
        Ok(found.first().and_then(|(key, _)| layout::parse_blob_repository(key)).map(str::to_owned))
    }
}

impl ManifestWalk<'_> {
    /// The digest of the next manifest; its value is not read.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(super) async fn next_digest(&mut self) -> Result<Option<Digest>, MetadataError> {
        loop {
            if let Some(digest) = self.digests.pop_front() {
                return Ok(Some(digest));
            }
            if self.ended {
                return Ok(None);
            }
            let scan = layout::manifests_after(self.repository, self.last.as_deref(), WALK_PAGE_MAX, false);
            let page = self.registry.metadata().scan(scan).await?;
            self.ended = page.len() < WALK_PAGE_MAX;
            self.digests.extend(page.iter().filter_map(|(key, _)| layout::parse_digest(key)));
            self.last = self.digests.back().map(ToString::to_string);
        }
    }

    /// The next manifest: its digest and its value.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(super) async fn next(&mut self) -> Result<Option<(Digest, Vec<u8>)>, MetadataError> {
        while let Some(digest) = self.next_digest().await? {
            // A long walk lets other requests have the thread.
            tokio::task::consume_budget().await;
            if let Some(value) =
                self.registry.metadata().get(&layout::manifest(self.repository, &digest)).await?
            {
                return Ok(Some((digest, value)));
            }
        }
        Ok(None)
    }
}
