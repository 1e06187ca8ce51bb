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

/// How many tags of a manifest are removed with one commit: a manifest with more loses them before it goes itself. A commit
/// with all of very many tags would take much memory, and have no room in the journal in the end.
pub const REMOVAL_TAGS_MAX: usize = 10_000;

/// The most tags one page holds when the client asks for a page size.
pub const TAGS_PAGE_MAX: usize = 10_000;

/// The most tags of an answer to a client that gives no page size. Some clients read one page only and never follow
/// `Link`, so this is meant to be the whole list.
pub const TAGS_UNPAGED_MAX: usize = 100_000;

/// The most repositories on one page of the catalogue.
pub const CATALOG_PAGE_MAX: usize = 10_000;

/// How many repositories that a client may not pull from are passed over for one page of the catalogue.
pub const CATALOG_HIDDEN_MAX: usize = 10_000;

/// The most referrers on one page.
pub const REFERRERS_PAGE_MAX: usize = 1_000;

/// The most bytes of descriptors on one page of referrers: clients read an index of at most 4 MiB.
pub const REFERRERS_PAGE_BYTES_MAX: usize = 3 * 1024 * 1024;

/// How many bytes of entries are read for one page of referrers, also of those that a filter leaves out: whoever may push
/// could make others walk over gigabytes.
pub const REFERRERS_READ_BYTES_MAX: usize = 16 * 1024 * 1024;

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

/// The largest configuration file, in bytes.
pub const SETTINGS_BYTES_MAX: u64 = 1024 * 1024;

/// How often the garbage collector runs unless the configuration says otherwise.
pub const GARBAGE_INTERVAL_DEFAULT: Duration = Duration::from_secs(60 * 60);

/// How long after its start a server collects garbage for the first time, unless its interval is shorter.
pub const GARBAGE_FIRST_AFTER: Duration = Duration::from_secs(60);

/// How long a blob that no manifest refers to is kept after this was found, unless the configuration says otherwise.
pub const GARBAGE_GRACE_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many links of a repository the garbage collector looks at together: about 4 MiB of memory.
pub const GARBAGE_PAGE_MAX: usize = 20_000;

/// How many marks the garbage collector sets in one batch.
pub const GARBAGE_MARKS_MAX: usize = 500;

/// How many blobs the garbage collector removes at the same time.
pub const GARBAGE_REMOVALS_MAX: usize = 32;

/// How many repositories the report of a collection names.
pub const GARBAGE_REPORT_MAX: usize = 1_000;

/// The longest pattern of repositories or tags in the configuration, in bytes.
pub const PATTERN_BYTES_MAX: usize = 512;

/// How many keys a walk over manifests or tags reads at once.
pub const WALK_PAGE_MAX: usize = 1_000;

/// How many tags, and manifests without a tag, of one repository a retention rule looks at: about 60 MiB of memory. A
/// repository with more is left alone, and the report says so.
pub const RETENTION_ITEMS_MAX: usize = 200_000;

/// How many removals the report of a retention lists; of repositories that it leaves alone, a tenth of that.
pub const RETENTION_REPORT_MAX: usize = 10_000;

/// How many referrers in a chain, each the referrer of the one before, go with a manifest in one run.
pub const REFERRERS_CHAIN_MAX: usize = 16;

/// How many days ago a manifest without a tag must have been pushed to be removed, unless its rule says otherwise.
pub const UNTAGGED_DAYS_DEFAULT: u64 = 7;

/// How many manifests' pulls are noted in memory: about 16 MiB.
pub const PULLS_NOTED_MAX: usize = 65_536;

/// How often noted pulls are stored.
pub const PULLS_INTERVAL: Duration = Duration::from_secs(60);

/// For how many seconds a count of everything is handed out again.
pub const TOTALS_AGE_MAX: u64 = 10;

/// How many bytes of a body are taken in between two looks at a quota: so many more than fit may be on the disk, until
/// the upload ends.
pub const QUOTA_STEP_BYTES: u64 = 256 * 1024;

/// How many quotas, and how many retention rules, the configuration may have.
pub const RULES_MAX: usize = 1_000;

/// The longest body of a request to the admin API, in bytes.
pub const ADMIN_BODY_BYTES_MAX: usize = 64 * 1024;

/// The longest credential that a command reads from a file, in bytes.
pub const CREDENTIAL_BYTES_MAX: u64 = 64 * 1024;

/// The longest answer of a running registry that a command reads, in bytes.
pub const REMOTE_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a command tries to reach a running registry.
pub const REMOTE_CONNECT_MAX: Duration = Duration::from_secs(10);

/// Manifests of up to so many bytes are read by the collector on the thread that serves requests; larger ones elsewhere.
pub const MANIFEST_INLINE_BYTES_MAX: usize = 64 * 1024;
/// The longest pattern for repositories or claims, in characters.
pub const GLOB_MAX: usize = 256;

/// The longest name of a user, group, token or workload, in bytes.
pub const NAME_MAX: usize = 128;

/// The most rules of `[access]`, and the most issuers.
pub const ACCESS_RULES_MAX: usize = 1_000;

/// The most scopes of one API token.
pub const API_TOKEN_SCOPES_MAX: usize = 32;

/// The most patterns, identities or members that one rule or group lists.
pub const ACCESS_LIST_MAX: usize = 1_000;

/// The largest htpasswd file, in bytes: about 80,000 users.
pub const HTPASSWD_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The longest password, in bytes. bcrypt looks at the first 72 only.
pub const PASSWORD_MAX: usize = 1_024;

/// The longest token or other credential that is looked at, in bytes.
pub const CREDENTIALS_MAX: usize = 16 * 1024;

/// How much memory one argon2 hash of the htpasswd file may ask for, in KiB.
pub const ARGON2_MEMORY_KIB_MAX: u32 = 256 * 1024;

/// How many passes one argon2 hash of the htpasswd file may ask for.
pub const ARGON2_PASSES_MAX: u32 = 16;

/// The highest cost of a bcrypt hash in the htpasswd file: about 4 s.
pub const BCRYPT_COST_MAX: u32 = 16;

/// How many passwords are hashed at once, each on a thread and with the memory that its hash asks for.
pub const PASSWORD_HASHES_MAX: usize = 2;

/// How many logins may wait for a password to be hashed: about 3 s with the hashes that `user set` makes.
pub const PASSWORD_QUEUE_MAX: usize = 256;

/// How many of them may be of one client address.
pub const PASSWORD_QUEUE_PER_CLIENT_MAX: usize = 32;

/// The longest credentials, in bytes, whose session is kept in memory. An access token for a few repositories has about 500.
pub const SESSION_CREDENTIALS_MAX: usize = 4 * 1024;

/// How many sessions are kept in memory, to be found again by their credentials.
pub const SESSIONS_MAX: usize = 10_000;

/// How many patterns the scopes of all sessions that are kept in memory have together: a pattern that was asked holds up
/// to 42 KiB. Whoever has a token could otherwise have as many sessions with 32 patterns each as are kept.
pub const SESSION_PATTERNS_MAX: usize = 2_000;

/// How long a session is kept after a password, an API token or the token of an issuer was checked.
pub const SESSION_LIFE_MAX: Duration = Duration::from_secs(60);

/// How long an access token lives, unless `access-token-seconds` says otherwise.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(5 * 60);

/// The longest life of an access token: it cannot be revoked.
pub const ACCESS_TOKEN_LIFE_MAX: Duration = Duration::from_secs(60 * 60);

/// How long a refresh token lives, unless `refresh-token-seconds` says otherwise.
pub const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The longest life of a refresh or API token: 10 years.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// By how much the clocks of an issuer of tokens and of the registry may differ.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(60);

/// How old the key gets that access tokens are signed with.
pub const SIGNING_KEY_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The most scopes that one request for an access token may name.
pub const TOKEN_SCOPES_MAX: usize = 64;

/// The most bytes of a request to the token endpoint or to `/api/v1/tokens`.
pub const TOKEN_REQUEST_MAX: usize = 64 * 1024;

/// The most API tokens of one user, and the most without an owner. The oldest refresh token of a user gives way to a
/// new one beyond as many.
pub const TOKENS_PER_OWNER_MAX: usize = 100;

/// The most tokens, of all kinds, that are stored.
pub const TOKENS_MAX: usize = 20_000;

/// How exactly the last use of a token is known. It is not written more often than that.
pub const TOKEN_USE_STEP: Duration = Duration::from_secs(10 * 60);

/// How many pairs of client address and user are remembered after a login failed.
pub const LOGIN_FAILURES_MAX: usize = 10_000;

/// How many logins may fail before the next one has to wait.
pub const LOGIN_FAILURES_FREE: u32 = 3;

/// The longest time that a login has to wait after others failed.
pub const LOGIN_DELAY_MAX: Duration = Duration::from_secs(60);

/// The largest answer of an issuer, in bytes.
pub const ISSUER_BYTES_MAX: usize = 512 * 1024;

/// The most keys of an issuer that are kept.
pub const ISSUER_KEYS_MAX: usize = 100;

/// How long an issuer may take to answer.
pub const ISSUER_WAIT_MAX: Duration = Duration::from_secs(10);

/// How old the keys of an issuer get before they are fetched again.
pub const ISSUER_KEYS_AGE: Duration = Duration::from_secs(60 * 60);

/// How old the keys of an issuer that does not answer get before they are used no longer.
pub const ISSUER_KEYS_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait before an issuer is asked again, for a key that is not known or because it did not answer.
pub const ISSUER_PAUSE: Duration = Duration::from_secs(10);

/// How many holders of a blob are looked at for one that the client may pull from, when a mount does not name one.
pub const MOUNT_HOLDERS_MAX: usize = 100;

/// How many entries of the audit log may wait to be written; more are counted and lost.
pub const AUDIT_QUEUE_MAX: usize = 10_000;
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
