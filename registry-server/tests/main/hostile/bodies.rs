//! Bodies that are too large, too deep, damaged, or not what they say.

use anyhow::{Result, ensure};
use reqwest::{Body, Method};
use serde_json::{Value, json};
use wkit_artifact::{Digest, media_type};
use wkit_registry_server::limits::{MANIFEST_BYTES_MAX, MANIFEST_DESCRIPTORS_MAX};

use super::Victim;
use crate::support::{error_code, header};

fn descriptor() -> Value {
    json!({ "mediaType": media_type::WASM, "digest": Digest::sha256(b"layer").to_string(), "size": 5 })
}

/// A manifest of the victim's own content, with something added at its end.
fn manifest_with(key: &str, value: &str) -> String {
    let (kind, descriptor) = (media_type::OCI_MANIFEST, descriptor());
    format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{kind}\",\"config\":{descriptor},\"layers\":[{descriptor}],\"{key}\":{value}}}"
    )
}

#[tokio::test]
async fn manifest_bombs() -> Result<()> {
    let victim = Victim::start().await?;
    let valid = manifest_with("annotations", "{}");
    ensure!(serde_json::from_str::<Value>(&valid).is_ok(), "the template is no JSON: {valid}");
    let index = |entries: usize| {
        let entry = json!({ "mediaType": media_type::OCI_MANIFEST, "digest": Digest::sha256(b"none").to_string(), "size": 1 });
        json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": vec![entry; entries] })
            .to_string()
    };
    let deep = |open: &str, close: &str, depth: usize| {
        manifest_with("x", &(open.repeat(depth) + "0" + &close.repeat(depth)))
    };
    for (name, body, expected) in [
        ("descriptors at the limit, of what is not there", index(MANIFEST_DESCRIPTORS_MAX), 404),
        ("descriptors past it", index(MANIFEST_DESCRIPTORS_MAX + 1), 400),
        ("as many as fit", index(27_000), 400),
        ("deep lists", deep("[", "]", 100_000), 400),
        ("deep objects", deep("{\"a\":", "}", 100_000), 400),
        ("a list that never ends", "[".repeat(1_000_000), 400),
        ("an object that never ends", "{\"a\":".repeat(500_000), 400),
        ("a key twice", manifest_with("config", &descriptor().to_string()), 400),
        ("layers twice", manifest_with("layers", "[]"), 400),
        (
            "a huge number",
            manifest_with("x", &"9".repeat(1_000_000)).replace("\"x\"", "\"schemaVersion\""),
            400,
        ),
        ("a huge exponent", valid.replace("\"size\":5", "\"size\":1e999999999"), 400),
        ("a negative size", valid.replace("\"size\":5", "\"size\":-1"), 400),
        ("a size of 2^64", valid.replace("\"size\":5", "\"size\":18446744073709551616"), 400),
        ("half a size", valid.replace("\"size\":5", "\"size\":5.5"), 400),
        ("another schema", valid.replace("\"schemaVersion\":2", "\"schemaVersion\":1"), 400),
        ("a digest that is a path", valid.replace("sha256:", "sha256:../"), 400),
        ("a huge digest", valid.replace("sha256:", &format!("sha256:{}", "0".repeat(1_000_000))), 400),
        ("an unfinished escape", valid.replace("application", "\\u12"), 400),
        ("half a surrogate", valid.replace("application", "\\ud800"), 400),
        ("a list in place of a text", valid.replace("\"mediaType\":\"", "\"mediaType\":[\""), 400),
        ("both kinds at once", manifest_with("manifests", "[]"), 400),
        ("nothing", String::new(), 400),
        ("null", "null".to_owned(), 400),
        ("a number", "7".to_owned(), 400),
        ("an empty object", "{}".to_owned(), 400),
        ("something after the end", valid.clone() + "{}", 400),
        ("bytes past the limit", valid.clone() + &" ".repeat(MANIFEST_BYTES_MAX), 413),
        ("white space alone", " ".repeat(MANIFEST_BYTES_MAX), 400),
    ] {
        let kind = if body.contains(media_type::OCI_INDEX) {
            media_type::OCI_INDEX
        } else {
            media_type::OCI_MANIFEST
        };
        let push =
            victim.server.api.request(Method::PUT, "/v2/victim/manifests/bomb").header("content-type", kind);
        let refused = push.body(body).send().await?;
        let status = refused.status().as_u16();
        ensure!(status == expected, "{name}: expected {expected}, found {status}: {}", refused.text().await?);
        ensure!(!error_code(refused).await?.is_empty(), "{name}");
    }
    let mut invalid = valid.into_bytes();
    let place = invalid.iter().position(|byte| *byte == b'v').unwrap_or_default();
    for bytes in [b"\xff".as_slice(), b"\xc0\xaf", b"\xed\xa0\x80"] {
        invalid.splice(place..=place, bytes.iter().copied());
        let refused = victim.server.api.push_manifest("victim", "bomb", &invalid).await?;
        ensure!(refused.status() == 400, "{bytes:x?} was answered with {}", refused.status());
    }
    victim.stays_unharmed().await
}

#[tokio::test]
async fn a_long_chain_of_indexes_costs_as_much_as_its_links() -> Result<()> {
    let victim = Victim::start().await?;
    let api = &victim.server.api;
    let mut inner = victim.manifest.clone();
    for _ in 0..300 {
        let entry = json!({ "mediaType": media_type::OCI_INDEX, "digest": Digest::sha256(&inner).to_string(), "size": inner.len() });
        let index =
            json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": vec![entry; 100] });
        let outer = index.to_string().into_bytes();
        let path = format!("/v2/victim/manifests/{}", Digest::sha256(&outer));
        let pushed =
            api.request(Method::PUT, &path).header("content-type", media_type::OCI_INDEX).body(outer.clone());
        let pushed = pushed.send().await?;
        ensure!(pushed.status() == 201, "an index was answered with {}", pushed.status());
        inner = outer;
    }
    // A pull takes one step, whatever is behind it.
    let pulled = api.get(&format!("/v2/victim/manifests/{}", Digest::sha256(&inner))).await?;
    ensure!(pulled.bytes().await? == inner, "the outermost index has changed");
    victim.server.stop().await
}

#[tokio::test]
async fn blobs_that_are_not_what_they_say() -> Result<()> {
    let victim = Victim::start_with(|config| config.blob_bytes_max = 1000).await?;
    let api = &victim.server.api;
    let (good, other) = (Digest::sha256(b"good"), Digest::sha256(b"other"));
    let whole = |digest: &Digest| format!("/v2/victim/blobs/uploads/?digest={digest}");
    let chunked = |size: usize| {
        let pieces = (0..size.div_ceil(100)).map(move |_| Ok::<_, std::io::Error>(vec![b'x'; 100]));
        Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    for (name, body, expected, code) in [
        ("other bytes than the digest says", Body::from("good"), 400, "DIGEST_INVALID"),
        ("a byte too many, declared", Body::from(vec![b'x'; 1001]), 413, "SIZE_INVALID"),
        ("bytes too many, not declared", chunked(2000), 413, "SIZE_INVALID"),
        ("far too many, declared", Body::from(vec![b'x'; 10_000_000]), 413, "SIZE_INVALID"),
        ("far too many, not declared", chunked(10_000_000), 413, "SIZE_INVALID"),
    ] {
        let refused = api.request(Method::POST, &whole(&other)).body(body).send().await?;
        ensure!(refused.status() == expected, "{name}: expected {expected}, found {}", refused.status());
        ensure!(error_code(refused).await? == code, "{name}");
    }
    // The same in the other way to push.
    let refused = api.push_blob("victim", &[b'x'; 1001]).await?;
    ensure!(refused.status() == 413, "an upload was answered with {}", refused.status());
    let begun = api.send(Method::POST, "/v2/victim/blobs/uploads/").await?;
    let location = header(&begun, "location");
    for range in [
        "5-9",
        "0-99999999999999999999",
        "9-0",
        "-1",
        "0-",
        "a-b",
        "0-0,2-3",
        "bytes */4",
        "18446744073709551615-18446744073709551615",
    ] {
        let refused =
            api.request(Method::PATCH, &location).header("content-range", range).body("good").send().await?;
        ensure!(matches!(refused.status().as_u16(), 400 | 416), "{range}: {}", refused.status());
        ensure!(!error_code(refused).await?.is_empty(), "{range}");
    }
    let refused = api.request(Method::PUT, &format!("{location}?digest={good}")).body("evil").send().await?;
    ensure!(error_code(refused).await? == "DIGEST_INVALID", "another digest was accepted");
    victim.stays_unharmed().await
}

#[tokio::test]
async fn a_body_that_ends_early_is_not_stored() -> Result<()> {
    let victim = Victim::start().await?;
    let digest = Digest::sha256(b"good");
    for request in [
        format!(
            "POST /v2/victim/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\ngood"
        ),
        format!(
            "POST /v2/victim/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n"
        ),
        "PUT /v2/victim/manifests/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{".to_owned(),
    ] {
        let mut stream = tokio::net::TcpStream::connect(victim.address()).await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await?;
        tokio::io::AsyncWriteExt::shutdown(&mut stream).await?;
        let answer = super::Answer::read(&mut stream).await?;
        ensure!(answer.status() == 0 || (400..500).contains(&answer.status()), "{answer:?}");
    }
    // What was begun is taken back as soon as the end of the connection is seen.
    let uploads = victim.server.folder.path().join("registry/uploads");
    tokio::time::timeout(super::PATIENCE, async {
        while std::fs::read_dir(&uploads).is_ok_and(|entries| entries.count() > 0) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await?;
    victim.stays_unharmed().await
}

#[tokio::test]
async fn damaged_wasm_is_a_layer_like_any_other() -> Result<()> {
    let victim = Victim::start().await?;
    let api = &victim.server.api;
    for (number, layer) in [
        b"\0asm".to_vec(),
        b"\0asm\x0d\0\x01\0\xff\xff\xff\xff\xff\xff".to_vec(),
        [b"\0asm\x01\0\0\0".as_slice(), &[0x01, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat(),
        b"PK\x03\x04".repeat(100),
        vec![0xff; 10_000],
        Vec::new(),
    ]
    .into_iter()
    .enumerate()
    {
        let (name, tag) = ("damaged", format!("v{number}"));
        api.push_artifact(name, &tag, &layer).await?;
        let pulled = api.get(&format!("/v2/{name}/blobs/{}", Digest::sha256(&layer))).await?;
        ensure!(pulled.bytes().await? == layer, "a layer came back changed");
    }
    victim.server.stop().await
}

#[tokio::test]
async fn upload_storms_leave_room_for_others() -> Result<()> {
    let victim = Victim::start_with(|config| {
        config.throttle.upload_sessions_per_address = 20;
        config.upload_sessions_max = 100;
    })
    .await?;
    let api = &victim.server.api;
    let mut begun = Vec::new();
    for number in 0..50 {
        let response = api.send(Method::POST, "/v2/victim/blobs/uploads/").await?;
        let expected = if number < 20 { 202 } else { 429 };
        ensure!(response.status() == expected, "upload {number} was answered with {}", response.status());
        match expected {
            202 => begun.push(header(&response, "location")),
            _ => {
                ensure!(header(&response, "retry-after") == "1", "no time is given");
                ensure!(error_code(response).await? == "TOOMANYREQUESTS", "another code");
            }
        }
    }
    // Who ends one may begin one.
    for location in begun {
        ensure!(api.send(Method::DELETE, &location).await?.status() == 204, "an upload was not cancelled");
        let again = api.send(Method::POST, "/v2/victim/blobs/uploads/").await?;
        ensure!(again.status() == 202, "an upload was answered with {}", again.status());
        ensure!(
            api.send(Method::DELETE, &header(&again, "location")).await?.status() == 204,
            "not cancelled"
        );
    }
    victim.stays_unharmed().await
}
