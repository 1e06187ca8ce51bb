//! Why a component was not built.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use thiserror::Error;

use super::quoted;
use super::tools::ToolError;

/// Why a component was not built.
#[derive(Debug, Error)]
pub(crate) enum BuildError {
    /// A program is missing, too old, or does not start.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The compiler ran and refused.
    #[error("`{command}` failed with {}", ended(*status))]
    Compiler {
        /// The command as a person would type it.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote, as it wrote it.
        output: String,
    },
    /// The compiler was content, but what it made is not where it should be.
    #[error("`{command}` made no component: {reason}")]
    NothingMade {
        /// The command as a person would type it.
        command: String,
        /// What was looked for.
        reason: String,
    },
    /// The compiler made several components, and none has the name of the project's component.
    #[error("expected one component, found {}", quoted(found))]
    SeveralMade {
        /// Their names.
        found: Vec<String>,
    },
    /// No WIT where it should be.
    #[error("no WIT in `{}`", path.display())]
    WitMissing {
        /// The folder or file.
        path: PathBuf,
    },
    /// The WIT has a mistake; the message names file, line and column.
    #[error("the WIT in `{}` is not valid: {message}", path.display())]
    WitInvalid {
        /// The folder or file that was read.
        path: PathBuf,
        /// The parser's message.
        message: String,
    },
    /// The WIT has no such world.
    #[error("no world `{world}` in `{}`", path.display())]
    UnknownWorld {
        /// The world that was asked for.
        world: String,
        /// The worlds that are there.
        worlds: Vec<String>,
        /// The folder or file of the WIT.
        path: PathBuf,
    },
    /// The language's tools cannot express something in the world.
    #[error("{language} cannot build the world `{world}`: it has {feature}")]
    Unsupported {
        /// The language as people write it.
        language: &'static str,
        /// The world.
        world: String,
        /// What is in the way, with its place.
        feature: String,
    },
    /// A key of the component's section in `wkit.toml` belongs to other languages.
    #[error("`{key}` in `wkit.toml` means nothing to {language}")]
    Option {
        /// The key.
        key: &'static str,
        /// The language as people write it.
        language: &'static str,
        /// The keys that the language knows.
        known: &'static [&'static str],
    },
    /// A file of the sources does not say what it must say.
    #[error("`{}`: {problem}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: String,
    },
    /// The compiled core module cannot be made a component of the world.
    #[error("the compiled module does not fit the world `{world}`: {message}")]
    Encode {
        /// The world.
        world: String,
        /// What the encoder says.
        message: String,
    },
    /// The result of the compiler is no valid component.
    #[error("the compiler's result is no valid component: {message}")]
    NotAComponent {
        /// What the decoder says.
        message: String,
    },
    /// The component lacks exports that its world promises.
    #[error("the component does not export {}, which its world `{world}` says", quoted(missing))]
    ExportsMissing {
        /// The world.
        world: String,
        /// The missing exports.
        missing: Vec<String>,
    },
    /// The component needs what its world does not give it.
    #[error("the component imports {}, which its world `{world}` does not say", quoted(extra))]
    ImportsUnknown {
        /// The world.
        world: String,
        /// The imports that the world does not have; those of WASI are always allowed.
        extra: Vec<String>,
    },
    /// The sources call something that no world can give, or that theirs does not.
    #[error("`{}` needs {import}, which its world `{world}` does not have", path.display())]
    ForeignImport {
        /// The first file of the sources.
        path: PathBuf,
        /// What is called.
        import: String,
        /// The world.
        world: String,
    },
    /// Something that is read is larger than wkit accepts.
    #[error("{what} is too large: expected at most {max}, found more")]
    TooLarge {
        /// What it is.
        what: String,
        /// The limit with its unit.
        max: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// What compilers write that a person who uses wkit cannot know the reason of, and what to do then.
const COMPILER_HINTS: [(&str, &str); 3] = [
    (
        "bindings/exports.ts(",
        "what the sources export does not fit the world: the line that is shown says what is expected",
    ),
    (
        "because --locked was passed",
        "`Cargo.toml` was changed after its lock file: run `cargo update --workspace` in the component's folder",
    ),
    (
        "ModuleNotFoundError: ",
        "packages come from the environment `.venv` in the component's folder, and from nowhere else",
    ),
];

impl BuildError {
    /// An error about a file or folder.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// What to do about it, where something general can be said.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Tool(error) => error.hint(),
            Self::Compiler { output, .. } => {
                let known = COMPILER_HINTS.iter().find(|(text, _)| output.contains(text));
                known.map(|(_, hint)| (*hint).to_owned())
            }
            Self::WitMissing { .. } => Some(
                "name the folder of the WIT with `wit` in the component's section of `wkit.toml`".to_owned(),
            ),
            Self::UnknownWorld { worlds, .. } if worlds.is_empty() => {
                Some("add a `world` to the WIT: it says what the component imports and exports".to_owned())
            }
            Self::UnknownWorld { worlds, .. } => Some(format!(
                "its worlds are {}; choose one with `world` in the component's section of `wkit.toml`",
                quoted(worlds)
            )),
            Self::Option { key, known, .. } if known.is_empty() => Some(format!("leave out `{key}`")),
            Self::Option { known, .. } => Some(format!("the language knows {}", quoted(*known))),
            Self::SeveralMade { .. } => {
                Some("give the one that is meant the name of the component in `wkit.toml`".to_owned())
            }
            Self::ForeignImport { .. } => {
                Some("import an interface into the world that can do this, or leave the call out".to_owned())
            }
            Self::ExportsMissing { .. } | Self::ImportsUnknown { .. } => Some(
                "check that the sources are bound to the same WIT and the same world as `wkit.toml` says"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// What the compiler wrote before it gave up.
    #[cfg(test)]
    pub(super) fn compiler_output(&self) -> Option<&str> {
        match self {
            Self::Compiler { output, .. } => Some(output),
            _ => None,
        }
    }
}

/// How a process ended, in words.
pub(super) fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        // Unix tells the signal: "signal: 9 (SIGKILL)".
        None => status.to_string(),
    }
}
