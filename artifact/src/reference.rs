//! References: where a manifest is, written the way every OCI tool writes it.

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, ParseDigestError};
use crate::host::{ParseHostError, RegistryHost};
use crate::limits::REFERENCE_MAX;
use crate::name::{ParseRepositoryError, ParseTagError, RepositoryName, Tag, TagOrDigest};
use crate::text::{as_string, shown};

/// `host/repository:tag`, `host/repository@digest` or `host/repository:tag@digest`.
///
/// The host is always written, and there is no silent `latest`: a reference says what it means.
/// When both a tag and a digest are given, the digest decides and the tag is for the reader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: RegistryHost,
    repository: RepositoryName,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Target {
    Tag(Tag),
    Digest(Digest),
    Both(Tag, Digest),
}

impl Reference {
    /// The reference `registry/repository:tag`.
    pub fn with_tag(registry: RegistryHost, repository: RepositoryName, tag: Tag) -> Self {
        Self { registry, repository, target: Target::Tag(tag) }
    }

    /// The reference `registry/repository@digest`.
    pub fn with_digest(registry: RegistryHost, repository: RepositoryName, digest: Digest) -> Self {
        Self { registry, repository, target: Target::Digest(digest) }
    }

    /// The same reference bound to `digest`; a tag stays for the reader.
    #[must_use]
    pub fn pinned(self, digest: Digest) -> Self {
        let target = match self.target {
            Target::Tag(tag) | Target::Both(tag, _) => Target::Both(tag, digest),
            Target::Digest(_) => Target::Digest(digest),
        };
        Self { target, ..self }
    }

    /// The registry's host and port.
    pub fn registry(&self) -> &RegistryHost {
        &self.registry
    }

    /// The repository inside the registry.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag, if one is written.
    pub fn tag(&self) -> Option<&Tag> {
        match &self.target {
            Target::Tag(tag) | Target::Both(tag, _) => Some(tag),
            Target::Digest(_) => None,
        }
    }

    /// The digest, if one is written.
    pub fn digest(&self) -> Option<&Digest> {
        match &self.target {
            Target::Digest(digest) | Target::Both(_, digest) => Some(digest),
            Target::Tag(_) => None,
        }
    }

    /// What a registry is asked for: the digest when there is one, else the tag.
    pub fn tag_or_digest(&self) -> TagOrDigest {
        match &self.target {
            Target::Tag(tag) => TagOrDigest::Tag(tag.clone()),
            Target::Digest(digest) | Target::Both(_, digest) => TagOrDigest::Digest(digest.clone()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = self.tag() {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = self.digest() {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > REFERENCE_MAX {
            return Err(ParseReferenceError::Length { found: text.len() });
        }
        let no_registry = || ParseReferenceError::NoRegistry { found: shown(text) };
        let (host, rest) = text.split_once('/').ok_or_else(no_registry)?;
        // As everywhere in OCI tooling: the first part is a host if it has a dot or a port, or is `localhost`.
        // `library/name:1.0` names no registry.
        if !(host.contains(['.', ':']) || host.eq_ignore_ascii_case("localhost")) {
            return Err(no_registry());
        }
        let registry = host.parse()?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>()?)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.parse::<Tag>()?)),
            None => (rest, None),
        };
        let repository: RepositoryName = repository.parse()?;
        let target = match (tag, digest) {
            (Some(tag), Some(digest)) => Target::Both(tag, digest),
            (Some(tag), None) => Target::Tag(tag),
            (None, Some(digest)) => Target::Digest(digest),
            (None, None) => return Err(ParseReferenceError::NoTarget { found: shown(text) }),
        };
        Ok(Self { registry, repository, target })
    }
}

as_string!(Reference);

/// Why a text is not a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseReferenceError {
    /// The text is too long.
    #[error("expected at most {REFERENCE_MAX} characters in a reference, found {found}")]
    Length {
        /// How many bytes there are.
        found: usize,
    },
    /// The part before the first slash is no registry.
    #[error(
        "expected a reference that begins with a registry, such as `ghcr.io/demo/greet:1.0.0`, found `{found}`"
    )]
    NoRegistry {
        /// The text, shortened.
        found: String,
    },
    /// Neither tag nor digest follows the repository.
    #[error("expected `:<tag>` or `@sha256:<digest>` after the repository, found `{found}`")]
    NoTarget {
        /// The text, shortened.
        found: String,
    },
    /// The host is wrong.
    #[error(transparent)]
    Registry(#[from] ParseHostError),
    /// The repository is wrong.
    #[error(transparent)]
    Repository(#[from] ParseRepositoryError),
    /// The tag is wrong.
    #[error(transparent)]
    Tag(#[from] ParseTagError),
    /// The digest is wrong.
    #[error(transparent)]
    Digest(#[from] ParseDigestError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        let digest = Digest::sha256(b"x");
        let tag: Reference = "ghcr.io/demo/greet:1.0.0".parse().unwrap();
        assert_eq!(tag.registry().to_string(), "ghcr.io");
        assert_eq!(tag.repository().as_str(), "demo/greet");
        assert_eq!(tag.tag().unwrap().as_str(), "1.0.0");
        assert_eq!(tag.digest(), None);
        assert!(matches!(tag.tag_or_digest(), TagOrDigest::Tag(_)));

        let by_digest: Reference = format!("localhost/greet@{digest}").parse().unwrap();
        assert_eq!((by_digest.tag(), by_digest.digest()), (None, Some(&digest)));

        let both: Reference = format!("127.0.0.1:5000/greet:1@{digest}").parse().unwrap();
        assert_eq!(both.tag().unwrap().as_str(), "1");
        assert_eq!(both.tag_or_digest(), TagOrDigest::Digest(digest.clone()));
        assert_eq!(both.registry().port(), Some(5000));
        for reference in [&tag, &by_digest, &both] {
            assert_eq!(reference.to_string().parse::<Reference>().unwrap(), *reference);
        }
        assert_eq!(tag.pinned(digest.clone()).to_string(), format!("ghcr.io/demo/greet:1.0.0@{digest}"));
        assert_eq!(by_digest.clone().pinned(digest), by_digest);
    }

    #[test]
    fn refusals() {
        for (text, message) in [
            ("greet", "begins with a registry"),
            ("library/greet:1", "begins with a registry"),
            ("ghcr.io/demo/greet", "expected `:<tag>` or"),
            ("ghcr.io/:1", "expected a repository name"),
            ("ghcr.io/Demo:1", "expected lower-case"),
            ("ghcr.io/demo:", "expected a tag"),
            ("ghcr.io/demo@sha256:00", "expected 64"),
            ("ghcr.io/demo:1@", "expected a digest"),
            ("ghcr.io:x/demo:1", "expected a port"),
            ("https://ghcr.io/demo:1", "expected"),
            ("", "begins with a registry"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn limit() {
        // The repository is over its own limit in both; one past the limit is refused for the whole length.
        let at = format!("a.b/{}:1", "a".repeat(REFERENCE_MAX - 6));
        assert!(matches!(at.parse::<Reference>(), Err(ParseReferenceError::Repository(_))));
        let past = format!("a.b/{}:1", "a".repeat(REFERENCE_MAX - 5));
        assert_eq!(past.parse::<Reference>(), Err(ParseReferenceError::Length { found: 1025 }));
    }
}
