//! Why a component was not built.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use thiserror::Error;

use super::quoted;
use super::tools::ToolError;
use super::wit::Wit;

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
    /// A key of the component's section in `wkit.toml` has a value that its language does not know.
    #[error("expected {} in `{key}`, found `{found}`", expected.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(" or "))]
    OptionValue {
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// The values that there are.
        expected: &'static [&'static str],
    },
    /// A file of the sources does not say what it must say.
    #[error("`{}`: {problem}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: String,
    },
    /// `wkit.toml` does not say which core module is meant.
    #[error("`module` is missing in the component's section of `wkit.toml`")]
    ModuleNotNamed,
    /// The core module is to lie elsewhere.
    #[error("`module` in `wkit.toml`: expected a path in the component's folder, found `{stated}`")]
    ModuleOutside {
        /// The path as it was written.
        stated: String,
    },
    /// There is no core module.
    #[error("no core module at `{}`", file.display())]
    ModuleMissing {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The command that is to make the core module did not.
    #[error("`{command}` made no core module at `{}`", file.display())]
    ModuleNotMade {
        /// The command as a person would type it.
        command: String,
        /// Where the module was looked for.
        file: PathBuf,
    },
    /// The file is neither Wasm nor its text format.
    #[error("`{stated}`: expected Wasm or its text format, found other bytes")]
    ModuleUnknown {
        /// The path as it was written.
        stated: String,
    },
    /// The text of a core module has a mistake.
    #[error("`{stated}` is not valid: {message}")]
    ModuleText {
        /// The path as it was written.
        stated: String,
        /// The parser's message with line and column.
        message: String,
    },
    /// `command` in `wkit.toml` names no program.
    #[error("`command` in `wkit.toml`: expected a program and its arguments, found nothing")]
    CommandEmpty,
    /// The program of `command` in `wkit.toml` is not there.
    #[error("`command` in `wkit.toml` starts `{program}`, which was not found")]
    CommandMissing {
        /// The program.
        program: String,
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
    /// The program lacks what its world promises, found before there is a component.
    #[error("the program does not export {}, which its world `{world}` says", quoted(missing))]
    ProgramExportsMissing {
        /// The world.
        world: String,
        /// The missing exports, in the program's own spelling.
        missing: Vec<String>,
    },
    /// The sources lack functions that the world exports.
    #[error("the sources do not implement {}, which the world `{world}` exports", several(missing))]
    NotImplemented {
        /// The world.
        world: String,
        /// The functions in words of the WIT.
        missing: Vec<String>,
        /// The functions as the sources must have them.
        names: Vec<String>,
    },
    /// A function of the sources has other parameters, or another result, than the bindings call it with.
    #[error(
        "`{name}` does not have the signature of `{export}` in the world `{world}`: expected {expected}, found {found}"
    )]
    Signature {
        /// The world.
        world: String,
        /// The function in words of the WIT.
        export: String,
        /// The function's name in the sources.
        name: String,
        /// The core types that the bindings call it with.
        expected: String,
        /// The core types that it has.
        found: String,
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
    /// An error of a compiler about which its language's back end knows more.
    #[error("{error}")]
    Explained {
        /// The error.
        error: Box<BuildError>,
        /// What to do about it.
        hint: String,
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
const COMPILER_HINTS: [(&str, &str); 4] = [
    (
        ": undefined symbol: ",
        "add the function, or correct its name: no source has it, and no header of the bindings declares it as an import",
    ),
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

/// What the encoder says of core modules, and what to do then.
const ENCODER_HINTS: [(&str, &str); 4] = [
    (
        "failed to find export",
        "`wkit new --lang module --wit` writes a module that has every export under its name and with its core types",
    ),
    (
        "type mismatch for function",
        "`wkit new --lang module --wit` writes a module that has every export under its name and with its core types",
    ),
    ("requires an import interface named", "import it in the world, or compile without what needs it"),
    ("does not export a memory", "strings and lists need a memory that is exported as `memory`"),
];

impl BuildError {
    /// An error about a file or folder.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// A refusal of something in a world that a language's tools cannot express.
    pub(super) fn unsupported(language: &'static str, wit: &Wit, feature: String) -> Self {
        Self::Unsupported { language, world: wit.world_name().to_owned(), feature }
    }

    /// What to do about it, where something general can be said.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Tool(error) => error.hint(),
            Self::Explained { hint, .. } => Some(hint.clone()),
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
            Self::Option { key, known: [], .. } => Some(format!("leave out `{key}`")),
            Self::Option { known, .. } => Some(format!("the language knows {}", quoted(*known))),
            Self::Encode { message, .. } if message.contains("requires an import interface named") => Some(
                "let the world import that interface, or leave out the call: the bindings have every import of the world"
                    .to_owned(),
            ),
            Self::NotImplemented { names, .. } => Some(format!(
                "add {}; the bindings that `wkit bindings` writes declare what is missing",
                several(names)
            )),
            Self::Signature { .. } => Some(
                "include the header of the bindings beside the function: then the compiler shows the place"
                    .to_owned(),
            ),
            Self::SeveralMade { .. } => {
                Some("give the one that is meant the name of the component in `wkit.toml`".to_owned())
            }
            Self::Encode { message, .. } => {
                let known = ENCODER_HINTS.iter().find(|(text, _)| message.contains(text));
                known.map(|(_, hint)| (*hint).to_owned())
            }
            Self::ForeignImport { .. } => {
                Some("import an interface into the world that can do this, or leave the call out".to_owned())
            }
            Self::ModuleNotNamed => Some(
                "name the file that your compiler makes, such as `module = \"target/name.wasm\"`".to_owned(),
            ),
            Self::ModuleMissing { .. } => Some(
                "build it first, or let wkit do so with `command` in the component's section of `wkit.toml`"
                    .to_owned(),
            ),
            Self::ModuleNotMade { .. } => {
                Some("`module` in `wkit.toml` names the file, relative to the component's folder".to_owned())
            }
            Self::CommandEmpty => {
                Some("write a list such as `command = [\"make\", \"core\"]`, or leave it out".to_owned())
            }
            Self::CommandMissing { program } if program.contains(' ') => {
                Some("each argument is a text of its own: `[\"make\", \"core\"]`".to_owned())
            }
            Self::CommandMissing { .. } => Some(
                "install it, or name a script of the component's folder with its path, such as `./build.sh`"
                    .to_owned(),
            ),
            Self::ExportsMissing { .. } | Self::ImportsUnknown { .. } => Some(
                "check that the sources are bound to the same WIT and the same world as `wkit.toml` says"
                    .to_owned(),
            ),
            Self::ProgramExportsMissing { .. } => Some(
                "an interface is an object with that name, and its functions are members of it".to_owned(),
            ),
            _ => None,
        }
    }

    /// The same error with another hint, if there is one.
    pub(super) fn with_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => Self::Explained { error: Box::new(self), hint },
            None => self,
        }
    }

    /// What the compiler wrote before it gave up.
    pub(super) fn compiler_output(&self) -> Option<&str> {
        match self {
            Self::Compiler { output, .. } => Some(output),
            _ => None,
        }
    }
}

/// The first of several names, and how many there are more.
fn several(names: &[String]) -> String {
    const SHOWN: usize = 4;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => quoted(names),
        Some(more) => format!("{} and {more} more", quoted(&names[..SHOWN])),
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
