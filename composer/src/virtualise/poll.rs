//! Waiting for several things at once when some are the host's and some are not.
//!
//! The provider's are those that its clock reaches first, at once. With one of those among them the host's are asked
//! rather than waited for.

use wasm_encoder::{BlockType, Instruction as I, ValType};
use wit_parser::{Function, Handle, Type, TypeDefKind, TypeId, WasmImport, WorldKey};

use crate::virtualise::error::VirtualiseError;
use crate::virtualise::gate::{Call, Gate, NAMES};
use crate::virtualise::handles::signed;
use crate::virtualise::module::at;
use crate::virtualise::plan::{GatePlan, Import};

/// The interface and its function.
const PATH: &str = "wasi:io/poll";
const FUNCTION: &str = "poll";
const READY: &str = "[method]pollable.ready";

/// The resource that a function waits for, if it is the one of WASI that waits for several things at once.
pub(super) fn pollable(plan: &GatePlan, import: &Import, function: &Function) -> Option<TypeId> {
    let is_it = import.path == PATH && function.name == FUNCTION;
    let interface = &plan.resolve.interfaces[import.id];
    interface.types.get("pollable").filter(|_| is_it).map(|id| plan.resource(*id))
}

/// Whether a function is that one, and gets objects of both sources.
pub(super) fn is_needed(gate: &Gate<'_>, import: &Import, function: &Function) -> bool {
    pollable(gate.plan, import, function).is_some_and(|pollable| gate.plan.sources_of(pollable).len() > 1)
}

/// Whether `function` is `poll: func(in: list<borrow<pollable>>) -> list<u32>`.
fn is_known(plan: &GatePlan, function: &Function) -> bool {
    let list = |ty: Type| match ty {
        Type::Id(id) => match plan.resolve.types[id].kind {
            TypeDefKind::List(item) => Some(item),
            _ => None,
        },
        _ => None,
    };
    let [parameter] = function.params.as_slice() else { return false };
    let item = list(parameter.ty).map(|item| plan.handles(&item));
    matches!(item.as_deref(), Some([Handle::Borrow(_)])) && function.result.and_then(list) == Some(Type::U32)
}

/// Writes `poll`.
pub(super) fn write(gate: &mut Gate<'_>, call: &mut Call<'_>) -> Result<(), VirtualiseError> {
    if !is_known(gate.plan, call.function) {
        return Err(gate.cannot_pass_on(call));
    }
    let ready = host_ready(gate, call);
    let theirs = provider_poll(gate).ok_or_else(|| gate.cannot_pass_on(call))?;
    let realloc = gate.module.realloc;
    let result = signed(Gate::result_address(call));
    let (list, len) = (0, 1);
    let mut locals = [0; 6];
    for local in &mut locals {
        *local = call.body.local(ValType::I32);
    }
    let [index, provided, handles, places, found, value] = locals;
    let step = |local: u32| [I::LocalGet(local), I::I32Const(1), I::I32Add, I::LocalSet(local)];
    let item =
        |base: u32, index: u32| [I::LocalGet(base), I::LocalGet(index), I::I32Const(2), I::I32Shl, I::I32Add];

    // Counts the provider's.
    call.body.push([I::Block(BlockType::Empty), I::Loop(BlockType::Empty)]);
    call.body.push([I::LocalGet(index), I::LocalGet(len), I::I32GeU, I::BrIf(1)]);
    call.body.push(item(list, index));
    call.body.push([I::I32Load(at(0)), I::I32Const(1), I::I32And, I::LocalGet(provided), I::I32Add]);
    call.body.push([I::LocalSet(provided)]);
    call.body.push(step(index));
    call.body.push([I::Br(0), I::End, I::End]);

    // All are the host's: it can wait for them.
    call.body.push([I::LocalGet(provided), I::I32Eqz, I::If(BlockType::Empty)]);
    gate.pass_to_host(call)?;
    call.body.push([I::End]);

    // Room for the provider's handles, for their places in the list, and for what is found.
    for local in [handles, places, found] {
        call.body.push([I::I32Const(0), I::I32Const(0), I::I32Const(4), I::LocalGet(len), I::I32Const(2)]);
        call.body.push([I::I32Shl, I::Call(realloc), I::LocalSet(local)]);
    }
    let count = call.body.local(ValType::I32);
    call.body.push([I::I32Const(0), I::LocalSet(index), I::I32Const(0), I::LocalSet(provided)]);
    call.body.push([I::Block(BlockType::Empty), I::Loop(BlockType::Empty)]);
    call.body.push([I::LocalGet(index), I::LocalGet(len), I::I32GeU, I::BrIf(1)]);
    call.body.push(item(list, index));
    call.body.push([I::I32Load(at(0)), I::LocalTee(value), I::I32Const(1), I::I32And]);
    call.body.push([I::If(BlockType::Empty)]);
    call.body.push(item(handles, provided));
    call.body.push([I::LocalGet(value), I::I32Const(1), I::I32ShrU, I::I32Store(at(0))]);
    call.body.push(item(places, provided));
    call.body.push([I::LocalGet(index), I::I32Store(at(0))]);
    call.body.push(step(provided));
    call.body.push([I::Else, I::LocalGet(value), I::I32Const(1), I::I32ShrU, I::Call(ready)]);
    call.body.push([I::If(BlockType::Empty)]);
    call.body.push(item(found, count));
    call.body.push([I::LocalGet(index), I::I32Store(at(0))]);
    call.body.push(step(count));
    call.body.push([I::End, I::End]);
    call.body.push(step(index));
    call.body.push([I::Br(0), I::End, I::End]);

    // The provider's answer, which stands where the result will, as places in the list.
    call.body.push([I::LocalGet(handles), I::LocalGet(provided), I::I32Const(result), I::Call(theirs)]);
    call.body.push([I::I32Const(result), I::I32Load(at(0)), I::LocalSet(handles)]);
    call.body.push([I::I32Const(result), I::I32Load(at(4)), I::LocalSet(provided)]);
    call.body.push([I::I32Const(0), I::LocalSet(index)]);
    call.body.push([I::Block(BlockType::Empty), I::Loop(BlockType::Empty)]);
    call.body.push([I::LocalGet(index), I::LocalGet(provided), I::I32GeU, I::BrIf(1)]);
    call.body.push(item(handles, index));
    call.body.push([I::I32Load(at(0)), I::LocalSet(value)]);
    call.body.push(item(found, count));
    call.body.push(item(places, value));
    call.body.push([I::I32Load(at(0)), I::I32Store(at(0))]);
    call.body.push(step(count));
    call.body.push(step(index));
    call.body.push([I::Br(0), I::End, I::End]);
    call.body.push([I::I32Const(result), I::LocalGet(found), I::I32Store(at(0))]);
    call.body.push([I::I32Const(result), I::LocalGet(count), I::I32Store(at(4))]);
    gate.return_from(call);
    Ok(())
}

/// The host's `ready`, by name: its type is the same in every WASI 0.2, and [`add_ready`] has seen to it that it is
/// there.
fn host_ready(gate: &mut Gate<'_>, call: &Call<'_>) -> u32 {
    let (module, _) = gate
        .plan
        .resolve
        .wasm_import_name(NAMES, WasmImport::Func { interface: Some(&call.import.key), func: call.function });
    gate.module.import((module, READY.to_owned()), &[ValType::I32], &[ValType::I32])
}

fn provider_poll(gate: &mut Gate<'_>) -> Option<u32> {
    let id = gate.provider.interface("poll")?;
    let function = gate.plan.resolve.interfaces[id].functions.get(FUNCTION)?;
    let key = WorldKey::Interface(id);
    let names =
        gate.plan.resolve.wasm_import_name(NAMES, WasmImport::Func { interface: Some(&key), func: function });
    gate.needs_provider = true;
    Some(gate.module.import(names, &[ValType::I32; 3], &[]))
}

/// Adds `ready` to the `poll` interfaces of a component that asks for `poll` alone; only the gate calls it.
pub(super) fn add_ready(resolve: &mut wit_parser::Resolve) {
    let interfaces: Vec<_> = resolve.interfaces.iter().map(|(id, _)| id).collect();
    for id in interfaces {
        let is_poll = resolve.id_of(id).is_some_and(|name| name.split('@').next() == Some(PATH));
        let interface = &resolve.interfaces[id];
        let Some(pollable) = interface.types.get("pollable").copied() else { continue };
        let Some(poll) = interface.functions.get(FUNCTION) else { continue };
        if !is_poll || interface.functions.contains_key(READY) {
            continue;
        }
        let mut ready = poll.clone();
        ready.name = READY.to_owned();
        ready.kind = wit_parser::FunctionKind::Method(pollable);
        ready.result = Some(Type::Bool);
        let Some(borrow) = borrow_of(resolve, pollable) else { continue };
        ready.params.truncate(1);
        for parameter in &mut ready.params {
            parameter.name = "self".to_owned();
            parameter.ty = Type::Id(borrow);
        }
        resolve.interfaces[id].functions.insert(READY.to_owned(), ready);
    }
}

fn borrow_of(resolve: &wit_parser::Resolve, resource: TypeId) -> Option<TypeId> {
    let is_it = |ty: &wit_parser::TypeDef| matches!(ty.kind, TypeDefKind::Handle(Handle::Borrow(id)) if id == resource);
    resolve.types.iter().find(|(_, ty)| is_it(ty)).map(|(id, _)| id)
}
