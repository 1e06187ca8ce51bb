//! Pulling from a registry that behaves, and what is refused.

use std::sync::Mutex;

use wkit_artifact::{Descriptor, Digest, ImageIndex, ImageManifest, Manifest, Pack, Platform, media_type};
use wkit_registry_client::{Progress, PullError, Silent, limits};

use crate::fake::{Fake, pack};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 and more";

#[tokio::test]
async fn a_component_comes_whole_and_the_second_time_from_the_cache() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let packed = fake.put_component("demo/greet", "1.0.0", COMPONENT);
    let client = fake.client(&folder);

    let pulled = client.pull(&fake.locator("demo/greet:1.0.0"), &Silent).await.unwrap();
    assert_eq!(pulled.component, COMPONENT);
    assert_eq!(pulled.manifest_digest, packed.manifest_digest);
    assert!(!pulled.from_cache);
    let pinned = format!("{}/demo/greet:1.0.0@{}", fake.host(), packed.manifest_digest);
    assert_eq!(pulled.reference.to_string(), pinned);
    let layer = packed.layer_descriptor.digest.clone();
    assert_eq!(
        fake.requests(),
        ["GET /v2/demo/greet/manifests/1.0.0".to_owned(), format!("GET /v2/demo/greet/blobs/{layer}")]
    );

    let again = client.pull(&fake.locator("demo/greet:1.0.0"), &Silent).await.unwrap();
    assert!(again.from_cache);
    assert_eq!(fake.requests(), ["GET /v2/demo/greet/manifests/1.0.0"], "a tag may have moved");

    let by_digest = client.pull(&pinned.parse().unwrap(), &Silent).await.unwrap();
    assert!(by_digest.from_cache);
    assert_eq!(fake.requests(), [""; 0], "a digest says all");

    let config = client.wasm_config(&pulled).await.unwrap().unwrap();
    assert_eq!(config.component.unwrap().exports, ["demo:greet/hello@0.1.0"]);
}

#[tokio::test]
async fn a_package_is_pulled_by_version_requirement_and_newest() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    for (tag, content) in
        [("1.0.0", "a"), ("1.2.0", "b"), ("2.0.0", "c"), ("3.0.0-rc.1", "d"), ("latest", "e")]
    {
        fake.put_component("demo/greet", tag, content.as_bytes());
    }
    let client = fake.client(&folder);
    for (locator, content) in [
        ("demo:greet@1.0.0", "a"),
        ("demo:greet@^1", "b"),
        ("demo:greet", "c"),
        ("demo:greet@3.0.0-rc.1", "d"),
    ] {
        let pulled = client.pull(&locator.parse().unwrap(), &Silent).await.unwrap();
        assert_eq!(pulled.component, content, "{locator}");
    }
}

#[tokio::test]
async fn what_other_tools_push_is_pulled() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let layer_digest = fake.put_blob(COMPONENT);
    let config_digest = fake.put_blob(b"{}");
    for (tag, config, layer) in [
        ("oras", media_type::OCI_EMPTY, media_type::WASM),
        ("legacy", media_type::WASM_CONFIG_LEGACY, media_type::WASM_LAYER_LEGACY),
    ] {
        let mut manifest = manifest(layer, &layer_digest, COMPONENT.len() as u64);
        manifest.config = Some(Descriptor::new(config, config_digest.clone(), 2));
        manifest.artifact_type = Some("application/vnd.unknown.artifact.v1".to_owned());
        let bytes = serde_json::to_vec(&manifest).unwrap();
        fake.put_manifest("demo/greet", tag, &bytes, media_type::OCI_MANIFEST);
        let pulled = client.pull(&fake.locator(&format!("demo/greet:{tag}")), &Silent).await.unwrap();
        assert_eq!(pulled.component, COMPONENT);
        assert!(client.wasm_config(&pulled).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_index_with_one_wasm_entry_is_followed() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let packed = fake.put_component("demo/greet", "plain", COMPONENT);
    let entry = |architecture: Option<&str>| {
        let size = packed.manifest.len() as u64;
        let mut entry = Descriptor::new(media_type::OCI_MANIFEST, packed.manifest_digest.clone(), size);
        entry.platform = architecture
            .map(|architecture| Platform { architecture: architecture.to_owned(), os: "wasip2".to_owned() });
        entry
    };
    let index = |tag: &str, entries: Vec<Descriptor>| {
        let bytes = serde_json::to_vec(&ImageIndex::new(entries)).unwrap();
        fake.put_manifest("demo/greet", tag, &bytes, media_type::OCI_INDEX);
        fake.locator(&format!("demo/greet:{tag}"))
    };
    for locator in
        [index("one", vec![entry(Some("amd64")), entry(Some("wasm"))]), index("alone", vec![entry(None)])]
    {
        let pulled = client.pull(&locator, &Silent).await.unwrap();
        assert_eq!(
            (pulled.component.as_ref(), &pulled.manifest_digest),
            (COMPONENT, &packed.manifest_digest)
        );
    }
    for (locator, found) in [
        (index("two", vec![entry(Some("wasm")), entry(Some("wasm"))]), "found wasip2/wasm, wasip2/wasm"),
        (index("other", vec![entry(Some("amd64"))]), "found wasip2/amd64"),
        (index("none", Vec::new()), "found none"),
    ] {
        let error = client.pull(&locator, &Silent).await.unwrap_err();
        assert!(matches!(error, PullError::Index { .. }) && error.to_string().ends_with(found), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_component_is_named() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let mut two = manifest(media_type::WASM, &Digest::sha256(b"x"), 1);
    two.layers.push(two.layers[0].clone());
    fake.put_manifest("demo/greet", "two", &serde_json::to_vec(&two).unwrap(), media_type::OCI_MANIFEST);
    let error = client.pull(&fake.locator("demo/greet:two"), &Silent).await.unwrap_err().to_string();
    assert!(
        error.ends_with("is not a component: expected exactly one layer in a Wasm artifact, found 2"),
        "{error}"
    );

    fake.put_manifest("demo/greet", "html", b"<html>", "text/html");
    let error = client.pull(&fake.locator("demo/greet:html"), &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::Manifest { .. }), "{error}");
}

#[tokio::test]
async fn an_unknown_version_names_those_there_are() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    for tag in ["1.0.0", "1.1.0", "2.0.0"] {
        fake.put_component("demo/greet", tag, COMPONENT);
    }
    let client = fake.client(&folder);
    let error = client.pull(&"demo:greet@1.9.0".parse().unwrap(), &Silent).await.unwrap_err();
    let expected = format!(
        "there is no `{}/demo/greet:1.9.0` in this repository, which has 2.0.0, 1.1.0, 1.0.0",
        fake.host()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.hint().unwrap(), "the nearest version is 1.1.0");

    let error = client.pull(&"demo:nothing@1.0.0".parse().unwrap(), &Silent).await.unwrap_err();
    let expected = format!("the registry `{}` has no repository `demo/nothing`", fake.host());
    assert_eq!(error.to_string(), expected);

    let digest = Digest::sha256(b"none");
    let error = client.pull(&fake.locator(&format!("demo/greet@{digest}")), &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::UnknownManifest { .. }), "{error}");
}

#[tokio::test]
async fn a_blob_that_is_not_there_is_named() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let packed = fake.put_component("demo/greet", "1.0.0", COMPONENT);
    fake.remove_blob(&packed.layer_descriptor.digest);
    let error = fake.client(&folder).pull(&fake.locator("demo/greet:1.0.0"), &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::MissingBlob { .. }), "{error}");
}

#[tokio::test]
async fn layers_have_a_limit() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    let digest = fake.put_blob(COMPONENT);
    for (tag, size) in [("at", limits::LAYER_BYTES_MAX), ("past", limits::LAYER_BYTES_MAX + 1)] {
        let bytes = serde_json::to_vec(&manifest(media_type::WASM, &digest, size)).unwrap();
        fake.put_manifest("demo/greet", tag, &bytes, media_type::OCI_MANIFEST);
    }
    // At the limit the layer is fetched, and found to be shorter than stated.
    let error = client.pull(&fake.locator("demo/greet:at"), &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::WrongSize { found_bytes: 17, .. }), "{error}");
    fake.requests();
    let error = client.pull(&fake.locator("demo/greet:past"), &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::LayerSize { .. }), "{error}");
    assert_eq!(fake.requests(), ["GET /v2/demo/greet/manifests/past"], "nothing of it is fetched");
}

#[tokio::test]
async fn configs_have_a_limit() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    fake.put_blob(COMPONENT);
    for (tag, size, past) in
        [("at", limits::CONFIG_BYTES_MAX, false), ("past", limits::CONFIG_BYTES_MAX + 1, true)]
    {
        let mut config = Pack::core_module(Digest::sha256(COMPONENT), 17).finish().unwrap().config;
        config.resize(size, b' ');
        let mut manifest = manifest(media_type::WASM, &Digest::sha256(COMPONENT), 17);
        manifest.config =
            Some(Descriptor::new(media_type::WASM_CONFIG_V0, fake.put_blob(&config), size as u64));
        fake.put_manifest(
            "demo/greet",
            tag,
            &serde_json::to_vec(&manifest).unwrap(),
            media_type::OCI_MANIFEST,
        );
        let pulled = client.pull(&fake.locator(&format!("demo/greet:{tag}")), &Silent).await.unwrap();
        let config = client.wasm_config(&pulled).await;
        assert_eq!(matches!(config, Err(PullError::ConfigSize { .. })), past, "{config:?}");
        assert_eq!(config.is_ok(), !past);
    }
}

#[tokio::test]
async fn manifests_have_a_limit() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let client = fake.client(&folder);
    fake.put_blob(COMPONENT);
    let mut bytes = pack(COMPONENT).manifest;
    bytes.resize(limits::MANIFEST_BYTES_MAX, b' ');
    fake.put_manifest("demo/greet", "at", &bytes, media_type::OCI_MANIFEST);
    client.pull(&fake.locator("demo/greet:at"), &Silent).await.unwrap();
    bytes.push(b' ');
    fake.put_manifest("demo/greet", "past", &bytes, media_type::OCI_MANIFEST);
    let error = client.pull(&fake.locator("demo/greet:past"), &Silent).await.unwrap_err().to_string();
    assert!(error.contains("expected at most 4194304 bytes of the manifest `past`"), "{error}");
}

#[tokio::test]
async fn progress_adds_up() {
    #[derive(Default)]
    struct Log(Mutex<(Vec<String>, u64)>);
    impl Progress for Log {
        fn started(&self, what: &str, total_bytes: Option<u64>) {
            self.0.lock().unwrap().0.push(format!("started {what} {total_bytes:?}"));
        }
        fn advanced(&self, _: &str, bytes: u64) {
            self.0.lock().unwrap().1 += bytes;
        }
        fn finished(&self, what: &str) {
            self.0.lock().unwrap().0.push(format!("finished {what}"));
        }
    }
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let component = vec![1_u8; 3_000_000];
    fake.put_component("demo/greet", "1.0.0", &component);
    let log = Log::default();
    let pulled = fake.client(&folder).pull(&fake.locator("demo/greet:1.0.0"), &log).await.unwrap();
    assert_eq!(pulled.component, component);
    let (events, bytes) = log.0.into_inner().unwrap();
    let what = format!("{}/demo/greet:1.0.0", fake.host());
    assert_eq!(events, [format!("started {what} Some(3000000)"), format!("finished {what}")]);
    assert_eq!(bytes, 3_000_000);
}

fn manifest(layer: &str, digest: &Digest, size_bytes: u64) -> ImageManifest {
    let Ok(Manifest::Image(mut manifest)) = Manifest::parse(&pack(b"x").manifest, None) else {
        panic!("a packed manifest is one")
    };
    manifest.layers = vec![Descriptor::new(layer, digest.clone(), size_bytes)];
    *manifest
}
