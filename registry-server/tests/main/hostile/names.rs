//! Tricks with paths, in the place of every name.

use anyhow::{Result, ensure};

use super::Victim;

/// Parts of a path that no name, tag, digest or upload is.
fn tricks() -> Vec<String> {
    let mut tricks: Vec<String> = [
        "..",
        "../..",
        "%2e%2e",
        "%2e%2e%2f%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "..%5c..",
        "..%c0%af..",
        "%00",
        "a%00b",
        "a%2fb",
        "a%2Fb",
        "%252e%252e",
        "a//b",
        "//",
        "/",
        "./a",
        "a/./b",
        ".",
        "a\\b",
        "%5c",
        "%",
        "%4",
        "%zz",
        "%ff%fe",
        "%0d%0aSet-Cookie:x",
        "%20",
        "A",
        "a_",
        "-a",
        "a..b",
        "%c3%a9",
        "%ef%bc%8f",
        "%e2%80%ae",
        "~",
        "*",
        "a:b:c",
        "@",
        "sha256:",
        "sha256:..",
        "sha256:zz",
        "sha999:00",
        "%61",
        "CON",
        "nul.",
        "$(id)",
        "`id`",
        "';--",
        "<script>",
        "{path}",
    ]
    .map(str::to_owned)
    .to_vec();
    tricks.push("a".repeat(4096));
    tricks.push("a/".repeat(2_000));
    tricks.push("../".repeat(500));
    tricks.push("%2e".repeat(700));
    tricks
}

#[tokio::test]
async fn path_tricks_in_every_name() -> Result<()> {
    let victim = Victim::start().await?;
    let digest = wkit_artifact::Digest::sha256(b"layer");
    let mut asked = 0;
    for trick in tricks() {
        let paths = [
            format!("/v2/{trick}/manifests/v1"),
            format!("/v2/{trick}/blobs/{digest}"),
            format!("/v2/{trick}/blobs/uploads/"),
            format!("/v2/victim/{trick}/manifests/v1"),
            format!("/v2/victim/manifests/{trick}"),
            format!("/v2/victim/blobs/{trick}"),
            format!("/v2/victim/blobs/uploads/{trick}"),
            format!("/v2/victim/referrers/{trick}"),
            format!("/v2/{trick}/tags/list"),
            format!("/{trick}"),
        ];
        for path in paths {
            for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
                );
                let answer = victim.raw(request.as_bytes()).await?;
                asked += 1;
                // A few of these are names after all: there is just nothing under them. A list of referrers of what
                // is not there is empty, and an upload may begin: it is cancelled below.
                let status = answer.status();
                ensure!((400..500).contains(&status), "{method} {path}: {answer:?}");
                // What cannot be read as a path at all is refused before there is a request to answer.
                let unreadable = path.contains(['\\', '<', '`', '{', '"']);
                ensure!(unreadable || answer.code().is_some(), "{method} {path}: {answer:?}");
            }
        }
    }
    ensure!(asked > 2_000, "only {asked} requests");
    victim.stays_unharmed().await
}

#[tokio::test]
async fn tricks_in_queries() -> Result<()> {
    let victim = Victim::start().await?;
    let many = "n=1&".repeat(3_000);
    let long = "x".repeat(20_000);
    for (query, expected) in [
        ("/v2/victim/tags/list?n=-1", vec![400]),
        ("/v2/victim/tags/list?n=99999999999999999999999999999999999999999999999", vec![400]),
        ("/v2/victim/tags/list?n=340282366920938463463374607431768211455", vec![200]),
        ("/v2/victim/tags/list?n=0", vec![200]),
        ("/v2/victim/tags/list?n=%00", vec![400]),
        ("/v2/victim/tags/list?n=1e9", vec![400]),
        ("/v2/victim/tags/list?last=%00", vec![200]),
        ("/v2/victim/tags/list?last=..%2f..", vec![200]),
        ("/v2/victim/tags/list?last=%ff", vec![200, 400]),
        ("/v2/victim/tags/list?&&&===&%", vec![200, 400]),
        ("/v2/_catalog?last=%0d%0aX:y", vec![200]),
        ("/v2/_catalog?n=0x10", vec![400]),
        (&format!("/v2/_catalog?{many}n=1"), vec![200]),
        (&format!("/v2/_catalog?last={long}"), vec![414]),
        ("/v2/victim/referrers/sha256:1?artifactType=", vec![400]),
        ("/v2/victim/blobs/uploads/?digest=sha256:..", vec![400]),
        ("/v2/victim/blobs/uploads/?mount=..%2f", vec![400, 405]),
    ] {
        for method in ["GET", "POST"] {
            if method == "POST" && !query.contains("uploads") || method == "GET" && query.contains("uploads")
            {
                continue;
            }
            let request = format!(
                "{method} {query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            );
            let answer = victim.raw(request.as_bytes()).await?;
            ensure!(expected.contains(&answer.status()), "{method} {query}: {answer:?}");
            ensure!(answer.status() == 200 || answer.code().is_some(), "{method} {query}: {answer:?}");
            let (head, _) = answer.text.split_once("\r\n\r\n").unwrap_or_default();
            ensure!(!head.contains("\r\nX:y"), "a header was smuggled in: {answer:?}");
        }
    }
    victim.stays_unharmed().await
}

#[tokio::test]
async fn a_link_is_to_the_registry_itself() -> Result<()> {
    let victim = Victim::start().await?;
    victim.server.api.push_artifact("victim", "v2", b"layer").await?;
    for host in ["evil.example", "a\" onload=x", "a/../..", "[::1"] {
        let request = format!(
            "GET /v2/victim/tags/list?n=1 HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n"
        );
        let answer = victim.raw(request.as_bytes()).await?;
        let link = answer.text.lines().find(|line| line.to_ascii_lowercase().starts_with("link:"));
        ensure!(link.is_none_or(|link| link.contains("</v2/victim/tags/list?n=1&last=v1>")), "{answer:?}");
        ensure!(!answer.text.contains("evil"), "{answer:?}");
    }
    victim.server.stop().await
}
