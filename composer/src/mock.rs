//! Makes stub components: they stand for what a component imports, so that it can be run and tested alone.
//!
//! A stub is a prebuilt engine (`composer/mock-engine/`) with tables: the types of all functions, and what is answered to
//! which arguments as it lies in memory. The generator reads and checks all values, so that the engine only has to
//! compare arguments, hand out answers, and keep a record of the calls.

mod answers;
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
pub use world::Imports;

use serde::Serialize;
use wasm_encoder::ValType;
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Function, FunctionKind, FutureIntrinsic, LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic,
    StreamIntrinsic, TypeDefKind, WasmExport, WasmExportKind, WasmImport, WorldItem, WorldKey,
};

use data::{Address, Data};
use module::{Builder, Callee, Engine, Signature, Step};
use rules::Rules;
use types::{Channel, NodeId, Owner, Resource, Types};
use world::{CALLS, StubWorld};

const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

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

/// Puts the functions of the module together.
struct Assembly<'a> {
    resolve: &'a Resolve,
    builder: Builder,
    record: bool,
}

impl Assembly<'_> {
    /// What the engine does with handles, and the destructors.
    fn resources(&mut self, resources: &[Resource], data: &mut Data) -> Result<(), MockError> {
        use ValType::I32;
        let (mut new, mut number, mut drop, mut foreign) = (vec![], vec![], vec![], vec![]);
        for (index, resource) in (0_u32..).zip(resources) {
            let mut intrinsic = |intrinsic, results: &[ValType]| {
                // A resource of the world itself has no interface.
                let interface = match &resource.key {
                    WorldKey::Name(_) if !resource.is_own => None,
                    key => Some(key),
                };
                let import = WasmImport::ResourceIntrinsic { interface, resource: resource.id, intrinsic };
                let name = self.resolve.wasm_import_name(MANGLING, import);
                Step::Call(self.builder.import(name, Signature::new(&[I32], results)))
            };
            if resource.is_own {
                new.push((
                    index,
                    vec![Step::Parameter(1), intrinsic(ResourceIntrinsic::ExportedNew, &[I32])],
                ));
                number.push((
                    index,
                    vec![Step::Parameter(1), intrinsic(ResourceIntrinsic::ExportedRep, &[I32])],
                ));
                drop.push((index, vec![Step::Parameter(1), intrinsic(ResourceIntrinsic::ExportedDrop, &[])]));
                self.destructor(resource, data)?;
            } else {
                foreign
                    .push((index, vec![Step::Parameter(1), intrinsic(ResourceIntrinsic::ImportedDrop, &[])]));
            }
        }
        self.builder.stand_in("resource_new", new);
        self.builder.stand_in("resource_number", number);
        self.builder.stand_in("resource_drop", drop);
        self.builder.stand_in("foreign_drop", foreign);
        Ok(())
    }

    fn destructor(&mut self, resource: &Resource, data: &mut Data) -> Result<(), MockError> {
        let name = self.resolve.types[resource.id].name.as_deref().unwrap_or_default();
        let mut words = Vec::new();
        words.extend(data.text(&self.resolve.name_world_key(&resource.key))?);
        words.extend(data.text(&format!("{name}.drop"))?);
        words.push(u32::from(self.record));
        let table = data.table(&words)?;
        let dropped = self.builder.engine("dropped")?;
        let steps = vec![Step::Constant(table), Step::Parameter(0), Step::Call(dropped)];
        let function = self.builder.function(Signature::new(&[ValType::I32], &[]), steps);
        let export = WasmExport::ResourceDtor { interface: &resource.key, resource: resource.id };
        self.builder.export(self.resolve.wasm_export_name(MANGLING, export), function);
        Ok(())
    }

    /// What the engine does with streams and futures.
    fn channels(&mut self, channels: &[Channel]) {
        use ValType::{I32, I64};
        let (mut new, mut write, mut drop_readable, mut drop_writable) = (vec![], vec![], vec![], vec![]);
        for (index, channel) in (0_u32..).zip(channels) {
            let one = |call| vec![Step::Parameter(1), call];
            new.push((index, vec![self.channel(channel, End::New, &[], &[I64])]));
            drop_readable.push((index, one(self.channel(channel, End::DropReadable, &[I32], &[]))));
            drop_writable.push((index, one(self.channel(channel, End::DropWritable, &[I32], &[]))));
            if !channel.is_stream {
                let call = self.channel(channel, End::Write, &[I32, I32], &[I32]);
                write.push((index, vec![Step::Parameter(1), Step::Parameter(2), call]));
            }
        }
        self.builder.stand_in("channel_new", new);
        self.builder.stand_in("channel_write", write);
        self.builder.stand_in("channel_drop_readable", drop_readable);
        self.builder.stand_in("channel_drop_writable", drop_writable);
    }

    fn channel(&mut self, channel: &Channel, end: End, params: &[ValType], results: &[ValType]) -> Step {
        let Channel { key, function: func, id, is_stream } = channel;
        let (interface, ty, async_) = (key.as_ref(), Some(*id), matches!(end, End::Write));
        let import = if *is_stream {
            let intrinsic = match end {
                End::New => StreamIntrinsic::New,
                End::Write => StreamIntrinsic::Write,
                End::DropReadable => StreamIntrinsic::DropReadable,
                End::DropWritable => StreamIntrinsic::DropWritable,
            };
            WasmImport::StreamIntrinsic { interface, func, ty, intrinsic, exported: true, async_ }
        } else {
            let intrinsic = match end {
                End::New => FutureIntrinsic::New,
                End::Write => FutureIntrinsic::Write,
                End::DropReadable => FutureIntrinsic::DropReadable,
                End::DropWritable => FutureIntrinsic::DropWritable,
            };
            WasmImport::FutureIntrinsic { interface, func, ty, intrinsic, exported: true, async_ }
        };
        let name = self.resolve.wasm_import_name(MANGLING, import);
        Step::Call(self.builder.import(name, Signature::new(params, results)))
    }

    /// The functions that the stub is for, and those that say by their names why it traps.
    fn functions(
        &mut self,
        exports: &[Export],
        tables: &[Address],
        functions: &[StubFunction],
        data: &mut Data,
    ) -> Result<(), MockError> {
        let slots = data.take(8 * Resolve::MAX_FLAT_PARAMS as u32, 8)?;
        let call = self.builder.engine("call")?;
        let mut fails = Vec::new();
        for (index, export) in (0_u32..).zip(exports) {
            let core = self.resolve.wasm_signature(AbiVariant::GuestExport, &export.function);
            let signature = Signature {
                params: core.params.iter().map(val_type).collect(),
                results: core.results.iter().map(val_type).collect(),
            };
            let mut steps = Vec::new();
            let parameters = if core.indirect_params {
                [Step::Parameter(0), Step::Constant(1)]
            } else {
                steps.push(Step::Slots(slots));
                [Step::Constant(slots), Step::Constant(0)]
            };
            steps.push(Step::Constant(tables[index as usize]));
            steps.extend(parameters);
            steps.push(Step::Call(call));
            steps.push(match signature.results.as_slice() {
                [ty] => Step::Result(*ty),
                _ => Step::Drop,
            });
            let function = self.builder.function(signature, steps);
            let full = export.full();
            self.builder.name(function, full.clone());
            let kind = WasmExportKind::Normal;
            let name = WasmExport::Func { interface: export.key.as_ref(), func: &export.function, kind };
            self.builder.export(self.resolve.wasm_export_name(MANGLING, name), function);

            let stated = functions[index as usize].answer == AnswerKind::Stated;
            let trap = if stated {
                format!("mock: {full} traps, as is stated")
            } else {
                format!("mock: {full} has no answer")
            };
            let unmatched = format!("mock: {full} has no answer for these arguments");
            let mut reasons = Vec::new();
            for (reason, name) in [(layout::FAIL_TRAP, trap), (layout::FAIL_UNMATCHED, unmatched)] {
                let function = self.builder.function(Signature::new(&[], &[]), vec![Step::Unreachable]);
                self.builder.name(function, name);
                reasons.push(Step::When(1, reason, vec![Step::Call(function)]));
            }
            fails.push((index, reasons));
        }
        self.builder.stand_in("fail", fails);
        let realloc = self.builder.engine("cabi_realloc")?;
        self.builder.export("cabi_realloc".to_owned(), realloc);
        Ok(())
    }

    /// The functions of `wkit:mock/calls`, which the engine has as they are.
    fn calls(&mut self, world: wit_parser::WorldId) -> Result<(), MockError> {
        for (key, item) in &self.resolve.worlds[world].exports {
            let WorldItem::Interface { id, .. } = item else { continue };
            if !self.record || self.resolve.name_world_key(key) != CALLS {
                continue;
            }
            for function in self.resolve.interfaces[*id].functions.values() {
                let callee: Callee = self.builder.engine(&function.name)?;
                let kind = WasmExportKind::Normal;
                let export = WasmExport::Func { interface: Some(key), func: function, kind };
                self.builder.export(self.resolve.wasm_export_name(MANGLING, export), callee);
            }
        }
        Ok(())
    }
}

/// What is done with a stream or future.
#[derive(Clone, Copy)]
enum End {
    New,
    Write,
    DropReadable,
    DropWritable,
}

fn val_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
    }
}
