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

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/reference/check-rules.md` is what the rules say, one by one.
    #[test]
    fn the_reference_is_what_the_rules_say() {
        let mut text = String::from(
            "# Rules of `wkit check`\n\nWhat `wkit check --explain RULE` says of each. What such a change breaks \
             depends on where it stands; a finding names only\nwhom it breaks there. See \
             [checking](../checking.md) for directions, profiles and levels.\n\n\
             | rule | rests on | can break | about |\n|---|---|---|---|\n",
        );
        let group = |rule: &Rule| serde_json::to_value(rule.group).unwrap().as_str().unwrap().to_owned();
        let directions = |rule: &Rule| {
            rule.directions.iter().map(|direction| direction.id()).collect::<Vec<_>>().join(", ")
        };
        for rule in all() {
            let (id, link) = (rule.id, rule.id.to_lowercase());
            text += &format!(
                "| [`{id}`](#{link}) | {} | {} | {} |\n",
                group(rule),
                directions(rule),
                rule.purpose.replace('|', "\\|")
            );
        }
        for rule in all() {
            text += &format!("\n## {}\n\n{}.", rule.id, rule.purpose);
            if !rule.reason.is_empty() {
                text += &format!(" {}", rule.reason);
            }
            text += "\n";
            for (title, wit) in [("before", rule.before), ("after", rule.after)] {
                if !wit.is_empty() {
                    text += &format!("\n```wit\n// {title}\n{}\n```\n", wit.trim());
                }
            }
            if !rule.advice.is_empty() {
                text += &format!("\nInstead: {}.\n", rule.advice);
            }
            if !rule.specification.is_empty() {
                text += &format!("\nSpecification: {}.\n", rule.specification);
            }
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/check-rules.md");
        wkit_fixtures::golden::assert_golden(file, &text);
    }

    #[test]
    fn ids_are_words_of_large_letters_and_stand_once() {
        let mut ids: Vec<&str> = all().map(|rule| rule.id).collect();
        let is_word = |id: &&str| id.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        assert!(ids.iter().all(is_word), "{ids:?}");
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id stands twice");
    }
}
