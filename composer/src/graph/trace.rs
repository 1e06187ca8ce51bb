//! Follows every item of a composed binary to the instance that it comes from.

mod item;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use wkit_artifact::Digest;

use self::item::{Around, Item, Origin, Source, member, named, nowhere, nowhere_source};
use super::error::GraphError;
use super::name;
use super::{Edge, End, Export, Graph, GraphComponent, GraphImport, GraphImporter, Node, skew};
use crate::limits::{GRAPH_EDGES_MAX, GRAPH_NESTING_MAX, GRAPH_NODES_MAX, GRAPH_STEPS_MAX};
use crate::structure::{Import, Reference, Sort, Step, Structure};

/// Reads the graph of a component that is called `name`.
pub(super) fn trace<'a>(
    name: &str,
    bytes: &'a [u8],
    structure: &'a Structure<'a>,
) -> Result<Graph, GraphError> {
    let mut tracer = Tracer {
        bytes,
        nodes: Vec::new(),
        names: HashSet::new(),
        components: Vec::new(),
        by_place: HashMap::new(),
        by_digest: HashMap::new(),
        edges: BTreeMap::new(),
        imports: BTreeMap::new(),
        wires: 0,
        steps: 0,
    };
    let outside = |import: &Import<'a>| (import.name, named(Origin::Outside, import.sort, import.name));
    let arguments: HashMap<&str, Item<'a>> = structure.imports().map(outside).collect();
    let exports: Vec<(&str, Item<'a>)> = if structure.is_composition {
        let scope = Scope { structure, outer: None, within: &[], depth: 0 };
        tracer.evaluate(&scope, &arguments)?
    } else {
        let component = tracer.component(structure, Some(name));
        let needs = structure.imports().filter(|import| can_be_wired(import.sort));
        let arguments: Vec<(&str, Item<'a>)> = needs.map(outside).collect();
        let node = tracer.node(component, name, &[], structure, &arguments)?;
        let export =
            |export: &Reference<'a>| (export.name, named(Origin::Node(node), export.sort, export.name));
        structure.exports().map(export).collect()
    };
    let order: HashMap<&str, usize> =
        structure.imports().enumerate().map(|(position, import)| (import.name, position)).collect();
    tracer.finish(name, &exports, &order)
}

/// A composition that is being traced.
struct Scope<'a, 's> {
    structure: &'a Structure<'a>,
    outer: Option<Rc<Around<'a>>>,
    /// The names of the instances around it.
    within: &'s [String],
    depth: usize,
}

/// The index spaces that lead to instances.
#[derive(Default)]
struct Spaces<'a> {
    spaces: [Vec<Item<'a>>; 6],
    /// The node of the composition's own core code, if it has any.
    own: Option<usize>,
}

impl<'a> Spaces<'a> {
    fn push(&mut self, sort: Sort, item: Item<'a>) {
        self.spaces[place(sort)].push(item);
    }

    fn get(&self, sort: Sort, index: u32) -> Result<&Item<'a>, GraphError> {
        self.spaces[place(sort)].get(index as usize).ok_or(GraphError::Damaged { what: said(sort) })
    }
}

fn place(sort: Sort) -> usize {
    match sort {
        Sort::Module => 0,
        Sort::Func => 1,
        Sort::Value => 2,
        Sort::Type => 3,
        Sort::Instance => 4,
        Sort::Component => 5,
    }
}

fn said(sort: Sort) -> &'static str {
    match sort {
        Sort::Module => "a core module",
        Sort::Func => "a function",
        Sort::Value => "a value",
        Sort::Type => "a type",
        Sort::Instance => "an instance",
        Sort::Component => "a component",
    }
}

struct Tracer<'a> {
    bytes: &'a [u8],
    nodes: Vec<Node>,
    names: HashSet<String>,
    components: Vec<GraphComponent>,
    /// The components by where they stand, and by digest: one that stands twice is one.
    by_place: HashMap<(usize, usize), usize>,
    by_digest: HashMap<Digest, usize>,
    edges: BTreeMap<(usize, String, usize, String), Wired>,
    /// The open imports: by name, and then who needs them as what.
    imports: BTreeMap<String, BTreeMap<(usize, String), u32>>,
    wires: usize,
    steps: usize,
}

/// What is known of a wire besides its ends.
struct Wired {
    implements: Option<String>,
    functions: u32,
}

impl<'a> Tracer<'a> {
    /// Traces a composition, and returns its exports. It calls itself for compositions inside, at most
    /// [`GRAPH_NESTING_MAX`] deep.
    fn evaluate(
        &mut self,
        scope: &Scope<'a, '_>,
        arguments: &HashMap<&str, Item<'a>>,
    ) -> Result<Vec<(&'a str, Item<'a>)>, GraphError> {
        if scope.depth > GRAPH_NESTING_MAX {
            return Err(GraphError::TooDeep);
        }
        let mut spaces = Spaces::default();
        let mut exports = Vec::new();
        for step in &scope.structure.steps {
            self.steps += 1;
            if self.steps > GRAPH_STEPS_MAX {
                return Err(GraphError::TooLong);
            }
            match step {
                Step::Import(import) => {
                    let item = arguments.get(import.name).cloned();
                    spaces.push(import.sort, item.ok_or(GraphError::Damaged { what: "an argument" })?);
                }
                Step::Component(inner) => {
                    let structure = &scope.structure.components[*inner];
                    let outer = structure.takes_outer_components.then(|| {
                        let components = spaces.spaces[place(Sort::Component)].clone();
                        self.steps += components.len();
                        Rc::new(Around { components, outer: scope.outer.clone() })
                    });
                    spaces.push(Sort::Component, Item::Component { structure, outer });
                }
                Step::Instantiate { component, arguments } => {
                    let index = spaces.spaces[place(Sort::Instance)].len();
                    let instance = self.instantiate(scope, &mut spaces, index, *component, arguments)?;
                    spaces.push(Sort::Instance, instance);
                }
                Step::Bundle(members) => {
                    let bundle = self.references(&spaces, members)?;
                    spaces.push(Sort::Instance, Item::Bundle(Rc::new(bundle.into_iter().collect())));
                }
                Step::Alias { sort, instance, name } => {
                    let item = member(spaces.get(Sort::Instance, *instance)?, *sort, name)?;
                    spaces.push(*sort, item);
                }
                Step::Outer { sort: Sort::Component, count, index } => {
                    let item = outer_component(scope, &spaces, *count, *index)?;
                    spaces.push(Sort::Component, item);
                }
                Step::Outer { sort, .. } => spaces.push(*sort, nowhere()),
                Step::Module => spaces.push(Sort::Module, nowhere()),
                Step::Type => spaces.push(Sort::Type, nowhere()),
                Step::Lift => {
                    let source =
                        Source { origin: Origin::Node(self.own(scope, &mut spaces)?), path: Rc::default() };
                    spaces.push(Sort::Func, Item::Whole { is_function: true, source });
                }
                Step::Lower(function) => {
                    let item = spaces.get(Sort::Func, *function)?.clone();
                    let own = self.own(scope, &mut spaces)?;
                    if let Item::Whole { source, .. } = &item {
                        let import = source.path.first().cloned().unwrap_or_default();
                        self.wire(own, &import, None, source, 1)?;
                    }
                }
                Step::Export(export) => {
                    let item = spaces.get(export.sort, export.index)?.clone();
                    exports.push((export.name, item.clone()));
                    spaces.push(export.sort, item);
                }
            }
        }
        Ok(exports)
    }

    fn references(
        &mut self,
        spaces: &Spaces<'a>,
        references: &[Reference<'a>],
    ) -> Result<Vec<(&'a str, Item<'a>)>, GraphError> {
        self.steps += references.len();
        references
            .iter()
            .map(|reference| Ok((reference.name, spaces.get(reference.sort, reference.index)?.clone())))
            .collect()
    }

    fn instantiate(
        &mut self,
        scope: &Scope<'a, '_>,
        spaces: &mut Spaces<'a>,
        index: usize,
        component: u32,
        arguments: &[Reference<'a>],
    ) -> Result<Item<'a>, GraphError> {
        let given = self.references(spaces, arguments)?;
        let key = u32::try_from(index).unwrap_or(u32::MAX);
        let instance_name = scope.structure.instance_names.get(&key).copied();
        let component_name = scope.structure.component_names.get(&component).copied();
        let node = match spaces.get(Sort::Component, component)?.clone() {
            Item::Component { structure, outer } => {
                let component_name = component_name.or(structure.name);
                let name = instance_name.or(component_name).map(str::to_owned);
                let name = name.unwrap_or_else(|| name::from_exports(structure));
                if structure.is_shim || structure.is_composition {
                    let mut within = scope.within.to_vec();
                    if structure.is_composition {
                        within.push(name);
                    }
                    let inner = Scope { structure, outer, within: &within, depth: scope.depth + 1 };
                    let exports = self.evaluate(&inner, &given.into_iter().collect())?;
                    return Ok(Item::Bundle(Rc::new(exports.into_iter().collect())));
                }
                let component = self.component(structure, component_name.or(Some(&name)));
                self.node(component, &name, scope.within, structure, &only_wires(given, arguments))?
            }
            Item::Foreign { name } => {
                let shown = instance_name.map_or_else(|| name::of_foreign(&name), str::to_owned);
                let component = self.foreign(&name);
                let given = only_wires(given, arguments);
                self.node(component, &shown, scope.within, &Structure::default(), &given)?
            }
            _ => return Err(GraphError::Damaged { what: "a component" }),
        };
        let source = Source { origin: Origin::Node(node), path: Rc::default() };
        Ok(Item::Whole { is_function: false, source })
    }

    /// The node of a composition's own core code.
    fn own(&mut self, scope: &Scope<'a, '_>, spaces: &mut Spaces<'a>) -> Result<usize, GraphError> {
        if let Some(own) = spaces.own {
            return Ok(own);
        }
        let name = "own code";
        self.components.push(GraphComponent { name: name.to_owned(), ..GraphComponent::default() });
        let component = self.components.len() - 1;
        let own = self.node(component, name, scope.within, &Structure::default(), &[])?;
        spaces.own = Some(own);
        Ok(own)
    }

    /// The component of a structure: a new one, or the one of the same bytes.
    fn component(&mut self, structure: &Structure<'_>, name: Option<&str>) -> usize {
        let place = (structure.range.start, structure.range.end);
        if let Some(known) = self.by_place.get(&place) {
            return *known;
        }
        let bytes = self.bytes.get(structure.range.clone()).unwrap_or_default();
        let digest = Digest::sha256(bytes);
        let next = self.components.len();
        let index = *self.by_digest.entry(digest.clone()).or_insert(next);
        if index == next {
            let name = name.map_or_else(|| name::from_exports(structure), str::to_owned);
            self.components.push(GraphComponent::read(name, digest, bytes));
        }
        self.by_place.insert(place, index);
        index
    }

    fn foreign(&mut self, name: &str) -> usize {
        let known =
            self.components.iter().position(|component| component.digest.is_none() && component.name == name);
        known.unwrap_or_else(|| {
            self.components.push(GraphComponent { name: name.to_owned(), ..GraphComponent::default() });
            self.components.len() - 1
        })
    }

    fn node(
        &mut self,
        component: usize,
        name: &str,
        within: &[String],
        structure: &Structure<'_>,
        arguments: &[(&str, Item<'a>)],
    ) -> Result<usize, GraphError> {
        if self.nodes.len() >= GRAPH_NODES_MAX {
            return Err(GraphError::TooManyNodes);
        }
        let node = self.nodes.len();
        let name = name::unique(name, within, &mut self.names);
        self.nodes.push(Node { name, component, within: within.to_vec() });
        let imports: HashMap<&str, &Import<'_>> =
            structure.imports().map(|import| (import.name, import)).collect();
        for (name, item) in arguments {
            let import = imports.get(name);
            let implements = import.and_then(|import| import.implements);
            match item {
                Item::Whole { source, .. } => {
                    let functions = import.map(|import| import.functions).unwrap_or_default();
                    self.wire(node, name, implements, source, functions)?;
                }
                Item::Bundle(_) => {
                    for (source, functions) in self.sources(item)? {
                        self.wire(node, name, implements, &source, functions)?;
                    }
                }
                Item::Component { .. } | Item::Foreign { .. } => {}
            }
        }
        Ok(node)
    }

    /// The sources of an item that is made of several, each with the number of functions that come from it.
    fn sources(&mut self, item: &Item<'a>) -> Result<Vec<(Source, u32)>, GraphError> {
        let mut found: BTreeMap<_, Vec<(Source, u32)>> = BTreeMap::new();
        let mut pending = vec![item.clone()];
        let mut seen = HashSet::new();
        while let Some(item) = pending.pop() {
            self.steps += 1;
            if self.steps > GRAPH_STEPS_MAX {
                return Err(GraphError::TooLong);
            }
            match item {
                Item::Whole { is_function, source } => {
                    let key = (source.origin, source.path.first().cloned());
                    found.entry(key).or_default().push((source, u32::from(is_function)));
                }
                // Bundles of bundles may hold one another many times over.
                Item::Bundle(members) if seen.insert(Rc::as_ptr(&members)) => {
                    pending.extend(members.values().cloned());
                }
                _ => {}
            }
        }
        let merged = found.into_values().map(|mut sources| {
            let functions = sources.iter().map(|(_, functions)| functions).sum();
            let Some((source, _)) = sources.pop() else { return (nowhere_source(), 0) };
            if sources.is_empty() {
                return (source, functions);
            }
            let path: Vec<String> = source.path.iter().take(1).cloned().collect();
            (Source { origin: source.origin, path: Rc::new(path) }, functions)
        });
        // Types of somewhere come along with functions of somewhere else; alone they are no wire.
        let mut merged: Vec<(Source, u32)> = merged.filter(|(source, _)| !source.path.is_empty()).collect();
        if merged.iter().any(|(_, functions)| *functions > 0) {
            merged.retain(|(_, functions)| *functions > 0);
        }
        Ok(merged)
    }

    fn wire(
        &mut self,
        node: usize,
        import: &str,
        implements: Option<&str>,
        source: &Source,
        functions: u32,
    ) -> Result<(), GraphError> {
        let export = if source.path.is_empty() { import.to_owned() } else { source.path.join("#") };
        match source.origin {
            Origin::Outside => {
                let importers = self.imports.entry(source.path.first().cloned().unwrap_or_default());
                *importers.or_default().entry((node, import.to_owned())).or_default() += functions;
            }
            // Core code that calls what it exports itself.
            Origin::Node(exporter) if exporter == node => {}
            Origin::Node(exporter) => {
                let wired = self.edges.entry((node, import.to_owned(), exporter, export));
                let wired =
                    wired.or_insert(Wired { implements: implements.map(str::to_owned), functions: 0 });
                wired.functions += functions;
            }
        }
        self.wires += 1;
        if self.wires > GRAPH_EDGES_MAX { Err(GraphError::TooManyEdges) } else { Ok(()) }
    }

    fn exports(&mut self, exports: &[(&str, Item<'a>)]) -> Result<Vec<Export>, GraphError> {
        let mut shown = Vec::new();
        for (name, item) in exports {
            let sources = match item {
                Item::Whole { source, .. } => vec![source.clone()],
                Item::Bundle(_) => self.sources(item)?.into_iter().map(|(source, _)| source).collect(),
                Item::Component { .. } | Item::Foreign { .. } => Vec::new(),
            };
            let end = |source: Source| {
                let export = if source.path.is_empty() { (*name).to_owned() } else { source.path.join("#") };
                match source.origin {
                    Origin::Node(node) => Some(End { node: Some(node), export }),
                    Origin::Outside if source.path.is_empty() => None,
                    Origin::Outside => Some(End { node: None, export }),
                }
            };
            let from = sources.into_iter().filter_map(end).collect();
            shown.push(Export { name: (*name).to_owned(), from });
        }
        Ok(shown)
    }

    fn finish(
        mut self,
        name: &str,
        exports: &[(&str, Item<'a>)],
        order: &HashMap<&str, usize>,
    ) -> Result<Graph, GraphError> {
        let exports = self.exports(exports)?;
        let edge =
            |((importer, import, exporter, export), wired): ((usize, String, usize, String), Wired)| Edge {
                skew: skew(wired.implements.as_deref().unwrap_or(&import), &export),
                importer,
                import,
                implements: wired.implements,
                exporter,
                export,
                functions: Some(wired.functions),
            };
        let open = |(name, importers): (String, BTreeMap<(usize, String), u32>)| GraphImport {
            importers: importers
                .into_iter()
                .map(|((node, import), functions)| GraphImporter {
                    node,
                    import,
                    functions: Some(functions),
                    stated: false,
                })
                .collect(),
            name,
        };
        let mut imports: Vec<GraphImport> = self.imports.into_iter().map(open).collect();
        // What only brings types to others has no importer, and is an import all the same.
        let known: HashSet<String> = imports.iter().map(|import| import.name.clone()).collect();
        let others = order.keys().filter(|name| !known.contains(**name));
        imports.extend(others.map(|name| GraphImport { name: (*name).to_owned(), importers: Vec::new() }));
        imports.sort_by_key(|import| order.get(import.name.as_str()).copied());
        Ok(Graph {
            name: name.to_owned(),
            digest: Some(Digest::sha256(self.bytes)),
            size_bytes: Some(self.bytes.len() as u64),
            components: self.components,
            nodes: self.nodes,
            edges: self.edges.into_iter().map(edge).collect(),
            imports,
            exports,
        })
    }
}

/// Types are equal by their structure, wherever they come from: no wire is drawn for them.
fn can_be_wired(sort: Sort) -> bool {
    !matches!(sort, Sort::Type | Sort::Value)
}

fn only_wires<'a>(given: Vec<(&'a str, Item<'a>)>, arguments: &[Reference<'a>]) -> Vec<(&'a str, Item<'a>)> {
    let wired = given.into_iter().zip(arguments).filter(|(_, argument)| can_be_wired(argument.sort));
    wired.map(|(item, _)| item).collect()
}

/// A component of a composition around this one.
fn outer_component<'a>(
    scope: &Scope<'a, '_>,
    spaces: &Spaces<'a>,
    count: u32,
    index: u32,
) -> Result<Item<'a>, GraphError> {
    if count == 0 {
        return spaces.get(Sort::Component, index).cloned();
    }
    let mut around = scope.outer.clone();
    for _ in 1..count.min(GRAPH_NESTING_MAX as u32) {
        around = around.and_then(|around| around.outer.clone());
    }
    let found = around.and_then(|around| around.components.get(index as usize).cloned());
    found.ok_or(GraphError::Damaged { what: "a component" })
}
