//! Where packages are, by namespace: what a project's `wkit.toml` says under `[registries]`.

use std::collections::BTreeMap;

use wkit_artifact::{PackageName, RegistryHost};

/// The registries of namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    entries: BTreeMap<String, Mapping>,
    default: Option<Mapping>,
}

/// Where the packages of one namespace are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The registry, or the host whose `/.well-known/wasm-pkg/registry.json` names the registry.
    pub registry: RegistryHost,
    /// What stands before `namespace/name` in the repository, joined as it is: a `/` at its end is part of it.
    /// With a prefix, even an empty one, nothing is asked and `registry` is the registry.
    pub prefix: Option<String>,
    /// Whether the registry is reached by plain HTTP. None: only if it is on this machine or listed elsewhere.
    pub plain_http: Option<bool>,
    /// Where this was written, for people: `wkit.toml: registries.demo`.
    pub source: String,
}

impl Namespaces {
    /// No namespaces.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps `namespace`; what was there before is replaced.
    pub fn insert(&mut self, namespace: impl Into<String>, mapping: Mapping) {
        self.entries.insert(namespace.into(), mapping);
    }

    /// Maps every namespace that has no mapping of its own.
    pub fn set_default(&mut self, mapping: Mapping) {
        self.default = Some(mapping);
    }

    /// The mapping for `package`.
    pub(crate) fn get(&self, package: &PackageName) -> Option<&Mapping> {
        self.entries.get(package.namespace()).or(self.default.as_ref())
    }
}
