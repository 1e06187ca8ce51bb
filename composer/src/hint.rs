//! What to do about each error.

use wkit_interface::InterfaceParts;

use crate::error::{
    Ambiguity, ComposeError, NearMiss, OpenImportNeedsInner, ResourceMismatch, ResourceSource, WireMismatch,
};

impl ComposeError {
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
            Self::UnknownExport { import, known, .. } => near(import, known)
                .map(|near| format!("`{near}` has another name or version; build both against the same one"))
                .unwrap_or_else(|| format!("wire a component that exports `{import}`")),
            Self::DuplicateWire { .. } => "remove one of the two wires".to_owned(),
            Self::AmbiguousSocket { near, .. } if !near.is_empty() => {
                let NearMiss { importer, import, exporter, .. } = near.first()?;
                let package = package(import);
                format!("build `{importer}` and `{exporter}` against one version of `{package}`, or name the socket")
            }
            Self::AmbiguousSocket { candidates, .. } => {
                let first = candidates.first()?;
                format!("say which one, for example `socket = \"{first}\"` in `[compose]` of wkit.toml")
            }
            Self::AmbiguousExporter(ambiguities) => wires_hint(ambiguities)?,
            Self::TypeMismatch(wires) => mismatch_hint(wires.first()?),
            Self::Cycle(steps) => {
                let step = steps.last()?;
                format!(
                    "a component is whole only after what it needs; take `{}` out of `{}`, or wire it to a component outside the circle",
                    step.import, step.importer
                )
            }
            Self::ResourceMismatch(mismatch) => {
                let ResourceMismatch {
                    interface, importer, importer_source, exporter, exporter_source, ..
                } = &**mismatch;
                let imports_it =
                    matches!(exporter_source, ResourceSource::Component { name, .. } if name != exporter);
                match importer_source {
                    _ if imports_it => format!(
                        "fill `{interface}` of `{importer}` and of `{exporter}` with one instance that both share"
                    ),
                    ResourceSource::Outside { .. } => {
                        format!("`{exporter}` must export `{interface}` as well, so that both sides use its resource")
                    }
                    ResourceSource::Component { name, .. } => format!(
                        "let `{exporter}` import `{interface}` (it then gets it from `{name}`), or wire both imports to one component"
                    ),
                }
            }
            Self::OpenImportNeedsInner(open) => {
                let OpenImportNeedsInner { import, interface, .. } = &**open;
                format!("add a component that exports `{import}` and imports `{interface}`")
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
            Self::Incomplete(open) => {
                let name = &open.first()?.name;
                format!("add a component that exports `{name}`, or allow the import to stay open: `{}`", package_pattern(name))
            }
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

/// The wires to write, with the first exporter of each as the example.
fn wires_hint(ambiguities: &[Ambiguity]) -> Option<String> {
    let wires: Vec<String> = ambiguities
        .iter()
        .filter_map(|Ambiguity { importer, import, exporters }| {
            let (exporter, export) = exporters.first()?;
            // Of several exports of one instance, the wire has to name one.
            let several = exporters.iter().filter(|(name, _)| name == exporter).count() > 1;
            let export = if several { format!(", export = \"{export}\"") } else { String::new() };
            Some(format!(
                "{{ importer = \"{importer}\", import = \"{import}\", exporter = \"{exporter}\"{export} }}"
            ))
        })
        .collect();
    if wires.is_empty() {
        return None;
    }
    Some(format!("choose in `[compose]` of wkit.toml, for example: wires = [{}]", wires.join(", ")))
}

pub(crate) fn mismatch_hint(wire: &WireMismatch) -> String {
    let WireMismatch { importer, import, exporter, export, .. } = wire;
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
    format!("build `{importer}` and `{exporter}` from the same WIT of `{package}`")
}

fn package(interface: &str) -> String {
    InterfaceParts::parse(interface)
        .map_or_else(|| interface.to_owned(), |parts| format!("{}:{}", parts.namespace, parts.package))
}

/// The pattern that means all interfaces of a package; a plain name means itself.
fn package_pattern(name: &str) -> String {
    InterfaceParts::parse(name)
        .map_or_else(|| name.to_owned(), |parts| format!("{}:{}/*", parts.namespace, parts.package))
}

/// The known name that is nearest to `name`, when it is near enough to be meant.
pub(crate) fn near<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let distance = |known: &String| {
        // A name without a version is compared with names without theirs.
        let known = if name.contains('@') { known } else { known.split('@').next().unwrap_or(known) };
        edit_distance(name, known)
    };
    let best = known.iter().min_by_key(|known| distance(known))?;
    let without_version = |name: &str| name.split('@').next().unwrap_or(name).to_owned();
    let same_interface = name.contains('/') && without_version(name) == without_version(best);
    (same_interface || distance(best) <= 2.max(name.len() / 4)).then_some(best.as_str())
}

/// The Levenshtein distance in characters, on the first 200 of them.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(200).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().take(200).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(row[column + 1] + 1);
        }
    }
    row[right.len()]
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
        assert_eq!(near("something-else", &known), None);
        assert_eq!(near("x", &[]), None);
    }
}
