//! Random secrets, and hashes of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac};

/// The system gives no random numbers: nothing that needs a secret can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoRandomness;

/// 256 random bits.
pub(crate) fn random_bytes() -> Result<[u8; 32], NoRandomness> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A prefix that tells what it is, and 256 random bits: 43 letters, digits, `-` and `_`.
pub(crate) fn random_secret(prefix: &str) -> Result<String, NoRandomness> {
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random_bytes()?)))
}

/// An id that is not secret: 16 hexadecimal digits.
pub(crate) fn random_id() -> Result<String, NoRandomness> {
    Ok(hex(&random_bytes()?[..8]))
}

/// The hash that a random secret is stored and found by. A secret of 256 random bits cannot be guessed, so the hash
/// need not be slow.
pub(crate) fn hash(secret: &str) -> String {
    hex(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
}

/// A key that lives as long as the process, for hashes that are kept in memory only.
pub(crate) fn process_key() -> Result<hmac::Key, NoRandomness> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &random_bytes()?))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let secret = random_secret("wkit_").unwrap();
        assert_eq!(secret.len(), 5 + 43);
        assert_ne!(secret, random_secret("wkit_").unwrap());
        assert_eq!(random_id().unwrap().len(), 16);
        // FIPS 180-2, appendix B.1.
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
