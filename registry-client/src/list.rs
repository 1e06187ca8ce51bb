//! Listing what a repository has.

use reqwest::Method;
use semver::Version;
use serde::Deserialize;
use url::Url;
use wkit_artifact::{PackageName, RegistryHost, RepositoryName, Tag};

use crate::client::{CacheError, Client};
use crate::config::ConfigError;
use crate::limits::{TAG_PAGE_BYTES_MAX, TAG_PAGES_MAX};
use crate::remote::{Answer, Call, Remote, RequestError, Scope};
use crate::resolve::ResolveError;

impl Client {
    /// The versions of a package, oldest first. Tags that are no versions are passed over.
    ///
    /// Offline, the versions that have been pulled before.
    ///
    /// # Errors
    ///
    /// When the package's repository cannot be found or listed.
    pub async fn list_versions(&self, package: &PackageName) -> Result<Vec<Version>, ListError> {
        let located = self.locate(package).await.map_err(|error| ListError::Resolve(Box::new(error)))?;
        self.versions(&located.registry, &located.repository, located.plain_http).await
    }

    /// The tags of a repository, as the registry orders them.
    ///
    /// Offline, the tags that have been pulled before.
    ///
    /// # Errors
    ///
    /// When the repository is unknown or cannot be listed.
    pub async fn list_tags(
        &self,
        registry: &RegistryHost,
        repository: &RepositoryName,
    ) -> Result<Vec<Tag>, ListError> {
        self.tags(registry, repository, self.is_plain_http(registry)).await
    }

    pub(crate) async fn versions(
        &self,
        registry: &RegistryHost,
        repository: &RepositoryName,
        plain_http: bool,
    ) -> Result<Vec<Version>, ListError> {
        let tags = self.tags(registry, repository, plain_http).await?;
        let mut versions: Vec<Version> = tags.iter().filter_map(Tag::to_version).collect();
        versions.sort();
        versions.dedup();
        Ok(versions)
    }

    async fn tags(
        &self,
        registry: &RegistryHost,
        repository: &RepositoryName,
        plain_http: bool,
    ) -> Result<Vec<Tag>, ListError> {
        if self.config.offline {
            let (registry, repository) = (registry.clone(), repository.clone());
            return Ok(self.with_cache(move |cache| cache.tags(&registry, &repository)).await?);
        }
        let remote = self.remote(registry, plain_http)?;
        let scope = Scope::pull(repository);
        // No `n` is sent: registries that can then give the whole list at once.
        let mut url = remote.url(&format!("/v2/{repository}/tags/list"));
        let mut tags = Vec::new();
        for _ in 0..TAG_PAGES_MAX {
            let call = Call {
                method: Method::GET,
                url: url.clone(),
                accept: Some("application/json"),
                scope: Some(&scope),
                what: "the list of tags".to_owned(),
                max_bytes: TAG_PAGE_BYTES_MAX,
            };
            let failed = |source| ListError::Request { repository: repository.clone(), source };
            let answer = remote.fetch(&call).await.map_err(failed)?;
            match answer.status {
                200 => {}
                404 => {
                    return Err(ListError::UnknownRepository {
                        registry: registry.clone(),
                        repository: repository.clone(),
                    });
                }
                _ => return Err(failed(answer.unexpected(&remote, &call.what))),
            }
            let page: Page = serde_json::from_slice(&answer.body).map_err(|error| ListError::Page {
                registry: registry.clone(),
                repository: repository.clone(),
                message: error.to_string(),
            })?;
            // A tag that is not one cannot be asked for either.
            tags.extend(page.tags.unwrap_or_default().iter().filter_map(|tag| tag.parse::<Tag>().ok()));
            match next_page(&remote, &url, &answer).map_err(failed)? {
                Some(next) => url = next,
                None => return Ok(tags),
            }
        }
        Err(ListError::TooManyPages { registry: registry.clone(), repository: repository.clone() })
    }
}

#[derive(Deserialize)]
struct Page {
    tags: Option<Vec<String>>,
}

/// The URL of the next page: `Link: </v2/…>; rel="next"` (OCI distribution specification, "Listing Tags").
fn next_page(remote: &Remote, page: &Url, answer: &Answer) -> Result<Option<Url>, RequestError> {
    for value in answer.headers.get_all("link") {
        let Some(target) = value.to_str().ok().and_then(next_target) else { continue };
        let protocol = |found: String| RequestError::Protocol { registry: remote.host().clone(), found };
        let url = page.join(target).map_err(|_| protocol("a `Link` that is no URL".to_owned()))?;
        // Credentials go along, so another host is not followed.
        if url.origin() != remote.base().origin() {
            return Err(protocol("a `Link` to another host".to_owned()));
        }
        return Ok(Some(url));
    }
    Ok(None)
}

/// The target of the link with `rel="next"` in a `Link` header (RFC 8288).
fn next_target(value: &str) -> Option<&str> {
    let mut rest = value;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest[start + 1..].split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let is_next = after[..end].split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        });
        if is_next {
            return Some(target);
        }
        rest = &after[end..];
    }
    None
}

/// Why a repository cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The package's repository cannot be found.
    #[error(transparent)]
    Resolve(#[from] Box<ResolveError>),
    /// The registry has no such repository, or does not show it.
    #[error("the registry `{registry}` has no repository `{repository}`")]
    UnknownRepository {
        /// The registry.
        registry: RegistryHost,
        /// The repository.
        repository: RepositoryName,
    },
    /// The registry did not answer, or not as it should.
    #[error("cannot list `{repository}`: {source}")]
    Request {
        /// The repository.
        repository: RepositoryName,
        /// Why.
        source: RequestError,
    },
    /// A page is no list of tags.
    #[error("the list of tags of `{registry}/{repository}` is not valid: {message}")]
    Page {
        /// The registry.
        registry: RegistryHost,
        /// The repository.
        repository: RepositoryName,
        /// What is wrong.
        message: String,
    },
    /// The list has no end.
    #[error("expected at most {TAG_PAGES_MAX} pages of tags of `{registry}/{repository}`, found more")]
    TooManyPages {
        /// The registry.
        registry: RegistryHost,
        /// The repository.
        repository: RepositoryName,
    },
    /// The registry's configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The local cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl ListError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            ListError::Resolve(error) => error.hint(),
            ListError::UnknownRepository { .. } => {
                Some("check the name; a registry may also hide what you have no access to".to_owned())
            }
            ListError::Request { source, .. } => source.hint(),
            ListError::Config(error) => error.hint(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        assert_eq!(
            next_target(r#"</v2/a/tags/list?last=b&n=2>; rel="next""#),
            Some("/v2/a/tags/list?last=b&n=2")
        );
        assert_eq!(next_target("<x>; title=\"a\"; REL=next"), Some("x"));
        assert_eq!(next_target(r#"<p>; rel="prev", <n>; rel="next""#), Some("n"));
        for none in ["", "x", "<x", r#"<x>; rel="prev""#, "<x>", "<x>; rel"] {
            assert_eq!(next_target(none), None, "{none:?}");
        }
    }
}
