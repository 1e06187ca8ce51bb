use super::*;

fn package(text: &str) -> PackageName {
    text.parse().unwrap()
}

fn host(text: &str) -> RegistryHost {
    text.parse().unwrap()
}

const FULL: &str = r#"
default_registry = "default.example"

[namespace_registries]
demo = "127.0.0.1:5000"
test = { registry = "name.example", metadata = { preferredProtocol = "oci", oci = { registry = "ghcr.io", namespacePrefix = "webassembly/" } } }
bare = { registry = "bare.example" }

[package_registry_overrides]
"demo:special" = { registry = "x.example", metadata = { oci = { registry = "y.example" } } }

[registry."127.0.0.1:5000".oci]
protocol = "http"
auth = { username = "open", password = "sesame" }

[registry."name.example"]
type = "oci"
[registry."name.example".oci]
auth = "cGluZzpwb25n"
accept_invalid_certificates = true
extra_root_certificates = [{ encoding = "pem", data = "-----BEGIN CERTIFICATE-----" }]
[registry."name.example".other]
key = "value"

[registry."empty.example"]
default = "oci"

[future]
key = 1
"#;

#[test]
fn mappings() {
    let config = WkgConfig::parse(FULL).unwrap();
    let mapping = |text: &str| {
        let (mapping, key) = config.mapping(&package(text)).unwrap();
        let metadata = mapping.metadata.map(|m| (m.registry.map(|h| h.to_string()), m.prefix));
        (mapping.registry.to_string(), metadata, key)
    };
    assert_eq!(
        mapping("demo:greet"),
        ("127.0.0.1:5000".to_owned(), None, "namespace_registries.demo".to_owned())
    );
    assert_eq!(mapping("test:x").1, Some((Some("ghcr.io".to_owned()), Some("webassembly/".to_owned()))));
    assert_eq!(mapping("bare:x").1, None);
    assert_eq!(
        mapping("demo:special"),
        (
            "x.example".to_owned(),
            Some((Some("y.example".to_owned()), None)),
            "package_registry_overrides.\"demo:special\"".to_owned()
        )
    );
    assert_eq!(mapping("other:x").2, "default_registry");
    assert_eq!(WkgConfig::parse("").unwrap().mapping(&package("a:b")), None);
}

#[test]
fn registries() {
    let config = WkgConfig::parse(FULL).unwrap();
    let local = config.registry(&host("127.0.0.1:5000")).unwrap();
    assert_eq!(local.plain_http, Some(true));
    assert_eq!(
        local.credentials,
        Some(Credentials::Basic { username: "open".to_owned(), password: Secret::new("sesame") })
    );
    let named = config.registry(&host("name.example")).unwrap();
    assert_eq!(
        named.credentials,
        Some(Credentials::Basic { username: "ping".to_owned(), password: Secret::new("pong") })
    );
    assert!(named.accept_invalid_certificates);
    assert_eq!(named.extra_root_certificates.len(), 1);
    assert_eq!(config.registry(&host("empty.example")), Some(&WkgRegistry::default()));
    assert_eq!(config.registry(&host("none.example")), None);
}

#[test]
fn errors_name_the_place_and_no_secret() {
    let error = |text: &str| {
        let error = WkgConfig::parse_named(text, "config.toml").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("sesame"), "{shown}");
        error.to_string()
    };
    let text = error("[registry.\"a.b\".oci]\nauth = { username = \"x\", password = \"sesame\", }}\n");
    assert!(text.starts_with("`config.toml` is not valid at line 2, column "), "{text}");
    let text = error("[registry.\"a.b\".oci]\nauth = { username = \"x\", passwort = \"sesame\" }\n");
    assert!(text.contains("expected base64 of `user:password`"), "{text}");
    assert_eq!(
        error("[registry.\"a.b\".oci]\nauth = \"sesame\"\n"),
        "`registry.\"a.b\".oci.auth` in `config.toml`: expected base64 of `user:password`, or a table with `username` and `password`"
    );
    assert_eq!(
        error("[registry.\"a.b\".oci]\nprotocol = \"ftp\"\n"),
        "`registry.\"a.b\".oci.protocol` in `config.toml`: expected `http` or `https`, found `ftp`"
    );
    assert!(error("[namespace_registries]\na = \"https://x\"\n").starts_with("`namespace_registries.a` in"));
    assert!(error("[package_registry_overrides]\nnope = \"x.y\"\n").contains("expected a package such as"));
    assert!(
        error("[namespace_registries]\na = { registry = \"x.y\", metadata = { preferredProtocol = \"local\" } }\n")
            .contains("expected `oci`, found `local`")
    );
}

#[test]
fn the_variable_of_a_token() {
    assert_eq!(
        bearer_variable(&host("my-reg.example.com:5000")),
        "WKG_REGISTRY_MY_REG_EXAMPLE_COM_5000_AUTH_BEARER"
    );
}

#[test]
fn size_limit() {
    let at = format!("#{}", "x".repeat(WKG_CONFIG_BYTES_MAX - 1));
    assert!(WkgConfig::parse(&at).is_ok());
    assert!(matches!(WkgConfig::parse(&format!("{at}x")), Err(ConfigError::Size { .. })));
}
