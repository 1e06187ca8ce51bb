//! Pulling: from a locator to the bytes of a component, each byte checked on the way.

use bytes::{Bytes, BytesMut};
use reqwest::Method;
use wkit_artifact::{
    Descriptor, Digest, ImageIndex, ImageManifest, Locator, Manifest, Reference, TagOrDigest, WasmConfig,
    media_type, unpack,
};

use crate::cache::Partial;
use crate::client::Client;
use crate::limits::{CONFIG_BYTES_MAX, LAYER_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::list::ListError;
use crate::progress::{Progress, Silent, Transfer};
use crate::remote::{Remote, Scope};
use crate::resolve::Resolved;

mod error;

pub use error::PullError;

/// How many bytes are gathered before they are written to disk.
const WRITE_BYTES: usize = 1024 * 1024;

/// A component that has been pulled.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The reference it was found under, bound to the digest of its manifest.
    pub reference: Reference,
    /// The digest of its manifest: the artifact's identity.
    pub manifest_digest: Digest,
    /// The manifest.
    pub manifest: ImageManifest,
    /// The descriptor of its config.
    pub config: Descriptor,
    /// The descriptor of the component.
    pub layer: Descriptor,
    /// The component's bytes. They fit the layer's digest and size.
    pub component: Bytes,
    /// Whether the component came from the local cache; the manifest may still have been asked for.
    pub from_cache: bool,
    /// Whether the registry is reached by plain HTTP.
    pub plain_http: bool,
    /// How the reference was found.
    pub chain: Vec<String>,
}

impl Client {
    /// Pulls the component that `locator` stands for, through the local cache.
    ///
    /// Nothing is sent for a reference with a digest that is in the cache. Offline, nothing is sent at all, and a tag
    /// stands for what it stood for when it was last pulled.
    ///
    /// # Errors
    ///
    /// When the reference cannot be found or fetched, or what is there is not one Wasm binary, or any bytes do not fit
    /// their digest: then nothing is kept.
    pub async fn pull(&self, locator: &Locator, progress: &dyn Progress) -> Result<Pulled, PullError> {
        let resolved = self.resolve_locator(locator).await?;
        let found = self.find_manifest(&resolved).await?;
        let Resolved { reference, plain_http, chain } = resolved;
        let unpacked = unpack(&found.bytes)
            .map_err(|source| PullError::NotWasm { reference: reference.clone(), source })?;
        let layer = unpacked.layer;
        if layer.size_bytes > LAYER_BYTES_MAX {
            return Err(PullError::LayerSize { reference, found_bytes: layer.size_bytes });
        }
        let pulled = Pull { client: self, reference: &reference, plain_http };
        let (component, from_cache) = pulled.blob(&layer, progress).await?;
        if let Some(tag) = reference.tag().filter(|_| !self.config.offline) {
            let (registry, repository) = (reference.registry().clone(), reference.repository().clone());
            let (tag, digest) = (tag.clone(), found.digest.clone());
            self.with_cache(move |cache| cache.set_tag(&registry, &repository, &tag, &digest)).await?;
        }
        Ok(Pulled {
            reference: reference.pinned(found.digest.clone()),
            manifest_digest: found.digest,
            manifest: unpacked.manifest,
            config: unpacked.config,
            layer,
            component,
            from_cache,
            plain_http,
            chain,
        })
    }

    /// The Wasm config of what was pulled; None when it was packed by a tool that writes none.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched, does not fit its digest, or is not valid.
    pub async fn wasm_config(&self, pulled: &Pulled) -> Result<Option<WasmConfig>, PullError> {
        let reference = &pulled.reference;
        if pulled.config.media_type != media_type::WASM_CONFIG_V0 {
            return Ok(None);
        }
        if pulled.config.size_bytes > CONFIG_BYTES_MAX as u64 {
            return Err(PullError::ConfigSize {
                reference: reference.clone(),
                found_bytes: pulled.config.size_bytes,
            });
        }
        let pull = Pull { client: self, reference, plain_http: pulled.plain_http };
        let (bytes, _) = pull.blob(&pulled.config, &Silent).await?;
        let config = WasmConfig::parse(&bytes)
            .map_err(|source| PullError::Config { reference: reference.clone(), source })?;
        Ok(Some(config))
    }

    /// The manifest of one artifact: the one that is named, or the only Wasm one of an index.
    async fn find_manifest(&self, resolved: &Resolved) -> Result<FoundManifest, PullError> {
        let reference = &resolved.reference;
        let pull = Pull { client: self, reference, plain_http: resolved.plain_http };
        let found = pull.manifest(&reference.tag_or_digest()).await?;
        let manifest = Manifest::parse(&found.bytes, found.content_type.as_deref())
            .map_err(|source| PullError::Manifest { reference: reference.clone(), source })?;
        let Manifest::Index(index) = manifest else { return Ok(found) };
        let entry = choose(&index)
            .ok_or_else(|| PullError::Index { reference: reference.clone(), entries: describe(&index) })?;
        tracing::debug!(%reference, digest = %entry, "the index leads to a manifest");
        pull.manifest(&TagOrDigest::Digest(entry.clone())).await
    }
}

struct FoundManifest {
    digest: Digest,
    bytes: Bytes,
    content_type: Option<String>,
}

/// One pull under way.
struct Pull<'a> {
    client: &'a Client,
    reference: &'a Reference,
    plain_http: bool,
}

impl Pull<'_> {
    /// A manifest or an index, from the cache if its digest is known, else from the registry.
    async fn manifest(&self, target: &TagOrDigest) -> Result<FoundManifest, PullError> {
        let offline = self.client.config.offline;
        let known = match target {
            TagOrDigest::Digest(digest) => Some(digest.clone()),
            TagOrDigest::Tag(tag) if offline => {
                let (registry, repository) =
                    (self.reference.registry().clone(), self.reference.repository().clone());
                let tag = tag.clone();
                self.client.with_cache(move |cache| Ok(cache.tag(&registry, &repository, &tag))).await?
            }
            TagOrDigest::Tag(_) => None,
        };
        if let Some(digest) = known
            && let Some(bytes) = self.cached(&digest, MANIFEST_BYTES_MAX as u64).await?
        {
            return Ok(FoundManifest { digest, bytes, content_type: None });
        }
        if offline {
            return Err(PullError::Offline { reference: self.reference.clone() });
        }
        let remote = self.client.remote(self.reference.registry(), self.plain_http)?;
        self.fetch_manifest(&remote, target).await
    }

    async fn fetch_manifest(
        &self,
        remote: &Remote,
        target: &TagOrDigest,
    ) -> Result<FoundManifest, PullError> {
        let repository = self.reference.repository();
        let answer = remote
            .manifest(Method::GET, repository, target, &Scope::pull(repository))
            .await
            .map_err(|source| self.failed(source))?;
        match answer.status {
            200 => {}
            404 => return Err(self.unknown(target).await),
            _ => return Err(self.failed(answer.unexpected(remote, &format!("the manifest `{target}`")))),
        }
        let digest = match target {
            TagOrDigest::Digest(expected) => {
                self.compare("manifest", expected, Digest::of(expected.algorithm(), &answer.body))?
            }
            TagOrDigest::Tag(_) => Digest::sha256(&answer.body),
        };
        // What the registry says of its own answer must be true, too; a digest of another kind says nothing.
        if let Some(said) =
            answer.header("docker-content-digest").and_then(|text| text.parse::<Digest>().ok())
        {
            self.compare("manifest", &said, Digest::of(said.algorithm(), &answer.body))?;
        }
        let content_type = answer.header("content-type").map(str::to_owned);
        let (stored, bytes) = (digest.clone(), answer.body.clone());
        self.client.with_cache(move |cache| cache.put(&stored, &bytes)).await?;
        Ok(FoundManifest { digest, bytes: answer.body, content_type })
    }

    /// A blob, from the cache or the registry, and whether it was in the cache.
    async fn blob(
        &self,
        descriptor: &Descriptor,
        progress: &dyn Progress,
    ) -> Result<(Bytes, bool), PullError> {
        if let Some(bytes) = self.cached(&descriptor.digest, LAYER_BYTES_MAX).await? {
            self.compare_size(descriptor, bytes.len() as u64)?;
            return Ok((bytes, true));
        }
        if self.client.config.offline {
            return Err(PullError::Offline { reference: self.reference.clone() });
        }
        let remote = self.client.remote(self.reference.registry(), self.plain_http)?;
        let what = self.reference.to_string();
        let mut attempt = 1;
        loop {
            let transfer = Transfer::start(progress, &what, descriptor.size_bytes);
            let error = match self.download(&remote, descriptor, &transfer).await {
                Ok(bytes) => return Ok((bytes, false)),
                Err(error) => error,
            };
            drop(transfer);
            if attempt >= remote.attempts() || !error.is_transient() {
                return Err(error);
            }
            tracing::debug!(%what, attempt, "the download is tried again");
            remote.pause(attempt, None).await;
            attempt += 1;
        }
    }

    /// Streams the blob to a file without a name, hashing it on the way; it gets its name when all fits.
    async fn download(
        &self,
        remote: &Remote,
        descriptor: &Descriptor,
        transfer: &Transfer<'_>,
    ) -> Result<Bytes, PullError> {
        let repository = self.reference.repository();
        let mut download = remote
            .download(repository, &descriptor.digest, &Scope::pull(repository))
            .await
            .map_err(|source| match source.status() {
                Some(404) => PullError::MissingBlob {
                    reference: self.reference.clone(),
                    digest: descriptor.digest.clone(),
                },
                _ => self.failed(source),
            })?;
        let digest = descriptor.digest.clone();
        let mut partial = self.client.with_cache(move |cache| cache.begin(&digest)).await?;
        let mut gathered = BytesMut::new();
        let mut received = 0_u64;
        while let Some(bytes) = download.next().await.map_err(|source| self.failed(source))? {
            received += bytes.len() as u64;
            if received > descriptor.size_bytes {
                return Err(self.wrong_size(descriptor, received));
            }
            transfer.advance(bytes.len() as u64);
            gathered.extend_from_slice(&bytes);
            if gathered.len() >= WRITE_BYTES {
                partial = self.write(partial, gathered.split().freeze()).await?;
            }
        }
        let mut partial = self.write(partial, gathered.freeze()).await?;
        self.compare_size(descriptor, partial.size_bytes())?;
        self.compare("layer", &descriptor.digest, partial.digest())?;
        let bytes = self
            .client
            .with_cache(move |cache| {
                let bytes = partial.read_back()?;
                cache.keep(partial)?;
                Ok(bytes)
            })
            .await?;
        Ok(bytes)
    }

    async fn write(&self, mut partial: Partial, bytes: Bytes) -> Result<Partial, PullError> {
        let write = move |_: &crate::cache::Cache| {
            partial.write(&bytes)?;
            Ok(partial)
        };
        Ok(self.client.with_cache(write).await?)
    }

    async fn cached(&self, digest: &Digest, max_bytes: u64) -> Result<Option<Bytes>, PullError> {
        let digest = digest.clone();
        Ok(self.client.with_cache(move |cache| cache.blob(&digest, max_bytes)).await?)
    }

    fn compare(&self, what: &'static str, expected: &Digest, found: Digest) -> Result<Digest, PullError> {
        if found == *expected {
            return Ok(found);
        }
        Err(PullError::WrongDigest {
            reference: self.reference.clone(),
            what,
            expected: expected.clone(),
            found,
        })
    }

    fn compare_size(&self, descriptor: &Descriptor, found: u64) -> Result<(), PullError> {
        if found == descriptor.size_bytes { Ok(()) } else { Err(self.wrong_size(descriptor, found)) }
    }

    fn wrong_size(&self, descriptor: &Descriptor, found_bytes: u64) -> PullError {
        PullError::WrongSize {
            reference: self.reference.clone(),
            digest: descriptor.digest.clone(),
            expected_bytes: descriptor.size_bytes,
            found_bytes,
        }
    }

    fn failed(&self, source: crate::RequestError) -> PullError {
        PullError::Request { reference: self.reference.clone(), source }
    }

    /// What to say about a manifest that is not there: the repository is unknown, or it has other versions.
    async fn unknown(&self, target: &TagOrDigest) -> PullError {
        let reference = self.reference.clone();
        let (registry, repository) = (reference.registry(), reference.repository());
        let listed = self.client.versions(registry, repository, self.plain_http).await;
        match (target, listed) {
            (_, Err(ListError::UnknownRepository { registry, repository })) => {
                PullError::UnknownRepository { registry, repository }
            }
            (TagOrDigest::Tag(_), Ok(available)) => PullError::UnknownTag { reference, available },
            // That the versions cannot be listed does not make the manifest any less unknown.
            _ => PullError::UnknownManifest { reference },
        }
    }
}

/// The entry of an index that is meant: the only one for Wasm, or the only one at all.
fn choose(index: &ImageIndex) -> Option<&Digest> {
    let is_wasm = |entry: &&Descriptor| {
        let platform =
            entry.platform.as_ref().is_some_and(|platform| platform.architecture.starts_with("wasm"));
        platform || entry.artifact_type.as_deref() == Some(media_type::WASM_CONFIG_V0)
    };
    let manifests = || index.manifests.iter().filter(|entry| media_type::is_manifest(&entry.media_type));
    let wasm: Vec<_> = manifests().filter(is_wasm).collect();
    match wasm.as_slice() {
        [entry] => Some(&entry.digest),
        [] => {
            let mut all = manifests();
            let only = all.next()?;
            // An entry for another machine is none of ours, even alone.
            (all.next().is_none() && only.platform.is_none()).then_some(&only.digest)
        }
        _ => None,
    }
}

/// What the entries of an index are for, for messages.
fn describe(index: &ImageIndex) -> Vec<String> {
    const SHOWN: usize = 10;
    let entries = index.manifests.iter().take(SHOWN);
    entries
        .map(|entry| match (&entry.platform, &entry.artifact_type) {
            (Some(platform), _) => format!("{}/{}", platform.os, platform.architecture),
            (None, Some(kind)) => kind.clone(),
            (None, None) => entry.media_type.clone(),
        })
        .collect()
}
