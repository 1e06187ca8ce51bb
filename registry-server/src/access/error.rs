//! Why access is not decided, and why credentials are refused.

use std::time::Duration;

use super::htpasswd::HtpasswdError;
use super::settings::AccessSettingsError;

/// Why access cannot be decided, at the start.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// `[access]` is wrong.
    #[error(transparent)]
    Settings(#[from] AccessSettingsError),
    /// The file of users cannot be used.
    #[error("access.htpasswd: {0}")]
    Htpasswd(#[from] HtpasswdError),
    /// A user has no password.
    #[error("{place}: {message}")]
    UnknownUser {
        /// The key that names the user.
        place: String,
        /// Which one, and what to do.
        message: String,
    },
    /// The keys that tokens are signed with, or the HTTP client for issuers, cannot be had.
    #[error("access tokens cannot be used: {message}")]
    Tokens {
        /// What is wrong.
        message: String,
    },
}

/// Why credentials give no session, or no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// They are wrong, or no credentials that are understood here.
    #[error("{message}")]
    Wrong {
        /// Whom they claim to be of, when they say so.
        user: Option<String>,
        /// What is wrong, without a hint whether the user exists.
        message: String,
    },
    /// Too many logins failed before this one.
    #[error("too many logins have failed, the next may be tried in {} s", seconds(*wait))]
    Wait {
        /// Whom they claim to be of.
        user: String,
        /// How long to wait.
        wait: Duration,
    },
    /// Too many logins are being checked.
    #[error("too many logins are being checked at once")]
    Busy,
    /// Something that is needed does not work; the log says what.
    #[error("the credentials cannot be checked at the moment")]
    Unavailable,
}

/// Whole seconds, rounded up.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
