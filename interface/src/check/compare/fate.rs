//! What became of an interface that is gone: another version of it came, or the same under another name.

use std::collections::{BTreeSet, HashMap};

use wit_parser::{InterfaceId, Resolve};

use super::names;
use super::view::{Entry, Item};

/// How few items may make up an interface that is known again under another name of its own.
const RENAMED_ITEMS_MIN: usize = 2;

/// What became of it, by the key of what it is now.
pub(super) enum Fate<'a> {
    /// It is there in a version that does not fit the old one.
    OtherVersion(&'a str),
    /// It is there in another package, or under another name.
    Moved(&'a str),
}

/// The interfaces that are new in one place.
pub(super) struct Arrivals<'a> {
    by_path: HashMap<String, &'a str>,
    by_name: HashMap<String, Vec<(&'a str, BTreeSet<&'a str>)>>,
    /// By the names of all items; a key only where one alone has them.
    by_items: HashMap<BTreeSet<&'a str>, Option<&'a str>>,
}

impl<'a> Arrivals<'a> {
    pub(super) fn new(resolve: &'a Resolve, added: &[(&'a String, &'a Item<'a>)]) -> Self {
        let mut arrivals =
            Self { by_path: HashMap::new(), by_name: HashMap::new(), by_items: HashMap::new() };
        for (key, item) in added {
            let Some(id) = interface(key, item) else { continue };
            let items = items(resolve, id);
            arrivals.by_path.entry(names::path(key)).or_insert(key);
            if items.len() >= RENAMED_ITEMS_MIN {
                let known = arrivals.by_items.entry(items.clone());
                known.and_modify(|known| *known = None).or_insert(Some(key));
            }
            arrivals.by_name.entry(short(key)).or_default().push((key, items));
        }
        arrivals
    }

    /// What became of the interface `key` of the old side; nothing where it is just gone.
    pub(super) fn fate(&self, resolve: &Resolve, key: &str, item: &Item<'_>) -> Option<Fate<'a>> {
        let id = interface(key, item)?;
        if let Some(other) = self.by_path.get(&names::path(key)) {
            return Some(Fate::OtherVersion(other));
        }
        let items = items(resolve, id);
        // Names like `types` are in many packages, so that a name alone says nothing.
        let alike = |found: &BTreeSet<&str>| {
            let common = items.intersection(found).count();
            common > 0 && common * 2 >= items.len()
        };
        let named = self.by_name.get(&short(key)).into_iter().flatten();
        let moved = named.filter(|(_, found)| alike(found)).map(|(other, _)| *other).next();
        let renamed = || self.by_items.get(&items).copied().flatten();
        moved.or_else(renamed).map(Fate::Moved)
    }
}

/// An interface that has a package: a plain name has no home that it could leave.
fn interface(key: &str, item: &Item<'_>) -> Option<InterfaceId> {
    match item.entry {
        Entry::Interface(id) if key.contains('/') => Some(id),
        _ => None,
    }
}

fn items(resolve: &Resolve, id: InterfaceId) -> BTreeSet<&str> {
    let interface = &resolve.interfaces[id];
    interface.types.keys().chain(interface.functions.keys()).map(String::as_str).collect()
}

/// The name of an interface without its package.
fn short(key: &str) -> String {
    names::path(key).rsplit('/').next().unwrap_or_default().to_owned()
}
