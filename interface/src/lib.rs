//! Reads a component or a WIT package as a surface: what it imports and exports.
//!
//! The bytes are validated first, whatever they are; then everything is plain data that can be compared, printed as
//! WIT and serialised. Nothing here panics on bad input, and nothing grows beyond the [`limits`].
//!
//! - [`decode`] gives the [`Surface`]: items with functions, types and resources, and the whole as WIT text.
//! - [`mismatches`] lists every difference that keeps an export from filling an import; [`misfits`] every way in which a
//!   component does not fit a world.
//! - [`parts`] says what the bytes are spent on, [`producers`] which tools made them.
//!
//! ```
//! use wkit_fixtures::component::from_wit;
//!
//! let component = from_wit(
//!     "package demo:it;
//!      world greeter {
//!        import wasi:cli/environment@0.2.6;
//!        export greet: func(name: string) -> string;
//!      }
//!      package wasi:cli@0.2.6 { interface environment { get-arguments: func() -> list<string>; } }",
//!     "greeter",
//! );
//! let surface = wkit_interface::decode(&component)?;
//! assert_eq!(surface.imports[0].name, "wasi:cli/environment@0.2.6");
//! assert_eq!(surface.exports[0].functions[0].signature, "func(name: string) -> string");
//! assert_eq!(surface.wasi_lines()[0].line, "0.2");
//! assert!(surface.wit().contains("export greet: func(name: string) -> string;"));
//!
//! // Another component that needs a `greet`, but of another type.
//! let caller = from_wit("package demo:it; world caller { import greet: func(name: list<u8>); }", "caller");
//! let caller = wkit_interface::decode(&caller)?;
//! let differences = wkit_interface::mismatches(&caller, "greet", &surface, "greet");
//! assert_eq!(differences[0].path, "function `greet`, parameter `name`");
//! assert_eq!((differences[0].expected.as_str(), differences[0].found.as_str()), ("list<u8>", "string"));
//! assert_eq!(differences[1].path, "function `greet`, result");
//! # Ok::<(), wkit_interface::DecodeError>(())
//! ```
pub mod check;
mod convert;
mod error;
mod fingerprint;
pub mod limits;
mod model;
mod name;
mod near;
mod origin;
mod outline;
mod parts;
mod print;
mod producers;
mod sniff;
mod subtype;
mod surface;
mod target;
mod text;
mod wasm;

pub use error::DecodeError;
pub use name::{InterfaceParts, canonical_version, fits};
pub use near::nearest;
pub use origin::ResourceOrigin;
pub use outline::{Outline, outline};
pub use parts::{Part, PartKind, parts};
pub use producers::{Annotation, Producers, ProducersField, ProducersValue, producers};
pub use subtype::{Mismatch, conflicts, import_mismatches, mismatches};
pub use surface::{
    Function, Item, ItemKind, PackageName, Resource, Surface, SurfaceKind, TypeItem, WasiLine, WorldSurface,
    decode,
};
pub use target::{Misfit, WorldError, misfits};
pub use wasm::features;
