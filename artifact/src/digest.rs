//! Digests: what names content by its bytes (OCI image specification, "Descriptors", section "Digests").

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

use crate::text::{as_string, shown};

/// A registered digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, written `sha256`: what every registry and client supports.
    Sha256,
    /// SHA-512, written `sha512`.
    Sha512,
}

impl Algorithm {
    /// The name that stands before the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits follow the colon.
    pub fn hex_length(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sha256" => Ok(Algorithm::Sha256),
            "sha512" => Ok(Algorithm::Sha512),
            _ => Err(ParseDigestError::Algorithm { found: shown(text) }),
        }
    }
}

/// A digest such as `sha256:e3b0c442…`; always well formed, lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// Lower-case hexadecimal digits, exactly as many as the algorithm gives.
    hex: Box<str>,
}

impl Digest {
    /// The digest of `bytes` under `algorithm`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The SHA-256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of(Algorithm::Sha256, bytes)
    }

    /// The algorithm that made this digest.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The lower-case hexadecimal digits after the colon.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, hex) =
            text.split_once(':').ok_or_else(|| ParseDigestError::NoColon { found: shown(text) })?;
        let algorithm: Algorithm = algorithm.parse()?;
        if let Some(found) = hex.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(ParseDigestError::Character { found });
        }
        if hex.len() != algorithm.hex_length() {
            return Err(ParseDigestError::Length { algorithm, found: hex.len() });
        }
        Ok(Self { algorithm, hex: hex.into() })
    }
}

as_string!(Digest);

/// Why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDigestError {
    /// There is no colon between algorithm and digits.
    #[error("expected a digest such as `sha256:<64 hexadecimal digits>`, found `{found}`")]
    NoColon {
        /// The text, shortened.
        found: String,
    },
    /// The algorithm is not one of those supported.
    #[error("expected the digest algorithm `sha256` or `sha512`, found `{found}`")]
    Algorithm {
        /// What stands before the colon, shortened.
        found: String,
    },
    /// A character after the colon is not a lower-case hexadecimal digit.
    #[error("expected lower-case hexadecimal digits in a digest, found `{}`", found.escape_default())]
    Character {
        /// The first character that is wrong.
        found: char,
    },
    /// The number of digits does not fit the algorithm.
    #[error("expected {} hexadecimal digits in a `{algorithm}` digest, found {found}", algorithm.hex_length())]
    Length {
        /// The algorithm named.
        algorithm: Algorithm,
        /// How many digits there are.
        found: usize,
    },
}

/// Computes a [`Digest`] over bytes that arrive in pieces.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    // Boxed so that the common hasher stays small.
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// A hasher that has seen no bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::default()),
        })
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes taken in.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => {
                Digest { algorithm: Algorithm::Sha256, hex: to_hex(state.finalize().as_slice()) }
            }
            State::Sha512(state) => {
                Digest { algorithm: Algorithm::Sha512, hex: to_hex(state.finalize().as_slice()) }
            }
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.0 {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        };
        formatter.debug_tuple("Hasher").field(&algorithm).finish()
    }
}

fn to_hex(bytes: &[u8]) -> Box<str> {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0xf] {
            out.push(char::from_digit(u32::from(nibble), 16).expect("a nibble is below 16"));
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_256: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    // FIPS 180-4 test vector for "abc".
    const ABC_512: &str = "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

    #[test]
    fn known_vectors() {
        assert_eq!(Digest::sha256(b"").to_string(), EMPTY_256);
        assert_eq!(Digest::of(Algorithm::Sha512, b"abc").to_string(), ABC_512);
    }

    #[test]
    fn pieces_give_the_same_digest() {
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(b"a");
        hasher.update(b"");
        hasher.update(b"bc");
        assert_eq!(hasher.finish().to_string(), ABC_512);
    }

    #[test]
    fn round_trip() {
        for text in [EMPTY_256, ABC_512] {
            let digest: Digest = text.parse().unwrap();
            assert_eq!(digest.to_string(), text);
            let json = serde_json::to_string(&digest).unwrap();
            assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        }
    }

    #[test]
    fn refusals_say_what_is_valid() {
        let error = |text: &str| text.parse::<Digest>().unwrap_err().to_string();
        assert_eq!(
            error("latest"),
            "expected a digest such as `sha256:<64 hexadecimal digits>`, found `latest`"
        );
        assert_eq!(error("md5:00"), "expected the digest algorithm `sha256` or `sha512`, found `md5`");
        assert_eq!(error("sha256:00"), "expected 64 hexadecimal digits in a `sha256` digest, found 2");
        assert_eq!(
            error(&EMPTY_256.to_uppercase().replace("SHA", "sha")),
            "expected lower-case hexadecimal digits in a digest, found `E`"
        );
        assert!(error(&format!("{EMPTY_256}0")).ends_with("found 65"));
        assert!(error(&EMPTY_256[..70]).ends_with("found 63"));
        assert!(error(&EMPTY_256.replace("sha256", "sha512")).ends_with("found 64"));
        assert!(error("").contains("found ``"));
    }

    #[test]
    fn other_json_is_refused() {
        assert!(serde_json::from_str::<Digest>("1").is_err());
        assert!(serde_json::from_str::<Digest>("\"sha256:zz\"").unwrap_err().to_string().contains("`z`"));
    }
}
