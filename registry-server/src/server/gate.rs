//! What is refused before anything is looked up: requests that two programs could understand in two ways, and those
//! that are larger than any request of use.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version, header};

use crate::api_error::{ApiError, Code};
use crate::limits::{HEADERS_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX};

/// Checks the head of a request.
///
/// # Errors
///
/// What the client is told.
pub(crate) fn check(head: &Parts) -> Result<(), ApiError> {
    let bad = |message: String| ApiError::new(Code::Unsupported, message).status(StatusCode::BAD_REQUEST);
    if head.headers.len() > HEADERS_MAX {
        let message = format!("expected at most {HEADERS_MAX} headers, found {}", head.headers.len());
        return Err(bad(message).status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(ApiError::new(Code::Unsupported, "expected a method that a registry knows"));
    }
    // A request for several hosts is one for this or that host, as each program on the way likes (RFC 9112, 3.2).
    let hosts = head.headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Err(bad(format!("expected one header `Host`, found {hosts}")));
    }
    // The server goes by the first and closes the connection; a proxy in front may go by the other (RFC 9112, 6.3).
    let headers = &head.headers;
    if headers.contains_key(header::TRANSFER_ENCODING) && headers.contains_key(header::CONTENT_LENGTH) {
        return Err(bad("expected either `Transfer-Encoding` or `Content-Length`, found both".to_owned()));
    }
    if !head.method.is_safe() && is_of_another_site(headers) {
        return Err(ApiError::new(Code::Denied, "a page of another site may not change anything here"));
    }
    let query = head.uri.query().unwrap_or_default();
    if head.uri.path().len() > PATH_BYTES_MAX || query.len() > QUERY_BYTES_MAX {
        let message = format!(
            "expected a path of at most {PATH_BYTES_MAX} bytes and a query of at most {QUERY_BYTES_MAX}, found {} and {}",
            head.uri.path().len(),
            query.len()
        );
        return Err(bad(message).status(StatusCode::URI_TOO_LONG));
    }
    check_path(head.uri.path()).map_err(|message| ApiError::new(Code::NameInvalid, message))
}

/// Whether a page of another site sends the request, by what the browser says (Fetch Metadata, section 2.3). A browser
/// that remembers a password sends it along, and a page needs no leave for a `POST` without a body, such as a mount.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let sites = headers.get_all("sec-fetch-site");
    sites.iter().any(|site| matches!(site.as_bytes(), b"cross-site" | b"same-site"))
}

/// Checks a path as it was sent, percent-encoded.
///
/// An encoded slash would be a slash to the registry and a letter to a proxy that guards paths; letters that need no
/// encoding would hide a name from it; an empty part, `.` and `..` are folded by some programs and not by others. No
/// name, tag or digest needs any of them.
///
/// # Errors
///
/// What is wrong, in words for the client.
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    let decoded = if path.contains('%') { Cow::Owned(decode(path)?) } else { Cow::Borrowed(path) };
    let mut parts = decoded.strip_prefix('/').unwrap_or(&decoded).split('/').peekable();
    while let Some(part) = parts.next() {
        // A slash at the end is part of some paths.
        if matches!(part, "." | "..") || (part.is_empty() && parts.peek().is_some()) {
            return Err(format!("expected no part `{part}` in the path"));
        }
    }
    Ok(())
}

fn decode(path: &str) -> Result<String, String> {
    let (mut decoded, mut characters) = (String::with_capacity(path.len()), path.chars());
    while let Some(character) = characters.next() {
        if character != '%' {
            decoded.push(character);
            continue;
        }
        let hex =
            [characters.next(), characters.next()].map(|digit| digit.and_then(|digit| digit.to_digit(16)));
        let [Some(high), Some(low)] = hex else {
            return Err("expected two hexadecimal digits after `%` in the path".to_owned());
        };
        let byte = u8::try_from(high * 16 + low).unwrap_or(0);
        let needless = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if needless || !byte.is_ascii_graphic() || matches!(byte, b'/' | b'\\' | b'%') {
            return Err(format!("expected no `%{byte:02X}` in the path"));
        }
        decoded.push(char::from(byte));
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for path in [
            "",
            "/",
            "/v2/",
            "/v2/a/b-c__d.e/manifests/sha256:00",
            "/v2/a/manifests/sha256%3A00",
            "/v2/a/blobs/uploads/",
            "/v2/.hidden/manifests/v1",
            "/v2/a/manifests/...",
        ] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        for path in [
            "//v2/",
            "/v2//a/manifests/v1",
            "/v2/a//",
            "/v2/../etc/passwd",
            "/v2/%2e%2e/%2E%2e/etc",
            "/v2/a/./tags/list",
            "/v2/%61/tags/list",
            "/v2/..",
            "/v2/a%2fb/manifests/v1",
            "/v2/a%2Fb",
            "/v2/a%5cb",
            "/v2/a%00",
            "/v2/a%0d%0a",
            "/v2/a%20b",
            "/v2/%ff",
            "/v2/%c3%a9",
            "/v2/%",
            "/v2/%4",
            "/v2/%zz",
            "/v2/%252e",
            "/v2/%7f",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn heads() {
        let head = |change: fn(http::request::Builder) -> http::request::Builder| {
            change(http::Request::builder().uri("/v2/").header("host", "a")).body(()).unwrap().into_parts().0
        };
        let status = |parts: &Parts| {
            check(parts)
                .err()
                .map(|error| axum::response::IntoResponse::into_response(error).status().as_u16())
        };
        assert_eq!(status(&head(|request| request)), None);
        assert_eq!(status(&head(|request| request.header("host", "b"))), Some(400));
        assert_eq!(
            status(&head(|request| request
                .header("transfer-encoding", "chunked")
                .header("content-length", "1"))),
            Some(400)
        );
        assert_eq!(status(&head(|request| request.method("TRACE"))), Some(405));
        let (mut at, mut past) = (head(|request| request), head(|request| request));
        at.headers.extend(
            (1..HEADERS_MAX)
                .map(|number| (Some(format!("x-{number}").parse().unwrap()), "x".parse().unwrap())),
        );
        past.headers.extend(
            (0..HEADERS_MAX)
                .map(|number| (Some(format!("x-{number}").parse().unwrap()), "x".parse().unwrap())),
        );
        assert_eq!((status(&at), status(&past)), (None, Some(431)));
        for (path, query, expected) in [
            (PATH_BYTES_MAX, QUERY_BYTES_MAX, None),
            (PATH_BYTES_MAX + 1, 0, Some(414)),
            (1, QUERY_BYTES_MAX + 1, Some(414)),
        ] {
            let mut parts = head(|request| request);
            parts.uri = format!("/{}?{}", "p".repeat(path - 1), "q".repeat(query)).parse().unwrap();
            assert_eq!(status(&parts), expected, "{path} {query}");
        }
        for (method, site, expected) in [
            ("POST", "cross-site", Some(403)),
            ("DELETE", "same-site", Some(403)),
            ("POST", "same-origin", None),
            ("POST", "none", None),
            ("GET", "cross-site", None),
        ] {
            let mut parts = head(|request| request);
            parts.method = method.parse().unwrap();
            parts.headers.insert("sec-fetch-site", site.parse().unwrap());
            assert_eq!(status(&parts), expected, "{method} {site}");
        }
        let mut none = head(|request| request);
        none.headers.clear();
        assert_eq!(status(&none), Some(400));
        none.version = Version::HTTP_2;
        assert_eq!(status(&none), None);
    }
}
