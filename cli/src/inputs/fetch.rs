//! What is fetched from registries: one version for all demands on a package, then the components themselves.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use semver::Version;
use wkit_artifact::{Locator, PackageName, PackageReference};
use wkit_registry_client::{Client, Demand, ListError, Pulled, select, select_locked};

use super::Place;
use crate::context::Context;
use crate::error::CommandError;
use crate::progress::Bars;
use crate::registries::{self, RegistryArgs};

/// How many components are fetched at a time.
const FETCHES_AT_A_TIME: usize = 8;

/// One input that is in a registry.
#[derive(Debug, Clone)]
pub(super) struct RegistryDemand {
    pub(super) locator: Locator,
    pub(super) place: Place,
}

/// Fetches each of `demands`, in their order.
pub(super) fn fetch(
    demands: &[RegistryDemand],
    args: &RegistryArgs,
    context: &Context,
) -> Result<Vec<Pulled>, CommandError> {
    let client = registries::client(args, context)?;
    let runtime = crate::context::runtime()?;
    let bars = Bars::new(context.ui);
    runtime.block_on(async {
        let versions = versions(&client, demands).await?;
        let exact: Vec<Locator> = demands
            .iter()
            .zip(&versions)
            .map(|(demand, version)| match (&demand.locator, version) {
                (Locator::Package(package), Some(version)) => {
                    PackageReference::exact(package.name().clone(), version.clone()).into()
                }
                (locator, _) => locator.clone(),
            })
            .collect();
        let mut distinct = exact.clone();
        distinct.sort_by_key(ToString::to_string);
        distinct.dedup();
        let pulls = distinct.into_iter().map(|locator| {
            let (client, bars) = (&client, &bars);
            async move {
                let pulled = client.pull(&locator, bars).await.map_err(|error| {
                    CommandError::from_error(format!("cannot pull `{locator}`"), &error)
                        .maybe_hint(error.hint())
                })?;
                Ok::<_, CommandError>((locator, pulled))
            }
        });
        let pulled: HashMap<Locator, Pulled> =
            stream::iter(pulls).buffer_unordered(FETCHES_AT_A_TIME).try_collect().await?;
        Ok(exact.iter().filter_map(|locator| pulled.get(locator).cloned()).collect())
    })
}

/// The version for each demand on a package. Registries are asked for their versions only where that is needed.
async fn versions(client: &Client, demands: &[RegistryDemand]) -> Result<Vec<Option<Version>>, CommandError> {
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
        let chosen = match select_locked(&asked, &[]) {
            Some(chosen) => chosen,
            None => {
                let available =
                    client.list_versions(package).await.map_err(|error| no_versions(package, &error))?;
                select(&asked, &[], &available).map_err(|error| {
                    let cannot = format!("cannot choose a version of `{package}`");
                    CommandError::failed(cannot).detail(error.to_string()).maybe_hint(error.hint())
                })?
            }
        };
        for (index, version) in indices.into_iter().zip(chosen) {
            versions[index] = Some(version);
        }
    }
    Ok(versions)
}

fn no_versions(package: &PackageName, error: &ListError) -> CommandError {
    CommandError::from_error(format!("cannot choose a version of `{package}`"), error)
        .maybe_hint(error.hint())
}
