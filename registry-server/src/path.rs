//! Takes the path below `/v2/` apart. Repository names contain slashes, so it is read from its end.

/// What a path below `/v2/` names. Nothing is checked yet but the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    /// `<name>/blobs/uploads/`
    Uploads,
    /// `<name>/blobs/uploads/<id>`
    Upload(&'a str),
    /// `<name>/blobs/<digest>`
    Blob(&'a str),
    /// `<name>/manifests/<reference>`
    Manifest(&'a str),
    /// `<name>/tags/list`
    Tags,
    /// `<name>/referrers/<digest>`
    Referrers(&'a str),
}

/// The repository's name and the endpoint, of a path such as `demo/greet/tags/list`.
pub(crate) fn parse(path: &str) -> Option<(&str, Endpoint<'_>)> {
    let (rest, last) = path.rsplit_once('/')?;
    if let Some(name) = rest.strip_suffix("/blobs/uploads") {
        return Some((name, if last.is_empty() { Endpoint::Uploads } else { Endpoint::Upload(last) }));
    }
    let (name, kind) = rest.rsplit_once('/')?;
    let endpoint = match (kind, last) {
        ("blobs", "uploads") => Endpoint::Uploads,
        ("blobs", digest) => Endpoint::Blob(digest),
        ("manifests", reference) => Endpoint::Manifest(reference),
        ("tags", "list") => Endpoint::Tags,
        ("referrers", digest) => Endpoint::Referrers(digest),
        _ => return None,
    };
    Some((name, endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint() {
        for (path, expected) in [
            ("a/blobs/uploads/", ("a", Endpoint::Uploads)),
            ("a/b/blobs/uploads", ("a/b", Endpoint::Uploads)),
            ("a/blobs/uploads/1f", ("a", Endpoint::Upload("1f"))),
            ("a/blobs/sha256:0", ("a", Endpoint::Blob("sha256:0"))),
            ("a/b/c/manifests/v1", ("a/b/c", Endpoint::Manifest("v1"))),
            ("a/tags/list", ("a", Endpoint::Tags)),
            ("a/referrers/sha256:0", ("a", Endpoint::Referrers("sha256:0"))),
        ] {
            assert_eq!(parse(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn names_that_look_like_endpoints() {
        assert_eq!(parse("a/blobs/manifests/v1"), Some(("a/blobs", Endpoint::Manifest("v1"))));
        assert_eq!(parse("tags/list/tags/list"), Some(("tags/list", Endpoint::Tags)));
        assert_eq!(parse("a/blobs/uploads/manifests/x"), Some(("a/blobs/uploads", Endpoint::Manifest("x"))));
        assert_eq!(parse("a/blobs/blobs/uploads/"), Some(("a/blobs", Endpoint::Uploads)));
    }

    #[test]
    fn other_paths() {
        for path in ["", "a", "a/b", "a/b/c", "tags/list", "blobs/uploads/", "a/tags/other", "a/tags/list/"] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
