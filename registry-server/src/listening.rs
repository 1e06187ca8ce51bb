//! Where a registry may listen: on the machine itself as it likes, elsewhere only with TLS and a decision about who may
//! do what.

use std::net::SocketAddr;

use crate::config::Config;

/// What has been decided about who may do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing, so everybody may do everything.
    Undecided,
    /// There are users, or it was said that everybody may do something.
    #[cfg_attr(not(test), expect(dead_code, reason = "what decides it is not there yet"))]
    Decided,
}

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
pub(crate) fn check(config: &Config, access: Access) -> Result<(), ListeningError> {
    let address = config.listen;
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    if config.tls.is_none() && !config.insecure {
        return Err(ListeningError::Plain { address });
    }
    match access {
        Access::Decided => Ok(()),
        Access::Undecided => Err(ListeningError::Open { address }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        use Access::{Decided, Undecided};

        const FINE: &str = "";
        const PLAIN: &str = "--insecure";
        const OPEN: &str = "[access]";
        for (listen, tls, insecure, access, expected) in [
            ("127.0.0.1:1", false, false, Undecided, FINE),
            ("127.9.9.9:1", false, false, Undecided, FINE),
            ("[::1]:1", false, false, Undecided, FINE),
            ("[::ffff:127.0.0.1]:1", false, false, Undecided, FINE),
            ("0.0.0.0:1", false, false, Decided, PLAIN),
            ("0.0.0.0:1", false, false, Undecided, PLAIN),
            ("0.0.0.0:1", true, false, Undecided, OPEN),
            ("0.0.0.0:1", false, true, Undecided, OPEN),
            ("0.0.0.0:1", true, false, Decided, FINE),
            ("0.0.0.0:1", false, true, Decided, FINE),
            ("[::]:1", false, false, Decided, PLAIN),
            ("[::]:1", true, true, Decided, FINE),
            ("192.168.0.1:1", false, false, Decided, PLAIN),
            ("[fe80::1]:1", true, false, Undecided, OPEN),
            ("10.0.0.1:1", true, false, Decided, FINE),
        ] {
            let mut config = Config::new("data");
            config.listen = listen.parse().unwrap();
            config.insecure = insecure;
            config.tls = tls.then(|| crate::tls::Settings { certificate: "c".into(), key: "k".into() });
            match check(&config, access) {
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
