//! Why a stub cannot be made.

use std::ops::Range;

use thiserror::Error;
use wkit_interface::DecodeError;

use crate::error::quoted;
use crate::hint::near;
use crate::limits::{MOCK_DATA_BYTES_MAX, MOCK_VALUE_BYTES_MAX};

/// Why a stub cannot be made. [`MockError::hint`] says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MockError {
    /// What should be mocked for is no component and no WIT package.
    #[error(transparent)]
    Decode(#[from] DecodeError),

    /// The component has imports that WIT cannot say.
    #[error("the imports cannot be mocked: {message}")]
    NotWit {
        /// What WIT has no word for.
        message: String,
    },

    /// A WIT package has no world of that name, or several and none was named.
    #[error("{}", unknown_world(name.as_deref(), known))]
    UnknownWorld {
        /// The name that was given.
        name: Option<String>,
        /// The worlds that there are.
        known: Vec<String>,
    },

    /// A world was named, but a component has only its own.
    #[error("expected a WIT package for the world `{name}`, found a component")]
    WorldOfComponent {
        /// The world that was named.
        name: String,
    },

    /// There is no import that would be mocked.
    #[error("nothing to mock: {}", nothing(excluded))]
    NothingToMock {
        /// The imports that were left out.
        excluded: Vec<String>,
    },

    /// A name or pattern fits no import.
    #[error("no import `{name}`, found {}", quoted(known))]
    UnknownImport {
        /// The name or pattern.
        name: String,
        /// What is imported.
        known: Vec<String>,
    },

    /// A function belongs to a resource that the world itself declares, which no component can export.
    #[error(
        "`{function}` cannot be mocked: no component can export the resource of a world, only that of an interface"
    )]
    WorldResource {
        /// The function.
        function: String,
    },

    /// A mocked interface uses one that is not mocked, which uses a mocked one again.
    #[error("{message}")]
    Tangled {
        /// Which interface.
        message: String,
    },

    /// Answers are stated for an interface that is not mocked.
    #[error("no interface `{name}` is mocked, found {}", quoted(known))]
    UnknownInterface {
        /// The name that the answers give.
        name: String,
        /// What is mocked.
        known: Vec<String>,
        /// Where it stands in the file of answers.
        span: Option<Range<usize>>,
    },

    /// Answers are stated for a name without a version, and several versions are mocked.
    #[error("`{name}` is mocked in several versions: {}", quoted(matches))]
    AmbiguousInterface {
        /// The name that the answers give.
        name: String,
        /// What it may mean.
        matches: Vec<String>,
        /// Where it stands in the file of answers.
        span: Option<Range<usize>>,
    },

    /// Answers are stated for a function that the interface does not have.
    #[error("`{interface}` has no function `{name}`, found {}", quoted(known))]
    UnknownFunction {
        /// The interface.
        interface: String,
        /// The name that the answers give.
        name: String,
        /// Its functions.
        known: Vec<String>,
        /// Where it stands in the file of answers.
        span: Option<Range<usize>>,
    },

    /// A stated value or argument is not of its type.
    #[error("{0}")]
    Value(Box<ValueError>),

    /// The default is stated for a type that has none.
    #[error("{what} of `{function}` has no default: it holds the resource `{resource}`, which is not mocked")]
    NoDefault {
        /// What has none: `the result`.
        what: String,
        /// The function with its interface.
        function: String,
        /// The resource.
        resource: String,
        /// Where it stands in the file of answers.
        span: Option<Range<usize>>,
    },

    /// The file of answers is not written as it should be.
    #[error("{message}")]
    Answers {
        /// What is wrong.
        message: String,
        /// Where.
        span: Option<Range<usize>>,
    },

    /// The stated values, or a value of one of the types, are larger than [`MOCK_DATA_BYTES_MAX`].
    #[error("the values of the stub are too large, the limit is {MOCK_DATA_BYTES_MAX} bytes")]
    TooLarge,

    /// One stated value has more text than [`MOCK_VALUE_BYTES_MAX`].
    #[error(
        "a value of {size_bytes} bytes is stated for `{function}`, the limit is {MOCK_VALUE_BYTES_MAX} bytes"
    )]
    ValueTooLong {
        /// The function with its interface.
        function: String,
        /// How long the text is.
        size_bytes: usize,
        /// Where it stands in the file of answers.
        span: Option<Range<usize>>,
    },

    /// The stub cannot be written as a component.
    #[error("cannot write the stub: {message}")]
    Encode {
        /// What went wrong.
        message: String,
    },
}

/// A stated text that is no value of its type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} of `{function}`: expected {expected}, found {found}{}", reason_after(reason.as_deref()))]
pub struct ValueError {
    /// What the text is for: `the result`, `the arguments`, ``argument 1 (`key`)``.
    pub what: String,
    /// The function with its interface.
    pub function: String,
    /// The type that is expected at the place, in backticks.
    pub expected: String,
    /// What stands there, shortened and in backticks.
    pub found: String,
    /// What does not fit, when there is more to say.
    pub reason: Option<String>,
    /// Where it stands in the file of answers.
    pub span: Option<Range<usize>>,
}

impl MockError {
    /// Where the error is in the file of answers, in bytes.
    pub fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::UnknownInterface { span, .. }
            | Self::AmbiguousInterface { span, .. }
            | Self::UnknownFunction { span, .. }
            | Self::NoDefault { span, .. }
            | Self::Answers { span, .. }
            | Self::ValueTooLong { span, .. } => span.clone(),
            Self::Value(error) => error.span.clone(),
            _ => None,
        }
    }

    /// The one step that most likely helps, for a line that begins with `hint:`.
    pub fn hint(&self) -> Option<String> {
        let did_you_mean = |name: &str, known: &[String]| {
            near_import(name, known).map(|near| format!("did you mean `{near}`?"))
        };
        Some(match self {
            Self::Decode(error) => crate::hint::decode_hint(error),
            Self::UnknownWorld { name: Some(name), known } => did_you_mean(name, known)?,
            Self::UnknownWorld { name: None, known } => {
                format!("name one, for example `--world {}`", known.first()?)
            }
            Self::WorldOfComponent { .. } => {
                "leave out `--world`: what the component imports is mocked".to_owned()
            }
            Self::NothingToMock { excluded } => {
                format!("name what to mock, for example `--import {}`", excluded.first()?)
            }
            Self::UnknownImport { name, known } => did_you_mean(name, known)?,
            Self::Tangled { .. } => "mock the interface in between too, or leave both out".to_owned(),
            Self::UnknownInterface { name, known, .. } | Self::UnknownFunction { name, known, .. } => {
                did_you_mean(name, known)?
            }
            Self::AmbiguousInterface { matches, .. } => {
                format!("write the version too, for example `{}`", matches.first()?)
            }
            Self::NoDefault { .. } => "mock the interface of the resource too, or state `trap`".to_owned(),
            Self::NotWit { .. }
            | Self::WorldResource { .. }
            | Self::Value(_)
            | Self::Answers { .. }
            | Self::TooLarge
            | Self::ValueTooLong { .. }
            | Self::Encode { .. } => return None,
        })
    }
}

/// The known name that is meant, whose version may have been left out.
fn near_import<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    near(name, known).or_else(|| {
        let paths: Vec<String> =
            known.iter().map(|known| known.split('@').next().unwrap_or_default().to_owned()).collect();
        let path = near(name, &paths)?;
        let position = paths.iter().position(|known| known == path)?;
        known.get(position).map(String::as_str)
    })
}

fn unknown_world(name: Option<&str>, known: &[String]) -> String {
    match name {
        Some(name) => format!("no world `{name}`, found {}", quoted(known)),
        None if known.is_empty() => "the WIT package has no world".to_owned(),
        None => format!("the WIT package has several worlds: {}", quoted(known)),
    }
}

fn nothing(excluded: &[String]) -> String {
    if excluded.is_empty() {
        return "there are no imports".to_owned();
    }
    format!("all imports are left out: {}", quoted(excluded))
}

fn reason_after(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(" ({reason})"))
}
