//! Whether the composition fits the world that the script targets.

use miette::SourceSpan;
use wac_parser::{Document, ExportOptions, PackagePath, Statement};
use wkit_interface::{Misfit, SurfaceKind, WorldError, misfits};

use super::Script;
use super::document::{import_statement, range};
use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};
use super::packages::Packages;
use crate::composition::Composition;

/// The world of a WIT package that the script targets. One of the script itself, or of a component that exports it as a
/// type, is left to wac.
pub(super) fn foreign<'a>(script: &'a Script<'_>, packages: &Packages<'_>) -> Option<&'a PackagePath<'a>> {
    let path = script.document.directive.targets.as_ref()?;
    let package = packages.find(path.name, path.version.as_ref())?;
    (package.surface.kind == SurfaceKind::WitPackage).then_some(path)
}

/// Lists everything in which the composition does not fit the world at `path`.
pub(super) fn check(
    script: &Script<'_>,
    packages: &Packages<'_>,
    path: &PackagePath<'_>,
    composition: &Composition,
) -> Result<(), ScriptError> {
    let Some(package) = packages.find(path.name, path.version.as_ref()) else { return Ok(()) };
    if let Err(error) = package.surface.world(Some(path.segments)) {
        let is_interface = package
            .surface
            .interfaces
            .iter()
            .any(|item| item.parts.as_ref().is_some_and(|parts| parts.interface == path.segments));
        let fault = match error {
            _ if is_interface => ScriptFault::WrongKind {
                expected: "a world".to_owned(),
                found: "the interface".to_owned(),
                name: Some(path.string.to_owned()),
            },
            WorldError::UnknownWorld { world, worlds } => ScriptFault::Unknown {
                what: "world",
                name: world,
                place: Some(format!("package `{}`", path.name)),
                known: worlds,
            },
            _ => ScriptFault::Unknown {
                what: "world",
                name: path.segments.to_owned(),
                place: Some(format!("package `{}`", path.name)),
                known: Vec::new(),
            },
        };
        return Err(problem(script, fault, None, path).into());
    }
    let problems: Vec<ScriptProblem> = misfits(&composition.surface, &package.surface, path.segments)
        .into_iter()
        .map(|misfit| {
            let span = place(&script.document, composition, &misfit);
            let fault = ScriptFault::Target { world: path.string.to_owned(), misfit: Box::new(misfit) };
            problem(script, fault, span, path)
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(ScriptError { problems }) }
}

fn problem(
    script: &Script<'_>,
    fault: ScriptFault,
    span: Option<SourceSpan>,
    path: &PackagePath<'_>,
) -> ScriptProblem {
    let world = Label::new(script.text, range(path.span), "the world");
    let labels = match span {
        Some(span) => vec![Label::new(script.text, range(span), "this"), world],
        None => vec![world],
    };
    ScriptProblem { fault, labels }
}

/// What of the script brings the import or export, if something does.
fn place(document: &Document<'_>, composition: &Composition, misfit: &Misfit) -> Option<SourceSpan> {
    let name = misfit.item();
    match misfit {
        Misfit::ExtraImport { .. } | Misfit::ImportMismatch { .. } => {
            let open = composition.imports.iter().find(|open| open.name == name)?;
            import_statement(document, name).or_else(|| instance(document, &open.importers.first()?.instance))
        }
        Misfit::ExportMismatch { .. } => exported(document, name),
        _ => None,
    }
}

/// Where the instance gets its name.
fn instance(document: &Document<'_>, name: &str) -> Option<SourceSpan> {
    document.statements.iter().find_map(|statement| match statement {
        Statement::Let(statement) if statement.id.string == name => Some(statement.id.span),
        _ => None,
    })
}

/// The statement that exports under `name`: by `as`, or else by the name of an interface or a spread.
fn exported(document: &Document<'_>, name: &str) -> Option<SourceSpan> {
    let exports = || {
        document.statements.iter().filter_map(|statement| match statement {
            Statement::Export(statement) => Some(statement),
            _ => None,
        })
    };
    let stated = exports().find(|export| match &export.options {
        ExportOptions::Rename(stated) => stated.as_str() == name,
        _ => false,
    });
    let inferred = || exports().find(|export| !matches!(export.options, ExportOptions::Rename(_)));
    stated.or_else(inferred).map(|export| export.expr.span)
}
