//! The rules for one side by itself, and for what a component newly wants of its hosts.

use super::rule::{Direction, Group, Rule};

const POLICY: &[Direction] = &[Direction::Policy];
const SOURCE: &[Direction] = &[Direction::Callers, Direction::Implementers];

const GATES_SECTION: &str = "component model, WIT.md, feature gates";
const IMPORTS_SECTION: &str = "component model, Explainer.md, import and export definitions";

/// The rules, in the order of the book.
pub(super) static FORM_RULES: &[&Rule] = &[
    &GATED_ITEM_USED_BY_STABLE,
    &GATES_NEED_VERSION,
    &SINCE_NO_FUTURE,
    &SINCE_BEFORE_HOME,
    &DEPRECATED_ORDER,
    &UNSTABLE_IN_RELEASE,
    &NAME_CLASH,
    &KEYWORD_CLASH,
    &CAP_ADDED,
    &CAP_REMOVED,
    &WASI_LINE_CHANGED,
    &SIZE_GROWTH,
    &HOST_LACKS_IMPORT,
];

/// See [`Rule::purpose`].
pub(super) static GATED_ITEM_USED_BY_STABLE: Rule = Rule {
    id: "GATED_ITEM_USED_BY_STABLE",
    group: Group::Gates,
    purpose: "an item does not mention one that is `@unstable` or came later than itself",
    directions: POLICY,
    before: "",
    after: "package demo:clock@0.2.1;

interface zones {
  @unstable(feature = zones)
  record zone { offset: s32 }

  @since(version = 0.2.0)
  here: func() -> zone;
}
",
    reason: "An `@unstable` item is left out where its feature is not asked for. Then what mentions it has no meaning, \
             and the whole package cannot be read. One that came later is a note: nobody who keeps to the older version \
             can name it.",
    specification: GATES_SECTION,
    advice: "give the item the gate of what it mentions, or make what it mentions stable with it",
};

/// See [`Rule::purpose`].
pub(super) static GATES_NEED_VERSION: Rule = Rule {
    id: "GATES_NEED_VERSION",
    group: Group::Gates,
    purpose: "a package with `@since` has a version",
    directions: POLICY,
    before: "",
    after: "package demo:clock;

interface clock {
  @since(version = 0.2.0)
  now: func() -> u64;
}
",
    reason: "`@since` speaks of a version of its own package. Without one nobody can tell whether the item is there yet.",
    specification: GATES_SECTION,
    advice: "give the package a version: `package demo:clock@0.2.0;`",
};

/// See [`Rule::purpose`].
pub(super) static SINCE_NO_FUTURE: Rule = Rule {
    id: "SINCE_NO_FUTURE",
    group: Group::Gates,
    purpose: "no `@since` is later than the version of its package",
    directions: POLICY,
    before: "",
    after: "package demo:clock@0.2.0;

interface clock {
  @since(version = 0.2.1)
  now: func() -> u64;
}
",
    reason: "An item cannot be there since a version that is not published yet; readers of WIT refuse such a package.",
    specification: GATES_SECTION,
    advice: "raise the version of the package, or write the version that it has",
};

/// See [`Rule::purpose`].
pub(super) static SINCE_BEFORE_HOME: Rule = Rule {
    id: "SINCE_BEFORE_HOME",
    group: Group::Gates,
    purpose: "an item is not older than the interface, resource or world that it stands in",
    directions: POLICY,
    before: "",
    after: "package demo:clock@0.2.1;

@since(version = 0.2.1)
interface zones {
  @since(version = 0.2.0)
  here: func() -> s32;
}
",
    reason: "Nothing can be had before the thing that it is a part of, so one of the two versions is wrong.",
    specification: GATES_SECTION,
    advice: "write the version in which the item was first published",
};

/// See [`Rule::purpose`].
pub(super) static DEPRECATED_ORDER: Rule = Rule {
    id: "DEPRECATED_ORDER",
    group: Group::Gates,
    purpose: "an item is deprecated after it came, and not in a version that is still to come",
    directions: POLICY,
    before: "",
    after: "package demo:clock@0.2.2;

interface clock {
  @since(version = 0.2.1)
  @deprecated(version = 0.2.0)
  now: func() -> u64;
}
",
    reason: "`@deprecated` names the version from which on an item should not be used any more, so it lies between the \
             item's `@since` and the version of the package.",
    specification: GATES_SECTION,
    advice: "write the version in which the item was first called deprecated",
};

/// See [`Rule::purpose`].
pub(super) static UNSTABLE_IN_RELEASE: Rule = Rule {
    id: "UNSTABLE_IN_RELEASE",
    group: Group::Gates,
    purpose: "a released package says which of its features are not stable",
    directions: POLICY,
    before: "",
    after: "package demo:clock@0.2.1;

interface zones {
  @since(version = 0.2.0)
  utc: func() -> s32;

  @unstable(feature = zones)
  here: func() -> s32;
}
",
    reason: "`@unstable` items may change or go in every version, and only those who ask for the feature see them. That \
             is allowed in a release; it is listed so that none is forgotten there.",
    specification: GATES_SECTION,
    advice: "write `@since` once the item is stable",
};

/// See [`Rule::purpose`].
pub(super) static NAME_CLASH: Rule = Rule {
    id: "NAME_CLASH",
    group: Group::Form,
    purpose: "no two names of a package become one name in a guest language",
    directions: SOURCE,
    before: "",
    after: "package demo:clash;

interface files {
  resource file { read: func() -> list<u8>; }
  method-file-read: func() -> list<u8>;
}
",
    reason: "C has one flat space of names, so bindings join the names of package, interface, resource and function: \
             both of these are `demo_clash_files_method_file_read`, and the bindings cannot be made. In Go the function \
             `make-file` meets the constructor of `file` in the same way. WIT itself only knows names that are equal \
             without regard to case and hyphens; those are refused when the package is read.",
    specification: "component model, Explainer.md, name uniqueness; the bindings generators of wit-bindgen 0.63",
    advice: "rename one of the two",
};

/// See [`Rule::purpose`].
pub(super) static KEYWORD_CLASH: Rule = Rule {
    id: "KEYWORD_CLASH",
    group: Group::Form,
    purpose: "a name is no keyword of a guest language",
    directions: SOURCE,
    before: "",
    after: "package demo:keywords;

interface log {
  write: func(%type: string, default: bool);
}
",
    reason: "Bindings write such a name in another way, `type_` or `@\"type\"`, and people have to know that. A few names \
             are overlooked by a generator; then the bindings do not compile.",
    specification: "component model, WIT.md, identifiers; the bindings generators of wit-bindgen 0.63, jco, \
                    componentize-py 0.25 and wkit",
    advice: "choose another word where the name is still free to choose",
};

/// See [`Rule::purpose`].
pub(super) static CAP_ADDED: Rule = Rule {
    id: "CAP_ADDED",
    group: Group::Capability,
    purpose: "a new component wants nothing of its hosts that the old one did without",
    directions: &[Direction::Component, Direction::Policy],
    before: "package demo:app;

world app {
  import wasi:clocks/wall-clock@0.2.6;
}
",
    after: "package demo:app;

world app {
  import wasi:clocks/wall-clock@0.2.6;
  import wasi:sockets/tcp@0.2.6;
}
",
    reason: "A host gives a component what it was granted and nothing else. With a new import the component does not \
             start where the old one ran, or it is given more rights than anybody looked at, and no version number \
             says so.",
    specification: IMPORTS_SECTION,
    advice: "grant it on purpose, or take out what brought the import in",
};

/// See [`Rule::purpose`].
pub(super) static CAP_REMOVED: Rule = Rule {
    id: "CAP_REMOVED",
    group: Group::Capability,
    purpose: "what a new component does without any more is told",
    directions: POLICY,
    before: "package demo:app;

world app {
  import wasi:sockets/tcp@0.2.6;
}
",
    after: "package demo:app;

world app {
}
",
    reason: "The component runs wherever the old one did, and a grant that nobody needs any more can be taken back.",
    specification: IMPORTS_SECTION,
    advice: "take back the grant",
};

/// See [`Rule::purpose`].
pub(super) static WASI_LINE_CHANGED: Rule = Rule {
    id: "WASI_LINE_CHANGED",
    group: Group::Capability,
    purpose: "a new component speaks the line of WASI that the old one spoke",
    directions: &[Direction::Component, Direction::Policy],
    before: "package demo:app;

world app {
  import wasi:clocks/monotonic-clock@0.2.6;
}
",
    after: "package demo:app;

world app {
  import wasi:clocks/monotonic-clock@0.3.0;
}
",
    reason: "0.2 and 0.3 are different interfaces for a host: versions stand in for each other only within one line.",
    specification: "component model, Explainer.md, canonversion",
    advice: "make sure that the hosts have the new line, and publish it as a new major version",
};

/// See [`Rule::purpose`].
pub(super) static SIZE_GROWTH: Rule = Rule {
    id: "SIZE_GROWTH",
    group: Group::Capability,
    purpose: "a component does not grow by much",
    directions: POLICY,
    before: "",
    after: "",
    reason: "Size is paid for with every pull, and compiling takes as long as there is code.",
    specification: "",
    advice: "`wkit inspect --sizes` shows what the bytes are spent on",
};

/// See [`Rule::purpose`].
pub(super) static HOST_LACKS_IMPORT: Rule = Rule {
    id: "HOST_LACKS_IMPORT",
    group: Group::Capability,
    purpose: "a host that is asked for has all that the component imports",
    directions: &[Direction::Component],
    before: "",
    after: "package demo:app;

world app {
  import wasi:clocks/monotonic-clock@0.3.0;
}
",
    reason: "A component whose import nobody fills is not instantiated.",
    specification: IMPORTS_SECTION,
    advice: "take a version of the host that has it, fill the import by composing, or build for an older version of it",
};
