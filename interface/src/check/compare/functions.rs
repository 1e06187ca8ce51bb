//! Two functions of one name.

use std::collections::HashSet;

use wit_parser::{Function, Type};

use super::drafts::{Draft, Drafts};
use super::equal::Way;
use super::interfaces::Compared;
use super::{attributes, names, text};
use crate::check::finding::Place;
use crate::check::rule::{Direction, Rule};
use crate::check::rules;

/// A difference: the rule, the part of the function, whom it breaks, and what is said of it.
struct Difference {
    rule: &'static Rule,
    part: Option<String>,
    breaks: Vec<Direction>,
    message: String,
}

impl Compared<'_> {
    /// Compares two functions of one name.
    pub(super) fn functions(&self, old: &Function, new: &Function, drafts: &mut Drafts) {
        let mut differences = Vec::new();
        if old.kind.is_async() != new.kind.is_async() {
            let now = if new.kind.is_async() { "is `async` now" } else { "is no longer `async`" };
            differences.push(Difference {
                rule: &rules::FUNC_SAME_ASYNC,
                part: None,
                breaks: self.all(),
                message: format!("{} {now}", names::function(self.new_resolve(), new)),
            });
        }
        self.parameters(old, new, &mut differences);
        self.results(old, new, &mut differences);
        for Difference { rule, part, breaks, message } in differences {
            let draft = Draft {
                rule,
                place: Place { part, ..self.item(names::function(self.new_resolve(), new)) },
                breaks,
                message,
                old: self.shown(Way::NewFillsOld, text::function(self.old_resolve(), old), old.span),
                new: self.shown(Way::OldFillsNew, text::function(self.new_resolve(), new), new.span),
                hint: Some(rule.advice.to_owned()),
            };
            drafts.add(&self.seen(&old.stability), draft);
        }
        attributes::functions(self, old, new, drafts);
    }

    fn parameters(&self, old: &Function, new: &Function, differences: &mut Vec<Difference>) {
        let pairs = || old.params.iter().zip(&new.params);
        let is_one_by_one = old.params.len() == new.params.len();
        let item = || names::function(self.new_resolve(), new);
        if is_one_by_one && pairs().all(|(old, new)| old.name == new.name) {
            for (old, new) in pairs() {
                let part = || format!("parameter `{}`", new.name);
                let changed = self.changed(&old.ty, &new.ty, || format!("{} of {}", part(), item()));
                differences.extend(changed.map(|(rule, breaks, message)| Difference {
                    rule: rule.unwrap_or(&rules::FUNC_SAME_PARAM_TYPE),
                    part: Some(part()),
                    breaks,
                    message,
                }));
            }
            return;
        }
        let item = item();
        let names = |function: &Function| -> Vec<String> {
            function.params.iter().map(|param| param.name.clone()).collect()
        };
        let (old_names, new_names) = (names(old), names(new));
        let has_same_types = is_one_by_one
            && pairs()
                .all(|(old, new)| Way::BOTH.iter().all(|way| self.pairing.same(*way, &old.ty, &new.ty)));
        if !has_same_types || is_permutation(&old_names, &new_names) {
            differences.push(Difference {
                rule: &rules::FUNC_SAME_PARAMS,
                part: None,
                breaks: self.all(),
                message: parameters_message(&item, &old_names, &new_names),
            });
            return;
        }
        // The types are the same one by one: only names changed, and code that does not use them goes on.
        for (old, new) in old_names.iter().zip(&new_names).filter(|(old, new)| old != new) {
            differences.push(Difference {
                rule: &rules::FUNC_SAME_PARAM_NAME,
                part: Some(format!("parameter `{new}`")),
                breaks: Way::BOTH.map(|way| self.broken(way)).into(),
                message: format!("parameter `{old}` of {item} is called `{new}` now"),
            });
        }
    }

    fn results(&self, old: &Function, new: &Function, differences: &mut Vec<Difference>) {
        let item = || names::function(self.new_resolve(), new);
        let changed = match (&old.result, &new.result) {
            (None, None) => None,
            (Some(old), Some(new)) => self.changed(old, new, || format!("the result of {}", item())),
            (None, Some(new)) => {
                let message = format!("{} has a result now: `{}`", item(), text::ty(self.new_resolve(), new));
                Some((None, self.all(), message))
            }
            (Some(old), None) => {
                let ty = text::ty(self.old_resolve(), old);
                Some((None, self.all(), format!("{} has no result any more, it was `{ty}`", item())))
            }
        };
        differences.extend(changed.map(|(rule, breaks, message)| Difference {
            rule: rule.unwrap_or(&rules::FUNC_SAME_RESULT),
            part: Some("result".to_owned()),
            breaks,
            message,
        }));
    }

    /// The difference of two types in a function, if there is one, with its rule where it has one of its own.
    fn changed(
        &self,
        old: &Type,
        new: &Type,
        of: impl Fn() -> String,
    ) -> Option<(Option<&'static Rule>, Vec<Direction>, String)> {
        let differs = Way::BOTH.map(|way| !self.pairing.same(way, old, new));
        if differs == [false, false] {
            return None;
        }
        let broken = Way::BOTH.into_iter().zip(differs).filter(|(_, differs)| *differs);
        let mut breaks: Vec<Direction> = broken.map(|(way, _)| self.broken(way)).collect();
        breaks.extend([Direction::Callers, Direction::Implementers]);
        let of = of();
        let (old_text, new_text) = (text::ty(self.old_resolve(), old), text::ty(self.new_resolve(), new));
        let message = match old_text == new_text {
            true => format!("{of} is another `{new_text}`: it means a type of another place now"),
            false => format!("{of} was `{old_text}` and is `{new_text}`"),
        };
        let rule = is_other_ownership(&old_text, &new_text).then_some(&rules::HANDLE_SAME_OWNERSHIP);
        Some((rule, breaks, message))
    }
}

/// Whether all that differs is that handles are owned or borrowed.
fn is_other_ownership(old: &str, new: &str) -> bool {
    let handles = |text: &str| text.replace("borrow<", "").replace('>', "");
    old != new && (old.contains("borrow<") || new.contains("borrow<")) && handles(old) == handles(new)
}

fn is_permutation(old: &[String], new: &[String]) -> bool {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    sorted(old) == sorted(new)
}

fn parameters_message(item: &str, old: &[String], new: &[String]) -> String {
    const SHOWN: usize = 5;
    let quoted = |names: Vec<&String>| {
        let more = names.len().saturating_sub(SHOWN);
        let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    let known = |names: &[String]| -> HashSet<String> { names.iter().cloned().collect() };
    let (before, after) = (known(old), known(new));
    let added: Vec<&String> = new.iter().filter(|name| !before.contains(*name)).collect();
    let gone: Vec<&String> = old.iter().filter(|name| !after.contains(*name)).collect();
    match (added.is_empty(), gone.is_empty()) {
        (false, true) => format!("{item} takes more: {}", quoted(added)),
        (true, false) => format!("{item} takes less: {} is gone", quoted(gone)),
        (true, true) => format!("{item} takes its parameters in another order"),
        (false, false) => format!("{item} takes {} in place of {}", quoted(added), quoted(gone)),
    }
}
