//! Finding the reference that a package stands for.

use reqwest::Method;
use semver::Version;
use wkit_artifact::{
    Locator, PackageName, PackageReference, ParseRepositoryError, ParseTagError, Reference, RegistryHost,
    RepositoryName, Tag,
};

use crate::client::{CacheError, Client};
use crate::config::ConfigError;
use crate::limits::METADATA_BYTES_MAX;
use crate::list::ListError;
use crate::metadata::{METADATA_PATH, Metadata, MetadataError};
use crate::remote::{Call, RequestError};
use crate::wkg;

/// How many of the versions there are an error names.
const SHOWN_VERSIONS: usize = 8;

/// The repository of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The registry.
    pub registry: RegistryHost,
    /// The repository in it: prefix, namespace and name.
    pub repository: RepositoryName,
    /// Whether the registry is reached by plain HTTP.
    pub plain_http: bool,
    /// How it was found: one line for each step, with the file and the key or the URL.
    pub chain: Vec<String>,
}

/// The reference of a package in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The reference; its tag is the version.
    pub reference: Reference,
    /// Whether the registry is reached by plain HTTP.
    pub plain_http: bool,
    /// How it was found: one line for each step, with the file and the key or the URL.
    pub chain: Vec<String>,
}

impl Client {
    /// Finds the repository of a package, by the project's namespaces, wkg's configuration, and what the host says.
    ///
    /// # Errors
    ///
    /// When nothing maps the package, or the host that it is mapped to cannot be asked or gives no good answer.
    pub async fn locate(&self, package: &PackageName) -> Result<Located, ResolveError> {
        let found = self.map(package)?;
        let mut chain = vec![found.origin.clone()];
        let metadata = match &found.metadata {
            Some(metadata) => metadata.clone(),
            None => self.host_metadata(package, &found, &mut chain).await?,
        };
        let prefix = metadata.prefix;
        let registry = metadata.registry.unwrap_or_else(|| found.host.clone());
        let prefix = prefix.unwrap_or_default();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            chain.push(format!("the prefix `{prefix}` has no `/` at its end and is joined to the namespace"));
        }
        let text = format!("{prefix}{}/{}", package.namespace(), package.name());
        let repository: RepositoryName = text.parse().map_err(|source| ResolveError::Repository {
            package: package.clone(),
            registry: registry.clone(),
            source,
            chain: chain.clone(),
        })?;
        // What is said of one host is not said of another that it leads to.
        let said = found.plain_http.filter(|_| registry == found.host);
        let plain_http = said.unwrap_or_else(|| self.is_plain_http(&registry));
        chain.push(format!(
            "repository `{registry}/{repository}`{}",
            if plain_http { ", by plain HTTP" } else { "" }
        ));
        Ok(Located { registry, repository, plain_http, chain })
    }

    /// Finds the reference of a package. Without a version the newest release is taken, with a requirement the
    /// newest that meets it.
    ///
    /// # Errors
    ///
    /// As [`locate`](Self::locate), and when no version fits.
    pub async fn resolve(&self, package: &PackageReference) -> Result<Resolved, ResolveError> {
        let Located { registry, repository, plain_http, mut chain } = self.locate(package.name()).await?;
        let version = match package.version() {
            Some(version) => version.clone(),
            None => {
                let versions = self.versions(&registry, &repository, plain_http).await.map_err(|source| {
                    ResolveError::List { package: package.clone(), source: Box::new(source) }
                })?;
                let newest = versions.iter().rfind(|version| package.matches(version)).cloned();
                let version = newest.ok_or_else(|| ResolveError::NoVersion {
                    package: package.clone(),
                    registry: registry.clone(),
                    repository: repository.clone(),
                    available: versions.clone(),
                })?;
                chain.push(format!("version {version}, the newest that fits of {}", versions.len()));
                version
            }
        };
        let tag = Tag::from_version(&version)
            .map_err(|source| ResolveError::Version { package: package.clone(), source })?;
        Ok(Resolved { reference: Reference::with_tag(registry, repository, tag), plain_http, chain })
    }

    /// The reference a locator stands for, however it is written.
    pub(crate) async fn resolve_locator(&self, locator: &Locator) -> Result<Resolved, ResolveError> {
        match locator {
            Locator::Package(package) => self.resolve(package).await,
            Locator::Reference(reference) => Ok(Resolved {
                reference: reference.clone(),
                plain_http: self.is_plain_http(reference.registry()),
                chain: vec![format!("`{reference}` as given")],
            }),
        }
    }

    /// What the configuration says about the package.
    fn map(&self, package: &PackageName) -> Result<Mapped, ResolveError> {
        if let Some(mapping) = self.config.namespaces.get(package) {
            return Ok(Mapped {
                host: mapping.registry.clone(),
                // With a prefix there is nothing left to ask the host for.
                metadata: mapping
                    .prefix
                    .clone()
                    .map(|prefix| Metadata { registry: None, prefix: Some(prefix) }),
                plain_http: mapping.plain_http,
                origin: format!("{} = `{}`", mapping.source, mapping.registry),
            });
        }
        if let Some((mapping, key, path)) = self
            .config
            .wkg_config
            .as_ref()
            .and_then(|wkg| wkg.mapping(package).map(|(mapping, key)| (mapping, key, wkg.path())))
        {
            let origin = format!("{path}: {key} = `{}`", mapping.registry);
            return Ok(Mapped {
                host: mapping.registry,
                metadata: mapping.metadata,
                plain_http: None,
                origin,
            });
        }
        if let Some(host) = wkg::fallback(package) {
            let origin = format!("built in: namespace `{}` = `{host}`", package.namespace());
            return Ok(Mapped { host, metadata: None, plain_http: None, origin });
        }
        let mut looked = vec!["`[registries]` of wkit.toml".to_owned()];
        looked.extend(self.config.wkg_config.as_ref().map(|wkg| format!("`{}`", wkg.path())));
        Err(ResolveError::NoRegistry { package: package.clone(), looked })
    }

    /// What the host says about its packages. It is remembered, and what was remembered is used when offline.
    async fn host_metadata(
        &self,
        package: &PackageName,
        mapped: &Mapped,
        chain: &mut Vec<String>,
    ) -> Result<Metadata, ResolveError> {
        let host = &mapped.host;
        // wkg asks by https unless the host is this machine; what is said for this namespace or host comes first.
        let plain_http =
            mapped.plain_http.unwrap_or_else(|| host.is_loopback() || self.config.plain_http.contains(host));
        let remote = self.remote(host, plain_http)?;
        let url = remote.url(METADATA_PATH);
        let invalid = |source, chain: &[String]| ResolveError::Metadata {
            package: package.clone(),
            url: url.to_string(),
            source,
            chain: chain.to_vec(),
        };
        if self.config.offline {
            let cached = host.clone();
            let known = self.with_cache(move |cache| Ok(cache.metadata(&cached))).await?;
            return match known {
                Some(bytes) if bytes.is_empty() => {
                    chain.push(format!("{url}: not there when it was last asked"));
                    Ok(Metadata::default())
                }
                Some(bytes) => {
                    chain.push(format!("{url}: as it was when it was last asked"));
                    Metadata::parse(&bytes).map_err(|source| invalid(source, chain))
                }
                None => Err(ResolveError::Offline { package: package.clone(), url: url.to_string() }),
            };
        }
        let call = Call {
            method: Method::GET,
            url: url.clone(),
            accept: Some("application/json"),
            scope: None,
            what: format!("`{METADATA_PATH}`"),
            max_bytes: METADATA_BYTES_MAX,
        };
        let answer = remote.fetch(&call).await.map_err(|source| ResolveError::Host {
            package: package.clone(),
            source,
            chain: chain.clone(),
        })?;
        // Hosts that know nothing of this path answer it in many ways; none of them is a reason to stop.
        let is_json = answer.header("content-type").is_none_or(|kind| kind.contains("json"));
        let bytes = match answer.status {
            200 if is_json => {
                let metadata = Metadata::parse(&answer.body).map_err(|source| invalid(source, chain))?;
                chain.push(format!("{url}: {}", describe(&metadata)));
                Some((metadata, answer.body.to_vec()))
            }
            200..=299 | 400..=499 => {
                chain.push(format!(
                    "{url}: status {} and no metadata, so the host itself is used",
                    answer.status
                ));
                None
            }
            _ => {
                let source = answer.unexpected(&remote, &call.what);
                return Err(ResolveError::Host { package: package.clone(), source, chain: chain.clone() });
            }
        };
        let (metadata, bytes) = bytes.unwrap_or_default();
        let cached = host.clone();
        if let Err(error) = self.with_cache(move |cache| cache.set_metadata(&cached, &bytes)).await {
            tracing::debug!(%error, "what the host says is not remembered");
        }
        Ok(metadata)
    }
}

/// What the configuration says about a package.
struct Mapped {
    host: RegistryHost,
    /// Known without asking the host.
    metadata: Option<Metadata>,
    plain_http: Option<bool>,
    origin: String,
}

fn describe(metadata: &Metadata) -> String {
    let registry = metadata.registry.as_ref().map(|registry| format!("registry `{registry}`"));
    let prefix = metadata.prefix.as_ref().map(|prefix| format!("prefix `{prefix}`"));
    match (registry, prefix) {
        (Some(registry), Some(prefix)) => format!("{registry}, {prefix}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "says nothing of its registry, so the host itself is used".to_owned(),
    }
}

/// Why a package has no reference.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Nothing says where packages of this namespace are.
    #[error("no registry is known for `{package}`; looked in {}", looked.join(" and "))]
    NoRegistry {
        /// The package.
        package: PackageName,
        /// The places that were looked at.
        looked: Vec<String>,
    },
    /// The host cannot be asked for its metadata.
    #[error("cannot find `{package}`: {source}")]
    Host {
        /// The package.
        package: PackageName,
        /// Why.
        source: RequestError,
        /// How the host was found.
        chain: Vec<String>,
    },
    /// The host's metadata is not valid.
    #[error("cannot find `{package}`: `{url}` cannot be used: {source}")]
    Metadata {
        /// The package.
        package: PackageName,
        /// The metadata.
        url: String,
        /// Why.
        source: MetadataError,
        /// How the host was found.
        chain: Vec<String>,
    },
    /// Offline, and the host's metadata has never been asked for.
    #[error("cannot find `{package}` offline: `{url}` has not been asked for before")]
    Offline {
        /// The package.
        package: PackageName,
        /// The metadata.
        url: String,
    },
    /// Prefix, namespace and name make no repository.
    #[error("cannot find `{package}` in the registry `{registry}`: {source}")]
    Repository {
        /// The package.
        package: PackageName,
        /// The registry.
        registry: RegistryHost,
        /// Why.
        source: ParseRepositoryError,
        /// How the registry was found.
        chain: Vec<String>,
    },
    /// The versions cannot be listed.
    #[error("cannot choose a version of `{package}`: {source}")]
    List {
        /// The package.
        package: PackageReference,
        /// Why.
        source: Box<ListError>,
    },
    /// No version fits.
    #[error("no version of `{package}` fits in `{registry}/{repository}`, {}", shown(available))]
    NoVersion {
        /// The package and what is wanted of it.
        package: PackageReference,
        /// The registry.
        registry: RegistryHost,
        /// The repository.
        repository: RepositoryName,
        /// The versions there are, oldest first.
        available: Vec<Version>,
    },
    /// The version cannot be a tag.
    #[error("the version of `{package}` cannot be published or found as a tag: {source}")]
    Version {
        /// The package.
        package: PackageReference,
        /// Why.
        source: ParseTagError,
    },
    /// The registry's configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The local cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl ResolveError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            ResolveError::NoRegistry { package, .. } => Some(format!(
                "say where it is under `[registries]` in wkit.toml: {} = \"registry.example\"",
                package.namespace()
            )),
            ResolveError::Host { source, .. } => source.hint(),
            ResolveError::Offline { .. } => Some("run it once without `--offline`".to_owned()),
            ResolveError::List { source, .. } => source.hint(),
            ResolveError::Config(error) => error.hint(),
            ResolveError::NoVersion { package, available, .. } if package.requirement().is_none() => {
                available.last().map(|newest| {
                    format!("there are only pre-releases; name one, as in `{}@{newest}`", package.name())
                })
            }
            _ => None,
        }
    }

    /// How far the search came: one line for each step.
    pub fn chain(&self) -> &[String] {
        match self {
            ResolveError::Host { chain, .. }
            | ResolveError::Metadata { chain, .. }
            | ResolveError::Repository { chain, .. } => chain,
            _ => &[],
        }
    }
}

/// The versions there are, newest first, as a part of a sentence.
pub(crate) fn shown(versions: &[Version]) -> String {
    if versions.is_empty() {
        return "where there are no versions".to_owned();
    }
    let newest: Vec<String> = versions.iter().rev().take(SHOWN_VERSIONS).map(Version::to_string).collect();
    let more = versions.len().saturating_sub(SHOWN_VERSIONS);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("which has {}{tail}", newest.join(", "))
}
