//! Listing versions.

use axum::response::{IntoResponse, Response};
use wkit_registry_client::{ListError, limits};

use crate::fake::{Fake, refuse};

fn page(tags: &[&str], next: Option<String>) -> Response {
    let mut response = axum::Json(serde_json::json!({ "name": "demo/greet", "tags": tags })).into_response();
    if let Some(next) = next {
        response.headers_mut().insert("link", format!("<{next}>; rel=\"next\"").parse().unwrap());
    }
    response
}

#[tokio::test]
async fn pages_are_followed_and_versions_are_sorted() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let host = fake.host();
    fake.rule(move |seen| {
        let list = "/v2/demo/greet/tags/list";
        (seen.path == list).then(|| match seen.query.as_str() {
            "" => page(&["0.10.0", "0.2.0"], Some(format!("{list}?last=0.2.0&n=2"))),
            // The second link is absolute.
            "last=0.2.0&n=2" => page(&["latest", "0.9.0"], Some(format!("http://{host}{list}?last=x"))),
            "last=x" => page(&["sha256-abc.sig", "1.0.0-rc.1"], None),
            other => panic!("asked for {other}"),
        })
    });
    let client = fake.client(&folder);
    let versions = client.list_versions(&"demo:greet".parse().unwrap()).await.unwrap();
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["0.2.0", "0.9.0", "0.10.0", "1.0.0-rc.1"]);
    let tags = client.list_tags(&fake.host().parse().unwrap(), &"demo/greet".parse().unwrap()).await.unwrap();
    assert_eq!(tags.len(), 6);
}

#[tokio::test]
async fn null_is_an_empty_list() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    fake.rule(|_| Some(axum::Json(serde_json::json!({ "name": "x", "tags": null })).into_response()));
    let client = fake.client(&folder);
    assert!(client.list_versions(&"demo:greet".parse().unwrap()).await.unwrap().is_empty());
    let error = client.resolve(&"demo:greet".parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.ends_with("where there are no versions"), "{error}");
}

#[tokio::test]
async fn an_unknown_repository_is_named() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let error = fake.client(&folder).list_versions(&"demo:nothing".parse().unwrap()).await.unwrap_err();
    assert!(matches!(&error, ListError::UnknownRepository { .. }), "{error}");
    assert_eq!(error.to_string(), format!("the registry `{}` has no repository `demo/nothing`", fake.host()));
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let (fake, other, folder) = (Fake::start().await, Fake::start().await, tempfile::tempdir().unwrap());
    let target = format!("http://{}/v2/demo/greet/tags/list", other.host());
    fake.rule(move |_| Some(page(&["1.0.0"], Some(target.clone()))));
    let error =
        fake.client(&folder).list_versions(&"demo:greet".parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("a `Link` to another host"), "{error}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn pages_have_a_limit() {
    for (pages, past) in [(limits::TAG_PAGES_MAX, false), (limits::TAG_PAGES_MAX + 1, true)] {
        let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
        fake.rule(move |seen| {
            let number: usize = seen.query.strip_prefix("last=").map_or(1, |number| number.parse().unwrap());
            let next = (number < pages).then(|| format!("{}?last={}", seen.path, number + 1));
            Some(page(&["1.0.0"], next))
        });
        let outcome = fake.client(&folder).list_versions(&"demo:greet".parse().unwrap()).await;
        assert_eq!(matches!(outcome, Err(ListError::TooManyPages { .. })), past, "{outcome:?}");
        assert_eq!(outcome.is_ok(), !past);
    }
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    fake.rule(|_| Some("<html>".into_response()));
    let client = fake.client(&folder);
    let error = client.list_versions(&"demo:greet".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ListError::Page { .. }), "{error}");
    fake.rule(|_| Some(refuse(400, "NAME_INVALID", "no")));
    let error = client.list_versions(&"demo:greet".parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.ends_with("NAME_INVALID: no"), "{error}");
}
