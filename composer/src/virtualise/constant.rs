//! Values that are known beforehand, laid out as the canonical ABI wants them in memory.

use wit_parser::{Int, Resolve, SizeAlign, Type, TypeDefKind};

/// A value, without its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A number, a boolean or a character.
    Int(u64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A record or a tuple.
    Fields(Vec<Value>),
    /// A case of a variant, an enum, an option or a result.
    Case(&'static str, Option<Box<Value>>),
}

impl Value {
    pub(super) fn none() -> Self {
        Self::Case("none", None)
    }

    /// `err` with a case that has no payload.
    pub(super) fn error(case: &'static str) -> Self {
        Self::Case("err", Some(Box::new(Self::Case(case, None))))
    }
}

/// Memory that begins at an address and only grows.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) start: u32,
    pub(super) bytes: Vec<u8>,
}

impl Data {
    /// Room for `size_bytes`, zeroed; `None` when the memory of a guest has no such room.
    pub(super) fn reserve(&mut self, size_bytes: usize, align: usize) -> Option<u32> {
        let start = self.start as usize;
        let at = (start + self.bytes.len()).checked_next_multiple_of(align.max(1))?;
        let end = at.checked_add(size_bytes)?;
        let address = u32::try_from(at).ok()?;
        u32::try_from(end).ok()?;
        self.bytes.resize(end - start, 0);
        Some(address)
    }

    /// Puts `bytes` where there is room for them.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Option<u32> {
        let address = self.reserve(bytes.len(), 1)?;
        self.write(address, bytes);
        Some(address)
    }

    fn write(&mut self, address: u32, bytes: &[u8]) {
        let at = (address - self.start) as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Writes values of the types of one resolve.
pub(super) struct Layout<'a> {
    pub(super) resolve: &'a Resolve,
    pub(super) sizes: &'a SizeAlign,
}

impl Layout<'_> {
    /// Puts a value into memory; `None` when it is not of that type, or has no room.
    pub(super) fn put(&self, value: &Value, ty: &Type, data: &mut Data) -> Option<u32> {
        let (size, align) = (self.size(ty), self.sizes.align(ty).align_wasm32());
        let address = data.reserve(size, align)?;
        self.write(value, ty, data, address)?;
        Some(address)
    }

    pub(super) fn size(&self, ty: &Type) -> usize {
        self.sizes.size(ty).size_wasm32()
    }

    /// The index of a case in its type.
    pub(super) fn case(&self, name: &str, ty: &Type) -> Option<(usize, Option<Type>, Int)> {
        let Type::Id(id) = ty else { return None };
        let find = |cases: &mut dyn Iterator<Item = (&str, Option<Type>)>, tag: Int| {
            let (index, (_, payload)) = cases.enumerate().find(|(_, (case, _))| *case == name)?;
            Some((index, payload, tag))
        };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.case(name, ty),
            TypeDefKind::Enum(ty) => {
                find(&mut ty.cases.iter().map(|case| (case.name.as_str(), None)), ty.tag())
            }
            TypeDefKind::Variant(ty) => {
                find(&mut ty.cases.iter().map(|case| (case.name.as_str(), case.ty)), ty.tag())
            }
            TypeDefKind::Option(some) => {
                find(&mut [("none", None), ("some", Some(*some))].into_iter(), Int::U8)
            }
            TypeDefKind::Result(ty) => find(&mut [("ok", ty.ok), ("err", ty.err)].into_iter(), Int::U8),
            _ => None,
        }
    }

    fn write(&self, value: &Value, ty: &Type, data: &mut Data, address: u32) -> Option<()> {
        match value {
            Value::Int(number) => {
                let bytes = number.to_le_bytes();
                data.write(address, bytes.get(..self.size(ty))?);
                Some(())
            }
            Value::Text(text) => {
                let at = data.put(text.as_bytes())?;
                self.write_list(at, text.len(), data, address)
            }
            Value::List(items) => {
                let item = self.item(ty)?;
                let size = self.size(&item);
                let align = self.sizes.align(&item).align_wasm32();
                let at = data.reserve(size.checked_mul(items.len())?, align)?;
                for (index, value) in items.iter().enumerate() {
                    self.write(value, &item, data, at + u32::try_from(index * size).ok()?)?;
                }
                self.write_list(at, items.len(), data, address)
            }
            Value::Fields(values) => {
                let types = self.fields(ty)?;
                let offsets = self.sizes.field_offsets(&types);
                for (value, (offset, ty)) in values.iter().zip(offsets) {
                    self.write(value, ty, data, address + u32::try_from(offset.size_wasm32()).ok()?)?;
                }
                (values.len() == types.len()).then_some(())
            }
            Value::Case(name, payload) => {
                let (index, ty_of_payload, tag) = self.case(name, ty)?;
                let size = tag_bytes(tag);
                data.write(address, index.to_le_bytes().get(..size)?);
                if let (Some(value), Some(ty_of_payload)) = (payload, ty_of_payload) {
                    let offset = payload_offset(self.resolve, self.sizes, ty)?;
                    self.write(value, &ty_of_payload, data, address + offset)?;
                }
                Some(())
            }
        }
    }

    fn write_list(&self, at: u32, len: usize, data: &mut Data, address: u32) -> Option<()> {
        data.write(address, &at.to_le_bytes());
        data.write(address + 4, &u32::try_from(len).ok()?.to_le_bytes());
        Some(())
    }

    fn item(&self, ty: &Type) -> Option<Type> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.item(ty),
            TypeDefKind::List(item) => Some(*item),
            _ => None,
        }
    }

    fn fields(&self, ty: &Type) -> Option<Vec<Type>> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.fields(ty),
            TypeDefKind::Record(ty) => Some(ty.fields.iter().map(|field| field.ty).collect()),
            TypeDefKind::Tuple(ty) => Some(ty.types.clone()),
            _ => None,
        }
    }
}

/// How many bytes the index of a case takes.
pub(super) fn tag_bytes(tag: Int) -> usize {
    match tag {
        Int::U8 => 1,
        Int::U16 => 2,
        Int::U32 | Int::U64 => 4,
    }
}

/// The cases' payloads of a type that has cases, and how its index is kept.
pub(super) fn cases(resolve: &Resolve, ty: &Type) -> Option<(Int, Vec<Option<Type>>)> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(ty) => cases(resolve, ty),
        TypeDefKind::Variant(ty) => Some((ty.tag(), ty.cases.iter().map(|case| case.ty).collect())),
        TypeDefKind::Option(some) => Some((Int::U8, vec![None, Some(*some)])),
        TypeDefKind::Result(ty) => Some((Int::U8, vec![ty.ok, ty.err])),
        _ => None,
    }
}

/// Where the payload of a type with cases begins.
pub(super) fn payload_offset(resolve: &Resolve, sizes: &SizeAlign, ty: &Type) -> Option<u32> {
    let (tag, payloads) = cases(resolve, ty)?;
    u32::try_from(sizes.payload_offset(tag, payloads.iter().map(Option::as_ref)).size_wasm32()).ok()
}
