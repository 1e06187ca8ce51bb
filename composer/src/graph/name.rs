//! What instances and components are called that say no name themselves.

use std::collections::HashSet;

use wkit_interface::InterfaceParts;

use crate::structure::Structure;

/// A name after the first interface that is exported, `cart` for `shop:orders/cart@0.1.0`, or else the first export.
pub(crate) fn from_exports(structure: &Structure<'_>) -> String {
    let interface = structure.exports().find_map(|export| InterfaceParts::parse(export.name));
    let first = || structure.exports().next().map(|export| export.name.to_owned());
    interface.map(|parts| parts.interface).or_else(first).unwrap_or_else(|| "component".to_owned())
}

/// A name after the package of a component that is imported: `cart` for `unlocked-dep=<shop:cart@{>=0.1.0}>`.
pub(super) fn of_foreign(import: &str) -> String {
    let package = import.split(['<', '>', '@']).nth(1).unwrap_or(import);
    package.rsplit(':').next().unwrap_or(package).to_owned()
}

/// `name`, with a number when another instance of the same place is called so.
pub(super) fn unique(name: &str, within: &[String], taken: &mut HashSet<String>) -> String {
    let place = within.join("/");
    let is_free = |name: &str, taken: &mut HashSet<String>| taken.insert(format!("{place}/{name}"));
    if is_free(name, taken) {
        return name.to_owned();
    }
    let numbered = (2_usize..).map(|number| format!("{name}-{number}"));
    let mut free = numbered.skip_while(|name| !is_free(name, taken));
    free.next().unwrap_or_else(|| name.to_owned())
}
