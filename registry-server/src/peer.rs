//! Who is at the other end of a connection.

use std::net::{IpAddr, Ipv4Addr};

use http::Extensions;

/// The other end of the connection that a request came by. The server puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its address; behind trusted proxies, that of the client.
    pub(crate) address: IpAddr,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

impl Peer {
    /// The peer of a request; this machine, without encryption, when nobody has said.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self { address: IpAddr::V4(Ipv4Addr::LOCALHOST), secure: false })
    }
}
