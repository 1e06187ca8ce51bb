//! Builds components from source: one back end per language, one way of calling them.
//!
//! A back end knows which programs turn a folder of sources into a component. What is the same for all of them is
//! here: the WIT is read before any compiler starts, and the component that comes out is held against its world.

mod assemblyscript;
mod c;
mod check;
mod cpp;
mod encode;
mod error;
mod fingerprint;
mod go;
mod javascript;
mod limits;
mod module;
mod native;
mod outside;
mod process;
mod python;
mod read;
mod rust;
mod shrink;
mod tools;
mod typescript;
mod wit;
mod zig;

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub(crate) use error::BuildError;
pub(crate) use fingerprint::{fingerprint, source_folders};
pub(crate) use outside::recorded as outside_sources;
pub(crate) use rust::RUSTC;
pub(crate) use tools::{Origin, Package, Program, Requirement, ToolError, ToolVersion, Tools};
pub(crate) use wit::{Wit, load as load_wit, load_packages};

/// Every language that wkit builds, in the order in which messages list them.
pub(crate) static LANGUAGES: [&dyn Language; 10] = [
    &rust::Rust,
    &c::C,
    &cpp::Cpp,
    &go::Go,
    &javascript::JavaScript,
    &typescript::TypeScript,
    &python::Python,
    &zig::Zig,
    &assemblyscript::AssemblyScript,
    &module::Module,
];

/// What is to be built, and where.
pub(crate) struct BuildInput<'a> {
    /// The component's name in the project.
    pub(crate) name: &'a str,
    /// The folder of its sources.
    pub(crate) folder: &'a Path,
    /// The folder, or the file, of its WIT.
    pub(crate) wit: &'a Path,
    /// The world that it targets.
    pub(crate) world: &'a str,
    /// A folder for everything that is made on the way. wkit's own, and kept from one build to the next.
    pub(crate) work_folder: &'a Path,
    /// What the component's section of `wkit.toml` says to its language alone.
    pub(crate) options: &'a Options,
    /// Whether the result is to be as small as it can be, at the price of names in traps and of time.
    pub(crate) release: bool,
    /// Where compilers are found.
    pub(crate) tools: &'a Tools,
}

/// Keys of a component's section of `wkit.toml` that only some languages know; see [`Language::options`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// JavaScript and TypeScript: the engine that the component carries.
    pub(crate) engine: Option<String>,
    /// `module`: the file of the core module, relative to the component's folder.
    pub(crate) module: Option<String>,
    /// `module`: the command that makes the core module, and its arguments.
    pub(crate) command: Option<Vec<String>>,
}

impl Options {
    /// The keys that are there.
    fn stated(&self) -> impl Iterator<Item = &'static str> {
        let keys = [
            ("engine", self.engine.is_some()),
            ("module", self.module.is_some()),
            ("command", self.command.is_some()),
        ];
        keys.into_iter().filter(|(_, stated)| *stated).map(|(key, _)| key)
    }
}

/// A file that wkit makes for a person: its path in the component's folder, with `/`, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    /// The path, relative to the component's folder.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
}

/// A language that components are written in.
pub(crate) trait Language: Sync {
    /// The name that stands in `wkit.toml`.
    fn name(&self) -> &'static str;

    /// The name as people write it.
    fn title(&self) -> &'static str;

    /// The files by which a folder is known to be of this language; `*.c` is any file of that kind, in the folder
    /// itself or in its `src`.
    fn markers(&self) -> &'static [&'static str];

    /// Languages whose marker files mean nothing beside those of this one.
    fn supersedes(&self) -> &'static [&'static str] {
        &[]
    }

    /// The keys of [`Options`] that this language knows.
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// What must be on the machine, for `wkit toolchain`.
    fn requirements(&self) -> &'static [Requirement];

    /// Folders, by name, that hold what tools made rather than sources.
    fn skipped_folders(&self) -> &'static [&'static str];

    /// Files that stand for the installed dependencies, although their folder is skipped.
    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        let _ = folder;
        Vec::new()
    }

    /// The tools that a build of `input` uses, with their versions: another version is another build.
    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError>;

    /// The bindings that editors and the language's own test command want to see beside the sources. A build does
    /// not need them. Empty where the language makes them by itself.
    fn bindings(&self, input: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        let _ = (input, wit);
        Ok(Vec::new())
    }

    /// Sources in which every export of the world stands, to be filled in. `name` is the component's.
    fn skeleton(&self, name: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        let _ = (name, wit);
        Ok(Vec::new())
    }

    /// Makes what the first build would leave among the sources, such as a lock file, so that it is there when they are
    /// fingerprinted and the second build finds nothing new.
    fn prepare(&self, input: &BuildInput<'_>, output: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        let _ = (input, output);
        Ok(())
    }

    /// Runs the compiler. The result may be any bytes: [`Language::build`] looks at them.
    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError>;

    /// Builds a component and checks that it fits its world. The compiler's own lines go to `output` as they come.
    fn build(&self, input: &BuildInput<'_>, output: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        self.check_options(input)?;
        let wit = wit::load(input.wit, input.world)?;
        fs::create_dir_all(input.work_folder)
            .map_err(|source| BuildError::io("create the folder", input.work_folder, source))?;
        let component = self.compile(input, &wit, output)?;
        check::fits_world(&component, &wit)?;
        if input.release { shrink::strip(&component) } else { Ok(component) }
    }

    /// The bindings of [`Language::bindings`] for what is at `input`.
    fn write_bindings(&self, input: &BuildInput<'_>) -> Result<Vec<SourceFile>, BuildError> {
        self.check_options(input)?;
        self.bindings(input, &wit::load(input.wit, input.world)?)
    }

    /// Refuses keys that belong to other languages.
    fn check_options(&self, input: &BuildInput<'_>) -> Result<(), BuildError> {
        match input.options.stated().find(|key| !self.options().contains(key)) {
            None => Ok(()),
            Some(key) => Err(BuildError::Option { key, language: self.title(), known: self.options() }),
        }
    }
}

/// Why the language of a folder is not known.
#[derive(Debug, Error)]
pub(crate) enum DetectError {
    /// `wkit.toml` names a language that wkit does not build.
    #[error("unknown language `{stated}`; expected one of {}", names())]
    Unknown {
        /// What was named.
        stated: String,
    },
    /// The folder has no file that gives its language away.
    #[error("no language found for `{}`: none of the files {} is there", folder.display(), markers())]
    NotFound {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has the marker files of several languages.
    #[error("`{}` could be {}; state one with `language` in `wkit.toml`", folder.display(), found.join(" or "))]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The languages and the files that speak for them.
        found: Vec<String>,
    },
}

/// The language of `folder`: the stated one, else the one whose marker file is there.
pub(crate) fn language_of(folder: &Path, stated: Option<&str>) -> Result<&'static dyn Language, DetectError> {
    if let Some(stated) = stated {
        return LANGUAGES
            .into_iter()
            .find(|language| language.name() == stated)
            .ok_or_else(|| DetectError::Unknown { stated: stated.to_owned() });
    }
    let marker = |language: &&'static dyn Language| {
        language.markers().iter().copied().find(|marker| is_there(folder, marker))
    };
    let mut found: Vec<_> =
        LANGUAGES.into_iter().filter_map(|language| Some((language, marker(&language)?))).collect();
    let superseded: Vec<_> = found.iter().flat_map(|(language, _)| language.supersedes()).collect();
    found.retain(|(language, _)| !superseded.contains(&&language.name()));
    match found[..] {
        [(language, _)] => Ok(language),
        [] => Err(DetectError::NotFound { folder: folder.to_owned() }),
        _ => Err(DetectError::Ambiguous {
            folder: folder.to_owned(),
            found: found
                .iter()
                .map(|(language, marker)| format!("`{}` (it has `{marker}`)", language.name()))
                .collect(),
        }),
    }
}

/// Whether a folder has a marker file.
fn is_there(folder: &Path, marker: &str) -> bool {
    let Some(ending) = marker.strip_prefix('*') else { return folder.join(marker).is_file() };
    [folder.to_owned(), folder.join("src")].iter().any(|folder| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(ending))
    })
}

/// The language called `name`, or a sentence that says which names there are.
pub(crate) fn language_named(name: &str) -> Result<&'static dyn Language, String> {
    language_of(Path::new(""), Some(name)).map_err(|error| error.to_string())
}

/// Every package that some language is built with, each once.
pub(crate) fn packages() -> Vec<&'static Package> {
    let mut packages: Vec<&'static Package> = Vec::new();
    for requirement in LANGUAGES.iter().flat_map(|language| language.requirements()) {
        if let Requirement::Package(package) | Requirement::Optional(package) = requirement
            && !packages.iter().any(|known| known.program.name == package.program.name)
        {
            packages.push(package);
        }
    }
    packages
}

/// The absolute form of a path, with links followed: compilers compare such paths with their own.
fn absolute(path: &Path) -> Result<PathBuf, BuildError> {
    path.canonicalize().map_err(|source| BuildError::io("find", path, source))
}

/// Removes what an earlier build has made, so that it is not taken for the result of this one.
fn remove_file(path: &Path) -> Result<(), BuildError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(BuildError::io("remove", path, source))
        }
        _ => Ok(()),
    }
}

fn names() -> String {
    quoted(LANGUAGES.iter().map(|language| language.name()))
}

fn markers() -> String {
    quoted(LANGUAGES.iter().flat_map(|language| language.markers()))
}

fn quoted<T: std::fmt::Display>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn marker_files_give_the_language_away() {
        let cases = [
            ("Cargo.toml", "rust"),
            ("main.c", "c"),
            ("main.cc", "cpp"),
            ("go.mod", "go"),
            ("package.json", "javascript"),
            ("tsconfig.json", "typescript"),
            ("pyproject.toml", "python"),
            ("root.zig", "zig"),
            ("asconfig.json", "assemblyscript"),
        ];
        for (marker, name) in cases {
            let folder = folder_with(&[marker, "README.md"]);
            assert_eq!(language_of(folder.path(), None).map(Language::name).unwrap(), name);
        }
    }

    #[test]
    fn no_marker_file_lists_those_that_were_looked_for() {
        let folder = folder_with(&["main.pas"]);
        let message = language_of(folder.path(), None).err().unwrap().to_string();
        for marker in ["`Cargo.toml`", "`go.mod`", "`package.json`", "`pyproject.toml`"] {
            assert!(message.contains(marker), "{message}");
        }
    }

    #[test]
    fn what_says_more_wins() {
        let cases: [(&[&str], &str); 3] = [
            (&["package.json", "tsconfig.json"], "typescript"),
            (&["package.json", "tsconfig.json", "asconfig.json"], "assemblyscript"),
            (&["main.cpp", "table.c"], "cpp"),
        ];
        for (files, name) in cases {
            assert_eq!(language_of(folder_with(files).path(), None).map(Language::name).unwrap(), name);
        }
    }

    #[test]
    fn two_languages_in_one_folder_must_be_told_apart() {
        let folder = folder_with(&["Cargo.toml", "package.json"]);
        let message = language_of(folder.path(), None).err().unwrap().to_string();
        assert!(message.contains("`rust` (it has `Cargo.toml`) or `javascript`"), "{message}");
        assert_eq!(language_of(folder.path(), Some("rust")).map(Language::name).unwrap(), "rust");
    }

    #[test]
    fn an_unknown_language_lists_the_known_ones() {
        let message = language_named("cobol").err().unwrap();
        let known: Vec<String> = LANGUAGES.iter().map(|language| format!("`{}`", language.name())).collect();
        assert_eq!(message, format!("unknown language `cobol`; expected one of {}", known.join(", ")));
        assert!(known.contains(&"`assemblyscript`".to_owned()), "{message}");
    }
}
