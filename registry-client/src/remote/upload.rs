//! Uploads, over `oci-client`: blobs and manifests.
//!
//! Authorisation is done before: a client of `oci-client` is made for each scope and given what was granted, so that it
//! never asks for a token itself.

use std::sync::PoisonError;

use bytes::Bytes;
use futures_util::{Stream, stream};
use oci_client::client::{Certificate, CertificateEncoding as OciEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryTokenType;
use oci_client::{Client, Reference, RegistryOperation};
use reqwest::Method;
use reqwest::header::HeaderValue;
use tokio::sync::mpsc;
use wkit_artifact::{Digest, RepositoryName, Tag};

use super::authorization::Authorization;
use super::http::USER_AGENT;
use super::{Call, Remote, RequestError, Scope};
use crate::limits::ERROR_BODY_BYTES_MAX;
use crate::progress::Transfer;
use crate::wkg::CertificateEncoding;

/// How many bytes of an upload are handed over, and reported, at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Something that is being written, and how often it has been tried.
struct Write<'a> {
    repository: &'a RepositoryName,
    scope: &'a Scope,
    what: &'a str,
    attempt: u32,
    /// Whether permission has been asked for.
    asked: bool,
}

impl<'a> Write<'a> {
    fn new(repository: &'a RepositoryName, scope: &'a Scope, what: &'a str) -> Self {
        Self { repository, scope, what, attempt: 1, asked: false }
    }
}

impl Remote {
    /// Sends a blob in one piece (`POST`, then `PUT`), and reports what is handed over to `transfer`.
    pub(crate) async fn upload(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        bytes: &Bytes,
        scope: &Scope,
        transfer: &Transfer<'_>,
    ) -> Result<(), RequestError> {
        let what = format!("the upload of the blob `{digest}`");
        let mut write = Write::new(repository, scope, &what);
        loop {
            match self.upload_once(&write, digest, bytes, transfer).await {
                Ok(()) => return Ok(()),
                Err(error) => self.recover(&mut write, error).await?,
            }
        }
    }

    async fn upload_once(
        &self,
        write: &Write<'_>,
        digest: &Digest,
        bytes: &Bytes,
        transfer: &Transfer<'_>,
    ) -> Result<(), RequestError> {
        let digest = digest.to_string();
        let image = self.image(write.repository, &digest);
        let client = self.upload_client(write.scope, &image).await?;
        let (sender, mut handed_over) = mpsc::unbounded_channel();
        let body = pieces(bytes.clone(), sender);
        let request = client.push_blob_stream(&image, body, &digest, Some(bytes.len() as u64));
        let mut request = std::pin::pin!(request);
        // The registry may take its time once it has everything: it makes the blob durable then.
        let patience = self.timeouts.idle.max(self.timeouts.response);
        loop {
            tokio::select! {
                biased;
                Some(count) = handed_over.recv() => transfer.advance(count),
                outcome = &mut request => {
                    while let Ok(count) = handed_over.try_recv() {
                        transfer.advance(count);
                    }
                    return match outcome {
                        Ok(_) => Ok(()),
                        Err(error) => Err(RequestError::from_oci(&self.host, write.what, &error)),
                    };
                }
                () = tokio::time::sleep(patience) => return Err(self.timed_out(patience)),
            }
        }
    }

    /// Sends a manifest under a tag.
    pub(crate) async fn put_manifest(
        &self,
        repository: &RepositoryName,
        tag: &Tag,
        bytes: &Bytes,
        media_type: &'static str,
        scope: &Scope,
    ) -> Result<(), RequestError> {
        let what = format!("the upload of the manifest `{tag}`");
        let image = Reference::with_tag(self.served_host(), repository.to_string(), tag.to_string());
        let mut write = Write::new(repository, scope, &what);
        loop {
            let client = self.upload_client(scope, &image).await?;
            let request =
                client.push_manifest_raw(&image, bytes.clone(), HeaderValue::from_static(media_type));
            let error = match tokio::time::timeout(self.timeouts.response, request).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => RequestError::from_oci(&self.host, &what, &error),
                Err(_) => self.timed_out(self.timeouts.response),
            };
            self.recover(&mut write, error).await?;
        }
    }

    /// Prepares for writing again: after a broken connection, and once with new permission when it was refused.
    /// Returns the error when it is no use.
    async fn recover(&self, write: &mut Write<'_>, error: RequestError) -> Result<(), RequestError> {
        if is_refusal(&error) && !write.asked {
            write.asked = true;
            // A session that is begun and left is what a registry expects and clears away.
            let path = format!("/v2/{}/blobs/uploads/", write.repository);
            return self.ask_permission(&path, write.scope, write.what).await;
        }
        let transient = error.is_transient() || error.status().is_some_and(super::is_transient);
        if !transient || write.attempt >= self.attempts() {
            return Err(error);
        }
        tracing::debug!(what = write.what, attempt = write.attempt, "the upload is tried again");
        self.pause(write.attempt, None).await;
        write.attempt += 1;
        Ok(())
    }

    /// Sends a request of our own to where an upload was refused, so that its challenge can be met.
    async fn ask_permission(&self, path: &str, scope: &Scope, what: &str) -> Result<(), RequestError> {
        self.granted().remove(scope);
        let call = Call {
            method: Method::POST,
            url: self.url(path),
            accept: None,
            scope: Some(scope),
            what: what.to_owned(),
            max_bytes: ERROR_BODY_BYTES_MAX,
        };
        self.fetch(&call).await.map(|_| ())
    }

    /// The client for uploads of this scope, with what was granted for it.
    async fn upload_client(&self, scope: &Scope, image: &Reference) -> Result<Client, RequestError> {
        let known = self.uploads.lock().unwrap_or_else(PoisonError::into_inner).get(scope).cloned();
        if let Some(client) = known {
            return Ok(client);
        }
        let client = Client::try_from(self.upload_config())
            .map_err(|error| RequestError::from_oci(&self.host, "an upload", &error))?;
        let authorization = self.granted().get(scope).cloned();
        let registry = image.resolve_registry();
        match authorization {
            None => {}
            Some(Authorization::Bearer(token)) => {
                let auth = RegistryAuth::Bearer(token.expose().to_owned());
                client.store_auth_if_needed(registry, &auth).await;
            }
            Some(Authorization::Basic { username, password }) => {
                // Stored auth is only what makes the client look into its tokens, where it finds this.
                client.store_auth_if_needed(registry, &RegistryAuth::Anonymous).await;
                let token = RegistryTokenType::Basic(username.clone(), password.expose().to_owned());
                client.tokens.insert(image, RegistryOperation::Push, token).await;
            }
        }
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.clone(), client.clone());
        Ok(client)
    }

    fn upload_config(&self) -> ClientConfig {
        let tls = &self.clients.tls;
        ClientConfig {
            protocol: if self.base.scheme() == "http" { ClientProtocol::Http } else { ClientProtocol::Https },
            accept_invalid_certificates: tls.accept_invalid_certificates,
            extra_root_certificates: tls
                .extra_root_certificates
                .iter()
                .map(|certificate| Certificate {
                    encoding: match certificate.encoding {
                        CertificateEncoding::Der => OciEncoding::Der,
                        CertificateEncoding::Pem => OciEncoding::Pem,
                    },
                    data: certificate.bytes.clone(),
                })
                .collect(),
            use_monolithic_push: true,
            connect_timeout: Some(self.timeouts.connect),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        }
    }

    fn image(&self, repository: &RepositoryName, digest: &str) -> Reference {
        Reference::with_digest(self.served_host(), repository.to_string(), digest.to_owned())
    }

    /// `host:port` as it is asked.
    fn served_host(&self) -> String {
        self.base.authority().to_owned()
    }
}

/// The bytes in pieces; how long each is is sent to `handed_over` when it is taken.
fn pieces(
    bytes: Bytes,
    handed_over: mpsc::UnboundedSender<u64>,
) -> impl Stream<Item = Result<Bytes, OciDistributionError>> + Send + 'static {
    stream::unfold(bytes, move |mut rest| {
        let handed_over = handed_over.clone();
        async move {
            if rest.is_empty() {
                return None;
            }
            let piece = rest.split_to(rest.len().min(PIECE_BYTES));
            // Nobody listens any more once the upload has been given up.
            let _ = handed_over.send(piece.len() as u64);
            Some((Ok(piece), rest))
        }
    })
}

fn is_refusal(error: &RequestError) -> bool {
    matches!(error.status(), Some(401 | 403))
}
