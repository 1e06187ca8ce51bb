//! Finds, pulls and pushes artifacts over HTTP: namespaces, credentials, progress, the local cache.
//!
//! This crate reads neither the environment nor the home folder: configuration files come in as text, and variables
//! through a function that the caller gives.
//!
//! ```no_run
//! use bytes::Bytes;
//! use wkit_artifact::{Digest, Locator, Pack};
//! use wkit_registry_client::{Client, ClientConfig, Mapping, PushOptions, Silent};
//!
//! # async fn example() -> anyhow::Result<()> {
//! // Packages of the namespace `demo` are in a registry on this machine.
//! let mut config = ClientConfig::new("/tmp/wkit-cache");
//! config.namespaces.insert(
//!     "demo",
//!     Mapping {
//!         registry: "127.0.0.1:5000".parse()?,
//!         prefix: Some(String::new()),
//!         plain_http: None,
//!         source: "wkit.toml: registries.demo".to_owned(),
//!     },
//! );
//! let client = Client::new(config)?;
//!
//! // Publish a component…
//! let component = Bytes::from_static(b"\0asm\x0d\0\x01\0");
//! let packed = Pack::component(Digest::sha256(&component), component.len() as u64).finish()?;
//! let locator: Locator = "demo:greet@0.1.0".parse()?;
//! let pushed = client.push(&locator, &packed, component.clone(), PushOptions::default(), &Silent).await?;
//!
//! // …and get it back, by a requirement this time. Its bytes were hashed on the way.
//! let pulled = client.pull(&"demo:greet@^0.1".parse()?, &Silent).await?;
//! assert_eq!(pulled.component, component);
//! assert_eq!(pulled.manifest_digest, pushed.manifest_digest);
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::result_large_err,
    reason = "an error here ends a transfer over the network, and its fields are matched by callers"
)]

mod cache;
mod client;
mod config;
mod credentials;
pub mod limits;
mod list;
mod metadata;
mod namespaces;
mod progress;
mod pull;
mod push;
mod remote;
mod resolve;
mod select;
mod wkg;

pub use client::{CacheError, Client};
pub use config::{ClientConfig, ConfigError, Retry, Timeouts, Variables};
pub use credentials::{Credentials, DockerConfig, Secret};
pub use list::ListError;
pub use metadata::MetadataError;
pub use namespaces::{Mapping, Namespaces};
pub use progress::{Progress, Silent};
pub use pull::{PullError, Pulled};
pub use push::{PushError, PushOptions, Pushed};
pub use remote::{Attempt, Denied, RequestError};
pub use resolve::{Located, ResolveError, Resolved};
pub use select::{Demand, Fix, SelectError, select, select_locked};
pub use wkg::WkgConfig;
