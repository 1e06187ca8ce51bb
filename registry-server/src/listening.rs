//! Where a registry may listen: on the machine itself as it likes, elsewhere only with TLS and a decision about who may
//! do what.

use std::net::SocketAddr;

use crate::config::Config;

/// Why a registry does not listen on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListeningError {
    /// What is sent can be read and changed on the way.
    #[error(
        "`{address}` can be reached from other machines, and without TLS whoever is between can read and change what is sent\n\
         hint: give a certificate with `[tls]` in the configuration file, or allow it with `--insecure` (`insecure = true`)"
    )]
    Plain {
        /// The address.
        address: SocketAddr,
    },
    /// Everybody could do everything.
    #[error(
        "`{address}` can be reached from other machines, and everybody could push and delete\n\
         hint: say who may do what with `[access]` in the configuration file, or allow everybody something with a rule for `anonymous` there"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
}

/// Checks that a registry may listen where it is told to.
///
/// # Errors
///
/// When others can reach the address and there is no TLS, or nothing was decided about who may do what.
pub(crate) fn check(config: &Config) -> Result<(), ListeningError> {
    let address = config.listen;
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    if config.tls.is_none() && !config.insecure {
        return Err(ListeningError::Plain { address });
    }
    if config.access.is_configured() { Ok(()) } else { Err(ListeningError::Open { address }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        const UNDECIDED: &str = "";
        const DECIDED: &str = "[[rule]]\nrepositories = [\"**\"]\nwho = [\"anonymous\"]\nallow = [\"pull\"]";
        const FINE: &str = "";
        const PLAIN: &str = "--insecure";
        const OPEN: &str = "[access]";
        for (listen, tls, insecure, access, expected) in [
            ("127.0.0.1:1", false, false, UNDECIDED, FINE),
            ("127.9.9.9:1", false, false, UNDECIDED, FINE),
            ("[::1]:1", false, false, UNDECIDED, FINE),
            ("[::ffff:127.0.0.1]:1", false, false, UNDECIDED, FINE),
            ("0.0.0.0:1", false, false, DECIDED, PLAIN),
            ("0.0.0.0:1", false, false, UNDECIDED, PLAIN),
            ("0.0.0.0:1", true, false, UNDECIDED, OPEN),
            ("0.0.0.0:1", false, true, UNDECIDED, OPEN),
            ("0.0.0.0:1", true, false, DECIDED, FINE),
            ("0.0.0.0:1", false, true, DECIDED, FINE),
            ("[::]:1", false, false, DECIDED, PLAIN),
            ("[::]:1", true, true, DECIDED, FINE),
            ("192.168.0.1:1", false, false, DECIDED, PLAIN),
            ("[fe80::1]:1", true, false, UNDECIDED, OPEN),
            ("10.0.0.1:1", true, false, DECIDED, FINE),
        ] {
            let mut config = Config::new("data");
            config.listen = listen.parse().unwrap();
            config.insecure = insecure;
            config.tls = tls.then(|| crate::tls::Settings { certificate: "c".into(), key: "k".into() });
            if !access.is_empty() {
                config.access = toml::from_str(access).unwrap();
            }
            match check(&config) {
                Ok(()) => assert_eq!(expected, FINE, "{listen} {tls} {insecure} {access:?}"),
                Err(error) => {
                    let message = error.to_string();
                    assert!(expected != FINE && message.contains(expected), "{listen}: {message}");
                    assert!(message.contains(listen), "{message}");
                    // Both ways out are named.
                    assert!(message.contains("or allow"), "{message}");
                }
            }
        }
    }
}
