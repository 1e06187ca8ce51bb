//! Patterns for names of repositories and for claims.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use crate::limits::GLOB_MAX;

/// A pattern over text with parts between slashes. It is anchored: the whole text must match. `*` stands for any
/// characters but `/`, also none; `**`, which must be a part of its own, for any number of parts: `demo/**` matches
/// `demo/a` and `demo/a/b` and not `demo`, `**/x` also `x`, `a/**/b` also `a/b`, `**` everything. No other character
/// has a meaning.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Glob {
    text: String,
    glob: globset::Glob,
    /// Made when it is first needed: a list of tokens is read far more often than all its patterns are used.
    matcher: OnceLock<GlobMatcher>,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseGlobError {
    /// It has no characters, or too many.
    #[error("expected a pattern of 1 to {GLOB_MAX} characters, found {found}")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// `**` is a part of a longer part.
    #[error("expected `**` to stand alone between slashes, found `{found}`")]
    DoubleStar {
        /// The part between slashes.
        found: String,
    },
    /// No name of a repository can match.
    #[error(
        "expected lower-case letters, digits, `.`, `_`, `-`, `/` and `*` in a pattern for repositories, found `{found}`"
    )]
    Character {
        /// What was found.
        found: char,
    },
    /// It cannot be read otherwise.
    #[error("the pattern cannot be read: {message}")]
    Unreadable {
        /// What is wrong.
        message: String,
    },
}

impl Glob {
    /// A pattern for any text, such as a claim.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or `**` is not a part of its own.
    pub(crate) fn new(text: &str) -> Result<Self, ParseGlobError> {
        let found = text.chars().count();
        if found == 0 || found > GLOB_MAX {
            return Err(ParseGlobError::Length { found });
        }
        if let Some(part) = text.split('/').find(|part| part.contains("**") && *part != "**") {
            return Err(ParseGlobError::DoubleStar { found: part.to_owned() });
        }
        // Only the stars keep their meaning.
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            if matches!(c, '?' | '[' | ']' | '{' | '}' | '!' | '\\' | ',') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        let glob = GlobBuilder::new(&escaped).literal_separator(true).backslash_escape(true).build();
        let glob = glob.map_err(|error| ParseGlobError::Unreadable { message: error.to_string() })?;
        Ok(Self { text: text.to_owned(), glob, matcher: OnceLock::new() })
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matcher.get_or_init(|| self.glob.compile_matcher()).is_match(text)
    }

    /// Whether it matches every name.
    pub(crate) fn is_everything(&self) -> bool {
        self.text == "**"
    }
}

impl FromStr for Glob {
    type Err = ParseGlobError;

    /// A pattern for names of repositories.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '/' | '*');
        match text.chars().find(|c| !valid(*c)) {
            Some(found) => Err(ParseGlobError::Character { found }),
            None => Self::new(text),
        }
    }
}

impl TryFrom<String> for Glob {
    type Error = ParseGlobError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.text
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches() {
        for (glob, yes, no) in [
            ("demo/greet", &["demo/greet"][..], &["demo", "demo/greet/x", "xdemo/greet", "demo/greets"][..]),
            ("demo/*", &["demo/a"], &["demo", "demo/a/b", "demos/a"]),
            ("demo/**", &["demo/a", "demo/a/b"], &["demo", "demos/a", "x/demo/a"]),
            ("**", &["a", "a/b/c"], &[]),
            ("*", &["a"], &["a/b"]),
            ("**/x", &["x", "a/x", "a/b/x"], &["a/x/y", "ax"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]),
            ("team-*/app.*", &["team-1/app.x"], &["team-1/appx", "team/app.x"]),
        ] {
            let pattern: Glob = glob.parse().unwrap();
            assert!(yes.iter().all(|name| pattern.matches(name)), "{glob}");
            assert!(!no.iter().any(|name| pattern.matches(name)), "{glob}");
            assert_eq!(pattern.is_everything(), glob == "**");
        }
    }

    #[test]
    fn other_characters_have_no_meaning_in_claims() {
        let pattern = Glob::new("repo:a{b,c}/[d]?\\!*").unwrap();
        assert!(pattern.matches("repo:a{b,c}/[d]?\\!xyz"));
        assert!(!pattern.matches("repo:ab/d?\\!"));
        assert!(!pattern.matches("repo:a{b,c}/[d]?\\!x/y"));
        assert!(Glob::new("refs/heads/main").unwrap().matches("refs/heads/main"));
        assert!(!Glob::new("main").unwrap().matches("main\nx"));
        assert!(!Glob::new("main").unwrap().matches("MAIN"));
    }

    #[test]
    fn what_is_no_pattern() {
        for (text, said) in [
            ("", "found 0"),
            ("a**", "stand alone"),
            ("a/b**c/d", "`b**c`"),
            ("***", "stand alone"),
            ("Demo/*", "found `D`"),
            ("a?", "found `?`"),
            ("a\\b", "found `\\`"),
        ] {
            let error = text.parse::<Glob>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert!("a".repeat(GLOB_MAX).parse::<Glob>().is_ok());
        assert!("a".repeat(GLOB_MAX + 1).parse::<Glob>().is_err());
    }
}
