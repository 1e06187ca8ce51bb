//! The members of records, variants, enums and flags.

use std::collections::HashMap;

use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

use super::text;

/// How many changes of members one message tells.
const CHANGES_SHOWN: usize = 5;

/// A field, case or flag with its type as text.
pub(super) type Member = (String, Option<String>);

/// The members of a record, variant, enum or flags.
pub(super) fn members(resolve: &Resolve, kind: &TypeDefKind) -> Vec<Member> {
    let of = |ty: &Type| Some(text::ty(resolve, ty));
    match kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| (field.name.clone(), of(&field.ty))).collect()
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().map(|case| (case.name.clone(), case.ty.as_ref().and_then(of))).collect()
        }
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (case.name.clone(), None)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (flag.name.clone(), None)).collect(),
        _ => Vec::new(),
    }
}

/// What a type of another name has in common with this one: its kind and its members. An alias tells too little.
pub(super) fn shape(resolve: &Resolve, id: TypeId) -> Option<String> {
    let kind = &resolve.types[id].kind;
    let word = match kind {
        TypeDefKind::Record(_) => "record",
        TypeDefKind::Variant(_) => "variant",
        TypeDefKind::Enum(_) => "enum",
        TypeDefKind::Flags(_) => "flags",
        _ => return None,
    };
    let names: Vec<String> = members(resolve, kind).into_iter().map(|(name, _)| name).collect();
    Some(format!("{word} {}", names.join(" ")))
}

/// What became of the members, in words; `word` is what one of them is called.
pub(super) fn changes(word: &str, old: &[Member], new: &[Member]) -> String {
    let known = |list: &[Member]| -> HashMap<String, Option<String>> { list.iter().cloned().collect() };
    let (before, after) = (known(old), known(new));
    let gone: Vec<&Member> = old.iter().filter(|(name, _)| !after.contains_key(name)).collect();
    let added: Vec<&Member> = new.iter().filter(|(name, _)| !before.contains_key(name)).collect();
    let mut said = Vec::new();
    let is_renamed = gone.len() == added.len() && gone.iter().zip(&added).all(|(old, new)| old.1 == new.1);
    if is_renamed {
        let names = gone.iter().zip(&added);
        said.extend(names.map(|((old, _), (new, _))| format!("{word} `{old}` is called `{new}` now")));
    } else {
        said.extend(gone.iter().map(|(name, _)| format!("{word} `{name}` is gone")));
        said.extend(added.iter().map(|(name, _)| format!("{word} `{name}` is new")));
    }
    let shown =
        |ty: &Option<String>| ty.as_ref().map_or_else(|| "nothing".to_owned(), |ty| format!("`{ty}`"));
    for (name, before) in old {
        if let Some(after) = after.get(name).filter(|after| *after != before) {
            said.push(format!("{word} `{name}` was {} and is {}", shown(before), shown(after)));
        }
    }
    if said.is_empty() {
        let names = |list: &[Member]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        return match names(old) == names(new) {
            true => format!("a {word} means a type of another place now"),
            false => format!("the {word}s are in another order"),
        };
    }
    let more = said.len().saturating_sub(CHANGES_SHOWN);
    said.truncate(CHANGES_SHOWN);
    let more = if more > 0 { format!(", and {more} more changes") } else { String::new() };
    format!("{}{more}", said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Member, changes};

    fn members(text: &str) -> Vec<Member> {
        let member = |text: &str| match text.split_once(':') {
            Some((name, ty)) => (name.to_owned(), Some(ty.to_owned())),
            None => (text.to_owned(), None),
        };
        text.split_whitespace().map(member).collect()
    }

    #[test]
    fn changes_are_told() {
        for (old, new, expected) in [
            ("a b", "a b c", "case `c` is new"),
            ("a b", "a", "case `b` is gone"),
            ("a b", "b a", "the cases are in another order"),
            ("a:u8 b", "a:u8 c", "case `b` is called `c` now"),
            ("a b:u8", "a c:u16", "case `b` is gone, case `c` is new"),
            ("a b", "c d", "case `a` is called `c` now, case `b` is called `d` now"),
            ("a:u8", "a", "case `a` was `u8` and is nothing"),
            ("a:t", "a:t", "a case means a type of another place now"),
            (
                "",
                "a b c d e f g",
                "case `a` is new, case `b` is new, case `c` is new, case `d` is new, case `e` is new, and 2 more changes",
            ),
        ] {
            assert_eq!(changes("case", &members(old), &members(new)), expected, "{old}, {new}");
        }
    }
}
