//! What a client shows: the `Authorization` header, taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::limits::CREDENTIALS_MAX;

/// What a client shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// `Basic`: a user and a password, or any user and a token in place of the password.
    Password {
        /// The user.
        user: String,
        /// The password or token.
        password: String,
    },
    /// `Bearer`: a token.
    Token(String),
}

/// The header is no credentials that can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `Basic` or `Bearer` credentials of at most {CREDENTIALS_MAX} bytes")]
pub(crate) struct ParseCredentialsError;

impl Credentials {
    /// Whether they are of nobody: some clients answer a challenge for user and password with two empty ones when they
    /// have none.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Password { user, password } if user.is_empty() && password.is_empty())
    }

    /// Reads the value of an `Authorization` header (RFC 7617, RFC 6750).
    ///
    /// # Errors
    ///
    /// When the scheme is another, the value is too long, or is not encoded as it has to be.
    pub(crate) fn parse(value: &[u8]) -> Result<Self, ParseCredentialsError> {
        if value.len() > CREDENTIALS_MAX {
            return Err(ParseCredentialsError);
        }
        let text = std::str::from_utf8(value).map_err(|_| ParseCredentialsError)?;
        let (scheme, rest) = text.trim().split_once(' ').ok_or(ParseCredentialsError)?;
        let rest = rest.trim_start();
        if scheme.eq_ignore_ascii_case("bearer") {
            let valid = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
            return if valid { Ok(Self::Token(rest.to_owned())) } else { Err(ParseCredentialsError) };
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(ParseCredentialsError);
        }
        let decoded = STANDARD.decode(rest).map_err(|_| ParseCredentialsError)?;
        let decoded = String::from_utf8(decoded).map_err(|_| ParseCredentialsError)?;
        let (user, password) = decoded.split_once(':').ok_or(ParseCredentialsError)?;
        Ok(Self::Password { user: user.to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn both_schemes() {
        let password = |user: &str, password: &str| Credentials::Password {
            user: user.into(),
            password: password.into(),
        };
        for (header, expected) in [
            (basic("alice:a:b c"), password("alice", "a:b c")),
            (basic(":x"), password("", "x")),
            (basic("ä:ö").replace("Basic", "bAsIc "), password("ä", "ö")),
            ("Bearer abc.def".to_owned(), Credentials::Token("abc.def".to_owned())),
            ("bearer   x".to_owned(), Credentials::Token("x".to_owned())),
        ] {
            assert!(Credentials::parse(header.as_bytes()) == Ok(expected), "{header}");
        }
    }

    #[test]
    fn what_is_no_credentials() {
        for header in
            ["", "Basic", "Basic ", "Basic !!", "Bearer", "Bearer ", "Bearer a b", "Digest x", "Negotiate x"]
        {
            assert!(Credentials::parse(header.as_bytes()).is_err(), "{header}");
        }
        assert!(Credentials::parse(basic("no colon").as_bytes()).is_err());
        assert!(Credentials::parse(b"Bearer \xff").is_err());
        let long = |length: usize| format!("Bearer {}", "x".repeat(length - 7));
        assert!(Credentials::parse(long(CREDENTIALS_MAX).as_bytes()).is_ok());
        assert!(Credentials::parse(long(CREDENTIALS_MAX + 1).as_bytes()).is_err());
    }

    impl std::fmt::Debug for Credentials {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("Credentials")
        }
    }
}
