//! What a namespace may hold.
//!
//! Usage is counted in memory: one scan at the first change counts what is there, and every change counts itself from
//! then on. That is exact because one process at a time owns a data folder, and because every change is claimed
//! before it is committed: a claim that does not fit is refused, and one whose change did not happen is taken back.
//! So pushes at the same time never get past a quota together.
//!
//! Blobs count once for each quota, however many repositories of it hold them; manifests count in each repository.
//! Memory: about 50 bytes for each blob in a namespace with a quota, and nothing without quotas.

mod usage;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use wkit_artifact::{Digest, RepositoryName};

use super::Registry;
use crate::limits::{QUOTA_STEP_BYTES, WALK_PAGE_MAX};
use crate::pattern::Pattern;
use crate::store::{Incoming, IncomingError, MetadataError, layout};

use usage::Usage;

/// `[[quota]]`: what the repositories that match a pattern may hold together. What is left out is not bounded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuotaRule {
    /// Which repositories.
    pub repositories: Pattern,
    /// How many bytes of content: each blob once, each manifest in each repository.
    pub bytes: Option<u64>,
    /// How many tags.
    pub tags: Option<u64>,
    /// How many repositories.
    pub repository_count: Option<u64>,
}

/// What a change adds to a repository, or takes out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// A blob that is linked, and its size in bytes.
    pub(super) blob: Option<(Digest, u64)>,
    /// A manifest, by its size in bytes.
    pub(super) manifest: Option<u64>,
    /// How many tags.
    pub(super) tags: u64,
}

/// Why a change does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the quota of `{repositories}` is {allowed} {unit}, {used} are used, and this would add {added}: \
     remove what is not needed any more, or have the quota raised"
)]
pub(crate) struct QuotaError {
    /// The pattern of the quota.
    pub(crate) repositories: String,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// How many there may be.
    pub(crate) allowed: u64,
    /// How many there are.
    pub(crate) used: u64,
    /// How many there would be more.
    pub(crate) added: u64,
}

/// Why a change was not claimed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// It does not fit.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// What is used could not be counted.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// How much of a quota is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct QuotaReport {
    /// The pattern of the quota.
    pub(crate) repositories: String,
    /// Bytes of content.
    pub(crate) bytes: Level,
    /// Tags.
    pub(crate) tags: Level,
    /// Repositories.
    pub(crate) repository_count: Level,
}

/// How much is used of how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Level {
    /// How much there is.
    pub(crate) used: u64,
    /// How much there may be; `None` is without bound.
    pub(crate) allowed: Option<u64>,
}

/// All quotas, and how much of each is used.
pub(super) struct Quotas {
    rules: Vec<QuotaRule>,
    /// Filled by the first change.
    counted: OnceCell<()>,
    usages: Mutex<Vec<Usage>>,
}

/// A change that was claimed; it is taken back unless it is [kept](Claim::keep).
pub(super) struct Claim {
    registry: Registry,
    repository: RepositoryName,
    /// `None` when no quota has to know.
    change: Option<Change>,
}

impl Claim {
    /// The change has happened.
    pub(super) fn keep(mut self) {
        self.change = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(change) = self.change.take() {
            self.registry.parts.quotas.release(&self.repository, &change);
        }
    }
}

impl Quotas {
    pub(super) fn new(rules: Vec<QuotaRule>) -> Self {
        let usages = rules.iter().map(|_| Usage::default()).collect();
        Self { rules, counted: OnceCell::new(), usages: Mutex::new(usages) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Usage>> {
        self.usages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any quota is about a repository.
    fn cover(&self, repository: &RepositoryName) -> bool {
        self.rules.iter().any(|rule| rule.repositories.matches(repository.as_str()))
    }

    /// Adds a change to every quota that is about the repository, or to none.
    fn reserve(&self, repository: &RepositoryName, change: &Change) -> Result<(), QuotaError> {
        let mut usages = self.lock();
        for (rule, usage) in self.rules.iter().zip(usages.iter()) {
            if rule.repositories.matches(repository.as_str()) {
                usage.check(rule, repository, change)?;
            }
        }
        self.each(&mut usages, repository, |usage| usage.add(repository, change));
        Ok(())
    }

    fn release(&self, repository: &RepositoryName, change: &Change) {
        self.each(&mut self.lock(), repository, |usage| usage.remove(repository, change));
    }

    fn each(&self, usages: &mut [Usage], repository: &RepositoryName, mut change: impl FnMut(&mut Usage)) {
        for (rule, usage) in self.rules.iter().zip(usages) {
            if rule.repositories.matches(repository.as_str()) {
                change(usage);
            }
        }
    }
}

impl Registry {
    /// Whether any quota is about a repository.
    pub(super) fn has_quota(&self, repository: &RepositoryName) -> bool {
        self.parts.quotas.cover(repository)
    }

    /// Claims room for a change before it is made.
    ///
    /// # Errors
    ///
    /// When it does not fit, or what is used cannot be counted.
    pub(super) async fn claim(
        &self,
        repository: &RepositoryName,
        change: Change,
    ) -> Result<Claim, ClaimError> {
        let (registry, repository) = (self.clone(), repository.clone());
        if !self.has_quota(&repository) {
            return Ok(Claim { registry, repository, change: None });
        }
        self.count_usage().await?;
        self.parts.quotas.reserve(&repository, &change)?;
        Ok(Claim { registry, repository, change: Some(change) })
    }

    /// Says whether `bytes` of a blob would fit, without claiming anything: to refuse a push before its bytes are
    /// taken in.
    ///
    /// # Errors
    ///
    /// When they do not, or what is used cannot be counted.
    pub(crate) async fn check_room(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
        bytes: u64,
    ) -> Result<(), ClaimError> {
        if !self.has_quota(repository) {
            return Ok(());
        }
        self.count_usage().await?;
        Ok(self.fits(repository, digest, bytes)?)
    }

    /// The body of an upload that has `begun` bytes, which ends with a refusal when it has more than fit: a body need not
    /// say how long it is, and would else fill the disk before its blob is refused. `digest` as for
    /// [`Registry::check_room`], which was asked before.
    pub(crate) fn within_quota(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
        begun: u64,
        body: Incoming,
    ) -> Incoming {
        if !self.has_quota(repository) {
            return body;
        }
        let (registry, repository, digest) = (self.clone(), repository.clone(), digest.cloned());
        let (mut size_bytes, mut checked) = (begun, begun);
        let mut check = move |bytes: Bytes| {
            size_bytes = size_bytes.saturating_add(bytes.len() as u64);
            if size_bytes - checked >= QUOTA_STEP_BYTES {
                checked = size_bytes;
                registry
                    .fits(&repository, digest.as_ref(), size_bytes)
                    .map_err(|error| IncomingError::Refused { message: error.to_string() })?;
            }
            Ok(bytes)
        };
        body.map(move |bytes| check(bytes?)).boxed()
    }

    /// Whether `bytes` of a blob would fit into what is left, as far as this was counted.
    fn fits(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
        bytes: u64,
    ) -> Result<(), QuotaError> {
        // Without a digest the content is taken for new; no content has this one.
        let digest = digest.cloned().unwrap_or_else(|| Digest::sha256(self.parts.ids.next().as_bytes()));
        let change = Change { blob: Some((digest, bytes)), ..Change::default() };
        let quotas = &self.parts.quotas;
        let usages = quotas.lock();
        for (rule, usage) in quotas.rules.iter().zip(usages.iter()) {
            if rule.repositories.matches(repository.as_str()) {
                usage.check(rule, repository, &change)?;
            }
        }
        Ok(())
    }

    /// Counts a change that took something out of a repository.
    pub(super) fn release(&self, repository: &RepositoryName, change: &Change) {
        self.parts.quotas.release(repository, change);
    }

    /// Counts what is there, once. Everything that changes a repository with a quota waits for it.
    pub(crate) async fn count_usage(&self) -> Result<(), MetadataError> {
        if self.parts.quotas.rules.is_empty() {
            return Ok(());
        }
        self.parts.quotas.counted.get_or_try_init(|| self.scan_usage()).await?;
        Ok(())
    }

    /// How much of each quota is used.
    ///
    /// # Errors
    ///
    /// When what is used cannot be counted.
    pub(crate) async fn quota_report(&self) -> Result<Vec<QuotaReport>, MetadataError> {
        self.count_usage().await?;
        let quotas = &self.parts.quotas;
        let usages = quotas.lock();
        Ok(quotas.rules.iter().zip(usages.iter()).map(|(rule, usage)| usage.report(rule)).collect())
    }

    async fn scan_usage(&self) -> Result<(), MetadataError> {
        *self.parts.quotas.lock() = self.parts.quotas.rules.iter().map(|_| Usage::default()).collect();
        let mut after: Option<String> = None;
        while let Some(name) = self.next_holder(after.as_deref()).await? {
            if let Ok(repository) = name.parse::<RepositoryName>()
                && self.has_quota(&repository)
            {
                self.scan_blobs(&repository).await?;
            }
            after = Some(name);
        }
        after = None;
        while let Some(name) = self.next_repository(after.as_deref()).await? {
            if let Ok(repository) = name.parse::<RepositoryName>()
                && self.has_quota(&repository)
            {
                self.scan_manifests(&repository).await?;
            }
            after = Some(name);
        }
        Ok(())
    }

    async fn scan_blobs(&self, repository: &RepositoryName) -> Result<(), MetadataError> {
        let mut last: Option<String> = None;
        loop {
            let links = self.metadata().scan(layout::blobs_after(repository, last.as_deref(), WALK_PAGE_MAX));
            let links = links.await?;
            let ended = links.len() < WALK_PAGE_MAX;
            for (key, value) in links {
                let Some(digest) = layout::parse_digest(&key) else { continue };
                last = Some(digest.to_string());
                let size_bytes = layout::parse_blob_value(&value).unwrap_or(0);
                let change = Change { blob: Some((digest, size_bytes)), ..Change::default() };
                self.parts.quotas.add(repository, &change);
            }
            if ended {
                return Ok(());
            }
        }
    }

    async fn scan_manifests(&self, repository: &RepositoryName) -> Result<(), MetadataError> {
        let mut walk = self.manifests_of(repository);
        while let Some((_, value)) = walk.next().await? {
            let change = Change { manifest: Some(layout::manifest_size(&value)), ..Change::default() };
            self.parts.quotas.add(repository, &change);
        }
        let mut last: Option<String> = None;
        loop {
            let scan = layout::tags_after(repository, last.as_deref(), WALK_PAGE_MAX);
            let tags = self.metadata().scan(scan).await?;
            let change = Change { tags: tags.len() as u64, ..Change::default() };
            self.parts.quotas.add(repository, &change);
            if tags.len() < WALK_PAGE_MAX {
                return Ok(());
            }
            last = tags.last().and_then(|(key, _)| layout::parse_tag(key)).map(str::to_owned);
        }
    }
}

impl Quotas {
    /// Adds what is there already, whether it fits or not.
    fn add(&self, repository: &RepositoryName, change: &Change) {
        self.each(&mut self.lock(), repository, |usage| usage.add(repository, change));
    }
}
