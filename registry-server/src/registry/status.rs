//! How much a registry holds.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wkit_artifact::{Algorithm, RepositoryName};

use super::{GarbageError, Registry};
use crate::limits::{TOTALS_AGE_MAX, WALK_PAGE_MAX};
use crate::store::layout;

/// What a registry holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Totals {
    /// How many repositories have a manifest.
    pub(crate) repositories: u64,
    /// How many manifests they have.
    pub(crate) manifests: u64,
    /// How many tags they have.
    pub(crate) tags: u64,
    /// How many blobs there are, each counted once.
    pub(crate) blobs: u64,
    /// How many bytes they have.
    pub(crate) blob_bytes: u64,
    /// When this was counted.
    #[serde(skip)]
    counted: Option<Instant>,
}

impl Registry {
    /// What the registry holds. Counting walks over everything, so a count is handed out again for some seconds.
    ///
    /// # Errors
    ///
    /// When a store fails.
    pub(crate) async fn totals(&self) -> Result<Totals, GarbageError> {
        let mut last = self.parts.totals.lock().await;
        let fresh = |totals: &&Totals| {
            totals.counted.is_some_and(|counted| counted.elapsed() < Duration::from_secs(TOTALS_AGE_MAX))
        };
        if let Some(totals) = last.as_ref().filter(fresh) {
            return Ok(totals.clone());
        }
        let totals = self.count().await?;
        *last = Some(totals.clone());
        Ok(totals)
    }

    async fn count(&self) -> Result<Totals, GarbageError> {
        let mut totals = Totals { counted: Some(Instant::now()), ..Totals::default() };
        let mut after: Option<String> = None;
        while let Some(name) = self.next_repository(after.as_deref()).await? {
            totals.repositories += 1;
            if let Ok(repository) = name.parse::<RepositoryName>() {
                let mut walk = self.manifests_of(&repository);
                while walk.next_digest().await?.is_some() {
                    totals.manifests += 1;
                }
                totals.tags += self.count_tags(&repository).await?;
            }
            after = Some(name);
        }
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            for shard in 0..=u8::MAX {
                for digest in self.blobs().list(algorithm, shard).await? {
                    totals.blobs += 1;
                    totals.blob_bytes += self.blobs().size(&digest).await?.unwrap_or(0);
                }
            }
        }
        Ok(totals)
    }

    async fn count_tags(&self, repository: &RepositoryName) -> Result<u64, GarbageError> {
        let (mut count, mut last) = (0, None::<String>);
        loop {
            let scan = layout::tags_after(repository, last.as_deref(), WALK_PAGE_MAX);
            let tags = self.metadata().scan(scan).await?;
            count += tags.len() as u64;
            if tags.len() < WALK_PAGE_MAX {
                return Ok(count);
            }
            last = tags.last().and_then(|(key, _)| layout::parse_tag(key)).map(str::to_owned);
        }
    }
}
