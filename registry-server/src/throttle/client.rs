//! Whose request it is.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A client as it is counted: an address of IPv4, or the network of 64 bits of one of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    /// The client behind an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self(Ipv6Addr::from_bits(network).into())
            }
        }
    }
}

/// The address of who makes a request: `peer`, or when that is one of the trusted proxies, what it states in
/// `X-Forwarded-For`.
///
/// Each proxy adds the address it was asked from at the end of the header. So it is read from the end, as long as the
/// addresses are those of trusted proxies: the first other one is the client. What comes before it was written by the
/// client, who may write anything. An entry that is no address ends the reading: it is not known who was asked by it.
pub(crate) fn client_of(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    if !proxies.contains(&client) {
        return client;
    }
    let values: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    for value in values.iter().rev() {
        let Ok(value) = value.to_str() else { return client };
        for entry in value.rsplit(',') {
            let Some(address) = parse(entry.trim()) else { return client };
            client = address;
            if !proxies.contains(&client) {
                return client;
            }
        }
    }
    client
}

/// The scheme that the last proxy was asked with.
pub(super) fn forwarded_scheme(headers: &HeaderMap) -> Option<&str> {
    let last = headers.get_all(FORWARDED_PROTO).iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next().map(str::trim)
}

/// An address, with or without a port, and in brackets when it is one of IPv6 with a port.
fn parse(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_client() {
        let client = |text: &str| Client::of(text.parse().unwrap());
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
    }

    #[test]
    fn the_scheme_behind_proxies() {
        for (values, expected) in [
            (vec![], None),
            (vec!["https"], Some("https")),
            (vec!["https", "http"], Some("http")),
            (vec!["http, https"], Some("https")),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_PROTO, value.parse().unwrap());
            }
            assert_eq!(forwarded_scheme(&headers), expected);
        }
    }

    #[test]
    fn the_client_behind_proxies() {
        let proxies = ["10.0.0.1", "10.0.0.2", "2001:db8::9"].map(|text| text.parse::<IpAddr>().unwrap());
        for (peer, forwarded, expected) in [
            // Nobody else is believed.
            ("192.0.2.1", vec!["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            // What the client has written itself does not count.
            ("10.0.0.1", vec!["203.0.113.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.1", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["10.0.0.2, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.1, nonsense, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", vec!["unknown"], "10.0.0.1"),
            ("10.0.0.1", vec![""], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", vec!["[2001:db8::1]"], "2001:db8::1"),
            ("2001:db8::9", vec!["2001:db8::1"], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in &forwarded {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let found = client_of(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }
}
