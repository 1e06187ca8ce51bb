//! Sentences that several formats share.

use wkit_interface::check::{Bump, Direction, Finding, Group, Place, VersionStep};

use super::Checked;

/// `1 breaking change`, `2 additions`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whom a change breaks, in words: `old components on the new host and source code that calls it`.
pub(crate) fn whom(directions: &[Direction]) -> String {
    listed(&directions.iter().map(|direction| direction.whom()).collect::<Vec<_>>())
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Where it is, as far as the message does not say so: the interface, and the item where it is not named there.
pub(crate) fn whereabouts(finding: &Finding) -> String {
    let Place { item, part, .. } = &finding.place;
    let named = |text: &Option<String>| text.as_ref().is_none_or(|text| finding.message.contains(text));
    let place = Place {
        item: item.clone().filter(|_| !named(item)),
        part: part.clone().filter(|_| !named(part)),
        ..finding.place.clone()
    };
    let place = place.to_string();
    // Some messages name it all, and those about versions name the package.
    if finding.message.contains(&place) || finding.rule.group == Group::Version {
        String::new()
    } else {
        place
    }
}

/// It before the message: `acme:kv/store@0.2.7: `.
pub(crate) fn placed(finding: &Finding) -> String {
    let place = whereabouts(finding);
    if place.is_empty() { finding.message.clone() } else { format!("{place}: {}", finding.message) }
}

/// What the versions have to do and what they did: `minor bump needed, found patch (0.2.6 → 0.2.7 is enough)`.
pub(crate) fn bump_sentence(checked: &Checked) -> Option<String> {
    checked.old.as_ref()?;
    if checked.required == Bump::None {
        return Some("no bump needed".to_owned());
    }
    let needed = format!("{} bump needed", checked.required);
    Some(match checked.versions.first() {
        Some(step) => format!("{needed}, {}", step_words(step)),
        None => needed,
    })
}

/// `0.2.6 → 0.2.7 is enough`.
fn step_words(step: &VersionStep) -> String {
    let least =
        step.at_least.as_ref().map(|least| format!(", expected {least} at least")).unwrap_or_default();
    match (&step.old, &step.new) {
        (Some(old), Some(new)) if step.enough && old == new => format!("still {new}"),
        (Some(old), Some(new)) if step.enough => format!("{old} → {new} is enough"),
        (Some(old), Some(new)) if old == new => format!("found none (still {new}{least})"),
        (Some(old), Some(new)) => format!("found {} ({old} → {new}{least})", step.actual),
        _ => "the package states no version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_aloud() {
        assert_eq!(listed(&[]), "");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(counted(1, "addition", "additions"), "1 addition");
        assert_eq!(counted(0, "addition", "additions"), "0 additions");
    }
}
