//! The types of a stub's functions: what the generator needs to write values, and the tables that the engine reads.

mod simple;
mod table;

use std::collections::HashMap;

use wit_parser::{
    Function, Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem, WorldKey,
};

use super::data::{Address, Data};
use super::error::MockError;
use crate::limits::MOCK_DATA_BYTES_MAX;
use simple::{flags_of, primitive, tag_bytes};

/// Where a type stands in [`Types`].
pub(super) type NodeId = usize;

/// A type, laid out as the canonical ABI does.
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Bytes in memory.
    pub(super) size: u32,
    pub(super) align: u32,
    /// Values among flat parameters.
    flat: u32,
    /// Whether a value holds handles.
    pub(super) handles: bool,
    /// The type as WIT, by its name where it has one.
    pub(super) wit: String,
    /// Its table.
    pub(super) address: Address,
}

/// What a type is.
pub(super) enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
    Char,
    String,
    List(NodeId),
    FixedList(NodeId, u32),
    Record(Vec<Field>),
    Tuple(Vec<Field>),
    Variant { style: Style, tag_bytes: u32, payload_offset: u32, cases: Vec<Case> },
    Flags(Vec<String>),
    Own(usize),
    Borrow(usize),
    Foreign(usize),
    Stream(usize),
    Future(usize, Option<NodeId>),
}

/// How a variant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Option,
    Result,
}

/// A field of a record or, without a name, a member of a tuple.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) node: NodeId,
    pub(super) offset: u32,
}

/// A case of a variant, enum, option or result.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) payload: Option<NodeId>,
}

/// A resource that functions of the stub speak of.
pub(super) struct Resource {
    pub(super) key: WorldKey,
    pub(super) id: TypeId,
    /// Whether it is the stub's own; else it comes from an interface that the stub imports.
    pub(super) is_own: bool,
}

/// A stream or future that functions of the stub speak of, with one function that does.
pub(super) struct Channel {
    pub(super) key: Option<WorldKey>,
    pub(super) function: Function,
    pub(super) id: TypeId,
    pub(super) is_stream: bool,
}

/// All types that were asked for.
pub(super) struct Types<'a> {
    resolve: &'a Resolve,
    world: WorldId,
    nodes: Vec<Node>,
    known: HashMap<(Option<WorldKey>, Type), NodeId>,
    pub(super) resources: Vec<Resource>,
    pub(super) channels: Vec<Channel>,
}

/// Whose types are read: the export of the stub and its function.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) key: Option<&'a WorldKey>,
    pub(super) function: &'a Function,
}

struct Laid {
    kind: Kind,
    size: u64,
    align: u32,
    flat: u64,
    handles: bool,
    wit: String,
}

impl<'a> Types<'a> {
    pub(super) fn new(resolve: &'a Resolve, world: WorldId) -> Self {
        Self {
            resolve,
            world,
            nodes: Vec::new(),
            known: HashMap::new(),
            resources: Vec::new(),
            channels: Vec::new(),
        }
    }

    pub(super) fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn resource_name(&self, resource: usize) -> String {
        self.resolve.types[self.resources[resource].id].name.clone().unwrap_or_default()
    }

    /// Whether a result of the type is returned as one core value, and not by its address.
    pub(super) fn is_flat_result(&self, node: &Node) -> bool {
        node.flat as usize <= Resolve::MAX_FLAT_RESULTS
    }

    /// Lays out a type and writes its table.
    pub(super) fn node(&mut self, ty: &Type, owner: Owner<'_>, data: &mut Data) -> Result<NodeId, MockError> {
        let known = (owner.key.cloned(), *ty);
        if let Some(node) = self.known.get(&known) {
            return Ok(*node);
        }
        let node = match ty {
            Type::Id(id) => self.defined(*id, owner, data)?,
            _ => self.add(primitive(ty)?, data)?,
        };
        self.known.insert(known, node);
        Ok(node)
    }

    /// The parameters of a function as one tuple.
    pub(super) fn parameters(&mut self, owner: Owner<'_>, data: &mut Data) -> Result<NodeId, MockError> {
        let types: Vec<Type> = owner.function.params.iter().map(|param| param.ty).collect();
        let laid = self.tuple(&types, owner, data)?;
        self.add(laid, data)
    }

    fn defined(&mut self, id: TypeId, owner: Owner<'_>, data: &mut Data) -> Result<NodeId, MockError> {
        let resolve = self.resolve;
        let definition = &resolve.types[id];
        let mut laid = match &definition.kind {
            TypeDefKind::Type(ty) => return self.node(ty, owner, data),
            TypeDefKind::Record(record) => {
                let types: Vec<Type> = record.fields.iter().map(|field| field.ty).collect();
                let mut laid = self.tuple(&types, owner, data)?;
                if let Kind::Tuple(mut fields) = laid.kind {
                    for (field, declared) in fields.iter_mut().zip(&record.fields) {
                        field.name.clone_from(&declared.name);
                    }
                    laid.kind = Kind::Record(fields);
                }
                laid
            }
            TypeDefKind::Tuple(tuple) => self.tuple(&tuple.types, owner, data)?,
            TypeDefKind::List(element) => {
                let element = self.node(element, owner, data)?;
                self.list(element)
            }
            TypeDefKind::Map(key, value) => {
                let pair = self.tuple(&[*key, *value], owner, data)?;
                let inner = pair.wit.strip_prefix("tuple").unwrap_or_default().to_owned();
                let pair = self.add(pair, data)?;
                Laid { wit: format!("map{inner}"), ..self.list(pair) }
            }
            TypeDefKind::FixedLengthList(element, len) => {
                let element = self.node(element, owner, data)?;
                self.fixed_list(element, *len)
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| (case.name.clone(), case.ty)).collect();
                self.variant(Style::Plain, tag_bytes(variant.tag()), cases, owner, data)?
            }
            TypeDefKind::Enum(cases) => {
                let names = cases.cases.iter().map(|case| (case.name.clone(), None)).collect();
                self.variant(Style::Plain, tag_bytes(cases.tag()), names, owner, data)?
            }
            TypeDefKind::Option(ty) => {
                let cases = vec![("none".to_owned(), None), ("some".to_owned(), Some(*ty))];
                self.variant(Style::Option, 1, cases, owner, data)?
            }
            TypeDefKind::Result(result) => {
                let cases = vec![("ok".to_owned(), result.ok), ("err".to_owned(), result.err)];
                self.variant(Style::Result, 1, cases, owner, data)?
            }
            TypeDefKind::Flags(flags) => flags_of(flags.flags.iter().map(|flag| flag.name.clone()).collect()),
            TypeDefKind::Handle(handle) => self.handle(handle, owner),
            TypeDefKind::Stream(element) => {
                let element = element.as_ref().map(|ty| self.node(ty, owner, data)).transpose()?;
                self.channel("stream", id, element, owner)
            }
            TypeDefKind::Future(value) => {
                let value = value.as_ref().map(|ty| self.node(ty, owner, data)).transpose()?;
                self.channel("future", id, value, owner)
            }
            TypeDefKind::Resource | TypeDefKind::Unknown => {
                return Err(MockError::NotWit {
                    message: "a resource stands where a value is needed".to_owned(),
                });
            }
        };
        if let Some(name) = &definition.name {
            laid.wit.clone_from(name);
        }
        self.add(laid, data)
    }

    fn tuple(&mut self, types: &[Type], owner: Owner<'_>, data: &mut Data) -> Result<Laid, MockError> {
        let (mut size, mut align, mut flat, mut handles) = (0_u64, 1, 0_u64, false);
        let (mut members, mut words) = (Vec::new(), Vec::new());
        for ty in types {
            let id = self.node(ty, owner, data)?;
            let node = &self.nodes[id];
            let offset = size.next_multiple_of(u64::from(node.align));
            size = checked(offset + u64::from(node.size))?.into();
            align = align.max(node.align);
            flat += u64::from(node.flat);
            handles |= node.handles;
            words.push(node.wit.clone());
            members.push(Field { name: String::new(), node: id, offset: checked(offset)? });
        }
        let wit = if words.is_empty() { "tuple".to_owned() } else { format!("tuple<{}>", words.join(", ")) };
        let size = size.next_multiple_of(u64::from(align));
        Ok(Laid { kind: Kind::Tuple(members), size, align, flat, handles, wit })
    }

    fn list(&self, element: NodeId) -> Laid {
        let node = &self.nodes[element];
        let wit = format!("list<{}>", node.wit);
        Laid { kind: Kind::List(element), size: 8, align: 4, flat: 2, handles: node.handles, wit }
    }

    fn fixed_list(&self, element: NodeId, len: u32) -> Laid {
        let node = &self.nodes[element];
        Laid {
            kind: Kind::FixedList(element, len),
            size: u64::from(node.size) * u64::from(len),
            align: node.align,
            flat: u64::from(node.flat) * u64::from(len),
            handles: node.handles,
            wit: format!("list<{}, {len}>", node.wit),
        }
    }

    fn variant(
        &mut self,
        style: Style,
        tag_bytes: u32,
        cases: Vec<(String, Option<Type>)>,
        owner: Owner<'_>,
        data: &mut Data,
    ) -> Result<Laid, MockError> {
        let (mut size, mut align, mut flat, mut handles) = (0, 1, 0, false);
        let (mut read, mut words) = (Vec::new(), Vec::new());
        for (name, ty) in cases {
            let payload = ty.map(|ty| self.node(&ty, owner, data)).transpose()?;
            let mut word = name.clone();
            if let Some(id) = payload {
                let node = &self.nodes[id];
                size = size.max(node.size);
                align = align.max(node.align);
                flat = flat.max(node.flat);
                handles |= node.handles;
                word = format!("{name}({})", node.wit);
            }
            words.push(word);
            read.push(Case { name, payload });
        }
        let payload_wit = |index: usize| {
            let node =
                read.get(index).and_then(|case: &Case| case.payload).map(|id| self.nodes[id].wit.clone());
            node.unwrap_or_else(|| "_".to_owned())
        };
        let wit = match style {
            Style::Option => format!("option<{}>", payload_wit(1)),
            Style::Result => format!("result<{}, {}>", payload_wit(0), payload_wit(1)),
            Style::Plain => format!("variant {{ {} }}", words.join(", ")),
        };
        let payload_offset = tag_bytes.next_multiple_of(align);
        let align = align.max(tag_bytes);
        Ok(Laid {
            kind: Kind::Variant { style, tag_bytes, payload_offset, cases: read },
            size: (u64::from(payload_offset) + u64::from(size)).next_multiple_of(u64::from(align)),
            align,
            flat: u64::from(flat) + 1,
            handles,
            wit,
        })
    }

    fn handle(&mut self, handle: &Handle, owner: Owner<'_>) -> Laid {
        let (word, id) = match handle {
            Handle::Own(id) => ("own", *id),
            Handle::Borrow(id) => ("borrow", *id),
        };
        let resource = self.resource(id, owner.key);
        let is_own = self.resources[resource].is_own;
        let kind = match (is_own, word) {
            (false, _) => Kind::Foreign(resource),
            (true, "own") => Kind::Own(resource),
            (true, _) => Kind::Borrow(resource),
        };
        let name = self.resolve.types[self.resources[resource].id].name.as_deref().unwrap_or_default();
        let handles = !matches!(kind, Kind::Borrow(_));
        let wit = if word == "own" { name.to_owned() } else { format!("{word}<{name}>") };
        Laid { kind, size: 4, align: 4, flat: 1, handles, wit }
    }

    /// The resource behind `id`, as an export of the stub at `key` sees it: that of the same export, of another one, or
    /// an imported one.
    pub(super) fn resource(&mut self, mut id: TypeId, key: Option<&WorldKey>) -> usize {
        while let TypeDefKind::Type(Type::Id(next)) = &self.resolve.types[id].kind {
            id = *next;
        }
        let resolve = self.resolve;
        let world = &resolve.worlds[self.world];
        let declares = |item: &WorldItem| match (item, resolve.types[id].owner) {
            (WorldItem::Interface { id, .. }, TypeOwner::Interface(owner)) => *id == owner,
            (WorldItem::Type { id: item, .. }, _) => *item == id,
            _ => false,
        };
        let own = key
            .filter(|key| world.exports.get(*key).is_some_and(declares))
            .or_else(|| world.exports.iter().find(|(_, item)| declares(item)).map(|(key, _)| key));
        let foreign = world.imports.iter().find(|(_, item)| declares(item)).map(|(key, _)| key);
        let is_own = own.is_some();
        // A world lists every interface whose types it uses, so there is one.
        let key = own.or(foreign).cloned().unwrap_or_else(|| WorldKey::Name(String::new()));
        let known = self.resources.iter().position(|known| known.id == id && known.key == key);
        known.unwrap_or_else(|| {
            self.resources.push(Resource { key, id, is_own });
            self.resources.len() - 1
        })
    }

    fn channel(&mut self, word: &str, id: TypeId, payload: Option<NodeId>, owner: Owner<'_>) -> Laid {
        let is_stream = word == "stream";
        let index = self.channels.len();
        self.channels.push(Channel {
            key: owner.key.cloned(),
            function: owner.function.clone(),
            id,
            is_stream,
        });
        let kind = if is_stream { Kind::Stream(index) } else { Kind::Future(index, payload) };
        let wit = match payload {
            Some(payload) => format!("{word}<{}>", self.nodes[payload].wit),
            None => word.to_owned(),
        };
        Laid { kind, size: 4, align: 4, flat: 1, handles: true, wit }
    }

    fn add(&mut self, laid: Laid, data: &mut Data) -> Result<NodeId, MockError> {
        let Laid { kind, size, align, flat, handles, wit } = laid;
        let size = checked(size)?;
        // More than 16 flat values are passed in memory, so beyond a word the number does not matter.
        let flat = u32::try_from(flat).unwrap_or(u32::MAX);
        let (number, detail) = self.words(&kind, data)?;
        let mut words = vec![number, size, flat, u32::from(handles)];
        words.extend(detail);
        let address = data.table(&words)?;
        self.nodes.push(Node { kind, size, align, flat, handles, wit, address });
        Ok(self.nodes.len() - 1)
    }
}

/// The words of WAVE that a case's name is told from by a `%`.
pub(super) fn is_keyword(name: &str) -> bool {
    ["true", "false", "some", "none", "ok", "err", "inf", "nan"].contains(&name)
}

/// A size or offset, within what a stub may hold.
fn checked(bytes: u64) -> Result<u32, MockError> {
    if bytes > MOCK_DATA_BYTES_MAX as u64 {
        return Err(MockError::TooLarge);
    }
    u32::try_from(bytes).map_err(|_| MockError::TooLarge)
}
