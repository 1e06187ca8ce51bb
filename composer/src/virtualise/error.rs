//! Why a component cannot be virtualised.

use wkit_interface::DecodeError;

use crate::problems::Problems;
use crate::virtualise::capability::Capability;

/// Why a component cannot be virtualised; [`VirtualiseError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum VirtualiseError {
    /// The component cannot be read.
    #[error("cannot read `{name}`: {source}")]
    Decode {
        /// The name that the component was given.
        name: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A WIT package was given, which has no code.
    #[error("`{name}` is a WIT package, not a component")]
    WitPackage {
        /// The name that the package was given.
        name: String,
    },
    /// What the component exports speaks of objects that would no longer be the host's.
    #[error(
        "cannot close {}: `{name}` exports `{export}`, which speaks of `{resource}` of `{interface}`, and the host's own cannot be told from those that stand in for it",
        list(.capabilities)
    )]
    ExportSpeaks {
        /// The component.
        name: String,
        /// What it exports.
        export: String,
        /// The resource.
        resource: String,
        /// The interface of the resource.
        interface: String,
        /// What was to be closed and needs the resource replaced.
        capabilities: Vec<Capability>,
    },
    /// Closing a function of WASI 0.3 that passes streams or futures.
    #[error(
        "cannot close `{capability}`: `{function}` of `{interface}` passes streams of WASI 0.3, which only a host can answer"
    )]
    Streams {
        /// What was to be closed.
        capability: Capability,
        /// The interface.
        interface: String,
        /// The function.
        function: String,
    },
    /// An interface that stays open would be handed objects that are not the host's, or would pass streams through.
    #[error(
        "cannot close {}: `{function}` of `{interface}`, which stays open, cannot be passed on then",
        list(.capabilities)
    )]
    CannotPassOn {
        /// What was to be closed.
        capabilities: Vec<Capability>,
        /// The interface that stays open.
        interface: String,
        /// Its function.
        function: String,
    },
    /// A function that no WASI has that wkit knows.
    #[error("cannot close `{capability}`: wkit knows no answer for `{function}` of `{interface}`")]
    UnknownFunction {
        /// What was to be closed.
        capability: Capability,
        /// The interface.
        interface: String,
        /// The function.
        function: String,
    },
    /// A path inside that no guest could open.
    #[error("`{path}` is no path of a file inside: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A path inside that is both a file and a folder.
    #[error("`{path}` is a file, and a folder with `{below}` in it")]
    FileAndFolder {
        /// The path.
        path: String,
        /// Something below it.
        below: String,
    },
    /// The files are more than one component takes.
    #[error("the files are too large: expected at most {max} bytes together, found {size_bytes}")]
    FilesTooLarge {
        /// What they take together.
        size_bytes: u64,
        /// [`limits::BAKED_BYTES_MAX`](crate::limits::BAKED_BYTES_MAX).
        max: u64,
    },
    /// The files are more than one component takes.
    #[error("too many files and folders: expected at most {max}, found {count}")]
    TooManyFiles {
        /// How many there are.
        count: usize,
        /// [`limits::BAKED_FILES_MAX`](crate::limits::BAKED_FILES_MAX).
        max: usize,
    },
    /// The parts do not make one component.
    #[error(transparent)]
    Compose(#[from] Problems),
    /// The parts cannot be written.
    #[error("cannot {doing}: {message}")]
    Encode {
        /// What was being done, to complete "cannot …".
        doing: String,
        /// The reason.
        message: String,
    },
}

impl VirtualiseError {
    /// The one step that most likely helps, for a line that begins with `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Decode { source, .. } => Some(crate::hint::decode_hint(source)),
            Self::WitPackage { .. } => Some("name the component that implements the package".to_owned()),
            Self::ExportSpeaks { capabilities, .. } | Self::CannotPassOn { capabilities, .. } => {
                Some(format!("leave {} open, and let the host close it", list(capabilities)))
            }
            Self::Streams { capability, .. } => {
                Some(format!("leave `{capability}` open, and let the host close it"))
            }
            Self::UnknownFunction { capability, .. } => Some(format!(
                "build the component against a released version of WASI, or leave `{capability}` open"
            )),
            Self::Path { .. } => {
                Some("write it like `/etc/app.conf`, with names that have no control characters".to_owned())
            }
            Self::FileAndFolder { .. } => Some("give one of them another place".to_owned()),
            Self::FilesTooLarge { .. } | Self::TooManyFiles { .. } => {
                Some("bake in fewer files, and let the host grant the rest as a folder".to_owned())
            }
            Self::Compose(error) => error.hint(),
            Self::Encode { .. } => Some("look at the component with `wkit inspect`".to_owned()),
        }
    }
}

/// Names with commas.
fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| format!("`{capability}`")).collect::<Vec<_>>().join(", ")
}
