//! `/v2/<name>/blobs/uploads/`: pushing blobs (OCI distribution specification, "Pushing blobs").

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use wkit_artifact::{Algorithm, Digest, RepositoryName};

use super::guard::Caller;
use super::query::Query;
use super::{DOCKER_CONTENT_DIGEST, RequestBody, header_value, parse_digest};
use crate::access::Action;
use crate::api_error::{ApiError, Code};
use crate::registry::{Registry, UploadError};
use crate::store::{AppendError, Chunk, Incoming, UploadKey};

/// `POST`: begins an upload, or with `?digest=` stores the blob in the body, or with `?mount=` takes it from another
/// repository.
///
/// Another repository must be one that the client may pull from; any other holds nothing as far as it can tell.
pub(crate) async fn begin(
    registry: &Registry,
    caller: &Caller,
    name: RepositoryName,
    head: &Parts,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let query = Query::of(head)?;
    if let Some(digest) = query.first("mount") {
        let digest = parse_digest(digest)?;
        // A source that no repository can have holds nothing: the client falls back to an upload, as it does when
        // the blob is not there.
        let visible = |source: &RepositoryName| caller.session.may(Action::Pull, source.as_str());
        let mounted = match query.first("from").filter(|from| !from.is_empty()).map(str::parse) {
            None if caller.session.is_of_open_registry() => {
                registry.mount_blob(name.clone(), digest.clone(), None).await?
            }
            None => match registry.visible_holder(&digest, visible).await? {
                Some(source) => registry.mount_blob(name.clone(), digest.clone(), Some(source)).await?,
                None => false,
            },
            Some(Ok(source)) if visible(&source) => {
                registry.mount_blob(name.clone(), digest.clone(), Some(source)).await?
            }
            Some(_) => false,
        };
        if mounted {
            return Ok(created(&name, &digest));
        }
        return begun(registry, name, digest.algorithm()).await;
    }
    if let Some(digest) = query.first("digest") {
        let digest = parse_digest(digest)?;
        registry.check_room(&name, Some(&digest), length(head).unwrap_or(0)).await?;
        registry.put_blob(name.clone(), digest.clone(), body.incoming()).await?;
        return Ok(created(&name, &digest));
    }
    let algorithm = match query.first("digest-algorithm") {
        None => Algorithm::Sha256,
        Some(text) => text.parse().map_err(|error| ApiError::new(Code::DigestInvalid, error))?,
    };
    begun(registry, name, algorithm).await
}

/// `GET`: how much of an upload has arrived.
pub(crate) fn status(registry: &Registry, name: RepositoryName, id: &str) -> Result<Response, ApiError> {
    let upload = upload(id, name)?;
    let size_bytes = registry.upload_size(&upload)?;
    Ok(progress(StatusCode::NO_CONTENT, &upload, size_bytes))
}

/// `PATCH`: a chunk, which must follow on what has arrived when it says where it belongs.
pub(crate) async fn append(
    registry: &Registry,
    name: RepositoryName,
    id: &str,
    head: &Parts,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let upload = upload(id, name)?;
    let chunk = chunk(head)?;
    let body = check_room(registry, &upload, None, head, body).await?;
    match registry.append_upload(upload.clone(), chunk, body).await {
        Ok(size_bytes) => Ok(progress(StatusCode::ACCEPTED, &upload, size_bytes)),
        Err(error) => Err(refused(&upload, error)),
    }
}

/// `PUT`: the last bytes, which may be none or all, and the digest.
pub(crate) async fn finish(
    registry: &Registry,
    name: RepositoryName,
    id: &str,
    head: &Parts,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let upload = upload(id, name.clone())?;
    let query = Query::of(head)?;
    let digest = query
        .first("digest")
        .ok_or_else(|| ApiError::new(Code::DigestInvalid, "expected the parameter `digest`, found none"))?;
    let digest = parse_digest(digest)?;
    let chunk = chunk(head)?;
    let empty = body.is_empty();
    let body = check_room(registry, &upload, Some(&digest), head, body).await?;
    if chunk.is_some() || !empty {
        let appended = registry.append_upload(upload.clone(), chunk, body).await;
        appended.map_err(|error| refused(&upload, error))?;
    }
    registry.finish_upload(upload, digest.clone()).await?;
    Ok(created(&name, &digest))
}

/// `DELETE`: ends an upload without a blob.
pub(crate) async fn cancel(
    registry: &Registry,
    name: RepositoryName,
    id: &str,
) -> Result<Response, ApiError> {
    registry.cancel_upload(upload(id, name)?).await?;
    Ok(response(StatusCode::NO_CONTENT))
}

/// Refuses bytes that do not fit into a quota before they are taken in, as far as the client says how many come, and
/// while they come. The upload is left as it is: it may be ended, or a quota raised.
async fn check_room(
    registry: &Registry,
    upload: &UploadKey,
    digest: Option<&Digest>,
    head: &Parts,
    body: RequestBody,
) -> Result<Incoming, ApiError> {
    let begun = registry.upload_size(upload)?;
    let size_bytes = begun.saturating_add(length(head).unwrap_or(0));
    registry.check_room(&upload.repository, digest, size_bytes).await?;
    Ok(registry.within_quota(&upload.repository, digest, begun, body.incoming()))
}

/// How many bytes the body has, if the client says so.
fn length(head: &Parts) -> Option<u64> {
    head.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn begun(
    registry: &Registry,
    name: RepositoryName,
    algorithm: Algorithm,
) -> Result<Response, ApiError> {
    let upload = registry.begin_upload(name, algorithm).await?;
    Ok(progress(StatusCode::ACCEPTED, &upload, 0))
}

/// The upload of this id, if it can be one of ours.
fn upload(id: &str, repository: RepositoryName) -> Result<UploadKey, ApiError> {
    if id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(UploadKey { id: id.to_owned(), repository })
    } else {
        Err(UploadError::Unknown.into())
    }
}

/// What `Content-Range` says about a chunk: `<first byte>-<last byte>`, here also with the unit `bytes` and a size as
/// in answers to a range request, which some clients send.
pub(crate) fn chunk(head: &Parts) -> Result<Option<Chunk>, ApiError> {
    let Some(value) = head.headers.get(header::CONTENT_RANGE) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let range = text.strip_prefix("bytes").map_or(text, |rest| rest.trim_start_matches(['=', ' ']));
    let range = range.split_once('/').map_or(range, |(range, _)| range);
    let parsed = range.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
        let size_bytes = last.checked_sub(first)?.checked_add(1)?;
        Some(Chunk { start: first, size_bytes })
    });
    let chunk = parsed.ok_or_else(|| {
        let message = format!(
            "expected `<first byte>-<last byte>` as `Content-Range`, found `{}`",
            text.escape_default()
        );
        ApiError::new(Code::BlobUploadInvalid, message)
    })?;
    match length(head) {
        Some(found) if found != chunk.size_bytes => {
            Err(AppendError::ChunkSize { expected: chunk.size_bytes, found }.into())
        }
        _ => Ok(Some(chunk)),
    }
}

/// A refused chunk tells where the upload stands, so that the client can go on from there.
fn refused(upload: &UploadKey, error: UploadError) -> ApiError {
    let expected = match &error {
        UploadError::Append(AppendError::OutOfOrder { expected, .. }) => Some(*expected),
        _ => None,
    };
    let error = ApiError::from(error);
    match expected {
        Some(expected) => {
            error.header(header::LOCATION, location(upload)).header(header::RANGE, received(expected))
        }
        None => error,
    }
}

fn progress(status: StatusCode, upload: &UploadKey, size_bytes: u64) -> Response {
    let mut response = response(status);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location(upload));
    headers.insert(header::RANGE, received(size_bytes));
    headers.insert("docker-upload-uuid", header_value(&upload.id));
    response
}

fn created(name: &RepositoryName, digest: &Digest) -> Response {
    let mut response = response(StatusCode::CREATED);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(format_args!("/v2/{name}/blobs/{digest}")));
    headers.insert(DOCKER_CONTENT_DIGEST, header_value(digest));
    response
}

fn location(upload: &UploadKey) -> HeaderValue {
    header_value(format_args!("/v2/{}/blobs/uploads/{}", upload.repository, upload.id))
}

/// `Range` counts from 0 to the last byte; an upload without a byte has to say `0-0`, too.
fn received(size_bytes: u64) -> HeaderValue {
    header_value(format_args!("0-{}", size_bytes.saturating_sub(1)))
}

fn response(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
