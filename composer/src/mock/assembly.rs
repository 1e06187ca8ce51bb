//! Puts the functions of a stub's module together.

use wasm_encoder::ValType;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    FutureIntrinsic, LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, StreamIntrinsic, WasmExport,
    WasmExportKind, WasmImport, WorldItem, WorldKey,
};

use super::data::{Address, Data};
use super::error::MockError;
use super::module::{Builder, Callee, Signature, Step};
use super::types::{Channel, Resource};
use super::world::CALLS;
use super::{AnswerKind, Export, StubFunction, layout};

const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// Puts the functions of the module together.
pub(super) struct Assembly<'a> {
    pub(super) resolve: &'a Resolve,
    pub(super) builder: Builder,
    pub(super) record: bool,
}

impl Assembly<'_> {
    /// What the engine does with handles, and the destructors.
    pub(super) fn resources(&mut self, resources: &[Resource], data: &mut Data) -> Result<(), MockError> {
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
    pub(super) fn channels(&mut self, channels: &[Channel]) {
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
    pub(super) fn functions(
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
    pub(super) fn calls(&mut self, world: wit_parser::WorldId) -> Result<(), MockError> {
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
