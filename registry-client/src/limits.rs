//! The limits on what is read from registries and configuration, and on how long an answer may take.

use std::time::Duration;

pub use wkit_artifact::limits::{CONFIG_BYTES_MAX, MANIFEST_BYTES_MAX};

/// The most bytes of one layer, a component: 2 GiB. It is held in memory when it is run or composed.
pub const LAYER_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// The most bytes of one page of `tags/list`: 16 MiB, above a hundred thousand of the longest tags.
pub const TAG_PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The most pages of `tags/list` that are followed.
pub const TAG_PAGES_MAX: usize = 1000;

/// The most bytes of `/.well-known/wasm-pkg/registry.json`: 64 KiB.
pub const METADATA_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of a token server's answer: 256 KiB.
pub const TOKEN_BYTES_MAX: usize = 256 * 1024;

/// The most bytes of an error answer that are read for its message: 16 KiB. The rest is left unread.
pub const ERROR_BODY_BYTES_MAX: usize = 16 * 1024;

/// The most characters of a registry's message that an error repeats.
pub const ERROR_MESSAGE_MAX: usize = 400;

/// The most bytes of wkg's configuration file: 1 MiB.
pub const WKG_CONFIG_BYTES_MAX: usize = 1024 * 1024;

/// The most bytes of docker's `config.json`: 1 MiB.
pub const DOCKER_CONFIG_BYTES_MAX: usize = 1024 * 1024;

/// The most redirects that one request follows.
pub const REDIRECTS_MAX: usize = 5;

/// The most times that one request is sent, whatever [`Retry`](crate::Retry) says.
pub const ATTEMPTS_MAX: u32 = 10;

/// The longest pause before a request is sent again, even if the registry asks for a longer one.
pub const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

/// How long a connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a registry may take to begin its answer.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a transfer may stand still.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a credential helper may take: it may ask a person.
pub const HELPER_TIMEOUT: Duration = Duration::from_secs(120);
