//! Tags that stand for referrers, as clients set them for registries that know no referrers: `sha256-<hex>` for a list of
//! them (OCI distribution specification, "Referrers Tag Schema"), and with an ending such as `.sig` or `.att` as cosign
//! does. They belong to the manifest they are named after, so no rule judges them by themselves.

use std::collections::HashSet;

use wkit_artifact::{Digest, Tag};

use super::{DAY_MS, Run, Scope, TagState};
use crate::registry::GarbageError;
use crate::store::layout;

/// The digest of the manifest that a tag is named after.
pub(super) fn subject(tag: &Tag) -> Option<Digest> {
    let (algorithm, rest) = tag.as_str().split_once('-')?;
    let hex = rest.split_once('.').map_or(rest, |(hex, _)| hex);
    format!("{algorithm}:{hex}").parse().ok()
}

impl Run<'_> {
    /// Removes the tags whose manifest is gone, or is going, when the rule says that referrers follow and the tag is
    /// old enough: a client may push them first.
    pub(super) async fn referrer_tags(
        &mut self,
        scope: Scope<'_>,
        tags: Vec<TagState>,
        removed: &HashSet<Digest>,
    ) -> Result<(), GarbageError> {
        let mut doomed = Vec::new();
        for state in tags {
            let Some(subject) = subject(&state.tag) else { continue };
            let old = state.pushed_ms.is_some_and(|pushed_ms| {
                self.now_ms.saturating_sub(pushed_ms) >= scope.rule.untagged_days.saturating_mul(DAY_MS)
            });
            if !old {
                continue;
            }
            let key = layout::stamp(scope.repository, &subject);
            if removed.contains(&subject) || self.registry.metadata().get(&key).await?.is_none() {
                doomed.push((state, format!("its subject `{subject}` is not in the repository any more")));
            }
        }
        self.remove_tags(scope, doomed).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tag_is_named_after() {
        let digest = Digest::sha256(b"x");
        let hex = digest.hex();
        for tag in [format!("sha256-{hex}"), format!("sha256-{hex}.sig"), format!("sha256-{hex}.a.b")] {
            assert_eq!(subject(&tag.parse().unwrap()), Some(digest.clone()), "{tag}");
        }
        for tag in
            ["sha256-abc".to_owned(), format!("md5-{hex}"), format!("sha256-{hex}x"), "v1-2".to_owned()]
        {
            assert_eq!(subject(&tag.parse().unwrap()), None, "{tag}");
        }
    }
}
