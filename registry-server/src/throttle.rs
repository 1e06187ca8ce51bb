//! Who may ask how much: requests per second, uploads at once, connections. Nothing here is about HTTP but the header
//! that proxies write.
//!
//! A client is an address: of IPv6 the network of 64 bits, which is what one subscriber has. Behind a trusted proxy it
//! is the address that the proxy states.

mod bucket;
mod client;
mod counts;
mod sessions;
mod settings;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};

use bucket::Buckets;
use client::forwarded_scheme;
pub(crate) use client::{Client, client_of};
pub(crate) use counts::{Counts, Inside};
pub(crate) use sessions::Sessions;
pub use settings::{Rate, Rates, Settings};

use crate::network;

/// Every count and rate of a running registry.
pub(crate) struct Throttle {
    proxies: Vec<IpAddr>,
    addresses: Limiter<Client>,
    identities: Limiter<String>,
    /// Connections of each address.
    pub(crate) connections: Arc<Counts>,
    /// Uploads under way of each client.
    pub(crate) uploads: Arc<Counts>,
    /// Upload sessions that each client has left open.
    pub(crate) sessions: Sessions,
}

/// The rates of users, for whoever checks credentials. It is among the extensions of every request.
#[derive(Clone)]
pub(crate) struct IdentityRates {
    throttle: Arc<Throttle>,
}

impl IdentityRates {
    /// Those of a running registry.
    pub(crate) fn new(throttle: Arc<Throttle>) -> Self {
        Self { throttle }
    }

    /// Lets a request through now that the credentials have said whose it is: a user may ask only for so much, wherever
    /// the requests come from.
    ///
    /// # Errors
    ///
    /// When the user has used up what they may ask for.
    pub(crate) fn admit(&self, identity: &str, method: &Method) -> Result<(), TooEarly> {
        self.throttle.admit_identity(identity, method, Instant::now())
    }
}

/// A request came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; the next one may come in {} s", self.seconds())]
pub(crate) struct TooEarly {
    /// How long to wait.
    pub(crate) wait: Duration,
}

impl TooEarly {
    /// The time to wait in whole seconds, at least one, as `Retry-After` states it.
    pub(crate) fn seconds(self) -> u64 {
        self.wait.as_millis().div_ceil(1000).clamp(1, 60 * 60) as u64
    }
}

impl Throttle {
    /// With what the configuration says.
    pub(crate) fn new(settings: &Settings, network: &network::Settings) -> Self {
        Self {
            proxies: network.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
            addresses: Limiter::new(settings.address),
            identities: Limiter::new(settings.identity),
            connections: Arc::new(Counts::new(network.connections_per_address)),
            uploads: Arc::new(Counts::new(settings.uploads_per_address)),
            sessions: Sessions::new(settings.upload_sessions_per_address),
        }
    }

    /// Whether an address is that of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.contains(&address.to_canonical())
    }

    /// Whose request this is.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        client_of(peer, headers, &self.proxies)
    }

    /// Whether the client speaks TLS to a trusted proxy, by what the proxy says in `X-Forwarded-Proto`.
    pub(crate) fn is_forwarded_secure(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        self.trusts(peer) && forwarded_scheme(headers) == Some("https")
    }

    /// Lets a request of a client through.
    ///
    /// # Errors
    ///
    /// When the client has used up what it may ask for.
    pub(crate) fn admit(&self, client: Client, method: &Method, now: Instant) -> Result<(), TooEarly> {
        self.addresses.admit(client, method, now)
    }

    /// Lets a request of a known user through, wherever it comes from.
    ///
    /// # Errors
    ///
    /// When the user has used up what they may ask for.
    fn admit_identity(&self, identity: &str, method: &Method, now: Instant) -> Result<(), TooEarly> {
        self.identities.admit(identity.to_owned(), method, now)
    }
}

/// The rates of one kind of key.
struct Limiter<K> {
    reads: Option<Buckets<K>>,
    writes: Option<Buckets<K>>,
}

impl<K: std::hash::Hash + Eq> Limiter<K> {
    fn new(rates: Rates) -> Self {
        Self { reads: rates.reads.map(Buckets::new), writes: rates.writes.map(Buckets::new) }
    }

    fn admit(&self, key: K, method: &Method, now: Instant) -> Result<(), TooEarly> {
        let buckets = if is_read(method) { &self.reads } else { &self.writes };
        match buckets {
            None => Ok(()),
            Some(buckets) => buckets.take(key, now).map_err(|wait| TooEarly { wait }),
        }
    }
}

/// Whether a method changes nothing (RFC 9110, section 9.2.1).
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(text: &str) -> Throttle {
        Throttle::new(&toml::from_str(text).unwrap(), &network::Settings::default())
    }

    #[test]
    fn reads_and_writes_are_counted_apart_and_nothing_is_counted_by_default() {
        let (now, client) = (Instant::now(), Client::of("192.0.2.1".parse().unwrap()));
        let throttle = throttle("[address]\nwrites = { per-second = 1, burst = 2 }");
        for _ in 0..1000 {
            assert_eq!(throttle.admit(client, &Method::GET, now), Ok(()));
        }
        assert_eq!(throttle.admit(client, &Method::PUT, now), Ok(()));
        assert_eq!(throttle.admit(client, &Method::DELETE, now), Ok(()));
        let refused = throttle.admit(client, &Method::PATCH, now).unwrap_err();
        assert_eq!((refused.seconds(), refused.wait), (1, Duration::from_secs(1)));
        assert_eq!(throttle.admit(client, &Method::PATCH, now + Duration::from_secs(1)), Ok(()));
        let other = Client::of("192.0.2.2".parse().unwrap());
        assert_eq!(throttle.admit(other, &Method::PUT, now), Ok(()));
    }

    #[test]
    fn a_user_is_the_same_from_everywhere() {
        let now = Instant::now();
        let throttle = throttle("[identity]\nreads = { per-second = 2, burst = 1 }");
        assert_eq!(throttle.admit_identity("alice", &Method::GET, now), Ok(()));
        assert_eq!(
            throttle.admit_identity("alice", &Method::GET, now).unwrap_err().wait,
            Duration::from_millis(500)
        );
        assert_eq!(throttle.admit_identity("bob", &Method::GET, now), Ok(()));
        let rates = IdentityRates::new(Arc::new(throttle));
        assert!(rates.admit("carol", &Method::GET).is_ok() && rates.admit("carol", &Method::GET).is_err());
    }

    #[test]
    fn the_time_to_wait_is_stated_in_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (10_000_000, 3600)] {
            assert_eq!(TooEarly { wait: Duration::from_millis(millis) }.seconds(), seconds);
        }
    }
}
