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

/// How long the server waits for a client to send more of a body or to take more of an answer, unless
/// [`network::Settings::stall_seconds`](crate::network::Settings::stall_seconds) says otherwise. It is a credit: it
/// comes back with what is sent or taken, at [`TRANSFER_RATE_MIN`].
pub const STALL_MAX: Duration = Duration::from_secs(60);

/// How fast a transfer has to be in the long run, in bytes per second, not counting the time in which the client waits
/// for the server.
pub const TRANSFER_RATE_MIN: u64 = 1_024;

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

/// How deep the lists and objects of a manifest may be nested.
pub const MANIFEST_DEPTH_MAX: usize = 64;

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

/// How much memory all transfers of blobs may hold in blocks, in bytes: when little of it is left, blocks are smaller,
/// down to [`TRANSFER_BLOCK_BYTES_MIN`].
pub const TRANSFER_MEMORY_MAX: usize = 128 * 1024 * 1024;

/// The smallest block of a transfer, in bytes.
pub const TRANSFER_BLOCK_BYTES_MIN: usize = 8 * 1024;

/// How many pieces of a body one block of a transfer is made of.
pub const TRANSFER_PIECES_MAX: usize = 256;

/// How many connections are served at once; more wait in the system's queue.
pub const CONNECTIONS_MAX: usize = 4_096;

/// How many connections one client address may have, unless
/// [`network::Settings::connections_per_address`](crate::network::Settings::connections_per_address) says otherwise.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_024;

/// How many file descriptors are kept free of connections, for the files of the data folder.
pub const DESCRIPTORS_RESERVED: u64 = 32;

/// How many requests one connection of HTTP/2 may have under way.
pub const STREAMS_MAX: u32 = 64;

/// How many requests all connections of HTTP/2 together may have under way; further ones are answered with 429.
pub const STREAMS_TOTAL_MAX: usize = 4_096;

/// How long a client may take to send the head of a request, and how long a connection of HTTP/1 may rest.
pub const REQUEST_HEAD_MAX: Duration = Duration::from_secs(30);

/// How long a connection of HTTP/2 may rest.
pub const CONNECTION_IDLE_MAX: Duration = Duration::from_secs(60);

/// How long a client may take for the handshake of TLS.
pub const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// The largest file of a certificate or key, in bytes.
pub const TLS_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How often the files of the certificate and the key are looked at.
pub const TLS_RELOAD_INTERVAL: Duration = Duration::from_secs(2);

/// How much of a request is read ahead on one connection of HTTP/1, in bytes, and how much of an answer is kept ready.
pub const READ_AHEAD_BYTES_MAX: usize = 128 * 1024;

/// How much a client may send on one connection of HTTP/2 before the registry has taken it, in bytes.
pub const STREAM_WINDOW_BYTES: u32 = 512 * 1024;

/// The largest head of a request, in bytes: the first line and the headers.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How many headers a request may have.
pub const HEADERS_MAX: usize = 100;

/// The longest path of a request, in bytes.
pub const PATH_BYTES_MAX: usize = 2_048;

/// The longest query of a request, in bytes.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;

/// The largest answer that is not counted, in bytes: see [`ANSWER_MEMORY_MAX`].
pub const ANSWER_SMALL_BYTES: usize = 8 * 1024;

/// How much memory all answers that clients have not taken yet may hold, in bytes. An answer that does not fit is
/// replaced by 429. Blobs do not count here, see [`TRANSFER_MEMORY_MAX`].
pub const ANSWER_MEMORY_MAX: usize = 128 * 1024 * 1024;

/// How much of a manifest that is pushed is not counted, in bytes: see [`MANIFEST_MEMORY_MAX`].
pub const MANIFEST_SMALL_BYTES: usize = 64 * 1024;

/// How much memory manifests that are arriving may hold, in bytes, beyond [`MANIFEST_SMALL_BYTES`] for each. A push that
/// does not fit is answered with 429.
pub const MANIFEST_MEMORY_MAX: usize = 128 * 1024 * 1024;

/// How many lists are made at once; further requests for one wait.
pub const LISTS_AT_ONCE_MAX: usize = 8;

/// How many clients a rate limit remembers.
pub const THROTTLE_CLIENTS_MAX: usize = 131_072;

/// How many proxies may be trusted.
pub const PROXIES_MAX: usize = 1_024;

/// How many uploads one client address may have under way, unless
/// [`throttle::Settings::uploads_per_address`](crate::throttle::Settings::uploads_per_address) says otherwise.
pub const UPLOADS_PER_ADDRESS_MAX: usize = 512;

/// How many upload sessions one client address may leave open, unless
/// [`throttle::Settings::upload_sessions_per_address`](crate::throttle::Settings::upload_sessions_per_address) says
/// otherwise.
pub const UPLOAD_SESSIONS_PER_ADDRESS_MAX: usize = 2_500;

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
