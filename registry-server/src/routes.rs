//! HTTP: one module for each family of URLs, and what they share.

pub(crate) mod admin;
pub(crate) mod base;
pub(crate) mod blobs;
mod body;
pub(crate) mod catalog;
mod cursor;
pub(crate) mod guard;
pub(crate) mod manifests;
pub(crate) mod query;
pub(crate) mod referrers;
pub(crate) mod tags;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod uploads;
pub(crate) mod well_known;

pub(crate) use body::RequestBody;

use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use wkit_artifact::Digest;

use crate::api_error::{ApiError, Code};

/// The digest of what is answered (OCI distribution specification, "Pulling manifests").
pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// The digest of the subject that a pushed manifest has ("Pushing Manifests with Subject").
pub(crate) const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// A tag that a push by digest has set ("Pushing Manifests").
pub(crate) const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
/// The filters of a list of referrers that were applied ("Listing Referrers").
pub(crate) const OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

/// A value of a header that consists of visible ASCII characters, as every name, digest and number here does.
fn header_value(text: impl ToString) -> HeaderValue {
    HeaderValue::from_str(&text.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn parse_digest(text: &str) -> Result<Digest, ApiError> {
    text.parse().map_err(|error| ApiError::new(Code::DigestInvalid, error))
}

/// The entity tag of content with a digest: content that has another tag is other content.
fn entity_tag(digest: &Digest) -> HeaderValue {
    header_value(format_args!("\"{digest}\""))
}

/// Whether the client has the content already (RFC 9110, section 13.1.2).
fn is_cached(head: &Parts, digest: &Digest) -> bool {
    head.headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || digest.to_string() == tag)
}

/// The `Link` to the next page (RFC 8288).
fn next_link(path: &str, query: &str) -> HeaderValue {
    header_value(format_args!("<{path}?{query}>; rel=\"next\""))
}
