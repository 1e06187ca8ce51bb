//! Names of AssemblyScript for names of WIT.

use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};

/// Words that no variable, function or field of generated code can be called: those of the language, the names of its
/// own types, and those that a class has anyway.
const RESERVED: [&str; 91] = [
    "abstract",
    "any",
    "anyref",
    "as",
    "async",
    "await",
    "bool",
    "boolean",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "constructor",
    "continue",
    "debugger",
    "declare",
    "default",
    "delete",
    "do",
    "drop",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "externref",
    "f32",
    "f64",
    "false",
    "finally",
    "for",
    "from",
    "funcref",
    "function",
    "get",
    "i16",
    "i32",
    "i64",
    "i8",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "is",
    "isize",
    "keyof",
    "let",
    "module",
    "namespace",
    "native",
    "never",
    "new",
    "null",
    "number",
    "object",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "require",
    "return",
    "set",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "u16",
    "u32",
    "u64",
    "u8",
    "undefined",
    "usize",
    "v128",
    "valueof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Types that generated code uses itself; a type of an interface may not hide them.
const RESERVED_TYPES: [&str; 5] = ["Array", "Option", "Result", "Uint8Array", "Unit"];

/// `echo-bool` as a function, parameter, field or namespace: `echoBool`.
pub(super) fn value(name: &str) -> String {
    let camel = name.to_lower_camel_case();
    if RESERVED.contains(&camel.as_str()) { camel + "_" } else { camel }
}

/// Words that no method can be called: `get`, `new` or `delete` may follow a dot.
const RESERVED_MEMBERS: [&str; 9] =
    ["abstract", "constructor", "declare", "drop", "private", "protected", "public", "readonly", "static"];

/// `blocking-read` as a method or static function of a class: `blockingRead`.
pub(super) fn member(name: &str) -> String {
    let camel = name.to_lower_camel_case();
    if RESERVED_MEMBERS.contains(&camel.as_str()) { camel + "_" } else { camel }
}

/// `input-stream` as a class or enum: `InputStream`.
pub(super) fn class(name: &str) -> String {
    let pascal = name.to_upper_camel_case();
    let tuple = pascal.strip_prefix("Tuple").is_some_and(|rest| rest.parse::<u32>().is_ok());
    if tuple || RESERVED_TYPES.contains(&pascal.as_str()) { pascal + "_" } else { pascal }
}

/// `read-only` as a case of an enum, a flag or a tag: `ReadOnly`.
pub(super) fn case(name: &str) -> String {
    name.to_upper_camel_case()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_language_get_an_underscore() {
        for word in ["new", "delete", "class", "export", "string", "u8", "constructor", "drop"] {
            assert_eq!(value(word), format!("{word}_"));
        }
        assert_eq!(value("new-counter"), "newCounter");
        assert_eq!((member("set").as_str(), member("static").as_str()), ("set", "static_"));
    }

    #[test]
    fn types_do_not_hide_what_generated_code_uses() {
        assert_eq!(class("result"), "Result_");
        assert_eq!(class("tuple2"), "Tuple2_");
        assert_eq!(class("input-stream"), "InputStream");
    }
}
