//! The names the OCI distribution specification defines: repositories and tags, and the host of a registry.

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, ParseDigestError};
use crate::limits::{REPOSITORY_NAME_MAX, TAG_MAX};
use crate::text::{as_string, shown};

/// The name of a repository inside a registry: lower-case path components such as `demo/greet`
/// (the `<name>` of the OCI distribution specification).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(Box<str>);

impl RepositoryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for RepositoryName {
    type Err = ParseRepositoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseRepositoryError::Empty);
        }
        if text.len() > REPOSITORY_NAME_MAX {
            return Err(ParseRepositoryError::Length { found: text.len() });
        }
        match text.split('/').find(|component| !is_path_component(component)) {
            Some(component) => Err(ParseRepositoryError::Component { found: shown(component) }),
            None => Ok(Self(text.into())),
        }
    }
}

as_string!(RepositoryName);

/// Why a text is not a repository name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseRepositoryError {
    /// There is no text.
    #[error("expected a repository name such as `demo/greet`, found nothing")]
    Empty,
    /// The name is too long.
    #[error("expected at most {REPOSITORY_NAME_MAX} characters in a repository name, found {found}")]
    Length {
        /// How many bytes there are.
        found: usize,
    },
    /// A part between slashes is not a path component.
    #[error(
        "expected lower-case letters and digits in a repository name, separated by `.`, `_`, `__`, `-` or `/`, found `{found}`"
    )]
    Component {
        /// The first part that is wrong, shortened.
        found: String,
    },
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = text;
    loop {
        let word = rest.find(|c| !alphanumeric(c)).unwrap_or(rest.len());
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let separator = rest.find(alphanumeric).unwrap_or(rest.len());
        let valid = match &rest[..separator] {
            "." | "_" | "__" => true,
            dashes => dashes.bytes().all(|byte| byte == b'-'),
        };
        if !valid {
            return false;
        }
        rest = &rest[separator..];
    }
}

/// A tag: a movable name for a manifest inside a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Box<str>);

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag under which a package's version is published: the version as it is written.
    ///
    /// # Errors
    ///
    /// A version with build metadata (`1.0.0+5`) has no tag, because `+` is no character of one.
    pub fn from_version(version: &semver::Version) -> Result<Self, ParseTagError> {
        version.to_string().parse()
    }

    /// The version this tag stands for, if it is one.
    pub fn to_version(&self) -> Option<semver::Version> {
        semver::Version::parse(&self.0).ok()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ParseTagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > TAG_MAX {
            return Err(ParseTagError::Length { found: text.len() });
        }
        match text.chars().next() {
            None => return Err(ParseTagError::Empty),
            Some(found @ ('.' | '-')) => return Err(ParseTagError::Start { found }),
            Some(_) => {}
        }
        match text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))) {
            Some(found) => Err(ParseTagError::Character { found }),
            None => Ok(Self(text.into())),
        }
    }
}

as_string!(Tag);

/// Why a text is not a tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTagError {
    /// There is no text.
    #[error("expected a tag such as `1.0.0`, found nothing")]
    Empty,
    /// The tag is too long.
    #[error("expected at most {TAG_MAX} characters in a tag, found {found}")]
    Length {
        /// How many bytes there are.
        found: usize,
    },
    /// The first character may stand in a tag, but not at its beginning.
    #[error("expected a letter, a digit or `_` at the beginning of a tag, found `{found}`")]
    Start {
        /// That character.
        found: char,
    },
    /// A character that no tag has.
    #[error("expected letters, digits, `.`, `_` and `-` in a tag, found `{}`", found.escape_default())]
    Character {
        /// The first character that is wrong.
        found: char,
    },
}

/// What stands after the repository when a manifest is asked for: the `<reference>` of the OCI distribution specification.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagOrDigest {
    /// By a name that may move.
    Tag(Tag),
    /// By content.
    Digest(Digest),
}

impl fmt::Display for TagOrDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TagOrDigest::Tag(tag) => tag.fmt(formatter),
            TagOrDigest::Digest(digest) => digest.fmt(formatter),
        }
    }
}

impl FromStr for TagOrDigest {
    type Err = ParseTagOrDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // No tag has a colon, and every digest has one.
        if text.contains(':') {
            Ok(TagOrDigest::Digest(text.parse()?))
        } else {
            Ok(TagOrDigest::Tag(text.parse()?))
        }
    }
}

as_string!(TagOrDigest);

/// Why a text is neither a tag nor a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTagOrDigestError {
    /// It has no colon and is no tag.
    #[error(transparent)]
    Tag(#[from] ParseTagError),
    /// It has a colon and is no digest.
    #[error(transparent)]
    Digest(#[from] ParseDigestError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_grammar() {
        for valid in ["a", "0", "demo/greet", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d", "0a/9"] {
            assert_eq!(valid.parse::<RepositoryName>().unwrap().as_str(), valid);
        }
        for invalid in [
            "", "/", "a/", "/a", "a//b", "A", "a..b", "a___b", "a._b", "-a", "a-", ".a", "a.", "_a", "a_",
            "a b", "ä", "a:b", "a@b", "../a", "a/../b", "a_-b", "a\0",
        ] {
            assert!(invalid.parse::<RepositoryName>().is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn repository_limit() {
        let at = "a".repeat(REPOSITORY_NAME_MAX);
        assert!(at.parse::<RepositoryName>().is_ok());
        let error = format!("{at}a").parse::<RepositoryName>().unwrap_err();
        assert_eq!(error, ParseRepositoryError::Length { found: 256 });
    }

    #[test]
    fn tag_grammar_and_limit() {
        for valid in ["latest", "1.0.0", "_x", "V1", "a-b.c_d", "1.0.0-rc.1"] {
            assert_eq!(valid.parse::<Tag>().unwrap().as_str(), valid);
        }
        assert_eq!("".parse::<Tag>(), Err(ParseTagError::Empty));
        assert_eq!(".x".parse::<Tag>(), Err(ParseTagError::Start { found: '.' }));
        assert_eq!("-x".parse::<Tag>(), Err(ParseTagError::Start { found: '-' }));
        assert_eq!("1.0.0+5".parse::<Tag>(), Err(ParseTagError::Character { found: '+' }));
        assert_eq!("a/b".parse::<Tag>(), Err(ParseTagError::Character { found: '/' }));
        let at = "t".repeat(TAG_MAX);
        assert!(at.parse::<Tag>().is_ok());
        assert_eq!(format!("{at}t").parse::<Tag>(), Err(ParseTagError::Length { found: 129 }));
    }

    #[test]
    fn tags_and_versions() {
        let version = semver::Version::parse("1.2.3-rc.1").unwrap();
        let tag = Tag::from_version(&version).unwrap();
        assert_eq!(tag.as_str(), "1.2.3-rc.1");
        assert_eq!(tag.to_version(), Some(version));
        assert_eq!("latest".parse::<Tag>().unwrap().to_version(), None);
        assert!(Tag::from_version(&semver::Version::parse("1.0.0+5").unwrap()).is_err());
    }

    #[test]
    fn tag_or_digest() {
        let digest = Digest::sha256(b"");
        assert_eq!(digest.to_string().parse::<TagOrDigest>().unwrap(), TagOrDigest::Digest(digest));
        assert!(matches!("1.0.0".parse::<TagOrDigest>().unwrap(), TagOrDigest::Tag(_)));
        assert!(matches!("sha1:00".parse::<TagOrDigest>(), Err(ParseTagOrDigestError::Digest(_))));
        assert!(matches!("a b".parse::<TagOrDigest>(), Err(ParseTagOrDigestError::Tag(_))));
    }
}
