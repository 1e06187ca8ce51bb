//! Random graphs: components that import and export random interfaces, and the wires between them.

use std::collections::{BTreeMap, BTreeSet};

use wkit_composer::{Input, Plan, PlannedOpen, PlannedWire};
use wkit_fixtures::component::from_wit;
use wkit_fixtures::corpus::Rng;
use wkit_interface::{ItemKind, Surface, decode, fits};

use super::wit::{Interface, Kind};

/// Components, the plan that wires them, and all wires that follow from both.
pub(crate) struct Graph {
    pub(crate) components: Vec<Component>,
    pub(crate) plan: Plan,
    /// The wires that reach from the socket, by importer and import.
    pub(crate) wires: BTreeMap<(usize, String), (usize, String)>,
    /// The components that the socket needs, and itself.
    pub(crate) in_use: BTreeSet<usize>,
}

pub(crate) struct Component {
    pub(crate) input: Input,
    pub(crate) surface: Surface,
    wit: String,
}

impl Graph {
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut interfaces: Vec<Interface> = Vec::new();
        // Most graphs are small, so that many are tried.
        let most = rng.between(3, 12);
        let count = rng.between(2, most);
        for number in 0..rng.between(2, count + 2) {
            let interface = Interface::random(number, &interfaces, &mut rng);
            interfaces.push(interface);
        }
        let changed: Vec<usize> = match rng.below(2) {
            0 => Vec::new(),
            _ => (0..rng.between(1, 2)).map(|_| rng.below(count)).collect(),
        };
        let mut exported: Vec<usize> = Vec::new();
        let mut components = Vec::new();
        for index in 0..count {
            let imports = imports(&exported, interfaces.len(), &mut rng);
            let exports = exports(&interfaces, index + 1 == count, &mut rng);
            let mut known = interfaces.clone();
            if changed.contains(&index) {
                // A change counts when the component speaks of the interface.
                let spoken: Vec<usize> = imports.union(&exports).copied().collect();
                if !spoken.is_empty() {
                    known[*rng.pick(&spoken)].mutate(&mut rng);
                }
            }
            components.push(Component::new(index, &known, &imports, &exports));
            exported.extend(exports);
        }
        Self::wired(components, &mut rng)
    }

    /// Chooses an exporter for every import that has one; the plan says so where it could be another one, and sometimes
    /// where it could not.
    fn wired(components: Vec<Component>, rng: &mut Rng) -> Self {
        let mut all = BTreeMap::new();
        let socket = components.len() - 1;
        let mut plan = Plan { socket: Some(components[socket].input.name.clone()), ..Plan::default() };
        for (importer, component) in components.iter().enumerate() {
            for import in component.surface.imports.iter().filter(|item| item.kind != ItemKind::Type) {
                let ends: Vec<(usize, String)> = (0..components.len())
                    .filter(|exporter| *exporter != importer)
                    .filter_map(|exporter| {
                        let exports = &components[exporter].surface.exports;
                        let export = exports.iter().find(|item| fits(&import.name, &item.name))?;
                        Some((exporter, export.name.clone()))
                    })
                    .collect();
                if ends.is_empty() {
                    continue;
                }
                let below: Vec<(usize, String)> =
                    ends.iter().filter(|(exporter, _)| *exporter < importer).cloned().collect();
                // Most of what would close a circle stays open.
                if below.is_empty() && rng.chance(85) {
                    let importer = Some(component.input.name.clone());
                    plan.open.push(PlannedOpen { importer, import: import.name.clone() });
                    continue;
                }
                let choice = if below.is_empty() || rng.chance(3) { &ends } else { &below };
                let end = rng.pick(choice).clone();
                if ends.len() > 1 || rng.chance(30) {
                    plan.wires.push(PlannedWire {
                        importer: component.input.name.clone(),
                        import: import.name.clone(),
                        exporter: components[end.0].input.name.clone(),
                        export: None,
                    });
                }
                all.insert((importer, import.name.clone()), end);
            }
        }
        let mut in_use = BTreeSet::new();
        let mut pending = vec![socket];
        while let Some(index) = pending.pop() {
            if in_use.insert(index) {
                pending.extend(all.iter().filter(|((from, _), _)| *from == index).map(|(_, (to, _))| *to));
            }
        }
        all.retain(|(importer, _), _| in_use.contains(importer));
        Self { components, plan, wires: all, in_use }
    }

    pub(crate) fn inputs(&self) -> Vec<Input> {
        self.components.iter().map(|component| component.input.clone()).collect()
    }

    /// The component whose exports are exported: the last one.
    pub(crate) fn socket(&self) -> Option<usize> {
        self.components.len().checked_sub(1)
    }

    pub(crate) fn index(&self, name: &str) -> usize {
        self.components.iter().position(|component| component.input.name == name).unwrap()
    }

    /// All of it for the message of a failing test.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        for component in &self.components {
            text += &format!("// {}\n{}\n", component.input.name, component.wit);
        }
        for ((importer, import), (exporter, export)) in &self.wires {
            text += &format!("// c{importer}: {import} <- c{exporter}: {export}\n");
        }
        text + &format!("// plan: {:?}\n", self.plan)
    }
}

impl Component {
    fn new(index: usize, known: &[Interface], imports: &BTreeSet<usize>, exports: &BTreeSet<usize>) -> Self {
        let mut wit = String::from("package demo:it;\nworld it {\n");
        for number in imports {
            wit += &known[*number].item("import");
        }
        for number in exports {
            wit += &known[*number].item("export");
        }
        wit += "}\n";
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        let mut pending: Vec<usize> = imports.union(exports).copied().collect();
        while let Some(number) = pending.pop() {
            if known[number].kind == Kind::Named && needed.insert(number) {
                pending.extend(known[number].used());
            }
        }
        for number in needed {
            wit += &known[number].package(known);
        }
        let bytes = from_wit(&wit, "it");
        let surface = decode(&bytes).unwrap_or_else(|error| panic!("{error}\n{wit}"));
        Self { input: Input { name: format!("c{index}"), bytes: bytes.into() }, surface, wit }
    }
}

/// Mostly what the components before export, and sometimes what nobody does.
fn imports(exported: &[usize], interfaces: usize, rng: &mut Rng) -> BTreeSet<usize> {
    (0..rng.between(0, 3))
        .map(
            |_| {
                if exported.is_empty() || rng.chance(15) {
                    rng.below(interfaces)
                } else {
                    *rng.pick(exported)
                }
            },
        )
        .collect()
}

/// The exports of one component; what they use is exported as well, or left to be imported.
fn exports(interfaces: &[Interface], is_socket: bool, rng: &mut Rng) -> BTreeSet<usize> {
    let mut exports: BTreeSet<usize> =
        (0..rng.between(usize::from(!is_socket), 2)).map(|_| rng.below(interfaces.len())).collect();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut pending: Vec<usize> = exports.iter().copied().collect();
    while let Some(number) = pending.pop() {
        pending.extend(interfaces[number].used().filter(|number| used.insert(*number)));
    }
    // A component exports all of them or none: WIT has no way to say that only some are its own.
    if rng.chance(50) {
        exports.extend(used);
    } else {
        exports.retain(|number| !used.contains(number));
    }
    exports
}
