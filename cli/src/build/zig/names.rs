//! Names of WIT as Zig writes them.

use heck::{ToLowerCamelCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

const KEYWORDS: [&str; 50] = [
    "addrspace",
    "align",
    "allowzero",
    "and",
    "anyframe",
    "anytype",
    "asm",
    "async",
    "await",
    "break",
    "callconv",
    "catch",
    "comptime",
    "const",
    "continue",
    "defer",
    "else",
    "enum",
    "errdefer",
    "error",
    "export",
    "extern",
    "fn",
    "for",
    "if",
    "inline",
    "linksection",
    "noalias",
    "noinline",
    "nosuspend",
    "opaque",
    "or",
    "orelse",
    "packed",
    "pub",
    "resume",
    "return",
    "struct",
    "suspend",
    "switch",
    "test",
    "threadlocal",
    "try",
    "union",
    "unreachable",
    "usingnamespace",
    "var",
    "volatile",
    "while",
    "_",
];

/// Names of Zig's own that a declaration must not hide.
const PRIMITIVES: [&str; 15] = [
    "anyerror",
    "anyopaque",
    "bool",
    "comptime_float",
    "comptime_int",
    "false",
    "isize",
    "noreturn",
    "null",
    "true",
    "type",
    "undefined",
    "usize",
    "void",
    "c_int",
];

/// A type: `HttpError`.
pub(super) fn of_type(name: &str) -> String {
    escaped(name.to_upper_camel_case())
}

/// A function: `nextColor`.
pub(super) fn of_function(name: &str) -> String {
    escaped(name.to_lower_camel_case())
}

/// A field, a case, or a namespace: `next_color`.
pub(super) fn of_field(name: &str) -> String {
    escaped(name.to_snake_case())
}

/// A name of the core module, which may have any characters.
pub(super) fn quoted(name: &str) -> String {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_plain = name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit());
    if is_plain { escaped(name.to_owned()) } else { format!("@{name:?}") }
}

/// A name that is none of Zig's own.
fn escaped(name: String) -> String {
    let is_number = |prefix: char| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let taken = KEYWORDS.contains(&name.as_str())
        || PRIMITIVES.contains(&name.as_str())
        || ['u', 'i', 'f'].into_iter().any(is_number);
    if taken { format!("@\"{name}\"") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_spelling_of_their_kind() {
        assert_eq!(of_type("http-error"), "HttpError");
        assert_eq!(of_function("next-color"), "nextColor");
        assert_eq!(of_field("next-color"), "next_color");
    }

    #[test]
    fn names_of_the_core_module_are_quoted_where_they_must_be() {
        for (name, expected) in [("poll", "poll"), ("echo-u8", "@\"echo-u8\""), ("error", "@\"error\"")] {
            assert_eq!(quoted(name), expected);
        }
    }

    #[test]
    fn names_of_the_language_are_escaped() {
        for (name, expected) in
            [("error", "@\"error\""), ("type", "@\"type\""), ("u8", "@\"u8\""), ("us", "us")]
        {
            assert_eq!(of_field(name), expected);
        }
    }
}
