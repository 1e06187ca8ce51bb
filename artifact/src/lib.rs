//! The OCI form of a component as plain data: names, digests, manifests, the Wasm config, pack and unpack.
//!
//! No I/O, no HTTP and no Wasm parser: who calls [`Pack`] says what the component imports and exports.
//!
//! ```
//! use wkit_artifact::{Digest, Locator, Pack, WasmConfig, annotation, unpack};
//!
//! // A component becomes an artifact: a config and a manifest beside its bytes.
//! let component = b"\0asm\x0d\0\x01\0";
//! let packed = Pack::component(Digest::sha256(component), component.len() as u64)
//!     .exports(["demo:greet/hello@0.1.0"])
//!     .annotation(annotation::VERSION, "0.1.0")
//!     .title("greet.wasm")
//!     .finish()?;
//!
//! // The way back: the manifest says which blob is the component.
//! let unpacked = unpack(&packed.manifest)?;
//! assert_eq!(unpacked.layer.digest, Digest::sha256(component));
//! let config = WasmConfig::parse(&packed.config)?;
//! assert_eq!(config.component.expect("a component").exports, ["demo:greet/hello@0.1.0"]);
//!
//! // Where it goes is a reference, or a package that the configuration resolves to one.
//! let there: Locator = "ghcr.io/demo/greet:0.1.0".parse()?;
//! let package: Locator = "demo:greet@^0.1".parse()?;
//! assert!(matches!((there, package), (Locator::Reference(_), Locator::Package(_))));
//! # Ok::<(), anyhow::Error>(())
//! ```

mod config;
mod digest;
mod host;
pub mod limits;
mod locator;
mod manifest;
pub mod media_type;
mod name;
mod pack;
mod package;
mod reference;
mod text;
mod unpack;

pub use config::{
    ARCHITECTURE, CREATED_UNKNOWN, ComponentInfo, OS_COMPONENT, OS_CORE_MODULE, ParseConfigError, WasmConfig,
};
pub use digest::{Algorithm, Digest, Hasher, ParseDigestError};
pub use host::{ParseHostError, RegistryHost};
pub use locator::{Locator, ParseLocatorError};
pub use manifest::{
    Annotations, Descriptor, ImageIndex, ImageManifest, Manifest, ParseManifestError, Platform, annotation,
};
pub use name::{
    ParseRepositoryError, ParseTagError, ParseTagOrDigestError, RepositoryName, Tag, TagOrDigest,
};
pub use pack::{Pack, PackError, Packed};
pub use package::{InterfaceName, PackageName, PackageReference, ParseInterfaceError, ParsePackageError};
pub use reference::{ParseReferenceError, Reference};
pub use unpack::{UnpackError, Unpacked, unpack};
