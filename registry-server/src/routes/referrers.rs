//! `/v2/<name>/referrers/<digest>` (OCI distribution specification, "Listing Referrers").

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, header};
use wkit_artifact::{ImageIndex, RepositoryName, media_type};

use super::query::Query;
use super::{OCI_FILTERS_APPLIED, next_link, parse_digest};
use crate::api_error::ApiError;
use crate::registry::Registry;

/// `GET`: an index of the manifests that have the digest as their subject; it is empty when there are none.
pub(crate) async fn list(
    registry: &Registry,
    name: &RepositoryName,
    digest: &str,
    head: &Parts,
) -> Result<Response, ApiError> {
    let subject = parse_digest(digest)?;
    let query = Query::of(head)?;
    let artifact_type = query.first("artifactType").filter(|kind| !kind.is_empty());
    let last = query.first("last").map(parse_digest).transpose()?;
    let page = registry.referrers(name, &subject, artifact_type, last.as_ref()).await?;
    let body = serde_json::to_string(&ImageIndex::new(page.referrers))
        .expect("an index is plain data with text keys");
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type::OCI_INDEX));
    if artifact_type.is_some() {
        headers.insert(OCI_FILTERS_APPLIED, HeaderValue::from_static("artifactType"));
    }
    if let Some(next) = page.next {
        let filter = artifact_type.map(|kind| format!("artifactType={}&", encode(kind))).unwrap_or_default();
        let link = next_link(&format!("/v2/{name}/referrers/{subject}"), &format!("{filter}last={next}"));
        headers.insert(header::LINK, link);
    }
    Ok(response)
}

/// Percent-encodes a value of a query: everything but what needs no encoding anywhere (RFC 3986, section 2.3).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_encoded() {
        assert_eq!(encode("application/vnd.x.v1+json; a=ä"), "application%2Fvnd.x.v1%2Bjson%3B%20a%3D%C3%A4");
    }
}
