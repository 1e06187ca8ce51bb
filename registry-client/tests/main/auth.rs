//! Challenges, tokens and the sources of credentials.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use wkit_registry_client::{
    Client, ClientConfig, Credentials, DockerConfig, PullError, PushOptions, RequestError, Secret, Silent,
    WkgConfig,
};

use crate::fake::{Fake, Seen, pack, refuse};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 guarded";
/// `alice:s3cret`
const ALICE: &str = "YWxpY2U6czNjcmV0";

/// Who may do what.
#[derive(Clone, Copy, PartialEq)]
enum Guard {
    Basic,
    /// Tokens; without credentials they are for nothing.
    Token,
    /// Tokens; without credentials they are for reading.
    TokenAnonymousPull,
}

/// A registry that asks for credentials. Tokens are their scope, so that what they permit can be checked.
async fn guarded(guard: Guard) -> Fake {
    let fake = Fake::start().await;
    let host = fake.host();
    fake.put_component("demo/greet", "1.0.0", COMPONENT);
    fake.rule(move |seen| {
        if seen.path == "/token" {
            return Some(token(seen, guard));
        }
        let needed = if matches!(seen.method.as_str(), "GET" | "HEAD") { "pull" } else { "push" };
        let granted = match guard {
            Guard::Basic => seen.authorization() == format!("Basic {ALICE}"),
            _ => seen.authorization().strip_prefix("Bearer repository:demo/greet:").is_some_and(|actions| {
                actions.split(',').any(|action| action == needed)
            }),
        };
        if granted {
            return None;
        }
        let challenge = match guard {
            Guard::Basic => "Basic realm=\"fake\"".to_owned(),
            _ => format!(
                "Bearer realm=\"http://{host}/token\",service=\"fake\",scope=\"repository:demo/greet:{needed}\""
            ),
        };
        let mut response = refuse(401, "UNAUTHORIZED", "who are you");
        response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
        Some(response)
    });
    fake
}

fn token(seen: &Seen, guard: Guard) -> Response {
    let scope = match seen.method.as_str() {
        "POST" => {
            let form = String::from_utf8(seen.body.to_vec()).unwrap();
            assert!(form.contains("grant_type=refresh_token") && form.contains("service=fake"), "{form}");
            if !form.contains("refresh_token=refresh%2Fme") {
                return refuse(401, "UNAUTHORIZED", "wrong refresh token");
            }
            form
        }
        _ => {
            assert!(seen.query.contains("service=fake"), "{}", seen.query);
            let known = seen.authorization() == format!("Basic {ALICE}");
            let anonymous = seen.authorization().is_empty()
                && guard == Guard::TokenAnonymousPull
                && !seen.query.contains("push");
            if !known && !anonymous {
                return refuse(401, "UNAUTHORIZED", "wrong password");
            }
            seen.query.clone()
        }
    };
    let scope = scope.split('&').find_map(|pair| pair.strip_prefix("scope=")).unwrap();
    let scope = scope.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
    axum::Json(serde_json::json!({ "token": scope })).into_response()
}

fn alice() -> Credentials {
    Credentials::Basic { username: "alice".to_owned(), password: Secret::new("s3cret") }
}

fn given(mut config: ClientConfig, fake: &Fake, credentials: Credentials) -> Client {
    config.credentials = BTreeMap::from([(fake.host().parse().unwrap(), credentials)]);
    Client::new(config).unwrap()
}

async fn pull(client: &Client, fake: &Fake) -> Result<Bytes, PullError> {
    client.pull(&fake.locator("demo/greet:1.0.0"), &Silent).await.map(|pulled| pulled.component)
}

async fn push(client: &Client, fake: &Fake) -> Result<(), wkit_registry_client::PushError> {
    let bytes = Bytes::from_static(b"new content");
    let locator = fake.locator("demo/greet:2.0.0");
    client.push(&locator, &pack(&bytes), bytes.clone(), PushOptions::default(), &Silent).await.map(|_| ())
}

#[tokio::test]
async fn every_kind_of_credentials_pulls_and_pushes() {
    for (guard, credentials) in [
        (Guard::Basic, alice()),
        (Guard::Token, alice()),
        (Guard::TokenAnonymousPull, alice()),
        (Guard::Token, Credentials::IdentityToken(Secret::new("refresh/me"))),
        (Guard::Token, Credentials::Bearer(Secret::new("repository:demo/greet:pull,push"))),
    ] {
        let (fake, folder) = (guarded(guard).await, tempfile::tempdir().unwrap());
        let client = given(fake.config(&folder), &fake, credentials);
        assert_eq!(pull(&client, &fake).await.unwrap(), COMPONENT);
        push(&client, &fake).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_open_to_all_needs_no_credentials() {
    let (fake, folder) = (guarded(Guard::TokenAnonymousPull).await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    assert_eq!(pull(&client, &fake).await.unwrap(), COMPONENT);
    let error = push(&client, &fake).await.unwrap_err().to_string();
    assert!(error.contains("asked for `repository:demo/greet:pull,push`"), "{error}");
}

#[tokio::test]
async fn a_stale_login_does_not_keep_from_what_is_open_to_all() {
    let (fake, folder) = (guarded(Guard::TokenAnonymousPull).await, tempfile::tempdir().unwrap());
    let stale = Credentials::Basic { username: "alice".to_owned(), password: Secret::new("old") };
    let client = given(fake.config(&folder), &fake, stale);
    assert_eq!(pull(&client, &fake).await.unwrap(), COMPONENT);
}

#[tokio::test]
async fn the_challenge_may_stand_on_the_upload_alone() {
    // Reading is open and nothing but the upload itself asks for credentials.
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let host = fake.host();
    fake.rule(move |seen| {
        if seen.path == "/token" {
            return Some(token(seen, Guard::Token));
        }
        let reads = matches!(seen.method.as_str(), "GET" | "HEAD");
        if reads || seen.authorization() == "Bearer repository:demo/greet:pull,push" {
            return None;
        }
        let mut response = refuse(401, "UNAUTHORIZED", "who are you");
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"fake\"");
        response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
        Some(response)
    });
    push(&given(fake.config(&folder), &fake, alice()), &fake).await.unwrap();
}

#[tokio::test]
async fn a_token_that_has_expired_is_asked_for_again() {
    let (fake, folder) = (guarded(Guard::Token).await, tempfile::tempdir().unwrap());
    let client = given(fake.config(&folder), &fake, alice());
    pull(&client, &fake).await.unwrap();
    fake.seen();
    // From now on the old token is refused, and each new one is good.
    let refused_once = Arc::new(Mutex::new(false));
    fake.rule(move |seen| {
        let mut refused = refused_once.lock().unwrap();
        if seen.path == "/token" || std::mem::replace(&mut *refused, true) {
            return None;
        }
        assert!(seen.authorization().starts_with("Bearer"), "the old token is used first");
        let mut response = refuse(401, "UNAUTHORIZED", "expired");
        let realm = format!("http://{}/token", seen.headers["host"].to_str().unwrap());
        let challenge = format!("Bearer realm=\"{realm}\",service=\"fake\"");
        response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
        Some(response)
    });
    pull(&client, &fake).await.unwrap();
    let requests = fake.requests();
    assert_eq!(requests.iter().filter(|line| line.ends_with("/token")).count(), 1, "{requests:?}");
}

#[tokio::test]
async fn sources_are_asked_in_their_order() {
    let (fake, folder) = (guarded(Guard::Basic).await, tempfile::tempdir().unwrap());
    let host = fake.host();
    let docker = format!(r#"{{"auths":{{"{host}":{{"auth":"{ALICE}"}}}}}}"#);
    let mut config = fake.config(&folder);
    config.docker_config = Some(DockerConfig::new(docker.into_bytes(), "docker.json").unwrap());
    assert_eq!(pull(&Client::new(config).unwrap(), &fake).await.unwrap(), COMPONENT);

    let folder = tempfile::tempdir().unwrap();
    let mut config = fake.config(&folder);
    let wkg = format!("[registry.\"{host}\".oci]\nauth = \"{ALICE}\"\n");
    config.wkg_config = Some(WkgConfig::parse(&wkg).unwrap());
    assert_eq!(pull(&Client::new(config).unwrap(), &fake).await.unwrap(), COMPONENT);

    let (fake, folder) = (guarded(Guard::Token).await, tempfile::tempdir().unwrap());
    let variable = format!("WKG_REGISTRY_{}_AUTH_BEARER", fake.host().replace(['.', ':'], "_"));
    let mut config = fake.config(&folder);
    config.variables =
        Some(Arc::new(move |name| (name == variable).then(|| "repository:demo/greet:pull".to_owned())));
    assert_eq!(pull(&Client::new(config).unwrap(), &fake).await.unwrap(), COMPONENT);
}

#[cfg(unix)]
#[tokio::test]
async fn a_credential_helper_that_is_missing_is_named_as_the_problem() {
    let (fake, folder) = (guarded(Guard::Basic).await, tempfile::tempdir().unwrap());
    let docker = format!(r#"{{"credHelpers":{{"{}":"of-no-such-name"}}}}"#, fake.host());
    let mut config = fake.config(&folder);
    config.docker_config = Some(DockerConfig::new(docker.into_bytes(), "docker.json").unwrap());
    let error = pull(&Client::new(config).unwrap(), &fake).await.unwrap_err().to_string();
    assert!(
        error
            .contains("docker configuration `docker.json`: the credential helper it names cannot be started"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refusal_says_what_was_tried_and_no_secret() {
    let (fake, folder) = (guarded(Guard::Token).await, tempfile::tempdir().unwrap());
    let host = fake.host();
    let mut config = fake.config(&folder);
    config.docker_config = Some(DockerConfig::new(b"{}".to_vec(), "docker.json").unwrap());
    config.wkg_config = Some(
        WkgConfig::parse_named(&format!("[registry.\"{host}\".oci]\nauth = \"YTpwdzI=\"\n"), "wkg.toml")
            .unwrap(),
    );
    let wrong = Credentials::Basic { username: "alice".to_owned(), password: Secret::new("pw1") };
    let error = pull(&given(config, &fake, wrong), &fake).await.unwrap_err();
    let variable = format!("WKG_REGISTRY_{}_AUTH_BEARER", host.replace(['.', ':'], "_"));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot pull `{host}/demo/greet:1.0.0`: the registry `{host}` refused access with status 401: \
             UNAUTHORIZED: who are you; asked for `repository:demo/greet:pull`; tried \
             given credentials: refused by the token server with status 401; \
             variable `{variable}`: not set; \
             wkg configuration `wkg.toml`: refused by the token server with status 401; \
             docker configuration `docker.json`: has nothing for this registry; \
             no credentials: refused by the token server with status 401"
        )
    );
    assert!(error.hint().unwrap().contains("docker login"));
    let shown = format!("{error:?}");
    assert!(!shown.contains("pw1") && !shown.contains("pw2"), "{shown}");
}

#[tokio::test]
async fn hostile_challenges_do_no_harm() {
    for (challenge, answer, said) in [
        ("Bearer realm=\"ftp://127.0.0.1/token\"", "", "names no valid token server"),
        ("Bearer realm=\"nonsense\"", "", "names no valid token server"),
        ("Bearer realm=\"REALM\"", r#"{"token":"two\nlines"}"#, "gave no valid token"),
        ("Bearer realm=\"REALM\"", "<html>", "gave no valid token"),
        ("Bearer realm=\"REALM\"", "{}", "gave no valid token"),
    ] {
        let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
        let challenge = challenge.replace("REALM", &format!("http://{}/token", fake.host()));
        let answer = answer.to_owned();
        fake.rule(move |seen| {
            if seen.path == "/token" {
                return Some(answer.clone().into_response());
            }
            let mut response = StatusCode::UNAUTHORIZED.into_response();
            response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
            Some(response)
        });
        let error = pull(&given(fake.config(&folder), &fake, alice()), &fake).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_token_answer_has_a_limit() {
    use wkit_registry_client::limits::TOKEN_BYTES_MAX;
    for (length, past) in [(TOKEN_BYTES_MAX, false), (TOKEN_BYTES_MAX + 1, true)] {
        let (fake, folder) = (guarded(Guard::Token).await, tempfile::tempdir().unwrap());
        fake.rule(move |seen| {
            let mut body = r#"{"token":"repository:demo/greet:pull"}"#.to_owned();
            body.push_str(&" ".repeat(length - body.len()));
            (seen.path == "/token").then(|| body.into_response())
        });
        let outcome = pull(&fake.client(&folder), &fake).await;
        let too_large =
            matches!(&outcome, Err(PullError::Request { source: RequestError::TooLarge { .. }, .. }));
        assert_eq!((outcome.is_ok(), too_large), (!past, past), "{outcome:?}");
    }
}

#[tokio::test]
async fn credentials_do_not_go_to_another_host() {
    // The blob is elsewhere: the registry redirects to another host, which must not see the credentials.
    let (fake, other, folder) =
        (guarded(Guard::Basic).await, Fake::start().await, tempfile::tempdir().unwrap());
    other.put_blob(COMPONENT);
    let target = format!("http://localhost:{}", other.host().split_once(':').unwrap().1);
    fake.rule(move |seen| {
        seen.is("GET", "/blobs/").then(|| {
            (StatusCode::TEMPORARY_REDIRECT, [("location", format!("{target}{}", seen.path))]).into_response()
        })
    });
    let client = given(fake.config(&folder), &fake, alice());
    assert_eq!(pull(&client, &fake).await.unwrap(), COMPONENT);
    let seen = other.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].authorization(), "");
}
