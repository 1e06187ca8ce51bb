//! Reading a call in WAVE, the text form of component-model values.

use wasmtime::component::wasm_wave::ast::Node;
use wasmtime::component::wasm_wave::parser::ParserError;
use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;
use wasmtime::component::wasm_wave::wasm::{WasmType, WasmTypeKind};
use wasmtime::component::{Type, Val};

use crate::exports::{Export, Exports, Found};
use crate::limits::{CALL_BYTES_MAX, FUNCTIONS_LISTED_MAX};
use crate::signature::{type_text, without_wave_form};

/// How much of an argument's text an error message shows, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// Calls up to this length are read on the caller's stack.
const CALLERS_STACK_BYTES_MAX: usize = 4 << 10;

/// Stack for each byte of a longer call. The WAVE lexer goes one level deeper for each character of a string; about 40
/// bytes were measured without optimisation.
const STACK_BYTES_PER_BYTE: usize = 256;

/// A call that cannot be made of the text and the component's exports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The text is too long.
    #[error("expected a call of at most {bytes_max} bytes, found {found_bytes}")]
    TooLong {
        /// The length of the text.
        found_bytes: usize,
        /// [`CALL_BYTES_MAX`](crate::limits::CALL_BYTES_MAX).
        bytes_max: usize,
    },
    /// The host has no memory to read a call of this length.
    #[error("the host has no memory left to read a call of {found_bytes} bytes")]
    OutOfMemory {
        /// The length of the text.
        found_bytes: usize,
    },
    /// The text is not `name(arguments)`.
    #[error("expected a call such as `add(1, 2)`, found `{call}`: {reason}")]
    Syntax {
        /// The text, shortened.
        call: String,
        /// What is wrong with it and where.
        reason: String,
    },
    /// No export has this name.
    #[error("the component exports no function `{name}`{}", listed(.available))]
    UnknownFunction {
        /// The name as it was given.
        name: String,
        /// Everything that can be called, with signatures.
        available: Vec<String>,
    },
    /// More than one export has this name.
    #[error("`{name}` could be any of{}", lines(.candidates))]
    Ambiguous {
        /// The name as it was given.
        name: String,
        /// The full names, with signatures.
        candidates: Vec<String>,
    },
    /// Too few or too many arguments.
    #[error("`{function}` takes {expected} arguments, found {found}")]
    ArgumentCount {
        /// The function with its signature.
        function: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An argument is not a value of its parameter's type.
    #[error(transparent)]
    Argument(Box<ArgumentError>),
    /// A type in the signature has values that cannot be written down.
    #[error("`{function}` has {place} of type {ty}, and WAVE has no form for {kind}")]
    NoWaveForm {
        /// The function's full name.
        function: String,
        /// "a parameter `name`" or "a result".
        place: String,
        /// The type that has no form.
        ty: String,
        /// What it is: "handles of resources", "streams", …
        kind: &'static str,
    },
}

/// An argument that is not a value of its parameter's type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "argument {position} (`{parameter}`) of `{function}`: expected {expected}, found `{found}`: {reason}"
)]
pub struct ArgumentError {
    /// The function's full name.
    pub function: String,
    /// Which argument, counted from 1.
    pub position: usize,
    /// The parameter's name.
    pub parameter: String,
    /// The parameter's type.
    pub expected: String,
    /// The argument's text, shortened.
    pub found: String,
    /// What does not fit.
    pub reason: String,
}

impl CallError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooLong { .. } | Self::OutOfMemory { .. } | Self::UnknownFunction { .. } | Self::Argument(_) => None,
            Self::Syntax { .. } => Some(
                "arguments are written in WAVE: `1`, `\"text\"`, `[1, 2]`, `{name: \"x\"}`, `some(1)`, `ok(1)`".to_owned(),
            ),
            Self::Ambiguous { candidates, .. } => {
                Some(format!("write the full name, such as `{}`", candidates.first()?.split('(').next()?))
            }
            Self::ArgumentCount { function, .. } => Some(format!("its signature is `{function}`")),
            Self::NoWaveForm { .. } => {
                Some("call it from a component that is composed with this one".to_owned())
            }
        }
    }
}

/// A call that fits its function.
pub(crate) struct Call<'a> {
    pub(crate) export: &'a Export,
    pub(crate) arguments: Vec<Val>,
}

impl<'a> Call<'a> {
    /// Reads `text` as a call of one of `exports`.
    pub(crate) fn parse(text: &str, exports: &'a Exports) -> Result<Self, CallError> {
        if text.len() > CALL_BYTES_MAX {
            return Err(CallError::TooLong { found_bytes: text.len(), bytes_max: CALL_BYTES_MAX });
        }
        if text.len() <= CALLERS_STACK_BYTES_MAX {
            return Self::read(text, exports);
        }
        let out_of_memory = CallError::OutOfMemory { found_bytes: text.len() };
        let stack_bytes = text.len().saturating_mul(STACK_BYTES_PER_BYTE);
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .stack_size(stack_bytes)
                .spawn_scoped(scope, || Self::read(text, exports))
                .map_err(|_| out_of_memory)?
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read(text: &str, exports: &'a Exports) -> Result<Self, CallError> {
        let syntax = |reason: String| CallError::Syntax { call: shortened(text), reason };
        let Some(open) = text.find('(') else {
            return Err(syntax("there is no `(`".to_owned()));
        };
        let (name, arguments) = (text[..open].trim(), &text[open..]);
        if name.is_empty() {
            return Err(syntax("there is no name before the `(`".to_owned()));
        }
        // Names of interfaces have characters that WAVE's names have not, so WAVE gets to see a name of one letter.
        let wave = format!("f{arguments}");
        let parsed = UntypedFuncCall::parse(&wave).map_err(|error| {
            syntax(format!("{} at byte {}", reason(&error), open + error.span().start.saturating_sub(1)))
        })?;
        let export = find(exports, name)?;
        check_wave_forms(export)?;
        let nodes = match parsed.params_node() {
            Some(node) => node.as_tuple().map_err(|error| syntax(reason(&error)))?.collect(),
            None => Vec::new(),
        };
        let arguments = values(export, &nodes, &wave)?;
        Ok(Self { export, arguments })
    }
}

fn find<'a>(exports: &'a Exports, name: &str) -> Result<&'a Export, CallError> {
    match exports.find(name) {
        Found::One(export) => Ok(export),
        Found::Many(candidates) => Err(CallError::Ambiguous {
            name: name.to_owned(),
            candidates: candidates.into_iter().map(|export| export.shown.to_string()).collect(),
        }),
        Found::None => Err(CallError::UnknownFunction {
            name: name.to_owned(),
            available: exports.functions().map(ToString::to_string).collect(),
        }),
    }
}

fn check_wave_forms(export: &Export) -> Result<(), CallError> {
    let parameters = export.ty.params().map(|(name, ty)| (format!("a parameter `{name}`"), ty));
    let results = export.ty.results().map(|ty| ("a result".to_owned(), ty));
    for (place, ty) in parameters.chain(results) {
        if let Some(formless) = without_wave_form(&ty) {
            let kind = match formless {
                Type::Future(_) => "futures",
                Type::Stream(_) => "streams",
                Type::ErrorContext => "error contexts",
                Type::Map(_) => "maps",
                Type::FixedLengthList(_) => "lists of a fixed length",
                _ => "handles of resources",
            };
            let function = export.shown.full_name();
            return Err(CallError::NoWaveForm { function, place, ty: type_text(&ty), kind });
        }
    }
    Ok(())
}

fn values(export: &Export, nodes: &[&Node], wave: &str) -> Result<Vec<Val>, CallError> {
    let parameters: Vec<_> = export.ty.params().collect();
    // WAVE lets options at the end be left out.
    let may_be_left_out = |(_, ty): &(&str, Type)| ty.kind() == WasmTypeKind::Option;
    let is_short = nodes.len() < parameters.len() && !parameters[nodes.len()..].iter().all(may_be_left_out);
    if is_short || nodes.len() > parameters.len() {
        return Err(CallError::ArgumentCount {
            function: export.shown.to_string(),
            expected: parameters.len(),
            found: nodes.len(),
        });
    }
    let mut values = Vec::with_capacity(parameters.len());
    for (position, (parameter, ty)) in parameters.iter().enumerate() {
        let Some(node) = nodes.get(position) else {
            values.push(Val::Option(None));
            continue;
        };
        values.push(node.to_wasm_value::<Val>(ty, wave).map_err(|error| {
            CallError::Argument(Box::new(ArgumentError {
                function: export.shown.full_name(),
                position: position + 1,
                parameter: (*parameter).to_owned(),
                expected: type_text(ty),
                found: shortened(&wave[node.span()]),
                reason: reason_within(&error, node, wave),
            }))
        })?);
    }
    Ok(values)
}

/// The result's text.
pub(crate) fn text(value: &Val) -> Result<String, std::fmt::Error> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{}", wasmtime::component::wasm_wave::wasm::DisplayValue(value))?;
    Ok(text)
}

/// What a parser's error says, without its place.
fn reason(error: &ParserError) -> String {
    match (std::error::Error::source(error), error.detail()) {
        (Some(source), _) => source.to_string(),
        (None, Some(detail)) => format!("{}: {detail}", error.kind()),
        (None, None) => error.kind().to_string(),
    }
}

/// The same, with the text of the place where that is only a part of the argument.
fn reason_within(error: &ParserError, node: &Node, wave: &str) -> String {
    let reason = reason(error);
    match wave.get(error.span()) {
        Some(place) if error.span() != node.span() && !place.is_empty() => {
            format!("{reason} (at `{}`)", shortened(place))
        }
        _ => reason,
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn listed(available: &[String]) -> String {
    if available.is_empty() {
        return " and no other function either".to_owned();
    }
    format!("; it exports{}", lines(available))
}

fn lines(functions: &[String]) -> String {
    let mut text: String =
        functions.iter().take(FUNCTIONS_LISTED_MAX).map(|function| format!("\n  {function}")).collect();
    if let Some(more) = functions.len().checked_sub(FUNCTIONS_LISTED_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("\n  … and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_at_the_limit() {
        let functions = |count: usize| vec!["f()".to_owned(); count];
        assert_eq!(lines(&functions(FUNCTIONS_LISTED_MAX)).lines().count(), FUNCTIONS_LISTED_MAX + 1);
        assert!(!lines(&functions(FUNCTIONS_LISTED_MAX)).contains("more"));
        assert!(lines(&functions(FUNCTIONS_LISTED_MAX + 1)).ends_with("\n  … and 1 more"));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened(&"ä".repeat(SHOWN_CHARS_MAX)), "ä".repeat(SHOWN_CHARS_MAX));
        assert_eq!(shortened(&"ä".repeat(SHOWN_CHARS_MAX + 1)), format!("{}…", "ä".repeat(SHOWN_CHARS_MAX)));
    }
}
