//! From a package to a reference.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use wkit_registry_client::{Client, Mapping, ResolveError, WkgConfig, limits};

use crate::fake::{Fake, quick};

const WELL_KNOWN: &str = "/.well-known/wasm-pkg/registry.json";

fn mapping(host: &str, prefix: Option<&str>) -> Mapping {
    Mapping {
        registry: host.parse().unwrap(),
        prefix: prefix.map(str::to_owned),
        plain_http: None,
        source: "wkit.toml: registries.demo".to_owned(),
    }
}

fn well_known(fake: &Fake, body: impl Into<String>) {
    let body = body.into();
    fake.rule(move |seen| {
        let json = [("content-type", "application/json")];
        (seen.path == WELL_KNOWN).then(|| (json, body.clone()).into_response())
    });
}

#[tokio::test]
async fn the_project_comes_first_and_says_how() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let mut config = quick(&folder);
    config.namespaces.insert("demo", mapping(&fake.host(), Some("components/")));
    config.wkg_config = Some(WkgConfig::parse("[namespace_registries]\ndemo = \"other.example\"\n").unwrap());
    let resolved = Client::new(config).unwrap().resolve(&"demo:greet@1.0.0".parse().unwrap()).await.unwrap();
    let host = fake.host();
    assert_eq!(resolved.reference.to_string(), format!("{host}/components/demo/greet:1.0.0"));
    assert!(resolved.plain_http);
    assert_eq!(
        resolved.chain,
        [
            format!("wkit.toml: registries.demo = `{host}`"),
            format!("repository `{host}/components/demo/greet`, by plain HTTP"),
        ]
    );
    assert_eq!(fake.requests(), [""; 0], "a prefix leaves nothing to ask for");
}

#[tokio::test]
async fn the_host_is_asked_where_its_packages_are() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let host = fake.host();
    well_known(
        &fake,
        r#"{"preferredProtocol":"oci","oci":{"registry":"ghcr.io","namespacePrefix":"webassembly/"}}"#,
    );
    let mut config = quick(&folder);
    config.namespaces.insert("demo", mapping(&host, None));
    let resolved = Client::new(config).unwrap().resolve(&"demo:greet@1.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(resolved.reference.to_string(), "ghcr.io/webassembly/demo/greet:1.0.0");
    assert!(!resolved.plain_http);
    assert_eq!(
        resolved.chain,
        [
            format!("wkit.toml: registries.demo = `{host}`"),
            format!("http://{host}{WELL_KNOWN}: registry `ghcr.io`, prefix `webassembly/`"),
            "repository `ghcr.io/webassembly/demo/greet`".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_host_that_says_nothing_is_the_registry_itself() {
    for answer in [
        StatusCode::NOT_FOUND.into_response(),
        StatusCode::FORBIDDEN.into_response(),
        ([("content-type", "text/html")], "<html>").into_response(),
    ] {
        let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
        let answer = std::sync::Mutex::new(Some(answer));
        fake.rule(move |seen| if seen.path == WELL_KNOWN { answer.lock().unwrap().take() } else { None });
        let mut config = quick(&folder);
        config.namespaces.insert("demo", mapping(&fake.host(), None));
        let located = Client::new(config).unwrap().locate(&"demo:greet".parse().unwrap()).await.unwrap();
        assert_eq!(located.registry.to_string(), fake.host());
        assert_eq!(located.repository.as_str(), "demo/greet");
        assert!(located.chain[1].contains("so the host itself is used"), "{:?}", located.chain);
    }
}

#[tokio::test]
async fn wkg_s_configuration_is_used_as_wkg_does() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let host = fake.host();
    let text = format!(
        r#"
        default_registry = "{host}"
        [namespace_registries]
        inline = {{ registry = "anything", metadata = {{ preferredProtocol = "oci", oci = {{ registry = "{host}", namespacePrefix = "x/" }} }} }}
        [package_registry_overrides]
        "inline:special" = "{host}"
        "#
    );
    let mut config = quick(&folder);
    config.wkg_config = Some(WkgConfig::parse_named(&text, "config.toml").unwrap());
    let client = Client::new(config).unwrap();
    for (package, repository, first) in [
        (
            "inline:greet",
            "x/inline/greet",
            "config.toml: namespace_registries.inline = `anything`".to_owned(),
        ),
        (
            "inline:special",
            "inline/special",
            format!("config.toml: package_registry_overrides.\"inline:special\" = `{host}`"),
        ),
        ("other:greet", "other/greet", format!("config.toml: default_registry = `{host}`")),
    ] {
        let located = client.locate(&package.parse().unwrap()).await.unwrap();
        assert_eq!(located.repository.as_str(), repository);
        assert_eq!(located.registry.to_string(), host);
        assert_eq!(located.chain[0], first);
    }
}

#[tokio::test]
async fn a_package_without_a_registry_says_where_was_looked() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = quick(&folder);
    config.wkg_config = Some(WkgConfig::parse_named("", "config.toml").unwrap());
    let error = Client::new(config).unwrap().resolve(&"demo:greet@1.0.0".parse().unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no registry is known for `demo:greet`; looked in `[registries]` of wkit.toml and `config.toml`"
    );
    assert!(error.hint().unwrap().ends_with("demo = \"registry.example\""));
}

#[tokio::test]
async fn a_missing_slash_is_noted_and_a_wrong_prefix_is_an_error() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let mut config = quick(&folder);
    config.namespaces.insert("demo", mapping(&fake.host(), Some("team")));
    config.namespaces.insert("bad", mapping(&fake.host(), Some("/team/")));
    let client = Client::new(config).unwrap();
    let located = client.locate(&"demo:greet".parse().unwrap()).await.unwrap();
    assert_eq!(located.repository.as_str(), "teamdemo/greet");
    assert!(located.chain.iter().any(|line| line.contains("has no `/` at its end")), "{:?}", located.chain);
    let error = client.locate(&"bad:greet".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ResolveError::Repository { .. }), "{error}");
}

#[tokio::test]
async fn metadata_that_cannot_be_used_is_an_error_with_its_url() {
    for (body, said) in [
        (r#"{"preferredProtocol":"warg"}"#, "expected the protocol `oci`, found `warg`"),
        (r#"{"oci":{"registry":"https://x"}}"#, "without a scheme"),
        ("{", "it is not valid"),
    ] {
        let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
        well_known(&fake, body);
        let mut config = quick(&folder);
        config.namespaces.insert("demo", mapping(&fake.host(), None));
        let error = Client::new(config).unwrap().locate(&"demo:greet".parse().unwrap()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(WELL_KNOWN), "{text}");
        assert_eq!(error.chain().len(), 1);
    }
}

#[tokio::test]
async fn metadata_has_a_limit() {
    for (length, past) in [(limits::METADATA_BYTES_MAX, false), (limits::METADATA_BYTES_MAX + 1, true)] {
        let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
        well_known(&fake, format!("{{}}{}", " ".repeat(length - 2)));
        let mut config = quick(&folder);
        config.namespaces.insert("demo", mapping(&fake.host(), None));
        let outcome = Client::new(config).unwrap().locate(&"demo:greet".parse().unwrap()).await;
        assert_eq!(outcome.is_err(), past, "{outcome:?}");
    }
}

#[tokio::test]
async fn versions_that_do_not_fit_name_those_there_are() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    for tag in ["1.0.0", "1.1.0"] {
        fake.put_component("demo/greet", tag, b"x");
    }
    fake.put_component("demo/early", "0.1.0-rc.1", b"x");
    let client = fake.client(&folder);
    let resolved = client.resolve(&"demo:greet@^1".parse().unwrap()).await.unwrap();
    assert_eq!(resolved.reference.tag().unwrap().as_str(), "1.1.0");
    assert_eq!(resolved.chain.last().unwrap(), "version 1.1.0, the newest that fits of 2");
    let error = client.resolve(&"demo:greet@^2".parse().unwrap()).await.unwrap_err();
    let expected =
        format!("no version of `demo:greet@^2` fits in `{}/demo/greet`, which has 1.1.0, 1.0.0", fake.host());
    assert_eq!(error.to_string(), expected);
    let error = client.resolve(&"demo:early".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.hint().unwrap(), "there are only pre-releases; name one, as in `demo:early@0.1.0-rc.1`");
}

#[tokio::test]
async fn plain_http_is_for_this_machine_and_what_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = quick(&folder);
    for (namespace, host, plain_http) in [
        ("local", "localhost:5000", None),
        ("far", "registry.example", None),
        ("listed", "listed.example", None),
        ("said", "said.example", Some(true)),
        ("secure", "localhost:5000", Some(false)),
    ] {
        config.namespaces.insert(namespace, Mapping { plain_http, ..mapping(host, Some("")) });
    }
    config.plain_http.insert("listed.example".parse().unwrap());
    let client = Client::new(config).unwrap();
    for (package, expected) in
        [("local:x", true), ("far:x", false), ("listed:x", true), ("said:x", true), ("secure:x", false)]
    {
        let located = client.locate(&package.parse().unwrap()).await.unwrap();
        assert_eq!(located.plain_http, expected, "{package}");
    }
}

#[tokio::test]
async fn plain_http_said_of_a_host_holds_for_its_metadata_and_for_it_alone() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    well_known(&fake, r#"{"oci":{"registry":"elsewhere.example"}}"#);
    let mut config = quick(&folder);
    config.namespaces.insert("demo", Mapping { plain_http: Some(true), ..mapping(&fake.host(), None) });
    config.namespaces.insert("secure", Mapping { plain_http: Some(false), ..mapping(&fake.host(), None) });
    let client = Client::new(config).unwrap();
    let located = client.locate(&"demo:greet".parse().unwrap()).await.unwrap();
    assert_eq!((located.registry.to_string().as_str(), located.plain_http), ("elsewhere.example", false));
    // By https this host cannot be reached.
    let error = client.locate(&"secure:greet".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ResolveError::Host { .. }), "{error}");
    assert!(error.hint().unwrap().contains("plain HTTP"), "{:?}", error.hint());
}
