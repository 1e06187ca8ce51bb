//! The blobs of one repository that none of its manifests refers to.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use wkit_artifact::{Digest, RepositoryName};

use super::Sweep;
use super::report::RepositoryGarbage;
use crate::limits::{GARBAGE_MARKS_MAX, GARBAGE_PAGE_MAX, GARBAGE_REMOVALS_MAX, MANIFEST_INLINE_BYTES_MAX};
use crate::registry::{BlobError, GarbageError, references};
use crate::store::{Batch, layout};

/// A blob of the page that is being looked at.
struct Candidate {
    size_bytes: u64,
    /// The value of its mark, if it has one.
    mark: Option<Vec<u8>>,
}

impl Sweep<'_> {
    /// Looks at every repository that holds a blob.
    pub(super) async fn repositories(&mut self) -> Result<(), GarbageError> {
        let mut after: Option<String> = None;
        loop {
            let Some(name) = self.registry.next_holder(after.as_deref()).await? else { return Ok(()) };
            self.may_go_on()?;
            if let Ok(repository) = name.parse() {
                self.repository(&repository).await?;
            }
            after = Some(name);
        }
    }

    /// Looks at the blobs of one repository, page by page.
    async fn repository(&mut self, repository: &RepositoryName) -> Result<(), GarbageError> {
        let mut garbage =
            RepositoryGarbage { repository: repository.to_string(), ..RepositoryGarbage::default() };
        let mut last: Option<String> = None;
        loop {
            let scan = layout::blobs_after(repository, last.as_deref(), GARBAGE_PAGE_MAX);
            let links = self.registry.metadata().scan(scan).await?;
            let ended = links.len() < GARBAGE_PAGE_MAX;
            let through = links.last().and_then(|(key, _)| layout::parse_digest(key)).filter(|_| !ended);
            let through = through.map(|digest| digest.to_string());
            let mut page = BTreeMap::new();
            for (key, value) in links {
                if let Some(digest) = layout::parse_digest(&key) {
                    let size_bytes = layout::parse_blob_value(&value).unwrap_or(0);
                    page.insert(digest, Candidate { size_bytes, mark: None });
                }
            }
            let mut unmark =
                self.read_marks(repository, last.as_deref(), through.as_deref(), &mut page).await?;
            match self.registry.drop_referenced(repository, &mut page, &mut unmark).await? {
                true => self.page(repository, page, unmark, &mut garbage).await?,
                false => {
                    self.report.damaged(repository.as_str());
                    break;
                }
            }
            last = through;
            if last.is_none() {
                break;
            }
        }
        self.report.add(garbage);
        Ok(())
    }

    /// Reads the marks of a page; those whose blob is gone are returned, to be removed.
    async fn read_marks(
        &self,
        repository: &RepositoryName,
        last: Option<&str>,
        through: Option<&str>,
        page: &mut BTreeMap<Digest, Candidate>,
    ) -> Result<Vec<Digest>, GarbageError> {
        let (mut stale, mut after) = (Vec::new(), last.map(str::to_owned));
        loop {
            let scan = layout::garbage_after(repository, after.as_deref(), through, GARBAGE_PAGE_MAX);
            let marks = self.registry.metadata().scan(scan).await?;
            let ended = marks.len() < GARBAGE_PAGE_MAX;
            for (key, value) in marks {
                let Some(digest) = layout::parse_digest(&key) else { continue };
                after = Some(digest.to_string());
                match page.get_mut(&digest) {
                    Some(candidate) => candidate.mark = Some(value),
                    None if stale.len() < GARBAGE_PAGE_MAX => stale.push(digest),
                    None => {}
                }
            }
            if ended {
                return Ok(stale);
            }
        }
    }

    /// Marks, or removes, what is left on a page: nothing refers to it.
    async fn page(
        &mut self,
        repository: &RepositoryName,
        page: BTreeMap<Digest, Candidate>,
        unmark: Vec<Digest>,
        garbage: &mut RepositoryGarbage,
    ) -> Result<(), GarbageError> {
        let (mut due, mut marks) = (Vec::new(), Batch::default());
        for digest in unmark {
            marks.remove(layout::garbage(repository, &digest));
            self.mark_when_full(&mut marks).await?;
        }
        for (digest, Candidate { size_bytes, mark }) in page {
            let marked_ms = mark.as_deref().and_then(layout::parse_time_value);
            match (mark, marked_ms) {
                (Some(mark), Some(marked_ms)) => {
                    self.report.saw_mark(self.now_ms.saturating_sub(marked_ms) / 1_000);
                    match self.is_due(marked_ms) {
                        true => due.push((digest, size_bytes, mark)),
                        false => garbage.waiting.add(size_bytes),
                    }
                }
                // Without a mark, or with one that cannot be read.
                _ => {
                    garbage.marked.add(size_bytes);
                    marks.set(layout::garbage(repository, &digest), layout::time_value(self.now_ms));
                    self.mark_when_full(&mut marks).await?;
                }
            }
        }
        self.mark(marks).await?;
        if self.dry_run {
            due.iter().for_each(|(_, size_bytes, _)| garbage.removed.add(*size_bytes));
            return Ok(());
        }
        let registry = self.registry;
        let removals = stream::iter(due).map(|(digest, size_bytes, mark)| async move {
            (size_bytes, registry.remove_garbage(repository.clone(), digest, mark).await)
        });
        // Each holds the lock of one shard only, and those that commit at the same time share a sync.
        let mut removals = removals.buffer_unordered(GARBAGE_REMOVALS_MAX);
        while let Some((size_bytes, removed)) = removals.next().await {
            match removed? {
                Removed::InUse => {}
                Removed::Link => garbage.removed.add(size_bytes),
                Removed::Content => {
                    garbage.removed.add(size_bytes);
                    self.report.freed.add(size_bytes);
                }
            }
            // What is under way is finished all the same.
            self.may_go_on()?;
        }
        Ok(())
    }

    async fn mark_when_full(&mut self, marks: &mut Batch) -> Result<(), GarbageError> {
        if marks.writes.len() >= GARBAGE_MARKS_MAX {
            self.mark(std::mem::take(marks)).await?;
        }
        Ok(())
    }
}

/// Every digest in a manifest. One that takes a while to read does not hold up the requests of its thread.
async fn digests_of(value: Vec<u8>) -> Option<Vec<Digest>> {
    if value.len() <= MANIFEST_INLINE_BYTES_MAX {
        return references::all_digests(&value);
    }
    let read = tokio::task::spawn_blocking(move || references::all_digests(&value));
    read.await.ok().flatten()
}

/// What became of a blob that was due.
enum Removed {
    /// Somebody has begun to use it.
    InUse,
    /// It is out of the repository; another one holds it.
    Link,
    /// Its content is gone as well.
    Content,
}

impl crate::registry::Registry {
    /// Takes what a manifest of the repository refers to off the page; what of it is marked goes to `unmark`. `false`
    /// when a manifest cannot be read, so that nobody knows what it refers to.
    async fn drop_referenced(
        &self,
        repository: &RepositoryName,
        page: &mut BTreeMap<Digest, Candidate>,
        unmark: &mut Vec<Digest>,
    ) -> Result<bool, GarbageError> {
        let mut walk = self.manifests_of(repository);
        while let Some((_, value)) = walk.next().await? {
            if page.is_empty() {
                break;
            }
            let Some(found) = digests_of(value).await else { return Ok(false) };
            for digest in found {
                if let Some(candidate) = page.remove(&digest)
                    && candidate.mark.is_some()
                {
                    unmark.push(digest);
                }
            }
        }
        Ok(true)
    }

    /// Takes a blob that is due out of a repository, unless its mark has changed.
    async fn remove_garbage(
        &self,
        repository: RepositoryName,
        digest: Digest,
        mark: Vec<u8>,
    ) -> Result<Removed, BlobError> {
        let registry = self.clone();
        self.to_the_end(async move {
            match registry.unlink(&repository, &digest, Some(mark)).await? {
                None => Ok(Removed::InUse),
                Some(false) => Ok(Removed::Link),
                Some(true) => Ok(Removed::Content),
            }
        })
        .await
    }
}
