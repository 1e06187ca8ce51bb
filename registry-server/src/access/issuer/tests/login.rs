//! Workloads that log in, and where their issuer may send the registry.

use super::*;

#[tokio::test]
async fn a_workload_logs_in_in_every_way() {
    use http::{Request, header};
    use tower::ServiceExt as _;

    let key = TestKey::ec();
    let issuer = TestIssuer::start(&[("k", &key)]).await;
    let settings = format!(
        "[[issuer]]\nurl = \"{}\"\naudience = \"{AUDIENCE}\"\n\
        [[issuer.workload]]\nname = \"release\"\nclaims = {{ repository = \"acme/*\" }}\n\
        [[rule]]\nrepositories = [\"acme/*\"]\nwho = [\"workload:release\"]\nallow = [\"pull\", \"push\"]\n",
        issuer.url
    );
    let folder = tempfile::tempdir().unwrap();
    let app = crate::router::tests::app(folder.path(), &toml::from_str(&settings).unwrap()).await;
    let router = crate::router::router(app);
    let ask = async |method: &str, path: &str, authorization: Option<String>, form: &str| {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "r.example");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(axum::body::Body::from(form.to_owned())).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap_or_default())
    };
    let token = key.token(Some("k"), &issuer.claims());
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("ci:{token}"));
    let (bearer, basic) = (format!("Bearer {token}"), format!("Basic {basic}"));
    let uploads = "/v2/acme/app/blobs/uploads/";
    let scope = "scope=repository:acme/app:pull,push";
    for authorization in [&bearer, &basic] {
        assert_eq!(ask("POST", uploads, Some(authorization.clone()), "").await.0, 202);
        assert_eq!(ask("POST", "/v2/other/app/blobs/uploads/", Some(authorization.clone()), "").await.0, 403);
        let (status, answer) = ask("GET", &format!("/token?{scope}"), Some(authorization.clone()), "").await;
        assert_eq!(status, 200);
        let access = format!("Bearer {}", answer["token"].as_str().unwrap());
        assert_eq!(ask("POST", uploads, Some(access), "").await.0, 202);
    }
    let exchange = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    let (status, answer) =
        ask("POST", "/token", None, &format!("{exchange}&subject_token={token}&{scope}")).await;
    assert_eq!((status, answer["issued_token_type"].as_str()), (200, Some(ACCESS_TOKEN_TYPE)));
    let access = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    assert_eq!(ask("POST", uploads, Some(access), "").await.0, 202);
    assert!(answer["refresh_token"].is_null());

    let mut claims = issuer.claims();
    claims["repository"] = json!("evil/shop");
    let stranger = key.token(Some("k"), &claims);
    let (status, answer) = ask("POST", "/token", None, &format!("{exchange}&subject_token={stranger}")).await;
    assert_eq!((status, answer["error"].as_str()), (401, Some("invalid_grant")));
    assert_eq!(ask("GET", "/v2/", Some(format!("Bearer {stranger}")), "").await.0, 401);
    // An issuer that cannot be asked is not the client's fault.
    issuer.answers(Answer::Status(500));
    let unknown = TestKey::ec().token(Some("new"), &issuer.claims());
    assert_eq!(ask("GET", "/v2/", Some(format!("Bearer {unknown}")), "").await.0, 401);
    assert_eq!(ask("GET", "/v2/", Some(bearer), "").await.0, 200);
}

/// What RFC 8693 (section 3) calls an access token.
const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

#[test]
fn an_issuer_elsewhere_does_not_choose_services_of_this_machine() {
    let (here, elsewhere) = ("http://127.0.0.1:7777", "https://issuer.example");
    assert_eq!(check_keys_url(here, "http://127.0.0.1:7778/keys"), Ok(()));
    assert_eq!(check_keys_url(here, "https://issuer.example/keys"), Ok(()));
    assert_eq!(check_keys_url(elsewhere, "https://keys.example/keys"), Ok(()));
    for keys in ["http://127.0.0.1:7777/keys", "HTTP://localhost/keys", "http://[::1]/", "http://192.0.2.1/"]
    {
        assert!(check_keys_url(elsewhere, keys).is_err(), "{keys}");
    }
}
