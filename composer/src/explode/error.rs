//! Why a component cannot be taken apart.

use thiserror::Error;
use wkit_interface::DecodeError;

use crate::limits::GRAPH_NESTING_MAX;

/// Why a component cannot be taken apart into components and a script of the wac language.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExplodeError {
    /// The bytes are not a component that can be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),

    /// The bytes are a WIT package.
    #[error("expected a composition, found a WIT package")]
    WitPackage,

    /// The component is not put together from others.
    #[error("expected a composition, found a component that is not put together from others")]
    NotComposed,

    /// The component is not valid: something in it speaks of what is not there.
    #[error("not a valid component: it speaks of a {what} that is not there")]
    Damaged {
        /// What kind of thing.
        what: &'static str,
    },

    /// A name has characters that no name of the component model has.
    #[error("not a valid component: `{}` is no name", name.escape_debug())]
    Name {
        /// The name.
        name: String,
    },

    /// Exports are taken of exports of exports, deeper than [`GRAPH_NESTING_MAX`].
    #[error("exports of instances are nested too deeply, the limit is {GRAPH_NESTING_MAX}")]
    TooDeep,

    /// The composition has core code besides its instances.
    #[error("the composition has core code of its own, which a script of the wac language cannot say")]
    OwnCode,

    /// The composition exports a component, or instantiates one that an instance exports.
    #[error("the composition passes on a component as such, which a script of the wac language cannot say")]
    OwnComponent,

    /// A component of the composition is not in it.
    #[error("a component of the composition is not in it: it is imported as `{import}`")]
    Foreign {
        /// The import.
        import: String,
    },

    /// An instance is put together from single items.
    #[error(
        "{used_as} is put together from functions of several instances, which a script of the wac language cannot say"
    )]
    Bundle {
        /// What it is used as.
        used_as: String,
    },

    /// A type that the composition defines itself is passed on.
    #[error(
        "{used_as} is a type that the composition itself defines, which cannot be said again from the bytes"
    )]
    OwnType {
        /// What it is used as.
        used_as: String,
    },

    /// An import of an instance is left to an import of the composition that has another name.
    #[error(
        "`{argument}` of `{instance}` is left to the import `{import}`, and the type of that import cannot be said again from the bytes"
    )]
    RenamedImport {
        /// The instance.
        instance: String,
        /// Its import.
        argument: String,
        /// The composition's import.
        import: String,
    },

    /// An import of the composition is exported again.
    #[error("the export `{name}` is the import `{import}`, whose type cannot be said again from the bytes")]
    ExportedImport {
        /// The export.
        name: String,
        /// The import.
        import: String,
    },
}

impl ExplodeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotComposed => Some("`wkit inspect` shows what it is made of"),
            Self::WitPackage => Some("`wkit inspect` shows what is in it"),
            Self::OwnCode
            | Self::OwnComponent
            | Self::Foreign { .. }
            | Self::Bundle { .. }
            | Self::OwnType { .. }
            | Self::RenamedImport { .. }
            | Self::ExportedImport { .. } => Some("`wkit graph` shows who is wired to whom all the same"),
            _ => None,
        }
    }
}
