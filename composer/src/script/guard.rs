//! What is refused before wac's crates see it: what is too large for them, and what they would panic at.

use std::collections::{HashMap, HashSet};

use wac_parser::{
    Document, Expr, Ident, ImportType, InlineInterface, InstantiationArgument, InterfaceItem, ItemTypeDecl,
    NamedType, PrimaryExpr, ResultList, Statement, Type, TypeAliasKind, TypeDecl, TypeStatement, WorldItem,
    WorldItemPath,
};

use super::document::range;
use super::error::{Label, ScriptError, ScriptFault, ScriptProblem};
use crate::limits::{INSTANCES_MAX, SCRIPT_BYTES_MAX, SCRIPT_NESTING_MAX, SCRIPT_TYPE_PARTS_MAX};

/// Refuses a text that is too large, or nested so deep that reading it could exhaust the stack.
pub(super) fn text(text: &str) -> Result<(), ScriptError> {
    if text.len() > SCRIPT_BYTES_MAX {
        let fault = ScriptFault::TooLarge { size_bytes: text.len() };
        return Err(ScriptProblem { fault, labels: Vec::new() }.into());
    }
    match too_deep(text) {
        Some(at) => {
            let label = Label::new(text, at..at + 1, "one bracket too many");
            Err(ScriptProblem { fault: ScriptFault::TooDeep, labels: vec![label] }.into())
        }
        None => Ok(()),
    }
}

/// Where a bracket is nested deeper than [`SCRIPT_NESTING_MAX`]. Brackets in strings and comments do not count.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        match byte {
            b'"' => at += rest[1..].iter().position(|byte| *byte == b'"')? + 1,
            b'/' if rest.starts_with(b"//") => at += rest.iter().position(|byte| *byte == b'\n')?,
            b'/' if rest.starts_with(b"/*") => at += comment_length(rest)?,
            b'(' | b'{' | b'[' | b'<' => {
                depth += 1;
                if depth > SCRIPT_NESTING_MAX {
                    return Some(at);
                }
            }
            b')' | b'}' | b']' => depth = depth.saturating_sub(1),
            b'>' if at == 0 || bytes[at - 1] != b'-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// How many bytes there are before the last of a block comment, which may contain others; `None` without an end.
fn comment_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let pair = bytes.get(at..at + 2)?;
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Refuses a document with too many instances or too large types, and types that have the name of a function.
pub(super) fn document(text: &str, document: &Document<'_>) -> Result<(), ScriptError> {
    let count: usize = document.statements.iter().map(instances).sum();
    if count > INSTANCES_MAX {
        let fault = ScriptFault::TooManyInstances { count };
        return Err(ScriptProblem { fault, labels: Vec::new() }.into());
    }
    let mut types = Types { text, sizes: HashMap::new(), of: HashMap::new(), sum: 0 };
    document.statements.iter().try_for_each(|statement| types.statement(statement))
}

fn instances(statement: &Statement<'_>) -> usize {
    match statement {
        Statement::Let(statement) => instances_of(&statement.expr),
        Statement::Export(statement) => instances_of(&statement.expr),
        Statement::Import(_) | Statement::Type(_) => 0,
    }
}

fn instances_of(expr: &Expr<'_>) -> usize {
    match &expr.primary {
        PrimaryExpr::New(new) => {
            let arguments = new.arguments.iter().map(|argument| match argument {
                InstantiationArgument::Named(argument) => instances_of(&argument.expr),
                _ => 0,
            });
            1 + arguments.sum::<usize>()
        }
        PrimaryExpr::Nested(nested) => instances_of(&nested.inner),
        PrimaryExpr::Ident(_) => 0,
    }
}

/// How many parts each type has when names are replaced by what they stand for.
struct Types<'a> {
    text: &'a str,
    /// The types of the script itself, or of the interface or world that is being read.
    sizes: HashMap<&'a str, usize>,
    /// The types of the interfaces that have been read.
    of: HashMap<&'a str, HashMap<&'a str, usize>>,
    sum: usize,
}

impl<'a> Types<'a> {
    fn statement(&mut self, statement: &'a Statement<'a>) -> Result<(), ScriptError> {
        match statement {
            Statement::Import(statement) => match &statement.ty {
                ImportType::Func(ty) => self.function(&ty.params, &ty.results),
                ImportType::Interface(interface) => self.inline(interface),
                ImportType::Package(_) | ImportType::Ident(_) => Ok(()),
            },
            Statement::Type(TypeStatement::Interface(interface)) => {
                let types = self.scope(|types| types.interface(&interface.items))?;
                self.of.insert(interface.id.string, types);
                Ok(())
            }
            Statement::Type(TypeStatement::World(world)) => {
                self.scope(|types| types.world(&world.items)).map(drop)
            }
            Statement::Type(TypeStatement::Type(decl)) => match decl {
                TypeDecl::Variant(decl) => self.variant(decl),
                TypeDecl::Record(decl) => self.record(decl),
                TypeDecl::Flags(decl) => self.define(&decl.id, decl.flags.len()),
                TypeDecl::Enum(decl) => self.define(&decl.id, decl.cases.len()),
                TypeDecl::Alias(decl) => self.alias(decl),
            },
            Statement::Let(_) | Statement::Export(_) => Ok(()),
        }
    }

    /// Reads an interface or world, in which the types of the script are not known, and gives its own.
    fn scope(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), ScriptError>,
    ) -> Result<HashMap<&'a str, usize>, ScriptError> {
        let outer = std::mem::take(&mut self.sizes);
        let result = read(self);
        let inner = std::mem::replace(&mut self.sizes, outer);
        result.map(|()| inner)
    }

    fn inline(&mut self, interface: &'a InlineInterface<'a>) -> Result<(), ScriptError> {
        self.scope(|types| types.interface(&interface.items)).map(drop)
    }

    fn interface(&mut self, items: &'a [InterfaceItem<'a>]) -> Result<(), ScriptError> {
        let mut functions = HashSet::new();
        for item in items {
            match item {
                InterfaceItem::Use(used) => self.used(used)?,
                InterfaceItem::Type(decl) => {
                    self.not_a_function(decl.id(), &functions)?;
                    self.item(decl)?;
                }
                InterfaceItem::Export(export) => {
                    functions.insert(export.id.string);
                    if let wac_parser::FuncTypeRef::Func(ty) = &export.ty {
                        self.function(&ty.params, &ty.results)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn world(&mut self, items: &'a [WorldItem<'a>]) -> Result<(), ScriptError> {
        let mut imports = HashSet::new();
        for item in items {
            match item {
                WorldItem::Use(used) => self.used(used)?,
                WorldItem::Type(decl) => {
                    self.not_a_function(decl.id(), &imports)?;
                    self.item(decl)?;
                }
                WorldItem::Import(import) => {
                    if let WorldItemPath::Named(named) = &import.path {
                        imports.insert(named.id.string);
                    }
                    self.world_item(&import.path)?;
                }
                WorldItem::Export(export) => self.world_item(&export.path)?,
                WorldItem::Include(_) => {}
            }
        }
        Ok(())
    }

    fn world_item(&mut self, path: &'a WorldItemPath<'a>) -> Result<(), ScriptError> {
        let WorldItemPath::Named(named) = path else { return Ok(()) };
        match &named.ty {
            wac_parser::ExternType::Func(ty) => self.function(&ty.params, &ty.results),
            wac_parser::ExternType::Interface(interface) => self.inline(interface),
            wac_parser::ExternType::Ident(_) => Ok(()),
        }
    }

    fn not_a_function(&self, id: &Ident<'a>, functions: &HashSet<&str>) -> Result<(), ScriptError> {
        if !functions.contains(id.string) {
            return Ok(());
        }
        let label = Label::new(self.text, range(id.span), "this type has the name of a function above");
        let fault =
            ScriptFault::Duplicate { what: "name".to_owned(), name: id.string.to_owned(), place: None };
        Err(ScriptProblem { fault, labels: vec![label] }.into())
    }

    fn used(&mut self, used: &'a wac_parser::Use<'a>) -> Result<(), ScriptError> {
        let home = match &used.path {
            wac_parser::UsePath::Ident(id) => self.of.get(id.string).cloned().unwrap_or_default(),
            wac_parser::UsePath::Package(_) => HashMap::new(),
        };
        for item in &used.items {
            let size = home.get(item.id.string).copied().unwrap_or(1);
            self.define(&item.as_id.unwrap_or(item.id), size)?;
        }
        Ok(())
    }

    fn item(&mut self, decl: &'a ItemTypeDecl<'a>) -> Result<(), ScriptError> {
        match decl {
            ItemTypeDecl::Resource(resource) => {
                self.define(&resource.id, 1)?;
                resource.methods.iter().try_for_each(|method| match method {
                    wac_parser::ResourceMethod::Constructor(method) => {
                        self.function(&method.params, &ResultList::Empty)
                    }
                    wac_parser::ResourceMethod::Method(method) => {
                        self.function(&method.ty.params, &method.ty.results)
                    }
                })
            }
            ItemTypeDecl::Variant(decl) => self.variant(decl),
            ItemTypeDecl::Record(decl) => self.record(decl),
            ItemTypeDecl::Flags(decl) => self.define(&decl.id, decl.flags.len()),
            ItemTypeDecl::Enum(decl) => self.define(&decl.id, decl.cases.len()),
            ItemTypeDecl::Alias(decl) => self.alias(decl),
        }
    }

    fn variant(&mut self, decl: &'a wac_parser::VariantDecl<'a>) -> Result<(), ScriptError> {
        let size = self.all(decl.cases.iter().filter_map(|case| case.ty.as_ref()));
        self.define(&decl.id, size)
    }

    fn record(&mut self, decl: &'a wac_parser::RecordDecl<'a>) -> Result<(), ScriptError> {
        let size = self.all(decl.fields.iter().map(|field| &field.ty));
        self.define(&decl.id, size)
    }

    fn alias(&mut self, decl: &'a wac_parser::TypeAlias<'a>) -> Result<(), ScriptError> {
        match &decl.kind {
            TypeAliasKind::Func(ty) => {
                self.function(&ty.params, &ty.results)?;
                let size = self.all(ty.params.iter().map(|param| &param.ty));
                self.define(&decl.id, size)
            }
            TypeAliasKind::Type(ty) => {
                let size = self.size(ty);
                self.define(&decl.id, size)
            }
        }
    }

    fn function(&mut self, params: &[NamedType<'_>], results: &ResultList<'_>) -> Result<(), ScriptError> {
        let mut size = self.all(params.iter().map(|param| &param.ty));
        if let ResultList::Scalar(ty) = results {
            size = size.saturating_add(self.size(ty));
        }
        self.count(size, None)
    }

    fn define(&mut self, id: &Ident<'a>, size: usize) -> Result<(), ScriptError> {
        self.sizes.insert(id.string, size.saturating_add(1));
        self.count(size.saturating_add(1), Some(id))
    }

    fn count(&mut self, size: usize, id: Option<&Ident<'a>>) -> Result<(), ScriptError> {
        self.sum = self.sum.saturating_add(size);
        if self.sum <= SCRIPT_TYPE_PARTS_MAX {
            return Ok(());
        }
        let labels =
            id.map(|id| Label::new(self.text, range(id.span), "with this one")).into_iter().collect();
        Err(ScriptProblem { fault: ScriptFault::TypesTooLarge, labels }.into())
    }

    fn all<'b>(&self, types: impl Iterator<Item = &'b Type<'b>>) -> usize {
        types.fold(0, |sum, ty| sum.saturating_add(self.size(ty)))
    }

    /// At most as deep as brackets are nested.
    fn size(&self, ty: &Type<'_>) -> usize {
        let one = |inner: &Option<Box<Type<'_>>>| inner.as_ref().map_or(0, |inner| self.size(inner));
        let inside = match ty {
            Type::Tuple(members, _) => self.all(members.iter()),
            Type::List(inner, _) | Type::Option(inner, _) => self.size(inner),
            Type::Result { ok, err, .. } => one(ok).saturating_add(one(err)),
            Type::Stream(inner, _) | Type::Future(inner, _) => one(inner),
            Type::Ident(id) | Type::Borrow(id, _) => self.sizes.get(id.string).copied().unwrap_or(1),
            _ => 0,
        };
        inside.saturating_add(1)
    }
}
