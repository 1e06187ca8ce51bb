//! Writes the gate: the component that stands between another one and its host, and answers or passes on each call.

use wasm_encoder::{BlockType, Instruction as I, ValType};
use wit_parser::abi::{AbiVariant, FlatTypes, WasmSignature, WasmType};
use wit_parser::{
    Function, Handle, LiftLowerAbi, ManglingAndAbi, ResourceIntrinsic, SizeAlign, Type, TypeDefKind, TypeId,
    WasmExport, WasmExportKind, WasmImport, WorldKey,
};

use crate::virtualise::answer::{self, Answer};
use crate::virtualise::component::{self, encode_failed};
use crate::virtualise::constant::{Layout, Value};
use crate::virtualise::error::VirtualiseError;
use crate::virtualise::handles::{Doing, Slot, Walk, bit, signed, size};
use crate::virtualise::module::{Body, FunctionIndex, Module, PASSING_ON, at};
use crate::virtualise::plan::{Behaviour, GatePlan, Import, Source, has_streams, strangers};
use crate::virtualise::policy::Policy;
use crate::virtualise::poll;
use crate::virtualise::provider::{Provider, same_function};

/// How core functions are named.
pub(super) const NAMES: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// A gate in the making.
pub(super) struct Gate<'a> {
    pub(super) plan: &'a GatePlan,
    pub(super) policy: &'a Policy,
    pub(super) provider: &'a Provider,
    pub(super) sizes: SizeAlign,
    pub(super) module: Module,
    /// Whether a call goes to the provider, which has to be inside then.
    pub(super) needs_provider: bool,
}

/// A written gate.
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) needs_provider: bool,
}

/// Writes the gate of a plan as a component.
pub(super) fn write(
    plan: &GatePlan,
    policy: &Policy,
    provider: &Provider,
) -> Result<Written, VirtualiseError> {
    let mut sizes = SizeAlign::default();
    sizes.fill(&plan.resolve).map_err(|error| encode_failed("lay out the types of the component", &error))?;
    let mut gate = Gate { plan, policy, provider, sizes, module: Module::new(), needs_provider: false };
    for (index, function, behaviour) in plan.functions(policy)? {
        gate.function(&plan.imports[index], &function, &behaviour)?;
    }
    for index in &plan.through {
        gate.destructors(&plan.imports[*index]);
    }
    let needs_provider = gate.needs_provider;
    let module = gate.module.finish();
    let exports: Vec<&WorldKey> = plan.through.iter().map(|index| &plan.imports[*index].key).collect();
    let bytes = component::encode(module, &plan.resolve, plan.world, &exports, provider)?;
    Ok(Written { bytes, needs_provider })
}

/// Where the result of a call goes.
#[derive(Clone, Copy)]
enum ResultPlace {
    Nowhere,
    /// The value itself.
    Value(ValType),
    /// In memory, at this address.
    Memory(u32),
}

/// A function of the gate while it is written.
pub(super) struct Call<'a> {
    pub(super) import: &'a Import,
    pub(super) function: &'a Function,
    pub(super) signature: WasmSignature,
    place: ResultPlace,
    pub(super) body: Body,
}

impl<'a> Gate<'a> {
    fn function(
        &mut self,
        import: &Import,
        function: &Function,
        behaviour: &Behaviour,
    ) -> Result<(), VirtualiseError> {
        let signature = self.plan.resolve.wasm_signature(AbiVariant::GuestExport, function);
        let parameters: Vec<ValType> = signature.params.iter().copied().map(value_type).collect();
        let results: Vec<ValType> = signature.results.iter().copied().map(value_type).collect();
        let place = match (&function.result, signature.retptr) {
            (Some(ty), true) => {
                let layout = self.layout();
                let (bytes, align) = (layout.size(ty), self.sizes.align(ty).align_wasm32());
                ResultPlace::Memory(self.module.data.reserve(bytes, align).unwrap_or_default())
            }
            _ => results.first().map_or(ResultPlace::Nowhere, |ty| ResultPlace::Value(*ty)),
        };
        let body = Body::new(&parameters);
        let mut call = Call { import, function, signature, place, body };
        match behaviour {
            Behaviour::Fixed(Answer::Trap) => {}
            Behaviour::Fixed(Answer::Value(value)) => {
                self.walk_parameters(&mut call, Doing::Drop);
                self.give(&mut call, value)?;
            }
            Behaviour::Fixed(Answer::Inert) => self.inert(&mut call)?,
            Behaviour::Fixed(Answer::Provider(interface, name)) => {
                self.pass_to_provider(&mut call, interface, name)?;
            }
            Behaviour::PassOn(_) if poll::is_needed(self, import, function) => {
                poll::write(self, &mut call)?;
            }
            Behaviour::PassOn(sources) => {
                if sources.len() > 1 {
                    let object = self.object(&mut call);
                    call.body.push([I::LocalGet(object), I::I32Const(1), I::I32And]);
                    call.body.push([I::If(BlockType::Empty)]);
                    self.pass_to(&mut call, Source::Provider)?;
                    call.body.push([I::End]);
                    self.pass_to(&mut call, Source::Host)?;
                } else if let Some(source) = sources.first() {
                    self.pass_to(&mut call, *source)?;
                }
            }
        }
        // Every way that comes to an answer has returned before this.
        call.body.push([I::Unreachable]);
        let defined = self.module.define(call.body, &results);
        let name = |kind| {
            let interface = Some(&import.key);
            self.plan.resolve.wasm_export_name(NAMES, WasmExport::Func { interface, func: function, kind })
        };
        self.module.export(name(WasmExportKind::Normal), defined);
        if matches!(place, ResultPlace::Memory(_)) {
            let mut after = Body::new(&[ValType::I32]);
            Module::reset(&mut after);
            let after = self.module.define(after, &[]);
            self.module.export(name(WasmExportKind::PostReturn), after);
        }
        Ok(())
    }

    fn layout(&self) -> Layout<'_> {
        Layout { resolve: &self.plan.resolve, sizes: &self.sizes }
    }

    /// The representation of the object whose method is called.
    fn object(&mut self, call: &mut Call<'_>) -> u32 {
        if !call.signature.indirect_params {
            return 0;
        }
        let object = call.body.local(ValType::I32);
        call.body.push([I::LocalGet(0), I::I32Load(at(0)), I::LocalSet(object)]);
        object
    }

    fn pass_to(&mut self, call: &mut Call<'_>, source: Source) -> Result<(), VirtualiseError> {
        match source {
            Source::Host => {
                self.turn_strangers_away(call, source)?;
                self.pass_to_host(call)
            }
            Source::Provider => {
                let Some(interface) = answer::provider_of(&call.import.path) else {
                    return Err(self.cannot_pass_on(call));
                };
                self.pass_to_provider(call, interface, &call.function.name)
            }
        }
    }

    /// Calls the host, to whom all objects of the call belong.
    pub(super) fn pass_to_host(&mut self, call: &mut Call<'_>) -> Result<(), VirtualiseError> {
        if call.function.kind.is_async() || has_streams(&self.plan.resolve, call.function) {
            return Err(self.cannot_pass_on(call));
        }
        let interface = Some(&call.import.key);
        let names =
            self.plan.resolve.wasm_import_name(NAMES, WasmImport::Func { interface, func: call.function });
        self.pass_on(call, Source::Host, names, call.function);
        Ok(())
    }

    fn pass_to_provider(
        &mut self,
        call: &mut Call<'_>,
        interface: &str,
        name: &str,
    ) -> Result<(), VirtualiseError> {
        let known = self.provider.interface(interface).and_then(|id| {
            let target = self.plan.resolve.interfaces[id].functions.get(name)?;
            same_function(&self.plan.resolve, call.function, target).then_some((id, target))
        });
        let Some((id, target)) = known else {
            return Err(self.no_answer(call));
        };
        self.needs_provider = true;
        self.turn_strangers_away(call, Source::Provider)?;
        let key = WorldKey::Interface(id);
        let names = self
            .plan
            .resolve
            .wasm_import_name(NAMES, WasmImport::Func { interface: Some(&key), func: target });
        self.pass_on(call, Source::Provider, names, target);
        Ok(())
    }

    /// Calls a function of a source with the parameters, and returns what it returns.
    fn pass_on(&mut self, call: &mut Call<'_>, source: Source, names: (String, String), target: &Function) {
        self.walk_parameters(call, Doing::Enter(source));
        let signature = self.plan.resolve.wasm_signature(AbiVariant::GuestImport, target);
        let parameters: Vec<ValType> = signature.params.iter().copied().map(value_type).collect();
        let results: Vec<ValType> = signature.results.iter().copied().map(value_type).collect();
        let callee = self.module.import(names, &parameters, &results);
        let given = size(call.signature.params.len());
        call.body.push((0..given).map(I::LocalGet));
        match call.place {
            ResultPlace::Memory(address) => {
                call.body.push([I::I32Const(signed(address)), I::Call(callee)]);
                let base = call.body.local(ValType::I32);
                call.body.push([I::I32Const(signed(address)), I::LocalSet(base)]);
                if let Some(ty) = &call.function.result {
                    self.walk(&mut call.body, Doing::Leave(source)).memory(ty, base, 0);
                }
            }
            ResultPlace::Value(ty) => {
                let value = call.body.local(ty);
                call.body.push([I::Call(callee), I::LocalSet(value)]);
                if let Some(result) = &call.function.result {
                    self.walk(&mut call.body, Doing::Leave(source))
                        .flat(result, &[Slot { local: value, ty }]);
                }
                self.walk_parameters(call, Doing::GiveBack);
                Module::reset(&mut call.body);
                call.body.push([I::LocalGet(value), I::Return]);
                return;
            }
            ResultPlace::Nowhere => call.body.push([I::Call(callee)]),
        }
        self.walk_parameters(call, Doing::GiveBack);
        self.return_from(call);
    }

    /// Returns what stands at the place of the result.
    pub(super) fn return_from(&self, call: &mut Call<'_>) {
        match call.place {
            ResultPlace::Memory(address) => call.body.push([I::I32Const(signed(address)), I::Return]),
            _ => {
                Module::reset(&mut call.body);
                call.body.push([I::Return]);
            }
        }
    }

    /// The address of a result in memory.
    pub(super) fn result_address(call: &Call<'_>) -> u32 {
        match call.place {
            ResultPlace::Memory(address) => address,
            _ => 0,
        }
    }

    /// Answers before the call when one of its objects is from elsewhere than the one who would answer.
    fn turn_strangers_away(&mut self, call: &mut Call<'_>, source: Source) -> Result<(), VirtualiseError> {
        let value = match strangers(self.plan, call.import, call.function, source) {
            Ok(None) => return Ok(()),
            Ok(Some(value)) if !call.signature.indirect_params => value,
            _ => return Err(self.cannot_pass_on(call)),
        };
        let own = usize::from(self.plan.method_of(call.function).is_some());
        let mut slot = 0;
        for (position, parameter) in call.function.params.iter().enumerate() {
            let flat = self.flat_types(&parameter.ty).len();
            let handles = self.plan.handles(&parameter.ty);
            if position >= own && !handles.is_empty() {
                let ([Handle::Borrow(_)], 1) = (handles.as_slice(), flat) else {
                    return Err(self.cannot_pass_on(call));
                };
                call.body.push([I::LocalGet(slot), I::I32Const(1), I::I32And]);
                call.body.push([I::I32Const(bit(source)), I::I32Ne, I::If(BlockType::Empty)]);
                self.give(call, &value)?;
                call.body.push([I::End]);
            }
            slot += size(flat);
        }
        Ok(())
    }

    /// Returns a value that is known beforehand.
    fn give(&mut self, call: &mut Call<'_>, value: &Value) -> Result<(), VirtualiseError> {
        let Some(ty) = call.function.result else {
            self.return_from(call);
            return Ok(());
        };
        let layout = Layout { resolve: &self.plan.resolve, sizes: &self.sizes };
        let pushed = match call.place {
            ResultPlace::Memory(_) => {
                layout.put(value, &ty, &mut self.module.data).map(|at| I::I32Const(signed(at)))
            }
            ResultPlace::Value(ValType::I64) => match value {
                Value::Int(number) => Some(I::I64Const(number.cast_signed())),
                _ => None,
            },
            _ => match value {
                Value::Int(number) => u32::try_from(*number).ok().map(|number| I::I32Const(signed(number))),
                Value::Case(name, _) => {
                    layout.case(name, &ty).map(|(index, ..)| I::I32Const(signed(size(index))))
                }
                _ => None,
            },
        };
        let Some(pushed) = pushed else {
            return Err(self.no_answer(call));
        };
        if !matches!(call.place, ResultPlace::Memory(_)) {
            Module::reset(&mut call.body);
        }
        call.body.push([pushed, I::Return]);
        Ok(())
    }

    /// Returns a new object with nothing behind it.
    fn inert(&mut self, call: &mut Call<'_>) -> Result<(), VirtualiseError> {
        let handles = call.function.result.map(|ty| self.plan.handles(&ty)).unwrap_or_default();
        let ([Handle::Own(id)], ResultPlace::Value(_)) = (handles.as_slice(), call.place) else {
            return Err(self.cannot_pass_on(call));
        };
        let new = self.new_function(self.plan.resource(*id));
        call.body.push([I::I32Const(0), I::Call(new), I::Return]);
        Ok(())
    }

    pub(super) fn walk<'s>(&'s mut self, body: &'s mut Body, doing: Doing) -> Walk<'s, 'a> {
        Walk { gate: self, body, doing }
    }

    pub(super) fn walk_parameters(&mut self, call: &mut Call<'_>, doing: Doing) {
        let types: Vec<Type> = call.function.params.iter().map(|parameter| parameter.ty).collect();
        if call.signature.indirect_params {
            for (offset, ty) in self.sizes.field_offsets(&types) {
                let offset = size(offset.size_wasm32());
                self.walk(&mut call.body, doing).memory(ty, 0, offset);
            }
            return;
        }
        let mut slot = 0;
        for ty in &types {
            let flat = self.flat_types(ty);
            let slots: Vec<Slot> = (slot..).zip(&flat).map(|(local, ty)| Slot { local, ty: *ty }).collect();
            self.walk(&mut call.body, doing).flat(ty, &slots);
            slot += size(flat.len());
        }
    }

    /// The values that a type is passed as without memory.
    pub(super) fn flat_types(&self, ty: &Type) -> Vec<ValType> {
        let mut room = [WasmType::I32; 32];
        let mut flat = FlatTypes::new(&mut room);
        self.plan.resolve.push_flat(ty, &mut flat);
        flat.to_vec().into_iter().map(value_type).collect()
    }

    fn destructors(&mut self, import: &Import) {
        for id in self.plan.resolve.interfaces[import.id].types.values() {
            if !matches!(self.plan.resolve.types[*id].kind, TypeDefKind::Resource) {
                continue;
            }
            let sources = self.plan.sources_of(*id);
            let mut body = Body::new(&[ValType::I32]);
            // An object that stands for nothing has nothing to drop, and one that is passed on lives on.
            body.push([I::GlobalGet(PASSING_ON), I::LocalGet(0), I::I32Eqz, I::I32Or]);
            body.push([I::If(BlockType::Empty), I::Return, I::End]);
            for source in sources {
                let drop = match source {
                    Source::Host => self.host_drop_function(*id),
                    Source::Provider => match self.provider_drop_function(import, *id) {
                        Some(drop) => drop,
                        None => continue,
                    },
                };
                body.push([I::LocalGet(0), I::I32Const(1), I::I32And, I::I32Const(bit(source)), I::I32Eq]);
                body.push([I::If(BlockType::Empty), I::LocalGet(0), I::I32Const(1), I::I32ShrU]);
                body.push([I::Call(drop), I::End]);
            }
            let defined = self.module.define(body, &[]);
            let name = self
                .plan
                .resolve
                .wasm_export_name(NAMES, WasmExport::ResourceDtor { interface: &import.key, resource: *id });
            self.module.export(name, defined);
        }
    }

    fn intrinsic(
        &mut self,
        key: Option<&WorldKey>,
        resource: TypeId,
        intrinsic: ResourceIntrinsic,
        results: &[ValType],
    ) -> FunctionIndex {
        let names = self
            .plan
            .resolve
            .wasm_import_name(NAMES, WasmImport::ResourceIntrinsic { interface: key, resource, intrinsic });
        self.module.import(names, &[ValType::I32], results)
    }

    pub(super) fn new_function(&mut self, resource: TypeId) -> FunctionIndex {
        self.own(resource, ResourceIntrinsic::ExportedNew, &[ValType::I32])
    }

    pub(super) fn representation_function(&mut self, resource: TypeId) -> FunctionIndex {
        self.own(resource, ResourceIntrinsic::ExportedRep, &[ValType::I32])
    }

    pub(super) fn drop_function(&mut self, resource: TypeId) -> FunctionIndex {
        self.own(resource, ResourceIntrinsic::ExportedDrop, &[])
    }

    pub(super) fn host_drop_function(&mut self, resource: TypeId) -> FunctionIndex {
        self.own(resource, ResourceIntrinsic::ImportedDrop, &[])
    }

    fn own(&mut self, resource: TypeId, intrinsic: ResourceIntrinsic, results: &[ValType]) -> FunctionIndex {
        let plan = self.plan;
        let key = plan.declared_by(resource).map(|index| &plan.imports[index].key);
        self.intrinsic(key, resource, intrinsic, results)
    }

    fn provider_drop_function(&mut self, import: &Import, resource: TypeId) -> Option<FunctionIndex> {
        let id = self.provider.interface(answer::provider_of(&import.path)?)?;
        let name = self.plan.resolve.types[resource].name.as_deref()?;
        let theirs = *self.plan.resolve.interfaces[id].types.get(name)?;
        self.needs_provider = true;
        Some(self.intrinsic(Some(&WorldKey::Interface(id)), theirs, ResourceIntrinsic::ImportedDrop, &[]))
    }

    /// No answer is known that a function of this type could give.
    fn no_answer(&self, call: &Call<'_>) -> VirtualiseError {
        let closed = answer::closed_capability(self.policy, &call.import.path, &call.function.name);
        match closed.or_else(|| self.plan.replacing(self.policy).first().copied()) {
            Some(capability) => self.plan.unknown(capability, call.import, call.function),
            None => self.cannot_pass_on(call),
        }
    }

    pub(super) fn cannot_pass_on(&self, call: &Call<'_>) -> VirtualiseError {
        VirtualiseError::CannotPassOn {
            capabilities: self.plan.replacing(self.policy),
            interface: call.import.name.clone(),
            function: call.function.item_name().to_owned(),
        }
    }
}

fn value_type(ty: WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
