//! The host of a registry, with its port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::limits::REGISTRY_HOST_MAX;
use crate::text::{as_string, shown};

/// A registry as a reference names it: `host` or `host:port`, where the host is a DNS name, an IPv4 address or a
/// bracketed IPv6 address. There is no scheme: whether it is reached by `http` or `https` is said elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryHost {
    /// As given; DNS names in lower case, because they are compared.
    host: Box<str>,
    port: Option<u16>,
}

impl RegistryHost {
    /// The host alone, with brackets around an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether the host is this very machine: `localhost`, `127.0.0.0/8` or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().map_or(&*self.host == "localhost", |address| address.is_loopback())
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.host),
            None => formatter.write_str(&self.host),
        }
    }
}

impl FromStr for RegistryHost {
    type Err = ParseHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > REGISTRY_HOST_MAX {
            return Err(ParseHostError::Length { found: text.len() });
        }
        if text.contains("://") {
            return Err(ParseHostError::Scheme { found: shown(text) });
        }
        let invalid = || ParseHostError::Host { found: shown(text) };
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']').ok_or_else(invalid)?;
                address.parse::<Ipv6Addr>().map_err(|_| invalid())?;
                let port = match after.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if after.is_empty() => None,
                    None => return Err(invalid()),
                };
                (format!("[{address}]"), port)
            }
            None => {
                let (host, port) =
                    text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
                if !is_dns_name(host) {
                    return Err(invalid());
                }
                (host.to_ascii_lowercase(), port)
            }
        };
        let port = match port {
            Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                return Err(ParseHostError::Port { found: shown(digits) });
            }
            Some(digits) => Some(digits.parse().map_err(|_| ParseHostError::Port { found: shown(digits) })?),
            None => None,
        };
        Ok(Self { host: host.into(), port })
    }
}

as_string!(RegistryHost);

/// Why a text is not the host of a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseHostError {
    /// The text is too long.
    #[error("expected at most {REGISTRY_HOST_MAX} characters in a registry host, found {found}")]
    Length {
        /// How many bytes there are.
        found: usize,
    },
    /// The text begins with a scheme.
    #[error(
        "expected a registry host without a scheme, such as `ghcr.io` or `127.0.0.1:5000`, found `{found}`"
    )]
    Scheme {
        /// The text, shortened.
        found: String,
    },
    /// The host is no DNS name and no address.
    #[error("expected a registry host such as `ghcr.io` or `127.0.0.1:5000`, found `{found}`")]
    Host {
        /// The text, shortened.
        found: String,
    },
    /// The port is no number from 0 to 65535.
    #[error("expected a port from 0 to 65535 after the registry host, found `{found}`")]
    Port {
        /// What stands after the colon, shortened.
        found: String,
    },
}

fn is_dns_name(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, host, port, loopback) in [
            ("ghcr.io", "ghcr.io", None, false),
            ("GHCR.io", "ghcr.io", None, false),
            ("localhost", "localhost", None, true),
            ("localhost:5000", "localhost", Some(5000), true),
            ("127.0.0.1:80", "127.0.0.1", Some(80), true),
            ("127.9.9.9", "127.9.9.9", None, true),
            ("[::1]:5000", "[::1]", Some(5000), true),
            ("[2001:db8::1]", "[2001:db8::1]", None, false),
            ("10.0.0.1", "10.0.0.1", None, false),
            ("localhost.example.com", "localhost.example.com", None, false),
            ("registry", "registry", None, false),
        ] {
            let parsed: RegistryHost = text.parse().unwrap();
            assert_eq!(
                (parsed.host(), parsed.port(), parsed.is_loopback()),
                (host, port, loopback),
                "{text}"
            );
            assert_eq!(parsed.to_string(), text.to_lowercase());
        }
    }

    #[test]
    fn refusals() {
        for (text, message) in [
            ("https://ghcr.io", "without a scheme"),
            ("", "expected a registry host"),
            ("a..b", "expected a registry host"),
            ("-a.b", "expected a registry host"),
            ("a_b", "expected a registry host"),
            ("[::1", "expected a registry host"),
            ("[::1]x", "expected a registry host"),
            ("[nope]", "expected a registry host"),
            ("user@host", "expected a registry host"),
            ("host:", "expected a port"),
            ("host:+1", "expected a port"),
            ("host:65536", "expected a port"),
            ("host:tag", "expected a port"),
        ] {
            let error = text.parse::<RegistryHost>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn limit() {
        let at = "a".repeat(REGISTRY_HOST_MAX);
        assert!(at.parse::<RegistryHost>().is_ok());
        assert_eq!(format!("{at}a").parse::<RegistryHost>(), Err(ParseHostError::Length { found: 260 }));
    }
}
