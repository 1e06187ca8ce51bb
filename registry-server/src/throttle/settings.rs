//! `[throttle]` of the configuration file.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::limits::{UPLOAD_SESSIONS_MAX, UPLOAD_SESSIONS_PER_ADDRESS_MAX, UPLOADS_PER_ADDRESS_MAX};

/// The section `[throttle]`. Rates are not limited unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Requests of one client address.
    pub address: Rates,
    /// Requests of one user or token, from wherever they come.
    pub identity: Rates,
    /// How many uploads one client address may have under way at once.
    pub uploads_per_address: usize,
    /// How many upload sessions one client address may leave open.
    pub upload_sessions_per_address: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: Rates::default(),
            identity: Rates::default(),
            uploads_per_address: UPLOADS_PER_ADDRESS_MAX,
            upload_sessions_per_address: UPLOAD_SESSIONS_PER_ADDRESS_MAX,
        }
    }
}

/// How many requests may come; those that change nothing are counted apart from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rates {
    /// `GET` and `HEAD`.
    pub reads: Option<Rate>,
    /// Everything else.
    pub writes: Option<Rate>,
}

/// Requests per second, and how many may come at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

impl Settings {
    /// Says what is wrong with them, with the key that it is about.
    ///
    /// # Errors
    ///
    /// When a number is zero or larger than its limit.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (key, found) in [
            ("uploads-per-address", self.uploads_per_address),
            ("upload-sessions-per-address", self.upload_sessions_per_address),
        ] {
            if found == 0 || found > UPLOAD_SESSIONS_MAX {
                return Err(format!(
                    "throttle.{key}: expected a number from 1 to {UPLOAD_SESSIONS_MAX}, found {found}"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_their_limit_and_past_it() {
        assert_eq!(Settings::default().check(), Ok(()));
        for (text, good) in [
            (format!("uploads-per-address = {UPLOAD_SESSIONS_MAX}"), true),
            (format!("uploads-per-address = {}", UPLOAD_SESSIONS_MAX + 1), false),
            ("upload-sessions-per-address = 0".to_owned(), false),
        ] {
            assert_eq!(toml::from_str::<Settings>(&text).unwrap().check().is_ok(), good, "{text}");
        }
        for text in [
            "address.reads = { per-second = 0, burst = 1 }",
            "address.reads = { per-second = 1 }",
            "address.read = 1",
        ] {
            assert!(toml::from_str::<Settings>(text).is_err(), "{text}");
        }
    }
}
