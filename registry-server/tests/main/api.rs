//! What clients ask and what they are told.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::Value;
use wkit_artifact::{Algorithm, Digest, media_type};

use crate::support::{Api, InProcess, error_code, header, manifest};

#[tokio::test]
async fn an_artifact_comes_back_as_it_was_pushed() -> Result<()> {
    let server = InProcess::start().await?;
    let (api, layer) = (&server.api, b"\0asm component".as_slice());
    let bytes = api.push_artifact("demo/greet", "0.1.0", layer).await?;
    let digest = Digest::sha256(&bytes);
    for reference in ["0.1.0".to_owned(), digest.to_string()] {
        let path = format!("/v2/demo/greet/manifests/{reference}");
        // What the client would accept does not change what is stored.
        for accept in ["*/*", media_type::OCI_MANIFEST, "application/json", media_type::OCI_INDEX] {
            let response = api.request(Method::GET, &path).header("accept", accept).send().await?;
            assert_eq!(response.status(), 200);
            assert_eq!(header(&response, "content-type"), media_type::OCI_MANIFEST);
            assert_eq!(header(&response, "docker-content-digest"), digest.to_string());
            assert_eq!(response.bytes().await?, bytes);
        }
        let response = api.send(Method::HEAD, &path).await?;
        assert_eq!(header(&response, "content-length"), bytes.len().to_string());
        let tag = header(&response, "etag");
        let response = api.request(Method::GET, &path).header("if-none-match", tag).send().await?;
        assert_eq!((response.status().as_u16(), response.bytes().await?.len()), (304, 0));
    }
    let path = format!("/v2/demo/greet/blobs/{}", Digest::sha256(layer));
    let response = api.get(&path).await?;
    assert_eq!(header(&response, "content-length"), layer.len().to_string());
    assert_eq!(response.bytes().await?, layer);
    let response = api.request(Method::GET, &path).header("range", "bytes=1-3").send().await?;
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-range")),
        (206, "bytes 1-3/14".to_owned())
    );
    assert_eq!(response.bytes().await?, b"asm".as_slice());
    let response = api.request(Method::GET, &path).header("range", "bytes=14-").send().await?;
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-range")),
        (416, "bytes */14".to_owned())
    );
    server.stop().await
}

#[tokio::test]
async fn large_blobs_of_odd_sizes_come_back() -> Result<()> {
    let server = InProcess::start().await?;
    let block = wkit_registry_server::limits::TRANSFER_BLOCK_BYTES;
    for size in [0, 1, block - 1, block, block + 1, 5 * block + 17] {
        let content: Vec<u8> = (0..size).map(|place| u8::try_from(place % 253).expect("below 253")).collect();
        let pushed = server.api.push_blob("a", &content).await?;
        assert_eq!(pushed.status(), 201, "{size}");
        let response = server.api.get(&header(&pushed, "location")).await?;
        assert_eq!(header(&response, "content-length"), size.to_string());
        ensure!(response.bytes().await? == content, "a blob of {size} bytes came back changed");
        ensure!(server.api.push_blob_in_chunks("b", &[&content[..], b"x"].concat()).await?.status() == 201);
        let offset = size / 2;
        let path = format!("/v2/a/blobs/{}", Digest::sha256(&content));
        let range = format!("bytes={offset}-");
        let response = server.api.request(Method::GET, &path).header("range", range).send().await?;
        if size > 0 {
            assert_eq!(response.status(), 206);
            ensure!(
                response.bytes().await? == content[offset..],
                "half a blob of {size} bytes came back changed"
            );
        }
    }
    server.stop().await
}

#[tokio::test]
async fn refusals_have_the_codes_of_the_specification() -> Result<()> {
    let server = InProcess::start().await?;
    let api = &server.api;
    api.push_artifact("a", "v1", b"layer").await?;
    let (missing, upload) = (Digest::sha256(b"missing"), "0".repeat(32));
    for (method, path, status, code) in [
        ("GET", format!("/v2/a/blobs/{missing}"), 404, "BLOB_UNKNOWN"),
        ("DELETE", format!("/v2/a/blobs/{missing}"), 404, "BLOB_UNKNOWN"),
        ("GET", "/v2/a/blobs/sha256:0".to_owned(), 400, "DIGEST_INVALID"),
        ("GET", "/v2/a/blobs/md5:00".to_owned(), 400, "DIGEST_INVALID"),
        ("GET", "/v2/a/manifests/v2".to_owned(), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("/v2/a/manifests/{missing}"), 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/a/manifests/-bad".to_owned(), 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/a/manifests/sha256:bad".to_owned(), 400, "DIGEST_INVALID"),
        ("DELETE", "/v2/a/manifests/v2".to_owned(), 404, "MANIFEST_UNKNOWN"),
        ("PUT", "/v2/a/manifests/-bad".to_owned(), 400, "MANIFEST_INVALID"),
        ("PUT", "/v2/a/manifests/v2".to_owned(), 400, "MANIFEST_INVALID"),
        ("PUT", format!("/v2/a/manifests/{missing}"), 400, "DIGEST_INVALID"),
        ("GET", "/v2/none/tags/list".to_owned(), 404, "NAME_UNKNOWN"),
        ("GET", "/v2/a/tags/list?n=x".to_owned(), 400, "UNSUPPORTED"),
        ("GET", "/v2/a/tags/list?n=-1".to_owned(), 400, "UNSUPPORTED"),
        ("GET", "/v2/A/tags/list".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/a..b/tags/list".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/a%00/tags/list".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/a/referrers/sha256:bad".to_owned(), 400, "DIGEST_INVALID"),
        ("GET", format!("/v2/a/blobs/uploads/{upload}"), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PATCH", format!("/v2/a/blobs/uploads/{upload}"), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("DELETE", format!("/v2/a/blobs/uploads/{upload}"), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("GET", "/v2/a/blobs/uploads/..%2f..%2fformat.json".to_owned(), 400, "NAME_INVALID"),
        ("PUT", format!("/v2/a/blobs/uploads/{upload}"), 400, "DIGEST_INVALID"),
        ("PUT", format!("/v2/a/blobs/uploads/{upload}?digest={missing}"), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("POST", format!("/v2/a/blobs/uploads/?digest={missing}"), 400, "DIGEST_INVALID"),
        ("POST", "/v2/a/blobs/uploads/?mount=bad&from=b".to_owned(), 400, "DIGEST_INVALID"),
        ("POST", "/v2/a/tags/list".to_owned(), 405, "UNSUPPORTED"),
        ("POST", "/v2/_catalog".to_owned(), 405, "UNSUPPORTED"),
        ("GET", "/v2/a/nothing".to_owned(), 404, "UNSUPPORTED"),
        ("GET", "/elsewhere".to_owned(), 404, "UNSUPPORTED"),
    ] {
        let response = api.send(method.parse()?, &path).await?;
        assert_eq!(response.status(), status, "{method} {path}");
        if status == 405 {
            assert!(header(&response, "allow").contains("GET"), "{path}");
        }
        assert_eq!(error_code(response).await?, code, "{method} {path}");
    }
    server.stop().await
}

#[tokio::test]
async fn a_wrong_digest_stores_nothing_and_ends_the_upload() -> Result<()> {
    let server = InProcess::start().await?;
    let (api, wrong) = (&server.api, Digest::sha256(b"other"));
    let begun = api.send(Method::POST, "/v2/a/blobs/uploads/").await?;
    let location = header(&begun, "location");
    let put = api.request(Method::PUT, &format!("{location}?digest={wrong}")).body("content");
    let refused = put.send().await?;
    assert_eq!(refused.status(), 400);
    assert_eq!(error_code(refused).await?, "DIGEST_INVALID");
    assert_eq!(api.get(&location).await?.status(), 404);
    for content in [b"other".as_slice(), b"content"] {
        assert_eq!(api.get(&format!("/v2/a/blobs/{}", Digest::sha256(content))).await?.status(), 404);
    }
    server.stop().await
}

#[tokio::test]
async fn a_manifest_whose_content_is_missing_is_refused_unless_sparse() -> Result<()> {
    let bytes = manifest(b"config", &[b"layer"], None);
    let server = InProcess::start().await?;
    let refused = server.api.push_manifest("a", "v1", &bytes).await?;
    assert_eq!(refused.status(), 404);
    assert_eq!(error_code(refused).await?, "MANIFEST_BLOB_UNKNOWN");
    server.stop().await?;
    let server = InProcess::start_with(|config| config.sparse = true).await?;
    assert_eq!(server.api.push_manifest("a", "v1", &bytes).await?.status(), 201);
    server.stop().await
}

#[tokio::test]
async fn tags_are_listed_whole_or_in_pages_that_link() -> Result<()> {
    let server = InProcess::start().await?;
    let api = &server.api;
    let bytes = api.push_artifact("a/b", "v0", b"layer").await?;
    for number in 1..7 {
        api.push_manifest("a/b", &format!("v{number}"), &bytes).await?;
    }
    let whole = api.get("/v2/a/b/tags/list").await?;
    assert_eq!(header(&whole, "link"), "");
    let whole: Value = whole.json().await?;
    assert_eq!(whole["name"], "a/b");
    assert_eq!(whole["tags"].as_array().map(Vec::len), Some(7));
    assert_eq!(walk(api, "/v2/a/b/tags/list?n=3", "tags").await?, (3, whole["tags"].clone()));
    let (pages, repositories) = walk(api, "/v2/_catalog?n=1", "repositories").await?;
    assert_eq!((pages, repositories), (1, serde_json::json!(["a/b"])));
    server.stop().await
}

/// Follows `Link` to the end; returns how many pages there were and all entries.
async fn walk(api: &Api, first: &str, field: &str) -> Result<(usize, Value)> {
    let (mut next, mut pages, mut all) = (first.to_owned(), 0, Vec::new());
    while !next.is_empty() {
        let response = api.get(&next).await?;
        let link = header(&response, "link");
        next = link.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let body: Value = response.json().await?;
        all.extend(body[field].as_array().cloned().unwrap_or_default());
        pages += 1;
    }
    Ok((pages, Value::Array(all)))
}

#[tokio::test]
async fn referrers_are_listed_and_filtered() -> Result<()> {
    let server = InProcess::start().await?;
    let api = &server.api;
    let subject = Digest::sha256(&api.push_artifact("a", "v1", b"layer").await?);
    api.push_blob("a", b"{}").await?;
    let bytes = manifest(b"{}", &[], Some(&subject));
    let pushed = api.push_manifest("a", &Digest::sha256(&bytes).to_string(), &bytes).await?;
    assert_eq!(header(&pushed, "oci-subject"), subject.to_string());
    for (filter, found, applied) in [
        (String::new(), 1, ""),
        (format!("?artifactType={}", media_type::WASM_CONFIG_V0.replace('+', "%2B")), 1, "artifactType"),
        ("?artifactType=other/type".to_owned(), 0, "artifactType"),
    ] {
        let response = api.get(&format!("/v2/a/referrers/{subject}{filter}")).await?;
        assert_eq!(header(&response, "content-type"), media_type::OCI_INDEX);
        assert_eq!(header(&response, "oci-filters-applied"), applied);
        let index: Value = response.json().await?;
        assert_eq!(index["manifests"].as_array().map(Vec::len), Some(found), "{filter}");
    }
    server.stop().await
}

#[tokio::test]
async fn tags_can_be_set_with_a_push_by_digest() -> Result<()> {
    let server = InProcess::start().await?;
    let bytes = server.api.push_artifact("a", "v1", b"layer").await?;
    // A digest of another algorithm names the same bytes on its own.
    let digest = Digest::of(Algorithm::Sha512, &bytes);
    let pushed = server.api.push_manifest("a", &format!("{digest}?tag=x&tag=y"), &bytes).await?;
    let set: Vec<_> = pushed.headers().get_all("oci-tag").iter().collect();
    assert_eq!(set, ["x", "y"]);
    for tag in ["x", "y"] {
        let response = server.api.get(&format!("/v2/a/manifests/{tag}")).await?;
        assert_eq!(header(&response, "docker-content-digest"), digest.to_string());
    }
    server.stop().await
}

#[tokio::test]
async fn package_tools_find_the_registry_under_the_host_they_asked() -> Result<()> {
    let server = InProcess::start().await?;
    let path = "/.well-known/wasm-pkg/registry.json";
    let found: Value = server.api.get(path).await?.json().await?;
    assert_eq!(found["preferredProtocol"], "oci");
    assert_eq!(found["oci"]["registry"], server.api.base.trim_start_matches("http://"));
    assert_eq!(found["oci"]["namespacePrefix"], "");
    for (host, status) in [("registry.example:8443", 200), ("a b", 400), ("\"}", 400), ("", 400)] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(&server, request.into_bytes()).await?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
        assert_eq!(answer.contains("registry.example:8443"), status == 200, "{answer}");
    }
    server.stop().await
}

#[tokio::test]
async fn small_endpoints() -> Result<()> {
    let server = InProcess::start().await?;
    for path in ["/v2/", "/v2"] {
        let response = server.api.get(path).await?;
        assert_eq!(header(&response, "docker-distribution-api-version"), "registry/2.0");
        assert_eq!((response.status().as_u16(), response.text().await?), (200, "{}".to_owned()));
    }
    assert_eq!(server.api.get("/healthz").await?.status(), 200);
    server.stop().await
}

#[tokio::test]
async fn an_aborted_upload_can_go_on_and_an_aborted_blob_leaves_nothing() -> Result<()> {
    let server = InProcess::start().await?;
    let api = &server.api;
    let begun = api.send(Method::POST, "/v2/a/blobs/uploads/").await?;
    let location = header(&begun, "location");
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n01234");
    abort(&server, head.into_bytes()).await?;
    let digest = Digest::sha256(b"0123456789");
    let head = format!(
        "POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0"
    );
    abort(&server, head.into_bytes()).await?;
    // The server notices in its own time that the client is gone.
    let chunk = loop {
        let patch = api.request(Method::PATCH, &location).header("content-range", "5-9").body("56789");
        let response = patch.send().await?;
        if response.status() != 416 {
            break response;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((chunk.status().as_u16(), header(&chunk, "range")), (202, "0-9".to_owned()));
    assert_eq!(api.get(&format!("/v2/a/blobs/{digest}")).await?.status(), 404);
    assert_eq!(api.send(Method::PUT, &format!("{location}?digest={digest}")).await?.status(), 201);
    assert_eq!(api.get(&format!("/v2/a/blobs/{digest}")).await?.text().await?, "0123456789");
    let uploads = server.folder.path().join("registry/uploads");
    while std::fs::read_dir(&uploads)?.next().is_some() {
        tokio::task::yield_now().await;
    }
    server.stop().await
}

/// Sends bytes, reads everything that comes back.
async fn raw(server: &InProcess, request: Vec<u8>) -> Result<String> {
    let address = server.api.base.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&request)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    })
    .await?
}

/// Sends bytes and goes away.
async fn abort(server: &InProcess, request: Vec<u8>) -> Result<()> {
    let address = server.api.base.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || Ok(TcpStream::connect(address)?.write_all(&request)?)).await?
}
