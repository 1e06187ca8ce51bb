//! Serves the OCI distribution API (version 1.1) over a blob store and a metadata store.
//!
//! A registry needs a folder and an address; it makes whatever else it needs:
//!
//! ```
//! use wkit_registry_server::{Config, Server};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let data = folder.path().join("registry");
//! # tokio::runtime::Runtime::new()?.block_on(async move {
//! let mut config = Config::new(data);
//! config.listen = "127.0.0.1:0".parse()?; // port 0: the system chooses
//!
//! let server = Server::bind(config).await?;
//! println!("listening on {}", server.local_addr());
//!
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let running = tokio::spawn(server.run(async { drop(stopped.await) }));
//! // … clients push and pull …
//! drop(stop);
//! running.await??;
//! # Ok(()) })
//! # }
//! ```
//!
//! From the outside in: `server` accepts connections and checks every request, `router` shows every route, `routes` speak HTTP, `registry` is
//! the domain, `store` keeps the bytes. Nothing below `routes` knows HTTP, nothing above `store` knows a path or a key.
//!
//! What is promised:
//!
//! - A push is answered with 201 only when the blob, the manifest and every list that shows it are durable.
//! - Content is verified while it is written; a blob that can be read has the digest it is asked by.
//! - Content is held once for all repositories, and is visible only where it was pushed or mounted.
//! - The memory of a transfer does not depend on the size of the blob.

mod api_error;
mod command;
mod config;
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
mod listening;
pub mod network;
mod path;
#[expect(dead_code, reason = "what checks credentials asks for it")]
mod peer;
mod registry;
mod router;
mod routes;
mod server;
mod settings;
mod store;
pub mod throttle;
pub mod tls;

pub use command::{Command, CommandError, ServeArgs};
pub use config::{Config, MetadataUrl, ParseMetadataUrlError};
pub use listening::ListeningError;
pub use server::{RunError, Server, StartError};
pub use settings::SettingsError;
pub use store::{BlobStoreError, CommitError, MetadataError, OpenError};
