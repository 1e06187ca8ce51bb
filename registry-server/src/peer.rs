//! Who is at the other end of a connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::Extensions;

/// The other end of the connection that a request came by. The server puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

impl Peer {
    /// The peer of a request; this machine, without encryption, when nobody has said.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        extensions.get().copied().unwrap_or(Self { address: here, secure: false })
    }
}
