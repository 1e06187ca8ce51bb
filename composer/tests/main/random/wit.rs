//! Random interfaces: their types, functions and resources, small changes to them, and their WIT.

use wkit_fixtures::corpus::Rng;

/// An interface as one component knows it.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    pub(crate) version: &'static str,
    /// Types of other interfaces: interface, type, local name.
    uses: Vec<(usize, String, String)>,
    types: Vec<Type>,
    functions: Vec<Function>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `demo:p1/i1@0.2.0`.
    Named,
    /// `x1: interface { … }`.
    Inline,
    /// `f1: func(…)`.
    Function,
}

#[derive(Debug, Clone)]
struct Type {
    name: String,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Record(Vec<(String, String)>),
    Variant(Vec<(String, Option<String>)>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Alias(String),
    Resource(Vec<Function>),
}

#[derive(Debug, Clone)]
struct Function {
    name: String,
    role: Role,
    is_async: bool,
    params: Vec<(String, String)>,
    result: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A function of the interface, or a method.
    Plain,
    Static,
    Constructor,
}

const PRIMITIVES: [&str; 13] =
    ["bool", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64", "char", "string"];
const KEYS: [&str; 4] = ["u32", "string", "char", "s64"];
/// Two pairs stand in for each other, and each of these is apart from the rest.
const VERSIONS: [&str; 5] = ["0.2.0", "0.2.6", "1.0.0", "1.4.0", "0.0.3"];

/// What may be written where a type is wanted.
#[derive(Default, Clone)]
struct Scope {
    values: Vec<String>,
    resources: Vec<String>,
}

impl Interface {
    /// A new interface; named ones may use types of the `earlier` named ones.
    pub(crate) fn random(number: usize, earlier: &[Interface], rng: &mut Rng) -> Self {
        let kind = match rng.below(10) {
            0 => Kind::Function,
            1 => Kind::Inline,
            _ => Kind::Named,
        };
        let mut interface = Self {
            number,
            kind,
            version: rng.pick(&VERSIONS),
            uses: Vec::new(),
            types: Vec::new(),
            functions: Vec::new(),
        };
        if kind == Kind::Function {
            interface.functions.push(function(format!("f{number}"), &Scope::default(), rng));
            return interface;
        }
        let mut scope = Scope::default();
        if kind == Kind::Named {
            interface.take_types(earlier, &mut scope, rng);
        }
        for position in 0..rng.between(0, 4) {
            interface.declare(position, &mut scope, rng);
        }
        for position in 0..rng.between(1, 4) {
            interface.functions.push(function(format!("do{position}"), &scope, rng));
        }
        interface
    }

    fn take_types(&mut self, earlier: &[Interface], scope: &mut Scope, rng: &mut Rng) {
        let named: Vec<&Interface> =
            earlier.iter().filter(|other| other.kind == Kind::Named && !other.types.is_empty()).collect();
        for _ in 0..rng.between(0, 2) {
            if named.is_empty() {
                return;
            }
            let other = *rng.pick(&named);
            let found = rng.pick(&other.types);
            if self.uses.iter().any(|(_, name, _)| *name == found.name) {
                continue;
            }
            let local = if rng.chance(30) { format!("my-{}", found.name) } else { found.name.clone() };
            let is_resource = matches!(found.body, Body::Resource(_));
            if is_resource { &mut scope.resources } else { &mut scope.values }.push(local.clone());
            self.uses.push((other.number, found.name.clone(), local));
        }
    }

    fn declare(&mut self, position: usize, scope: &mut Scope, rng: &mut Rng) {
        let letter = if rng.chance(40) { 'r' } else { 't' };
        let name = format!("{letter}{}x{position}", self.number);
        let body = if letter == 'r' {
            scope.resources.push(name.clone());
            Body::Resource(members(scope, rng))
        } else {
            let names = |prefix: &str, count: usize| (0..count).map(|at| format!("{prefix}{at}")).collect();
            let body = match rng.below(5) {
                0 => Body::Record(
                    (0..rng.between(1, 4)).map(|at| (format!("m{at}"), value(scope, 2, rng))).collect(),
                ),
                1 => Body::Variant(
                    (0..rng.between(1, 4))
                        .map(|at| (format!("c{at}"), rng.chance(60).then(|| value(scope, 2, rng))))
                        .collect(),
                ),
                2 => Body::Enum(names("e", rng.between(1, 5))),
                3 => Body::Flags(names("g", rng.between(1, 9))),
                _ => Body::Alias(streamable(value(scope, 2, rng))),
            };
            scope.values.push(name.clone());
            body
        };
        self.types.push(Type { name, body });
    }

    /// The name under which it is imported and exported.
    pub(crate) fn name(&self) -> String {
        let number = self.number;
        match self.kind {
            Kind::Named => format!("demo:p{number}/i{number}@{}", self.version),
            Kind::Inline => format!("x{number}"),
            Kind::Function => format!("f{number}"),
        }
    }

    /// The interfaces whose types it uses.
    pub(crate) fn used(&self) -> impl Iterator<Item = usize> {
        self.uses.iter().map(|(number, ..)| *number)
    }

    /// Its item in a world.
    pub(crate) fn item(&self, direction: &str) -> String {
        match self.kind {
            Kind::Named => format!("  {direction} {};\n", self.name()),
            Kind::Inline => format!("  {direction} {}: interface {{\n{}  }}\n", self.name(), self.body(&[])),
            Kind::Function => format!("  {direction} {}\n", self.functions[0].wit()),
        }
    }

    /// Its package; `all` are the interfaces as the same component knows them.
    pub(crate) fn package(&self, all: &[Interface]) -> String {
        let number = self.number;
        format!(
            "package demo:p{number}@{} {{\n  interface i{number} {{\n{}  }}\n}}\n",
            self.version,
            self.body(all)
        )
    }

    fn body(&self, all: &[Interface]) -> String {
        let mut text = String::new();
        for (number, name, local) in &self.uses {
            let renamed = if name == local { String::new() } else { format!(" as {local}") };
            text += &format!("    use {}.{{{name}{renamed}}};\n", all[*number].name());
        }
        for declared in &self.types {
            text += &format!("    {}\n", declared.wit());
        }
        for function in &self.functions {
            text += &format!("    {}\n", function.wit());
        }
        text
    }

    /// Makes one change, most of which keep it from fitting what it was before.
    pub(crate) fn mutate(&mut self, rng: &mut Rng) {
        match rng.below(8) {
            0 => self.version = rng.pick(&VERSIONS),
            1 if self.kind != Kind::Function => {
                let position = rng.below(self.functions.len());
                self.functions.remove(position);
            }
            2 if self.kind != Kind::Function => {
                self.functions.push(function("added".to_owned(), &Scope::default(), rng));
            }
            3 if !self.types.is_empty() => {
                let position = rng.below(self.types.len());
                self.types[position].mutate(rng);
            }
            _ if !self.functions.is_empty() => {
                let position = rng.below(self.functions.len());
                self.functions[position].mutate(rng);
            }
            _ => {}
        }
    }
}

impl Type {
    fn wit(&self) -> String {
        let name = &self.name;
        match &self.body {
            Body::Record(fields) => {
                let fields: Vec<String> = fields.iter().map(|(field, ty)| format!("{field}: {ty}")).collect();
                format!("record {name} {{ {} }}", fields.join(", "))
            }
            Body::Variant(cases) => {
                let case = |(case, ty): &(String, Option<String>)| match ty {
                    Some(ty) => format!("{case}({ty})"),
                    None => case.clone(),
                };
                format!("variant {name} {{ {} }}", cases.iter().map(case).collect::<Vec<_>>().join(", "))
            }
            Body::Enum(cases) => format!("enum {name} {{ {} }}", cases.join(", ")),
            Body::Flags(flags) => format!("flags {name} {{ {} }}", flags.join(", ")),
            Body::Alias(ty) => format!("type {name} = {ty};"),
            Body::Resource(functions) => {
                let functions: Vec<String> = functions.iter().map(Function::wit).collect();
                format!("resource {name} {{ {} }}", functions.join(" "))
            }
        }
    }

    fn mutate(&mut self, rng: &mut Rng) {
        match &mut self.body {
            Body::Record(fields) if rng.chance(50) => fields[0].1 = rng.pick(&PRIMITIVES).to_string(),
            Body::Record(fields) => fields.push(("added".to_owned(), "u8".to_owned())),
            Body::Variant(cases) => match cases.first_mut() {
                Some((_, ty @ Some(_))) => *ty = None,
                Some((_, ty)) => *ty = Some("u8".to_owned()),
                None => {}
            },
            Body::Enum(names) | Body::Flags(names) if rng.chance(50) => names.push("added".to_owned()),
            Body::Enum(names) | Body::Flags(names) => names.reverse(),
            Body::Alias(ty) => *ty = format!("option<{ty}>"),
            Body::Resource(functions) => match functions.pop() {
                Some(_) => {}
                None => functions.push(function("added".to_owned(), &Scope::default(), rng)),
            },
        }
    }
}

impl Function {
    fn wit(&self) -> String {
        let params: Vec<String> = self.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let (params, name) = (params.join(", "), &self.name);
        let result = self.result.as_ref().map(|ty| format!(" -> {ty}")).unwrap_or_default();
        let is_async = if self.is_async { "async " } else { "" };
        match self.role {
            Role::Constructor => format!("constructor({params});"),
            Role::Static => format!("{name}: static {is_async}func({params}){result};"),
            Role::Plain => format!("{name}: {is_async}func({params}){result};"),
        }
    }

    fn mutate(&mut self, rng: &mut Rng) {
        match rng.below(5) {
            0 if self.role != Role::Constructor => self.is_async = !self.is_async,
            1 if !self.params.is_empty() => self.params[0].0 = "renamed".to_owned(),
            2 if !self.params.is_empty() => self.params[0].1 = rng.pick(&PRIMITIVES).to_string(),
            3 if self.role != Role::Constructor => {
                self.result = match self.result {
                    Some(_) => None,
                    None => Some("u8".to_owned()),
                };
            }
            _ => self.params.push(("added".to_owned(), "u8".to_owned())),
        }
    }
}

fn members(scope: &Scope, rng: &mut Rng) -> Vec<Function> {
    let mut functions = Vec::new();
    if rng.chance(60) {
        let made = function("constructor".to_owned(), scope, rng);
        functions.push(Function { role: Role::Constructor, is_async: false, result: None, ..made });
    }
    for position in 0..rng.between(0, 3) {
        let role = if rng.chance(25) { Role::Static } else { Role::Plain };
        functions.push(Function { role, ..function(format!("act{position}"), scope, rng) });
    }
    functions
}

fn function(name: String, scope: &Scope, rng: &mut Rng) -> Function {
    Function {
        name,
        role: Role::Plain,
        is_async: rng.chance(20),
        params: (0..rng.between(0, 3)).map(|at| (format!("a{at}"), parameter(scope, rng))).collect(),
        result: rng.chance(70).then(|| value(scope, 2, rng)),
    }
}

/// The type of a parameter: that of any value, or a borrowed resource.
fn parameter(scope: &Scope, rng: &mut Rng) -> String {
    if scope.resources.is_empty() || rng.chance(60) {
        return value(scope, 2, rng);
    }
    let borrowed = format!("borrow<{}>", rng.pick(&scope.resources));
    match rng.below(4) {
        0 => format!("list<{borrowed}>"),
        1 => format!("option<{borrowed}>"),
        _ => borrowed,
    }
}

fn value(scope: &Scope, depth: usize, rng: &mut Rng) -> String {
    if depth == 0 || rng.chance(40) {
        return simple(scope, rng);
    }
    let mut inner = || value(scope, depth - 1, rng);
    let (first, second) = (inner(), inner());
    match rng.below(9) {
        0 | 1 => format!("list<{first}>"),
        2 => format!("option<{first}>"),
        3 => format!("result<{first}, {second}>"),
        4 => format!("result<_, {first}>"),
        5 => format!("tuple<{first}, {second}>"),
        6 => format!("map<{}, {first}>", rng.pick(&KEYS)),
        7 => format!("stream<{}>", streamable(first)),
        _ => format!("future<{first}>"),
    }
}

/// Streams of `char` are not settled yet.
fn streamable(ty: String) -> String {
    if ty == "char" { "string".to_owned() } else { ty }
}

fn simple(scope: &Scope, rng: &mut Rng) -> String {
    let named = [&scope.values, &scope.resources];
    let list = *rng.pick(&named);
    if list.is_empty() || rng.chance(40) { rng.pick(&PRIMITIVES).to_string() } else { rng.pick(list).clone() }
}
