//! Builds components from source: one back end per language, one way of calling them.
//!
//! A back end knows which programs turn a folder of sources into a component. What is the same for all of them is
//! here: the WIT is read before any compiler starts, and the component that comes out is held against its world.

mod check;
mod encode;
mod error;
mod fingerprint;
mod go;
mod javascript;
mod limits;
mod outside;
mod process;
mod python;
mod read;
mod rust;
mod tools;
mod wit;

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub(crate) use error::BuildError;
pub(crate) use fingerprint::fingerprint;
pub(crate) use tools::{ToolError, ToolVersion, Tools};

use wit::Wit;

/// Every language that wkit builds, in the order in which messages list them.
static LANGUAGES: [&dyn Language; 4] = [&rust::Rust, &go::Go, &javascript::JavaScript, &python::Python];

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
    /// Where compilers are found.
    pub(crate) tools: &'a Tools,
}

/// A language that components are written in.
pub(crate) trait Language: Sync {
    /// The name that stands in `wkit.toml`.
    fn name(&self) -> &'static str;

    /// The files by which a folder is known to be of this language.
    fn markers(&self) -> &'static [&'static str];

    /// Folders, by name, that hold what tools made rather than sources.
    fn skipped_folders(&self) -> &'static [&'static str];

    /// Files that stand for the installed dependencies, although their folder is skipped.
    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        let _ = folder;
        Vec::new()
    }

    /// The tools that a build of `input` uses, with their versions: another version is another build.
    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError>;

    /// Runs the compiler. The result may be any bytes: [`Language::build`] looks at them.
    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError>;

    /// Builds a component and checks that it fits its world. The compiler's own lines go to `output` as they come.
    fn build(&self, input: &BuildInput<'_>, output: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let wit = wit::load(input.wit, input.world)?;
        fs::create_dir_all(input.work_folder)
            .map_err(|source| BuildError::io("create the folder", input.work_folder, source))?;
        let component = self.compile(input, &wit, output)?;
        check::fits_world(&component, &wit)?;
        Ok(component)
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
        language.markers().iter().copied().find(|marker| folder.join(marker).is_file())
    };
    let found: Vec<_> =
        LANGUAGES.into_iter().filter_map(|language| Some((language, marker(&language)?))).collect();
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

/// The language called `name`, or a sentence that says which names there are.
pub(crate) fn language_named(name: &str) -> Result<&'static dyn Language, String> {
    language_of(Path::new(""), Some(name)).map_err(|error| error.to_string())
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
            ("go.mod", "go"),
            ("package.json", "javascript"),
            ("pyproject.toml", "python"),
        ];
        for (marker, name) in cases {
            let folder = folder_with(&[marker, "README.md"]);
            assert_eq!(language_of(folder.path(), None).map(Language::name).unwrap(), name);
        }
    }

    #[test]
    fn no_marker_file_lists_those_that_were_looked_for() {
        let folder = folder_with(&["main.zig"]);
        let message = language_of(folder.path(), None).err().unwrap().to_string();
        for marker in ["`Cargo.toml`", "`go.mod`", "`package.json`", "`pyproject.toml`"] {
            assert!(message.contains(marker), "{message}");
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
        assert_eq!(message, "unknown language `cobol`; expected one of `rust`, `go`, `javascript`, `python`");
    }
}
