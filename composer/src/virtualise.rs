//! Closes or fixes what one component may do, inside the binary: on any host it can do no more.
//!
//! [`virtualise()`] puts up to three components before the given one and composes them. The *gate* exports those
//! imports of the component that are closed, made of exactly the component's own types: it answers closed calls itself
//! and passes the others on. What needs more than an answer (streams that are at their end, files that are baked in, a
//! clock, random numbers) the *provider* does, a component that imports nothing but the *image*, which holds the files.
//!
//! ```
//! use wkit_composer::virtualise::{Capability, Policy, State, virtualise};
//! use wkit_fixtures::component::from_wit;
//!
//! let wit = "package demo:it; world app { import wasi:cli/environment@0.2.6; export run: func(); }
//!     package wasi:cli@0.2.6 { interface environment {
//!         get-environment: func() -> list<tuple<string, string>>;
//!         get-arguments: func() -> list<string>;
//!     } }";
//! let app = from_wit(wit, "app");
//! let policy = Policy { deny: [Capability::Env, Capability::Args].into(), ..Policy::default() };
//!
//! let closed = virtualise("app", &app, &policy)?;
//! assert!(closed.imports.is_empty());
//! assert_eq!(closed.capabilities[3].capability, Capability::Env);
//! assert_eq!(closed.capabilities[3].state, State::Closed);
//! # Ok::<(), wkit_composer::virtualise::VirtualiseError>(())
//! ```
mod answer;
mod capability;
mod component;
mod constant;
mod error;
mod gate;
mod handles;
mod image;
mod module;
mod plan;
mod policy;
mod poll;
mod provider;

use serde::Serialize;
use wit_parser::decoding::DecodedWasm;
use wkit_interface::{InterfaceParts, ItemKind, Surface, SurfaceKind};

pub use capability::{Capability, UnknownCapability};
pub use error::VirtualiseError;
pub use policy::{Instant, Policy};

use crate::plan::{Input, Plan};
use component::encode_failed;
use plan::GatePlan;
use provider::Provider;

/// A component that can do less.
#[derive(Debug, Clone, Serialize)]
pub struct Virtualised {
    /// The component in binary form; the same input and policy give the same bytes.
    #[serde(skip)]
    pub bytes: Vec<u8>,
    /// What became of each capability, in the order of [`Capability::ALL`].
    pub capabilities: Vec<Outcome>,
    /// What the result still imports.
    pub imports: Vec<String>,
    /// Whether anything was changed.
    pub changed: bool,
}

/// What became of a capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The capability.
    pub capability: Capability,
    /// What became of it.
    pub state: State,
    /// The interfaces by which the component had it.
    pub interfaces: Vec<String>,
}

/// What can become of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The component gets the answer of a host that grants nothing.
    Closed,
    /// The component gets what the policy states.
    Fixed,
    /// The host answers.
    PassedOn,
    /// The component imports nothing of it.
    NotUsed,
}

impl State {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Fixed => "fixed",
            Self::PassedOn => "passed on",
            Self::NotUsed => "not used",
        }
    }
}

/// Closes and fixes what `policy` says in the component `bytes`, which messages and the result call `name`.
///
/// The result does not import the functions of a closed capability, whatever it would do with them. A component that
/// has none of them comes back as it was.
///
/// # Errors
///
/// See [`VirtualiseError`]; [`VirtualiseError::hint`] says what to do.
pub fn virtualise(name: &str, bytes: &[u8], policy: &Policy) -> Result<Virtualised, VirtualiseError> {
    let surface = wkit_interface::decode(bytes)
        .map_err(|source| VirtualiseError::Decode { name: name.to_owned(), source })?;
    if surface.kind == SurfaceKind::WitPackage {
        return Err(VirtualiseError::WitPackage { name: name.to_owned() });
    }
    image::index(policy)?;
    let capabilities = outcomes(&surface, policy);
    let (mut resolve, world) = match wit_parser::decoding::decode(bytes) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => return Err(VirtualiseError::WitPackage { name: name.to_owned() }),
        Err(error) => return Err(encode_failed(&format!("read the WIT of `{name}`"), &error)),
    };
    let provider = Provider::add_to(&mut resolve)?;
    poll::add_ready(&mut resolve);
    let plan = GatePlan::new(resolve, world, policy)?;
    if plan.through.is_empty() {
        return Ok(Virtualised {
            bytes: bytes.to_vec(),
            capabilities,
            imports: names(&surface),
            changed: false,
        });
    }
    check_exports(name, &surface, &plan, policy)?;
    let gate = gate::write(&plan, policy, &provider)?;
    let mut inputs = vec![input(name, bytes.to_vec()), input(&format!("{name} gate"), gate.bytes)];
    if gate.needs_provider {
        inputs.push(input(&format!("{name} provider"), Provider::component()?));
        let image = image::write(policy, &provider, &plan.resolve, world)?;
        inputs.push(input(&format!("{name} image"), image));
    }
    let composing = Plan { socket: Some(name.to_owned()), ..Plan::default() };
    let composition = crate::compose(&inputs, &composing)?;
    Ok(Virtualised {
        imports: names(&composition.surface),
        bytes: composition
            .bytes
            .to_vec()
            .map_err(|error| encode_failed(&format!("read `{name}`"), &error))?,
        capabilities,
        changed: true,
    })
}

fn input(name: &str, bytes: Vec<u8>) -> Input {
    Input { name: name.to_owned(), bytes: bytes.into() }
}

/// What is imported by name; an import that only brings types asks nothing of a host.
fn names(surface: &Surface) -> Vec<String> {
    let asks = |item: &&wkit_interface::Item| match item.kind {
        ItemKind::Type => false,
        ItemKind::Interface => !item.functions.is_empty() || !item.resources.is_empty(),
        _ => true,
    };
    surface.imports.iter().filter(asks).map(|item| item.name.clone()).collect()
}

/// The name of an import without its version.
fn path(name: &str) -> String {
    InterfaceParts::parse(name).map_or_else(|| name.to_owned(), |parts| parts.path())
}

fn outcomes(surface: &Surface, policy: &Policy) -> Vec<Outcome> {
    let outcome = |capability: Capability| {
        let has = |item: &&wkit_interface::Item| {
            let path = path(item.implements.as_deref().unwrap_or(&item.name));
            let methods = item.resources.iter().flat_map(|resource| &resource.functions);
            item.functions
                .iter()
                .chain(methods)
                .any(|function| Capability::of_function(&path, &function.name) == Some(capability))
        };
        let interfaces: Vec<String> =
            surface.imports.iter().filter(has).map(|item| item.name.clone()).collect();
        let state = match (interfaces.is_empty(), policy.fixes(capability), policy.closes(capability)) {
            (true, ..) => State::NotUsed,
            (_, true, _) => State::Fixed,
            (_, _, true) => State::Closed,
            _ => State::PassedOn,
        };
        Outcome { capability, state, interfaces }
    };
    Capability::ALL.map(outcome).to_vec()
}

/// What is exported must not speak of resources that the host gives in one version and the gate in another.
fn check_exports(
    name: &str,
    surface: &Surface,
    plan: &GatePlan,
    policy: &Policy,
) -> Result<(), VirtualiseError> {
    let through: Vec<&str> = plan.through.iter().map(|index| plan.imports[*index].name.as_str()).collect();
    for export in &surface.exports {
        for resource in surface.export_resources(&export.name) {
            if resource.imported && through.contains(&resource.interface.as_str()) {
                return Err(VirtualiseError::ExportSpeaks {
                    name: name.to_owned(),
                    export: export.name.clone(),
                    resource: resource.name,
                    interface: resource.interface,
                    capabilities: plan.replacing(policy),
                });
            }
        }
    }
    Ok(())
}
