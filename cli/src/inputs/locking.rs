//! What a project's lock has to say after its inputs were gathered.

use std::collections::BTreeSet;
use std::path::Path;

use wkit_artifact::Locator;
use wkit_composer::InputBytes;

use super::{Place, Source, Wanted};
use crate::error::CommandError;
use crate::lock::{self, Lock, LockedFile, LockedMember, LockedPackage};
use crate::project::{self, Project};
use crate::source::{decode_hint, input_error, read};

use super::fetch::Fetched;

/// How much of a lock is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All that `wkit.toml` says.
    Project,
    /// What `wkit.toml` says of dependencies; the project's own components stay as they were locked.
    Dependencies,
    /// What other files say that name an input, a script for example.
    Asked,
}

/// The lock of a project while its inputs are gathered.
pub(super) struct Locking<'a> {
    project: &'a Project,
    /// What the file says; nothing where there is none.
    pub(super) known: Lock,
    exists: bool,
}

/// An input with its bytes, as the lock sees it.
pub(super) struct Gathered<'a> {
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) bytes: &'a InputBytes,
    pub(super) fetched: Option<&'a Fetched>,
}

impl<'a> Locking<'a> {
    pub(super) fn of(project: &'a Project) -> Result<Self, CommandError> {
        let known = Lock::read(&project.lock_file())?;
        Ok(Self { project, exists: known.is_some(), known: known.unwrap_or_default() })
    }

    /// What the lock has to say now; nothing where no file asks for anything.
    pub(super) fn renewed(
        &self,
        gathered: &[Gathered<'_>],
        scope: Scope,
    ) -> Result<Option<Lock>, CommandError> {
        let mut files: BTreeSet<String> =
            gathered.iter().filter_map(|gathered| self.file_of(&gathered.wanted.place)).collect();
        match scope {
            Scope::Project | Scope::Dependencies => files.insert(project::FILE_NAME.to_owned()),
            // A single dependency says nothing of all the others.
            Scope::Asked => files.remove(project::FILE_NAME),
        };
        if files.is_empty() {
            return Ok(None);
        }
        let mut lock = self.known.clone();
        for package in &mut lock.packages {
            package.demands.retain(|demand| {
                let file = demand.split_once(": ").map_or("", |(file, _)| file);
                !files.contains(file) && self.project.folder.join(file).is_file()
            });
        }
        if scope != Scope::Asked {
            lock.files.clear();
        }
        if scope == Scope::Project {
            lock.members.clear();
        }
        for gathered in gathered {
            self.add(gathered, scope, &files, &mut lock)?;
        }
        lock.packages.retain(|package| !package.demands.is_empty());
        lock.sort();
        Ok(Some(lock))
    }

    fn add(
        &self,
        gathered: &Gathered<'_>,
        scope: Scope,
        files: &BTreeSet<String>,
        lock: &mut Lock,
    ) -> Result<(), CommandError> {
        let Gathered { wanted, bytes, fetched } = gathered;
        let file = self.file_of(&wanted.place).filter(|file| files.contains(file));
        match (&wanted.source, fetched) {
            (Source::Member(name), _) if scope == Scope::Project => {
                // What is no component is refused by composing, which shows its place in the file.
                let outline = wkit_interface::outline(&read(bytes)?);
                let wit = outline.map(|outline| outline.packages).unwrap_or_default();
                if !lock.members.iter().any(|member| member.name == *name) {
                    lock.members.push(LockedMember { name: (*name).to_owned(), wit });
                }
            }
            (Source::File(_), _) if file.as_deref() == Some(project::FILE_NAME) => {
                let wit = self.wit(wanted, &read(bytes)?)?;
                let component = bytes.digest().map_err(|error| input_error(&error))?;
                let locked = LockedFile { path: wanted.text.clone(), component, wit };
                if !lock.files.iter().any(|file| file.path == locked.path) {
                    lock.files.push(locked);
                }
            }
            (Source::Registry(locator), Some(fetched)) => {
                let Some(file) = file else { return Ok(()) };
                let demand = format!("{file}: {locator}");
                self.add_package(wanted, locator, fetched, demand, lock)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn add_package(
        &self,
        wanted: &Wanted<'_>,
        locator: &Locator,
        Fetched { version, pulled }: &Fetched,
        demand: String,
        lock: &mut Lock,
    ) -> Result<(), CommandError> {
        let mut needed = LockedPackage {
            source: format!("{}/{}", pulled.reference.registry(), pulled.reference.repository()),
            manifest: pulled.manifest_digest.clone(),
            component: pulled.layer.digest.clone(),
            wit: self.wit(wanted, &pulled.component)?,
            demands: BTreeSet::from([demand]),
            version: version.clone(),
            name: lock::name_of(locator),
        };
        let known = |known: &&mut LockedPackage| known.name == needed.name && known.version == needed.version;
        match lock.packages.iter_mut().find(known) {
            Some(known) => {
                needed.demands.append(&mut known.demands);
                *known = needed;
            }
            None => lock.packages.push(needed),
        }
        Ok(())
    }

    /// Holds what is needed against the file with `--locked`, or writes it.
    pub(super) fn settle(&self, needed: &Lock, locked: bool) -> Result<(), CommandError> {
        if *needed == self.known && self.exists {
            return Ok(());
        }
        // A project that takes nothing from others needs no lock.
        if !self.exists && needed.packages.is_empty() && needed.files.is_empty() {
            return Ok(());
        }
        if !locked {
            return needed.write(&self.project.lock_file());
        }
        if !self.exists {
            return Err(drift(&[format!("there is no `{}`", lock::FILE_NAME)]));
        }
        Err(drift(&lock::differences(&self.known, needed)))
    }

    fn wit(&self, wanted: &Wanted<'_>, bytes: &[u8]) -> Result<BTreeSet<String>, CommandError> {
        let outline = wkit_interface::outline(bytes).map_err(|error| {
            CommandError::from_error(format!("`{}` cannot be composed", wanted.text), &error)
                .maybe_hint(decode_hint(&error))
        })?;
        Ok(outline.packages)
    }

    /// The file that a demand is written in, relative to the project's folder, with `/` everywhere.
    fn file_of(&self, place: &Place) -> Option<String> {
        let (Place::File { path, .. } | Place::SomewhereIn { path }) = place else { return None };
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (folder, path) = (absolute(&self.project.folder), absolute(path));
        let relative = path.strip_prefix(folder).ok()?;
        let parts: Vec<String> =
            relative.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        Some(parts.join("/"))
    }
}

/// `--locked`, and the lock is not what it would have to be.
pub(super) fn drift(lines: &[String]) -> CommandError {
    CommandError::failed(format!("`{}` does not fit, and `--locked` forbids to change it", lock::FILE_NAME))
        .detail(lines.join("\n"))
        .hint(format!(
            "run it without `--locked`, look at what changed in `{}`, and commit that",
            lock::FILE_NAME
        ))
}
