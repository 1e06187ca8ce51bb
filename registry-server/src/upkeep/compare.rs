//! Two stores side by side.

use std::cmp::Ordering;

use super::UpkeepError;
use super::scratch::Entries;
use crate::store::{Engine, Entry};

/// An entry that two stores do not both have with the same value.
pub(super) struct Difference {
    /// The key.
    pub(super) key: Vec<u8>,
    /// The value in the second store.
    pub(super) second: Option<Vec<u8>>,
}

/// Hands every difference between two stores to `found`, in the order of the keys. Local entries do not count.
pub(super) fn compare(
    first: &dyn Engine,
    second: &dyn Engine,
    mut found: impl FnMut(Difference) -> Result<(), UpkeepError>,
) -> Result<(), UpkeepError> {
    let (mut first, mut second) = (Entries::new(first), Entries::new(second));
    let (mut a, mut b) = (first.next().transpose()?, second.next().transpose()?);
    loop {
        let order = match (&a, &b) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let step = |side: &mut Option<Entry>, entries: &mut Entries<'_>| {
            Ok::<_, UpkeepError>(std::mem::replace(side, entries.next().transpose()?))
        };
        let left = if order.is_le() { step(&mut a, &mut first)? } else { None };
        let right = if order.is_ge() { step(&mut b, &mut second)? } else { None };
        let same = match (&left, &right) {
            (Some((_, left)), Some((_, right))) => left == right,
            _ => false,
        };
        if same {
            continue;
        }
        let key = left.as_ref().or(right.as_ref()).map(|(key, _)| key.clone()).unwrap_or_default();
        found(Difference { key, second: right.map(|(_, value)| value) })?;
    }
}
