//! From a document and its packages to a component.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use miette::SourceSpan;
use wac_graph::CompositionGraph;
use wac_graph::types::{SubtypeChecker, TypeAggregator};
use wac_parser::resolution::Resolution;
use wac_parser::{Document, ImportStatement, ImportType, Statement};
use wkit_interface::Surface;

use super::Script;
use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};
use super::packages::{Packages, cannot_write};
use super::recover::{self, Nodes};
use super::{target, trace, translate};
use crate::composition::Composition;
use crate::{engine, labels};

/// The bytes of the text that a span of wac covers.
pub(super) fn range(span: SourceSpan) -> Range<usize> {
    span.offset()..span.offset() + span.len()
}

/// Resolves, checks and writes the script.
pub(super) fn compose(script: &Script<'_>, packages: &Packages<'_>) -> Result<Composition, ScriptError> {
    let target = target::foreign(script, packages);
    let mut document = script.document.clone();
    if target.is_some() {
        document.directive.targets = None;
    }
    let resolution = unless_it_panics("resolve the script", || {
        document.resolve(packages.for_wac()).map_err(|error| explain(script, packages, error))
    })?;
    check_imports(script, resolution.graph())?;
    let bytes = unless_it_panics("write the composition", || encode(script, packages, &resolution))?;
    let nodes = Nodes::of(resolution.graph(), packages);
    let labelled = labels::restore(bytes, &nodes.label_exports()).map_err(cannot_write)?;
    let (bytes, surface) = packages.fill(labelled)?;
    let composition = recover::composition(&nodes, bytes, surface);
    if let Some(path) = target {
        target::check(script, packages, path, &composition)?;
    }
    Ok(composition)
}

fn encode(
    script: &Script<'_>,
    packages: &Packages<'_>,
    resolution: &Resolution<'_>,
) -> Result<Vec<u8>, ScriptError> {
    resolution.encode(engine::encode_options()).map_err(|error| explain(script, packages, error))
}

/// What wac stopped at, or better all that is wrong where it is an argument that is wrong.
fn explain(
    script: &Script<'_>,
    packages: &Packages<'_>,
    error: wac_parser::resolution::Error,
) -> ScriptError {
    let mut found = if trace::can_say_more(&error) { trace::problems(script, packages) } else { Vec::new() };
    found.extend(trace::import_conflict(script, packages, &error));
    let problems = if found.is_empty() { vec![translate::resolution(script, error)] } else { found };
    ScriptError { problems }
}

/// The imports that statements make, together with those that instances leave open: wac takes for granted that they
/// go together.
fn check_imports(script: &Script<'_>, graph: &CompositionGraph) -> Result<(), ScriptError> {
    if !script.document.statements.iter().any(|statement| matches!(statement, Statement::Import(_))) {
        return Ok(());
    }
    let mut cache = Default::default();
    let mut checker = SubtypeChecker::new(&mut cache);
    let mut aggregator = TypeAggregator::default();
    for (name, kind, node) in graph.imports() {
        aggregator = match aggregator.aggregate(name, graph.types(), kind, &mut checker) {
            Ok(aggregator) => aggregator,
            // Encoding finds it too, and says between whom.
            Err(_) if node.is_none() => return Ok(()),
            Err(error) => {
                let label = import_statement(&script.document, name)
                    .map(|span| Label::new(script.text, range(span), "this import"));
                let fault = ScriptFault::ImportsConflict { reason: translate::chain(&error) };
                return Err(ScriptProblem { fault, labels: label.into_iter().collect() }.into());
            }
        };
    }
    Ok(())
}

/// The statement that imports under `name`.
pub(super) fn import_statement(document: &Document<'_>, name: &str) -> Option<SourceSpan> {
    document.statements.iter().find_map(|statement| {
        let Statement::Import(statement) = statement else { return None };
        (imported_name(statement) == name).then_some(statement.id.span)
    })
}

/// The name that a statement imports under.
pub(super) fn imported_name<'a>(statement: &'a ImportStatement<'a>) -> &'a str {
    match (&statement.name, &statement.ty) {
        (Some(name), _) => name.as_str(),
        (None, ImportType::Package(path)) => path.string,
        (None, _) => statement.id.string,
    }
}

/// What the script imports by statements, as the surface of a component that has these imports and nothing else.
pub(super) fn surface_of_imports(script: &Script<'_>, packages: &Packages<'_>) -> Option<Surface> {
    let mut document = script.document.clone();
    document.directive.targets = None;
    document.statements.retain(|statement| matches!(statement, Statement::Import(_) | Statement::Type(_)));
    let bytes = catch_unwind(AssertUnwindSafe(|| {
        document.resolve(packages.for_wac()).ok()?.encode(engine::encode_options()).ok()
    }));
    wkit_interface::decode(&bytes.ok()??).ok()
}

/// Runs what may panic in a crate that is not ours; the checks before leave it no reason that we know of.
fn unless_it_panics<T>(doing: &str, work: impl FnOnce() -> Result<T, ScriptError>) -> Result<T, ScriptError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let message = "it has something that the wac language's own resolver cannot deal with".to_owned();
        let fault = ScriptFault::Encode { doing: doing.to_owned(), message };
        Err(ScriptProblem { fault, labels: Vec::new() }.into())
    })
}
