//! Takes a composition apart into its components and a script of the wac language that composes them again.

mod error;
mod script;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use serde::Serialize;
use wkit_artifact::Digest;
use wkit_interface::fits;

use crate::graph::name;
use crate::limits::GRAPH_NESTING_MAX;
use crate::structure::{self, Reference, Sort, Step, Structure};

pub use error::ExplodeError;

/// The namespace of the packages that a script of [`explode`] asks for.
pub const PARTS_NAMESPACE: &str = "parts";

/// A composition in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exploded {
    /// A script of the wac language that composes the parts again.
    pub script: String,
    /// The components, each once, in the order of the binary.
    pub parts: Vec<ExplodedPart>,
    /// Instances whose names the language cannot say, each with the name that it has in the script.
    pub renamed: Vec<(String, String)>,
    /// How many instances have no name in the composition; in the script they have one.
    pub named: usize,
}

/// A component of a composition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplodedPart {
    /// Its name: the script asks for the package `parts:NAME`.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
    /// The component in binary form.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl ExplodedPart {
    /// The package that the script asks for.
    pub fn package(&self) -> String {
        format!("{PARTS_NAMESPACE}:{}", self.name)
    }
}

/// Takes the composition `bytes` apart, which is called `name`. What is composed inside it stays whole, and can be
/// taken apart by itself.
///
/// Composing the script gives the same bytes when wkit made the composition, with names that the language can say. For
/// those of other tools it gives an equal component, whose own script is this one again.
///
/// # Errors
///
/// The component is no composition, or has something that no script can say; see [`ExplodeError`].
pub fn explode(name: &str, bytes: &[u8]) -> Result<Exploded, ExplodeError> {
    let structure = structure::read(bytes)?;
    if structure.is_wit_package() {
        return Err(ExplodeError::WitPackage);
    }
    if !structure.is_composition {
        return Err(ExplodeError::NotComposed);
    }
    let mut reader = Reader {
        bytes,
        structure: &structure,
        spaces: BTreeMap::new(),
        parts: Vec::new(),
        by_digest: HashMap::new(),
        part_names: HashSet::new(),
        instances: Vec::new(),
        instance_names: HashSet::new(),
        renamed: Vec::new(),
        named: 0,
        exports: Vec::new(),
    };
    for step in &structure.steps {
        reader.step(step)?;
    }
    let script = script::write(name, &reader.instances, &reader.exports);
    Ok(Exploded { script, parts: reader.parts, renamed: reader.renamed, named: reader.named })
}

/// What an index of the composition stands for, as far as a script can say it.
#[derive(Debug, Clone)]
enum Item {
    Import(String),
    /// An instance, by position.
    Instance(usize),
    /// An export of an item, and how deep it is.
    Access(Rc<Item>, String, usize),
    /// A component inside, by its place.
    Component(usize),
    /// A component that is imported.
    Foreign(String),
    Unsaid(Unsaid),
}

/// What no script can say.
#[derive(Debug, Clone, Copy)]
enum Unsaid {
    Code,
    Bundle,
    Type,
}

/// An instance as the script makes it.
struct Instance {
    name: String,
    /// The package.
    package: String,
    /// What fills its imports, in the order of the script.
    arguments: Vec<(String, Item)>,
    /// Whether some imports are left to those of the composition.
    is_open: bool,
}

/// An export as the script makes it.
struct Exported {
    name: String,
    item: Item,
}

struct Reader<'a> {
    bytes: &'a [u8],
    structure: &'a Structure<'a>,
    spaces: BTreeMap<&'static str, Vec<Item>>,
    parts: Vec<ExplodedPart>,
    by_digest: HashMap<Digest, usize>,
    part_names: HashSet<String>,
    instances: Vec<Instance>,
    instance_names: HashSet<String>,
    renamed: Vec<(String, String)>,
    named: usize,
    exports: Vec<Exported>,
}

impl Reader<'_> {
    fn step(&mut self, step: &Step<'_>) -> Result<(), ExplodeError> {
        match step {
            Step::Import(import) => {
                let name = import.name.to_owned();
                let is_component = import.sort == Sort::Component;
                self.push(import.sort, if is_component { Item::Foreign(name) } else { Item::Import(name) });
            }
            Step::Component(place) => self.push(Sort::Component, Item::Component(*place)),
            Step::Module => self.push(Sort::Module, Item::Unsaid(Unsaid::Code)),
            Step::Lift => self.push(Sort::Func, Item::Unsaid(Unsaid::Code)),
            Step::Lower(_) => return Err(ExplodeError::OwnCode),
            Step::Type => self.push(Sort::Type, Item::Unsaid(Unsaid::Type)),
            Step::Outer { sort, .. } => self.push(*sort, Item::Unsaid(Unsaid::Type)),
            Step::Bundle(_) => self.push(Sort::Instance, Item::Unsaid(Unsaid::Bundle)),
            Step::Alias { sort, instance, name } => {
                check_name(name)?;
                let of = self.get(Sort::Instance, *instance)?;
                let depth = if let Item::Access(_, _, depth) = &of { depth + 1 } else { 1 };
                if depth > GRAPH_NESTING_MAX {
                    return Err(ExplodeError::TooDeep);
                }
                let item = match of {
                    Item::Unsaid(unsaid) => Item::Unsaid(unsaid),
                    of => Item::Access(Rc::new(of), (*name).to_owned(), depth),
                };
                self.push(*sort, item);
            }
            Step::Instantiate { component, arguments } => self.instantiate(*component, arguments)?,
            Step::Export(export) => {
                let item = self.get(export.sort, export.index)?;
                self.push(export.sort, item.clone());
                self.export(export, item)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, sort: Sort, item: Item) {
        self.spaces.entry(sort.desc()).or_default().push(item);
    }

    fn get(&self, sort: Sort, index: u32) -> Result<Item, ExplodeError> {
        let space = self.spaces.get(sort.desc());
        let item = space.and_then(|space| space.get(index as usize));
        item.cloned().ok_or_else(|| ExplodeError::Damaged { what: sort.desc() })
    }

    fn instantiate(&mut self, component: u32, arguments: &[Reference<'_>]) -> Result<(), ExplodeError> {
        let place = match self.get(Sort::Component, component)? {
            Item::Component(place) => place,
            Item::Foreign(import) => return Err(ExplodeError::Foreign { import }),
            _ => return Err(ExplodeError::OwnComponent),
        };
        let structure = &self.structure.components[place];
        let index = self.spaces.get(Sort::Instance.desc()).map_or(0, Vec::len);
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let stated = self.structure.instance_names.get(&index).map(|name| (*name).to_owned());
        let component_name = self.structure.component_names.get(&component).copied().or(structure.name);
        let given = stated.clone().or_else(|| component_name.map(str::to_owned));
        let given = given.unwrap_or_else(|| name::from_exports(structure));
        let name = self.name(stated, &given);
        let package = self.part(structure, component_name.unwrap_or(&given));
        let mut instance = Instance { name, package, arguments: Vec::new(), is_open: false };
        // Explicit arguments stand in the binary in the reverse order of that in which they were given.
        for argument in arguments.iter().rev() {
            check_name(argument.name)?;
            match self.get(argument.sort, argument.index)? {
                Item::Import(import) if fits(argument.name, &import) => instance.is_open = true,
                Item::Import(import) => {
                    let argument = argument.name.to_owned();
                    return Err(ExplodeError::RenamedImport { instance: instance.name, argument, import });
                }
                Item::Unsaid(unsaid) => {
                    return Err(unsaid.of(format!("`{}` of `{}`", argument.name, instance.name)));
                }
                // Types that other imports speak of come along with them.
                item if argument.sort == Sort::Type && item.is_of_import() => instance.is_open = true,
                item if item.is_of_import() => {
                    let (argument, import) = (argument.name.to_owned(), item.import());
                    return Err(ExplodeError::RenamedImport { instance: instance.name, argument, import });
                }
                item => instance.arguments.push((argument.name.to_owned(), item)),
            }
        }
        self.push(Sort::Instance, Item::Instance(self.instances.len()));
        self.instances.push(instance);
        Ok(())
    }

    /// A name for an instance that the language can say.
    fn name(&mut self, stated: Option<String>, given: &str) -> String {
        let name = words::unique(&words::identifier(given), &mut self.instance_names);
        match stated {
            Some(stated) if stated != name => self.renamed.push((stated, name.clone())),
            Some(_) => {}
            None => self.named += 1,
        }
        name
    }

    /// The package of a component: a new part, or the one of the same bytes.
    fn part(&mut self, structure: &Structure<'_>, given: &str) -> String {
        let bytes = self.bytes.get(structure.range.clone()).unwrap_or_default();
        let digest = Digest::sha256(bytes);
        if let Some(known) = self.by_digest.get(&digest) {
            return self.parts[*known].package();
        }
        let name = words::unique(&words::identifier(given).to_lowercase(), &mut self.part_names);
        self.by_digest.insert(digest.clone(), self.parts.len());
        let part = ExplodedPart { name, digest, bytes: bytes.to_vec() };
        let package = part.package();
        self.parts.push(part);
        package
    }

    fn export(&mut self, export: &Reference<'_>, item: Item) -> Result<(), ExplodeError> {
        check_name(export.name)?;
        let name = export.name.to_owned();
        match item {
            Item::Instance(_) => {}
            Item::Unsaid(unsaid) => return Err(unsaid.of(format!("the export `{name}`"))),
            item if item.is_of_import() => {
                return Err(ExplodeError::ExportedImport { name, import: item.import() });
            }
            Item::Access(..) => {}
            _ => return Err(ExplodeError::OwnComponent),
        }
        self.exports.push(Exported { name, item });
        Ok(())
    }
}

/// Strings of the language end at the next quote, whatever stands before it.
fn check_name(name: &str) -> Result<(), ExplodeError> {
    match name.contains(|c: char| c == '"' || c == '\\' || c.is_control()) {
        true => Err(ExplodeError::Name { name: name.to_owned() }),
        false => Ok(()),
    }
}

impl Item {
    fn is_of_import(&self) -> bool {
        let mut item = self;
        while let Item::Access(of, ..) = item {
            item = of;
        }
        matches!(item, Item::Import(_))
    }

    /// The import that it is, or an export of.
    fn import(&self) -> String {
        let mut item = self;
        while let Item::Access(of, ..) = item {
            item = of;
        }
        match item {
            Item::Import(name) => name.clone(),
            _ => String::new(),
        }
    }
}

impl Unsaid {
    fn of(self, used_as: String) -> ExplodeError {
        match self {
            Unsaid::Code => ExplodeError::OwnCode,
            Unsaid::Bundle => ExplodeError::Bundle { used_as },
            Unsaid::Type => ExplodeError::OwnType { used_as },
        }
    }
}
