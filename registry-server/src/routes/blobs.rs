//! `/v2/<name>/blobs/<digest>`: pulling and removing blobs (OCI distribution specification, "Pulling blobs").

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use wkit_artifact::RepositoryName;

use super::guard::Caller;
use super::{DOCKER_CONTENT_DIGEST, entity_tag, header_value, is_cached, parse_digest};
use crate::access::Action;
use crate::api_error::{ApiError, Code};
use crate::registry::Registry;

/// `GET` and `HEAD`: a blob, or one range of it.
pub(crate) async fn get(
    registry: &Registry,
    caller: &Caller,
    name: &RepositoryName,
    digest: &str,
    head: &Parts,
) -> Result<Response, ApiError> {
    let digest = parse_digest(digest)?;
    if head.method == Method::HEAD && caller.session.may(Action::Push, name.as_str()) {
        // Before the blob is looked for: what a client that can push is told must hold until it pushes its manifest.
        registry.renew_blob(name, &digest).await?;
    }
    let size_bytes = registry.blob_size(name, &digest).await?;
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(DOCKER_CONTENT_DIGEST, header_value(&digest));
    headers.insert(header::ETAG, entity_tag(&digest));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if is_cached(head, &digest) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let (offset, length) = match range(head, size_bytes) {
        Range::Whole => (0, size_bytes),
        Range::Part { first, last } => {
            let value = header_value(format_args!("bytes {first}-{last}/{size_bytes}"));
            headers.insert(header::CONTENT_RANGE, value);
            (first, last - first + 1)
        }
        Range::Outside => return Err(outside(size_bytes)),
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if length != size_bytes {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    } else if response.headers().contains_key(header::CONTENT_RANGE) {
        // A range that happens to be everything is still an answer to a range.
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if head.method != Method::HEAD {
        let content = registry.read_blob(name, &digest, size_bytes, offset, length).await?;
        *response.body_mut() = Body::from_stream(content.bytes);
    }
    Ok(response)
}

/// `DELETE`: takes a blob out of a repository.
pub(crate) async fn delete(
    registry: &Registry,
    name: RepositoryName,
    digest: &str,
) -> Result<Response, ApiError> {
    registry.delete_blob(name, parse_digest(digest)?).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// What a `Range` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    Whole,
    Part { first: u64, last: u64 },
    Outside,
}

/// Reads `Range` (RFC 9110, section 14.2). Several ranges, and units other than bytes, are answered with everything.
/// A range that ends before it begins is outside, as the OCI conformance suite has it.
pub(crate) fn range(head: &Parts, size_bytes: u64) -> Range {
    // A range of other content than the client has begun with is of no use to it; entity tags are not compared here,
    // because content under one digest never changes.
    let Some(value) = head.headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Range::Whole;
    };
    let Some(set) = value.trim().strip_prefix("bytes=") else { return Range::Whole };
    let Some((first, last)) = set.split_once('-') else { return Range::Whole };
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => (first, last.min(size_bytes.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size_bytes.saturating_sub(1)),
        (Err(_), Ok(0)) if first.is_empty() => return Range::Outside,
        (Err(_), Ok(count)) if first.is_empty() => {
            (size_bytes.saturating_sub(count), size_bytes.saturating_sub(1))
        }
        _ => return Range::Whole,
    };
    let (first, last) = range;
    if first >= size_bytes || first > last { Range::Outside } else { Range::Part { first, last } }
}

fn outside(size_bytes: u64) -> ApiError {
    ApiError::new(Code::SizeInvalid, format!("expected a range within the {size_bytes} bytes of the blob"))
        .status(StatusCode::RANGE_NOT_SATISFIABLE)
        .header(header::CONTENT_RANGE, header_value(format_args!("bytes */{size_bytes}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(range: &str) -> Parts {
        http::Request::builder().header(header::RANGE, range).body(()).unwrap().into_parts().0
    }

    #[test]
    fn ranges() {
        for (text, expected) in [
            ("bytes=0-0", Range::Part { first: 0, last: 0 }),
            ("bytes=2-", Range::Part { first: 2, last: 9 }),
            ("bytes=2-100", Range::Part { first: 2, last: 9 }),
            ("bytes=-3", Range::Part { first: 7, last: 9 }),
            ("bytes=-100", Range::Part { first: 0, last: 9 }),
            ("bytes=10-", Range::Outside),
            ("bytes=5-4", Range::Outside),
            ("bytes=-0", Range::Outside),
            ("bytes=0-1,3-4", Range::Whole),
            ("bytes=a-b", Range::Whole),
            ("bytes=-", Range::Whole),
            ("lines=1-2", Range::Whole),
            ("bytes=99999999999999999999-", Range::Whole),
        ] {
            assert_eq!(range(&parts(text), 10), expected, "{text}");
        }
        assert_eq!(range(&parts("bytes=0-"), 0), Range::Outside);
        assert_eq!(range(&parts("bytes=-1"), 0), Range::Outside);
        assert_eq!(range(&parts("bytes=0-18446744073709551615"), 10), Range::Part { first: 0, last: 9 });
    }
}
