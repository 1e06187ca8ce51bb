//! Follows a script through the surfaces of its packages, to say everything that is wrong with its arguments: wac stops
//! at the first, and says less of it.

use std::collections::HashMap;
use std::ops::Range;

use miette::SourceSpan;
use wac_parser::resolution::Error;
use wac_parser::{
    ExportOptions, Expr, Ident, InstantiationArgument, InstantiationArgumentName, NewExpr, PostfixExpr,
    PrimaryExpr, Statement,
};
use wkit_interface::{Item, ItemKind, Mismatch, Surface, fits};

use super::Script;
use super::document::{imported_name, range, surface_of_imports};
use super::error::{Label, ScriptFault, ScriptProblem, THE_SCRIPT};
use super::packages::{Package, Packages};
use crate::error::{ImportConflict, WireMismatch};

/// Whether the error is about what is followed here.
pub(super) fn can_say_more(error: &Error) -> bool {
    matches!(
        error,
        Error::UndefinedName { .. }
            | Error::MissingComponentImport { .. }
            | Error::MissingInstanceExport { .. }
            | Error::MismatchedInstantiationArg { .. }
            | Error::MissingInstantiationArg { .. }
            | Error::SpreadInstantiationNoMatch { .. }
    )
}

/// Everything that is wrong with names, accesses and arguments, in the order of the text.
pub(super) fn problems(script: &Script<'_>, packages: &Packages<'_>) -> Vec<ScriptProblem> {
    let has_imports =
        script.document.statements.iter().any(|statement| matches!(statement, Statement::Import(_)));
    let imports = if has_imports { surface_of_imports(script, packages) } else { None };
    let mut trace =
        Trace { script, packages, imports: imports.as_ref(), names: HashMap::new(), problems: Vec::new() };
    for statement in &script.document.statements {
        match statement {
            Statement::Import(statement) => {
                let import = imported_name(statement);
                trace.names.insert(statement.id.string, Value::Import { import });
            }
            Statement::Type(statement) => {
                let id = match statement {
                    wac_parser::TypeStatement::Interface(interface) => interface.id.string,
                    wac_parser::TypeStatement::World(world) => world.id.string,
                    wac_parser::TypeStatement::Type(decl) => decl.id().string,
                };
                trace.names.insert(id, Value::Unknown);
            }
            Statement::Let(statement) => {
                let value = trace.expr(&statement.expr, Some(statement.id.string));
                trace.names.insert(statement.id.string, value);
            }
            Statement::Export(statement) => {
                let name = match &statement.options {
                    ExportOptions::Rename(name) => Some(name.as_str()),
                    _ => None,
                };
                trace.expr(&statement.expr, name);
            }
        }
    }
    let mut problems = trace.problems;
    problems.sort_by_key(|problem| problem.labels.first().map(|label| label.span.start));
    problems
}

/// Two instances leave an import open that cannot be one: who they are, by the places of their packages, and all
/// differences.
pub(super) fn import_conflict(
    script: &Script<'_>,
    packages: &Packages<'_>,
    error: &Error,
) -> Option<ScriptProblem> {
    let Error::InstantiationArgMergeFailure { name, span, instantiation, .. } = error else { return None };
    let package = |span: SourceSpan| {
        let text = script.text.get(range(span))?;
        packages.list().iter().find(|package| package.request.to_string() == text)
    };
    let (first, second) = (package(*instantiation)?, package(*span)?);
    let import = |package: &Package<'_>| {
        let imports = &package.surface.imports;
        imports.iter().find(|item| fits(&item.name, name)).map(|item| item.name.clone())
    };
    let (first_import, second_import) = (import(first)?, import(second)?);
    let mismatches =
        wkit_interface::conflicts(&first.surface, &first_import, &second.surface, &second_import);
    let conflict = ImportConflict {
        first: first.request.to_string(),
        first_import,
        second: second.request.to_string(),
        second_import,
        mismatches,
    };
    let label = |span: SourceSpan, text: &str| Label::new(script.text, range(span), text);
    (!conflict.mismatches.is_empty()).then(|| ScriptProblem {
        fault: ScriptFault::ImportConflict(Box::new(conflict)),
        labels: vec![label(*span, "leaves it open"), label(*instantiation, "leaves it open too")],
    })
}

/// What an expression stands for.
#[derive(Clone)]
enum Value<'a> {
    /// An instance of a package.
    Instance { package: &'a Package<'a>, name: String },
    /// An export of an instance.
    Export { package: &'a Package<'a>, instance: String, export: String },
    /// An import of the script.
    Import { import: &'a str },
    /// Something else, or something that is wrong itself.
    Unknown,
}

struct Trace<'a> {
    script: &'a Script<'a>,
    packages: &'a Packages<'a>,
    imports: Option<&'a Surface>,
    names: HashMap<&'a str, Value<'a>>,
    problems: Vec<ScriptProblem>,
}

/// An argument of `new` after its name has been inferred.
struct Argument<'a> {
    import: String,
    value: Value<'a>,
    span: Range<usize>,
}

impl<'a> Trace<'a> {
    fn add(&mut self, fault: ScriptFault, span: Range<usize>, text: &str) {
        self.problems.push(ScriptProblem { fault, labels: vec![Label::new(self.script.text, span, text)] });
    }

    fn name(&mut self, id: &Ident<'_>) -> Value<'a> {
        if let Some(value) = self.names.get(id.string) {
            return value.clone();
        }
        let mut known: Vec<String> = self.names.keys().map(|name| (*name).to_owned()).collect();
        known.sort();
        let fault = ScriptFault::Unknown { what: "name", name: id.string.to_owned(), place: None, known };
        self.add(fault, range(id.span), "");
        Value::Unknown
    }

    /// At most as deep as brackets are nested.
    fn expr(&mut self, expr: &'a Expr<'a>, name: Option<&str>) -> Value<'a> {
        let mut value = match &expr.primary {
            PrimaryExpr::New(new) => self.new_expr(new, name),
            PrimaryExpr::Nested(nested) => self.expr(&nested.inner, name),
            PrimaryExpr::Ident(id) => self.name(id),
        };
        for postfix in &expr.postfix {
            value = match postfix {
                PostfixExpr::Access(access) => {
                    self.access(&value, access.id.string, true, range(access.span))
                }
                PostfixExpr::NamedAccess(access) => {
                    self.access(&value, access.string.value, false, range(access.span))
                }
            };
        }
        value
    }

    fn access(&mut self, value: &Value<'a>, wanted: &str, is_short: bool, span: Range<usize>) -> Value<'a> {
        let Value::Instance { package, name } = value else { return Value::Unknown };
        let exports = &package.surface.exports;
        let export = if is_short { short(wanted, exports).unwrap_or(wanted) } else { wanted };
        if exports.iter().any(|item| item.name == export) {
            return Value::Export { package, instance: name.clone(), export: export.to_owned() };
        }
        let fault = ScriptFault::Unknown {
            what: "export",
            name: wanted.to_owned(),
            place: Some(format!("`{name}`")),
            known: names_of(exports),
        };
        self.add(fault, span, "");
        Value::Unknown
    }

    fn new_expr(&mut self, new: &'a NewExpr<'a>, name: Option<&str>) -> Value<'a> {
        let Some(package) = self.packages.find(new.package.name, new.package.version.as_ref()) else {
            return Value::Unknown;
        };
        let mut arguments = self.arguments(new, package);
        self.spreads(new, package, &mut arguments);
        let instance = name.unwrap_or(new.package.string).to_owned();
        for argument in &arguments {
            self.check(&instance, new, package, argument);
        }
        let has_fill =
            new.arguments.iter().any(|argument| matches!(argument, InstantiationArgument::Fill(_)));
        let given = |item: &Item| arguments.iter().any(|argument| argument.import == item.name);
        let missing: Vec<&Item> = package.surface.imports.iter().filter(|item| !given(item)).collect();
        if !has_fill && !missing.is_empty() {
            let sources = self.sources(&missing);
            let fault = ScriptFault::MissingArguments {
                package: new.package.string.to_owned(),
                missing: missing.iter().map(|item| item.name.clone()).collect(),
                sources,
            };
            self.add(fault, range(new.package.span), "");
        }
        Value::Instance { package, name: instance }
    }

    /// All arguments but spreads.
    fn arguments(&mut self, new: &'a NewExpr<'a>, package: &Package<'_>) -> Vec<Argument<'a>> {
        let imports = &package.surface.imports;
        let mut arguments = Vec::new();
        for argument in &new.arguments {
            match argument {
                InstantiationArgument::Inferred(id) => {
                    let value = self.name(id);
                    let import = inferred(id.string, &value, imports);
                    arguments.push(Argument { import, value, span: range(id.span) });
                }
                InstantiationArgument::Named(argument) => {
                    let value = self.expr(&argument.expr, None);
                    let import = match &argument.name {
                        InstantiationArgumentName::Ident(id) => {
                            short(id.string, imports).unwrap_or(id.string)
                        }
                        InstantiationArgumentName::String(name) => name.value,
                    };
                    let (import, span) = (import.to_owned(), range(argument.name.span()));
                    arguments.push(Argument { import, value, span });
                }
                InstantiationArgument::Spread(_) | InstantiationArgument::Fill(_) => {}
            }
        }
        arguments
    }

    fn spreads(&mut self, new: &'a NewExpr<'a>, package: &Package<'_>, arguments: &mut Vec<Argument<'a>>) {
        for argument in &new.arguments {
            let InstantiationArgument::Spread(id) = argument else { continue };
            let Value::Instance { package: source, name } = self.name(id) else { continue };
            let exports = &source.surface.exports;
            let open: Vec<&Item> = package
                .surface
                .imports
                .iter()
                .filter(|item| !arguments.iter().any(|argument| argument.import == item.name))
                .collect();
            let before = arguments.len();
            for import in &open {
                let exact = exports.iter().find(|export| export.name == import.name);
                let fitting = || exports.iter().find(|export| fits(&import.name, &export.name));
                let Some(export) = exact.or_else(fitting) else { continue };
                arguments.push(Argument {
                    import: import.name.clone(),
                    value: Value::Export {
                        package: source,
                        instance: name.clone(),
                        export: export.name.clone(),
                    },
                    span: range(id.span),
                });
            }
            if arguments.len() == before {
                let fault = ScriptFault::SpreadFillsNothing {
                    name,
                    package: new.package.string.to_owned(),
                    exports: names_of(exports),
                    wanted: open.iter().map(|item| item.name.clone()).collect(),
                };
                self.add(fault, range(id.span), "");
            }
        }
    }

    fn check(&mut self, instance: &str, new: &NewExpr<'_>, package: &Package<'_>, argument: &Argument<'_>) {
        let Argument { import, value, span } = argument;
        if !package.surface.imports.iter().any(|item| item.name == *import) {
            let fault = ScriptFault::Unknown {
                what: "import",
                name: import.clone(),
                place: Some(format!("`{}`", new.package.string)),
                known: names_of(&package.surface.imports),
            };
            self.add(fault, span.clone(), "");
            return;
        }
        let (exporter, export, mismatches): (&str, &str, Vec<Mismatch>) = match value {
            Value::Export { package: source, instance, export } => {
                let found = wkit_interface::mismatches(&package.surface, import, &source.surface, export);
                (instance, export, found)
            }
            Value::Import { import: outer } => match self.imports {
                Some(imports) if imports.import(outer).is_some() => {
                    let found = wkit_interface::import_mismatches(&package.surface, import, imports, outer);
                    (THE_SCRIPT, outer, found)
                }
                _ => return,
            },
            Value::Instance { .. } | Value::Unknown => return,
        };
        if !mismatches.is_empty() {
            let mismatch = WireMismatch {
                importer: instance.to_owned(),
                import: import.clone(),
                exporter: exporter.to_owned(),
                export: export.to_owned(),
                mismatches,
            };
            self.add(ScriptFault::Mismatch(Box::new(mismatch)), span.clone(), "does not fit");
        }
    }

    /// Instances of the script that export what is missing.
    fn sources(&self, missing: &[&Item]) -> Vec<(String, String)> {
        let mut sources: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.names {
            let Value::Instance { package, .. } = value else { continue };
            for import in missing {
                if package.surface.exports.iter().any(|export| fits(&import.name, &export.name)) {
                    sources.push(((*name).to_owned(), import.name.clone()));
                }
            }
        }
        sources.sort();
        sources
    }
}

/// The import that a mere name is meant for.
fn inferred(id: &str, value: &Value<'_>, imports: &[Item]) -> String {
    let known = |name: &str| imports.iter().any(|item| item.name == name);
    match value {
        Value::Export { package, export, .. } => {
            let item = package.surface.export(export);
            let implements = item.and_then(|item| item.implements.as_deref());
            if let Some(name) = implements.into_iter().chain([export.as_str()]).find(|name| known(name)) {
                return name.to_owned();
            }
        }
        Value::Import { import } if known(import) => return (*import).to_owned(),
        _ => {}
    }
    short(id, imports).unwrap_or(id).to_owned()
}

/// The one interface whose last word is `name`: `store` of `demo:kv/store@0.1.0`. None when an item has the name itself,
/// or several have that word.
fn short<'a>(name: &str, items: &'a [Item]) -> Option<&'a str> {
    if items.iter().any(|item| item.name == name) {
        return None;
    }
    let last_word = |item: &Item| -> bool {
        let path = item.name.split('@').next().unwrap_or_default();
        item.kind == ItemKind::Interface && path.rsplit('/').next() == Some(name)
    };
    let mut matching = items.iter().filter(|item| last_word(item));
    let first = matching.next()?;
    matching.next().is_none().then_some(first.name.as_str())
}

fn names_of(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.name.clone()).collect()
}
