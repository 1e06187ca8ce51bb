//! Wires components into one linked component, or explains why they do not fit.
//!
//! There is one function, [`compose()`]. It takes named components and finds out by their interfaces who needs whom:
//! the one that nobody needs is the socket, every import is filled by the one component that exports it, and what
//! nobody exports stays an import of the result. A [`Plan`] says what cannot be found out.
//!
//! ```
//! use wkit_composer::{Input, Plan, compose};
//! use wkit_fixtures::component::from_wit;
//!
//! let wit = |world: &str| format!("package demo:it; world it {{ {world} }} package demo:kv@0.1.0 {{
//!     interface store {{ get: func(key: string) -> option<string>; }} }}");
//! let app = from_wit(&wit("import demo:kv/store@0.1.0; import log: func(line: string); export run: func();"), "it");
//! let store = from_wit(&wit("export demo:kv/store@0.1.0;"), "it");
//! let inputs = [
//!     Input { name: "app".to_owned(), bytes: app.into() },
//!     Input { name: "store".to_owned(), bytes: store.into() },
//! ];
//!
//! let composition = compose(&inputs, &Plan::default())?;
//! assert_eq!(composition.socket.as_deref(), Some("app"));
//! assert_eq!(composition.exports[0].name, "run");
//! assert_eq!(composition.imports[0].name, "log");
//! assert_eq!(composition.tree(), "\
//! app
//! ├── demo:kv/store@0.1.0 from store
//! └── open: log
//! ");
//!
//! // Without the app nobody needs the store, and with a second store it is not clear which one is meant.
//! let second = Input { name: "other-store".to_owned(), ..inputs[1].clone() };
//! let error = compose(&[inputs[0].clone(), inputs[1].clone(), second], &Plan::default()).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "several components export `demo:kv/store@0.1.0`, which `app` needs: `other-store`, `store`",
//! );
//! assert!(error.hint().is_some_and(|hint| hint.contains("wkit.toml")));
//! # Ok::<(), wkit_composer::Problems>(())
//! ```
mod binary;
mod compose;
mod composition;
mod engine;
mod error;
mod explode;
mod exports;
mod graph;
mod hint;
mod identity;
mod input_bytes;
mod inputs;
mod instances;
mod labels;
pub mod limits;
mod mock;
mod near;
mod open;
mod order;
mod place;
mod plan;
mod planned;
mod plug;
mod problems;
mod reading;
mod script;
mod share;
mod shell;
mod structure;
mod unused;
pub mod virtualise;

pub use binary::Binary;
pub use compose::compose;
pub use composition::{
    ComposedExport, ComposedInstance, Composition, Importer, OpenImport, Skew, Unused, UnusedReason, Wire,
};
pub use error::{
    Ambiguity, ComposeError, CycleStep, ExportNeedsInner, ImportConflict, OpenImportNeedsInner,
    ResourceMismatch, ResourceSource, WireMismatch,
};
pub use explode::{ExplodeError, Exploded, ExplodedPart, PARTS_NAMESPACE, explode};
pub use graph::{
    Edge, End, Export, Graph, GraphComponent, GraphError, GraphImport, GraphImporter, Node, TreeStyle,
};
pub use input_bytes::{InputBytes, InputChanged};
pub use mock::{
    AnswerKind, Answers, Imports, Missing, Mock, MockError, Otherwise, Stub, StubError, StubFunction,
    Stubbed, StubbedImport, ValueError, compose_with_stubs, mock,
};
pub use near::{Gap, NearMiss};
pub use place::{Place, Subject};
pub use plan::{Input, Plan, PlannedExport, PlannedInstance, PlannedOpen, PlannedWire, Share};
pub use problems::Problems;
pub use script::{Label, PackageRequest, Script, ScriptError, ScriptFault, ScriptProblem};
