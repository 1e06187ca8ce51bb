//! Which tags a rule keeps.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::{DAY_MS, RetentionRule, TagState};

/// Why each tag goes, in the same order; `None` for one that is kept.
pub(super) fn reasons(
    rule: &RetentionRule,
    now_ms: u64,
    pulls_since_ms: u64,
    tags: &[TagState],
) -> Vec<Option<String>> {
    if !rule.judges_tags() {
        return vec![None; tags.len()];
    }
    let newest = newest(rule.keep_newest, tags);
    let per_minor = newest_per_minor(rule.keep_newest_per_minor, tags);
    let reason = |(place, state): (usize, &TagState)| {
        let mut why = Vec::new();
        if !rule.keep_tags.is_empty() {
            if rule.keep_tags.iter().any(|pattern| pattern.matches(state.tag.as_str())) {
                return None;
            }
            why.push("it matches no pattern of `keep-tags`".to_owned());
        }
        if let Some(count) = rule.keep_newest {
            if newest.contains(&place) {
                return None;
            }
            why.push(format!("it is not among the newest {count}"));
        }
        if let Some(count) = rule.keep_newest_per_minor {
            if per_minor.contains(&place) {
                return None;
            }
            why.push(format!("it is no version among the highest {count} of its minor version"));
        }
        if let Some(days) = rule.keep_pushed_within_days {
            let age = age_days(now_ms, state.pushed_ms?);
            if age < days {
                return None;
            }
            why.push(format!("it was pushed {age} days ago"));
        }
        if let Some(days) = rule.keep_pulled_within_days {
            // Pulls from before they were noted are unknown: there may have been one just before.
            let pulled_ms = state.pulled_ms.max(state.pushed_ms)?.max(pulls_since_ms);
            let age = age_days(now_ms, pulled_ms);
            if age < days {
                return None;
            }
            why.push(format!("it was not pulled for {age} days"));
        }
        Some(why.join(", "))
    };
    tags.iter().enumerate().map(reason).collect()
}

/// Whole days between two times.
pub(super) fn age_days(now_ms: u64, then_ms: u64) -> u64 {
    now_ms.saturating_sub(then_ms) / DAY_MS
}

/// The places of the tags that were pushed last, and of those for which this is not known.
fn newest(count: Option<usize>, tags: &[TagState]) -> HashSet<usize> {
    let Some(count) = count else { return HashSet::new() };
    let (mut known, unknown): (Vec<usize>, Vec<usize>) =
        (0..tags.len()).partition(|place| tags[*place].pushed_ms.is_some());
    // Of tags that were pushed at the same time, the one whose name comes last is taken for the newest.
    known.sort_unstable_by_key(|place| Reverse((tags[*place].pushed_ms, tags[*place].tag.as_str())));
    known.into_iter().take(count).chain(unknown).collect()
}

/// The places of the tags that are the highest versions of their minor version (`v1.2.3` is one, too).
fn newest_per_minor(count: Option<usize>, tags: &[TagState]) -> HashSet<usize> {
    let Some(count) = count else { return HashSet::new() };
    let mut minors: HashMap<(u64, u64), Vec<_>> = HashMap::new();
    for (place, state) in tags.iter().enumerate() {
        let plain = state.tag.to_version().or_else(|| {
            let rest = state.tag.as_str().strip_prefix('v')?;
            rest.parse::<wkit_artifact::Tag>().ok()?.to_version()
        });
        if let Some(version) = plain {
            minors.entry((version.major, version.minor)).or_default().push((version, place));
        }
    }
    let mut kept = HashSet::new();
    for mut versions in minors.into_values() {
        versions.sort_unstable_by(|a, b| b.cmp(a));
        kept.extend(versions.into_iter().take(count).map(|(_, place)| place));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use wkit_artifact::Digest;

    const NOW: u64 = 1_000 * DAY_MS;

    fn rule(text: &str) -> RetentionRule {
        toml::from_str(&format!("repositories = \"**\"\n{text}")).unwrap()
    }

    /// Tags with how many days ago they were pushed and pulled.
    fn tags(list: &[(&str, Option<u64>, Option<u64>)]) -> Vec<TagState> {
        let before = |days: &Option<u64>| days.map(|days| NOW - days * DAY_MS);
        list.iter()
            .map(|(tag, pushed, pulled)| TagState {
                tag: tag.parse().unwrap(),
                digest: Digest::sha256(tag.as_bytes()),
                stamp: None,
                pushed_ms: before(pushed),
                pulled_ms: before(pulled),
            })
            .collect()
    }

    fn kept(rule: &RetentionRule, pulls_since: u64, tags: &[TagState]) -> Vec<String> {
        let reasons = reasons(rule, NOW, NOW - pulls_since * DAY_MS, tags);
        let kept = tags.iter().zip(reasons).filter(|(_, reason)| reason.is_none());
        kept.map(|(state, _)| state.tag.to_string()).collect()
    }

    #[test]
    fn any_condition_keeps() {
        let all = tags(&[
            ("latest", Some(500), None),
            ("v1", Some(3), None),
            ("v2", Some(2), None),
            ("v3", Some(1), None),
            ("old", Some(500), Some(2)),
            ("older", Some(500), Some(400)),
            ("unknown", None, None),
        ]);
        assert_eq!(kept(&rule("keep-tags = [\"lat*\", \"v[12]\"]"), 900, &all), ["latest", "v1", "v2"]);
        assert_eq!(kept(&rule("keep-newest = 2"), 900, &all), ["v2", "v3", "unknown"]);
        assert_eq!(kept(&rule("keep-newest = 0"), 900, &all), ["unknown"]);
        assert_eq!(kept(&rule("keep-pushed-within-days = 3"), 900, &all), ["v2", "v3", "unknown"]);
        assert_eq!(kept(&rule("keep-pushed-within-days = 4"), 900, &all), ["v1", "v2", "v3", "unknown"]);
        let pulled = rule("keep-pulled-within-days = 30");
        assert_eq!(kept(&pulled, 900, &all), ["v1", "v2", "v3", "old", "unknown"]);
        // Pulls are noted since 29 days only: nobody knows whether there was one a day before.
        assert_eq!(kept(&pulled, 29, &all).len(), all.len());
        let several = rule("keep-tags = [\"latest\"]\nkeep-newest = 1\nkeep-pulled-within-days = 3");
        assert_eq!(kept(&several, 900, &all), ["latest", "v2", "v3", "old", "unknown"]);
    }

    #[test]
    fn versions_by_their_minor() {
        let all = tags(&[
            ("1.0.0", Some(9), None),
            ("1.0.1", Some(8), None),
            ("v1.0.10", Some(7), None),
            ("1.1.0-rc.1", Some(6), None),
            ("1.1.0", Some(5), None),
            ("2.0.0", Some(4), None),
            ("edge", Some(3), None),
        ]);
        assert_eq!(kept(&rule("keep-newest-per-minor = 1"), 0, &all), ["v1.0.10", "1.1.0", "2.0.0"]);
        let two = ["1.0.1", "v1.0.10", "1.1.0-rc.1", "1.1.0", "2.0.0"];
        assert_eq!(kept(&rule("keep-newest-per-minor = 2"), 0, &all), two);
    }

    #[test]
    fn the_reason_names_every_condition() {
        let all = tags(&[("old", Some(40), None), ("new", Some(1), None)]);
        let rule = rule("keep-tags = [\"v*\"]\nkeep-newest = 1\nkeep-pushed-within-days = 30");
        let reasons = reasons(&rule, NOW, NOW, &all);
        let expected =
            "it matches no pattern of `keep-tags`, it is not among the newest 1, it was pushed 40 days ago";
        assert_eq!(reasons, [Some(expected.to_owned()), None]);
    }
}
