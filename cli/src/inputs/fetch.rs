//! What is fetched from registries: one version for all demands on a package, then the components themselves, held
//! against the lock.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use semver::Version;
use wkit_artifact::{Locator, PackageName, PackageReference};
use wkit_registry_client::{
    Client, Demand, ListError, PullError, Pulled, RequestError, ResolveError, select, select_locked,
};

use super::{Fresh, InputArgs, Place};
use crate::context::Context;
use crate::error::CommandError;
use crate::lock::{self, Lock, LockedPackage};
use crate::progress::Bars;
use crate::registries;

/// How many components are fetched at a time.
const FETCHES_AT_A_TIME: usize = 8;

/// One input that is in a registry.
#[derive(Debug, Clone)]
pub(super) struct RegistryDemand {
    pub(super) locator: Locator,
    pub(super) place: Place,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    /// The version of a package; a reference has none.
    pub(super) version: Option<Version>,
    pub(super) pulled: Pulled,
}

/// What is fetched with.
pub(super) struct Fetch<'a> {
    /// What is locked; of no use are entries of packages that are to be `fresh`.
    pub(super) lock: &'a Lock,
    pub(super) fresh: &'a Fresh,
    pub(super) args: &'a InputArgs,
    pub(super) context: &'a Context,
}

/// One thing to fetch, however many ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target<'a> {
    /// The package in its version, or the reference.
    locator: Locator,
    locked: Option<&'a LockedPackage>,
}

impl<'a> Fetch<'a> {
    /// Fetches each of `demands`, in their order.
    pub(super) fn all(&self, demands: &[RegistryDemand]) -> Result<Vec<Fetched>, CommandError> {
        if demands.is_empty() {
            return Ok(Vec::new());
        }
        let client = registries::client(&self.args.registry, self.context)?;
        let runtime = crate::context::runtime()?;
        let bars = Bars::new(self.context.ui);
        runtime.block_on(async {
            let versions = self.versions(&client, demands).await?;
            let targets: Vec<Target<'a>> = demands
                .iter()
                .zip(&versions)
                .map(|(demand, version)| self.target(demand, version.as_ref()))
                .collect();
            self.check_locked(demands, &targets)?;
            let mut distinct: Vec<&Target<'_>> = Vec::new();
            for target in &targets {
                if !distinct.contains(&target) {
                    distinct.push(target);
                }
            }
            let pulls = distinct.iter().map(|target| self.pull(&client, target, &bars));
            let pulled: Vec<Pulled> = stream::iter(pulls).buffered(FETCHES_AT_A_TIME).try_collect().await?;
            let of = |target: &Target<'_>| {
                let index = distinct.iter().position(|distinct| *distinct == target)?;
                pulled.get(index).cloned()
            };
            let fetched = targets.iter().zip(versions);
            Ok(fetched
                .filter_map(|(target, version)| Some(Fetched { version, pulled: of(target)? }))
                .collect())
        })
    }

    fn target(&self, demand: &RegistryDemand, version: Option<&Version>) -> Target<'a> {
        let (locator, name) = match (&demand.locator, version) {
            (Locator::Package(package), Some(version)) => {
                let exact = PackageReference::exact(package.name().clone(), version.clone());
                (exact.into(), lock::name_of(&demand.locator))
            }
            (locator, _) => (locator.clone(), lock::name_of(locator)),
        };
        let locked = self.lock.package(&name, version).filter(|_| !self.fresh.contains(&name));
        Target { locator, locked }
    }

    /// With `--locked`, nothing is taken that the lock does not have.
    fn check_locked(&self, demands: &[RegistryDemand], targets: &[Target<'_>]) -> Result<(), CommandError> {
        if !self.args.locked {
            return Ok(());
        }
        let missing = demands.iter().zip(targets).filter(|(_, target)| target.locked.is_none());
        let lines: Vec<String> = missing
            .map(|(RegistryDemand { locator, place }, _)| {
                let name = lock::name_of(locator);
                let known: Vec<String> = self
                    .lock
                    .packages
                    .iter()
                    .filter(|locked| locked.name == name)
                    .filter_map(|locked| locked.version.as_ref().map(ToString::to_string))
                    .collect();
                let known = if known.is_empty() { "nothing of it".to_owned() } else { known.join(", ") };
                format!("{place} asks for `{locator}`, and `{}` has {known}", lock::FILE_NAME)
            })
            .collect();
        if lines.is_empty() { Ok(()) } else { Err(super::locking::drift(&lines)) }
    }

    /// The version for each demand on a package. A registry is asked for its versions only where the lock does not
    /// have one that will do.
    async fn versions(
        &self,
        client: &Client,
        demands: &[RegistryDemand],
    ) -> Result<Vec<Option<Version>>, CommandError> {
        let mut packages: BTreeMap<&PackageName, Vec<(usize, Demand)>> = BTreeMap::new();
        for (index, RegistryDemand { locator, place }) in demands.iter().enumerate() {
            if let Locator::Package(package) = locator {
                let demand = Demand { package: package.clone(), place: place.to_string() };
                packages.entry(package.name()).or_default().push((index, demand));
            }
        }
        let mut versions = vec![None; demands.len()];
        for (package, asked) in packages {
            let (indices, asked): (Vec<usize>, Vec<Demand>) = asked.into_iter().unzip();
            let chosen = self.choose(client, package, &asked).await?;
            for (index, version) in indices.into_iter().zip(chosen) {
                versions[index] = version;
            }
        }
        Ok(versions)
    }

    async fn choose(
        &self,
        client: &Client,
        package: &PackageName,
        asked: &[Demand],
    ) -> Result<Vec<Option<Version>>, CommandError> {
        let locked = match self.fresh.contains(&package.to_string()) {
            true => Vec::new(),
            false => self.lock.versions(package),
        };
        if let Some(chosen) = select_locked(asked, &locked) {
            return Ok(chosen.into_iter().map(Some).collect());
        }
        if self.args.locked {
            // What is missing is named for all packages together.
            let known =
                |demand: &Demand| locked.iter().rfind(|version| demand.package.matches(version)).cloned();
            return Ok(asked.iter().map(known).collect());
        }
        let cannot = format!("cannot choose a version of `{package}`");
        let available = client
            .list_versions(package)
            .await
            .map_err(|error: ListError| CommandError::from_error(&cannot, &error).maybe_hint(error.hint()))?;
        if available.is_empty() && self.args.registry.is_offline() {
            return Err(CommandError::failed(format!("{cannot} offline: no version of it is in the cache"))
                .detail(asked.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
                .hint("run it once without `--offline`"));
        }
        let chosen = select(asked, &locked, &available).map_err(|error| {
            CommandError::failed(&cannot).detail(error.to_string()).maybe_hint(error.hint())
        })?;
        Ok(chosen.into_iter().map(Some).collect())
    }

    async fn pull(&self, client: &Client, target: &Target<'_>, bars: &Bars) -> Result<Pulled, CommandError> {
        let Target { locator, locked } = target;
        let failed = |error: &PullError| {
            let error =
                CommandError::from_error(format!("cannot pull `{locator}`"), error).maybe_hint(error.hint());
            match locked {
                Some(locked) => error.detail(format!("`{}` has `{}`", lock::FILE_NAME, locked.manifest)),
                None => error,
            }
        };
        let Some(locked) = locked else {
            return client.pull(locator, bars).await.map_err(|error| failed(&error));
        };
        let pinned: Locator = locked.pinned()?.into();
        if self.args.registry.is_offline() {
            return client.pull(&pinned, bars).await.map_err(|error| failed(&error));
        }
        match client.pull(locator, bars).await {
            Ok(pulled) if pulled.manifest_digest == locked.manifest => Ok(pulled),
            Ok(pulled) => Err(moved(locked, &pulled)),
            // What is locked and in the cache needs no registry; only CI has to know that nothing has moved.
            Err(error) if is_unreachable(&error) && !self.args.locked => {
                let offline = registries::client(&self.args.registry.offline(), self.context)?;
                let pulled = offline.pull(&pinned, bars).await.map_err(|_| failed(&error))?;
                let said = format!(
                    "the registry cannot be reached; `{}` is taken from the cache, as locked",
                    locked.shown()
                );
                self.context.ui.note(said);
                Ok(pulled)
            }
            Err(error) => Err(failed(&error)),
        }
    }
}

/// A version that is not what it was when it was locked.
fn moved(locked: &LockedPackage, pulled: &Pulled) -> CommandError {
    let name = locked.shown();
    CommandError::failed(format!("`{name}` is not what it was when it was locked"))
        .detail(format!(
            "expected `{}`, as `{}` says\nfound `{}` in `{}/{}`",
            locked.manifest,
            lock::FILE_NAME,
            pulled.manifest_digest,
            pulled.reference.registry(),
            pulled.reference.repository()
        ))
        .hint(format!(
            "somebody has published other content under this version; ask them, or accept it with `wkit update {}`",
            locked.name
        ))
}

fn is_unreachable(error: &PullError) -> bool {
    let source = match error {
        PullError::Request { source, .. } | PullError::Resolve(ResolveError::Host { source, .. }) => source,
        _ => return false,
    };
    matches!(
        source,
        RequestError::Unreachable { .. } | RequestError::Interrupted { .. } | RequestError::Timeout { .. }
    )
}
