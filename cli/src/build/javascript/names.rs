//! The names that things of WIT have in JavaScript.

use wit_parser::{Function, FunctionKind, Resolve, TypeId, WorldKey};

/// `read-counter` as `readCounter`.
pub(super) fn lower_camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_lowercase();
    words.fold(first, |text, word| text + &capitalised(word))
}

/// `read-counter` as `ReadCounter`.
pub(super) fn upper_camel(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

/// The name under which a module exports an interface, or a function of the world itself.
pub(super) fn export(resolve: &Resolve, key: &WorldKey) -> String {
    match key {
        WorldKey::Name(name) => lower_camel(name),
        WorldKey::Interface(id) => lower_camel(resolve.interfaces[*id].name.as_deref().unwrap_or_default()),
    }
}

/// The name of a function inside its interface or class; a constructor has none.
pub(super) fn function(function: &Function) -> String {
    lower_camel(function.item_name())
}

/// What a function belongs to: the resource and how, or nothing.
pub(super) fn owner(function: &Function) -> Option<(TypeId, Place)> {
    match function.kind {
        FunctionKind::Freestanding
        | FunctionKind::AsyncFreestanding
        | FunctionKind::Getter
        | FunctionKind::Setter => None,
        FunctionKind::Constructor(id) => Some((id, Place::Constructor)),
        FunctionKind::Method(id)
        | FunctionKind::AsyncMethod(id)
        | FunctionKind::MethodGetter(id)
        | FunctionKind::MethodSetter(id) => Some((id, Place::Method)),
        FunctionKind::Static(id)
        | FunctionKind::AsyncStatic(id)
        | FunctionKind::StaticGetter(id)
        | FunctionKind::StaticSetter(id) => Some((id, Place::Static)),
    }
}

/// Where a resource's function stands in its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It makes objects.
    Constructor,
    /// It is called on an object.
    Method,
    /// It is called on the class.
    Static,
}

/// An identifier that is no reserved word: an argument may have any name in WIT.
pub(super) fn argument(name: &str) -> String {
    const RESERVED: [&str; 47] = [
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
    ];
    let name = lower_camel(name);
    if RESERVED.contains(&name.as_str()) || name == "yield" { format!("{name}_") } else { name }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined() {
        assert_eq!(lower_camel("echo-u8"), "echoU8");
        assert_eq!(lower_camel("HTTP-get"), "httpGet");
        assert_eq!(upper_camel("incoming-request"), "IncomingRequest");
        assert_eq!(argument("new"), "new_");
        assert_eq!(argument("list-of"), "listOf");
    }
}
