//! What `check` finds.

use serde::Serialize;

use crate::limits::FINDINGS_MAX;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Finding {
    /// The bytes of a blob have another digest.
    ContentDamaged {
        /// What it should be.
        digest: String,
        /// What it is.
        found: String,
        /// Who holds it.
        repositories: Vec<String>,
    },
    /// A blob that repositories hold is not there.
    ContentMissing {
        /// The blob.
        digest: String,
        /// Who holds it.
        repositories: Vec<String>,
    },
    /// Content that no repository holds.
    ContentOrphaned {
        /// The blob.
        digest: String,
        /// How large it is.
        size_bytes: u64,
    },
    /// A link says another size than the content has.
    LinkSize {
        /// Who holds the blob.
        repository: String,
        /// The blob.
        digest: String,
        /// The size in the link, if it can be read.
        expected: Option<u64>,
        /// The size of the content.
        found: u64,
    },
    /// A manifest cannot be read, or has another digest.
    ManifestDamaged {
        /// Where it is.
        repository: String,
        /// What it should be.
        digest: String,
    },
    /// A manifest refers to what its repository does not have.
    ManifestIncomplete {
        /// Where it is.
        repository: String,
        /// The manifest.
        digest: String,
        /// What is not there.
        missing: Vec<String>,
    },
    /// A tag names a manifest that is not there.
    TagDangling {
        /// Where it is.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// A derived entry of the metadata store is missing, superfluous or wrong.
    IndexWrong {
        /// The entry's key, with `|` for the zero byte.
        key: String,
    },
    /// The journal and the metadata store do not have the same.
    JournalDiffers {
        /// The entry's key, with `|` for the zero byte.
        key: String,
    },
    /// The journal cannot be read to its end.
    JournalDamaged {
        /// What is wrong.
        message: String,
    },
    /// The metadata store cannot be used.
    MetadataUnusable {
        /// What is wrong.
        message: String,
    },
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Report {
    /// Whether a server ran meanwhile: its metadata store was not looked at then.
    pub(crate) beside_a_server: bool,
    /// How many blobs were read.
    pub(crate) blobs: u64,
    /// How many bytes they have.
    pub(crate) blob_bytes: u64,
    /// How many links there are.
    pub(crate) links: u64,
    /// How many manifests there are.
    pub(crate) manifests: u64,
    /// How many tags there are.
    pub(crate) tags: u64,
    /// How many pieces of content no repository holds. That is no damage: a push may have been given up, and the
    /// garbage collector removes it in its time.
    pub(crate) orphans: u64,
    /// What is not as it should be, and the orphans, the first [`FINDINGS_MAX`] of it.
    pub(crate) findings: Vec<Finding>,
    /// How much more there is.
    pub(crate) more_findings: u64,
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        let orphan = finding.is_orphan();
        self.orphans += u64::from(orphan);
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else if !orphan {
            self.more_findings += 1;
        }
    }

    /// Counts a blob that was read.
    pub(super) fn count_blob(&mut self, size_bytes: u64) {
        self.blobs += 1;
        self.blob_bytes += size_bytes;
    }

    /// How many things are not as they should be.
    pub(crate) fn wrong(&self) -> u64 {
        self.findings.iter().filter(|finding| !finding.is_orphan()).count() as u64 + self.more_findings
    }
}

impl Finding {
    /// Whether no repair but only a push of what is missing mends it, or nothing has to.
    pub(crate) fn needs_a_push(&self) -> bool {
        self.is_orphan() || matches!(self, Finding::ManifestIncomplete { .. })
    }

    /// Whether it is content that no repository holds, which is no damage.
    pub(crate) fn is_orphan(&self) -> bool {
        matches!(self, Finding::ContentOrphaned { .. })
    }
}

/// A key as it can be shown.
pub(super) fn readable(key: &[u8]) -> String {
    String::from_utf8_lossy(key).replace('\0', "|")
}
