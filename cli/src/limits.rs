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

/// How many files are taken out of a revision of git: more than any package of WIT has with all that it depends on.
pub(crate) const REVISION_FILES_MAX: usize = 10_000;

/// The size of all files that are taken out of a revision of git, in bytes: 256 MiB.
pub(crate) const REVISION_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// How many symbolic links stand behind one another in a revision of git.
pub(crate) const REVISION_LINKS_MAX: usize = 8;

/// The size of a source file that is shown in a report, in bytes; of larger ones the place is named and not drawn.
pub(crate) const SHOWN_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
