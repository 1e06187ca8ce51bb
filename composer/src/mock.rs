//! Makes stub components: they stand for what a component imports, so that it can be run and tested alone.
//!
//! A stub is a prebuilt engine (`composer/mock-engine/`) with tables: the types of all functions, and what is answered to
//! which arguments as it lies in memory. The generator reads and checks all values, so that the engine only has to
//! compare arguments, hand out answers, and keep a record of the calls.

mod answers;
mod assembly;
mod data;
mod error;
#[path = "../mock-engine/src/layout.rs"]
#[expect(dead_code, unreachable_pub, reason = "the file is the engine's too, which uses the rest")]
mod layout;
mod missing;
mod module;
mod rules;
mod token;
mod types;
mod value;
#[path = "../mock-engine/src/walk.rs"]
#[expect(dead_code, unreachable_pub, reason = "the file is the engine's too, which uses the rest")]
mod walk;
mod world;

#[cfg(test)]
mod tests;

pub use answers::Answers;
pub use error::{MockError, ValueError};
pub use missing::{Missing, StubError, Stubbed, StubbedImport, compose_with_stubs};
pub(crate) use missing::{stub, unreadable};
pub use world::Imports;

use serde::Serialize;
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Function, FunctionKind, Resolve, TypeDefKind, WorldItem, WorldKey};

use assembly::Assembly;
use data::Data;
use module::{Builder, Engine};
use rules::Rules;
use types::{NodeId, Owner, Types};
use world::{CALLS, StubWorld};

/// What to make a stub for, and what it answers.
#[derive(Debug, Clone, Default)]
pub struct Mock<'a> {
    /// A component whose imports are mocked, or a WIT package with a world, in binary form.
    pub source: &'a [u8],
    /// The world of a WIT package; it may be left out when there is one.
    pub world: Option<&'a str>,
    /// Which imports are mocked.
    pub imports: Imports,
    /// What functions answer.
    pub answers: Answers,
    /// What all other functions do.
    pub otherwise: Otherwise,
    /// Whether the stub exports `wkit:mock/calls` too, which tells what was called.
    pub record: bool,
}

/// What a function does that no answer is stated for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// It traps, in a function whose name says what was called.
    #[default]
    Trap,
    /// It answers with the default of its type: zero, empty, `none`, `ok`, the first case, a new handle, a stream that has
    /// ended, a future with the default. Where that needs a resource that is not mocked, `err` or the next case; or it
    /// traps.
    Default,
}

/// A component that stands for what another one imports.
#[derive(Debug, Clone, Serialize)]
pub struct Stub {
    /// The component in binary form. The same input gives the same bytes.
    #[serde(skip)]
    pub bytes: Vec<u8>,
    /// The imports that it stands for, which are its exports.
    pub mocked: Vec<String>,
    /// What it imports itself: interfaces whose resources it speaks of, which are not mocked.
    pub imports: Vec<String>,
    /// Its functions, in order.
    pub functions: Vec<StubFunction>,
}

/// What one function of a stub does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StubFunction {
    /// The interface; empty for a function of the world itself.
    pub interface: String,
    /// The function, `bucket.get` for a method.
    pub function: String,
    /// Where its answers come from.
    pub answer: AnswerKind,
}

/// Where the answers of a function come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// They are stated.
    Stated,
    /// The default of the type.
    Default,
    /// It traps.
    Trap,
}

/// Makes a stub.
///
/// # Errors
///
/// See [`MockError`]; [`MockError::hint`] says what to do.
pub fn mock(mock: &Mock<'_>) -> Result<Stub, MockError> {
    let StubWorld { resolve, world } =
        world::stub_world(mock.source, mock.world, &mock.imports, mock.record)?;
    let exports = exports(&resolve, world);
    let engine = Engine::read()?;
    let mut data = Data::new(engine.data_base());
    let mut types = Types::new(&resolve, world);
    let laid = lay_out(&resolve, world, &exports, &mut types, &mut data)?;
    let counters = types.resources.iter().map(|_| data.take(4, 4)).collect::<Result<Vec<_>, _>>()?;

    let mut rules =
        Rules { exports: &exports, laid: &laid, types: &types, counters: &counters, data: &mut data };
    let (tables, functions) = rules.write(&mock.answers, mock.otherwise, mock.record)?;

    let mut stub = Assembly { resolve: &resolve, builder: Builder::new(engine), record: mock.record };
    stub.resources(&types.resources, &mut data)?;
    stub.channels(&types.channels);
    stub.functions(&exports, &tables, &functions, &mut data)?;
    stub.calls(world)?;
    let mut module = stub.builder.finish(&data.into_bytes())?;
    let failed = |error: &dyn std::fmt::Display| MockError::Encode { message: error.to_string() };
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| failed(&format!("{error:#}")))?;
    let bytes = ComponentEncoder::default()
        .merge_imports_based_on_semver(false)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| failed(&format!("{error:#}")))?;
    let bytes = signed(&bytes, &exports).map_err(|error| failed(&format!("{error:#}")))?;
    let surface = wkit_interface::decode(&bytes).map_err(|error| failed(&error))?;
    let names =
        |items: &[wkit_interface::Item]| items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
    let mut mocked = names(&surface.exports);
    mocked.retain(|name| !mock.record || name != CALLS);
    Ok(Stub { mocked, imports: names(&surface.imports), functions, bytes })
}

/// Writes into a stub that it is one, and of what.
fn signed(bytes: &[u8], exports: &[Export]) -> Result<Vec<u8>, impl std::fmt::Display> {
    let mut names: Vec<&str> = Vec::new();
    for export in exports {
        let name = if export.interface.is_empty() { &export.shown } else { &export.interface };
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let description = format!("a stub that stands for {}", names.join(", "));
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set("stub".to_owned());
    metadata.processed_by = vec![("wkit mock".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    metadata.description = AddMetadataField::Set(wasm_metadata::Description::new(description));
    metadata.to_wasm(bytes)
}

/// A function that the stub has.
struct Export {
    key: Option<WorldKey>,
    /// The name of the interface; empty for the world itself.
    interface: String,
    function: Function,
    /// Its name for people.
    shown: String,
}

impl Export {
    fn owner(&self) -> Owner<'_> {
        Owner { key: self.key.as_ref(), function: &self.function }
    }

    /// The name for messages, with the interface.
    fn full(&self) -> String {
        if self.interface.is_empty() {
            self.shown.clone()
        } else {
            format!("{}#{}", self.interface, self.shown)
        }
    }
}

/// `bucket.get` and `bucket.constructor`, whatever kind of function it is.
fn shown_name(function: &Function) -> String {
    let plain = function.name.split_once(']').map_or(function.name.as_str(), |(_, name)| name);
    match function.kind {
        FunctionKind::Constructor(_) => format!("{plain}.constructor"),
        _ => plain.to_owned(),
    }
}

fn exports(resolve: &Resolve, world: wit_parser::WorldId) -> Vec<Export> {
    let mut exports = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        let name = resolve.name_world_key(key);
        match item {
            WorldItem::Function(function) => exports.push(Export {
                key: None,
                interface: String::new(),
                function: function.clone(),
                shown: shown_name(function),
            }),
            WorldItem::Interface { id, .. } if name != CALLS => {
                exports.extend(resolve.interfaces[*id].functions.values().map(|function| Export {
                    key: Some(key.clone()),
                    interface: name.clone(),
                    function: function.clone(),
                    shown: shown_name(function),
                }));
            }
            _ => {}
        }
    }
    exports
}

/// The types of one function.
struct Laid {
    parameters: NodeId,
    result: Option<NodeId>,
}

fn lay_out(
    resolve: &Resolve,
    world: wit_parser::WorldId,
    exports: &[Export],
    types: &mut Types<'_>,
    data: &mut Data,
) -> Result<Vec<Laid>, MockError> {
    for (key, item) in &resolve.worlds[world].exports {
        let WorldItem::Interface { id, .. } = item else { continue };
        for ty in resolve.interfaces[*id].types.values() {
            if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                types.resource(*ty, Some(key));
            }
        }
    }
    let mut laid = Vec::new();
    for export in exports {
        let parameters = types.parameters(export.owner(), data)?;
        let result = export.function.result.as_ref();
        let result = result.map(|ty| types.node(ty, export.owner(), data)).transpose()?;
        laid.push(Laid { parameters, result });
    }
    Ok(laid)
}
