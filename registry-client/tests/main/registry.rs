//! The client and wkit's own registry, in one process.

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wkit_artifact::{Digest, Locator, Pack, annotation};
use wkit_registry_client::{
    Client, ClientConfig, ListError, Mapping, PullError, PushError, PushOptions, Silent,
};
use wkit_registry_server::{Config, RunError, Server};

use crate::fake::quick;

/// A running registry; dropped without `stop` it ends with the test's runtime.
struct Running {
    host: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), RunError>>,
}

impl Running {
    async fn start(folder: &tempfile::TempDir) -> Self {
        let mut config = Config::new(folder.path().join("registry"));
        config.listen = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(config).await.unwrap();
        let host = server.local_addr().to_string();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async { drop(stopped.await) }));
        Self { host, stop, task }
    }

    fn config(&self, folder: &tempfile::TempDir) -> ClientConfig {
        let mut config = quick(folder);
        let mapping = Mapping {
            registry: self.host.parse().unwrap(),
            prefix: None,
            plain_http: None,
            source: "wkit.toml: registries.demo".to_owned(),
        };
        config.namespaces.insert("demo", mapping);
        config
    }

    fn client(&self, folder: &tempfile::TempDir) -> Client {
        Client::new(self.config(folder)).unwrap()
    }

    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap().unwrap();
    }
}

/// A component with a marker in a custom section, so that each is another one.
fn component(marker: &str) -> Bytes {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend([0, u8::try_from(marker.len() + 2).unwrap(), 1, b'm']);
    bytes.extend(marker.as_bytes());
    bytes.into()
}

async fn publish(
    client: &Client,
    locator: &str,
    component: &Bytes,
    overwrite: bool,
) -> Result<Digest, PushError> {
    let packed = Pack::component(Digest::sha256(component), component.len() as u64)
        .exports(["demo:greet/hello@0.1.0"])
        .annotation(annotation::DESCRIPTION, "greets")
        .finish()
        .unwrap();
    let options = PushOptions { overwrite };
    let pushed = client.push(&locator.parse().unwrap(), &packed, component.clone(), options, &Silent).await?;
    Ok(pushed.manifest_digest)
}

#[tokio::test]
async fn the_road_there_and_back() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let registry = Running::start(&folder).await;
    let client = registry.client(&folder);
    for version in ["0.1.0", "0.2.0", "1.0.0-rc.1"] {
        publish(&client, &format!("demo:greet@{version}"), &component(version), false).await.unwrap();
    }
    let versions = client.list_versions(&"demo:greet".parse().unwrap()).await.unwrap();
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["0.1.0", "0.2.0", "1.0.0-rc.1"]);

    // Another machine, with a cache of its own.
    let client = registry.client(&elsewhere);
    for (locator, version) in [
        ("demo:greet".to_owned(), "0.2.0"),
        ("demo:greet@~0.1".to_owned(), "0.1.0"),
        (format!("{}/demo/greet:1.0.0-rc.1", registry.host), "1.0.0-rc.1"),
    ] {
        let pulled = client.pull(&locator.parse().unwrap(), &Silent).await.unwrap();
        assert_eq!(pulled.component, component(version), "{locator}");
        assert_eq!(pulled.manifest.annotations[annotation::DESCRIPTION], "greets");
        let config = client.wasm_config(&pulled).await.unwrap().unwrap();
        assert_eq!(config.layer_digests, [Digest::sha256(&component(version))]);
    }
    registry.stop().await;
}

#[tokio::test]
async fn publishing_again() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Running::start(&folder).await;
    let client = registry.client(&folder);
    let first = publish(&client, "demo:greet@0.1.0", &component("one"), false).await.unwrap();
    assert_eq!(publish(&client, "demo:greet@0.1.0", &component("one"), false).await.unwrap(), first);
    let error = publish(&client, "demo:greet@0.1.0", &component("two"), false).await.unwrap_err();
    assert!(matches!(&error, PushError::Exists { found, .. } if *found == first), "{error}");
    let latest = format!("{}/demo/greet:latest", registry.host);
    publish(&client, &latest, &component("one"), false).await.unwrap();
    let second = publish(&client, &latest, &component("two"), false).await.unwrap();
    let pulled = client.pull(&latest.parse().unwrap(), &Silent).await.unwrap();
    assert_eq!(pulled.manifest_digest, second);
    registry.stop().await;
}

#[tokio::test]
async fn what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Running::start(&folder).await;
    let client = registry.client(&folder);
    publish(&client, "demo:greet@0.1.0", &component("one"), false).await.unwrap();
    let pull = async |locator: &str| client.pull(&locator.parse().unwrap(), &Silent).await.unwrap_err();
    let error = pull("demo:greet@0.1.1").await;
    assert!(matches!(&error, PullError::UnknownTag { available, .. } if available.len() == 1), "{error}");
    assert!(matches!(pull("demo:nothing@0.1.1").await, PullError::UnknownRepository { .. }));
    let absent = Digest::sha256(b"absent");
    let error = pull(&format!("{}/demo/greet@{absent}", registry.host)).await;
    assert!(matches!(error, PullError::UnknownManifest { .. }), "{error}");
    let error = client.list_versions(&"demo:nothing".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ListError::UnknownRepository { .. }), "{error}");
    let host = registry.host.clone();
    registry.stop().await;
    let error = client.pull(&"demo:greet@0.1.0".parse().unwrap(), &Silent).await.unwrap_err().to_string();
    assert!(error.contains(&format!("cannot reach the registry `{host}`")), "{error}");
}

#[tokio::test]
async fn a_large_component() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Running::start(&folder).await;
    let client = registry.client(&folder);
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend((0..20_000_000_u32).map(|number| (number / 251) as u8));
    let bytes = Bytes::from(bytes);
    let digest = publish(&client, "demo:large@0.1.0", &bytes, false).await.unwrap();
    let locator: Locator = "demo:large@0.1.0".parse().unwrap();
    let pulled = client.pull(&locator, &Silent).await.unwrap();
    assert_eq!((pulled.component, pulled.manifest_digest), (bytes, digest));
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Running::start(&folder).await;
    let client = registry.client(&folder);
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                // Half of them push the same content under different versions.
                let bytes = component(&format!("{}", number / 2));
                let locator = format!("demo:greet@0.{number}.0");
                let digest = publish(&client, &locator, &bytes, false).await.unwrap();
                let pulled = client.pull(&locator.parse().unwrap(), &Silent).await.unwrap();
                assert_eq!((pulled.component, pulled.manifest_digest), (bytes, digest));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.list_versions(&"demo:greet".parse().unwrap()).await.unwrap().len(), 16);
    registry.stop().await;
}
