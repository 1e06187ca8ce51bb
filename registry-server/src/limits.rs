//! Every limit of the registry, by name. What a client may ask for is bounded here and nowhere else.

use std::time::Duration;

pub use wkit_artifact::limits::{MANIFEST_BYTES_MAX, REPOSITORY_NAME_MAX, TAG_MAX};

/// The largest blob accepted, in bytes, unless [`Config::blob_bytes_max`](crate::Config::blob_bytes_max) says otherwise.
pub const BLOB_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;

/// How many uploads may be open at once, unless [`Config::upload_sessions_max`](crate::Config::upload_sessions_max)
/// says otherwise. An open upload is a file and about 300 bytes of memory.
pub const UPLOAD_SESSIONS_MAX: usize = 10_000;

/// How long an upload may rest before it is removed, unless [`Config::upload_idle_max`](crate::Config::upload_idle_max)
/// says otherwise.
pub const UPLOAD_IDLE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a request waits for another one that is writing to the same upload: long enough for the server to notice
/// that the client of the other is gone.
pub const UPLOAD_LOCK_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long the server waits for the next bytes of a request's body.
pub const BODY_IDLE_MAX: Duration = Duration::from_secs(60);

/// How many bytes of a blob are held in memory at once, per transfer: a block is hashed and written while the next
/// one is received, so an upload holds at most two.
pub const TRANSFER_BLOCK_BYTES: usize = 512 * 1024;

/// How much of the disk is left free of blobs, in bytes: the metadata store needs room as well.
pub const BLOB_RESERVE_BYTES: u64 = 8 * 1024 * 1024;

/// How much of the disk is left free of what is added to the metadata store, in bytes. It needs room even to remove
/// something, so without a reserve a full disk could not be freed through the registry.
pub const METADATA_RESERVE_BYTES: u64 = 2 * 1024 * 1024;

/// How many descriptors one manifest may hold: config, layers and entries of an index together.
pub const MANIFEST_DESCRIPTORS_MAX: usize = 10_000;

/// How many tags one push of a manifest by digest may set (`?tag=` may be repeated).
pub const TAGS_PER_PUSH_MAX: usize = 64;

/// The most tags one page holds when the client asks for a page size.
pub const TAGS_PAGE_MAX: usize = 10_000;

/// The most tags of an answer to a client that gives no page size. Some clients read one page only and never follow
/// `Link`, so this is meant to be the whole list.
pub const TAGS_UNPAGED_MAX: usize = 100_000;

/// The most repositories on one page of the catalogue.
pub const CATALOG_PAGE_MAX: usize = 10_000;

/// The most referrers on one page.
pub const REFERRERS_PAGE_MAX: usize = 1_000;

/// The most bytes of descriptors on one page of referrers: clients read an index of at most 4 MiB.
pub const REFERRERS_PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// How many connections are served at once; more wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 4_096;

/// How long a client may take to send the head of a request.
pub const REQUEST_HEAD_MAX: Duration = Duration::from_secs(30);

/// How long requests in flight may go on after the server was asked to stop.
pub const SHUTDOWN_GRACE_MAX: Duration = Duration::from_secs(30);

/// How many commits to the metadata store may wait.
pub const COMMIT_QUEUE_MAX: usize = 1_024;

/// How many batches share one durable commit.
pub const COMMIT_GROUP_MAX: usize = 256;

/// How many bytes of batches share one durable commit.
pub const COMMIT_GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much memory the metadata store may use to keep pages, in bytes.
pub const METADATA_CACHE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How often a change is tried again after another request changed the same keys.
pub const CONFLICT_RETRIES_MAX: usize = 64;

/// How often the garbage collector runs.
pub const GARBAGE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The largest configuration file, in bytes.
pub const SETTINGS_BYTES_MAX: u64 = 1024 * 1024;

/// The most bytes of one frame of the journal. A frame ends with the write that takes it past a quarter of this, and a
/// write is at most a manifest with its key, so no writer of ours comes near it; a reader that finds more has met
/// damage.
pub const JOURNAL_FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The most bytes of one group in the journal, in all its frames: what is read into memory at once.
pub const JOURNAL_GROUP_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The journal is written anew when more than half of it is about entries that were replaced or removed since, and it
/// is larger than this, in bytes.
pub const JOURNAL_COMPACT_MIN_BYTES: u64 = 16 * 1024 * 1024;

/// How many findings of `check` are told one by one; more are only counted.
pub const FINDINGS_MAX: usize = 10_000;

/// How many threads read blobs at once in `check`, `backup` and `restore`.
pub const BLOB_READERS_MAX: usize = 64;

/// How long content without a link may be there before `check`, beside a running server, tells about it: what is being
/// pushed has no link yet.
pub const ORPHAN_AGE_MIN: Duration = Duration::from_secs(60 * 60);

/// How often `backup` reads what was changed meanwhile before it gives up: every time, content was removed while it
/// was looked for.
pub const BACKUP_ROUNDS_MAX: usize = 16;

/// The most bytes of `backup.json` that are read.
pub const BACKUP_TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;
