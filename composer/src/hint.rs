//! What to do about each error.

use wkit_interface::{InterfaceParts, Mismatch, nearest};

use crate::error::{
    Ambiguity, ComposeError, ExportNeedsInner, OpenImportNeedsInner, ResourceMismatch, ResourceSource,
    WireMismatch,
};
use crate::near::{NearMiss, package};
use crate::plan::PlannedWire;

impl ComposeError {
    /// The wires that would help, for whoever writes them in another way than `wkit.toml`; [`ComposeError::hint`] speaks
    /// of the same.
    pub fn wires(&self) -> Vec<PlannedWire> {
        match self {
            Self::AmbiguousExporter(ambiguities) => example_wires(ambiguities),
            Self::ResourceMismatch(mismatch) => resource_wire(mismatch),
            Self::AmbiguousSocket { near, .. } | Self::Incomplete { near, .. } => {
                near.first().and_then(NearMiss::wire).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The one step that most likely helps, for a line that begins with `hint:`.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoInputs => "name at least one component file".to_owned(),
            Self::TooManyInputs { .. } | Self::TooLarge { .. } => {
                "compose in steps: a composition is a component and can be composed again".to_owned()
            }
            Self::DuplicateName { name } => {
                format!("give one of them another name; to use one component twice, name it `{name}-1` and `{name}-2`")
            }
            Self::Decode { source, .. } => decode_hint(source),
            Self::WitPackage { .. } => "compose the component that implements the package".to_owned(),
            Self::UnknownComponent { name, known, .. } => near(name, known)
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| "use one of these names".to_owned()),
            Self::UnknownImport { import, known, .. } => near(import, known)
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| "remove the wire, or name one of these imports".to_owned()),
            Self::AmbiguousImport { matches, .. } => {
                format!("name one of them, for example `{}`", matches.first()?)
            }
            Self::UnknownExport { importer, import, exporter, known } => match near(import, known) {
                Some(near) if package(near) == package(import) => format!(
                    "build `{importer}` and `{exporter}` against one version of `{}`, or name the export in the wire: export = \"{near}\"",
                    package(import)
                ),
                Some(near) => format!("if `{near}` is meant, name it in the wire: export = \"{near}\""),
                None => format!("wire a component that exports `{import}`"),
            },
            Self::DuplicateWire { .. } => "remove one of the two wires".to_owned(),
            Self::AmbiguousSocket { near, .. } if !near.is_empty() => {
                format!("{}, or name the socket", near.first()?.hint())
            }
            Self::AmbiguousSocket { candidates, .. } => {
                let first = candidates.first()?;
                format!("say which one, for example `socket = \"{first}\"` in `[compose]` of wkit.toml")
            }
            Self::AmbiguousExporter(_) => {
                format!("choose in `[compose]` of wkit.toml, for example: {}", wires_line(&self.wires()))
            }
            Self::TypeMismatch(wire) => mismatch_hint(wire),
            Self::Cycle(steps) => {
                let step = steps.last()?;
                format!(
                    "a component is whole only after what it needs; take `{}` out of `{}`, or wire it to a component outside the circle",
                    step.import, step.importer
                )
            }
            Self::ResourceMismatch(mismatch) => {
                resource_hint(mismatch)
            }
            Self::OpenImportNeedsInner(open) => {
                let OpenImportNeedsInner { import, interface, .. } = &**open;
                format!("add a component that exports `{import}` and imports `{interface}`")
            }
            Self::ExportNeedsInner(inner) => {
                let ExportNeedsInner { interface, exporter, .. } = &**inner;
                format!("export that too, in `[compose]` of wkit.toml or with: --export '*' --export {exporter}.{interface}")
            }
            Self::ImportConflict(conflict) => {
                format!("build both against the same version of `{}`", package(&conflict.first_import))
            }
            Self::TooManyInstances { .. } => {
                "share more of them, or compose in steps: a composition is a component".to_owned()
            }
            Self::InstanceName { name } => format!("name it `{}`", name.replace('/', "-").trim_matches('-')),
            Self::DuplicateInstance { name } => format!("name one of them `{name}-2`"),
            Self::NoSuchExport { export, known, .. } => near(export, known)
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| "name one of these exports".to_owned()),
            Self::AmbiguousExport { matches, .. } => {
                format!("say which one, for example `{}`", matches.first()?)
            }
            Self::ExportName { .. } => {
                "names are words joined by `-`, such as `my-log`, or interfaces such as `demo:log/log@0.1.0`".to_owned()
            }
            Self::DuplicateExport { name, .. } => {
                format!("export one of them under another name than `{name}`, or not at all")
            }
            Self::OpenAndWired { .. } => "remove the wire, or let the import not stay open".to_owned(),
            Self::NothingToOpen { import, known, .. } => near(import, known)
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| "name one of these imports, or a beginning such as `wasi:*`".to_owned()),
            Self::Incomplete { near, .. } if !near.is_empty() => near.first()?.hint(),
            Self::Incomplete { open, .. } => {
                let name = &open.first()?.name;
                format!("add a component that exports `{name}`, or allow the import to stay open: `{}`", package_pattern(name))
            }
            Self::Read { .. } => "compose again when nothing writes the file any more".to_owned(),
            Self::Encode { .. } => {
                "compose fewer components to find the one that causes this, and look at it with `wkit inspect`".to_owned()
            }
        })
    }
}

pub(crate) fn decode_hint(source: &wkit_interface::DecodeError) -> String {
    use wkit_interface::DecodeError;
    match source {
        DecodeError::CoreModule => {
            "make a component of it with `wkit build`, or with `wasm-tools component new`".to_owned()
        }
        DecodeError::Truncated { .. } | DecodeError::Empty => "build or download the file again".to_owned(),
        DecodeError::UnsupportedFeature { .. } => "build it without that feature".to_owned(),
        _ => "check the path: a component in binary form is needed".to_owned(),
    }
}

/// Wires as they are written in `[compose]` of `wkit.toml`.
pub(crate) fn wires_line(wires: &[PlannedWire]) -> String {
    let wires: Vec<String> = wires
        .iter()
        .map(|PlannedWire { importer, import, exporter, export }| {
            let export = export.as_ref().map(|export| format!(", export = \"{export}\"")).unwrap_or_default();
            format!(
                "{{ importer = \"{importer}\", import = \"{import}\", exporter = \"{exporter}\"{export} }}"
            )
        })
        .collect();
    format!("wires = [{}]", wires.join(", "))
}

/// The wires to write where several could fill an import, with the first exporter of each as the example.
fn example_wires(ambiguities: &[Ambiguity]) -> Vec<PlannedWire> {
    let example = |Ambiguity { importer, import, exporters }: &Ambiguity| {
        let (exporter, export) = exporters.first()?;
        let again = exporters.iter().filter(|(name, _)| name == exporter).count() > 1;
        Some(PlannedWire {
            importer: importer.clone(),
            import: import.clone(),
            exporter: exporter.clone(),
            export: again.then(|| export.clone()),
        })
    };
    ambiguities.iter().filter_map(example).collect()
}

pub(crate) fn mismatch_hint(wire: &WireMismatch) -> String {
    let WireMismatch { importer, import, exporter, export, mismatches } = wire;
    let versions = (InterfaceParts::parse(import), InterfaceParts::parse(export));
    let package = package(import);
    if let (Some(asked), Some(given)) = versions
        && let (Some(asked), Some(given)) = (asked.version, given.version)
    {
        if given < asked {
            return format!("`{exporter}` has the older {given}: build it against {asked} of `{package}`");
        }
        if asked < given {
            return format!(
                "`{importer}` was built against the older {asked}: build it against {given} of `{package}`"
            );
        }
    }
    if let Some(hint) = resource_of_another(wire) {
        return hint;
    }
    let lacks = |mismatch: &Mismatch| mismatch.found == "nothing" && mismatch.similar.is_none();
    if mismatches.iter().all(lacks) {
        return format!(
            "let `{exporter}` export that too, or build `{importer}` without it, from the WIT of `{package}` that `{exporter}` has"
        );
    }
    if mismatches.iter().all(|mismatch| turned_async(&mismatch.expected, &mismatch.found)) {
        return format!(
            "an `async func` and a `func` do not stand in for each other: write the same in the WIT of both and build `{importer}` or `{exporter}` again"
        );
    }
    format!("build `{importer}` and `{exporter}` from the same WIT of `{package}`")
}

/// Both sides get the resource from the exporter when it has one; else the exporter has to take it from where the
/// importer does.
fn resource_hint(mismatch: &ResourceMismatch) -> String {
    let ResourceMismatch { interface, importer, exporter, importer_source, exporter_source, .. } = mismatch;
    match (importer_source, exporter_source) {
        (_, ResourceSource::Component { name, .. }) if name == exporter => {
            format!("let `{importer}` get both from `{exporter}`: {}", wires_line(&resource_wire(mismatch)))
        }
        (_, ResourceSource::Component { .. }) => {
            format!(
                "fill `{interface}` of `{importer}` and of `{exporter}` with one instance that both share"
            )
        }
        (ResourceSource::Component { name, .. }, _) => {
            format!("let `{exporter}` get it from `{name}` too: {}", wires_line(&resource_wire(mismatch)))
        }
        _ => format!("let `{importer}` and `{exporter}` get `{interface}` from one component"),
    }
}

/// The wire after which both sides get the resource from one place, where one wire does that.
fn resource_wire(mismatch: &ResourceMismatch) -> Vec<PlannedWire> {
    let ResourceMismatch { interface, importer, exporter, importer_source, exporter_source, .. } = mismatch;
    let wire = |importer: &String, exporter: &String| {
        let (importer, exporter) = (importer.clone(), exporter.clone());
        vec![PlannedWire { importer, import: interface.clone(), exporter, export: None }]
    };
    match (importer_source, exporter_source) {
        (_, ResourceSource::Component { name, .. }) if name == exporter => wire(importer, exporter),
        (ResourceSource::Component { name, .. }, ResourceSource::Outside { .. }) => wire(exporter, name),
        _ => Vec::new(),
    }
}

/// A resource that the importer takes from an interface, and the exporter from another one or from nowhere.
fn resource_of_another(wire: &WireMismatch) -> Option<String> {
    let WireMismatch { importer, exporter, mismatches, .. } = wire;
    let home = |text: &str| text.split_once(" of `").map(|(_, home)| home.trim_end_matches('`').to_owned());
    let mismatch = mismatches.iter().find(|mismatch| mismatch.path.starts_with("resource `"))?;
    let (asked, given) = (home(&mismatch.expected)?, home(&mismatch.found)?);
    if package(&asked) == package(&given) && near(&asked, &[given]).is_some() {
        return Some(format!(
            "build `{importer}` and `{exporter}` against one version of `{}`",
            package(&asked)
        ));
    }
    Some(format!(
        "a resource is equal to nothing but itself: let `{exporter}` `use` the one of `{asked}` in place of its own, and import it"
    ))
}

/// Whether two signatures differ in nothing but `async`.
fn turned_async(expected: &str, found: &str) -> bool {
    let plain = |signature: &str| signature.replacen("async func", "func", 1);
    expected != found && plain(expected) == plain(found)
}

/// The pattern that means all interfaces of a package; a plain name means itself.
fn package_pattern(name: &str) -> String {
    InterfaceParts::parse(name)
        .map_or_else(|| name.to_owned(), |parts| format!("{}:{}/*", parts.namespace, parts.package))
}

/// The known name that is nearest to `name`, when it is near enough to be meant: another version, a slip in a part of it,
/// or the interface without its package.
pub(crate) fn near<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let path = |name: &'a str| name.split('@').next().unwrap_or(name);
    let asked = name.split('@').next().unwrap_or(name);
    let same_path = known.iter().find(|known| path(known) == asked);
    let same_interface = || {
        known.iter().find(|known| InterfaceParts::parse(known).is_some_and(|parts| parts.interface == asked))
    };
    let slip = || {
        let nearest = nearest(asked, known.iter().map(|known| path(known)))?;
        known.iter().find(|known| path(known) == nearest)
    };
    same_path.or_else(slip).or_else(same_interface).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn finds_what_was_meant() {
        let known: Vec<String> =
            ["cart", "checkout", "shop:orders/cart@0.1.0"].iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(near("crat", &known), Some("cart"));
        assert_eq!(near("chekout", &known), Some("checkout"));
        assert_eq!(near("shop:orders/cart@0.2.0", &known), Some("shop:orders/cart@0.1.0"));
        assert_eq!(near("shop:order/cart", &known), Some("shop:orders/cart@0.1.0"));
        assert_eq!(near("cart", &known[1..]), Some("shop:orders/cart@0.1.0"));
        assert_eq!(near("something-else", &known), None);
        assert_eq!(near("x", &[]), None);
    }
}
