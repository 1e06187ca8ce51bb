//! Pushing: a packed component and its bytes to a tag.

use bytes::Bytes;
use reqwest::Method;
use wkit_artifact::{
    Descriptor, Digest, Locator, PackageReference, Packed, Reference, RepositoryName, Tag, TagOrDigest,
    media_type,
};

use crate::client::Client;
use crate::config::ConfigError;
use crate::limits::LAYER_BYTES_MAX;
use crate::progress::{Progress, Transfer};
use crate::remote::{Call, Remote, RequestError, Scope};
use crate::resolve::{ResolveError, Resolved};

/// How to push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushOptions {
    /// Lets a version that is there already stand for other content from now on.
    pub overwrite: bool,
}

/// What has been pushed.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The reference, bound to the digest of the manifest.
    pub reference: Reference,
    /// The digest of the manifest, as the registry confirms it.
    pub manifest_digest: Digest,
    /// Whether exactly this was there before; then nothing was sent.
    pub already_there: bool,
    /// How the reference was found.
    pub chain: Vec<String>,
}

impl Client {
    /// Pushes a component under the tag that `locator` names: the tag of a reference, or the version of a package.
    ///
    /// Blobs that the registry has are not sent again. A tag that is a version and stands for other content is not
    /// moved unless `options` says so. When this returns, the registry has answered with the digest that was pushed.
    ///
    /// # Errors
    ///
    /// When `component` is not what `packed` describes, the version exists with other content, or the registry refuses.
    pub async fn push(
        &self,
        locator: &Locator,
        packed: &Packed,
        component: Bytes,
        options: PushOptions,
        progress: &dyn Progress,
    ) -> Result<Pushed, PushError> {
        check(packed, &component)?;
        if let Locator::Package(package) = locator
            && package.version().is_none()
        {
            return Err(PushError::NoVersion { package: package.clone() });
        }
        if self.config.offline {
            return Err(PushError::Offline { locator: locator.to_string() });
        }
        let Resolved { reference, plain_http, chain } = self.resolve_locator(locator).await?;
        let tag = reference.tag().ok_or_else(|| PushError::NoTag { reference: reference.clone() })?;
        if let Some(expected) = reference.digest().filter(|digest| **digest != packed.manifest_digest) {
            return Err(PushError::OtherDigest {
                reference: reference.clone(),
                expected: expected.clone(),
                found: packed.manifest_digest.clone(),
            });
        }
        let remote = self.remote(reference.registry(), plain_http)?;
        let repository = reference.repository();
        let push =
            Push { remote: &remote, repository, scope: Scope::push(repository), reference: &reference };
        let before = push.digest_of(tag, &packed.manifest_digest).await?;
        let already_there = before.as_ref() == Some(&packed.manifest_digest);
        if let Some(found) =
            before.filter(|_| !already_there && !options.overwrite && tag.to_version().is_some())
        {
            return Err(PushError::Exists {
                reference: reference.clone(),
                found,
                pushed: packed.manifest_digest.clone(),
            });
        }
        if !already_there {
            push.blob(&packed.layer_descriptor, &component, progress).await?;
            push.blob(&packed.config_descriptor, &Bytes::copy_from_slice(&packed.config), progress).await?;
            push.manifest(tag, packed).await?;
        }
        Ok(Pushed {
            reference: reference.clone().pinned(packed.manifest_digest.clone()),
            manifest_digest: packed.manifest_digest.clone(),
            already_there,
            chain,
        })
    }
}

/// One push under way.
struct Push<'a> {
    remote: &'a Remote,
    repository: &'a RepositoryName,
    scope: Scope,
    reference: &'a Reference,
}

impl Push<'_> {
    /// The digest that the tag stands for, made with the algorithm of `like`; None when there is no such tag.
    async fn digest_of(&self, tag: &Tag, like: &Digest) -> Result<Option<Digest>, PushError> {
        let target = TagOrDigest::Tag(tag.clone());
        let what = format!("the manifest `{tag}`");
        // Some registries leave the digest out of the answer, or do not answer HEAD: then the content is fetched.
        for method in [Method::HEAD, Method::GET] {
            let is_head = method == Method::HEAD;
            let answer = self
                .remote
                .manifest(method, self.repository, &target, &self.scope)
                .await
                .map_err(|source| self.failed(source))?;
            let said = answer.header("docker-content-digest").and_then(|text| text.parse::<Digest>().ok());
            match answer.status {
                200 if is_head => match said.filter(|digest| digest.algorithm() == like.algorithm()) {
                    Some(digest) => return Ok(Some(digest)),
                    None => continue,
                },
                200 => return Ok(Some(Digest::of(like.algorithm(), &answer.body))),
                404 => return Ok(None),
                405 if is_head => continue,
                _ => return Err(self.failed(answer.unexpected(self.remote, &what))),
            }
        }
        Ok(None)
    }

    /// Sends a blob that the registry does not have.
    async fn blob(
        &self,
        descriptor: &Descriptor,
        bytes: &Bytes,
        progress: &dyn Progress,
    ) -> Result<(), PushError> {
        if self.has_blob(descriptor).await? {
            tracing::debug!(digest = %descriptor.digest, "the registry has the blob");
            return Ok(());
        }
        let what = match descriptor.media_type.as_str() {
            media_type::WASM_CONFIG_V0 => format!("{} (config)", self.reference),
            _ => self.reference.to_string(),
        };
        let transfer = Transfer::start(progress, &what, descriptor.size_bytes);
        self.remote
            .upload(self.repository, &descriptor.digest, bytes, &self.scope, &transfer)
            .await
            .map_err(|source| self.failed(source))
    }

    async fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, PushError> {
        let call = Call {
            method: Method::HEAD,
            url: self.remote.url(&format!("/v2/{}/blobs/{}", self.repository, descriptor.digest)),
            accept: None,
            scope: Some(&self.scope),
            what: format!("the blob `{}`", descriptor.digest),
            max_bytes: 0,
        };
        let answer = self.remote.fetch(&call).await.map_err(|source| self.failed(source))?;
        match answer.status {
            200 => {
                // A blob of another length is not this one, whatever its name.
                let length = answer.header("content-length").and_then(|text| text.parse::<u64>().ok());
                Ok(length.is_none_or(|length| length == descriptor.size_bytes))
            }
            404 | 405 => Ok(false),
            _ => Err(self.failed(answer.unexpected(self.remote, &call.what))),
        }
    }

    /// Sends the manifest and asks what the tag stands for now.
    async fn manifest(&self, tag: &Tag, packed: &Packed) -> Result<(), PushError> {
        let bytes = Bytes::copy_from_slice(&packed.manifest);
        self.remote
            .put_manifest(self.repository, tag, &bytes, media_type::OCI_MANIFEST, &self.scope)
            .await
            .map_err(|source| self.failed(source))?;
        match self.digest_of(tag, &packed.manifest_digest).await? {
            Some(found) if found == packed.manifest_digest => Ok(()),
            found => Err(PushError::NotConfirmed {
                reference: self.reference.clone(),
                pushed: packed.manifest_digest.clone(),
                found,
            }),
        }
    }

    fn failed(&self, source: RequestError) -> PushError {
        PushError::Request { reference: self.reference.clone(), source }
    }
}

/// Whether the bytes are those that were packed.
fn check(packed: &Packed, component: &Bytes) -> Result<(), PushError> {
    let layer = &packed.layer_descriptor;
    let found = component.len() as u64;
    if found > LAYER_BYTES_MAX {
        return Err(PushError::LayerSize { found_bytes: found });
    }
    let digest = Digest::of(layer.digest.algorithm(), component);
    if digest != layer.digest || found != layer.size_bytes {
        return Err(PushError::NotPacked { expected: layer.digest.clone(), found: digest });
    }
    Ok(())
}

/// Why a component cannot be pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The package's repository cannot be found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The component is not the one that was packed.
    #[error("the component is not the one that was packed: expected `{expected}`, found `{found}`")]
    NotPacked {
        /// The digest in the manifest.
        expected: Digest,
        /// The digest of the component.
        found: Digest,
    },
    /// The component is too large.
    #[error("expected at most {LAYER_BYTES_MAX} bytes in a component, found {found_bytes}")]
    LayerSize {
        /// How many there are.
        found_bytes: u64,
    },
    /// A package is published in one version.
    #[error("expected a package with its version, such as `{}@1.0.0`, found `{package}`", package.name())]
    NoVersion {
        /// The package.
        package: PackageReference,
    },
    /// A reference to push to needs a tag.
    #[error("expected a tag in the reference to push to, found `{reference}`")]
    NoTag {
        /// The reference.
        reference: Reference,
    },
    /// The reference names the digest of something else.
    #[error(
        "the manifest to push to `{reference}` has another digest: expected `{expected}`, found `{found}`"
    )]
    OtherDigest {
        /// The reference.
        reference: Reference,
        /// The digest in the reference.
        expected: Digest,
        /// The digest of the manifest.
        found: Digest,
    },
    /// The version is there with other content.
    #[error("`{reference}` exists with other content: `{found}` is there, `{pushed}` would be pushed")]
    Exists {
        /// The reference.
        reference: Reference,
        /// The digest of what is there.
        found: Digest,
        /// The digest of what would be pushed.
        pushed: Digest,
    },
    /// The registry did not answer, or refused.
    #[error("cannot push `{reference}`: {source}")]
    Request {
        /// The reference.
        reference: Reference,
        /// Why.
        source: RequestError,
    },
    /// The registry took the manifest and says that the tag stands for something else.
    #[error(
        "the registry does not confirm `{reference}`: expected `{pushed}`, found {}",
        found.as_ref().map_or_else(|| "no such tag".to_owned(), |found| format!("`{found}`"))
    )]
    NotConfirmed {
        /// The reference.
        reference: Reference,
        /// The digest of what was pushed.
        pushed: Digest,
        /// The digest that the tag stands for.
        found: Option<Digest>,
    },
    /// Nothing can be pushed offline.
    #[error("cannot push `{locator}` offline")]
    Offline {
        /// What was to be pushed to.
        locator: String,
    },
    /// The client's configuration cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
}

impl PushError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            PushError::Resolve(error) => error.hint(),
            PushError::Exists { .. } => {
                Some("publish under a new version; who has pulled this one relies on its content".to_owned())
            }
            PushError::Request { source, .. } => source.hint(),
            PushError::NotConfirmed { .. } => {
                Some("somebody else may be pushing the same tag; push again to see".to_owned())
            }
            PushError::Configuration(error) => error.hint(),
            _ => None,
        }
    }
}
