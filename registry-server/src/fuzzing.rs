//! Every parser of what comes from outside, for the fuzz targets and for a test that damages what is known to be good.
//! Each function takes any bytes and checks what must hold of what it finds; it panics only when that does not hold.

use std::net::{IpAddr, Ipv4Addr};

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use wkit_artifact::{Digest, Reference, RepositoryName, Tag, TagOrDigest, media_type};

use crate::limits::{MANIFEST_DESCRIPTORS_MAX, TAGS_PER_PUSH_MAX};
use crate::path::{self, Endpoint};
use crate::registry::references;
use crate::routes::query::Query;
use crate::routes::{blobs, uploads};
use crate::server::gate;
use crate::settings::Settings;
use crate::store::layout;
use crate::throttle::client_of;

/// A parser by name, with inputs that it accepts.
pub struct Target {
    /// The name, which is that of the fuzz target without `registry_`.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&[u8]),
    /// What it accepts.
    pub good: &'static [&'static str],
}

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Every parser.
pub const TARGETS: &[Target] = &[
    Target {
        name: "path",
        run: path,
        good: &[
            "/v2/demo/greet/manifests/v1",
            "/v2/a/blobs/uploads/",
            "/v2/a/blobs/sha256%3A00",
            "/v2/a/tags/list",
        ],
    },
    Target { name: "range", run: range, good: &["bytes=0-1", "bytes=-5", "bytes=7-", "bytes=0-0,2-3"] },
    Target {
        name: "content_range",
        run: content_range,
        good: &["0-99", "bytes 0-99/100", "bytes=5-6/*", "18446744073709551615-18446744073709551615"],
    },
    Target {
        name: "query",
        run: query,
        good: &[
            "n=10&last=v1",
            "digest=sha256%3Aab&tag=a&tag=b",
            "artifactType=application%2Fx",
            "mount=&from=%ff",
        ],
    },
    Target {
        name: "manifest",
        run: manifest,
        good: &[
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.wasm.config.v0+json\",\"digest\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":0},\"layers\":[{\"mediaType\":\"application/wasm\",\"digest\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":0,\"annotations\":{\"a\":\"\\u00e9\"}}],\"annotations\":{}}",
            "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":1,\"platform\":{\"os\":\"wasi\",\"architecture\":\"wasm\"}}]}",
        ],
    },
    Target {
        name: "settings",
        run: settings,
        good: &[
            "data = \"d\"\nlisten = \"[::1]:1\"\nmetadata = \"redb:x\"\n[limits]\nblob-bytes = 1\n[network]\nconnections = 4\ntrusted-proxies = [\"10.0.0.1\"]\n[throttle]\naddress.reads = { per-second = 1, burst = 2 }\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n",
        ],
    },
    Target {
        name: "layout",
        run: layout_entries,
        good: &[
            "tag/demo/greet\0v1",
            "manifest/a\0sha256:00",
            "holder/sha256:00\0a",
            "application/json\n{}",
            "12",
            "0123456789abcdef0123456789abcdef.0011",
        ],
    },
    Target {
        name: "names",
        run: names,
        good: &["demo/greet", DIGEST, "v1.0.0", "localhost:5050/demo/greet:v1", "host.example/a@sha256:00"],
    },
    Target {
        name: "forwarded",
        run: forwarded,
        good: &["192.0.2.1, 10.0.0.1", "[2001:db8::1]:80, 10.0.0.1", "unknown"],
    },
    Target {
        name: "tls_pair",
        run: tls_pair,
        good: &[
            "-----BEGIN CERTIFICATE-----\nMIIBAA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFTFFH6XNsAZ\n-----END PRIVATE KEY-----\n",
        ],
    },
];

fn parts(uri: &str) -> Option<Parts> {
    Some(Request::builder().uri(uri).body(()).ok()?.into_parts().0)
}

fn with_header(name: HeaderName, value: &[u8]) -> Option<Parts> {
    let value = HeaderValue::from_bytes(value).ok()?;
    Some(Request::builder().header(name, value).body(()).ok()?.into_parts().0)
}

/// The path of a request.
pub fn path(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if gate::check_path(text).is_err() {
        return;
    }
    assert!(!text.split('/').any(|part| part == ".."), "a parent folder came through: {text:?}");
    let Some((name, endpoint)) = text.strip_prefix("/v2/").and_then(path::parse) else { return };
    let last = match endpoint {
        Endpoint::Uploads | Endpoint::Tags => "",
        Endpoint::Upload(last)
        | Endpoint::Blob(last)
        | Endpoint::Manifest(last)
        | Endpoint::Referrers(last) => last,
    };
    assert!(!last.contains('/'), "a last part with a slash: {last:?}");
    if let Ok(name) = name.parse::<RepositoryName>() {
        assert!(text.contains(name.as_str()), "another name was read: {name}");
    }
}

/// `Range`; the first byte is the size of the blob.
pub fn range(input: &[u8]) {
    let Some((size, value)) = input.split_first() else { return };
    let Some(head) = with_header(RANGE, value) else { return };
    for size in [u64::from(*size), u64::MAX] {
        if let blobs::Range::Part { first, last } = blobs::range(&head, size) {
            assert!(first <= last && last < size, "{first}-{last} of {size}");
        }
    }
}

/// `Content-Range`.
pub fn content_range(input: &[u8]) {
    let Some(mut head) = with_header(CONTENT_RANGE, input) else { return };
    if let Ok(Some(chunk)) = uploads::chunk(&head) {
        assert!(chunk.size_bytes > 0, "a chunk without a byte");
        assert!(chunk.start.checked_add(chunk.size_bytes - 1).is_some(), "{chunk:?} ends nowhere");
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(chunk.size_bytes));
        assert!(matches!(uploads::chunk(&head), Ok(Some(_))), "its own length is refused");
    }
}

/// The query of a request.
pub fn query(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(head) = parts(&format!("/v2/?{text}")) else { return };
    let Ok(query) = Query::of(&head) else { return };
    let _ = query.page_size();
    let tags = query.all("tag").take(TAGS_PER_PUSH_MAX).count();
    assert_eq!(tags > 0, query.first("tag").is_some(), "one of several is not the first");
}

/// A manifest or an index.
pub fn manifest(input: &[u8]) {
    let name: RepositoryName = "a".parse().expect("`a` is a name");
    for content_type in [None, Some(media_type::OCI_MANIFEST), Some(media_type::OCI_INDEX)] {
        let Ok(parsed) = references::parse(&name, input, content_type) else { continue };
        assert!(parsed.needed.len() <= MANIFEST_DESCRIPTORS_MAX, "{} descriptors", parsed.needed.len());
        let listed = parsed.referrer(&Digest::sha256(input), input.len() as u64);
        let read = serde_json::from_slice::<wkit_artifact::Descriptor>(&listed);
        assert!(read.is_ok(), "an entry among the referrers cannot be read back: {read:?}");
        let value = layout::manifest_value(&parsed.media_type, input);
        let stored = layout::parse_manifest_value(&value).map(|(kind, start)| (kind, &value[start..]));
        assert_eq!(stored, Some((parsed.media_type.as_str(), input)), "it would not be read back");
    }
}

/// The configuration file.
pub fn settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(settings) = Settings::parse(text) {
        let config = settings.into_config();
        assert!(config.network.connections > 0, "a registry without a connection");
    }
}

/// Keys and values of the metadata store, and names of files.
pub fn layout_entries(input: &[u8]) {
    let _ = layout::parse_holder(input);
    let _ = layout::parse_tag(input);
    let _ = layout::parse_manifest_repository(input);
    if let Some(size) = layout::parse_blob_value(input) {
        assert_eq!(
            layout::parse_blob_value(&layout::blob_value(size)),
            Some(size),
            "another size is read back"
        );
    }
    if let Some(digest) = layout::parse_tag_value(input) {
        assert_eq!(layout::tag_value(&digest), input, "another digest is written");
    }
    if let Some((kind, start)) = layout::parse_manifest_value(input) {
        assert_eq!(layout::manifest_value(kind, &input[start..]), input, "another manifest is written");
    }
    if let Ok(text) = std::str::from_utf8(input)
        && let Some((id, hash)) = layout::parse_upload_file_name(text)
    {
        assert_eq!(layout::upload_file_name(id, hash), text, "another file is named");
    }
}

/// Names, tags, digests and references.
pub fn names(input: &[u8]) {
    fn back<T: std::str::FromStr + std::fmt::Display>(text: &str) {
        if let Ok(parsed) = text.parse::<T>() {
            let written = parsed.to_string();
            assert!(
                written.parse::<T>().is_ok_and(|again| again.to_string() == written),
                "{text:?} is not read back"
            );
        }
    }

    let Ok(text) = std::str::from_utf8(input) else { return };
    back::<RepositoryName>(text);
    back::<Tag>(text);
    back::<Digest>(text);
    back::<TagOrDigest>(text);
    back::<Reference>(text);
    if let Ok(name) = text.parse::<RepositoryName>() {
        assert!(!name.as_str().starts_with('/') && !name.as_str().contains(".."), "{name} leads elsewhere");
    }
}

/// `X-Forwarded-For` of a trusted proxy.
pub fn forwarded(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    let headers: HeaderMap = [(HeaderName::from_static("x-forwarded-for"), value)].into_iter().collect();
    let (peer, proxy) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    let _ = client_of(proxy, &headers, &[proxy]);
    assert_eq!(client_of(peer, &headers, &[proxy]), peer, "a stranger was believed");
}

/// A certificate and a key, from one file.
pub fn tls_pair(input: &[u8]) {
    let _ = crate::tls::is_pair(input, input);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator of numbers that is the same everywhere (xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self, below: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 11).unwrap_or(0) % below.max(1)
        }
    }

    /// Bytes that mean something to one of the parsers.
    const MEANT: &[u8] = b"/.%:@-_,;=&?#[]{}\"\\ \0\n\r\t09azAZ+*\x7f\xff\xc3";

    fn damage(good: &[u8], numbers: &mut Numbers) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=numbers.next(4) {
            let (place, end) = (numbers.next(bytes.len() + 1), numbers.next(bytes.len() + 1));
            match numbers.next(5) {
                0 if place < bytes.len() => bytes[place] = MEANT[numbers.next(MEANT.len())],
                1 => bytes.insert(place, MEANT[numbers.next(MEANT.len())]),
                2 => drop(bytes.drain(place.min(end)..place.max(end))),
                3 => {
                    let part = bytes[place.min(end)..place.max(end)].to_vec();
                    bytes.splice(place..place, part.repeat(1 + numbers.next(8)));
                }
                _ => bytes.truncate(place.max(1)),
            }
            bytes.truncate(64 * 1024);
        }
        bytes
    }

    #[test]
    fn what_is_good_is_accepted() {
        assert!(gate::check_path("/v2/demo/greet/manifests/v1").is_ok());
        for target in TARGETS {
            for good in target.good {
                (target.run)(good.as_bytes());
            }
        }
        let name: RepositoryName = "a".parse().unwrap();
        let manifests = TARGETS.iter().find(|target| target.name == "manifest").unwrap();
        for good in manifests.good {
            assert!(references::parse(&name, good.as_bytes(), None).is_ok(), "{good}");
        }
        let settings = TARGETS.iter().find(|target| target.name == "settings").unwrap();
        assert!(Settings::parse(settings.good[0]).is_ok());
    }

    /// Every parser on what was good before it was damaged, the same in every run; the fuzz targets go on from where this
    /// ends.
    #[test]
    fn what_is_damaged_is_read_or_refused() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for target in TARGETS {
            for round in 0..4_000 {
                let good = target.good[round % target.good.len()].as_bytes();
                (target.run)(&damage(good, &mut numbers));
            }
        }
    }
}
