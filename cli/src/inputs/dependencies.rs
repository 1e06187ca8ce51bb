//! Locking the dependencies of a project, without its own components.

use bytes::Bytes;
use semver::Version;
use wkit_artifact::Locator;

use super::locking::{Scope, drift};
use super::{Fresh, Gather, Gathering, InputArgs, Place, Source, Wanted};
use crate::context::Context;
use crate::error::CommandError;
use crate::lock::{self, Lock};
use crate::project::Project;
use crate::source::read;

/// A project's dependencies, fetched, and the lock before and after. Nothing is written yet.
#[derive(Debug)]
pub(crate) struct Locked {
    /// What the file says.
    pub(crate) old: Lock,
    /// What it is to say.
    pub(crate) new: Lock,
    inputs: Vec<LockedInput>,
    exists: bool,
    may_write: bool,
}

/// What becomes of the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockStep {
    /// There is none, and nothing to lock.
    Nothing,
    /// It says all of it already.
    Unchanged,
    /// There is none yet.
    Create,
    /// It says something else.
    Change,
}

/// One dependency.
#[derive(Debug)]
pub(crate) struct LockedInput {
    /// Its name in the project.
    pub(crate) name: String,
    /// What was found: `acme:tax@1.2.3`, a reference or a path.
    pub(crate) shown: String,
    /// The version of a package.
    pub(crate) version: Option<Version>,
    /// The component or WIT package.
    pub(crate) bytes: Bytes,
}

/// Fetches the dependencies of `project` in the versions that the lock has, but for those that are to be fresh.
pub(crate) fn lock_dependencies(
    project: &Project,
    fresh: &Fresh,
    args: &InputArgs,
    context: &Context,
) -> Result<Locked, CommandError> {
    let known = Lock::read(&project.lock_file())?;
    let (exists, old) = (known.is_some(), known.unwrap_or_default());
    let mut wanted: Vec<Wanted<'_>> =
        project.dependencies.iter().map(|dependency| Wanted::dependency(project, dependency)).collect();
    wanted.extend(of_scripts(project, &old));
    let gather = Gather::new(Some(project), None, args, context);
    let Gathering { found, fetched, needed } = gather.gather(&wanted, Scope::Dependencies, fresh)?;
    let mut fetched = fetched.into_iter();
    let mut inputs = Vec::new();
    for (wanted, found) in wanted.iter().zip(found).take(project.dependencies.len()) {
        let (shown, version) = match &wanted.source {
            Source::Registry(locator) => {
                let version = fetched.next().and_then(|fetched| fetched.version);
                let shown = match (locator, &version) {
                    (Locator::Package(package), Some(version)) => format!("{}@{version}", package.name()),
                    (locator, _) => locator.to_string(),
                };
                (shown, version)
            }
            Source::File(_) | Source::Member(_) => (wanted.text.clone(), None),
        };
        inputs.push(LockedInput { name: found.name, shown, version, bytes: read(&found.bytes)? });
    }
    Ok(Locked { old, new: needed.unwrap_or_default(), inputs, exists, may_write: !args.locked })
}

/// What other files than `wkit.toml` ask for, as the lock remembers it.
fn of_scripts<'a>(project: &Project, lock: &Lock) -> Vec<Wanted<'a>> {
    let demands = lock.packages.iter().flat_map(|package| &package.demands);
    let mut wanted = Vec::new();
    for demand in demands {
        let Some((file, text)) = demand.split_once(": ") else { continue };
        let path = project.folder.join(file);
        let Ok(locator) = text.parse::<Locator>() else { continue };
        if file != crate::project::FILE_NAME && path.is_file() {
            // No name of an input has a colon, so this is none of theirs.
            let name = format!("{file}: {}", lock::name_of(&locator));
            let place = Place::SomewhereIn { path };
            wanted.push(Wanted { name, text: text.to_owned(), source: Source::Registry(locator), place });
        }
    }
    wanted
}

impl Locked {
    /// The dependency called `name`.
    pub(crate) fn found(&self, name: &str) -> Option<&LockedInput> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The version of a dependency that is a package.
    pub(crate) fn version_of(&self, name: &str) -> Option<&Version> {
        self.found(name)?.version.as_ref()
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> &[LockedInput] {
        &self.inputs
    }

    /// Writes the lock of `project`, or with `--locked` says what would change in it.
    pub(crate) fn write(&self, project: &Project) -> Result<(), CommandError> {
        self.check()?;
        match self.step() {
            LockStep::Nothing | LockStep::Unchanged => Ok(()),
            LockStep::Create | LockStep::Change => self.new.write(&project.lock_file()),
        }
    }

    /// What becomes of the file when the lock is written.
    pub(crate) fn step(&self) -> LockStep {
        match self.exists {
            // Nothing that is locked needs no file, unless there is one that says otherwise.
            false if self.new == Lock::default() => LockStep::Nothing,
            false => LockStep::Create,
            true if self.new == self.old => LockStep::Unchanged,
            true => LockStep::Change,
        }
    }

    /// With `--locked`, refuses what would change the lock.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        if self.may_write || self.old == self.new {
            return Ok(());
        }
        Err(drift(&lock::differences(&self.old, &self.new)))
    }
}
