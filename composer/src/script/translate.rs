//! What wac's crates say, in our words.

use miette::SourceSpan;
use wac_parser::resolution::Error;
use wac_parser::{Document, Error as SyntaxError};

use super::Script;
use super::document::range;
use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};

/// What is wrong with a text that is not of the language.
pub(super) fn syntax(text: &str, error: SyntaxError) -> ScriptError {
    let (fault, span, beside) = match error {
        SyntaxError::Lexer { error, span } => {
            let what = match error {
                wac_parser::lexer::Error::UnexpectedToken => {
                    let found = text.get(range(span)).unwrap_or_default();
                    format!("`{found}` has no meaning here")
                }
                wac_parser::lexer::Error::UnterminatedString => {
                    "a string begins here and has no end".to_owned()
                }
                wac_parser::lexer::Error::UnterminatedComment => {
                    "a comment begins here and has no end".to_owned()
                }
                other => other.to_string(),
            };
            (ScriptFault::Character { what }, span, "")
        }
        SyntaxError::Expected { expected, found, span } => {
            (unexpected(text, &[Some(expected)], found.is_some(), span), span, "")
        }
        SyntaxError::ExpectedEither { first, second, found, span } => {
            (unexpected(text, &[Some(first), Some(second)], found.is_some(), span), span, "")
        }
        SyntaxError::ExpectedMultiple { expected, found, span, .. } => {
            (unexpected(text, &expected, found.is_some(), span), span, "")
        }
        SyntaxError::EmptyType { ty, kind, span } => {
            (ScriptFault::Empty { kind: ty.to_owned(), member: kind.to_owned() }, span, "the end of it")
        }
        SyntaxError::InvalidVersion { version, span } => (ScriptFault::Version { version }, span, ""),
    };
    ScriptProblem { fault, labels: vec![Label::new(text, range(span), beside)] }.into()
}

fn unexpected(
    text: &str,
    expected: &[Option<wac_parser::lexer::Token>],
    has_found: bool,
    span: SourceSpan,
) -> ScriptFault {
    let mut words: Vec<String> = expected
        .iter()
        .flatten()
        .map(|token| match token.to_string().as_str() {
            "identifier" => "a name".to_owned(),
            "string literal" => "a string".to_owned(),
            "package name" => "a package such as `ns:name`".to_owned(),
            "package path" => "a path such as `ns:name/interface`".to_owned(),
            word => word.trim_end_matches(" keyword").to_owned(),
        })
        .collect();
    words.dedup();
    let last = words.pop().unwrap_or_default();
    let expected = if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) };
    let found = match text.get(range(span)) {
        Some(found) if has_found => format!("`{}`", found.trim_matches('`')),
        _ => "the end of the script".to_owned(),
    };
    ScriptFault::Syntax { expected, found }
}

/// An error with everything that caused it, on one line.
pub(super) fn chain(error: &impl AsRef<dyn std::error::Error + Send + Sync>) -> String {
    crate::engine::chain(error.as_ref())
}

/// What keeps a script from being resolved or written.
pub(super) fn resolution(script: &Script<'_>, error: Error) -> ScriptProblem {
    let translated = names(&error)
        .or_else(|| duplicates(&error))
        .or_else(|| kinds(&error))
        .unwrap_or_else(|| others(&script.document, error));
    let (fault, spans) = translated;
    let label = |(span, text): (SourceSpan, String)| Label::new(script.text, range(span), text);
    ScriptProblem { fault, labels: spans.into_iter().map(label).collect() }
}

type Translated = (ScriptFault, Vec<(SourceSpan, String)>);

fn at(span: &SourceSpan, text: &str) -> Vec<(SourceSpan, String)> {
    vec![(*span, text.to_owned())]
}

/// Names that stand for nothing.
fn names(error: &Error) -> Option<Translated> {
    let (what, name, place, span) = match error {
        Error::UndefinedName { name, span } => ("name", name, None, span),
        Error::MissingWorldInclude { world, name, span } => {
            ("import or export", name, Some(format!("world `{world}`")), span)
        }
        Error::UndefinedInterfaceType { name, interface_name, span } => {
            ("type", name, Some(format!("interface `{interface_name}`")), span)
        }
        Error::PackageMissingExport { package, export, kind, path, span } => {
            let place = match kind {
                Some(kind) => format!("{kind} `{path}` of `{package}`"),
                None => format!("package `{package}`"),
            };
            ("item", export, Some(place), span)
        }
        Error::PackagePathMissingExport { name, kind, export, span } => {
            ("item", export, Some(format!("{kind} `{name}`")), span)
        }
        Error::MissingComponentImport { package, import, span } => {
            ("import", import, Some(format!("component `{package}`")), span)
        }
        Error::MissingInstanceExport { name, span } => {
            ("export", name, Some("the instance".to_owned()), span)
        }
        _ => return None,
    };
    let fault = ScriptFault::Unknown { what, name: name.clone(), place, known: Vec::new() };
    Some((fault, at(span, "")))
}

/// Names that stand twice.
fn duplicates(error: &Error) -> Option<Translated> {
    let of = |what: &str, name: &String| Some(format!("{what} `{name}`"));
    let (what, name, place, span) = match error {
        Error::DuplicateName { name, span, previous } => {
            let fault = ScriptFault::Duplicate { what: "name".to_owned(), name: name.clone(), place: None };
            let labels = vec![(*span, "once more".to_owned()), (*previous, "first here".to_owned())];
            return Some((fault, labels));
        }
        Error::DuplicateExternName { name, kind, span, previous, .. } => {
            let fault = ScriptFault::Duplicate { what: kind.to_string(), name: name.clone(), place: None };
            let labels = vec![(*span, "once more".to_owned()), (*previous, "first here".to_owned())];
            return Some((fault, labels));
        }
        Error::DuplicateInterfaceExport { name, interface_name, span } => {
            ("function", name, interface_name.as_ref().and_then(|known| of("interface", known)), span)
        }
        Error::DuplicateWorldItem { kind, name, world, span } => {
            let fault = ScriptFault::Duplicate {
                what: kind.to_string(),
                name: name.clone(),
                place: of("world", world),
            };
            return Some((fault, at(span, "once more")));
        }
        Error::DuplicateWorldIncludeName { name, span } => ("name", name, Some("`with`".to_owned()), span),
        Error::DuplicateResourceConstructor { resource, span } => {
            let name = "constructor".to_owned();
            let fault =
                ScriptFault::Duplicate { what: "member".to_owned(), name, place: of("resource", resource) };
            return Some((fault, at(span, "once more")));
        }
        Error::DuplicateResourceMethod { name, resource, span } => {
            ("method", name, of("resource", resource), span)
        }
        Error::DuplicateVariantCase { case, name, span } => ("case", case, of("variant", name), span),
        Error::DuplicateRecordField { field, name, span } => ("field", field, of("record", name), span),
        Error::DuplicateEnumCase { case, name, span } => ("case", case, of("enum", name), span),
        Error::DuplicateFlag { flag, name, span } => ("flag", flag, of("flags", name), span),
        Error::DuplicateParameter { name, span, .. } => ("parameter", name, None, span),
        Error::DuplicateResult { name, span, .. } => ("result", name, None, span),
        Error::DuplicateInstantiationArg { name, span } => ("argument", name, None, span),
        Error::UseConflict { name, span, .. } => ("name", name, None, span),
        Error::WorldIncludeConflict { kind, name, to, span, .. } => {
            let fault =
                ScriptFault::Duplicate { what: kind.to_string(), name: name.clone(), place: of("world", to) };
            return Some((fault, at(span, "once more, by what is included")));
        }
        _ => return None,
    };
    let fault = ScriptFault::Duplicate { what: what.to_owned(), name: name.clone(), place };
    Some((fault, at(span, "once more")))
}

/// Names of something else than is wanted.
fn kinds(error: &Error) -> Option<Translated> {
    let (expected, name, kind, span) = match error {
        Error::NotFuncOrInterface { name, kind, span } => ("a function type or interface", name, kind, span),
        Error::NotInterface { name, kind, span } => ("an interface", name, kind, span),
        Error::NotWorld { name, kind, span } => ("a world", name, kind, span),
        Error::NotInterfaceValueType { name, kind, span, .. } => ("a type", name, kind, span),
        Error::InvalidAliasType { name, kind, span } => ("a type", name, kind, span),
        Error::NotFuncType { name, kind, span } => ("a function type", name, kind, span),
        Error::NotResourceType { name, kind, span } => ("a resource", name, kind, span),
        Error::NotValueType { name, kind, span } => ("a type of values", name, kind, span),
        Error::NotAnInstance { kind, span, .. } => {
            let fault = ScriptFault::WrongKind {
                expected: "an instance".to_owned(),
                found: with_article(kind),
                name: None,
            };
            return Some((fault, at(span, &format!("this is {}", with_article(kind)))));
        }
        _ => return None,
    };
    let fault = ScriptFault::WrongKind {
        expected: expected.to_owned(),
        found: format!("the {kind}"),
        name: Some(name.clone()),
    };
    Some((fault, at(span, "")))
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

fn others(document: &Document<'_>, error: Error) -> Translated {
    match error {
        Error::BorrowInResult { span } => (ScriptFault::BorrowInResult, at(&span, "")),
        Error::UnknownPackage { name, span } => {
            (ScriptFault::UnknownPackage { name, known: Vec::new() }, at(&span, ""))
        }
        Error::PackageParseFailure { name, span, source } => {
            let fault = ScriptFault::Encode { doing: format!("read `{name}`"), message: chain(&source) };
            (fault, at(&span, "this package"))
        }
        Error::MismatchedInstantiationArg { name, span, source } => {
            let fault = ScriptFault::Encode {
                doing: format!("fill the import `{name}` with this"),
                message: chain(&source),
            };
            (fault, at(&span, "this argument"))
        }
        Error::MissingInstantiationArg { name, package, span } => {
            let missing = vec![name];
            (ScriptFault::MissingArguments { package, missing, sources: Vec::new() }, at(&span, ""))
        }
        Error::ImportConflict { name, package, import, instantiation } => {
            let fault = ScriptFault::ImportTwice { name, package: package.to_string() };
            let labels =
                vec![(import, "this statement".to_owned()), (instantiation, "this instance".to_owned())];
            (fault, labels)
        }
        Error::InstantiationArgMergeFailure { name, span, instantiation, source } => {
            let fault = ScriptFault::Encode {
                doing: format!("make one import of `{name}`, which two instances leave open"),
                message: chain(&source),
            };
            (fault, vec![(span, "one instance".to_owned()), (instantiation, "the other".to_owned())])
        }
        Error::ExportRequiresAs { span } => (ScriptFault::ExportWithoutName, at(&span, "")),
        Error::DeclarationConflict { name, span, export } => {
            let fault = ScriptFault::ExportOfType { name, kind: "type".to_owned() };
            (fault, vec![(span, "the type".to_owned()), (export, "the export".to_owned())])
        }
        Error::ExportConflict { name, kind, span, definition, .. } => {
            let labels = vec![(span, "the export".to_owned()), (definition, format!("the {kind}"))];
            (ScriptFault::ExportOfType { name, kind }, labels)
        }
        Error::InvalidExternName { name, kind, span, source } => {
            let fault = ScriptFault::ExternName { kind: kind.to_string(), name, reason: chain(&source) };
            (fault, at(&span, ""))
        }
        Error::FillArgumentNotLast { span } => (ScriptFault::FillNotLast, at(&span, "")),
        Error::SpreadInstantiationNoMatch { span } => {
            let fault = ScriptFault::SpreadFillsNothing {
                name: String::new(),
                package: document.directive.package.string.to_owned(),
                exports: Vec::new(),
                wanted: Vec::new(),
            };
            (fault, at(&span, ""))
        }
        Error::SpreadExportNoEffect { span } => (ScriptFault::SpreadExportsNothing, at(&span, "")),
        Error::ImportNotInTarget { name, world, span } => {
            let fault =
                ScriptFault::OwnTarget { world, difference: format!("the world has no import `{name}`") };
            (fault, span.iter().flat_map(|span| at(span, "this import")).collect())
        }
        Error::MissingTargetExport { name, kind, world, span } => {
            let difference =
                format!("expected {} `{name}` among the exports, found nothing", with_article(&kind));
            (ScriptFault::OwnTarget { world, difference }, at(&span, "the world"))
        }
        Error::TargetMismatch { kind, name, world, span, source } => {
            let difference = format!("the {kind} `{name}` has another type: {}", chain(&source));
            let labels = span.iter().flat_map(|span| at(span, "")).collect();
            (ScriptFault::OwnTarget { world, difference }, labels)
        }
        Error::ValidationFailure { source } => {
            let doing = "validate the composition".to_owned();
            (ScriptFault::Encode { doing, message: source.message().to_owned() }, Vec::new())
        }
        // All others are names, duplicates and kinds.
        other => {
            let fault =
                ScriptFault::Encode { doing: "resolve the script".to_owned(), message: other.to_string() };
            (fault, Vec::new())
        }
    }
}
