//! Everything that makes up one import, as text that can be compared.

use std::collections::HashMap;

use crate::model::{Body, Extern, Model, Ty, TypeId};
use crate::surface::Surface;

impl Surface {
    /// All that the import `name` is made of, with the definitions of every type that it speaks of. Imports of one
    /// fingerprint, of whichever surfaces, have no [`conflicts`](crate::conflicts) with each other and the same ones
    /// with any other import, so that only one of them needs to be compared.
    pub fn import_fingerprint(&self, name: &str) -> String {
        let found = self.model.root.imports.iter().find(|(known, _)| known == name);
        let mut writer =
            Writer { model: &self.model, numbers: HashMap::new(), pending: Vec::new(), out: name.to_owned() };
        if let Some((_, item)) = found {
            writer.item(item);
        }
        writer.definitions();
        writer.out
    }
}

struct Writer<'a> {
    model: &'a Model,
    /// The types in the order in which they are met, which unlike their ids is the same in every surface.
    numbers: HashMap<TypeId, TypeId>,
    /// Those among them whose definitions are not written yet.
    pending: Vec<TypeId>,
    out: String,
}

impl Writer<'_> {
    fn item(&mut self, item: &Extern) {
        match item {
            Extern::Interface(interface) => {
                self.word(&(&interface.name, &interface.implements, &interface.others));
                for (name, id) in &interface.types {
                    let number = self.number(*id);
                    self.word(&(name, number));
                }
                interface.functions.iter().for_each(|function| self.function(function));
            }
            Extern::Function(function) => self.function(function),
            Extern::Type(id) => {
                let number = self.number(*id);
                self.word(&number);
            }
            Extern::Value(ty) => self.ty(ty),
            Extern::Component => self.word(&"component"),
            Extern::Module => self.word(&"core module"),
        }
    }

    fn function(&mut self, function: &crate::model::Func) {
        self.word(&(&function.name, function.is_async, function.result.is_some()));
        for (name, ty) in &function.params {
            self.word(name);
            self.ty(ty);
        }
        function.result.iter().for_each(|ty| self.ty(ty));
    }

    fn definitions(&mut self) {
        // Each definition may bring further types; each type is written once.
        let mut written = 0;
        while let Some(id) = self.pending.get(written).copied() {
            written += 1;
            let model = self.model;
            let named = &model.types[id];
            self.word(&(&named.name, &named.home, named.imported));
            match &named.body {
                Body::Resource => self.word(&"resource"),
                Body::Value(ty) => self.ty(ty),
            }
        }
    }

    fn ty(&mut self, ty: &Ty) {
        let renumbered = ty.with_names(&mut |id| self.number(id));
        self.word(&renumbered);
    }

    fn number(&mut self, id: TypeId) -> TypeId {
        let next = self.numbers.len();
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.pending.push(id);
        }
        number
    }

    /// Quoted where it is text, so that no two different sequences of words read the same.
    fn word(&mut self, word: &impl std::fmt::Debug) {
        use std::fmt::Write as _;
        let _ = write!(self.out, " {word:?}");
    }
}

#[cfg(test)]
mod tests {
    use wkit_fixtures::component::from_wit;

    use crate::{conflicts, decode};

    #[test]
    fn what_has_one_fingerprint_has_no_conflicts_and_what_conflicts_has_two() {
        let interfaces = [
            "get: func();",
            "get: func() -> u32;",
            "get: func(key: string);",
            "get: func(key: string, other: list<string>);",
            "record t { a: u32 } get: func(t: t);",
            "record t { a: u64 } get: func(t: t);",
            "record t { a: u32, b: option<t2> } variant t2 { x, y(u8) } get: func(t: t);",
            "record t { a: u32, b: option<t2> } variant t2 { x, y(u16) } get: func(t: t);",
            "resource t { f: func(); } get: func() -> t;",
            "resource t { f: func(); } get: func(t: borrow<t>);",
            "use base.{thing}; get: func() -> thing;",
            "use base.{thing as t}; get: func() -> t;",
            "use base.{pair}; get: func() -> pair;",
        ];
        // Other types before it give the same types other ids.
        let surface = |before: &str, body: &str| {
            let wit = format!(
                "package test:it; world it {{ {before} import demo:kv/store@0.1.0; }}
                 package demo:other@0.1.0 {{ interface other {{ record x {{ y: u8 }} resource z; }} }}
                 package demo:kv@0.1.0 {{
                   interface base {{ resource thing; record pair {{ a: u32, b: string }} }}
                   interface store {{ {body} }} }}"
            );
            decode(&from_wit(&wit, "it")).unwrap()
        };
        let name = "demo:kv/store@0.1.0";
        for one in interfaces {
            let first = surface("", one);
            for other in interfaces {
                let second = surface("import demo:other/other@0.1.0;", other);
                let same = first.import_fingerprint(name) == second.import_fingerprint(name);
                assert_eq!(same, one == other, "{one} and {other}");
                if same {
                    assert!(conflicts(&first, name, &second, name).is_empty(), "{one} and {other}");
                }
            }
        }
    }

    #[test]
    fn definitions_behind_other_interfaces_count() {
        let surface = |field: &str| {
            let wit = format!(
                "package test:it; world it {{ import demo:kv/store@0.1.0; }}
                 package demo:kv@0.1.0 {{
                   interface base {{ record pair {{ a: {field} }} }}
                   interface store {{ use base.{{pair}}; get: func() -> list<pair>; }} }}"
            );
            decode(&from_wit(&wit, "it")).unwrap().import_fingerprint("demo:kv/store@0.1.0")
        };
        assert_eq!(surface("u8"), surface("u8"));
        assert_ne!(surface("u8"), surface("u16"));
    }
}
