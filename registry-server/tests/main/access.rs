//! Who may do what, over HTTP: passwords, tokens, the token endpoint, and what is noted.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use wkit_artifact::Digest;
use wkit_registry_server::{AuditSettings, Config};

use crate::support::{InProcess, error_code, header, manifest};

const RULES: &str = r#"
    [[rule]]
    repositories = ["public/**"]
    who = ["anonymous"]
    allow = ["pull"]
    [[rule]]
    repositories = ["public/**", "team/**"]
    who = ["alice"]
    allow = ["pull", "push", "delete"]
    [[rule]]
    repositories = ["team/*"]
    who = ["bob"]
    allow = ["pull"]
    [[rule]]
    repositories = ["**"]
    who = ["root"]
    allow = ["admin"]
"#;

/// A registry with users whose passwords are `pw-` and their names.
struct Closed {
    server: InProcess,
    htpasswd: PathBuf,
    audit: PathBuf,
    _folder: tempfile::TempDir,
}

fn line(user: &str, password: &str) -> String {
    // The lowest cost: these passwords protect nothing.
    format!("{user}:{}\n", bcrypt::hash(password, 4).expect("a cost that bcrypt has"))
}

impl Closed {
    async fn start(more: &str) -> Result<Self> {
        Self::start_with(more, false).await
    }

    async fn start_with(more: &str, pulls: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (htpasswd, audit) = (folder.path().join("htpasswd"), folder.path().join("audit.jsonl"));
        let users = ["alice", "bob", "root"].map(|name| line(name, &format!("pw-{name}"))).concat();
        std::fs::write(&htpasswd, users)?;
        let settings = format!("htpasswd = {:?}\n{more}\n{RULES}", htpasswd.to_str().context("a path")?);
        let access = toml::from_str(&settings)?;
        let log = AuditSettings { file: Some(audit.clone()), stderr: false, pulls };
        let server = InProcess::start_with(|config: &mut Config| {
            config.access = access;
            config.audit = log;
        })
        .await?;
        Ok(Self { server, htpasswd, audit, _folder: folder })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.api.request(method, path)
    }

    async fn as_user(&self, user: &str, method: Method, path: &str) -> Result<Response> {
        Ok(self.request(method, path).basic_auth(user, Some(format!("pw-{user}"))).send().await?)
    }

    async fn bearer(&self, token: &str, method: Method, path: &str) -> Result<Response> {
        Ok(self.request(method, path).bearer_auth(token).send().await?)
    }

    /// Pushes an artifact as alice.
    async fn push(&self, name: &str, tag: &str) -> Result<Vec<u8>> {
        for content in ["{}", "layer"] {
            let digest = Digest::sha256(content.as_bytes());
            let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
            let request = self.request(Method::POST, &path).basic_auth("alice", Some("pw-alice"));
            ensure!(request.body(content).send().await?.status() == 201);
        }
        let bytes = manifest(b"{}", &[b"layer"], None);
        let request = self.request(Method::PUT, &format!("/v2/{name}/manifests/{tag}"));
        let request = request.basic_auth("alice", Some("pw-alice")).body(bytes.clone());
        ensure!(request.send().await?.status() == 201);
        Ok(bytes)
    }

    /// Asks the token endpoint as somebody, or as nobody.
    async fn token(&self, user: Option<&str>, query: &str) -> Result<Value> {
        let mut request = self.request(Method::GET, &format!("/token?service=wkit-registry&{query}"));
        if let Some(user) = user {
            request = request.basic_auth(user, Some(format!("pw-{user}")));
        }
        let response = request.send().await?;
        ensure!(response.status() == 200, "a token was refused with {}", response.status());
        ensure!(header(&response, "cache-control") == "no-store");
        Ok(response.json().await?)
    }

    async fn form(&self, fields: &[(&str, &str)]) -> Result<Response> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, "/token");
        let kind = "application/x-www-form-urlencoded";
        Ok(request.header("content-type", kind).body(body).send().await?)
    }

    /// Makes an API token and returns its id and secret.
    async fn api_token(&self, user: &str, wanted: Value) -> Result<(String, String)> {
        let request =
            self.request(Method::POST, "/api/v1/tokens").basic_auth(user, Some(format!("pw-{user}")));
        let response = request.json(&wanted).send().await?;
        ensure!(response.status() == 201, "a token was refused: {}", response.text().await?);
        let made: Value = response.json().await?;
        let text = |key: &str| made[key].as_str().map(str::to_owned).context("a field is missing");
        Ok((text("id")?, text("token")?))
    }

    /// Stops it and reads what was noted.
    async fn noted(self) -> Result<Vec<Value>> {
        self.server.stop().await?;
        let text = std::fs::read_to_string(&self.audit)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_challenge_leads_to_a_token_that_works() -> Result<()> {
    let closed = Closed::start("").await?;
    closed.push("team/app", "v1").await?;
    let path = "/v2/team/app/manifests/v1";
    let refused = closed.server.api.get(path).await?;
    assert_eq!(refused.status(), 401);
    let base = &closed.server.api.base;
    let scope = "scope=\"repository:team/app:pull\"";
    let challenge = header(&refused, "www-authenticate");
    assert_eq!(challenge, format!("Bearer realm=\"{base}/token\",service=\"wkit-registry\",{scope}"));
    assert_eq!(error_code(refused).await?, "UNAUTHORIZED");

    let answer = closed.token(Some("bob"), "scope=repository:team/app:pull").await?;
    assert_eq!(answer["token"], answer["access_token"]);
    assert_eq!(answer["expires_in"], 300);
    let token = text(&answer, "token");
    assert_eq!(closed.bearer(&token, Method::GET, path).await?.status(), 200);
    assert_eq!(closed.bearer(&token, Method::GET, "/v2/").await?.status(), 200);

    // More than bob may do is not in the token, so the registry says no to it.
    let answer = closed.token(Some("bob"), "scope=repository:team/app:push,pull,delete").await?;
    let token = text(&answer, "token");
    assert_eq!(closed.bearer(&token, Method::GET, path).await?.status(), 200);
    let denied = closed.bearer(&token, Method::DELETE, path).await?;
    assert_eq!((denied.status().as_u16(), header(&denied, "www-authenticate")), (403, String::new()));
    assert_eq!(error_code(denied).await?, "DENIED");

    // With a token for something else one learns what to ask for.
    let token = text(&closed.token(Some("alice"), "scope=repository:team/other:pull").await?, "token");
    let refused = closed.bearer(&token, Method::GET, path).await?;
    assert_eq!(refused.status(), 401);
    let challenge = header(&refused, "www-authenticate");
    assert!(challenge.contains(scope) && challenge.ends_with("error=\"insufficient_scope\""), "{challenge}");
    closed.server.stop().await
}

#[tokio::test]
async fn scopes_come_in_any_order_and_several_at_once() -> Result<()> {
    let closed = Closed::start("").await?;
    closed.push("team/app", "v1").await?;
    closed.push("public/app", "v1").await?;
    let both = "repository:public/app:push,pull%20repository:team/app:pull";
    for query in [
        format!("scope={both}"),
        "scope=repository:team/app:pull&scope=repository:public/app:pull&scope=repository:public/app:push"
            .to_owned(),
        format!("account=alice&client_id=x&scope=&scope={both}"),
    ] {
        let token = text(&closed.token(Some("alice"), &query).await?, "token");
        for path in ["/v2/team/app/manifests/v1", "/v2/public/app/manifests/v1"] {
            assert_eq!(closed.bearer(&token, Method::GET, path).await?.status(), 200, "{query}");
        }
        let begun = closed.bearer(&token, Method::POST, "/v2/public/app/blobs/uploads/").await?;
        assert_eq!(begun.status(), 202);
        let begun = closed.bearer(&token, Method::POST, "/v2/team/app/blobs/uploads/").await?;
        assert_eq!(begun.status(), 401);
    }
    for query in ["scope=x", "scope=repository:A:pull", "scope=repository:a"] {
        let response = closed.as_user("alice", Method::GET, &format!("/token?{query}")).await?;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(response.json::<Value>().await?["error"], "invalid_scope");
    }
    closed.server.stop().await
}

#[tokio::test]
async fn anonymous_clients_pull_what_everybody_may_and_learn_how_to_log_in() -> Result<()> {
    let closed = Closed::start("").await?;
    closed.push("public/app", "v1").await?;
    closed.push("team/app", "v1").await?;
    let api = &closed.server.api;
    let version = api.get("/v2/").await?;
    assert_eq!(version.status(), 401);
    assert!(header(&version, "www-authenticate").starts_with("Bearer realm="));
    // Without a token, and with one of nobody.
    assert_eq!(api.get("/v2/public/app/manifests/v1").await?.status(), 200);
    let query = "scope=repository:public/app:pull,push&scope=repository:team/app:pull";
    let token = text(&closed.token(None, query).await?, "token");
    assert_eq!(closed.bearer(&token, Method::GET, "/v2/").await?.status(), 200);
    assert_eq!(closed.bearer(&token, Method::GET, "/v2/public/app/manifests/v1").await?.status(), 200);
    for (method, path) in
        [(Method::GET, "/v2/team/app/manifests/v1"), (Method::POST, "/v2/public/app/blobs/uploads/")]
    {
        let refused = closed.bearer(&token, method, path).await?;
        assert_eq!(refused.status(), 401, "{path}");
        assert!(header(&refused, "www-authenticate").starts_with("Bearer realm="));
    }
    closed.server.stop().await
}

#[tokio::test]
async fn the_catalogue_shows_what_may_be_pulled() -> Result<()> {
    let closed = Closed::start("").await?;
    for name in ["public/a", "public/b", "team/a", "team/a/b"] {
        closed.push(name, "v1").await?;
    }
    let list = async |response: Response| -> Result<Value> {
        Ok(response.json::<Value>().await?["repositories"].clone())
    };
    // Clients that have credentials show them only when they are asked.
    let refused = closed.server.api.get("/v2/_catalog").await?;
    assert_eq!(refused.status(), 401);
    assert!(header(&refused, "www-authenticate").ends_with("scope=\"registry:catalog:*\""));
    let nobody = text(&closed.token(None, "scope=registry:catalog:*").await?, "token");
    let open = json!(["public/a", "public/b"]);
    assert_eq!(list(closed.bearer(&nobody, Method::GET, "/v2/_catalog").await?).await?, open);
    let bob = closed.as_user("bob", Method::GET, "/v2/_catalog").await?;
    assert_eq!(list(bob).await?, json!(["public/a", "public/b", "team/a"]));
    let page = closed.bearer(&nobody, Method::GET, "/v2/_catalog?n=1").await?;
    assert_eq!(header(&page, "link"), "</v2/_catalog?n=1&last=public/a>; rel=\"next\"");
    let page = closed.bearer(&nobody, Method::GET, "/v2/_catalog?n=1&last=public/a").await?;
    assert_eq!(header(&page, "link"), "");
    // An access token must be for it.
    let token = text(&closed.token(Some("bob"), "scope=repository:team/a:pull").await?, "token");
    let refused = closed.bearer(&token, Method::GET, "/v2/_catalog").await?;
    assert!(header(&refused, "www-authenticate").contains("scope=\"registry:catalog:*\""));
    let token = text(&closed.token(Some("bob"), "scope=registry:catalog:*").await?, "token");
    let listed = closed.bearer(&token, Method::GET, "/v2/_catalog").await?;
    assert_eq!(list(listed).await?, json!(["public/a", "public/b", "team/a"]));
    closed.server.stop().await
}

#[tokio::test]
async fn a_mount_needs_to_pull_from_its_source() -> Result<()> {
    let closed = Closed::start("").await?;
    closed.push("team/app", "v1").await?;
    let secret = Digest::sha256(b"layer");
    let (_, token) = closed
        .api_token(
            "alice",
            json!({ "name": "t", "scopes": [{ "repositories": "public/*", "actions": ["pull", "push"] }] }),
        )
        .await?;
    // Told by name, and without: the token may not see that the blob is there.
    for query in [format!("mount={secret}&from=team/app"), format!("mount={secret}")] {
        let path = format!("/v2/public/app/blobs/uploads/?{query}");
        assert_eq!(closed.bearer(&token, Method::POST, &path).await?.status(), 202, "{query}");
        let exists = closed.bearer(&token, Method::HEAD, &format!("/v2/public/app/blobs/{secret}")).await?;
        assert_eq!(exists.status(), 404);
    }
    let path = format!("/v2/public/app/blobs/uploads/?mount={secret}");
    assert_eq!(closed.as_user("alice", Method::POST, &path).await?.status(), 201);
    // An access token for one repository is told to ask for both.
    let token = text(&closed.token(Some("alice"), "scope=repository:x/y:pull").await?, "token");
    let path = format!("/v2/public/b/blobs/uploads/?mount={secret}&from=team/app");
    let refused = closed.bearer(&token, Method::POST, &path).await?;
    let challenge = header(&refused, "www-authenticate");
    assert!(challenge.contains("\"repository:public/b:pull,push repository:team/app:pull\""), "{challenge}");
    closed.server.stop().await
}

#[tokio::test]
async fn logins_that_fail_are_refused_and_delayed_and_noted() -> Result<()> {
    let closed = Closed::start("").await?;
    let login = async |user: &str, password: &str| -> Result<Response> {
        Ok(closed.request(Method::GET, "/token").basic_auth(user, Some(password)).send().await?)
    };
    for user in ["alice", "nobody"] {
        // An unknown user is answered like a wrong password.
        let refused = login(user, "wrong").await?;
        assert_eq!(refused.status(), 401);
        let body: Value = refused.json().await?;
        assert_eq!(body["errors"][0]["message"], "the user is not known or the password is wrong");
        for _ in 0..2 {
            login(user, "wrong").await?;
        }
        let delayed = login(user, "wrong").await?;
        assert_eq!(delayed.status(), 429);
        ensure!(header(&delayed, "retry-after").parse::<u64>()? >= 1);
        assert_eq!(error_code(delayed).await?, "TOOMANYREQUESTS");
    }
    // Others log in; so does a token in place of a password.
    assert_eq!(login("bob", "pw-bob").await?.status(), 200);
    assert_eq!(login("bob", "").await?.status(), 401);
    let noted = closed.noted().await?;
    let failed: Vec<_> = noted.iter().filter(|entry| entry["action"] == "login").collect();
    assert_eq!(failed.len(), 9);
    assert_eq!((text(failed[0], "who"), &failed[0]["status"]), ("alice".to_owned(), &json!(401)));
    assert_eq!(failed[3]["status"], 429);
    assert_eq!(text(failed[0], "client"), "127.0.0.1");
    Ok(())
}

#[tokio::test]
async fn a_changed_password_counts_at_once_and_ends_refresh_tokens() -> Result<()> {
    let closed = Closed::start("").await?;
    assert_eq!(closed.as_user("bob", Method::GET, "/v2/").await?.status(), 200);
    let answer = closed.token(Some("bob"), "offline_token=true&client_id=docker").await?;
    let refresh = text(&answer, "refresh_token");
    ensure!(refresh.starts_with("wkitr_"), "{answer}");
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "repository:team/a:pull")];
    let token = text(&closed.form(&fields).await?.json().await?, "access_token");
    assert_eq!(closed.bearer(&token, Method::GET, "/v2/team/a/tags/list").await?.status(), 404);
    // A refresh token is for the token endpoint only, and an API token is no refresh token.
    assert_eq!(closed.bearer(&refresh, Method::GET, "/v2/").await?.status(), 401);
    let users = ["alice", "root"].map(|name| line(name, &format!("pw-{name}"))).concat();
    std::fs::write(&closed.htpasswd, users + &line("bob", "new"))?;
    // It is noticed within a second.
    while closed.as_user("bob", Method::GET, "/v2/").await?.status() == 200 {
        tokio::task::yield_now().await;
    }
    let refused = closed.form(&fields).await?;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    let login = closed.request(Method::GET, "/v2/").basic_auth("bob", Some("new")).send().await?;
    assert_eq!(login.status(), 200);
    closed.server.stop().await
}

#[tokio::test]
async fn forms_of_the_token_endpoint() -> Result<()> {
    let closed = Closed::start("").await?;
    closed.push("team/app", "v1").await?;
    let password = [("grant_type", "password"), ("username", "alice"), ("password", "pw-alice")];
    let scope = ("scope", "repository:team/app:pull repository:public/x:push");
    let answer: Value = closed.form(&[&password[..], &[scope]].concat()).await?.json().await?;
    assert!(answer["refresh_token"].is_null());
    let token = text(&answer, "access_token");
    assert_eq!(closed.bearer(&token, Method::GET, "/v2/team/app/manifests/v1").await?.status(), 200);
    let answer: Value =
        closed.form(&[&password[..], &[("access_type", "offline")]].concat()).await?.json().await?;
    let refresh = text(&answer, "refresh_token");
    let renewed = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    assert_eq!(closed.form(&renewed).await?.status(), 200);
    let list: Value = closed.as_user("alice", Method::GET, "/api/v1/tokens").await?.json().await?;
    assert_eq!(list["tokens"][0]["kind"], "refresh");
    let revoke = format!("/api/v1/tokens/{}", text(&list["tokens"][0], "id"));
    assert_eq!(closed.as_user("alice", Method::DELETE, &revoke).await?.status(), 204);
    assert_eq!(closed.form(&renewed).await?.status(), 401);
    for (fields, status, error) in [
        (&[("grant_type", "password"), ("username", "alice"), ("password", "x")][..], 401, "invalid_grant"),
        (&[("grant_type", "password"), ("username", "alice")], 400, "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "wkitr_x")], 401, "invalid_grant"),
        (&[("grant_type", "refresh_token"), ("refresh_token", &token)], 401, "invalid_grant"),
        (&[("grant_type", "client_credentials")], 400, "unsupported_grant_type"),
        (&[], 400, "invalid_request"),
    ] {
        let response = closed.form(fields).await?;
        assert_eq!(response.status(), status, "{fields:?}");
        assert_eq!(response.json::<Value>().await?["error"], error, "{fields:?}");
    }
    let json = closed.request(Method::POST, "/token").json(&json!({ "grant_type": "password" }));
    assert_eq!(json.send().await?.status(), 415);
    let long = "x".repeat(wkit_registry_server::limits::TOKEN_REQUEST_MAX);
    assert_eq!(closed.form(&[("grant_type", &long)]).await?.status(), 413);
    closed.server.stop().await
}

#[tokio::test]
async fn api_tokens_are_made_used_listed_and_revoked() -> Result<()> {
    let closed = Closed::start("").await?;
    closed.push("team/app", "v1").await?;
    let path = "/v2/team/app/manifests/v1";
    let scopes = json!([{ "repositories": "team/**", "actions": ["pull", "push", "delete"] }]);
    let (id, token) = closed
        .api_token("bob", json!({ "name": "laptop", "scopes": scopes, "expiresInSeconds": 60 }))
        .await?;
    // Both ways of showing it; and never more than its owner may.
    assert_eq!(closed.bearer(&token, Method::GET, path).await?.status(), 200);
    let basic = closed.request(Method::GET, path).basic_auth("whoever", Some(&token)).send().await?;
    assert_eq!(basic.status(), 200);
    assert_eq!(closed.bearer(&token, Method::DELETE, path).await?.status(), 403);
    // The token endpoint takes it, too.
    let request =
        closed.request(Method::GET, "/token?scope=repository:team/app:pull,push").bearer_auth(&token);
    let access = text(&request.send().await?.json().await?, "token");
    assert_eq!(closed.bearer(&access, Method::GET, path).await?.status(), 200);
    assert_eq!(closed.bearer(&access, Method::POST, "/v2/team/app/blobs/uploads/").await?.status(), 403);

    let list: Value = closed.as_user("bob", Method::GET, "/api/v1/tokens").await?.json().await?;
    assert_eq!(
        (list["tokens"][0]["name"].as_str(), list["tokens"].as_array().map(Vec::len)),
        (Some("laptop"), Some(1))
    );
    ensure!(!list.to_string().contains(&token), "a secret is listed");
    let others: Value = closed.as_user("alice", Method::GET, "/api/v1/tokens").await?.json().await?;
    assert_eq!(others["tokens"], json!([]));
    let all: Value = closed.as_user("root", Method::GET, "/api/v1/tokens").await?.json().await?;
    assert_eq!(all["tokens"][0]["owner"], "bob");

    let revoke = format!("/api/v1/tokens/{id}");
    assert_eq!(closed.as_user("alice", Method::DELETE, &revoke).await?.status(), 404);
    assert_eq!(closed.as_user("bob", Method::DELETE, &revoke).await?.status(), 204);
    assert_eq!(closed.bearer(&token, Method::GET, path).await?.status(), 401);
    assert_eq!(closed.as_user("bob", Method::DELETE, &revoke).await?.status(), 404);

    let noted = closed.noted().await?;
    let actions: Vec<_> = noted.iter().map(|entry| text(entry, "action")).collect();
    for action in ["push-blob", "push-manifest", "create-token", "revoke-token", "login"] {
        ensure!(actions.iter().any(|found| found == action), "{action} is missing in {actions:?}");
    }
    let pushed = noted.iter().find(|entry| entry["action"] == "push-manifest").context("a push")?;
    assert_eq!(
        (text(pushed, "who"), text(pushed, "repository")),
        ("user:alice".to_owned(), "team/app".to_owned())
    );
    assert_eq!((text(pushed, "reference"), &pushed["status"]), ("v1".to_owned(), &json!(201)));
    ensure!(!format!("{noted:?}").contains(&token), "a secret is in the audit log");
    Ok(())
}

#[tokio::test]
async fn what_administrators_change_is_noted_with_the_whole_path() -> Result<()> {
    let closed = Closed::start("").await?;
    let path = "/api/v1/admin/read-only";
    let change = closed.request(Method::PUT, path).basic_auth("root", Some("pw-root"));
    assert_eq!(change.json(&json!({ "read-only": true })).send().await?.status(), 200);
    assert_eq!(
        closed.request(Method::GET, path).basic_auth("root", Some("wrong")).send().await?.status(),
        401
    );
    let noted = closed.noted().await?;
    let references: Vec<_> =
        noted.iter().map(|entry| (text(entry, "action"), text(entry, "reference"))).collect();
    for (action, reference) in [("admin", format!("PUT {path}")), ("login", path.to_owned())] {
        ensure!(references.contains(&(action.to_owned(), reference.clone())), "{reference}: {references:?}");
    }
    Ok(())
}

#[tokio::test]
async fn pulls_and_deletions_are_noted_with_the_id_that_the_client_sees() -> Result<()> {
    for pulls in [false, true] {
        let closed = Closed::start_with("", pulls).await?;
        closed.push("team/app", "v1").await?;
        let path = "/v2/team/app/manifests/v1";
        let pulled = closed.as_user("bob", Method::GET, path).await?;
        assert_eq!(header(&pulled, "x-request-id").is_empty(), !pulls);
        let deleted = closed.as_user("alice", Method::DELETE, path).await?;
        let id = header(&deleted, "x-request-id");
        let again = closed.as_user("alice", Method::DELETE, path).await?;
        assert_eq!(again.status(), 404);
        let noted = closed.noted().await?;
        let of = |action: &str| noted.iter().filter(|entry| entry["action"] == action).collect::<Vec<_>>();
        assert_eq!(of("pull-manifest").len(), usize::from(pulls));
        let deletions = of("delete-manifest");
        let statuses: Vec<_> = deletions.iter().map(|entry| entry["status"].clone()).collect();
        assert_eq!(statuses, [json!(202), json!(404)]);
        assert_eq!((text(deletions[0], "request"), id.len()), (id, 32));
        for entry in &noted {
            ensure!(text(entry, "time").ends_with('Z') && text(entry, "client") == "127.0.0.1", "{entry}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn api_tokens_that_cannot_be() -> Result<()> {
    let closed = Closed::start("").await?;
    let scopes = json!([{ "repositories": "team/**", "actions": ["pull"] }]);
    let make = async |user: &str, body: Value| -> Result<u16> {
        let request =
            closed.request(Method::POST, "/api/v1/tokens").basic_auth(user, Some(format!("pw-{user}")));
        Ok(request.json(&body).send().await?.status().as_u16())
    };
    for (user, body, status) in [
        ("bob", json!({}), 400),
        ("bob", json!({ "name": "a", "scopes": [] }), 400),
        ("bob", json!({ "name": "a b", "scopes": scopes }), 400),
        ("bob", json!({ "name": "a", "scopes": scopes, "expiresInSeconds": 0 }), 400),
        ("bob", json!({ "name": "a", "scopes": scopes, "colour": 1 }), 400),
        ("bob", json!({ "name": "a", "scopes": [{ "repositories": "A", "actions": ["pull"] }] }), 400),
        ("bob", json!({ "name": "a", "scopes": [{ "repositories": "a", "actions": ["fly"] }] }), 400),
        ("bob", json!({ "name": "a", "scopes": scopes, "owner": "alice" }), 403),
        ("bob", json!({ "name": "a", "scopes": scopes, "owner": null }), 403),
        ("root", json!({ "name": "a", "scopes": scopes, "owner": "carol" }), 400),
        ("root", json!({ "name": "a", "scopes": scopes, "owner": null }), 201),
        ("bob", json!({ "name": "a", "scopes": scopes, "owner": "bob" }), 201),
        ("bob", json!({ "name": "a", "scopes": scopes }), 409),
    ] {
        assert_eq!(make(user, body.clone()).await?, status, "{user} {body}");
    }
    let request = closed.request(Method::POST, "/api/v1/tokens").basic_auth("bob", Some("pw-bob"));
    let other = request.header("content-type", "text/plain").body("{}").send().await?;
    assert_eq!(other.status(), 415);
    // A token makes none, and sees none.
    let (_, token) = closed.api_token("bob", json!({ "name": "b", "scopes": scopes })).await?;
    let request = closed.request(Method::POST, "/api/v1/tokens").bearer_auth(&token);
    let made = request.json(&json!({ "name": "c", "scopes": scopes })).send().await?;
    assert_eq!(made.status(), 403);
    closed.server.stop().await
}

#[tokio::test]
async fn the_realm_is_configured_or_what_the_client_asked() -> Result<()> {
    let closed = Closed::start("").await?;
    let challenge = async |host: &str| -> Result<String> {
        Ok(header(
            &closed.request(Method::GET, "/v2/").header("host", host).send().await?,
            "www-authenticate",
        ))
    };
    assert!(
        challenge("registry.example:8443").await?.contains("realm=\"http://registry.example:8443/token\"")
    );
    for host in ["a\"b.example", "evil.example/x", "a b", "x@evil.example"] {
        let challenge = challenge(host).await?;
        assert!(!challenge.contains("realm=\"http"), "{host}: {challenge}");
    }
    closed.server.stop().await?;
    let closed = Closed::start("public-url = \"https://registry.example/\"\nservice = \"ours\"").await?;
    let version = closed.request(Method::GET, "/v2/").header("host", "evil.example").send().await?;
    let expected = "Bearer realm=\"https://registry.example/token\",service=\"ours\"";
    assert_eq!(header(&version, "www-authenticate"), expected);
    closed.server.stop().await?;
    let closed = Closed::start("challenge = \"basic\"").await?;
    let version = closed.server.api.get("/v2/").await?;
    assert_eq!(header(&version, "www-authenticate"), "Basic realm=\"wkit-registry\", charset=\"UTF-8\"");
    assert_eq!(closed.as_user("bob", Method::GET, "/v2/").await?.status(), 200);
    // Some clients without credentials show two empty ones.
    let empty = async |path: &str| closed.request(Method::GET, path).basic_auth("", Some("")).send().await;
    assert_eq!(empty("/v2/").await?.status(), 401);
    assert_eq!(empty("/v2/public/app/tags/list").await?.status(), 404);
    closed.server.stop().await
}

#[tokio::test]
async fn a_start_with_wrong_settings_names_the_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let htpasswd = folder.path().join("htpasswd");
    std::fs::write(&htpasswd, line("alice", "x"))?;
    let rule = "[[rule]]\nrepositories = [\"**\"]\nallow = [\"pull\"]\nwho = ";
    let file = format!("htpasswd = {:?}\n", htpasswd.to_str().context("a path")?);
    for (settings, said) in [
        (format!("{file}{rule}[\"alice\", \"bob\"]"), "access.rule[1].who[2]: the user `bob` is not in"),
        (format!("{file}[groups]\ng = [\"carol\"]"), "access.groups.g[1]: the user `carol`"),
        (format!("{rule}[\"alice\"]"), "hint: set `access.htpasswd`"),
        ("htpasswd = \"no/such/file\"".to_owned(), "access.htpasswd: could not read `no/such/file`"),
        (format!("{rule}[\"group:x\"]"), "access.rule[1].who[1]: expected a group"),
    ] {
        let mut config = Config::new(folder.path().join("data"));
        config.listen = "127.0.0.1:0".parse()?;
        config.access = toml::from_str(&settings)?;
        let Err(error) = wkit_registry_server::Server::bind(config).await else {
            anyhow::bail!("the server started with {settings}")
        };
        assert!(error.to_string().contains(said), "{settings}: {error}");
    }
    Ok(())
}
