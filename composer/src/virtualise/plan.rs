//! Decides which imports of a component go through the gate, and who answers each call there.
//!
//! An import goes through the gate when it is closed or fixed, and when it speaks of a resource that is declared by
//! another import that goes through it: a stream that the gate gives out is another type than the host's streams, so
//! everything that gives or takes streams has to come from the gate too.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId,
    WorldItem, WorldKey,
};

use crate::virtualise::answer::{self, Answer};
use crate::virtualise::capability::Capability;
use crate::virtualise::constant::Value;
use crate::virtualise::error::VirtualiseError;
use crate::virtualise::policy::Policy;

/// Where an object comes from that the gate gives out, and who answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// The import of the same name that the gate has itself.
    Host,
    /// The component that is inside.
    Provider,
}

/// Sources, of which there are none, one or both.
pub(super) type Sources = BTreeSet<Source>;

/// An import of the component that is an interface.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) key: WorldKey,
    pub(super) id: InterfaceId,
    /// As the component writes it.
    pub(super) name: String,
    /// Without the version; empty for an interface that has no name of its own.
    pub(super) path: String,
}

/// How a function of the gate answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// One of the answers of closed functions.
    Fixed(Answer),
    /// The call goes on to the source of the object that it is a method of, or to the host.
    PassOn(Sources),
}

/// The plan of a gate.
pub(super) struct GatePlan {
    pub(super) resolve: Resolve,
    pub(super) world: WorldId,
    pub(super) imports: Vec<Import>,
    /// The imports that go through the gate.
    pub(super) through: BTreeSet<usize>,
    /// Where the objects of each resource come from that an import declares.
    pub(super) sources: BTreeMap<TypeId, Sources>,
}

impl GatePlan {
    /// Reads the imports of `world` and decides.
    pub(super) fn new(resolve: Resolve, world: WorldId, policy: &Policy) -> Result<Self, VirtualiseError> {
        let imports = imports(&resolve, world);
        let mut plan = Self { resolve, world, imports, through: BTreeSet::new(), sources: BTreeMap::new() };
        for index in 0..plan.imports.len() {
            if plan.is_closed(index, policy)? {
                plan.through.insert(index);
            }
        }
        // Both only grow, and are bounded by what the component imports.
        loop {
            plan.find_sources(policy)?;
            let more: Vec<usize> =
                (0..plan.imports.len()).filter(|index| plan.must_go_through(*index)).collect();
            if more.is_empty() {
                return Ok(plan);
            }
            plan.through.extend(more);
        }
    }

    /// All functions that go through the gate, with what each does.
    pub(super) fn functions(
        &self,
        policy: &Policy,
    ) -> Result<Vec<(usize, Function, Behaviour)>, VirtualiseError> {
        let mut functions = Vec::new();
        for index in &self.through {
            let import = &self.imports[*index];
            for function in self.resolve.interfaces[import.id].functions.values() {
                let behaviour = self.behaviour(import, function, policy)?;
                functions.push((*index, function.clone(), behaviour));
            }
        }
        Ok(functions)
    }

    /// The resource that a type is, by way of other names for it.
    pub(super) fn resource(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(next)) = self.resolve.types[id].kind {
            id = next;
        }
        id
    }

    /// The import that declares a resource.
    pub(super) fn declared_by(&self, resource: TypeId) -> Option<usize> {
        let TypeOwner::Interface(owner) = self.resolve.types[resource].owner else { return None };
        self.imports.iter().position(|import| import.id == owner)
    }

    /// Whether the gate gives out the objects of a resource.
    pub(super) fn is_wrapped(&self, resource: TypeId) -> bool {
        self.declared_by(resource).is_some_and(|index| self.through.contains(&index))
    }

    /// The sources of a resource.
    pub(super) fn sources_of(&self, resource: TypeId) -> Sources {
        self.sources.get(&resource).cloned().unwrap_or_default()
    }

    /// All handles in a type, however deep.
    pub(super) fn handles(&self, ty: &Type) -> Vec<Handle> {
        let mut found = Vec::new();
        self.collect_handles(ty, &mut found);
        found
    }

    fn collect_handles(&self, ty: &Type, found: &mut Vec<Handle>) {
        let Type::Id(id) = ty else { return };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Handle(handle) => found.push(*handle),
            TypeDefKind::Type(ty) | TypeDefKind::Option(ty) | TypeDefKind::List(ty) => {
                self.collect_handles(ty, found);
            }
            TypeDefKind::FixedLengthList(ty, _) => self.collect_handles(ty, found),
            TypeDefKind::Stream(Some(ty)) | TypeDefKind::Future(Some(ty)) => self.collect_handles(ty, found),
            TypeDefKind::Map(key, value) => {
                self.collect_handles(key, found);
                self.collect_handles(value, found);
            }
            TypeDefKind::Record(ty) => {
                ty.fields.iter().for_each(|field| self.collect_handles(&field.ty, found));
            }
            TypeDefKind::Tuple(ty) => ty.types.iter().for_each(|ty| self.collect_handles(ty, found)),
            TypeDefKind::Variant(ty) => {
                ty.cases.iter().filter_map(|case| case.ty).for_each(|ty| self.collect_handles(&ty, found));
            }
            TypeDefKind::Result(ty) => {
                ty.ok.iter().chain(&ty.err).for_each(|ty| self.collect_handles(ty, found));
            }
            _ => {}
        }
    }

    /// The resource whose method a function is.
    pub(super) fn method_of(&self, function: &Function) -> Option<TypeId> {
        match function.kind {
            FunctionKind::Method(id)
            | FunctionKind::AsyncMethod(id)
            | FunctionKind::MethodGetter(id)
            | FunctionKind::MethodSetter(id) => Some(self.resource(id)),
            _ => None,
        }
    }

    /// What a function of an import that goes through the gate does.
    pub(super) fn behaviour(
        &self,
        import: &Import,
        function: &Function,
        policy: &Policy,
    ) -> Result<Behaviour, VirtualiseError> {
        if let Some(resource) = self.method_of(function) {
            return Ok(Behaviour::PassOn(self.sources_of(resource)));
        }
        // Who waits for several things at once is not a method, and still goes by where those come from.
        if let Some(pollable) = crate::virtualise::poll::pollable(self, import, function) {
            return Ok(Behaviour::PassOn(self.sources_of(pollable)));
        }
        let Some(capability) = answer::closed_capability(policy, &import.path, &function.name) else {
            return Ok(Behaviour::PassOn(Sources::from([Source::Host])));
        };
        if has_streams(&self.resolve, function) {
            return Err(VirtualiseError::Streams {
                capability,
                interface: import.name.clone(),
                function: function.item_name().to_owned(),
            });
        }
        match answer::of(policy, &import.path, &function.name) {
            Some(answer) => Ok(Behaviour::Fixed(answer)),
            None => Err(self.unknown(capability, import, function)),
        }
    }

    /// What is closed by giving out objects that are not the host's.
    pub(super) fn replacing(&self, policy: &Policy) -> Vec<Capability> {
        let mut found = BTreeSet::new();
        for index in &self.through {
            let import = &self.imports[*index];
            for function in self.resolve.interfaces[import.id].functions.values() {
                let Some(capability) = answer::closed_capability(policy, &import.path, &function.name) else {
                    continue;
                };
                let handles = function.result.iter().flat_map(|ty| self.handles(ty)).count();
                if handles > 0 && self.method_of(function).is_none() {
                    found.insert(capability);
                }
            }
        }
        found.into_iter().collect()
    }

    pub(super) fn unknown(
        &self,
        capability: Capability,
        import: &Import,
        function: &Function,
    ) -> VirtualiseError {
        VirtualiseError::UnknownFunction {
            capability,
            interface: import.name.clone(),
            function: function.item_name().to_owned(),
        }
    }

    /// Whether the policy closes something of an import: a function, or the whole of an interface of resources.
    fn is_closed(&self, index: usize, policy: &Policy) -> Result<bool, VirtualiseError> {
        let import = &self.imports[index];
        let interface = &self.resolve.interfaces[import.id];
        for function in interface.functions.values() {
            if answer::closed_capability(policy, &import.path, &function.name).is_some() {
                return Ok(true);
            }
        }
        let capabilities = Capability::of_interface(&import.path);
        let closed =
            !capabilities.is_empty() && capabilities.iter().all(|capability| policy.closes(*capability));
        let is_resource = |id: &TypeId| matches!(self.resolve.types[*id].kind, TypeDefKind::Resource);
        Ok(closed && interface.types.values().any(is_resource))
    }

    /// Follows where objects come from: from the results of functions that the host or the provider answers.
    fn find_sources(&mut self, policy: &Policy) -> Result<(), VirtualiseError> {
        loop {
            let mut found = Vec::new();
            for (_, function, behaviour) in self.functions(policy)? {
                let sources = match behaviour {
                    Behaviour::Fixed(Answer::Provider(..)) => Sources::from([Source::Provider]),
                    Behaviour::Fixed(_) => continue,
                    Behaviour::PassOn(sources) => sources,
                };
                for handle in function.result.iter().flat_map(|ty| self.handles(ty)) {
                    if let Handle::Own(id) = handle {
                        found.push((self.resource(id), sources.clone()));
                    }
                }
            }
            let mut changed = false;
            for (resource, sources) in found {
                let known = self.sources.entry(resource).or_default();
                let before = known.len();
                known.extend(sources);
                changed |= known.len() != before;
            }
            if !changed {
                return Ok(());
            }
        }
    }

    /// Whether an import that does not go through the gate yet has to.
    fn must_go_through(&self, index: usize) -> bool {
        if self.through.contains(&index) {
            return false;
        }
        let speaks_of_wrapped = self.mentioned(index).iter().any(|resource| self.is_wrapped(*resource));
        let provided = self.sources.iter().any(|(resource, sources)| {
            sources.contains(&Source::Provider) && self.declared_by(*resource) == Some(index)
        });
        speaks_of_wrapped || provided
    }

    /// All resources that an import speaks of.
    fn mentioned(&self, index: usize) -> BTreeSet<TypeId> {
        let interface = &self.resolve.interfaces[self.imports[index].id];
        let mut found: BTreeSet<TypeId> = interface
            .types
            .values()
            .map(|id| self.resource(*id))
            .filter(|id| matches!(self.resolve.types[*id].kind, TypeDefKind::Resource))
            .collect();
        for function in interface.functions.values() {
            for ty in function.parameter_and_result_types() {
                for handle in self.handles(&ty) {
                    let (Handle::Own(id) | Handle::Borrow(id)) = handle;
                    found.insert(self.resource(id));
                }
            }
        }
        found
    }
}

/// The interfaces that a world imports, in the order of the binary.
fn imports(resolve: &Resolve, world: WorldId) -> Vec<Import> {
    let items = resolve.worlds[world].imports.iter();
    items
        .filter_map(|(key, item)| {
            let WorldItem::Interface { id, .. } = item else { return None };
            let name = resolve.name_world_key(key);
            let full = resolve.id_of(*id).unwrap_or_default();
            let path = full.split('@').next().unwrap_or_default().to_owned();
            Some(Import { key: key.clone(), id: *id, name, path })
        })
        .collect()
}

/// Whether a function passes streams or futures.
pub(super) fn has_streams(resolve: &Resolve, function: &Function) -> bool {
    !function.find_futures_and_streams(resolve).is_empty()
}

/// Whether a call brings a handle that another than `source` may have to answer for, besides the object whose method
/// it is; and what it is answered with then.
pub(super) fn strangers(
    plan: &GatePlan,
    import: &Import,
    function: &Function,
    source: Source,
) -> Result<Option<Value>, ()> {
    let skip = usize::from(plan.method_of(function).is_some());
    let mut stranger = false;
    for parameter in function.params.iter().skip(skip) {
        for handle in plan.handles(&parameter.ty) {
            let (Handle::Own(id) | Handle::Borrow(id)) = handle;
            let sources = plan.sources_of(plan.resource(id));
            stranger |= plan.is_wrapped(plan.resource(id)) && sources.iter().any(|other| *other != source);
        }
    }
    if !stranger {
        return Ok(None);
    }
    answer::mixed(&import.path, &function.name).map(Some).ok_or(())
}
