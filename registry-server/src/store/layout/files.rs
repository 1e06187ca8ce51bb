//! The files and folders of a registry and of a backup.

use std::path::{Path, PathBuf};

use wkit_artifact::{Algorithm, Digest, RepositoryName};

use crate::store::UploadKey;

/// The file that says how the folder is laid out.
pub(crate) fn format_file(data: &Path) -> PathBuf {
    data.join("format.json")
}

/// The file that a running server holds locked.
pub(crate) fn lock_file(data: &Path) -> PathBuf {
    data.join("lock")
}

/// Where the metadata store of a backend is by default.
pub(crate) fn metadata(data: &Path, backend: &str) -> PathBuf {
    data.join(format!("metadata.{backend}"))
}

/// The folder of all blobs of one algorithm.
pub(crate) fn blobs(data: &Path, algorithm: Algorithm) -> PathBuf {
    data.join("blobs").join(algorithm.as_str())
}

/// The folder of the blobs whose hash begins with one byte.
pub(crate) fn shard(data: &Path, algorithm: Algorithm, shard: u8) -> PathBuf {
    blobs(data, algorithm).join(format!("{shard:02x}"))
}

/// The file of a blob.
pub(crate) fn blob_file(data: &Path, digest: &Digest) -> PathBuf {
    shard(data, digest.algorithm(), first_byte(digest)).join(digest.hex())
}

/// The first byte of the hash.
pub(crate) fn first_byte(digest: &Digest) -> u8 {
    digest.hex().get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

/// The folder of all uploads.
pub(crate) fn uploads(data: &Path) -> PathBuf {
    data.join("uploads")
}

/// The file of an upload. The id must be known to be one of ours: it becomes part of a path.
pub(crate) fn upload_file(data: &Path, upload: &UploadKey) -> PathBuf {
    uploads(data).join(upload_file_name(&upload.id, &repository_hash(&upload.repository)))
}

/// The name of the file of an upload.
pub(crate) fn upload_file_name(id: &str, repository_hash: &str) -> String {
    format!("{id}.{repository_hash}")
}

/// The id and the hash of the repository in the name of an upload's file.
pub(crate) fn parse_upload_file_name(name: &str) -> Option<(&str, &str)> {
    let (id, hash) = name.split_once('.')?;
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    (hex(id, 32) && hex(hash, 16)).then_some((id, hash))
}

/// What binds an upload to its repository in the name of its file.
pub(crate) fn repository_hash(repository: &RepositoryName) -> String {
    Digest::sha256(repository.as_str().as_bytes()).hex().chars().take(16).collect()
}

/// The journal.
pub(crate) fn journal_file(data: &Path) -> PathBuf {
    data.join("journal")
}

/// Where something that is to replace `path` is made.
pub(crate) fn new_file(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// Where something that was replaced is until it is removed.
pub(crate) fn old_file(path: &Path) -> PathBuf {
    with_suffix(path, ".old")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Where damaged content of one algorithm is put.
pub(crate) fn quarantine(data: &Path, algorithm: Algorithm) -> PathBuf {
    data.join("quarantine").join(algorithm.as_str())
}

/// Where a journal is put that cannot be read after byte `end`.
pub(crate) fn quarantined_journal(data: &Path, end: u64) -> PathBuf {
    data.join("quarantine").join(format!("journal-{end}"))
}

/// What says what is in a backup.
pub(crate) fn backup_file(backup: &Path) -> PathBuf {
    backup.join("backup.json")
}

/// The name of a copy of the journal in a backup.
pub(crate) fn backup_journal_name(number: u64) -> String {
    format!("{BACKUP_JOURNAL}{number}")
}

/// Whether a file of a backup is a copy of a journal.
pub(crate) fn is_backup_journal(name: &str) -> bool {
    name.strip_prefix(BACKUP_JOURNAL).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What the copies of journals are called in a backup, up to the number.
const BACKUP_JOURNAL: &str = "journal-";
