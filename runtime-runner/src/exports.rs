//! What a component exports, and finding the one that a user means.

use std::fmt;

use semver::Version;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

use crate::signature::Signature;

/// A function that a component exports, by itself or in an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFunction {
    /// The interface with its package and version, `shop:orders/tax@0.1.0`; none for a function of the world itself.
    pub interface: Option<String>,
    /// The function's own name.
    pub name: String,
    /// What it takes and returns.
    pub signature: Signature,
}

impl ExportedFunction {
    /// The name that no other function of the component has: `shop:orders/tax@0.1.0#rate`, or `add`.
    pub fn full_name(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}#{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for ExportedFunction {
    /// `shop:orders/tax@0.1.0#rate(country: string) -> f64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.full_name(), self.signature)
    }
}

/// Everything that a component exports and that can be called.
pub(crate) struct Exports {
    functions: Vec<Export>,
}

/// One function with what calling it takes.
#[derive(Clone)]
pub(crate) struct Export {
    pub(crate) shown: ExportedFunction,
    pub(crate) ty: ComponentFunc,
    pub(crate) index: ComponentExportIndex,
}

/// A line of `wasi:http`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    /// `wasi:http/incoming-handler` 0.2.
    P2,
    /// `wasi:http/handler` 0.3.
    P3,
}

impl HttpVersion {
    /// Whether a `handle` of this line has this signature. The engine would only see it when it makes an instance.
    pub(crate) fn takes(self, signature: &Signature) -> bool {
        let parameters: Vec<&str> = signature.parameters.iter().map(|(_, ty)| ty.as_str()).collect();
        let result = signature.result.as_deref();
        match self {
            Self::P2 => {
                parameters == ["own<resource>", "own<resource>"] && result.is_none() && !signature.is_async
            }
            Self::P3 => {
                parameters == ["own<resource>"]
                    && result.is_some_and(|result| result.starts_with("result<own<resource>, variant {"))
                    && signature.is_async
            }
        }
    }
}

/// What looking for a name found.
pub(crate) enum Found<'a> {
    One(&'a Export),
    Many(Vec<&'a Export>),
    None,
}

impl Exports {
    pub(crate) fn of(component: &Component) -> Self {
        let engine = component.engine();
        let mut functions = Vec::new();
        let mut push = |interface: Option<&str>, name: &str, ty: ComponentFunc, index| {
            let shown = ExportedFunction {
                interface: interface.map(str::to_owned),
                name: name.to_owned(),
                signature: Signature::of(&ty),
            };
            functions.push(Export { shown, ty, index });
        };
        for (name, export) in component.component_type().exports(engine) {
            let Some(index) = component.get_export_index(None, name) else { continue };
            match export.ty {
                ComponentItem::ComponentFunc(ty) => push(None, name, ty, index),
                ComponentItem::ComponentInstance(instance) => {
                    for (function, export) in instance.exports(engine) {
                        if let ComponentItem::ComponentFunc(ty) = export.ty
                            && let Some(index) = component.get_export_index(Some(&index), function)
                        {
                            push(Some(name), function, ty, index);
                        }
                    }
                }
                _ => {}
            }
        }
        Self { functions }
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &ExportedFunction> {
        self.functions.iter().map(|export| &export.shown)
    }

    /// The names of everything that the component exports: its interfaces, and the functions of its world.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .functions()
            .map(|function| function.interface.clone().unwrap_or_else(|| function.name.clone()))
            .collect();
        names.dedup();
        names
    }

    /// The `handle` function of the newest line of `wasi:http` that this host can call.
    pub(crate) fn handler(&self) -> Option<(HttpVersion, &ExportedFunction)> {
        let handles = |prefix: &str, minor: u64| {
            self.functions().filter(|function| function.name == "handle").find(|function| {
                function
                    .interface
                    .as_deref()
                    .and_then(|interface| Version::parse(interface.strip_prefix(prefix)?).ok())
                    .is_some_and(|version| {
                        version.pre.is_empty() && version.major == 0 && version.minor == minor
                    })
            })
        };
        handles("wasi:http/handler@", 3)
            .map(|function| (HttpVersion::P3, function))
            .or_else(|| handles("wasi:http/incoming-handler@", 2).map(|function| (HttpVersion::P2, function)))
    }

    /// The `run` function of the newest `wasi:cli/run` that this host can call.
    pub(crate) fn command(&self) -> Option<&Export> {
        self.functions
            .iter()
            .filter(|export| export.shown.name == "run")
            .filter_map(|export| Some((command_version(export.shown.interface.as_deref()?)?, export)))
            .filter(|(version, _)| {
                version.pre.is_empty() && version.major == 0 && matches!(version.minor, 2 | 3)
            })
            .max_by(|(one, _), (other, _)| one.cmp(other))
            .map(|(_, export)| export)
    }

    /// The `wasi:cli/run` interfaces of any version, to name in an error.
    pub(crate) fn command_interfaces(&self) -> Vec<String> {
        let mut interfaces: Vec<_> = self
            .functions()
            .filter_map(|function| function.interface.clone())
            .filter(|interface| command_version(interface).is_some())
            .collect();
        interfaces.dedup();
        interfaces
    }

    /// The function that `wanted` names: `add`, `tax#rate`, `shop:orders/tax#rate`, `shop:orders/tax@0.1.0#rate`, or
    /// with a `.` in place of the `#`. A name without an interface is looked for in the world first.
    pub(crate) fn find(&self, wanted: &str) -> Found<'_> {
        if let Some((interface, name)) = wanted.rsplit_once('#') {
            return self.find_in(interface, name);
        }
        let plain = |export: &&Export| export.shown.name == wanted;
        if let Some(export) =
            self.functions.iter().filter(plain).find(|export| export.shown.interface.is_none())
        {
            return Found::One(export);
        }
        match Found::among(self.functions.iter().filter(plain).collect()) {
            Found::None => match wanted.rsplit_once('.') {
                Some((interface, name)) => self.find_in(interface, name),
                None => Found::None,
            },
            found => found,
        }
    }

    fn find_in(&self, interface: &str, name: &str) -> Found<'_> {
        let candidates: Vec<_> = self
            .functions
            .iter()
            .filter(|export| export.shown.name == name)
            .filter_map(|export| Some((export.shown.interface.as_deref()?, export)))
            .collect();
        if let Some((_, export)) = candidates.iter().find(|(full, _)| *full == interface) {
            return Found::One(export);
        }
        Found::among(
            candidates
                .into_iter()
                .filter(|(full, _)| abbreviations(full).contains(&interface))
                .map(|(_, export)| export)
                .collect(),
        )
    }
}

impl<'a> Found<'a> {
    fn among(mut exports: Vec<&'a Export>) -> Self {
        match exports.len() {
            0 => Self::None,
            1 => Self::One(exports.remove(0)),
            _ => Self::Many(exports),
        }
    }
}

/// The version of `wasi:cli/run` that `interface` is, if it is one.
fn command_version(interface: &str) -> Option<Version> {
    Version::parse(interface.strip_prefix("wasi:cli/run@")?).ok()
}

/// What an interface may be called where it is clear: without its version, without its package, or without both.
fn abbreviations(interface: &str) -> [&str; 3] {
    let unversioned = interface.split('@').next().unwrap_or(interface);
    let without_package = interface.split_once('/').map_or(interface, |(_, name)| name);
    let name = unversioned.rsplit('/').next().unwrap_or(unversioned);
    [unversioned, without_package, name]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_may_be_abbreviated() {
        assert_eq!(abbreviations("shop:orders/tax@0.1.0"), ["shop:orders/tax", "tax@0.1.0", "tax"]);
        assert_eq!(abbreviations("tax"), ["tax", "tax", "tax"]);
    }
}
