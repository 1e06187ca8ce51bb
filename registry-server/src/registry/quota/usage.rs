//! How much of one quota is used.

use std::collections::HashMap;

use wkit_artifact::{Algorithm, Digest, RepositoryName};

use super::{Change, Level, QuotaError, QuotaReport, QuotaRule};

/// What the repositories of one quota hold together.
#[derive(Debug, Default)]
pub(super) struct Usage {
    bytes: u64,
    tags: u64,
    /// How many repositories hold each blob.
    blobs: HashMap<u128, u32>,
    /// How many blobs and manifests each repository holds.
    repositories: HashMap<RepositoryName, u64>,
}

impl Usage {
    /// Whether a change fits.
    pub(super) fn check(
        &self,
        rule: &QuotaRule,
        repository: &RepositoryName,
        change: &Change,
    ) -> Result<(), QuotaError> {
        let new_repository = u64::from(change.objects() > 0 && !self.repositories.contains_key(repository));
        for (unit, allowed, used, added) in [
            ("bytes", rule.bytes, self.bytes, self.new_bytes(change)),
            ("tags", rule.tags, self.tags, change.tags),
            ("repositories", rule.repository_count, self.repositories.len() as u64, new_repository),
        ] {
            // What adds nothing fits even where the quota was lowered below what is used.
            if let Some(allowed) = allowed
                && added > 0
                && used.saturating_add(added) > allowed
            {
                let repositories = rule.repositories.to_string();
                return Err(QuotaError { repositories, unit, allowed, used, added });
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, repository: &RepositoryName, change: &Change) {
        self.bytes += self.new_bytes(change);
        self.tags += change.tags;
        if let Some((digest, _)) = &change.blob {
            *self.blobs.entry(short(digest)).or_insert(0) += 1;
        }
        if change.objects() > 0 {
            *self.repositories.entry(repository.clone()).or_insert(0) += change.objects();
        }
    }

    pub(super) fn remove(&mut self, repository: &RepositoryName, change: &Change) {
        self.tags = self.tags.saturating_sub(change.tags);
        self.bytes = self.bytes.saturating_sub(change.manifest.unwrap_or(0));
        if let Some((digest, size_bytes)) = &change.blob {
            let key = short(digest);
            if let Some(holders) = self.blobs.get_mut(&key) {
                *holders -= 1;
                if *holders == 0 {
                    self.blobs.remove(&key);
                    self.bytes = self.bytes.saturating_sub(*size_bytes);
                }
            }
        }
        if let Some(objects) = self.repositories.get_mut(repository) {
            *objects = objects.saturating_sub(change.objects());
            if *objects == 0 {
                self.repositories.remove(repository);
            }
        }
    }

    pub(super) fn report(&self, rule: &QuotaRule) -> QuotaReport {
        QuotaReport {
            repositories: rule.repositories.to_string(),
            bytes: Level { used: self.bytes, allowed: rule.bytes },
            tags: Level { used: self.tags, allowed: rule.tags },
            repository_count: Level { used: self.repositories.len() as u64, allowed: rule.repository_count },
        }
    }

    fn new_bytes(&self, change: &Change) -> u64 {
        let blob = match &change.blob {
            Some((digest, size_bytes)) if !self.blobs.contains_key(&short(digest)) => *size_bytes,
            _ => 0,
        };
        blob.saturating_add(change.manifest.unwrap_or(0))
    }
}

impl Change {
    fn objects(&self) -> u64 {
        u64::from(self.blob.is_some()) + u64::from(self.manifest.is_some())
    }
}

/// A digest in 16 bytes: the first half of its hash, which is enough to tell the blobs of one registry apart.
fn short(digest: &Digest) -> u128 {
    let hash = digest.hex().get(..32).and_then(|digits| u128::from_str_radix(digits, 16).ok()).unwrap_or(0);
    match digest.algorithm() {
        Algorithm::Sha256 => hash,
        _ => !hash,
    }
}
