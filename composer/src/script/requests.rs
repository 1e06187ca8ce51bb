//! Which packages a script speaks of.

use miette::SourceSpan;
use semver::Version;
use wac_parser::{
    Document, Expr, ExternType, ImportType, InstantiationArgument, InterfaceItem, NewExpr, PackagePath,
    PrimaryExpr, Statement, TypeStatement, UsePath, WorldItem, WorldItemPath, WorldRef,
};

use super::PackageRequest;
use super::document::range;
use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};
use crate::limits::INPUTS_MAX;

/// All packages but the script's own, each with the first place that speaks of it.
pub(super) fn requests(text: &str, document: &Document<'_>) -> Result<Vec<PackageRequest>, ScriptError> {
    let own = &document.directive.package;
    let mut requests = Requests { text, own: own.name, list: Vec::new(), itself: Vec::new() };
    if let Some(path) = &document.directive.targets {
        requests.path(path);
    }
    for statement in &document.statements {
        match statement {
            Statement::Import(statement) => match &statement.ty {
                ImportType::Package(path) => requests.path(path),
                ImportType::Interface(interface) => requests.interface(&interface.items),
                ImportType::Func(_) | ImportType::Ident(_) => {}
            },
            Statement::Type(TypeStatement::Interface(interface)) => requests.interface(&interface.items),
            Statement::Type(TypeStatement::World(world)) => requests.world(&world.items),
            Statement::Type(TypeStatement::Type(_)) => {}
            Statement::Let(statement) => requests.expr(&statement.expr),
            Statement::Export(statement) => requests.expr(&statement.expr),
        }
    }
    if !requests.itself.is_empty() {
        return Err(ScriptError { problems: requests.itself });
    }
    if requests.list.len() > INPUTS_MAX {
        let fault = ScriptFault::TooManyPackages { count: requests.list.len() };
        return Err(ScriptProblem { fault, labels: Vec::new() }.into());
    }
    Ok(requests.list)
}

struct Requests<'a> {
    text: &'a str,
    own: &'a str,
    list: Vec<PackageRequest>,
    itself: Vec<ScriptProblem>,
}

impl Requests<'_> {
    fn add(&mut self, name: &str, version: Option<&Version>, span: SourceSpan, is_instantiated: bool) {
        let known =
            self.list.iter_mut().find(|known| known.name == name && known.version.as_ref() == version);
        match known {
            Some(known) => known.is_instantiated |= is_instantiated,
            None => self.list.push(PackageRequest {
                name: name.to_owned(),
                version: version.cloned(),
                is_instantiated,
                label: Label::new(self.text, range(span), ""),
            }),
        }
    }

    /// The path of an interface, type or world.
    fn path(&mut self, path: &PackagePath<'_>) {
        if path.name != self.own {
            self.add(path.name, path.version.as_ref(), path.package_name_span(), false);
        }
    }

    fn new_expr(&mut self, new: &NewExpr<'_>) {
        if new.package.name == self.own {
            let label = Label::new(self.text, range(new.package.span), "the script itself");
            let fault = ScriptFault::Itself { name: self.own.to_owned() };
            self.itself.push(ScriptProblem { fault, labels: vec![label] });
        } else {
            self.add(new.package.name, new.package.version.as_ref(), new.package.span, true);
        }
        for argument in &new.arguments {
            if let InstantiationArgument::Named(argument) = argument {
                self.expr(&argument.expr);
            }
        }
    }

    fn expr(&mut self, expr: &Expr<'_>) {
        match &expr.primary {
            PrimaryExpr::New(new) => self.new_expr(new),
            PrimaryExpr::Nested(nested) => self.expr(&nested.inner),
            PrimaryExpr::Ident(_) => {}
        }
    }

    fn used(&mut self, path: &UsePath<'_>) {
        if let UsePath::Package(path) = path {
            self.path(path);
        }
    }

    fn interface(&mut self, items: &[InterfaceItem<'_>]) {
        for item in items {
            if let InterfaceItem::Use(used) = item {
                self.used(&used.path);
            }
        }
    }

    fn world(&mut self, items: &[WorldItem<'_>]) {
        for item in items {
            match item {
                WorldItem::Use(used) => self.used(&used.path),
                WorldItem::Type(_) => {}
                WorldItem::Import(import) => self.world_item(&import.path),
                WorldItem::Export(export) => self.world_item(&export.path),
                WorldItem::Include(include) => {
                    if let WorldRef::Package(path) = &include.world {
                        self.path(path);
                    }
                }
            }
        }
    }

    fn world_item(&mut self, path: &WorldItemPath<'_>) {
        match path {
            WorldItemPath::Package(path) => self.path(path),
            WorldItemPath::Named(named) => {
                if let ExternType::Interface(interface) = &named.ty {
                    self.interface(&interface.items);
                }
            }
            WorldItemPath::Ident(_) => {}
        }
    }
}
