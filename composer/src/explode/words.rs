//! Names that the wac language can say: words of letters and digits joined by `-`, each all lower or all upper case.

use std::collections::HashSet;

/// Words that mean something in the language, and are names only behind a `%`.
const KEYWORDS: [&str; 46] = [
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "export",
    "f32",
    "f64",
    "flags",
    "float32",
    "float64",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "let",
    "list",
    "new",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "targets",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

/// `name` if the language can say it, or else a name like it.
pub(super) fn identifier(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let is_one_case = !(word.contains(|c: char| c.is_ascii_lowercase())
            && word.contains(|c: char| c.is_ascii_uppercase()));
        let word = if is_one_case { word.to_owned() } else { word.to_lowercase() };
        // A word does not begin with a digit: what does goes to the word before it.
        match words.last_mut() {
            Some(last) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                let fits = word.chars().all(|c| c.is_ascii_digit())
                    || last.contains(|c: char| c.is_ascii_uppercase())
                        == word.contains(|c: char| c.is_ascii_uppercase());
                last.push_str(&if fits { word } else { word.to_lowercase() });
                if !fits {
                    *last = last.to_lowercase();
                }
            }
            None if word.starts_with(|c: char| c.is_ascii_digit()) => {
                words.push(format!("n{}", word.to_lowercase()));
            }
            _ => words.push(word),
        }
    }
    if words.is_empty() { "component".to_owned() } else { words.join("-") }
}

/// An identifier as it is written.
pub(super) fn said(identifier: &str) -> String {
    if KEYWORDS.contains(&identifier) { format!("%{identifier}") } else { identifier.to_owned() }
}

/// `name`, with a letter and a number when it is taken.
pub(super) fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    if taken.insert(name.to_owned()) {
        return name.to_owned();
    }
    let mut numbered = (2_usize..).map(|number| format!("{name}-n{number}"));
    numbered.find(|name| taken.insert(name.clone())).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{identifier, said};

    #[test]
    fn names_become_identifiers() {
        for same in ["cart", "cart-v2", "my-CART", "n1"] {
            assert_eq!(identifier(same), same);
        }
        for (name, expected) in [
            ("my_plug", "my-plug"),
            ("app/log", "app-log"),
            ("v1.2.0", "v120"),
            ("MyCart", "mycart"),
            ("7zip", "n7zip"),
            ("", "component"),
            ("--", "component"),
            ("ü", "component"),
            ("A-1b", "a1b"),
        ] {
            assert_eq!(identifier(name), expected, "{name}");
        }
        assert_eq!(said("interface"), "%interface");
        assert_eq!(said("cart"), "cart");
    }
}
