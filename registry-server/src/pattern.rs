//! Patterns that choose repositories and tags.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer};

use crate::limits::PATTERN_BYTES_MAX;

/// A glob for names: `*` and `?` stop at a slash, `**` does not, `[a-z]` and `{a,b}` are known. `team/**` is every
/// repository below `team/`, `**` every repository.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

/// Why a text is not a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParsePatternError {
    /// It is too long.
    #[error("expected a pattern of at most {PATTERN_BYTES_MAX} bytes, found {found}")]
    Length {
        /// How many bytes it has.
        found: usize,
    },
    /// It is empty, and would match nothing.
    #[error("expected a pattern such as `team/**`, found nothing")]
    Empty,
    /// `**` is a part of a longer part, where it would stop at a slash like `*`.
    #[error("expected `**` to stand alone between slashes, found `{found}`")]
    DoubleStar {
        /// The part between slashes.
        found: String,
    },
    /// It is no glob.
    #[error("expected a pattern such as `team/**`, found `{found}`: {message}")]
    Glob {
        /// The text.
        found: String,
        /// What is wrong with it.
        message: String,
    },
}

impl Pattern {
    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// A character in it that no name of a repository has, so that the pattern would choose none.
    pub(crate) fn foreign_to_repositories(&self) -> Option<char> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/*?[]{},!^\\".contains(c);
        self.text.chars().find(|c| !known(*c))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::str::FromStr for Pattern {
    type Err = ParsePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParsePatternError::Empty);
        }
        if text.len() > PATTERN_BYTES_MAX {
            return Err(ParsePatternError::Length { found: text.len() });
        }
        let longer = |part: &&str| part.contains("**") && *part != "**";
        // In `{a/**,b/**}` the parts are not those between slashes.
        if let Some(part) = text.split('/').find(longer).filter(|_| !text.contains('{')) {
            return Err(ParsePatternError::DoubleStar { found: part.to_owned() });
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| ParsePatternError::Glob {
            found: text.to_owned(),
            message: error.kind().to_string(),
        })?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches() {
        for (pattern, name, expected) in [
            ("**", "a/b/c", true),
            ("team/**", "team/a/b", true),
            ("team/**", "team", false),
            ("team/**", "teams/a", false),
            ("team/*", "team/a", true),
            ("team/*", "team/a/b", false),
            ("v*", "v1.2", true),
            ("v[0-9]*", "vx", false),
            ("{latest,stable}", "stable", true),
            ("{a/**,b/**}", "b/c/d", true),
            ("demo/greet", "demo/greet", true),
            ("demo/greet", "demo/greet/x", false),
        ] {
            let parsed: Pattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!("".parse::<Pattern>(), Err(ParsePatternError::Empty));
        assert_eq!(
            "team**/x".parse::<Pattern>(),
            Err(ParsePatternError::DoubleStar { found: "team**".to_owned() })
        );
        assert!(matches!("a[".parse::<Pattern>(), Err(ParsePatternError::Glob { .. })));
        assert!("a".repeat(PATTERN_BYTES_MAX).parse::<Pattern>().is_ok());
        let past = "a".repeat(PATTERN_BYTES_MAX + 1).parse::<Pattern>();
        assert_eq!(past, Err(ParsePatternError::Length { found: PATTERN_BYTES_MAX + 1 }));
    }
}
