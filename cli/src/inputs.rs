//! Where the inputs of a composition come from: files, members and dependencies of the project, registries.
//!
//! Whatever a person names as a component to compose is an [`Asked`]; [`Gather`] makes of it a [`Found`], with a name
//! that no other input has. What comes from registries is held against the project's lock.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use wkit_artifact::Locator;
use wkit_composer::InputBytes;
use wkit_interface::SurfaceKind;
use wkit_registry_client::Pulled;

use crate::components::{BuildMode, build_all};
use crate::context::Context;
use crate::error::{CommandError, io_error};
use crate::lock::Lock;
use crate::project::{Component, Dependency, DependencySource, Project, check_name};
use crate::registries::RegistryArgs;
use crate::source::{self, component_file, is_file, read};

mod dependencies;
mod fetch;
mod locking;

pub(crate) use dependencies::{LockStep, Locked, lock_dependencies};
use fetch::{Fetch, Fetched, RegistryDemand};
use locking::{Gathered, Locking, Scope};

/// How registries are asked for inputs, and whether `wkit.lock` may change.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct InputArgs {
    /// Where to look for packages and how to speak to their registries
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,

    /// Fail where `wkit.lock` would have to change, or what it names is no longer the same in its registry
    #[arg(long)]
    pub(crate) locked: bool,
}

/// For which packages the lock is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// What is locked is used.
    #[default]
    None,
    /// Nothing that is locked is used.
    All,
    /// Packages and references by name, as the lock has them.
    Only(BTreeSet<String>),
}

impl Fresh {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// Where an input is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An argument of the command, by the option that it stands behind: `--plug`, or `SOCKET`.
    Argument(&'static str),
    /// A place in a file; line and column count from 1, the column in characters.
    File { path: PathBuf, line: usize, column: usize },
    /// A file, of which only the lock remembers what it asks for.
    SomewhereIn { path: PathBuf },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(option) => write!(f, "`{option}`"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::SomewhereIn { path } => write!(f, "{}", path.display()),
        }
    }
}

/// An input as a person named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The name that it is to have; without it, it is named after its file, member, package or repository.
    pub(crate) name: Option<String>,
    /// A file, a member or dependency of the project, a package or a reference.
    pub(crate) text: String,
    /// Where that is written.
    pub(crate) place: Place,
}

impl Asked {
    /// `X` or `NAME=X`, as the value of `option`. A file whose name has a `=` is written with `./` ahead.
    pub(crate) fn argument(text: &str, option: &'static str) -> Self {
        let named = text.split_once('=').filter(|(name, _)| check_name(name, "").is_ok());
        let (name, text) = named.map_or((None, text), |(name, text)| (Some(name.to_owned()), text));
        Self { name, text: text.to_owned(), place: Place::Argument(option) }
    }

    /// Whether this can be nothing but a path.
    pub(crate) fn is_path(&self) -> bool {
        is_path(&self.text)
    }
}

/// An input: read, and verified where it came from a registry.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Its name, unique among the inputs that were gathered with it.
    pub(crate) name: String,
    /// The component in binary form; that of a large file is not in memory.
    pub(crate) bytes: InputBytes,
    /// Where it came from.
    pub(crate) origin: Origin,
}

impl Found {
    /// What the composer takes.
    pub(crate) fn into_input(self) -> wkit_composer::Input {
        wkit_composer::Input { name: self.name, bytes: self.bytes }
    }
}

/// Where an input came from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// A file.
    File,
    /// It was built from source.
    Member,
    /// A registry.
    Registry(Box<Pulled>),
}

/// The project that `asked` may speak of. Where all of it is files, none is looked for, so that a broken `wkit.toml`
/// somewhere above is in nobody's way.
pub(crate) fn project_of(asked: &[Asked], context: &Context) -> Result<Option<Project>, CommandError> {
    if asked.iter().all(|asked| is_path(&asked.text)) {
        return Ok(None);
    }
    Project::find_optional(&context.project_start)
}

/// Gathers inputs.
pub(crate) struct Gather<'a> {
    project: Option<&'a Project>,
    build: Option<BuildMode>,
    args: &'a InputArgs,
    context: &'a Context,
}

impl<'a> Gather<'a> {
    /// With the members and dependencies of `project` by name. Members are built first in the stated mode; without one
    /// they are taken as they were last built.
    pub(crate) fn new(
        project: Option<&'a Project>,
        build: Option<BuildMode>,
        args: &'a InputArgs,
        context: &'a Context,
    ) -> Self {
        Self { project, build, args, context }
    }

    /// What was asked for, in that order.
    pub(crate) fn asked(&self, asked: &[Asked]) -> Result<Vec<Found>, CommandError> {
        let wanted = asked.iter().map(|asked| self.wanted(asked)).collect::<Result<Vec<_>, _>>()?;
        self.find(&wanted, Scope::Asked)
    }

    /// The members of the project, its dependencies but for those that are WIT packages, and `more`.
    pub(crate) fn project(&self, project: &Project, more: &[Asked]) -> Result<Vec<Found>, CommandError> {
        let members = project.components.iter().map(Wanted::member);
        let dependencies =
            project.dependencies.iter().map(|dependency| Wanted::dependency(project, dependency));
        let mut wanted: Vec<Wanted<'_>> = members.chain(dependencies).collect();
        let own = wanted.len();
        for asked in more {
            wanted.push(self.wanted(asked)?);
        }
        let found = self.find(&wanted, Scope::Project)?;
        let mut inputs = Vec::with_capacity(found.len());
        for (index, found) in found.into_iter().enumerate() {
            if index >= own || matches!(found.origin, Origin::Member) || !is_wit_package(&read(&found.bytes)?)
            {
                inputs.push(found);
            }
        }
        Ok(inputs)
    }

    fn find(&self, wanted: &[Wanted<'_>], scope: Scope) -> Result<Vec<Found>, CommandError> {
        let Gathering { found, needed, .. } = self.gather(wanted, scope, &Fresh::None)?;
        if let (Some(project), Some(needed)) = (self.project, needed) {
            Locking::of(project)?.settle(&needed, self.args.locked)?;
        }
        Ok(found)
    }

    /// Builds, reads and fetches, and says what the lock would have to be. Nothing of the lock is written.
    fn gather(&self, wanted: &[Wanted<'_>], scope: Scope, fresh: &Fresh) -> Result<Gathering, CommandError> {
        check_names(wanted)?;
        // A damaged lock is found before anything is built.
        let locking = self.project.map(Locking::of).transpose()?;
        self.build_members(wanted)?;
        let none = Lock::default();
        let lock = locking.as_ref().map_or(&none, |locking| &locking.known);
        let demand = |wanted: &Wanted<'_>| match &wanted.source {
            Source::Registry(locator) => {
                Some(RegistryDemand { locator: locator.clone(), place: wanted.place.clone() })
            }
            Source::File(_) | Source::Member(_) => None,
        };
        let demands: Vec<RegistryDemand> = wanted.iter().filter_map(demand).collect();
        let fetched = Fetch { lock, fresh, args: self.args, context: self.context }.all(&demands)?;
        let mut of_registries = fetched.iter();
        let (mut found, mut origins) = (Vec::new(), Vec::new());
        for wanted in wanted {
            let (bytes, origin, fetched) = match &wanted.source {
                Source::File(path) => (component_file(path)?, Origin::File, None),
                Source::Member(member) => (self.read_member(member)?, Origin::Member, None),
                Source::Registry(locator) => {
                    let Some(fetched) = of_registries.next() else {
                        return Err(CommandError::bug(format!("`{locator}` was not fetched")));
                    };
                    let pulled = &fetched.pulled;
                    (
                        pulled.component.clone().into(),
                        Origin::Registry(Box::new(pulled.clone())),
                        Some(fetched),
                    )
                }
            };
            found.push(Found { name: wanted.name.clone(), bytes, origin });
            origins.push(fetched);
        }
        let needed = match locking {
            Some(locking) => {
                let gathered: Vec<Gathered<'_>> = wanted
                    .iter()
                    .zip(&found)
                    .zip(origins)
                    .map(|((wanted, found), fetched)| Gathered { wanted, bytes: &found.bytes, fetched })
                    .collect();
                locking.renewed(&gathered, scope)?
            }
            None => None,
        };
        Ok(Gathering { found, fetched, needed })
    }

    fn build_members(&self, wanted: &[Wanted<'_>]) -> Result<(), CommandError> {
        let (Some(project), Some(mode)) = (self.project, self.build) else { return Ok(()) };
        let member = |wanted: &Wanted<'_>| project.components.iter().find(|member| wanted.is_member(member));
        let members: Vec<&Component> = wanted.iter().filter_map(member).collect();
        if !members.is_empty() {
            build_all(project, &members, mode, self.context)?;
        }
        Ok(())
    }

    fn read_member(&self, name: &str) -> Result<InputBytes, CommandError> {
        let Some(project) = self.project else {
            return Err(CommandError::bug(format!("`{name}` is a member of no project")));
        };
        let file = project.component_file(name);
        InputBytes::file(&file).map_err(|error| {
            let shown = io_error("read", &file, &error);
            if error.kind() == std::io::ErrorKind::NotFound { shown.hint("run `wkit build`") } else { shown }
        })
    }

    /// What a text stands for: a path; the name of a member or a dependency; a file of that name; a reference.
    fn wanted(&self, asked: &Asked) -> Result<Wanted<'_>, CommandError> {
        let Asked { name, text, place } = asked;
        let own = self.project.filter(|_| !is_path(text)).and_then(|project| {
            let member = project.component(text).map(Wanted::member);
            member.or_else(|| project.dependency(text).map(|found| Wanted::dependency(project, found)))
        });
        if let Some(wanted) = own {
            let renamed = name.clone().unwrap_or_else(|| wanted.name.clone());
            return Ok(Wanted { name: renamed, ..wanted });
        }
        let source = if is_file(text) {
            Source::File(PathBuf::from(text))
        } else if text.contains([':', '/']) {
            Source::Registry(source::locator(text)?)
        } else {
            return Err(self.unknown(text));
        };
        let named = name.clone().unwrap_or_else(|| source.own_name());
        Ok(Wanted { name: named, text: text.clone(), source, place: place.clone() })
    }

    fn unknown(&self, text: &str) -> CommandError {
        let Some(project) = self.project else {
            // A word by itself is no reference either; what one looks like is said there.
            return source::locator(text).err().unwrap_or_else(|| {
                CommandError::usage(format!("`{text}` is neither a file nor a reference"))
            });
        };
        let members = project.components.iter().map(|member| member.name.as_str());
        let dependencies = project.dependencies.iter().map(|dependency| dependency.name.as_str());
        let names: Vec<String> = members.chain(dependencies).map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() { "neither".to_owned() } else { names.join(", ") };
        let shown = &project.name;
        CommandError::usage(format!(
            "`{text}` is no file, and no member or dependency of the project `{shown}`"
        ))
        .detail(format!("the project has {names}"))
        .hint("something in a registry is named like `namespace:name@^1.2` or `host/repository:tag`")
    }
}

/// What was gathered.
struct Gathering {
    found: Vec<Found>,
    /// What came from registries, in the order of the inputs.
    fetched: Vec<Fetched>,
    /// What the lock has to say for it; nothing where it has no say.
    needed: Option<Lock>,
}

/// An input before it is read.
struct Wanted<'a> {
    name: String,
    /// As it was written, for messages.
    text: String,
    source: Source<'a>,
    place: Place,
}

enum Source<'a> {
    File(PathBuf),
    Member(&'a str),
    Registry(Locator),
}

impl<'a> Wanted<'a> {
    fn member(member: &'a Component) -> Self {
        let name = member.name.clone();
        // The lines of members are of no interest: their names are unique already.
        let place = Place::Argument("[components]");
        Self { text: name.clone(), source: Source::Member(&member.name), place, name }
    }

    fn dependency(project: &Project, dependency: &'a Dependency) -> Self {
        let Dependency { name, source, place } = dependency;
        let (text, source) = match source {
            DependencySource::Registry(locator) => (locator.to_string(), Source::Registry(locator.clone())),
            DependencySource::File(path) => {
                (path.display().to_string(), Source::File(project.folder.join(path)))
            }
        };
        Self { name: name.clone(), text, source, place: place.clone() }
    }

    fn is_member(&self, member: &Component) -> bool {
        matches!(self.source, Source::Member(name) if name == member.name)
    }
}

impl Source<'_> {
    /// What an input is called when nobody says so: `tax` for `x/tax.wasm`, `acme:tax@1.0.0` and `host/acme/tax:1`.
    fn own_name(&self) -> String {
        match self {
            Self::File(path) => {
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                stem.unwrap_or_else(|| path.display().to_string())
            }
            Self::Member(name) => (*name).to_owned(),
            Self::Registry(locator) => source::name_of(locator).to_owned(),
        }
    }
}

/// What can be nothing but a path.
fn is_path(text: &str) -> bool {
    is_file(text) && (text.contains(['/', '.']) || Path::new(text).is_absolute())
}

fn is_wit_package(bytes: &[u8]) -> bool {
    wkit_interface::outline(bytes).is_ok_and(|outline| outline.kind == SurfaceKind::WitPackage)
}

/// Names are how plan, messages and result speak of inputs, so no two inputs share one.
fn check_names(wanted: &[Wanted<'_>]) -> Result<(), CommandError> {
    for (index, second) in wanted.iter().enumerate() {
        let Some(first) = wanted[..index].iter().find(|first| first.name == second.name) else { continue };
        let Wanted { name, text, place, .. } = second;
        let hint = match place {
            Place::Argument(option) if option.starts_with("--") => {
                format!("give one of them another name, as in `{option} other-{name}={text}`")
            }
            _ => format!("give one of them another name, as in `--plug other-{name}=FILE`"),
        };
        return Err(CommandError::usage(format!("two components are named `{name}`"))
            .detail(format!("`{}` ({})\n`{text}` ({place})", first.text, first.place))
            .hint(hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_before_an_equals_sign() {
        for (text, name, rest) in [
            ("a.wasm", None, "a.wasm"),
            ("first=a.wasm", Some("first"), "a.wasm"),
            ("tax=acme:tax@=1.2.0", Some("tax"), "acme:tax@=1.2.0"),
            ("acme:tax@=1.2.0", None, "acme:tax@=1.2.0"),
            ("./a=b.wasm", None, "./a=b.wasm"),
            ("=a.wasm", None, "=a.wasm"),
        ] {
            let asked = Asked::argument(text, "--plug");
            assert_eq!((asked.name.as_deref(), asked.text.as_str()), (name, rest), "{text}");
        }
    }

    #[test]
    fn an_input_is_named_after_what_it_is() {
        let registry = |text: &str| Source::Registry(text.parse().unwrap()).own_name();
        assert_eq!(Source::File("x/tax.wasm".into()).own_name(), "tax");
        assert_eq!(registry("acme:tax@^1.2"), "tax");
        assert_eq!(registry("host.example/acme/tax:1.2.0"), "tax");
        assert_eq!(registry("host.example/tax:1.2.0"), "tax");
    }

    #[test]
    fn words_are_no_paths() {
        for (text, expected) in
            [("./tax", true), ("tax.wasm", true), ("tax", false), ("acme:tax@1.0.0", false)]
        {
            assert_eq!(is_path(text), expected, "{text}");
        }
    }
}
