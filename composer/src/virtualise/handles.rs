//! The code that turns handles of one side into handles of the other, wherever they stand in a value.
//!
//! An object that the gate gives out stands for one of the host or of the provider. What it keeps of it (its
//! representation) is that one's handle, shifted by a bit that says whose it is. Everything else in a value is the same
//! on both sides and stays where it is.

use wasm_encoder::{BlockType, Instruction as I, ValType};
use wit_parser::{Handle, Type, TypeDefKind, TypeId};

use crate::virtualise::constant::{cases, payload_offset, tag_bytes};
use crate::virtualise::gate::Gate;
use crate::virtualise::module::{Body, PASSING_ON, at};
use crate::virtualise::plan::Source;

/// What is done to each handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// A parameter goes on to a source.
    Enter(Source),
    /// A result of a source goes back to the component.
    Leave(Source),
    /// A parameter goes nowhere.
    Drop,
    /// A borrowed object of the host was passed on and has to be given back.
    GiveBack,
}

/// Where a part of a value stands that was passed without memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) local: u32,
    pub(super) ty: ValType,
}

/// Writes code that walks over values.
pub(super) struct Walk<'a, 'b> {
    pub(super) gate: &'a mut Gate<'b>,
    pub(super) body: &'a mut Body,
    pub(super) doing: Doing,
}

impl Walk<'_, '_> {
    /// Whether there is anything to do to a value of a type.
    pub(super) fn concerns(&self, ty: &Type) -> bool {
        self.gate.plan.handles(ty).into_iter().any(|handle| self.concerns_handle(handle))
    }

    fn concerns_handle(&self, handle: Handle) -> bool {
        let (Handle::Own(id) | Handle::Borrow(id)) = handle;
        let wrapped = self.gate.plan.is_wrapped(self.gate.plan.resource(id));
        match (self.doing, handle) {
            (Doing::Enter(_) | Doing::Leave(_), _) => wrapped,
            (Doing::Drop, Handle::Own(_)) => true,
            (Doing::Drop | Doing::GiveBack, Handle::Borrow(_)) => !wrapped,
            (Doing::GiveBack, Handle::Own(_)) => false,
        }
    }

    /// A value in memory, at an offset from the address in a local.
    pub(super) fn memory(&mut self, ty: &Type, base: u32, offset: u32) {
        let Type::Id(id) = ty else { return };
        if !self.concerns(ty) {
            return;
        }
        let kind = self.gate.plan.resolve.types[*id].kind.clone();
        match &kind {
            TypeDefKind::Type(ty) => self.memory(ty, base, offset),
            TypeDefKind::Handle(handle) => {
                let value = self.body.local(ValType::I32);
                self.body.push([I::LocalGet(base), I::I32Load(at(offset)), I::LocalSet(value)]);
                self.handle(*handle, value);
                self.body.push([I::LocalGet(base), I::LocalGet(value), I::I32Store(at(offset))]);
            }
            TypeDefKind::Record(ty) => {
                self.fields(ty.fields.iter().map(|field| field.ty).collect(), base, offset);
            }
            TypeDefKind::Tuple(ty) => self.fields(ty.types.clone(), base, offset),
            TypeDefKind::List(item) => {
                let (start, len) = (self.body.local(ValType::I32), self.body.local(ValType::I32));
                self.body.push([I::LocalGet(base), I::I32Load(at(offset)), I::LocalSet(start)]);
                self.body.push([I::LocalGet(base), I::I32Load(at(offset + 4)), I::LocalSet(len)]);
                self.list(&[*item], start, len);
            }
            TypeDefKind::Map(key, value) => {
                let (start, len) = (self.body.local(ValType::I32), self.body.local(ValType::I32));
                self.body.push([I::LocalGet(base), I::I32Load(at(offset)), I::LocalSet(start)]);
                self.body.push([I::LocalGet(base), I::I32Load(at(offset + 4)), I::LocalSet(len)]);
                self.list(&[*key, *value], start, len);
            }
            TypeDefKind::FixedLengthList(item, count) => {
                let (start, len) = (self.body.local(ValType::I32), self.body.local(ValType::I32));
                let count = i32::from_ne_bytes(count.to_ne_bytes());
                self.body.push([
                    I::LocalGet(base),
                    I::I32Const(signed(offset)),
                    I::I32Add,
                    I::LocalSet(start),
                ]);
                self.body.push([I::I32Const(count), I::LocalSet(len)]);
                self.list(&[*item], start, len);
            }
            _ => self.cases_in_memory(ty, base, offset),
        }
    }

    fn fields(&mut self, types: Vec<Type>, base: u32, offset: u32) {
        for (at, ty) in self.gate.sizes.field_offsets(&types) {
            self.memory(ty, base, offset + size(at.size_wasm32()));
        }
    }

    /// Items one after the other, each of the given fields.
    fn list(&mut self, fields: &[Type], start: u32, len: u32) {
        let step = size(self.gate.sizes.record(fields).size.size_wasm32());
        self.body.push([I::Block(BlockType::Empty), I::Loop(BlockType::Empty)]);
        self.body.push([I::LocalGet(len), I::I32Eqz, I::BrIf(1)]);
        self.fields(fields.to_vec(), start, 0);
        self.body.push([I::LocalGet(start), I::I32Const(signed(step)), I::I32Add, I::LocalSet(start)]);
        self.body.push([I::LocalGet(len), I::I32Const(1), I::I32Sub, I::LocalSet(len), I::Br(0)]);
        self.body.push([I::End, I::End]);
    }

    fn cases_in_memory(&mut self, ty: &Type, base: u32, offset: u32) {
        let Some((tag, payloads)) = cases(&self.gate.plan.resolve, ty) else { return };
        let at_payload = payload_offset(&self.gate.plan.resolve, &self.gate.sizes, ty).unwrap_or_default();
        let load = match tag_bytes(tag) {
            1 => I::I32Load8U(at(offset)),
            2 => I::I32Load16U(at(offset)),
            _ => I::I32Load(at(offset)),
        };
        for (index, payload) in payloads.iter().enumerate() {
            let Some(payload) = payload.filter(|payload| self.concerns(payload)) else { continue };
            self.body.push([I::LocalGet(base), load.clone(), I::I32Const(signed(size(index))), I::I32Eq]);
            self.body.push([I::If(BlockType::Empty)]);
            self.memory(&payload, base, offset + at_payload);
            self.body.push([I::End]);
        }
    }

    /// A value that was passed without memory; `slots` begin with it.
    pub(super) fn flat(&mut self, ty: &Type, slots: &[Slot]) {
        let (Type::Id(id), [first, rest @ ..]) = (ty, slots) else { return };
        if !self.concerns(ty) {
            return;
        }
        let kind = self.gate.plan.resolve.types[*id].kind.clone();
        match &kind {
            TypeDefKind::Type(ty) => self.flat(ty, slots),
            TypeDefKind::Handle(handle) => {
                let value = self.narrow(*first);
                self.handle(*handle, value);
                self.body.push([I::LocalGet(value)]);
                if first.ty == ValType::I64 {
                    self.body.push([I::I64ExtendI32U]);
                }
                self.body.push([I::LocalSet(first.local)]);
            }
            TypeDefKind::Record(ty) => {
                self.flat_fields(ty.fields.iter().map(|field| field.ty).collect(), slots);
            }
            TypeDefKind::Tuple(ty) => self.flat_fields(ty.types.clone(), slots),
            TypeDefKind::FixedLengthList(item, count) => {
                self.flat_fields(vec![*item; *count as usize], slots);
            }
            TypeDefKind::List(item) => {
                let (start, len) = (self.narrow(*first), self.narrow(rest[0]));
                self.list(&[*item], start, len);
            }
            TypeDefKind::Map(key, value) => {
                let (start, len) = (self.narrow(*first), self.narrow(rest[0]));
                self.list(&[*key, *value], start, len);
            }
            _ => {
                let Some((_, payloads)) = cases(&self.gate.plan.resolve, ty) else { return };
                for (index, payload) in payloads.iter().enumerate() {
                    let Some(payload) = payload.filter(|payload| self.concerns(payload)) else { continue };
                    let index = signed(size(index));
                    self.body.push([I::LocalGet(first.local), I::I32Const(index), I::I32Eq]);
                    self.body.push([I::If(BlockType::Empty)]);
                    self.flat(&payload, rest);
                    self.body.push([I::End]);
                }
            }
        }
    }

    fn flat_fields(&mut self, types: Vec<Type>, slots: &[Slot]) {
        let mut slots = slots;
        for ty in types {
            self.flat(&ty, slots);
            slots = &slots[self.gate.flat_types(&ty).len().min(slots.len())..];
        }
    }

    /// A copy of a slot as 32 bits: where several cases share a slot, it may be wider.
    fn narrow(&mut self, slot: Slot) -> u32 {
        let copy = self.body.local(ValType::I32);
        self.body.push([I::LocalGet(slot.local)]);
        if slot.ty == ValType::I64 {
            self.body.push([I::I32WrapI64]);
        }
        self.body.push([I::LocalSet(copy)]);
        copy
    }

    /// One handle, which stands in a local.
    fn handle(&mut self, handle: Handle, value: u32) {
        if !self.concerns_handle(handle) {
            return;
        }
        let (Handle::Own(id) | Handle::Borrow(id)) = handle;
        let resource = self.gate.plan.resource(id);
        match self.doing {
            Doing::Enter(source) => {
                if matches!(handle, Handle::Own(_)) {
                    self.take(resource, value);
                }
                if self.gate.plan.sources_of(resource).iter().any(|other| *other != source) {
                    self.body.push([I::LocalGet(value), I::I32Const(1), I::I32And]);
                    self.body.push([I::I32Const(bit(source)), I::I32Ne]);
                    self.body.trap_when();
                }
                self.body.push([I::LocalGet(value), I::I32Const(1), I::I32ShrU, I::LocalSet(value)]);
            }
            Doing::Leave(source) => {
                let new = self.gate.new_function(resource);
                self.body.push([I::LocalGet(value), I::I32Const(1), I::I32Shl]);
                self.body.push([I::I32Const(bit(source)), I::I32Or, I::Call(new), I::LocalSet(value)]);
            }
            Doing::Drop | Doing::GiveBack => {
                let drop = if self.gate.plan.is_wrapped(resource) {
                    self.gate.drop_function(resource)
                } else {
                    self.gate.host_drop_function(resource)
                };
                self.body.push([I::LocalGet(value), I::Call(drop)]);
            }
        }
    }

    /// Turns the handle of an object that the component gives away into the object's representation. The object goes,
    /// what it stands for does not.
    fn take(&mut self, resource: TypeId, value: u32) {
        let (representation, drop) =
            (self.gate.representation_function(resource), self.gate.drop_function(resource));
        let kept = self.body.local(ValType::I32);
        self.body.push([I::LocalGet(value), I::Call(representation), I::LocalSet(kept)]);
        self.body.push([I::I32Const(1), I::GlobalSet(PASSING_ON), I::LocalGet(value), I::Call(drop)]);
        self.body.push([I::I32Const(0), I::GlobalSet(PASSING_ON), I::LocalGet(kept), I::LocalSet(value)]);
    }
}

/// The bit of a representation that says whose object it stands for.
pub(super) fn bit(source: Source) -> i32 {
    match source {
        Source::Host => 0,
        Source::Provider => 1,
    }
}

/// Sizes and offsets of values are those of a 32-bit memory.
pub(super) fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A number of 32 bits as instructions take it.
pub(super) fn signed(number: u32) -> i32 {
    i32::from_ne_bytes(number.to_ne_bytes())
}
