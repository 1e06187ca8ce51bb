//! `FILE.wac`: a composition that is written down in the wac language.
//!
//! The language is that of wac, read and resolved by its crates; their types stay in here. What they stop at first is
//! looked at again, so that a person sees everything that is wrong, in names.

mod document;
mod error;
mod guard;
mod hint;
mod open;
mod packages;
mod recover;
mod requests;
mod target;
mod trace;
mod translate;

use semver::Version;
use wac_parser::Document;

use crate::composition::Composition;
use crate::plan::Input;

pub use error::{Label, ScriptError, ScriptFault, ScriptProblem};

use packages::Packages;

/// A script of the wac language that has been read but not yet resolved: it says which packages it needs, and whoever
/// has them composes it.
///
/// ```
/// use wkit_composer::{Input, Script};
/// use wkit_fixtures::component::from_wit;
///
/// let script = Script::parse("
///     package demo:shop;
///     let store = new demo:store {};
///     let app = new demo:app { ...store, ... };
///     export app...;
/// ")?;
/// let names: Vec<String> = script.packages().iter().map(ToString::to_string).collect();
/// assert_eq!(names, ["demo:store", "demo:app"]);
///
/// let wit = |world: &str| format!("package demo:it; world it {{ {world} }} package demo:kv@0.1.0 {{
///     interface store {{ get: func(key: string) -> option<string>; }} }}");
/// let store = from_wit(&wit("export demo:kv/store@0.1.0;"), "it");
/// let app = from_wit(&wit("import demo:kv/store@0.1.0; import log: func(line: string); export run: func();"), "it");
/// let composition = script.compose(&[
///     Input { name: "demo:store".to_owned(), bytes: store.into() },
///     Input { name: "demo:app".to_owned(), bytes: app.into() },
/// ])?;
/// assert_eq!(composition.wires[0].import, "demo:kv/store@0.1.0");
/// assert_eq!((composition.wires[0].importer.as_str(), composition.wires[0].exporter.as_str()), ("app", "store"));
/// assert_eq!(composition.imports[0].name, "log");
/// # Ok::<(), wkit_composer::ScriptError>(())
/// ```
#[derive(Debug)]
pub struct Script<'a> {
    text: &'a str,
    document: Document<'a>,
    requests: Vec<PackageRequest>,
}

/// A package that a script asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRequest {
    /// The package, `namespace:name`.
    pub name: String,
    /// The version, where the script says one; then it is that one and no other.
    pub version: Option<Version>,
    /// Whether the script makes instances of it, so that it must be a component. Otherwise the script only speaks of
    /// its interfaces, types or worlds, and a WIT package does as well.
    pub is_instantiated: bool,
    /// Where the script speaks of it first.
    pub label: Label,
}

impl std::fmt::Display for PackageRequest {
    /// `namespace:name@version`: the name that [`Script::compose`] expects of the input.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)?;
        match &self.version {
            Some(version) => write!(formatter, "@{version}"),
            None => Ok(()),
        }
    }
}

impl<'a> Script<'a> {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// The text is too large or not of the language, or the script instantiates itself.
    pub fn parse(text: &'a str) -> Result<Self, ScriptError> {
        guard::text(text)?;
        let document = Document::parse(text).map_err(|error| translate::syntax(text, error))?;
        guard::document(text, &document)?;
        let requests = requests::requests(text, &document)?;
        Ok(Self { text, document, requests })
    }

    /// The package that the script itself is, `namespace:name@version`.
    pub fn package(&self) -> &str {
        self.document.directive.package.string
    }

    /// The packages that it asks for, each once, in the order of the text.
    pub fn packages(&self) -> &[PackageRequest] {
        &self.requests
    }

    /// The problem that a package is not to be had, with the place and the names that are `known` instead.
    pub fn unknown_package(&self, request: &PackageRequest, known: Vec<String>) -> ScriptProblem {
        let label = Label { text: "nobody has it".to_owned(), ..request.label.clone() };
        ScriptProblem {
            fault: ScriptFault::UnknownPackage { name: request.to_string(), known },
            labels: vec![label],
        }
    }

    /// Composes the packages as the script says. Each input is named like the package of [`Script::packages`] that it
    /// is; an input of another name is not looked at.
    ///
    /// The result is validated, and the same for the same script and packages.
    ///
    /// # Errors
    ///
    /// See [`ScriptFault`]; the error lists everything that was found.
    pub fn compose(&self, inputs: &[Input]) -> Result<Composition, ScriptError> {
        let packages = Packages::read(self, inputs)?;
        document::compose(self, &packages)
    }
}
