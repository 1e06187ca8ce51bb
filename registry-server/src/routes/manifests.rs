//! `/v2/<name>/manifests/<reference>`: pulling, pushing and removing manifests and tags.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use wkit_artifact::{ParseTagOrDigestError, RepositoryName, Tag, TagOrDigest};

use super::body::WholeBodyError;
use super::query::Query;
use super::{DOCKER_CONTENT_DIGEST, OCI_SUBJECT, OCI_TAG, RequestBody, entity_tag, header_value, is_cached};
use crate::api_error::{ApiError, Code};
use crate::limits::{MANIFEST_BYTES_MAX, TAGS_PER_PUSH_MAX};
use crate::registry::Registry;

/// `GET` and `HEAD`: a manifest, exactly as it was pushed.
///
/// `Accept` does not choose: what is stored under a tag or digest is one manifest, whose digest a converted one would
/// not have. `Content-Type` says what it is (OCI distribution specification, "Pulling manifests").
pub(crate) async fn get(
    registry: &Registry,
    name: &RepositoryName,
    reference: &str,
    head: &Parts,
) -> Result<Response, ApiError> {
    let reference = parse_reference(reference, Code::ManifestUnknown)?;
    let manifest = registry.manifest(name, &reference).await?;
    if head.method != Method::HEAD {
        registry.note_pull(name, &manifest.digest);
    }
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(DOCKER_CONTENT_DIGEST, header_value(&manifest.digest));
    headers.insert(header::ETAG, entity_tag(&manifest.digest));
    if is_cached(head, &manifest.digest) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(header::CONTENT_TYPE, header_value(&manifest.media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(manifest.bytes.len()));
    if head.method != Method::HEAD {
        *response.body_mut() = Body::from(manifest.bytes);
    }
    Ok(response)
}

/// `PUT`: stores a manifest under a tag or a digest; a push by digest may set tags with `?tag=`.
pub(crate) async fn put(
    registry: &Registry,
    name: RepositoryName,
    reference: &str,
    head: &Parts,
    body: RequestBody,
) -> Result<Response, ApiError> {
    let reference = parse_reference(reference, Code::ManifestInvalid)?;
    let tags = tags(head)?;
    let content_type = match head.headers.get(header::CONTENT_TYPE) {
        Some(value) => Some(value.to_str().map_err(|error| ApiError::new(Code::ManifestInvalid, error))?),
        None => None,
    };
    let bytes = body.whole(MANIFEST_BYTES_MAX).await.map_err(|error| match error {
        WholeBodyError::TooLong => {
            let message = format!("expected a manifest of at most {MANIFEST_BYTES_MAX} bytes");
            ApiError::new(Code::SizeInvalid, message).status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        WholeBodyError::Incoming(error) => ApiError::new(Code::ManifestInvalid, error),
    })?;
    let pushed = registry.put_manifest(name.clone(), reference, tags.clone(), content_type, bytes).await?;
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(format_args!("/v2/{name}/manifests/{}", pushed.digest)));
    headers.insert(DOCKER_CONTENT_DIGEST, header_value(&pushed.digest));
    if let Some(subject) = pushed.subject {
        headers.insert(OCI_SUBJECT, header_value(subject));
    }
    for tag in tags {
        headers.append(OCI_TAG, header_value(tag));
    }
    Ok(response)
}

/// `DELETE`: removes a tag, or a manifest with all tags that name it.
pub(crate) async fn delete(
    registry: &Registry,
    name: RepositoryName,
    reference: &str,
) -> Result<Response, ApiError> {
    let reference = parse_reference(reference, Code::ManifestUnknown)?;
    registry.delete_manifest(name, reference).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// A reference that is neither tag nor digest is a wrong digest when it has a colon, and has `code` otherwise.
fn parse_reference(text: &str, code: Code) -> Result<TagOrDigest, ApiError> {
    text.parse().map_err(|error| match error {
        ParseTagOrDigestError::Digest(error) => ApiError::new(Code::DigestInvalid, error),
        ParseTagOrDigestError::Tag(error) => ApiError::new(code, error),
    })
}

fn tags(head: &Parts) -> Result<Vec<Tag>, ApiError> {
    let query = Query::of(head)?;
    let count = query.all("tag").count();
    if count > TAGS_PER_PUSH_MAX {
        let message = format!("expected at most {TAGS_PER_PUSH_MAX} parameters `tag`, found {count}");
        return Err(ApiError::new(Code::ManifestInvalid, message).status(StatusCode::URI_TOO_LONG));
    }
    let parse = |text: &str| text.parse().map_err(|error| ApiError::new(Code::ManifestInvalid, error));
    query.all("tag").map(parse).collect()
}
