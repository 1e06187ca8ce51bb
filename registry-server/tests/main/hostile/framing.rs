//! Requests that are not well-formed, or that two programs could take apart in two ways.

use anyhow::{Result, ensure};
use wkit_registry_server::limits::{HEAD_BYTES_MAX, HEADERS_MAX};

use super::Victim;

/// A request that must not be answered, because it is inside another one.
const INNER: &str = "DELETE /v2/victim/manifests/v1 HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_request_inside_another_is_never_answered() -> Result<()> {
    let victim = Victim::start_with(|config| config.network.head_seconds = 2).await?;
    let put = "PUT /v2/victim/manifests/x HTTP/1.1\r\nHost: a\r\n";
    let (length, chunked) =
        (format!("Content-Length: {}\r\n", INNER.len()), "Transfer-Encoding: chunked\r\n");
    for (name, request) in [
        ("both lengths", format!("{put}{length}{chunked}\r\n0\r\n\r\n{INNER}")),
        ("both lengths, turned", format!("{put}{chunked}{length}\r\n0\r\n\r\n{INNER}")),
        ("two lengths", format!("{put}Content-Length: 0\r\n{length}\r\n{INNER}")),
        ("a list of lengths", format!("{put}Content-Length: 0, {}\r\n\r\n{INNER}", INNER.len())),
        ("a negative length", format!("{put}Content-Length: -1\r\n\r\n{INNER}")),
        ("a length with a sign", format!("{put}Content-Length: +0\r\n\r\n{INNER}")),
        ("a length that is no number", format!("{put}Content-Length: 0x0\r\n\r\n{INNER}")),
        ("a length that is too large", format!("{put}Content-Length: 99999999999999999999\r\n\r\n{INNER}")),
        ("the largest length", format!("{put}Content-Length: 18446744073709551615\r\n\r\n{INNER}")),
        ("a length after a space", format!("{put}Content-Length : 0\r\n\r\n{INNER}")),
        (
            "an encoding after a space",
            format!("{put}Transfer-Encoding : chunked\r\n{length}\r\n0\r\n\r\n{INNER}"),
        ),
        ("an unknown encoding", format!("{put}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}")),
        ("an encoding twice", format!("{put}{chunked}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n{INNER}")),
        ("an encoding of two", format!("{put}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{INNER}")),
        ("an encoding behind a tab", format!("{put}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n{INNER}")),
        (
            "an encoding in HTTP/1.0",
            format!("PUT /v2/victim/manifests/x HTTP/1.0\r\n{chunked}\r\n0\r\n\r\n{INNER}"),
        ),
        ("a folded header", format!("{put}X-Folded: a\r\n {length}\r\n{INNER}")),
        ("a header without a colon", format!("{put}nonsense\r\n\r\n{INNER}")),
        ("a header without a name", format!("{put}: value\r\n\r\n{INNER}")),
        ("a null in a header", format!("{put}X: a\0b\r\n\r\n{INNER}")),
        ("a bare carriage return", format!("{put}X: a\rContent-Length: 5\r\n\r\n{INNER}")),
        ("a chunk of a negative size", format!("{put}{chunked}\r\n-1\r\n\r\n{INNER}")),
        ("a chunk of 2^64 bytes", format!("{put}{chunked}\r\n10000000000000000\r\n{INNER}")),
        ("a chunk size that is no number", format!("{put}{chunked}\r\nzz\r\n{INNER}")),
        ("a chunk size with 0x", format!("{put}{chunked}\r\n0x0\r\n\r\n{INNER}")),
        ("a chunk with a bare line feed", format!("{put}{chunked}\r\n0\n\n{INNER}")),
        ("a chunk that is longer than it says", format!("{put}{chunked}\r\n1\r\nab\r\n0\r\n\r\n{INNER}")),
        (
            "a long chunk extension",
            format!("{put}{chunked}\r\n1;{}\r\na\r\n0\r\n\r\n{INNER}", "e".repeat(1 << 20)),
        ),
        ("long trailers", format!("{put}{chunked}\r\n0\r\n{}\r\n{INNER}", "t: x\r\n".repeat(100_000))),
        ("no host", "GET /v2/ HTTP/1.1\r\n\r\n".to_owned() + INNER),
        (
            "two hosts",
            "GET /v2/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n".to_owned() + INNER,
        ),
        ("HTTP/0.9", "GET /v2/\r\n\r\n".to_owned() + INNER),
        ("HTTP/9.9", format!("GET /v2/ HTTP/9.9\r\nHost: a\r\n\r\n{INNER}")),
        ("no method", format!(" /v2/ HTTP/1.1\r\nHost: a\r\n\r\n{INNER}")),
        ("spaces in the first line", format!("GET  /v2/  HTTP/1.1\r\nHost: a\r\n\r\n{INNER}")),
        ("a method that is none", format!("G(T /v2/ HTTP/1.1\r\nHost: a\r\n\r\n{INNER}")),
        (
            "a proxy's method",
            format!(
                "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n{INNER}"
            ),
        ),
        ("bytes of no protocol", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n".to_owned() + INNER),
        ("a handshake of TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n".to_owned() + INNER),
    ] {
        let answer = victim.raw(request.as_bytes()).await?;
        ensure!(answer.count() <= 1, "{name}: {answer:?}");
        ensure!((400..500).contains(&answer.status()), "{name}: {answer:?}");
    }
    victim.stays_unharmed().await
}

#[tokio::test]
async fn an_upgrade_is_not_made() -> Result<()> {
    let victim = Victim::start().await?;
    for upgrade in ["h2c", "websocket", "TLS/1.0"] {
        let request = format!(
            "GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: {upgrade}\r\n\
             HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        );
        let answer = victim.raw(request.as_bytes()).await?;
        ensure!((answer.count(), answer.status()) == (1, 200), "{upgrade}: {answer:?}");
    }
    victim.stays_unharmed().await
}

#[tokio::test]
async fn the_size_of_a_head_and_the_number_of_its_headers() -> Result<()> {
    let victim = Victim::start().await?;
    let request =
        |headers: &str| format!("GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    let filled = |total: usize| {
        let rest = total - request("").len() - "X: \r\n".len();
        request(&format!("X: {}\r\n", "x".repeat(rest)))
    };
    // Two headers are there already.
    let numbered =
        |count: usize| request(&(2..count).map(|number| format!("X{number}: x\r\n")).collect::<String>());
    for (name, request, expected) in [
        ("bytes at the limit", filled(HEAD_BYTES_MAX), 200),
        ("bytes past it", filled(HEAD_BYTES_MAX + 1), 431),
        ("far more bytes", filled(64 * HEAD_BYTES_MAX), 431),
        ("headers at the limit", numbered(HEADERS_MAX), 200),
        ("headers past it", numbered(HEADERS_MAX + 1), 431),
        ("far more headers", numbered(3_000), 431),
    ] {
        let answer = victim.raw(request.as_bytes()).await?;
        // A client that is still sending when it is refused may see the connection break instead.
        let broken = name.starts_with("far") && answer.text.is_empty();
        ensure!(broken || answer.status() == expected, "{name}: expected {expected}, found {answer:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "x".repeat(20_000));
    let answer = victim.raw(long.as_bytes()).await?;
    ensure!((answer.status(), answer.code().as_deref()) == (414, Some("UNSUPPORTED")), "{answer:?}");
    victim.stays_unharmed().await
}

#[tokio::test]
async fn a_line_that_ends_with_a_line_feed_alone_is_one_line() -> Result<()> {
    // It may be taken as a line (RFC 9112, section 2.2). What matters is that it is not two requests.
    let victim = Victim::start().await?;
    let request =
        format!("GET /v2/ HTTP/1.1\nHost: a\nConnection: close\nContent-Length: {}\n\n{INNER}", INNER.len());
    let answer = victim.raw(request.as_bytes()).await?;
    ensure!((answer.count(), answer.status()) == (1, 200), "{answer:?}");
    victim.stays_unharmed().await
}

#[tokio::test]
async fn ranges_that_ask_for_too_much() -> Result<()> {
    let victim = Victim::start().await?;
    let digest = wkit_artifact::Digest::sha256(b"layer");
    let many = format!("bytes={}", (0..5_000).map(|_| "0-1").collect::<Vec<_>>().join(","));
    for (range, expected) in [
        (many.as_str(), 200),
        ("bytes=0-18446744073709551615", 206),
        ("bytes=0-18446744073709551616", 200),
        ("bytes=18446744073709551615-", 416),
        ("bytes=18446744073709551615-18446744073709551615", 416),
        ("bytes=-18446744073709551615", 206),
        ("bytes=-99999999999999999999999", 200),
        ("bytes=--1", 200),
        ("bytes=4-3", 416),
        ("bytes=", 200),
        ("bytes", 200),
        ("=0-1", 200),
        ("bytes=0-0,-1", 200),
    ] {
        let request = format!(
            "GET /v2/victim/blobs/{digest} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: {range}\r\n\r\n"
        );
        let answer = victim.raw(request.as_bytes()).await?;
        let shown = range.get(..40).unwrap_or(range);
        ensure!(answer.status() == expected, "{shown}: expected {expected}, found {answer:?}");
    }
    victim.stays_unharmed().await
}
