//! What a person writes for an export: its signature, in errors, in comments and in skeletons.

use wit_parser::{Function, FunctionKind};

use super::functions::is_plain_constructor;
use super::names;
use super::world::Scope;

/// The parameters as they are declared, without a method's own object: `name: string, age: u8`.
pub(super) fn parameters(scope: &Scope<'_>, function: &Function) -> String {
    let skipped = usize::from(matches!(function.kind, FunctionKind::Method(_)));
    let parameters = function.params.iter().skip(skipped);
    let declared: Vec<String> = parameters
        .map(|parameter| format!("{}: {}", names::value(&parameter.name), scope.ty(&parameter.ty)))
        .collect();
    declared.join(", ")
}

/// The type that is returned.
pub(super) fn result(scope: &Scope<'_>, function: &Function) -> String {
    function.result.as_ref().map_or_else(|| "void".to_owned(), |ty| scope.ty(ty))
}

/// How the function begins where it is declared: `static merge(a: Counter, b: Counter): Counter`.
pub(super) fn head(scope: &Scope<'_>, function: &Function) -> String {
    let (parameters, result) = (parameters(scope, function), result(scope, function));
    let (name, member) = (names::value(function.item_name()), names::member(function.item_name()));
    match function.kind {
        FunctionKind::Constructor(_) if is_plain_constructor(&scope.world.resolve, function) => {
            format!("constructor({parameters})")
        }
        FunctionKind::Constructor(_) => format!("static create({parameters}): {result}"),
        FunctionKind::Static(_) => format!("static {member}({parameters}): {result}"),
        FunctionKind::Method(_) => format!("{member}({parameters}): {result}"),
        _ => format!("export function {name}({parameters}): {result}"),
    }
}

/// What a call expects to find, in one line.
pub(super) fn expected(scope: &Scope<'_>, function: &Function) -> String {
    let head = head(scope, function);
    let plain = without_alias(&head);
    match function.kind.resource() {
        Some(resource) => format!("`{plain}` in `class {}`", scope.world.resource_class(resource)),
        None => format!("`{plain}`"),
    }
}

/// Drops the modules before types: a person imports the types by their own names.
fn without_alias(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        plain.push_str(&rest[..start]);
        let after = &rest[start..];
        let end = after.find('.').map_or(after.len(), |dot| dot + 1);
        rest = &after[end..];
    }
    plain + rest
}
