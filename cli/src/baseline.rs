//! What a check compares: a file, a folder of WIT, a revision of git, a package or reference of a registry.
//!
//! Both sides are named alike, so that `wkit diff git:v1#wit git:v2#wit` works as `wkit check wit --against git:main` does.

mod git;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use tempfile::TempDir;
use wkit_interface::check::{CheckError, Contract, ContractError, Location};

use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::InputArgs;
use crate::limits::SHOWN_FILE_BYTES_MAX;
use crate::source;
use git::{Limits, Repository, resolved};

/// One side of a check, and where its text stands.
pub(crate) struct Side {
    /// What it says.
    pub(crate) contract: Contract,
    /// The component, or the package as Wasm; nothing for text.
    pub(crate) bytes: Option<Bytes>,
    /// Its text.
    pub(crate) tree: Tree,
}

/// Where the text of a side stands, and how its files are called.
pub(crate) struct Tree {
    /// The folder or file on this machine; nothing for what came from a registry.
    base: Option<PathBuf>,
    /// How the folder or file is called: `wit`, `git:main#wit`, `acme:tax@1.0.0`.
    shown: String,
    /// Whether it is WIT text.
    is_text: bool,
    /// Whether the text is that of the checked-out files, which people and services can open.
    is_current: bool,
    texts: RefCell<BTreeMap<PathBuf, Option<Rc<str>>>>,
    /// Taken out of git: there as long as it is read.
    _temporary: Option<TempDir>,
}

impl Tree {
    fn new(base: Option<PathBuf>, shown: impl Into<String>, is_text: bool) -> Self {
        let (texts, shown) = (RefCell::default(), shown.into());
        Self { base, shown, is_text, is_current: true, texts, _temporary: None }
    }

    /// How it is called.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// The file or folder that people can open.
    pub(crate) fn current(&self) -> Option<&Path> {
        self.base.as_deref().filter(|_| self.is_current)
    }

    /// A file of it that people can open.
    pub(crate) fn current_file(&self, file: &str) -> Option<PathBuf> {
        self.current().map(|base| if base.is_dir() { base.join(file) } else { base.to_owned() })
    }

    /// How a file of it is called.
    pub(crate) fn file(&self, file: &str) -> String {
        match &self.base {
            Some(base) if base.is_dir() => {
                let folder = self.shown.trim_end_matches('/');
                match folder {
                    "." => file.to_owned(),
                    _ if folder.ends_with('#') => format!("{folder}{file}"),
                    _ => format!("{folder}/{file}"),
                }
            }
            _ => self.shown.clone(),
        }
    }

    /// The text of a file of it.
    pub(crate) fn text(&self, file: &str) -> Option<Rc<str>> {
        let base = self.base.as_ref().filter(|_| self.is_text)?;
        let path = if base.is_dir() { base.join(file) } else { base.clone() };
        let read = |path: &Path| {
            let small = std::fs::metadata(path).is_ok_and(|data| data.len() <= SHOWN_FILE_BYTES_MAX);
            small.then(|| std::fs::read_to_string(path).ok()).flatten().map(Rc::from)
        };
        self.texts.borrow_mut().entry(path.clone()).or_insert_with(|| read(&path)).clone()
    }

    /// The files of WIT in the folder itself, or the file, by their names inside.
    pub(crate) fn files(&self) -> Vec<String> {
        let Some(base) = self.base.as_ref().filter(|_| self.is_text) else { return Vec::new() };
        if base.is_file() {
            return vec![String::new()];
        }
        wit_files(base)
    }

    /// The line of a place, and where in it the place begins and ends, in bytes of the text.
    pub(crate) fn span(&self, location: &Location) -> Option<(Rc<str>, std::ops::Range<usize>)> {
        let text = self.text(&location.file)?;
        let start = offset(&text, location.line, location.column)?;
        let end = offset(&text, location.end_line, location.end_column).unwrap_or(start);
        Some((text, start..end.max(start)))
    }
}

/// The byte of a line and column, both from 1, the column in characters.
fn offset(text: &str, line: u32, column: u32) -> Option<usize> {
    let line_start = match line.checked_sub(2) {
        None => 0,
        Some(before) => text.match_indices('\n').nth(before as usize)?.0 + 1,
    };
    let line = text[line_start..].split('\n').next().unwrap_or_default();
    let characters = column.saturating_sub(1) as usize;
    let inside = line.char_indices().nth(characters).map_or(line.len(), |(at, _)| at);
    Some(line_start + inside)
}

/// How sides are read.
pub(crate) struct Sides<'a> {
    /// How registries are asked.
    pub(crate) inputs: &'a InputArgs,
    /// Where the command runs.
    pub(crate) context: &'a Context,
}

impl Sides<'_> {
    /// Reads what `text` names. `current` is what is checked against it, whose path is taken where a revision is named
    /// without one.
    pub(crate) fn load(&self, text: &str, current: Option<&Tree>) -> Result<Side, CommandError> {
        if let Some(revision) = text.strip_prefix("git:") {
            return self.revision(text, revision, current);
        }
        let named = text.strip_prefix("oci:").filter(|rest| rest.contains('/')).unwrap_or(text);
        let path = Path::new(named);
        if path.is_dir() || is_wit_file(path) {
            return self.wit(path, text);
        }
        let loaded = source::load(named, None, self.inputs, self.context).map_err(|error| {
            // A word that is nothing else may be a folder that is elsewhere.
            let is_word = !named.contains(':') && !source::is_file(named);
            error.maybe_hint(is_word.then(|| format!("there is no file or folder `{named}` here")))
        })?;
        let base = (loaded.pulled.is_none() && path.is_file()).then(|| path.to_owned());
        let contract = from_wasm(text, &loaded.bytes)?;
        Ok(Side { contract, bytes: Some(loaded.bytes), tree: Tree::new(base, text, false) })
    }

    /// The WIT of a folder or file, called `shown`.
    pub(crate) fn wit(&self, path: &Path, shown: &str) -> Result<Side, CommandError> {
        let (path, shown) = wit_of_folder(path, shown);
        let contract = from_wit(&shown, &path)?;
        Ok(Side { contract, bytes: None, tree: Tree::new(Some(path), shown, true) })
    }

    /// A component in a file, called `shown`.
    pub(crate) fn component(&self, file: &Path, shown: &str) -> Result<Side, CommandError> {
        let bytes = source::read(&source::component_file(file)?)?;
        let contract = from_wasm(shown, &bytes)?;
        Ok(Side { contract, bytes: Some(bytes), tree: Tree::new(Some(file.to_owned()), shown, false) })
    }

    /// `REVISION`, `REVISION...` or one of them with `#PATH`.
    fn revision(&self, text: &str, named: &str, current: Option<&Tree>) -> Result<Side, CommandError> {
        let (revision, path) = match named.split_once('#') {
            Some((revision, path)) => (revision, Some(path)),
            None => (named, None),
        };
        let here = match (path, current.and_then(Tree::current)) {
            (Some(_), _) => self.context.project_start_folder().to_owned(),
            (None, Some(checked)) => checked.to_owned(),
            (None, None) => {
                return Err(CommandError::usage(format!("`{text}` names no file or folder of the revision"))
                    .hint(format!("name it after a `#`, as in `{text}#wit`")));
            }
        };
        let here = std::path::absolute(&here).unwrap_or(here);
        let repository = Repository::of(&here, text)?;
        let path = match path {
            Some(path) => resolved("", path.trim_start_matches('/'))
                .ok_or_else(|| CommandError::usage(format!("`{text}`: `{path}` is not in the repository")))?,
            None => repository.path_inside(&here, text)?,
        };
        let commit = repository.commit(revision, text)?;
        let taken = repository.take(&commit, &path, text, Limits::default())?;
        let shown = format!("git:{revision}#{path}");
        let side = if taken.path.is_dir() || is_wit_file(&taken.path) {
            // What others wrote is often fetched and not committed.
            let borrowed = borrow_dependencies(&taken.path, current);
            let contract = from_wit(&shown, &taken.path)?;
            if borrowed {
                let note = format!("`{shown}` has no `deps`; those of the folder that is checked are used");
                self.context.ui.note(note);
            }
            Side { contract, bytes: None, tree: Tree::new(Some(taken.path), shown, true) }
        } else {
            self.component(&taken.path, &shown)?
        };
        let tree = Tree { is_current: false, _temporary: Some(taken.folder), ..side.tree };
        Ok(Side { tree, ..side })
    }

    /// Whether the revision `text` has what `tree` is made of; an error where there is no such revision.
    pub(crate) fn revision_has(&self, text: &str, tree: &Tree) -> Result<bool, CommandError> {
        let (Some(named), Some(checked)) = (text.strip_prefix("git:"), tree.current()) else {
            return Ok(true);
        };
        if named.contains('#') {
            return Ok(true);
        }
        let checked = std::path::absolute(checked).unwrap_or_else(|_| checked.to_owned());
        let repository = Repository::of(&checked, text)?;
        let commit = repository.commit(named, text)?;
        Ok(repository.has(&commit, &repository.path_inside(&checked, text)?))
    }
}

/// A folder of WIT, or the `wit` in a folder that has none itself.
fn wit_of_folder(path: &Path, shown: &str) -> (PathBuf, String) {
    let inner = path.join("wit");
    if path.is_dir() && wit_files(path).is_empty() && inner.is_dir() {
        let shown = match shown.trim_end_matches('/') {
            "." => "wit".to_owned(),
            shown => format!("{shown}/wit"),
        };
        return (inner, shown);
    }
    (path.to_owned(), shown.to_owned())
}

fn wit_files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".wit")).collect();
    names.sort();
    names
}

fn is_wit_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "wit")
}

/// Links the `deps` of what is checked into a folder that has none; whether it did.
fn borrow_dependencies(folder: &Path, current: Option<&Tree>) -> bool {
    let (there, here) = (folder.join("deps"), current.and_then(Tree::current).map(|base| base.join("deps")));
    match here {
        Some(here) if here.is_dir() && folder.is_dir() && !there.exists() => {
            let here = std::path::absolute(&here).unwrap_or(here);
            link(&here, &there).is_ok()
        }
        _ => false,
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Why `new` cannot be compared with `old`.
pub(crate) fn incomparable(new: &str, old: &str, error: &CheckError) -> CommandError {
    let hint = match error {
        CheckError::SeveralWorlds { .. } => Some("name the one that is meant with `--world`"),
        _ => None,
    };
    CommandError::from_error(format!("cannot compare `{new}` with `{old}`"), error).maybe_hint(hint)
}

fn from_wit(label: &str, path: &Path) -> Result<Contract, CommandError> {
    Contract::from_wit(label, path).map_err(|error| unreadable("the WIT of ", label, &error))
}

fn from_wasm(label: &str, bytes: &[u8]) -> Result<Contract, CommandError> {
    Contract::from_wasm(label, bytes).map_err(|error| unreadable("", label, &error))
}

fn unreadable(what: &str, label: &str, error: &ContractError) -> CommandError {
    let text = error.to_string();
    let hint = if text.contains("not found. known packages") {
        Some("packages that it uses stand in its `deps`, each in a folder or file of its own")
    } else if matches!(error, ContractError::NoWit { .. }) {
        Some("name the folder that has the `.wit` files, or a component")
    } else {
        match error {
            ContractError::Decode(error) => source::decode_hint(error),
            _ => None,
        }
    };
    CommandError::from_error(format!("cannot read {what}`{label}`"), error).maybe_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_found() {
        let text = "interface a {\n  ä: func();\n}\n";
        assert_eq!(offset(text, 1, 1), Some(0));
        assert_eq!(&text[offset(text, 2, 3).unwrap()..offset(text, 2, 4).unwrap()], "ä");
        assert_eq!(offset(text, 2, 400), Some(text.find("();").unwrap() + 3));
        assert_eq!(offset(text, 4, 1), Some(text.len()));
        assert_eq!(offset(text, 9, 1), None);
        assert_eq!(offset("", 1, 1), Some(0));
    }

    #[test]
    fn large_files_are_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let tree = |name: &str, size: u64| {
            let file = folder.path().join(name);
            std::fs::File::create(&file).unwrap().set_len(size).unwrap();
            Tree::new(Some(file), name, true)
        };
        assert!(tree("at.wit", SHOWN_FILE_BYTES_MAX).text("").is_some());
        assert!(tree("past.wit", SHOWN_FILE_BYTES_MAX + 1).text("").is_none());
    }

    #[test]
    fn files_are_called_as_a_person_would() {
        let folder = tempfile::tempdir().unwrap();
        let base = Some(folder.path().to_owned());
        for (shown, expected) in [
            ("wit", "wit/a.wit"),
            ("wit/", "wit/a.wit"),
            (".", "a.wit"),
            ("git:main#wit", "git:main#wit/a.wit"),
            ("git:main#", "git:main#a.wit"),
        ] {
            assert_eq!(Tree::new(base.clone(), shown, true).file("a.wit"), expected);
        }
        assert_eq!(Tree::new(None, "acme:tax@1.0.0", false).file("a.wit"), "acme:tax@1.0.0");
    }
}
