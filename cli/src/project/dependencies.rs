//! `[dependencies]`: components that others have built, as inputs of the project's composition.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wkit_artifact::{Locator, PackageReference, Reference};

use crate::error::CommandError;
use crate::inputs::Place;
use crate::marks::{place_error, position};

/// A component, or a WIT package, that the project takes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Its name in the project.
    pub(crate) name: String,
    /// Where it comes from.
    pub(crate) source: DependencySource,
    /// Where in `wkit.toml` that is written.
    pub(crate) place: Place,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DependencySource {
    /// A package by a range of versions, or a reference.
    Registry(Locator),
    /// A file, as it is written: relative to the project's folder.
    File(PathBuf),
}

/// The value of one key of `[dependencies]`.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"namespace:name@range\", \"host/repository:tag\", or a table with one of `package`, `reference` and `path`"
)]
pub(super) enum DependencySection {
    Text(String),
    Table(DependencyTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DependencyTable {
    package: Option<String>,
    version: Option<String>,
    reference: Option<String>,
    path: Option<PathBuf>,
}

/// A text that is being read, for errors that show the line.
pub(super) struct Reading<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Reading<'_> {
    /// The dependency `name`, whose value is `section`, written at `span`.
    pub(super) fn dependency(
        &self,
        name: &str,
        section: DependencySection,
        span: Range<usize>,
    ) -> Result<Dependency, CommandError> {
        let source = match section {
            DependencySection::Text(text) => locator(&text),
            DependencySection::Table(table) => table.source(),
        };
        let source = source.map_err(|Refused { message, hint }| {
            place_error(self.path, self.text, Some(span.clone()), &message).maybe_hint(hint)
        })?;
        let (line, column) = position(self.text, span.start);
        let place = Place::File { path: self.path.to_owned(), line, column };
        Ok(Dependency { name: name.to_owned(), source, place })
    }
}

struct Refused {
    message: String,
    hint: Option<String>,
}

impl Refused {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

fn locator(text: &str) -> Result<DependencySource, Refused> {
    let parsed = text.parse::<Locator>().map(DependencySource::Registry);
    parsed.map_err(|error| {
        let ending = Path::new(text).extension().is_some_and(|ending| ending == "wasm");
        let refused = Refused::new(format!("not a dependency: {error}"));
        match ending {
            true => refused.hint(format!("a file is written like `{{ path = \"{text}\" }}`")),
            false => refused
                .hint("write it like `\"namespace:name@^1.2\"`, `\"host/repository:tag\"` or `{ path = \"file.wasm\" }`"),
        }
    })
}

impl DependencyTable {
    fn source(self) -> Result<DependencySource, Refused> {
        let Self { package, version, reference, path } = self;
        let asked = [package.is_some(), reference.is_some(), path.is_some()];
        if asked.into_iter().filter(|is_there| *is_there).count() != 1 {
            return Err(Refused::new("expected one of `package`, `reference` and `path`"));
        }
        if version.is_some() && package.is_none() {
            return Err(Refused::new("a `version` belongs to a `package`"));
        }
        if let Some(path) = path {
            return Ok(DependencySource::File(path));
        }
        if let Some(reference) = reference {
            let reference: Reference =
                reference.parse().map_err(|error| Refused::new(format!("not a reference: {error}")))?;
            return Ok(DependencySource::Registry(reference.into()));
        }
        let package = package.unwrap_or_default();
        let text = match version {
            Some(_) if package.contains('@') => {
                return Err(Refused::new("expected a version in `package` or in `version`, found both"));
            }
            Some(version) => format!("{package}@{version}"),
            None => package,
        };
        let package: PackageReference =
            text.parse().map_err(|error| Refused::new(format!("not a package: {error}")))?;
        Ok(DependencySource::Registry(package.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::project::Project;

    fn parse(line: &str) -> Result<Dependency, CommandError> {
        let text = format!("[project]\nname = \"shop\"\n[dependencies]\n{line}\n");
        let mut project = Project::parse(&text, Path::new("wkit.toml"), Path::new("shop"))?;
        assert_eq!(project.dependencies.len(), 1);
        Ok(project.dependencies.remove(0))
    }

    #[test]
    fn the_forms_of_a_dependency() {
        for (line, expected) in [
            ("tax = \"acme:tax@^1.2\"", "acme:tax@^1.2"),
            ("tax = \"acme:tax\"", "acme:tax"),
            ("tax = { package = \"acme:tax\", version = \">=1, <3\" }", "acme:tax@>=1, <3"),
            ("tax = { package = \"acme:tax@1.2.3\" }", "acme:tax@1.2.3"),
            ("tax = { reference = \"host.example/tax:edge\" }", "host.example/tax:edge"),
            ("tax = \"host.example/tax:edge\"", "host.example/tax:edge"),
            ("[dependencies.tax]\npackage = \"acme:tax\"", "acme:tax"),
        ] {
            let DependencySource::Registry(locator) = parse(line).unwrap().source else {
                panic!("{line} is no file")
            };
            assert_eq!(locator.to_string(), expected, "{line}");
        }
        let file = parse("tax = { path = \"../tax.wasm\" }").unwrap();
        assert_eq!(file.source, DependencySource::File("../tax.wasm".into()));
        assert_eq!(file.place.to_string(), "wkit.toml:4:7");
    }

    #[test]
    fn what_is_no_dependency() {
        for (line, expected) in [
            (
                "Tax = \"acme:tax\"",
                "wkit.toml:4:1: a dependency's name is lower-case words joined by `-`, found `Tax`",
            ),
            ("tax = 1", "wkit.toml:4:7: expected \"namespace:name@range\", "),
            ("tax = \"acme\"", "wkit.toml:4:7: not a dependency: expected a package such as"),
            ("tax = \"tax.wasm\"", "wkit.toml:4:7: not a dependency: "),
            ("tax = {}", "wkit.toml:4:7: expected one of `package`, `reference` and `path`"),
            ("tax = { path = \"x\", package = \"a:b\" }", "wkit.toml:4:7: expected one of"),
            ("tax = { path = \"x\", version = \"1\" }", "wkit.toml:4:7: a `version` belongs to a `package`"),
            ("tax = { package = \"a:b@1\", version = \"1\" }", "wkit.toml:4:7: expected a version in"),
            ("tax = { package = \"a:b\", version = \"latest\" }", "wkit.toml:4:7: not a package: "),
            ("tax = { reference = \"tax:1\" }", "wkit.toml:4:7: not a reference: "),
            (
                "tax = { package = \"a:b\", branch = \"x\" }",
                "wkit.toml:4:7: expected \"namespace:name@range\", ",
            ),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.message().starts_with(expected), "{line}: {}", error.message());
        }
    }

    #[test]
    fn a_dependency_and_a_component_of_one_name() {
        let error = parse("cart = \"acme:cart\"\n[components.cart]").unwrap_err();
        assert_eq!(error.message(), "wkit.toml:4:1: `cart` is a component of the project already");
    }
}
