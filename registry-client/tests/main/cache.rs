//! The cache, offline, and several at once.

use std::sync::Arc;

use wkit_registry_client::{
    Client, ClientConfig, Mapping, PullError, PushError, PushOptions, ResolveError, Silent,
};

use crate::fake::{Fake, pack, quick};

#[tokio::test]
async fn offline_uses_what_was_pulled_before() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let first = fake.put_component("demo/greet", "1.0.0", b"one");
    fake.put_component("demo/greet", "1.1.0", b"two");
    let mut config = fake.config(&folder);
    // The host is asked for its metadata, and that is remembered as well.
    let mapping = Mapping {
        registry: fake.host().parse().unwrap(),
        prefix: None,
        plain_http: None,
        source: "wkit.toml: registries.demo".to_owned(),
    };
    config.namespaces.insert("demo", mapping);
    let online = Client::new(config.clone()).unwrap();
    online.pull(&"demo:greet@1.0.0".parse().unwrap(), &Silent).await.unwrap();
    config.offline = true;
    let host = fake.host();
    drop(fake);

    let offline = Client::new(config).unwrap();
    for locator in [
        "demo:greet@1.0.0".to_owned(),
        "demo:greet@^1".to_owned(),
        "demo:greet".to_owned(),
        format!("{host}/demo/greet:1.0.0"),
        format!("{host}/demo/greet@{}", first.manifest_digest),
    ] {
        let pulled = offline.pull(&locator.parse().unwrap(), &Silent).await.unwrap();
        assert_eq!(pulled.component, "one", "{locator}");
        assert!(pulled.from_cache);
    }
    let error = offline.pull(&"demo:greet@1.1.0".parse().unwrap(), &Silent).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{host}/demo/greet:1.1.0` is not in the cache, and wkit is offline")
    );
    let packed = pack(b"x");
    let pushed = offline
        .push(
            &"demo:greet@2.0.0".parse().unwrap(),
            &packed,
            b"x".as_slice().into(),
            PushOptions::default(),
            &Silent,
        )
        .await;
    assert!(matches!(pushed, Err(PushError::Offline { .. })));
}

#[tokio::test]
async fn offline_without_the_host_s_metadata_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = quick(&folder);
    config.offline = true;
    let mapping = Mapping {
        registry: "registry.example".parse().unwrap(),
        prefix: None,
        plain_http: None,
        source: "wkit.toml: registries.demo".to_owned(),
    };
    config.namespaces.insert("demo", mapping);
    let error = Client::new(config).unwrap().resolve(&"demo:greet@1.0.0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ResolveError::Offline { .. }), "{error}");
}

#[tokio::test]
async fn a_cached_blob_that_has_rotted_is_fetched_again() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let packed = fake.put_component("demo/greet", "1.0.0", b"content");
    let client = fake.client(&folder);
    let locator = fake.locator("demo/greet:1.0.0");
    client.pull(&locator, &Silent).await.unwrap();
    let path = folder.path().join("cache/blobs/sha256").join(packed.layer_descriptor.digest.hex());
    std::fs::write(&path, b"c0ntent").unwrap();
    let pulled = client.pull(&locator, &Silent).await.unwrap();
    assert_eq!((pulled.component.as_ref(), pulled.from_cache), (b"content".as_slice(), false));
    assert_eq!(std::fs::read(&path).unwrap(), b"content");
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_named() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    fake.put_component("demo/greet", "1.0.0", b"content");
    std::fs::write(folder.path().join("cache"), b"a file where the folder should be").unwrap();
    let error = fake.client(&folder).pull(&fake.locator("demo/greet:1.0.0"), &Silent).await.unwrap_err();
    assert!(matches!(error, PullError::Cache(_)), "{error}");
    assert!(error.to_string().contains("cache` cannot be used"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_clients_of_one_cache_do_not_disturb_each_other() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let component: Arc<[u8]> = (0..3_000_000_u32).map(|number| number as u8).collect();
    fake.put_component("demo/greet", "1.0.0", &component);
    let mut tasks = Vec::new();
    for _ in 0..8 {
        // Each has its own client, as processes have; the cache on disk is what they share.
        let (client, locator, component) =
            (fake.client(&folder), fake.locator("demo/greet:1.0.0"), Arc::clone(&component));
        tasks.push(tokio::spawn(async move {
            for _ in 0..4 {
                let pulled = client.pull(&locator, &Silent).await.unwrap();
                assert_eq!(pulled.component.as_ref(), component.as_ref());
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path().join("cache/partial")).unwrap().count(), 0);
}

const CHILD_LOCATOR: &str = "WKIT_TEST_CHILD_LOCATOR";
const CHILD_FOLDER: &str = "WKIT_TEST_CHILD_FOLDER";

/// What a child process of the next test does; alone it does nothing.
#[tokio::test]
#[ignore = "no test of its own: the process that `processes_share_a_cache` starts four times"]
async fn pulls_as_a_process() {
    let (Ok(locator), Ok(folder)) = (std::env::var(CHILD_LOCATOR), std::env::var(CHILD_FOLDER)) else {
        return;
    };
    if locator == "no certificates" {
        let mut config = ClientConfig::new(folder);
        let error = Client::new(config.clone()).unwrap_err();
        assert!(error.to_string().contains("No CA certificates"), "{error}");
        assert!(error.hint().unwrap().contains("ca-certificates"));
        config.offline = true;
        assert!(Client::new(config).is_ok());
        return;
    }
    let client = Client::new(ClientConfig::new(folder)).unwrap();
    for _ in 0..3 {
        let pulled = client.pull(&locator.parse().unwrap(), &Silent).await.unwrap();
        assert_eq!(pulled.component.len(), 3_000_000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_cache() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().unwrap());
    let packed = fake.put_component("demo/greet", "1.0.0", &vec![5; 3_000_000]);
    let children: Vec<_> = (0..4)
        .map(|_| child(&fake.locator("demo/greet:1.0.0").to_string(), &folder).spawn().unwrap())
        .collect();
    for child in children {
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
        assert_passed(&output);
    }
    let blob = folder.path().join("blobs/sha256").join(packed.layer_descriptor.digest.hex());
    assert_eq!(std::fs::read(blob).unwrap(), vec![5; 3_000_000]);
    assert_eq!(std::fs::read_dir(folder.path().join("partial")).unwrap().count(), 0);
}

/// A process whose system has no certificates: only there can it be seen, because they are found by variables.
#[cfg(target_os = "linux")]
#[test]
fn a_system_without_certificates_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    let output = child("no certificates", &folder)
        .env("SSL_CERT_FILE", &none)
        .env("SSL_CERT_DIR", &none)
        .output()
        .unwrap();
    assert_passed(&output);
}

fn child(locator: &str, folder: &tempfile::TempDir) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "cache::pulls_as_a_process", "--ignored"])
        .env(CHILD_LOCATOR, locator)
        .env(CHILD_FOLDER, folder.path())
        .stdout(std::process::Stdio::piped());
    command
}

fn assert_passed(output: &std::process::Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
