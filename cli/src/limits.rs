//! What the command line accepts at most.

/// The size of a `wkit.toml`, in bytes.
pub(crate) const PROJECT_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The size of a `wkit.lock`, in bytes: some ten thousand packages.
pub(crate) const LOCK_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The size of a component that is read from a file, in bytes: as large as the registry client's largest layer.
pub(crate) const COMPONENT_FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// The size of the record of one composition, in bytes: that of a thousand components with a hundred imports each.
pub(crate) const RECORD_FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The size of a file of answers for `wkit mock`, in bytes.
pub(crate) const ANSWERS_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How many compositions made for `--with` are kept.
pub(crate) const COMPOSED_FILES_MAX: usize = 64;

/// The size of all compositions made for `--with` that are kept, in bytes: 2 GiB.
pub(crate) const COMPOSED_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
