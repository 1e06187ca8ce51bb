//! What those who run a registry do: collecting garbage, quotas, retention, read-only mode, and the commands for them.

mod commands;
mod stress;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use wkit_artifact::{Digest, media_type};
use wkit_registry_server::{GarbageRules, QuotaRule, RetentionRule};

use crate::support::{Api, InProcess, error_code, header, manifest};

const ADMIN: &str = "/api/v1/admin";

fn without_grace() -> GarbageRules {
    GarbageRules { grace_seconds: 0, ..only_when_asked() }
}

/// The collector of the server itself stays out of the way.
fn only_when_asked() -> GarbageRules {
    GarbageRules { enabled: false, ..GarbageRules::default() }
}

async fn post(api: &Api, what: &str, body: &Value) -> Result<Response> {
    Ok(api.request(Method::POST, &format!("{ADMIN}/{what}")).json(body).send().await?)
}

/// Runs something until it is not refused because another run is under way.
async fn run(api: &Api, what: &str, dry_run: bool) -> Result<Value> {
    loop {
        let response = post(api, what, &json!({ "dry-run": dry_run })).await?;
        if response.status() == 409 {
            tokio::task::yield_now().await;
            continue;
        }
        ensure!(
            response.status() == 200,
            "{what} was answered {}: {}",
            response.status(),
            response.text().await?
        );
        return Ok(response.json().await?);
    }
}

async fn get(api: &Api, what: &str) -> Result<Value> {
    let response = api.get(&format!("{ADMIN}/{what}")).await?;
    ensure!(response.status() == 200, "{what} was answered {}", response.status());
    Ok(response.json().await?)
}

async fn has_blob(api: &Api, repository: &str, content: &[u8]) -> Result<bool> {
    let response = api.get(&format!("/v2/{repository}/blobs/{}", Digest::sha256(content))).await?;
    Ok(response.status() == 200)
}

#[tokio::test]
async fn garbage_is_collected_when_asked_for() -> Result<()> {
    let server = InProcess::start_with(|config| config.garbage = without_grace()).await?;
    let api = &server.api;
    api.push_artifact("a", "v1", b"layer").await?;
    for repository in ["a", "b"] {
        ensure!(api.push_blob(repository, b"used by nothing").await?.status() == 201);
    }
    let report = run(api, "garbage", true).await?;
    assert_eq!(report["dry-run"], true);
    assert_eq!(report["marked"], json!({ "blobs": 2, "bytes": 30 }), "{report}");
    assert!(has_blob(api, "a", b"used by nothing").await?);

    let report = run(api, "garbage", false).await?;
    assert_eq!(report["removed"], json!({ "blobs": 2, "bytes": 30 }), "{report}");
    assert_eq!(report["freed"], json!({ "blobs": 1, "bytes": 15 }), "{report}");
    let names: Vec<_> = report["repositories"].as_array().context("no list")?.iter().collect();
    assert_eq!(names.len(), 2, "{report}");
    assert!(!has_blob(api, "a", b"used by nothing").await?);
    assert!(has_blob(api, "a", b"layer").await?);
    assert!(has_blob(api, "a", b"{\"tag\":\"v1\"}").await?);
    assert_eq!(get(api, "garbage").await?["last"], report);

    // What a manifest referred to is garbage when the manifest is gone.
    let manifests = api.get("/v2/a/manifests/v1").await?;
    let digest = header(&manifests, "docker-content-digest");
    assert_eq!(api.send(Method::DELETE, &format!("/v2/a/manifests/{digest}")).await?.status(), 202);
    assert_eq!(run(api, "garbage", false).await?["removed"]["blobs"], 2);
    assert!(!has_blob(api, "a", b"layer").await?);
    server.stop().await
}

#[tokio::test]
async fn with_a_grace_garbage_waits() -> Result<()> {
    let server = InProcess::start_with(|config| config.garbage = only_when_asked()).await?;
    ensure!(server.api.push_blob("a", b"used by nothing").await?.status() == 201);
    assert_eq!(run(&server.api, "garbage", false).await?["marked"]["blobs"], 1);
    let report = run(&server.api, "garbage", false).await?;
    assert_eq!((&report["marked"]["blobs"], &report["waiting"]["blobs"]), (&json!(0), &json!(1)));
    assert!(report["oldest-seconds"].is_u64(), "{report}");
    // A client that asks whether it is there gets the whole grace again.
    let path = format!("/v2/a/blobs/{}", Digest::sha256(b"used by nothing"));
    assert_eq!(server.api.send(Method::HEAD, &path).await?.status(), 200);
    assert_eq!(run(&server.api, "garbage", false).await?["marked"]["blobs"], 1);
    server.stop().await
}

#[tokio::test]
async fn garbage_is_collected_without_being_asked_for() -> Result<()> {
    let every_second = GarbageRules { interval_seconds: 1, grace_seconds: 0, enabled: true };
    let server = InProcess::start_with(|config| config.garbage = every_second).await?;
    ensure!(server.api.push_blob("a", b"used by nothing").await?.status() == 201);
    for _ in 0..600 {
        if !has_blob(&server.api, "a", b"used by nothing").await? {
            return server.stop().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("the garbage is still there")
}

#[tokio::test]
async fn one_collection_runs_at_a_time() -> Result<()> {
    let server = InProcess::start_with(|config| config.garbage = only_when_asked()).await?;
    let (mut refused, mut done, body) = (0, 0, json!({}));
    for _ in 0..200 {
        let posts = (0..4).map(|_| post(&server.api, "garbage", &body));
        for response in futures_util::future::join_all(posts).await {
            let response = response?;
            match response.status().as_u16() {
                200 => done += 1,
                409 => {
                    refused += 1;
                    assert_eq!(error_code(response).await?, "UNSUPPORTED");
                }
                status => anyhow::bail!("a collection was answered {status}"),
            }
        }
        if refused > 0 && done > 0 {
            break;
        }
    }
    assert!(refused > 0 && done > 0, "{refused} were refused, {done} done");
    server.stop().await
}

#[tokio::test]
async fn the_admin_api_refuses_what_it_does_not_understand() -> Result<()> {
    let server = InProcess::start().await?;
    let api = &server.api;
    let without_type = api.request(Method::POST, &format!("{ADMIN}/garbage")).body("{}").send().await?;
    assert_eq!(without_type.status(), 415);
    assert_eq!(error_code(without_type).await?, "UNSUPPORTED");
    for (method, what, body, status, code) in [
        (Method::POST, "garbage", "{\"dryrun\":true}", 400, "UNSUPPORTED"),
        (Method::POST, "garbage", "", 400, "UNSUPPORTED"),
        (Method::POST, "retention", "[", 400, "UNSUPPORTED"),
        (Method::PUT, "read-only", "{}", 400, "UNSUPPORTED"),
        (Method::PUT, "read-only", "{\"read-only\":1}", 400, "UNSUPPORTED"),
        (Method::POST, "read-only", "{}", 405, "UNSUPPORTED"),
        (Method::DELETE, "garbage", "{}", 405, "UNSUPPORTED"),
        (Method::GET, "nothing", "", 404, "UNSUPPORTED"),
        (Method::GET, "", "", 404, "UNSUPPORTED"),
    ] {
        let request = api.request(method.clone(), &format!("{ADMIN}/{what}"));
        let response = request.header("content-type", "application/json").body(body).send().await?;
        assert_eq!(response.status(), status, "{method} {what} {body}");
        assert_eq!(error_code(response).await?, code, "{method} {what} {body}");
    }
    let limit = wkit_registry_server::limits::ADMIN_BODY_BYTES_MAX;
    for (length, status) in [(limit, 200), (limit + 1, 413)] {
        let mut body = "{\"read-only\":false}".to_owned();
        body.push_str(&" ".repeat(length - body.len()));
        let request = api.request(Method::PUT, &format!("{ADMIN}/read-only"));
        let response = request.header("content-type", "application/json").body(body).send().await?;
        assert_eq!(response.status(), status);
    }
    server.stop().await
}

#[tokio::test]
async fn read_only_from_the_start_and_switched_while_it_runs() -> Result<()> {
    let server = InProcess::start().await?;
    let bytes = server.api.push_artifact("a", "v1", b"layer").await?;
    let upload = server.api.send(Method::POST, "/v2/a/blobs/uploads/").await?;
    let upload = header(&upload, "location").trim_start_matches(&server.api.base).to_owned();
    let folder = server.stop_keeping().await?;
    let data = folder.path().join("registry");
    let server = InProcess::start_with(|config| {
        config.data = data;
        config.read_only = true;
        config.garbage = without_grace();
    })
    .await?;
    let (api, digest) = (&server.api, Digest::sha256(&bytes));
    let layer = Digest::sha256(b"layer");
    for (method, path) in [
        ("POST", "/v2/a/blobs/uploads/".to_owned()),
        ("POST", format!("/v2/b/blobs/uploads/?mount={layer}&from=a")),
        ("PATCH", upload.clone()),
        ("PUT", format!("{upload}?digest={layer}")),
        ("DELETE", upload.clone()),
        ("PUT", "/v2/a/manifests/v2".to_owned()),
        ("DELETE", "/v2/a/manifests/v1".to_owned()),
        ("DELETE", format!("/v2/a/manifests/{digest}")),
        ("DELETE", format!("/v2/a/blobs/{layer}")),
    ] {
        let response = api.send(method.parse()?, &path).await?;
        assert_eq!(response.status(), 405, "{method} {path}");
        assert!(response.headers().contains_key("allow"), "{method} {path}");
        let text = response.text().await?;
        assert!(text.contains("UNSUPPORTED") && text.contains("the registry is read-only"), "{text}");
    }
    for path in
        ["/v2/a/manifests/v1".to_owned(), format!("/v2/a/blobs/{layer}"), "/v2/a/tags/list".to_owned()]
    {
        assert_eq!(api.get(&path).await?.status(), 200, "{path}");
        assert_eq!(api.send(Method::HEAD, &path).await?.status(), 200, "{path}");
    }
    assert_eq!(api.get(&upload).await?.status(), 204);
    for what in ["garbage", "retention"] {
        assert_eq!(post(api, what, &json!({ "dry-run": true })).await?.status(), 200, "{what}");
        let refused = post(api, what, &json!({})).await?;
        assert_eq!(refused.status(), 403, "{what}");
        assert_eq!(error_code(refused).await?, "DENIED");
    }
    for read_only in [false, true] {
        let switched = api.request(Method::PUT, &format!("{ADMIN}/read-only"));
        let switched = switched.json(&json!({ "read-only": read_only })).send().await?;
        assert_eq!(switched.json::<Value>().await?, json!({ "read-only": read_only }));
        assert_eq!(get(api, "read-only").await?, json!({ "read-only": read_only }));
        let status = if read_only { 405 } else { 201 };
        assert_eq!(api.push_manifest("a", "v2", &bytes).await?.status(), status);
    }
    server.stop().await?;
    drop(folder);
    Ok(())
}

fn quota(pattern: &str, bytes: Option<u64>, tags: Option<u64>, repository_count: Option<u64>) -> QuotaRule {
    QuotaRule { repositories: pattern.parse().expect("a pattern"), bytes, tags, repository_count }
}

async fn used(api: &Api) -> Result<Value> {
    Ok(get(api, "quota").await?["quotas"][0].clone())
}

async fn put_whole(api: &Api, repository: &str, content: &[u8]) -> Result<Response> {
    let path = format!("/v2/{repository}/blobs/uploads/?digest={}", Digest::sha256(content));
    Ok(api.request(Method::POST, &path).body(content.to_vec()).send().await?)
}

#[tokio::test]
async fn a_quota_of_bytes() -> Result<()> {
    let rules = vec![quota("team/**", Some(1_000), None, None)];
    let server = InProcess::start_with(|config| config.quotas = rules.clone()).await?;
    let api = &server.api;
    let content = vec![b'x'; 600];
    assert_eq!(put_whole(api, "team/a", &content).await?.status(), 201);
    // The same content counts once, however it comes.
    assert_eq!(put_whole(api, "team/b", &content).await?.status(), 201);
    let mount = format!("/v2/team/c/blobs/uploads/?mount={}&from=team/a", Digest::sha256(&content));
    assert_eq!(api.send(Method::POST, &mount).await?.status(), 201);
    assert_eq!(api.push_blob("team/a", &content).await?.status(), 201);
    assert_eq!(used(api).await?["bytes"], json!({ "used": 600, "allowed": 1_000 }));

    let more = vec![b'y'; 401];
    let refused = [put_whole(api, "team/a", &more).await?, api.push_blob("team/a", &more).await?, {
        let begun = api.send(Method::POST, "/v2/team/a/blobs/uploads/").await?;
        api.request(Method::PATCH, &header(&begun, "location")).body(more.clone()).send().await?
    }];
    for response in refused {
        assert_eq!(response.status(), 403);
        let text = response.text().await?;
        assert!(text.contains("DENIED"), "{text}");
        let said = "the quota of `team/**` is 1000 bytes, 600 are used, and this would add 401";
        assert!(text.contains(said), "{text}");
    }
    // A client that does not say how much comes is refused at the link, and nothing of it stays.
    let begun = api.send(Method::POST, "/v2/team/a/blobs/uploads/").await?;
    let location = format!("{}?digest={}", header(&begun, "location"), Digest::sha256(&more));
    let parts = futures_util::stream::iter([Ok::<_, std::io::Error>(more.clone())]);
    let put = api.request(Method::PUT, &location).body(reqwest::Body::wrap_stream(parts)).send().await?;
    assert_eq!(put.status(), 403);
    assert_eq!(error_code(put).await?, "DENIED");
    assert_eq!(api.get(&header(&begun, "location")).await?.status(), 404);
    assert!(!has_blob(api, "team/a", &more).await?);
    // Mounted from where there is no quota.
    assert_eq!(put_whole(api, "elsewhere", &more).await?.status(), 201);
    let mount = format!("/v2/team/a/blobs/uploads/?mount={}&from=elsewhere", Digest::sha256(&more));
    assert_eq!(api.send(Method::POST, &mount).await?.status(), 403);

    assert_eq!(put_whole(api, "team/a", &more[..400]).await?.status(), 201);
    // A manifest counts as well.
    let bytes = manifest(&more[..400], &[&content], None);
    assert_eq!(api.push_manifest("team/a", "v1", &bytes).await?.status(), 403);
    for repository in ["team/a", "team/b", "team/c"] {
        let path = format!("/v2/{repository}/blobs/{}", Digest::sha256(&content));
        assert_eq!(used(api).await?["bytes"]["used"], 1_000);
        assert_eq!(api.send(Method::DELETE, &path).await?.status(), 202);
    }
    assert_eq!(used(api).await?["bytes"]["used"], 400);
    server.stop().await
}

#[tokio::test]
async fn quotas_of_tags_and_repositories_and_a_count_after_a_restart() -> Result<()> {
    let rules = vec![quota("**", None, Some(3), Some(2))];
    let server = InProcess::start_with(|config| config.quotas = rules.clone()).await?;
    let api = &server.api;
    let bytes = api.push_artifact("a", "v1", b"layer").await?;
    assert_eq!(api.push_manifest("a", "v2", &bytes).await?.status(), 201);
    // A tag that is there already is no new one.
    assert_eq!(api.push_manifest("a", "v2", &bytes).await?.status(), 201);
    let reference = format!("{}?tag=v3&tag=v4", Digest::sha256(&bytes));
    assert_eq!(api.push_manifest("a", &reference, &bytes).await?.status(), 403);
    let reference = format!("{}?tag=v3&tag=v1", Digest::sha256(&bytes));
    assert_eq!(api.push_manifest("a", &reference, &bytes).await?.status(), 201);
    assert_eq!(api.push_manifest("a", "v4", &bytes).await?.status(), 403);
    assert_eq!(put_whole(api, "b", b"x").await?.status(), 201);
    let refused = put_whole(api, "c", b"x").await?;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await?.contains("is 2 repositories, 2 are used, and this would add 1"));
    let before = used(api).await?;
    assert_eq!(before["tags"], json!({ "used": 3, "allowed": 3 }));
    assert_eq!(before["repository-count"], json!({ "used": 2, "allowed": 2 }));

    let folder = server.stop_keeping().await?;
    let data = folder.path().join("registry");
    let server = InProcess::start_with(|config| (config.data, config.quotas) = (data, rules)).await?;
    let api = &server.api;
    assert_eq!(used(api).await?, before);
    assert_eq!(api.push_manifest("a", "v4", &bytes).await?.status(), 403);
    assert_eq!(api.send(Method::DELETE, "/v2/a/manifests/v2").await?.status(), 202);
    assert_eq!(api.push_manifest("a", "v4", &bytes).await?.status(), 201);
    let path = format!("/v2/a/manifests/{}", Digest::sha256(&bytes));
    assert_eq!(api.send(Method::DELETE, &path).await?.status(), 202);
    assert_eq!(used(api).await?["tags"]["used"], 0);
    let path = format!("/v2/b/blobs/{}", Digest::sha256(b"x"));
    assert_eq!(api.send(Method::DELETE, &path).await?.status(), 202);
    assert_eq!(put_whole(api, "c", b"x").await?.status(), 201);
    server.stop().await
}

/// Many pushes at once never get past a quota together, and what was refused can be pushed when there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_holds_against_many_pushes_at_once() -> Result<()> {
    let rules = vec![quota("team/**", Some(10_000), None, None)];
    let server = InProcess::start_with(|config| config.quotas = rules).await?;
    let pushes: Vec<_> = (0..40_u8)
        .map(|number| {
            let api = server.api.clone();
            tokio::spawn(async move {
                // Every content comes twice, into two repositories.
                let mut content = vec![number / 2; 1_000];
                content.push(1);
                let pushed = match number % 3 {
                    0 => api.push_blob(&format!("team/{}", number % 2), &content).await?,
                    _ => put_whole(&api, &format!("team/{}", number % 2), &content).await?,
                };
                anyhow::Ok((pushed.status().as_u16(), content))
            })
        })
        .collect();
    let (mut stored, mut refused) = (std::collections::BTreeSet::new(), 0);
    for push in pushes {
        match push.await?? {
            (201, content) => drop(stored.insert(content)),
            (403, _) => refused += 1,
            (status, _) => anyhow::bail!("a push was answered {status}"),
        }
    }
    assert_eq!(stored.len(), 9, "{refused} were refused");
    assert_eq!(used(&server.api).await?["bytes"]["used"], 9 * 1_001);
    server.stop().await
}

fn rule(text: &str) -> RetentionRule {
    toml::from_str(text).expect("a rule")
}

#[tokio::test]
async fn retention_removes_tags_and_what_nothing_uses() -> Result<()> {
    let rules = vec![
        rule("repositories = \"kept/**\""),
        rule(
            "repositories = \"**\"\nkeep-tags = [\"v1\"]\nkeep-newest = 1\nkeep-untagged = false\n\
             untagged-days = 0\nreferrers-follow = true",
        ),
    ];
    let server = InProcess::start_with(|config| {
        config.retention = rules;
        config.garbage = without_grace();
    })
    .await?;
    let api = &server.api;
    let mut manifests = Vec::new();
    for tag in ["v1", "v2", "v3", "v4"] {
        manifests.push(api.push_artifact("a", tag, tag.as_bytes()).await?);
        api.push_artifact("kept/b", tag, tag.as_bytes()).await?;
    }
    let [v1, v2, v3, v4] = manifests.try_into().map_err(|_| anyhow::anyhow!("not four manifests"))?;
    // v2 is listed by an index with a kept tag; v3 has a referrer, which has one itself.
    let entry = json!({
        "mediaType": media_type::OCI_MANIFEST, "digest": Digest::sha256(&v2).to_string(), "size": v2.len(),
    });
    let index =
        json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [entry] }).to_string();
    let put = api.request(Method::PUT, "/v2/a/manifests/v1").header("content-type", media_type::OCI_INDEX);
    assert_eq!(put.body(index.clone()).send().await?.status(), 201);
    let signature = manifest(b"{\"tag\":\"v3\"}", &[b"v3"], Some(&Digest::sha256(&v3)));
    let of_signature = manifest(b"{\"tag\":\"v3\"}", &[b"v3"], Some(&Digest::sha256(&signature)));
    for bytes in [&signature, &of_signature] {
        let pushed = api.push_manifest("a", &Digest::sha256(bytes).to_string(), bytes).await?;
        assert_eq!(pushed.status(), 201);
    }
    let newest = api.push_manifest("a", "v4", &v4).await?;
    assert_eq!(newest.status(), 201);

    let plan = run(api, "retention", true).await?;
    assert_eq!((&plan["tags"], &plan["manifests"]), (&json!(2), &json!(4)), "{plan:#}");
    let first = &plan["removed"][0];
    assert_eq!((&first["repository"], &first["tag"], &first["rule"]), (&json!("a"), &json!("v2"), &json!(2)));
    assert_eq!(first["reason"], "it matches no pattern of `keep-tags`, it is not among the newest 1");
    let tags: Value = api.get("/v2/a/tags/list").await?.json().await?;
    assert_eq!(tags["tags"], json!(["v1", "v2", "v3", "v4"]));

    let done = run(api, "retention", false).await?;
    assert_eq!((&done["tags"], &done["manifests"]), (&json!(2), &json!(4)), "{done:#}");
    let tags: Value = api.get("/v2/a/tags/list").await?.json().await?;
    assert_eq!(tags["tags"], json!(["v1", "v4"]));
    let tags: Value = api.get("/v2/kept/b/tags/list").await?.json().await?;
    assert_eq!(tags["tags"], json!(["v1", "v2", "v3", "v4"]));
    for (bytes, status) in
        [(&v1, 404), (&v2, 200), (&v3, 404), (&v4, 200), (&signature, 404), (&of_signature, 404)]
    {
        let path = format!("/v2/a/manifests/{}", Digest::sha256(bytes));
        assert_eq!(api.get(&path).await?.status(), status, "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(run(api, "retention", false).await?["removed"], json!([]));
    assert_eq!(get(api, "retention").await?["last"]["tags"], 0);
    run(api, "garbage", false).await?;
    for (content, there) in [(b"v1", false), (b"v2", true), (b"v3", false), (b"v4", true)] {
        assert_eq!(has_blob(api, "a", content).await?, there, "{}", String::from_utf8_lossy(content));
        assert!(has_blob(api, "kept/b", content).await?);
    }
    server.stop().await
}

#[tokio::test]
async fn the_status_tells_how_much_there_is() -> Result<()> {
    let rules = vec![quota("a", Some(1_000_000), None, None)];
    let server = InProcess::start_with(|config| {
        config.quotas = rules;
        config.garbage = only_when_asked();
    })
    .await?;
    for repository in ["a", "b"] {
        for tag in ["v1", "v2"] {
            server.api.push_artifact(repository, tag, b"layer").await?;
        }
    }
    run(&server.api, "garbage", false).await?;
    let status = get(&server.api, "status").await?;
    let totals =
        json!({ "repositories": 2, "manifests": 4, "tags": 4, "blobs": 3, "blob-bytes": 5 + 2 * 12 });
    assert_eq!(status["totals"], totals);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["read-only"], false);
    assert!(status["uptime-seconds"].is_u64());
    assert_eq!(status["last-garbage"]["dry-run"], false);
    assert_eq!(status["quotas"][0]["repositories"], "a");
    server.stop().await
}
