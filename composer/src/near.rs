//! Imports that nothing fills although something almost fits, and what would make it fit.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::Serialize;
use wkit_interface::{InterfaceParts, Item, ItemKind, Mismatch, mismatches, nearest};

use crate::hint::wires_line;
use crate::instances::{Index, Instance};
use crate::plan::PlannedWire;
use crate::plug::{Choices, path};

/// The most near misses that are told of one import.
const SHOWN_MAX: usize = 3;

/// An import that stays open although another instance exports something that is almost the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// The instance with the import.
    pub importer: String,
    /// The import.
    pub import: String,
    /// The instance that exports something like it.
    pub exporter: String,
    /// Its export.
    pub export: String,
    /// In what they are apart.
    pub gap: Gap,
    /// In what their types differ; none when the export could fill the import, were it wired by hand.
    pub mismatches: Vec<Mismatch>,
}

/// In what an import and an export that almost fit are apart, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Gap {
    /// The same interface, in versions that do not stand in for each other.
    Version,
    /// A name that is a few letters away.
    Spelling,
    /// An interface of the same name in another package.
    Package,
    /// The one has a plain name, the other that of an interface.
    PlainName,
    /// The one is a function, the other an interface that has it.
    BareFunction,
}

impl NearMiss {
    /// Whether the export could fill the import, were it wired by hand.
    pub fn fits(&self) -> bool {
        self.mismatches.is_empty() && self.gap != Gap::BareFunction
    }

    /// The wire that fills the import, when the types fit.
    pub fn wire(&self) -> Option<PlannedWire> {
        self.fits().then(|| PlannedWire {
            importer: self.importer.clone(),
            import: self.import.clone(),
            exporter: self.exporter.clone(),
            export: Some(self.export.clone()),
        })
    }

    /// The one step that most likely helps.
    pub fn hint(&self) -> String {
        let Self { importer, import, exporter, export, .. } = self;
        if let Some(wire) = self.wire() {
            return format!("the types fit, so it can be wired by hand: {}", wires_line(&[wire]));
        }
        match self.gap {
            Gap::BareFunction if import.contains('/') => {
                format!("let `{exporter}` export the interface `{import}` in place of its functions")
            }
            Gap::BareFunction => {
                format!("let `{importer}` import the interface `{export}` in place of `{import}`")
            }
            Gap::Version => {
                let package = package(import);
                format!("build `{importer}` and `{exporter}` against one version of `{package}`")
            }
            Gap::Spelling | Gap::Package | Gap::PlainName => {
                format!(
                    "if `{export}` is meant, let `{importer}` import it from the WIT that `{exporter}` was built with"
                )
            }
        }
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { importer, import, exporter, export, gap, .. } = self;
        write!(formatter, "`{importer}` imports `{import}`, but `{exporter}` exports `{export}`")?;
        match gap {
            Gap::Version => {
                if let (Some(asked), Some(given)) = (version(import), version(export)) {
                    write!(formatter, " ({given} does not stand in for {asked})")?;
                }
            }
            Gap::Spelling | Gap::Package | Gap::PlainName => {}
            Gap::BareFunction if import.contains('/') => write!(formatter, ", one of its functions")?,
            Gap::BareFunction => write!(formatter, ", an interface with that function")?,
        }
        for mismatch in self.mismatches.iter().take(SHOWN_MAX) {
            write!(formatter, "\n    {}", crate::error::mismatch_line(mismatch, importer, exporter))?;
        }
        match self.mismatches.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => write!(formatter, "\n    and {more} more differences"),
        }
    }
}

fn version(name: &str) -> Option<&str> {
    name.split_once('@').map(|(_, version)| version)
}

pub(crate) fn package(interface: &str) -> String {
    InterfaceParts::parse(interface)
        .map_or_else(|| interface.to_owned(), |parts| format!("{}:{}", parts.namespace, parts.package))
}

/// The imports of the given instances that nothing fills, though another instance has something like it.
pub(crate) fn near_misses(
    instances: &[Instance<'_>],
    choices: &Choices,
    importers: &[Index],
) -> Vec<NearMiss> {
    let exports = Exports::new(instances);
    let mut all = Vec::new();
    for importer in importers {
        for import in instances[*importer].needs() {
            let key = (*importer, import.name.clone());
            if choices.candidates.contains_key(&key) || choices.open.contains(&key) {
                continue;
            }
            let mut misses = Vec::new();
            for (exporter, export) in exports.like(import) {
                let Some(gap) = gap(import, export) else { continue };
                if exporter == *importer || fills_another(choices, *importer, exporter, export) {
                    continue;
                }
                let miss = miss(&instances[*importer], import, &instances[exporter], export, gap);
                misses.extend(Some(miss).filter(is_worth_telling));
            }
            misses.sort_by_key(|miss| (miss.gap, !miss.fits(), miss.exporter.clone()));
            let nearest = misses.first().map(|miss| miss.gap);
            misses.retain(|miss| Some(miss.gap) == nearest);
            misses.truncate(SHOWN_MAX);
            all.extend(misses);
        }
    }
    all
}

/// All exports by what an import may have in common with them, so that hundreds of instances are no matter.
struct Exports<'a> {
    list: Vec<(Index, &'a Item)>,
    /// By the last word of an interface, by a plain name, and by the functions of an interface.
    by_word: HashMap<&'a str, Vec<usize>>,
    by_package: HashMap<(&'a str, &'a str), Vec<usize>>,
    plain: Vec<usize>,
}

impl<'a> Exports<'a> {
    fn new(instances: &[Instance<'a>]) -> Self {
        let mut exports =
            Self { list: Vec::new(), by_word: HashMap::new(), by_package: HashMap::new(), plain: Vec::new() };
        for (exporter, instance) in instances.iter().enumerate() {
            for item in &instance.surface().exports {
                let place = exports.list.len();
                exports.list.push((exporter, item));
                if let Some(parts) = &item.parts {
                    exports.by_word.entry(&parts.interface).or_default().push(place);
                    let package = (parts.namespace.as_str(), parts.package.as_str());
                    exports.by_package.entry(package).or_default().push(place);
                } else {
                    exports.by_word.entry(&item.name).or_default().push(place);
                    exports.plain.push(place);
                }
                for function in item.functions.iter().filter(|function| function.name != item.name) {
                    exports.by_word.entry(&function.name).or_default().push(place);
                }
            }
        }
        exports
    }

    /// What may have something to do with `import`, each once, in the order of the instances.
    fn like(&self, import: &Item) -> Vec<(Index, &'a Item)> {
        let mut places: BTreeSet<usize> = BTreeSet::new();
        let word = |word: &str| self.by_word.get(word).into_iter().flatten().copied();
        if let Some(parts) = &import.parts {
            places.extend(word(&parts.interface));
            let package = (parts.namespace.as_str(), parts.package.as_str());
            places.extend(self.by_package.get(&package).into_iter().flatten());
            if let [function] = import.functions.as_slice() {
                places.extend(word(&function.name));
            }
        } else {
            places.extend(word(&import.name));
            places.extend(&self.plain);
        }
        places.into_iter().map(|place| self.list[place]).collect()
    }
}

/// An export that has its place already is not what another import of that instance misses.
fn fills_another(choices: &Choices, importer: Index, exporter: Index, export: &Item) -> bool {
    let wires = choices.candidates.range((importer, String::new())..(importer + 1, String::new()));
    wires.flat_map(|(_, ends)| ends).any(|end| end.exporter == exporter && end.export == export.name)
}

fn miss(
    importer: &Instance<'_>,
    import: &Item,
    exporter: &Instance<'_>,
    export: &Item,
    gap: Gap,
) -> NearMiss {
    let mismatches = match gap {
        Gap::BareFunction => Vec::new(),
        _ => mismatches(importer.surface(), &import.name, exporter.surface(), &export.name),
    };
    NearMiss {
        importer: importer.name.clone(),
        import: import.name.clone(),
        exporter: exporter.name.clone(),
        export: export.name.clone(),
        gap,
        mismatches,
    }
}

/// Names such as `types` stand in many packages; the same one elsewhere means something only when the types say so, or
/// when the package has the same name too.
fn is_worth_telling(miss: &NearMiss) -> bool {
    let same_package = || {
        let parts = (InterfaceParts::parse(&miss.import), InterfaceParts::parse(&miss.export));
        matches!(parts, (Some(import), Some(export)) if import.package == export.package)
    };
    miss.gap != Gap::Package || miss.fits() || same_package()
}

fn gap(import: &Item, export: &Item) -> Option<Gap> {
    let is_function = |item: &Item| item.kind == ItemKind::Function;
    if is_function(import) != is_function(export) {
        let (function, interface) = if is_function(import) { (import, export) } else { (export, import) };
        let known = interface.functions.iter().find(|known| known.name == function.name)?;
        let same = known.signature == function.functions.first()?.signature;
        // An interface is more than one of its functions: all of them have to be there to speak of a near miss.
        let whole = is_function(import) || interface.functions.len() == 1;
        return (same && whole && interface.resources.is_empty()).then_some(Gap::BareFunction);
    }
    match (&import.parts, &export.parts) {
        (Some(asked), Some(given)) => {
            if path(import) == path(export) {
                return Some(Gap::Version);
            }
            let is_slip = |asked: &str, given: &str| nearest(asked, [given]).is_some();
            let (namespace, package, interface) = (
                asked.namespace == given.namespace,
                asked.package == given.package,
                asked.interface == given.interface,
            );
            match (namespace, package, interface) {
                (true, true, false) => is_slip(&asked.interface, &given.interface).then_some(Gap::Spelling),
                (true, false, true) if is_slip(&asked.package, &given.package) => Some(Gap::Spelling),
                (false, true, true) if is_slip(&asked.namespace, &given.namespace) => Some(Gap::Spelling),
                (_, _, true) if has_functions(import) => Some(Gap::Package),
                _ => None,
            }
        }
        (None, None) => nearest(&import.name, [export.name.as_str()]).map(|_| Gap::Spelling),
        (Some(parts), None) | (None, Some(parts)) => {
            let plain = if import.parts.is_none() { &import.name } else { &export.name };
            (parts.interface == *plain && has_functions(import)).then_some(Gap::PlainName)
        }
    }
}

fn has_functions(item: &Item) -> bool {
    !item.functions.is_empty() || item.resources.iter().any(|resource| !resource.functions.is_empty())
}
