//! `@since`, `@unstable` and `@deprecated`: what they say must be possible at the same time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use semver::Version;
use wit_parser::{
    Function, InterfaceId, PackageId, Resolve, Stability, Type, TypeDefKind, TypeId, TypeOwner, WorldId,
    WorldItem, WorldKey,
};

use super::{Item, Subject};
use crate::check::finding::{Finding, Place};
use crate::check::form_rules::{
    DEPRECATED_ORDER, GATED_ITEM_USED_BY_STABLE, GATES_NEED_VERSION, SINCE_BEFORE_HOME, SINCE_NO_FUTURE,
    UNSTABLE_IN_RELEASE,
};
use crate::check::rule::{Level, Rule};

/// When an item can be had, with what is around it taken into account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Gate {
    /// Not before this version; `None` when nothing says so.
    since: Option<Version>,
    /// Only with all of these features.
    features: BTreeSet<String>,
}

impl Gate {
    /// The gate of something that has `own` and stands in something with this gate.
    fn around(&self, own: &Stability) -> Gate {
        let mut gate = self.clone();
        match own {
            Stability::Unknown => {}
            Stability::Stable { since, .. } => gate.since = gate.since.max(Some(since.clone())),
            Stability::Unstable { feature, .. } => {
                gate.features.insert(feature.clone());
            }
        }
        gate
    }
}

/// The rule, the interface, the item and the message of a finding.
type Told = (&'static str, Option<String>, Option<String>, String);

struct Check<'a> {
    subject: &'a Subject<'a>,
    version: Option<&'a Version>,
    /// How many items each feature has, and which one was the first.
    features: BTreeMap<String, (usize, Item)>,
    /// What is mentioned too early, with the first item that does and the places of all that do.
    early: BTreeMap<(String, Version), (Item, Version, HashSet<Place>)>,
    lacks_version: bool,
    /// Where a finding stands, so that what several worlds include is told once.
    told: HashMap<Told, usize>,
    findings: Vec<Finding>,
}

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let package = &subject.resolve.packages[subject.package];
    let mut check = Check {
        subject,
        version: package.name.version.as_ref(),
        features: BTreeMap::new(),
        early: BTreeMap::new(),
        lacks_version: false,
        told: HashMap::new(),
        findings: Vec::new(),
    };
    for id in package.interfaces.values() {
        check.interface(*id);
    }
    for id in package.worlds.values() {
        check.world(*id);
    }
    check.mentioned_early();
    check.whole_package();
    check.findings
}

impl Check<'_> {
    fn interface(&mut self, id: InterfaceId) {
        let subject = self.subject;
        let interface = &subject.resolve.interfaces[id];
        let item = subject.interface_item(id);
        let gate = Gate::default().around(&interface.stability);
        self.own(&item, &interface.stability);
        for ty in interface.types.values() {
            self.named_type(&item, &gate, *ty);
        }
        for function in interface.functions.values() {
            self.function(&item, &gate, function);
        }
    }

    fn named_type(&mut self, home: &Item, around: &Gate, id: TypeId) {
        let definition = &self.subject.resolve.types[id];
        let item = self.subject.type_item(home, id);
        // A `use` or an alias without a gate takes over that of what it names; then it says nothing of its own.
        let is_taken_over = match definition.kind {
            TypeDefKind::Type(Type::Id(id)) => {
                self.subject.resolve.types[id].stability == definition.stability
            }
            _ => false,
        };
        if !is_taken_over {
            self.own(&item, &definition.stability);
            self.inside(&item, around, &definition.stability, &home.wit);
        }
        let gate = around.around(&definition.stability);
        self.mentions(&item, &gate, &mentioned_by_type(self.subject.resolve, id));
    }

    fn function(&mut self, home: &Item, around: &Gate, function: &Function) {
        let resolve = self.subject.resolve;
        let item = self.subject.function_item(home, function);
        self.own(&item, &function.stability);
        let (around, home) = match function.kind.resource() {
            Some(resource) => {
                let name = resolve.types[resource].name.as_deref().unwrap_or_default();
                (around.around(&resolve.types[resource].stability), format!("resource {name}"))
            }
            None => (around.clone(), home.wit.clone()),
        };
        self.inside(&item, &around, &function.stability, &home);
        let gate = around.around(&function.stability);
        self.mentions(&item, &gate, &mentioned_by_function(resolve, function));
    }

    fn world(&mut self, id: WorldId) {
        let subject = self.subject;
        let world = &subject.resolve.worlds[id];
        let home = subject.world_item(id);
        let gate = Gate::default().around(&world.stability);
        self.own(&home, &world.stability);
        let implied = implied_interfaces(subject.resolve, id);
        let sides = [("import", &world.imports), ("export", &world.exports)];
        for (verb, (key, found)) in
            sides.into_iter().flat_map(|(verb, items)| items.iter().map(move |item| (verb, item)))
        {
            match found {
                WorldItem::Function(function) => self.function(&home, &gate, function),
                WorldItem::Type { id, .. } => self.named_type(&home, &gate, *id),
                WorldItem::Interface { id, stability, span, .. } => {
                    let name = subject.resolve.name_world_key(key);
                    let item = Item {
                        place: self.place_in_world(&home, key, *id),
                        wit: format!("{verb} {name};"),
                        span: *span,
                    };
                    if matches!(key, WorldKey::Name(_)) && subject.resolve.interfaces[*id].name.is_none() {
                        self.inline(&item, &gate.around(stability), *id);
                    } else if *stability != Stability::Unknown && !implied.contains(id) {
                        // What an import brings with it has no gate of its own, only a copy.
                        self.world_interface(&item, &gate.around(stability), *id);
                    }
                }
            }
        }
    }

    fn place_in_world(&self, home: &Item, key: &WorldKey, id: InterfaceId) -> Place {
        let resolve = self.subject.resolve;
        match key {
            WorldKey::Name(name) => Place { interface: Some(name.clone()), ..home.place.clone() },
            WorldKey::Interface(_) => {
                let interface = &resolve.interfaces[id];
                let package = interface.package.map(|package| resolve.packages[package].name.to_string());
                Place { package, interface: interface.name.clone(), ..home.place.clone() }
            }
        }
    }

    fn inline(&mut self, home: &Item, around: &Gate, id: InterfaceId) {
        let interface = &self.subject.resolve.interfaces[id];
        for ty in interface.types.values() {
            self.named_type(home, around, *ty);
        }
        for function in interface.functions.values() {
            self.function(home, around, function);
        }
    }

    fn world_interface(&mut self, item: &Item, gate: &Gate, id: InterfaceId) {
        let interface = &self.subject.resolve.interfaces[id];
        let mentioned = Mention {
            name: format!("interface `{}`", interface.name.as_deref().unwrap_or_default()),
            package: interface.package,
            gate: Gate::default().around(&interface.stability),
        };
        self.mention(item, gate, &mentioned);
    }

    /// What an item's own gate must not say.
    fn own(&mut self, item: &Item, stability: &Stability) {
        match stability {
            Stability::Unknown => {}
            Stability::Stable { since, deprecated } => {
                match self.version {
                    None => self.lacks_version = true,
                    Some(version) if since > version => {
                        let message =
                            format!("`@since(version = {since})` is later than the package's {version}");
                        self.report(&SINCE_NO_FUTURE, Level::Breaking, item, message);
                    }
                    Some(_) => {}
                }
                if let Some(deprecated) = deprecated.as_ref().filter(|deprecated| *deprecated < since) {
                    let message = format!("it was deprecated in {deprecated}, before it came in {since}");
                    self.report(&DEPRECATED_ORDER, Level::Breaking, item, message);
                }
                self.deprecated(item, deprecated.as_ref());
            }
            Stability::Unstable { feature, deprecated } => {
                self.features.entry(feature.clone()).or_insert_with(|| (0, item.copy())).0 += 1;
                self.deprecated(item, deprecated.as_ref());
            }
        }
    }

    fn deprecated(&mut self, item: &Item, deprecated: Option<&Version>) {
        let (Some(version), Some(deprecated)) = (self.version, deprecated) else { return };
        if deprecated > version {
            let message =
                format!("it is deprecated in {deprecated}, which is later than the package's {version}");
            self.report(&DEPRECATED_ORDER, Level::Note, item, message);
        }
    }

    /// That an item is not older than what it stands in.
    fn inside(&mut self, item: &Item, around: &Gate, own: &Stability, home: &str) {
        let Stability::Stable { since, .. } = own else { return };
        if let Some(first) = around.since.as_ref().filter(|first| since < first) {
            let message =
                format!("it says `@since(version = {since})`, but `{home}` around it came in {first}");
            self.report(&SINCE_BEFORE_HOME, Level::Note, item, message);
        } else if let Some(feature) = around.features.first() {
            let message = format!(
                "it says `@since(version = {since})`, but `{home}` around it is `@unstable(feature = {feature})`"
            );
            self.report(&SINCE_BEFORE_HOME, Level::Note, item, message);
        }
    }

    fn mentions(&mut self, item: &Item, gate: &Gate, types: &[TypeId]) {
        for id in types {
            let definition = &self.subject.resolve.types[*id];
            let (owner, package) = owner_gate(self.subject.resolve, definition.owner);
            let mentioned = Mention {
                name: format!("type `{}`", definition.name.as_deref().unwrap_or_default()),
                package,
                gate: owner.around(&definition.stability),
            };
            self.mention(item, gate, &mentioned);
        }
    }

    fn mention(&mut self, item: &Item, gate: &Gate, mentioned: &Mention) {
        let name = &mentioned.name;
        if let Some(feature) = mentioned.gate.features.difference(&gate.features).next() {
            let message = format!(
                "it mentions {name}, which is `@unstable(feature = {feature})`: without the feature the package cannot \
                 be read"
            );
            self.report(&GATED_ITEM_USED_BY_STABLE, Level::Breaking, item, message);
        } else if mentioned.package == Some(self.subject.package)
            && let (Some(mine), Some(theirs)) = (&gate.since, &mentioned.gate.since)
            && mine < theirs
            && gate.features.is_empty()
        {
            let first = || (item.copy(), mine.clone(), HashSet::new());
            // A world that includes another has its items too.
            let place = Place { worlds: Vec::new(), ..item.place.clone() };
            self.early.entry((name.clone(), theirs.clone())).or_insert_with(first).2.insert(place);
        }
    }

    fn whole_package(&mut self) {
        let item = self.subject.package_item();
        if self.lacks_version {
            let message = "the package has `@since` and no version".to_owned();
            self.report(&GATES_NEED_VERSION, Level::Breaking, &item, message);
        }
        let Some(version) = self.version.filter(|version| version.pre.is_empty()) else { return };
        for (feature, (count, first)) in std::mem::take(&mut self.features) {
            let more = match count {
                1 => String::new(),
                2 => " and 1 more item".to_owned(),
                count => format!(" and {} more items", count - 1),
            };
            let message =
                format!("feature `{feature}` is not stable in {version}: this{more} can only be had with it");
            self.report(&UNSTABLE_IN_RELEASE, Level::Note, &first, message);
        }
    }

    /// What is mentioned too early is told once for each type, as an alias may be in very many functions.
    fn mentioned_early(&mut self) {
        for ((name, theirs), (first, mine, places)) in std::mem::take(&mut self.early) {
            let more = match places.len() {
                0 | 1 => String::new(),
                count => format!("; so do {} more", count - 1),
            };
            let message =
                format!("it is there since {mine} and mentions {name}, which came in {theirs}{more}");
            self.report(&GATED_ITEM_USED_BY_STABLE, Level::Note, &first, message);
        }
    }

    fn report(&mut self, rule: &'static Rule, level: Level, item: &Item, message: String) {
        let place = &item.place;
        let key = (rule.id, place.interface.clone(), place.item.clone(), message.clone());
        match self.told.get(&key).and_then(|index| self.findings.get_mut(*index)) {
            Some(finding) => finding.place.worlds.extend(place.worlds.iter().cloned()),
            None => {
                self.told.insert(key, self.findings.len());
                self.findings.push(self.subject.finding(rule, level, item, message));
            }
        }
    }
}

/// Something that is mentioned.
struct Mention {
    name: String,
    package: Option<PackageId>,
    gate: Gate,
}

fn owner_gate(resolve: &Resolve, owner: TypeOwner) -> (Gate, Option<PackageId>) {
    match owner {
        TypeOwner::Interface(id) => {
            let interface = &resolve.interfaces[id];
            (Gate::default().around(&interface.stability), interface.package)
        }
        TypeOwner::World(id) => {
            let world = &resolve.worlds[id];
            (Gate::default().around(&world.stability), world.package)
        }
        TypeOwner::None => (Gate::default(), None),
    }
}

/// The interfaces that a world has because others need them.
fn implied_interfaces(resolve: &Resolve, id: WorldId) -> HashSet<InterfaceId> {
    let world = &resolve.worlds[id];
    let mut implied = HashSet::new();
    for item in world.imports.values().chain(world.exports.values()) {
        match item {
            WorldItem::Interface { id, .. } => implied.extend(resolve.interface_direct_deps(*id)),
            WorldItem::Type { id, .. } => implied.extend(resolve.type_interface_dep(*id)),
            WorldItem::Function(_) => {}
        }
    }
    implied
}

/// The named types that a function mentions; not what a method belongs to.
fn mentioned_by_function(resolve: &Resolve, function: &Function) -> Vec<TypeId> {
    let types = function.params.iter().map(|param| param.ty).chain(function.result);
    let mut found = named(resolve, types);
    found.retain(|id| Some(*id) != function.kind.resource());
    found
}

/// The named types that the definition of a type mentions.
fn mentioned_by_type(resolve: &Resolve, id: TypeId) -> Vec<TypeId> {
    named(resolve, children(&resolve.types[id].kind))
}

/// The named types in `types`, each once; unnamed ones are looked into.
fn named(resolve: &Resolve, types: impl IntoIterator<Item = Type>) -> Vec<TypeId> {
    let mut open: Vec<Type> = types.into_iter().collect();
    open.reverse();
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    while let Some(ty) = open.pop() {
        let Type::Id(id) = ty else { continue };
        if !seen.insert(id) {
            continue;
        }
        let definition = &resolve.types[id];
        if definition.name.is_some() {
            found.push(id);
        } else {
            open.extend(children(&definition.kind).into_iter().rev());
        }
    }
    found
}

fn children(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Handle(wit_parser::Handle::Own(id) | wit_parser::Handle::Borrow(id)) => {
            vec![Type::Id(*id)]
        }
        TypeDefKind::Option(ty)
        | TypeDefKind::List(ty)
        | TypeDefKind::FixedLengthList(ty, _)
        | TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
        TypeDefKind::Resource | TypeDefKind::Flags(_) | TypeDefKind::Enum(_) | TypeDefKind::Unknown => {
            Vec::new()
        }
    }
}
