//! `[network]`: how many connections there are, and how long the registry waits for who is at the other end.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::limits::{
    CONNECTION_IDLE_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, PROXIES_MAX, REQUEST_HEAD_MAX,
    STALL_MAX, STREAMS_MAX, TLS_HANDSHAKE_MAX,
};

/// The section `[network]` of the configuration file. [`Settings::default`] is what holds without it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// How many connections are served at once. More of them wait, and are served as others end.
    pub connections: usize,
    /// How many connections one client address may have. More of them are closed at once. A trusted proxy may have
    /// as many as there are.
    pub connections_per_address: usize,
    /// How many requests one connection of HTTP/2 may have under way.
    pub streams_per_connection: u32,
    /// How long a client may take for the handshake of TLS, in seconds.
    pub handshake_seconds: u64,
    /// How long a client may take to send the head of a request, and how long a connection of HTTP/1 may rest, in
    /// seconds.
    pub head_seconds: u64,
    /// How long a connection of HTTP/2 may rest, in seconds.
    pub idle_seconds: u64,
    /// How long the registry waits for a client to send more of a body, or to take more of an answer, in seconds.
    pub stall_seconds: u64,
    /// The addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            connections_per_address: CONNECTIONS_PER_ADDRESS_MAX,
            streams_per_connection: STREAMS_MAX,
            handshake_seconds: TLS_HANDSHAKE_MAX.as_secs(),
            head_seconds: REQUEST_HEAD_MAX.as_secs(),
            idle_seconds: CONNECTION_IDLE_MAX.as_secs(),
            stall_seconds: STALL_MAX.as_secs(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Settings {
    /// Says what is wrong with them, with the key that it is about.
    ///
    /// # Errors
    ///
    /// When a number is zero or larger than its limit, or there are too many proxies.
    pub(crate) fn check(&self) -> Result<(), String> {
        const DAY: u64 = 24 * 60 * 60;
        let counts = [
            ("connections", self.connections as u64, CONNECTIONS_MAX as u64),
            ("connections-per-address", self.connections_per_address as u64, CONNECTIONS_MAX as u64),
            ("streams-per-connection", u64::from(self.streams_per_connection), u64::from(STREAMS_MAX)),
            ("handshake-seconds", self.handshake_seconds, DAY),
            ("head-seconds", self.head_seconds, DAY),
            ("idle-seconds", self.idle_seconds, DAY),
            ("stall-seconds", self.stall_seconds, DAY),
        ];
        for (key, found, maximum) in counts {
            if found == 0 || found > maximum {
                return Err(format!("network.{key}: expected a number from 1 to {maximum}, found {found}"));
            }
        }
        match self.trusted_proxies.len() {
            0..=PROXIES_MAX => Ok(()),
            found => Err(format!(
                "network.trusted-proxies: expected at most {PROXIES_MAX} addresses, found {found}"
            )),
        }
    }

    /// [`Self::handshake_seconds`].
    pub(crate) fn handshake(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    /// [`Self::head_seconds`].
    pub(crate) fn head(&self) -> Duration {
        Duration::from_secs(self.head_seconds)
    }

    /// [`Self::idle_seconds`].
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// [`Self::stall_seconds`].
    pub(crate) fn stall(&self) -> Duration {
        Duration::from_secs(self.stall_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_the_limits() {
        assert_eq!(Settings::default().check(), Ok(()));
        assert_eq!(toml::from_str::<Settings>("").unwrap(), Settings::default());
    }

    #[test]
    fn numbers_at_their_limit_and_past_it() {
        for (text, said) in [
            (format!("connections = {CONNECTIONS_MAX}"), None),
            (
                format!("connections = {}", CONNECTIONS_MAX + 1),
                Some("network.connections: expected a number from 1 to 4096"),
            ),
            ("connections = 0".to_owned(), Some("network.connections: expected a number from 1")),
            (format!("streams-per-connection = {}", STREAMS_MAX + 1), Some("network.streams-per-connection")),
            ("stall-seconds = 0".to_owned(), Some("network.stall-seconds")),
            ("head-seconds = 86401".to_owned(), Some("network.head-seconds")),
            (format!("trusted-proxies = {:?}", vec!["::1"; PROXIES_MAX]), None),
            (
                format!("trusted-proxies = {:?}", vec!["::1"; PROXIES_MAX + 1]),
                Some("network.trusted-proxies"),
            ),
        ] {
            let checked = toml::from_str::<Settings>(&text).unwrap().check();
            match said {
                None => assert_eq!(checked, Ok(()), "{text}"),
                Some(said) => assert!(checked.clone().unwrap_err().contains(said), "{text}: {checked:?}"),
            }
        }
        // Only addresses are taken: a network would trust whoever is in it.
        assert!(toml::from_str::<Settings>("trusted-proxies = [\"10.0.0.0/8\"]").is_err());
    }
}
