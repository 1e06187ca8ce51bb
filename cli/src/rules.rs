//! The rules of checks: those of interfaces, and the one of worlds that only a command can ask.

use wkit_interface::check::{Group, Rule, rules};

/// A component that does not fit the world that it is held against.
pub(crate) static WORLD_MISFIT: Rule = Rule {
    id: "WORLD_MISFIT",
    group: Group::Link,
    purpose: "a component fits the world that it targets",
    directions: &[],
    before: "",
    after: "world app {\n  export run: func();\n}\n// and a component that exports no `run`",
    reason: "A component targets a world when its imports are among those of the world, all that the world exports is \
             exported, and the types are the same. A host of the world can run nothing else.",
    specification: "Component model, WIT.md, WIT Worlds",
    advice: "Build the component against the world as it is now, or name the world that it was built for.",
};

/// All rules, in the order in which they are listed.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    rules().chain(std::iter::once(&WORLD_MISFIT))
}

/// The rule of an id.
pub(crate) fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}
