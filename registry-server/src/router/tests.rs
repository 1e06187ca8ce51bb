//! Every route asked by everybody: what the guard lets pass, and what it does not.

use std::collections::HashSet;

use base64::Engine as _;
use http::header::AUTHORIZATION;
use tower::ServiceExt as _;
use wkit_artifact::Digest;

use super::*;
use crate::access::{
    Access, AccessSettings, Credentials, NewToken, TokenKind, TokenRequest, now, parse_scopes,
};
use crate::audit::{Audit, AuditSettings};
use crate::limits::CATALOG_HIDDEN_MAX;
use crate::registry::{Registry, Rules};
use crate::store;

/// Who asks, in the order of the columns of [`MATRIX`].
const ASKING: [&str; 13] = [
    "nobody",
    "nonsense",
    "nora",
    "paul",
    "uma",
    "dora",
    "root",
    "token",
    "robot",
    "access",
    "other",
    "login",
    "anonymous",
];

/// `+` is let pass, `1` is told 401, `3` is told 403. The repository `public/app` may be pulled by everybody; on
/// `team/app`, `paul` may pull, `uma` push, `dora` delete; `nora` may do nothing and `root` only run the registry. `token` is an
/// API token of `uma` that may pull only; `robot` one without an owner that may push. `access` is an access token of
/// `uma` to push, `other` one for another repository, `login` one for nothing, `anonymous` one of nobody to pull.
#[rustfmt::skip]
const MATRIX: &[(&str, &str, &str)] = &[
    //                                      nobody
    //                                      | nonsense
    //                                      | |  nora
    //                                      | |  | paul
    //                                      | |  | | uma
    //                                      | |  | | | dora
    //                                      | |  | | | | root
    //                                      | |  | | | | |  token
    //                                      | |  | | | | |  | robot
    //                                      | |  | | | | |  | | access
    //                                      | |  | | | | |  | | | other
    //                                      | |  | | | | |  | | | | login
    //                                      | |  | | | | |  | | | | | anonymous
    ("GET",    "/v2",                      "1 1  + + + + +  + + + + + +"),
    ("HEAD",   "/v2",                      "1 1  + + + + +  + + + + + +"),
    ("GET",    "/v2/",                     "1 1  + + + + +  + + + + + +"),
    ("HEAD",   "/v2/",                     "1 1  + + + + +  + + + + + +"),
    ("GET",    "/v2/_catalog",             "1 1  + + + + +  + + 1 1 1 1"),
    ("HEAD",   "/v2/_catalog",             "1 1  + + + + +  + + 1 1 1 1"),
    ("GET",    "/token",                   "+ 1  + + + + +  + + 1 1 1 1"),
    ("HEAD",   "/token",                   "+ 1  + + + + +  + + 1 1 1 1"),
    ("POST",   "/token",                   "+ +  + + + + +  + + + + + +"),
    ("GET",    "/api/v1/tokens",           "1 1  + + + + +  3 3 3 3 3 1"),
    ("HEAD",   "/api/v1/tokens",           "1 1  + + + + +  3 3 3 3 3 1"),
    ("POST",   "/api/v1/tokens",           "1 1  + + + + +  3 3 3 3 3 1"),
    ("DELETE", "/api/v1/tokens/0",         "1 1  + + + + +  3 3 3 3 3 1"),
    ("GET",     "/api/v1/admin/status",       "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("HEAD",    "/api/v1/admin/status",       "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("GET",     "/api/v1/admin/garbage",      "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("HEAD",    "/api/v1/admin/garbage",      "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("POST",    "/api/v1/admin/garbage",      "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("GET",     "/api/v1/admin/retention",    "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("HEAD",    "/api/v1/admin/retention",    "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("POST",    "/api/v1/admin/retention",    "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("GET",     "/api/v1/admin/quota",        "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("HEAD",    "/api/v1/admin/quota",        "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("GET",     "/api/v1/admin/read-only",    "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("HEAD",    "/api/v1/admin/read-only",    "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("PUT",     "/api/v1/admin/read-only",    "1 1  3 3 3 3 +  3 3 3 3 3 1"),
    ("GET",    "/.well-known/wasm-pkg/registry.json", "+ +  + + + + +  + + + + + +"),
    ("HEAD",   "/.well-known/wasm-pkg/registry.json", "+ +  + + + + +  + + + + + +"),
    ("GET",    "/healthz",                 "+ +  + + + + +  + + + + + +"),
    ("HEAD",   "/healthz",                 "+ +  + + + + +  + + + + + +"),

    ("POST",   "/v2/team/app/blobs/uploads/",    "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("GET",    "/v2/team/app/blobs/uploads/ID",  "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("HEAD",   "/v2/team/app/blobs/uploads/ID",  "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("PATCH",  "/v2/team/app/blobs/uploads/ID",  "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("PUT",    "/v2/team/app/blobs/uploads/ID",  "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("DELETE", "/v2/team/app/blobs/uploads/ID",  "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("GET",    "/v2/team/app/blobs/DIGEST",      "1 1  3 + + 3 3  + + + 1 1 1"),
    ("HEAD",   "/v2/team/app/blobs/DIGEST",      "1 1  3 + + 3 3  + + + 1 1 1"),
    ("DELETE", "/v2/team/app/blobs/DIGEST",      "1 1  3 3 3 + 3  3 3 3 3 3 1"),
    ("GET",    "/v2/team/app/manifests/v1",      "1 1  3 + + 3 3  + + + 1 1 1"),
    ("HEAD",   "/v2/team/app/manifests/v1",      "1 1  3 + + 3 3  + + + 1 1 1"),
    ("PUT",    "/v2/team/app/manifests/v1",      "1 1  3 3 + 3 3  3 + + 1 1 1"),
    ("DELETE", "/v2/team/app/manifests/v1",      "1 1  3 3 3 + 3  3 3 3 3 3 1"),
    ("GET",    "/v2/team/app/tags/list",         "1 1  3 + + 3 3  + + + 1 1 1"),
    ("HEAD",   "/v2/team/app/tags/list",         "1 1  3 + + 3 3  + + + 1 1 1"),
    ("GET",    "/v2/team/app/referrers/DIGEST",  "1 1  3 + + 3 3  + + + 1 1 1"),
    ("HEAD",   "/v2/team/app/referrers/DIGEST",  "1 1  3 + + 3 3  + + + 1 1 1"),

    ("POST",   "/v2/public/app/blobs/uploads/",  "1 1  3 3 3 3 3  3 3 3 3 3 1"),
    ("GET",    "/v2/public/app/blobs/DIGEST",    "+ 1  + + + + +  3 3 1 1 1 +"),
    ("GET",    "/v2/public/app/manifests/v1",    "+ 1  + + + + +  3 3 1 1 1 +"),
    ("PUT",    "/v2/public/app/manifests/v1",    "1 1  3 3 3 3 3  3 3 3 3 3 1"),
    ("DELETE", "/v2/public/app/manifests/v1",    "1 1  3 3 3 3 3  3 3 3 3 3 1"),
    ("GET",    "/v2/public/app/tags/list",       "+ 1  + + + + +  3 3 1 1 1 +"),
    ("GET",    "/v2/public/app/referrers/DIGEST", "+ 1  + + + + +  3 3 1 1 1 +"),
];

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const RULES: &str = r#"
    [[rule]]
    repositories = ["public/**"]
    who = ["anonymous"]
    allow = ["pull"]
    [[rule]]
    repositories = ["team/**"]
    who = ["paul", "uma", "token:robot", "boss"]
    allow = ["pull"]
    [[rule]]
    repositories = ["team/**"]
    who = ["uma", "token:robot", "boss"]
    allow = ["push"]
    [[rule]]
    repositories = ["team/**"]
    who = ["dora", "boss"]
    allow = ["delete"]
    [[rule]]
    repositories = ["**"]
    who = ["root", "boss"]
    allow = ["admin"]
"#;

const USERS: [&str; 6] = ["nora", "paul", "uma", "dora", "root", "boss"];

/// A registry with the rules above, and how to ask it.
struct Asked {
    app: App,
    router: Router,
    token: String,
    robot: String,
    _folder: tempfile::TempDir,
}

impl Asked {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let htpasswd = folder.path().join("htpasswd");
        let hash = bcrypt::hash("secret", 4).unwrap();
        std::fs::write(&htpasswd, USERS.map(|name| format!("{name}:{hash}\n")).concat()).unwrap();
        let settings = format!("htpasswd = {:?}\n{RULES}", htpasswd.to_str().unwrap());
        let settings: AccessSettings = toml::from_str(&settings).unwrap();
        let app = app(folder.path(), &settings).await;
        let tokens = app.access.tokens().unwrap();
        let new = |name: &str, owner: Option<&str>, scope: &str| NewToken {
            kind: TokenKind::Api,
            name: name.to_owned(),
            owner: owner.map(str::to_owned),
            scopes: vec![scope.parse().unwrap()],
            life: None,
            password: None,
        };
        // The scope of `uma`'s token could do more on a repository on which she may do nothing.
        let (_, token) = tokens.create(new("t", Some("uma"), "team/**:pull"), now()).await.unwrap();
        let (_, robot) = tokens.create(new("robot", None, "team/**:pull,push,delete"), now()).await.unwrap();
        Self { router: router(app.clone()), app, token, robot, _folder: folder }
    }

    /// The header of somebody who asks.
    async fn authorization(&self, who: &str) -> Option<String> {
        Some(match who {
            "nobody" => return None,
            "nonsense" => "Bearer nonsense".to_owned(),
            "token" => format!("Bearer {}", self.token),
            "robot" => basic("anything", &self.robot),
            "access" => self.access(Some("uma"), "repository:team/app:pull,push,delete").await,
            "other" => self.access(Some("uma"), "repository:team/other:pull,push").await,
            "login" => self.access(Some("uma"), "").await,
            "anonymous" => {
                self.access(None, "repository:public/app:pull,push repository:team/app:pull").await
            }
            user => basic(user, "secret"),
        })
    }

    /// The header with an access token of a user, or of nobody.
    async fn access(&self, user: Option<&str>, scope: &str) -> String {
        let client = std::net::IpAddr::from([127, 0, 0, 1]);
        let session = match user {
            Some(user) => {
                let password = Credentials::Password { user: user.to_owned(), password: "secret".to_owned() };
                self.app.access.login(password, client).await.unwrap()
            }
            None => self.app.access.session(None, client).await.unwrap(),
        };
        let request =
            TokenRequest { scopes: parse_scopes([scope].into_iter()).unwrap(), ..TokenRequest::default() };
        format!("Bearer {}", self.app.access.issue(&session, request).await.unwrap().unwrap().token)
    }

    async fn ask(&self, method: &str, path: &str, authorization: Option<&str>) -> Response {
        let path = path.replace("DIGEST", &Digest::sha256(b"x").to_string()).replace("ID", &"0".repeat(32));
        self.send(method, &path, authorization).await
    }

    async fn send(&self, method: &str, path: &str, authorization: Option<&str>) -> Response {
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, "registry.example");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

pub(crate) async fn app(data: &std::path::Path, settings: &AccessSettings) -> App {
    let idle = std::time::Duration::from_secs(60);
    let url = crate::MetadataUrl::default();
    over(store::open(&data.join("data"), &url, 1 << 20, 10, idle).await.unwrap(), settings).await
}

async fn over(stores: store::Stores, settings: &AccessSettings) -> App {
    let access = Access::open(settings, stores.metadata.clone()).await.unwrap();
    let audit = Audit::open(&AuditSettings::default()).unwrap();
    App { registry: Registry::new(stores, Rules::default()), access, audit }
}

fn basic(user: &str, password: &str) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

/// An example of every endpoint below a repository. A new one does not compile until it is here.
fn examples() -> [&'static str; 6] {
    let example = |endpoint: Endpoint<'_>| match endpoint {
        Endpoint::Uploads => "/v2/team/app/blobs/uploads/",
        Endpoint::Upload(_) => "/v2/team/app/blobs/uploads/ID",
        Endpoint::Blob(_) => "/v2/team/app/blobs/DIGEST",
        Endpoint::Manifest(_) => "/v2/team/app/manifests/v1",
        Endpoint::Tags => "/v2/team/app/tags/list",
        Endpoint::Referrers(_) => "/v2/team/app/referrers/DIGEST",
    };
    [
        example(Endpoint::Uploads),
        example(Endpoint::Upload("")),
        example(Endpoint::Blob("")),
        example(Endpoint::Manifest("")),
        example(Endpoint::Tags),
        example(Endpoint::Referrers("")),
    ]
}

#[tokio::test]
async fn every_route_is_asked_by_everybody() {
    let asked = Asked::new().await;
    let mut wrong = Vec::new();
    for (column, who) in ASKING.into_iter().enumerate() {
        let authorization = asked.authorization(who).await;
        for (method, path, expected) in MATRIX {
            let expected = expected.split_whitespace().nth(column).unwrap();
            let response = asked.ask(method, path, authorization.as_deref()).await;
            let found = match response.status().as_u16() {
                401 => "1",
                403 => "3",
                _ => "+",
            };
            if found != expected {
                wrong.push(format!(
                    "{method} {path} as {who}: expected {expected}, found {}",
                    response.status()
                ));
            }
            let challenge = response.headers().contains_key(header::WWW_AUTHENTICATE);
            assert_eq!(challenge, found == "1", "{method} {path} as {who}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_route_has_its_rows() {
    let rows: HashSet<_> = MATRIX.iter().map(|(method, path, _)| (*method, *path)).collect();
    let asked = Asked::new().await;
    let boss = basic("boss", "secret");
    let mut paths: Vec<String> = routes().into_iter().map(|(path, ..)| path.replace("{id}", "0")).collect();
    paths.extend(admin().into_iter().map(|(path, _)| format!("{ADMIN}{path}")));
    paths.extend(examples().map(str::to_owned));
    for path in &paths {
        for method in METHODS {
            // Who may do everything is stopped by nothing but the lack of a route.
            let status = asked.ask(method, path, Some(&boss)).await.status();
            let exists = status != StatusCode::METHOD_NOT_ALLOWED;
            let row = rows.contains(&(method, path.as_str()));
            assert_eq!(row, exists, "{method} {path} was answered {status}");
        }
    }
    for (method, path, columns) in MATRIX {
        assert_eq!(columns.split_whitespace().count(), ASKING.len(), "{method} {path}");
        let known = paths.iter().any(|known| known == path) || path.starts_with("/v2/public/");
        assert!(known, "{path} is no route");
    }
}

#[tokio::test]
async fn running_the_registry_is_for_admins_whatever_is_there() {
    let asked = Asked::new().await;
    let mut paths: Vec<String> = admin().into_iter().map(|(path, _)| format!("{ADMIN}{path}")).collect();
    paths.extend(["", "/anything", "/a/b/c"].map(|rest| format!("{ADMIN}{rest}")));
    let client = |name: &str| matches!(name, "nobody" | "nonsense" | "anonymous");
    for who in ASKING {
        let authorization = asked.authorization(who).await;
        for (method, path) in METHODS.iter().flat_map(|method| paths.iter().map(move |path| (method, path))) {
            let status = asked.ask(method, path, authorization.as_deref()).await.status().as_u16();
            match who {
                "root" => assert!(!matches!(status, 401 | 403), "{method} {path}: {status}"),
                who => assert_eq!(status, if client(who) { 401 } else { 403 }, "{method} {path} as {who}"),
            }
        }
    }
    // A token of an admin is one only when its scopes say so, and no access token is.
    let tokens = asked.app.access.tokens().unwrap();
    for (name, scope, expected) in
        [("a", "**:admin", 404), ("b", "**:pull,push,delete", 403), ("c", "team/**:admin", 403)]
    {
        let new = NewToken {
            kind: TokenKind::Api,
            name: name.to_owned(),
            owner: Some("root".to_owned()),
            scopes: vec![scope.parse().unwrap()],
            life: None,
            password: None,
        };
        let (_, secret) = tokens.create(new, now()).await.unwrap();
        let bearer = format!("Bearer {secret}");
        let status = asked.ask("GET", &format!("{ADMIN}/anything"), Some(&bearer)).await.status();
        assert_eq!(status.as_u16(), expected, "{scope}");
    }
    let access = asked.access(Some("root"), "registry:catalog:* repository:team/app:admin,*").await;
    let status = asked.ask("GET", &format!("{ADMIN}/anything"), Some(&access)).await.status();
    assert_eq!(status, StatusCode::FORBIDDEN);
}

/// The names of the repositories that are passed over are in no answer, and the list does not end there.
#[tokio::test]
async fn the_catalogue_goes_on_after_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::MetadataUrl::default();
    let idle = std::time::Duration::from_secs(60);
    let stores = store::open(folder.path(), &url, 1 << 20, 10, idle).await.unwrap();
    let mut batch = store::Batch::default();
    let hidden = (0..=CATALOG_HIDDEN_MAX).map(|number| format!("hidden/{number}"));
    for name in hidden.chain(["a/public".to_owned(), "z/public".to_owned()]) {
        batch.set(
            store::layout::manifest(&name.parse().unwrap(), &Digest::sha256(b"x")),
            store::layout::manifest_value("x", b"{}"),
        );
    }
    stores.metadata.commit(batch).await.unwrap();
    let settings = "rule = [{ repositories = [\"*/public\"], who = [\"anonymous\"], allow = [\"pull\"] }]";
    let app = over(stores, &toml::from_str(settings).unwrap()).await;
    let asked = Asked {
        router: router(app.clone()),
        app,
        token: String::new(),
        robot: String::new(),
        _folder: folder,
    };
    let nobody = asked.access(None, "registry:catalog:*").await;
    let (mut found, mut path) = (Vec::new(), "/v2/_catalog?n=5".to_owned());
    for _ in 0..2 {
        let response = asked.send("GET", &path, Some(&nobody)).await;
        assert_eq!(response.status(), 200, "{path}");
        let link = response.headers().get(header::LINK).map(|link| link.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
        found.push(page["repositories"].clone());
        let Some(link) = link else { break };
        assert!(link.starts_with("</v2/_catalog?n=5&last=~") && !link.contains("hidden"), "{link}");
        path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(found, [serde_json::json!(["a/public"]), serde_json::json!(["z/public"])]);
    let status = asked.send("GET", "/v2/_catalog?last=~nonsense", Some(&nobody)).await.status();
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_registry_without_access_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), &AccessSettings::default()).await;
    let asked = Asked {
        router: router(app.clone()),
        app,
        token: String::new(),
        robot: String::new(),
        _folder: folder,
    };
    for (method, path, _) in MATRIX {
        for authorization in [None, Some("Bearer nonsense")] {
            let status = asked.ask(method, path, authorization).await.status();
            assert!(!matches!(status.as_u16(), 401 | 403), "{method} {path}: {status}");
        }
    }
    assert_eq!(asked.ask("GET", "/token", None).await.status(), 404);
    assert_eq!(asked.ask("GET", "/api/v1/tokens", None).await.status(), 404);
}

#[tokio::test]
async fn a_hidden_repository_is_as_one_that_is_not_there() {
    let asked = Asked::new().await;
    let config = asked.app.registry.clone();
    let body = futures_util::StreamExt::boxed(futures_util::stream::iter([Ok(bytes::Bytes::from("x"))]));
    config.put_blob("team/app".parse().unwrap(), Digest::sha256(b"x"), body).await.unwrap();
    for who in ["nobody", "nora", "dora", "other"] {
        let authorization = asked.authorization(who).await;
        let mut answers = Vec::new();
        for repository in ["team/app", "team/none"] {
            let path = format!("/v2/{repository}/blobs/DIGEST");
            let response = asked.ask("GET", &path, authorization.as_deref()).await;
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
            answers.push((status, body));
        }
        assert!(matches!(answers[0].0.as_u16(), 401 | 403), "{who}");
        assert_eq!(answers[0], answers[1], "{who}");
    }
}
