//! The rules as rows.

use super::rule::Direction::{Callers, Component, Host, Implementers, Policy};
use super::rule::{Group, Rule};

/// Declares each rule as a static and all of them as [`RULES`].
macro_rules! rules {
    ($($id:ident, $group:ident, [$($direction:ident),*], $purpose:literal,
       before $before:literal, after $after:literal, reason $reason:literal, see $see:literal, advice $advice:literal;)*) => {
        $(
            pub(super) static $id: Rule = Rule {
                id: stringify!($id),
                group: Group::$group,
                purpose: $purpose,
                directions: &[$($direction),*],
                before: $before,
                after: $after,
                reason: $reason,
                specification: $see,
                advice: $advice,
            };
        )*
        /// The rules for two sides, in the order of the documentation.
        pub(super) static RULES: &[&Rule] = &[$(&$id),*];
    };
}

rules! {
    FUNC_ADD, Link, [Host, Component, Implementers], "a function is added to an interface",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(key: string) -> string;\n  remove: func(key: string);\n}",
    reason "An instance may have more than is asked for, so whoever calls the interface goes on. Whoever has it must have the new function too: a host of an import, a component of an export.",
    see "component model Explainer, Subtyping",
    advice "put it into a new interface, so that nobody has to have it";

    FUNC_NO_DELETE, Link, [Host, Component, Callers], "a function is taken from an interface",
    before "interface store {\n  get: func(key: string) -> string;\n  remove: func(key: string);\n}",
    after "interface store {\n  get: func(key: string) -> string;\n}",
    reason "Whatever is asked for must be there under its name.",
    see "component model Explainer, Subtyping",
    advice "keep it and mark it `@deprecated`, or make a new version of the package that does not fit the old one";

    FUNC_SAME_PARAM_NAME, Link, [Host, Component], "a parameter keeps its name",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(name: string) -> string;\n}",
    reason "The names of parameters are a part of a function's type, though nothing of them is left in the core code.",
    see "component model Explainer, Subtyping; functype",
    advice "keep the old name";

    FUNC_SAME_PARAM_TYPE, Link, [Host, Component, Callers, Implementers], "a parameter keeps its type",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(key: list<u8>) -> string;\n}",
    reason "Value types are equal or they do not fit: there is no widening, and an `option` is another type.",
    see "component model Explainer, Subtyping; functype",
    advice "add a function of another name";

    FUNC_SAME_PARAMS, Link, [Host, Component, Callers, Implementers], "a function keeps its parameters and their order",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(key: string, limit: option<u32>) -> string;\n}",
    reason "A function takes all of its parameters in their order; none can be left out, not even one that is an `option`.",
    see "component model Explainer, functype",
    advice "add a function of another name, or take a record of parameters in its next version";

    FUNC_SAME_RESULT, Link, [Host, Component, Callers, Implementers], "a function keeps its result",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(key: string) -> result<string>;\n}",
    reason "The result is a part of a function's type and must be equal.",
    see "component model Explainer, Subtyping; functype",
    advice "add a function of another name";

    FUNC_SAME_ASYNC, Link, [Host, Component, Callers, Implementers], "a function stays `async`, or stays what it was",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: async func(key: string) -> string;\n}",
    reason "An `async` function has another type: it may block where the other one may not.",
    see "component model Explainer, functype; Concurrency",
    advice "add a function of another name";

    RESOURCE_ADD, Link, [Host, Component, Implementers], "a resource is added to an interface",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(key: string) -> string;\n  resource bucket {\n    constructor(name: string);\n  }\n}",
    reason "Whoever calls the interface goes on; whoever has it must have the resource too.",
    see "component model Explainer, Subtyping",
    advice "put it into a new interface";

    RESOURCE_NO_DELETE, Link, [Host, Component, Callers], "a resource is taken from an interface",
    before "interface store {\n  get: func(key: string) -> string;\n  resource bucket {\n    constructor(name: string);\n  }\n}",
    after "interface store {\n  get: func(key: string) -> string;\n}",
    reason "Whatever is asked for must be there under its name.",
    see "component model Explainer, Subtyping",
    advice "keep it and mark it `@deprecated`";

    RESOURCE_MEMBER_ADD, Link, [Host, Component, Implementers], "a constructor, method or static function is added to a resource",
    before "interface store {\n  resource bucket {\n    constructor(name: string);\n  }\n}",
    after "interface store {\n  resource bucket {\n    constructor(name: string);\n    size: func() -> u64;\n  }\n}",
    reason "It is a function of the interface like any other: whoever has the interface must have it.",
    see "component model Explainer, Subtyping; WIT, Item: resource",
    advice "add a function to a new interface that takes the resource";

    RESOURCE_MEMBER_NO_DELETE, Link, [Host, Component, Callers], "a constructor, method or static function is taken from a resource",
    before "interface store {\n  resource bucket {\n    constructor(name: string);\n    size: func() -> u64;\n  }\n}",
    after "interface store {\n  resource bucket {\n    constructor(name: string);\n  }\n}",
    reason "It is a function of the interface like any other, and whatever is asked for must be there.",
    see "component model Explainer, Subtyping; WIT, Item: resource",
    advice "keep it and mark it `@deprecated`";

    RESOURCE_MEMBER_SAME_KIND, Link, [Host, Component, Callers, Implementers], "a method stays a method, a static function static",
    before "interface store {\n  resource bucket {\n    size: func() -> u64;\n  }\n}",
    after "interface store {\n  resource bucket {\n    size: static func() -> u64;\n  }\n}",
    reason "The kind is a part of the function's name in the component, so the one is gone and the other is new.",
    see "component model Explainer, Import and Export Definitions; plainname",
    advice "add a function of another name";

    RESOURCE_SAME_HOME, Link, [Host, Component, Callers, Implementers], "a resource stays that of the same interface",
    before "interface files {\n  resource handle;\n}\ninterface store {\n  use files.{handle};\n  get: func() -> handle;\n}\nworld app {\n  import store;\n}",
    after "interface files {\n  resource handle;\n}\ninterface store {\n  resource handle;\n  get: func() -> handle;\n}\nworld app {\n  import files;\n  import store;\n}",
    reason "A resource is equal to nothing but itself, however alike two of them look. Moved to another interface or version it is another one.",
    see "component model Explainer, Type Checking; resource types are generative",
    advice "leave it where it was, and `use` it from there";

    HANDLE_SAME_OWNERSHIP, Link, [Host, Component, Callers, Implementers], "an owned handle stays owned, a borrowed one borrowed",
    before "interface store {\n  resource bucket;\n  close: func(bucket: bucket);\n}",
    after "interface store {\n  resource bucket;\n  close: func(bucket: borrow<bucket>);\n}",
    reason "`own` and `borrow` are two types: with the one the resource is given away, with the other it is only lent.",
    see "component model Explainer, defvaltype",
    advice "add a function of another name";

    RECORD_SAME_FIELDS, Link, [Host, Component, Callers, Implementers], "a record keeps its fields, their order and their types",
    before "interface store {\n  record entry {\n    key: string,\n  }\n  put: func(entry: entry);\n}",
    after "interface store {\n  record entry {\n    key: string,\n    note: option<string>,\n  }\n  put: func(entry: entry);\n}",
    reason "Value types are equal or they do not fit. There is no field that may be missing, for records are laid out in memory by their fields.",
    see "component model Explainer, Subtyping; Canonical ABI, Flattening",
    advice "add another record and a function that takes it";

    VARIANT_SAME_CASES, Link, [Host, Component, Callers, Implementers], "a variant keeps its cases, their order and what they hold",
    before "interface store {\n  variant failure {\n    missing,\n  }\n  get: func() -> result<string, failure>;\n}",
    after "interface store {\n  variant failure {\n    missing,\n    denied,\n  }\n  get: func() -> result<string, failure>;\n}",
    reason "Value types are equal or they do not fit; and code that handles each case does not know a new one.",
    see "component model Explainer, Subtyping",
    advice "have a case from the beginning that holds a string for all that is to come";

    ENUM_SAME_CASES, Link, [Host, Component, Callers, Implementers], "an enum keeps its cases and their order",
    before "interface store {\n  enum mode {\n    read,\n  }\n  open: func(mode: mode);\n}",
    after "interface store {\n  enum mode {\n    read,\n    write,\n  }\n  open: func(mode: mode);\n}",
    reason "Value types are equal or they do not fit; and code that handles each case does not know a new one.",
    see "component model Explainer, Subtyping",
    advice "add another enum and a function that takes it";

    FLAGS_SAME_MEMBERS, Link, [Host, Component, Callers, Implementers], "flags keep their members and their order",
    before "interface store {\n  flags rights {\n    read,\n  }\n  open: func(rights: rights);\n}",
    after "interface store {\n  flags rights {\n    read,\n    write,\n  }\n  open: func(rights: rights);\n}",
    reason "Value types are equal or they do not fit, even where the bits would have had room.",
    see "component model Explainer, Subtyping",
    advice "add other flags and a function that takes them";

    TYPE_SAME, Link, [Host, Component, Callers, Implementers], "a named type stays what it is",
    before "interface store {\n  type id = u32;\n  get: func(id: id) -> string;\n}",
    after "interface store {\n  type id = u64;\n  get: func(id: id) -> string;\n}",
    reason "Value types are equal or they do not fit.",
    see "component model Explainer, Subtyping",
    advice "add a type of another name";

    TYPE_ADD, Link, [Host, Component], "a type is added to an interface",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  record entry {\n    key: string,\n  }\n  get: func(key: string) -> string;\n  put: func(entry: entry);\n}",
    reason "Named types are exports of an interface. Whoever speaks of the type asks for it; as long as nobody does, only those who take an export as a whole miss it.",
    see "component model Explainer, Subtyping",
    advice "";

    TYPE_NO_DELETE, Link, [Host, Component, Callers], "a type is taken from an interface",
    before "interface store {\n  record entry {\n    key: string,\n  }\n  put: func(entry: entry);\n}",
    after "interface store {\n  put: func(entry: string);\n}",
    reason "Named types are exports of an interface. Components import only those that they speak of; source code may name any of them.",
    see "component model Explainer, Subtyping",
    advice "keep it";

    TYPE_SAME_NAME, Link, [Host, Component, Callers], "a type keeps its name",
    before "interface store {\n  record entry {\n    key: string,\n  }\n  put: func(entry: entry);\n}",
    after "interface store {\n  record item {\n    key: string,\n  }\n  put: func(entry: item);\n}",
    reason "Named types are exports of an interface, and whoever speaks of the type asks for it by its name.",
    see "component model Explainer, Subtyping",
    advice "keep the old name, or have both: `type new-name = old-name`";

    TYPE_ALIAS_ADD, Link, [Host, Component], "a name is given to a type",
    before "interface store {\n  get: func(id: u32) -> string;\n}",
    after "interface store {\n  type id = u32;\n  get: func(id: id) -> string;\n}",
    reason "The new name is an export of the interface, and a component that is built with it asks for it, though the type is the same as before.",
    see "component model Explainer, Subtyping",
    advice "use the plain type until the next version that does not fit";

    TYPE_ALIAS_NO_DELETE, Link, [Host, Component, Callers], "a name of a type is taken away",
    before "interface store {\n  type id = u32;\n  get: func(id: id) -> string;\n}",
    after "interface store {\n  get: func(id: u32) -> string;\n}",
    reason "The name is an export of the interface, and components that were built with it ask for it.",
    see "component model Explainer, Subtyping",
    advice "keep the name";

    INTERFACE_ADD, Link, [Host, Component, Implementers], "an interface is added to a package",
    before "interface store {\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  get: func(key: string) -> string;\n}\ninterface cache {\n  flush: func();\n}",
    reason "Old components do not ask for it. New ones that do need a host that has it; and where a world exports it, a new host asks for it.",
    see "component model Explainer, Subtyping",
    advice "";

    INTERFACE_NO_DELETE, Link, [Host, Component, Callers], "an interface is taken from a package",
    before "interface store {\n  get: func(key: string) -> string;\n}\ninterface cache {\n  flush: func();\n}",
    after "interface store {\n  get: func(key: string) -> string;\n}",
    reason "Old components that import it find it nowhere; and where a world exported it, old hosts still ask for it.",
    see "component model Explainer, Subtyping",
    advice "keep it and mark it `@deprecated`";

    INTERFACE_NO_MOVE, Link, [Host, Component, Callers], "an interface stays in its package and keeps its name",
    before "interface store {\n  get: func(key: string) -> string;\n  remove: func(key: string);\n}\nworld app {\n  import store;\n}",
    after "interface bucket {\n  get: func(key: string) -> string;\n  remove: func(key: string);\n}\nworld app {\n  import bucket;\n}",
    reason "Package and name are what an import finds its export by, so that an interface elsewhere is another one, with other resources, though it has all that the old one had.",
    see "component model Explainer, Import and Export Definitions",
    advice "leave it where it was, and `use` its types from the new place";

    WORLD_IMPORT_ADD, Link, [Component, Implementers], "a world, or a component, imports more",
    before "world app {\n  export run: func();\n}",
    after "world app {\n  import log: func(line: string);\n  export run: func();\n}",
    reason "Imports are demands: a host that was enough before lacks something now.",
    see "component model Explainer, Subtyping of components",
    advice "leave it to a new world";

    WORLD_IMPORT_NO_DELETE, Link, [Host, Callers], "a world, or a component, imports less",
    before "world app {\n  import log: func(line: string);\n  export run: func();\n}",
    after "world app {\n  export run: func();\n}",
    reason "A host of the new world need not have it any more, and components of the old world still ask for it.",
    see "component model Explainer, Subtyping of components",
    advice "keep it as long as components of the old world are to run";

    WORLD_EXPORT_ADD, Link, [Host, Implementers], "a world, or a component, exports more",
    before "world app {\n  export run: func();\n}",
    after "world app {\n  export run: func();\n  export stop: func();\n}",
    reason "A host of the new world asks for it, and components of the old world do not have it.",
    see "component model Explainer, Subtyping of components",
    advice "leave it to a new world";

    WORLD_EXPORT_NO_DELETE, Link, [Component, Callers], "a world, or a component, exports less",
    before "world app {\n  export run: func();\n  export stop: func();\n}",
    after "world app {\n  export run: func();\n}",
    reason "Whoever used the old component asks for it.",
    see "component model Explainer, Subtyping of components",
    advice "keep it";

    WORLD_ADD, Source, [], "a world is added to a package",
    before "world app {\n  export run: func();\n}",
    after "world app {\n  export run: func();\n}\nworld service {\n  export serve: func();\n}",
    reason "Nobody is built for it yet.",
    see "WIT, Worlds",
    advice "";

    WORLD_NO_DELETE, Source, [Callers, Implementers], "a world is taken from a package",
    before "world app {\n  export run: func();\n}\nworld service {\n  export serve: func();\n}",
    after "world app {\n  export run: func();\n}",
    reason "Components do not carry the name of their world, so they still run; but sources that name it cannot be built.",
    see "WIT, Worlds",
    advice "keep it and mark it `@deprecated`";

    PACKAGE_SAME_ID, Identity, [Host, Component, Callers, Implementers], "a package keeps its name",
    before "package acme:shop@1.0.0;",
    after "package acme:store@1.0.0;",
    reason "The name of the package is a part of the name of every import and export.",
    see "WIT, Package Names",
    advice "publish it as a new package and keep the old one";

    USE_SAME_SOURCE, Identity, [], "a value type is taken from the same interface",
    before "interface types {\n  record entry {\n    key: string,\n  }\n}\ninterface store {\n  use types.{entry};\n  put: func(entry: entry);\n}\nworld app {\n  import store;\n}",
    after "interface types {\n  record entry {\n    key: string,\n  }\n}\ninterface store {\n  record entry {\n    key: string,\n  }\n  put: func(entry: entry);\n}\nworld app {\n  import types;\n  import store;\n}",
    reason "Value types are equal by their structure, so everything still links; but bindings give the two other names.",
    see "component model Explainer, Type Checking",
    advice "";

    IMPLEMENTS_SAME_INTERFACE, Identity, [Policy], "a plain name stands for the same interface",
    before "interface store {\n  get: func() -> string;\n}\ninterface cache {\n  get: func() -> string;\n}\nworld app {\n  import primary: store;\n}",
    after "interface store {\n  get: func() -> string;\n}\ninterface cache {\n  get: func() -> string;\n}\nworld app {\n  import primary: cache;\n}",
    reason "The type check goes by the plain name and the functions alone; hosts and tools that choose an implementation go by the interface.",
    see "component model Explainer, implements",
    advice "use another plain name";

    EXTERNAL_ID_CHANGE, Identity, [Policy], "an external id stays as it is",
    before "interface store {\n  @external-id(\"get-v1\")\n  get: func() -> string;\n}",
    after "interface store {\n  @external-id(\"get-v2\")\n  get: func() -> string;\n}",
    reason "No type check looks at it, but hosts may find what they call by it.",
    see "component model Explainer, external-id",
    advice "keep it";

    VERSION_BUMP_REQUIRED, Version, [Policy], "the version grows as much as the changes demand",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  get: func(key: string) -> string;\n  remove: func(key: string);\n}",
    after "package acme:shop@1.0.1;\n\ninterface store {\n  get: func(key: string) -> string;\n}",
    reason "Versions of one line stand in for each other when components are linked, so what does not fit needs a version of another line.",
    see "component model Explainer, canonversion; Semantic Versioning 2.0.0",
    advice "";

    VERSION_NO_DECREASE, Version, [Policy], "the version does not go back",
    before "package acme:shop@1.1.0;",
    after "package acme:shop@1.0.0;",
    reason "Whoever asks for the newest version would never get this one.",
    see "Semantic Versioning 2.0.0, 11",
    advice "give it a higher version";

    VERSION_NO_REUSE, Version, [], "a version that was released stays as it is",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  /// Gets a value.\n  get: func(key: string) -> string;\n}",
    after "package acme:shop@1.0.0;\n\ninterface store {\n  /// Gets a value, or an empty one.\n  get: func(key: string) -> string;\n}",
    reason "Whoever has the version already does not get the change, and two people with one version have two packages.",
    see "Semantic Versioning 2.0.0, 3",
    advice "give it a higher version when it is released";

    PRERELEASE_ORDER, Version, [Policy], "prereleases come one after the other",
    before "package acme:shop@1.0.0-rc9;",
    after "package acme:shop@1.0.0-rc10;",
    reason "A part with letters in it is compared as text, so that `rc10` comes before `rc9`, and whoever asks for the newest version gets the old one.",
    see "Semantic Versioning 2.0.0, 11",
    advice "write the number as a part of its own: `rc.10`";

    DEP_RANGE_WIDENED, Version, [Policy], "a package builds on no more versions of another package than before",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  use acme:base/types@0.2.6.{entry};\n  put: func(entry: entry);\n}\n\npackage acme:base@0.2.6 {\n  interface types {\n    record entry { key: string }\n  }\n}",
    after "package acme:shop@1.0.1;\n\ninterface store {\n  use acme:base/types@0.2.6.{entry};\n  put: func(entry: entry);\n}\n\ninterface log {\n  use acme:base/types@0.3.0.{entry};\n  add: func(entry: entry);\n}\n\npackage acme:base@0.2.6 {\n  interface types {\n    record entry { key: string }\n  }\n}\n\npackage acme:base@0.3.0 {\n  interface types {\n    record entry { key: string }\n  }\n}",
    reason "A version stands for all that fit it: 0.2.6 for 0.2.6 and later ones of 0.2. With a version of another line hosts have to have both, and a resource of the one is none of the other; with a lower one hosts are accepted that the package was never tried on.",
    see "component model Explainer, canonversion; Semantic Versioning 2.0.0",
    advice "stay with the versions that were there, or make a new version of the package that does not fit the old one";

    SINCE_REQUIRED_ON_ADD, Gates, [Policy], "in a package with gates, what is new says since when",
    before "package acme:shop@1.0.0;\n\n@since(version = 1.0.0)\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n}",
    after "package acme:shop@1.1.0;\n\n@since(version = 1.0.0)\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n  remove: func(key: string);\n}",
    reason "Without it nobody can tell which version of the package a component needs at least.",
    see "WIT, Feature Gates",
    advice "write `@since(version = …)` before it";

    SINCE_IMMUTABLE, Gates, [Policy], "what is there since a version stays there since that version",
    before "package acme:shop@1.1.0;\n\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n}",
    after "package acme:shop@1.1.0;\n\ninterface store {\n  @since(version = 1.1.0)\n  get: func(key: string) -> string;\n}",
    reason "Tools that build for an older version leave out what came later.",
    see "WIT, Feature Gates",
    advice "write the version of old again";

    STABLE_NO_UNSTABLE, Gates, [Policy], "what was stable does not become unstable",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n}",
    after "package acme:shop@1.1.0;\n\ninterface store {\n  @unstable(feature = get)\n  get: func(key: string) -> string;\n}",
    reason "What is unstable is left out where its feature is not asked for, so it is gone for everybody who relied on it.",
    see "WIT, Feature Gates",
    advice "mark it `@deprecated` instead";

    STABILISED, Gates, [], "something unstable became stable",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  @unstable(feature = remove)\n  remove: func(key: string);\n}",
    after "package acme:shop@1.1.0;\n\ninterface store {\n  @since(version = 1.1.0)\n  remove: func(key: string);\n}",
    reason "From now on it may be relied on.",
    see "WIT, Feature Gates",
    advice "";

    DEPRECATED, Gates, [], "something is deprecated",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n}",
    after "package acme:shop@1.1.0;\n\ninterface store {\n  @since(version = 1.0.0)\n  @deprecated(version = 1.1.0)\n  get: func(key: string) -> string;\n}",
    reason "It still works, and will be taken away in a version that does not fit.",
    see "WIT, Feature Gates",
    advice "";

    DEPRECATE_BEFORE_DELETE, Gates, [Policy], "in a package with gates, what is taken away was deprecated before",
    before "package acme:shop@1.0.0;\n\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n  @since(version = 1.0.0)\n  remove: func(key: string);\n}",
    after "package acme:shop@1.1.0;\n\ninterface store {\n  @since(version = 1.0.0)\n  get: func(key: string) -> string;\n}",
    reason "Those who use it had no version that told them. A version that does not fit the old one begins anew and may leave anything out.",
    see "WIT, Feature Gates",
    advice "release a version that marks it `@deprecated` first";

    DOC_CHANGE, Source, [], "documentation is written in other words",
    before "interface store {\n  /// Gets a value.\n  get: func(key: string) -> string;\n}",
    after "interface store {\n  /// Gets a value, or an empty one.\n  get: func(key: string) -> string;\n}",
    reason "Nothing that is built depends on it. What it promises may have changed, which only a person can tell.",
    see "WIT, Comments",
    advice "";

    IGNORE_UNUSED, Version, [], "an exception of the project is used",
    before "", after "",
    reason "An exception that excepts nothing any more hides the next finding of its kind.",
    see "",
    advice "take it out of `[check]`";
}
