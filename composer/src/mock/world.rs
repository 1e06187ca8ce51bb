//! Which world a stub has: it exports what it stands for, and imports what that needs and is not mocked.

use wit_parser::{PackageId, Resolve, Stability, WorldId, WorldItem, WorldKey};

use super::error::MockError;

/// Which imports are mocked. Names are those of imports, with or without version; `*` stands for anything, as in
/// `wasi:*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imports {
    /// All but these.
    Except(Vec<String>),
    /// Only these, each of which has to be there.
    Only(Vec<String>),
}

impl Default for Imports {
    /// All but those of WASI, which hosts have.
    fn default() -> Self {
        Self::Except(vec!["wasi:*".to_owned()])
    }
}

impl Imports {
    /// Whether an import of that name is mocked.
    pub fn contain(&self, name: &str) -> bool {
        match self {
            Self::Except(patterns) => !patterns.iter().any(|pattern| fits(pattern, name)),
            Self::Only(patterns) => patterns.iter().any(|pattern| fits(pattern, name)),
        }
    }
}

/// The interface that tells what was called.
pub(super) const CALLS: &str = "wkit:mock/calls@0.1.0";

const CALLS_WIT: &str = include_str!("calls.wit");

/// The world of a stub.
pub(super) struct StubWorld {
    pub(super) resolve: Resolve,
    pub(super) world: WorldId,
}

/// Reads the world whose imports are to be mocked, and turns it round.
pub(super) fn stub_world(
    bytes: &[u8],
    world: Option<&str>,
    imports: &Imports,
    record: bool,
) -> Result<StubWorld, MockError> {
    // What is validated here never surprises the reader below.
    wkit_interface::decode(bytes)?;
    let not_wit = |error: &dyn std::fmt::Display| MockError::NotWit { message: error.to_string() };
    let decoded = wit_component::decode(bytes).map_err(|error| not_wit(&error.root_cause()))?;
    let (mut resolve, world) = match decoded {
        wit_component::DecodedWasm::Component(resolve, own) => match world {
            Some(name) => return Err(MockError::WorldOfComponent { name: name.to_owned() }),
            None => (resolve, own),
        },
        wit_component::DecodedWasm::WitPackage(resolve, package) => {
            let world = package_world(&resolve, package, world)?;
            (resolve, world)
        }
    };
    select(&mut resolve, world, imports)?;
    if record {
        add_calls(&mut resolve, world)?;
    }
    let is_export = |_: &WorldKey, item: &WorldItem| !matches!(item, WorldItem::Type { .. });
    resolve
        .exportize(world, Some("stub".to_owned()), Some(&is_export))
        .map_err(|error| MockError::Tangled { message: error.root_cause().to_string() })?;
    Ok(StubWorld { resolve, world })
}

fn package_world(resolve: &Resolve, package: PackageId, name: Option<&str>) -> Result<WorldId, MockError> {
    let worlds = &resolve.packages[package].worlds;
    let found = match name {
        Some(name) => worlds.get(name),
        None if worlds.len() == 1 => worlds.values().next(),
        None => None,
    };
    found.copied().ok_or_else(|| MockError::UnknownWorld {
        name: name.map(str::to_owned),
        known: worlds.keys().cloned().collect(),
    })
}

/// Leaves only those imports in the world that are mocked, and the types of the world that these may use.
fn select(resolve: &mut Resolve, world: WorldId, imports: &Imports) -> Result<(), MockError> {
    let names: Vec<(WorldKey, String)> = resolve.worlds[world]
        .imports
        .iter()
        .filter(|(_, item)| !matches!(item, WorldItem::Type { .. }))
        .map(|(key, _)| (key.clone(), resolve.name_world_key(key)))
        .collect();
    if let Imports::Only(patterns) = imports
        && let Some(pattern) =
            patterns.iter().find(|pattern| !names.iter().any(|(_, name)| fits(pattern, name)))
    {
        return Err(MockError::UnknownImport {
            name: pattern.clone(),
            known: names.into_iter().map(|(_, name)| name).collect(),
        });
    }
    let (mocked, excluded): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, name)| imports.contain(name));
    if mocked.is_empty() {
        return Err(MockError::NothingToMock {
            excluded: excluded.into_iter().map(|(_, name)| name).collect(),
        });
    }
    for (key, _) in &mocked {
        if let Some(WorldItem::Function(function)) = resolve.worlds[world].imports.get(key)
            && function.kind.resource().is_some()
        {
            return Err(MockError::WorldResource { function: super::shown_name(function) });
        }
    }
    let world = &mut resolve.worlds[world];
    world.imports.retain(|key, item| {
        matches!(item, WorldItem::Type { .. }) || mocked.iter().any(|(mocked, _)| mocked == key)
    });
    Ok(())
}

fn add_calls(resolve: &mut Resolve, world: WorldId) -> Result<(), MockError> {
    let encode = |error: &dyn std::fmt::Display| MockError::Encode { message: error.to_string() };
    let package = resolve
        .push_source("calls.wit", CALLS_WIT)
        .map_err(|error| encode(&format!("`{CALLS}` is there already: {error:#}")))?;
    let Some(id) = resolve.packages[package].interfaces.get("calls").copied() else {
        return Err(encode(&"no interface `calls`"));
    };
    let item = WorldItem::Interface {
        id,
        stability: Stability::Unknown,
        external_id: None,
        docs: Default::default(),
        span: Default::default(),
    };
    resolve.worlds[world].imports.insert(WorldKey::Interface(id), item);
    Ok(())
}

/// Whether a name or pattern means the import.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let without_version = name.split('@').next().unwrap_or(name);
    matches(pattern, name) || matches(pattern, without_version)
}

/// `*` stands for any number of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, expected) in [
            ("wasi:*", "wasi:cli/run@0.2.6", true),
            ("wasi:*", "wasix:cli/run@0.2.6", false),
            ("demo:kv/store", "demo:kv/store@0.1.0", true),
            ("demo:kv/store@0.1.0", "demo:kv/store@0.1.0", true),
            ("demo:kv/store@0.2.0", "demo:kv/store@0.1.0", false),
            ("demo:kv/sto", "demo:kv/store@0.1.0", false),
            ("*/store", "demo:kv/store@0.1.0", true),
            ("d*:*/s*e", "demo:kv/store@0.1.0", true),
            ("d*x*", "demo:kv/store@0.1.0", false),
            ("*", "now", true),
            ("now", "now", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
