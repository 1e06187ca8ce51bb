//! Places in a list that a client may not know the name of: it is given the name sealed, can go on from there, and
//! learns nothing.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::limits::REPOSITORY_NAME_MAX;

/// What a sealed name begins with: no name of a repository has it, and no URL has to encode it.
const MARK: char = '~';

/// A sealed name cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CursorError {
    /// There are no random numbers, or the name is too long.
    #[error("a place in a list cannot be sealed")]
    Seal,
    /// It is none, or the registry was started again since.
    #[error("expected a place in the list that this registry gave, as it runs: begin the list anew")]
    Open,
}

/// The key, which lives as long as the process.
fn key() -> Option<&'static LessSafeKey> {
    static KEY: OnceLock<Option<LessSafeKey>> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok().map(LessSafeKey::new)
    })
    .as_ref()
}

/// Seals the name of a repository. All sealed names are equally long: the length would say something, too.
///
/// # Errors
///
/// [`CursorError::Seal`].
pub(super) fn seal(name: &str) -> Result<String, CursorError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| CursorError::Seal)?;
    let mut sealed = name.as_bytes().to_vec();
    if sealed.len() > REPOSITORY_NAME_MAX {
        return Err(CursorError::Seal);
    }
    sealed.resize(REPOSITORY_NAME_MAX, 0);
    let key = key().ok_or(CursorError::Seal)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .map_err(|_| CursorError::Seal)?;
    let whole = [nonce.as_slice(), &sealed].concat();
    Ok(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(whole)))
}

/// The name that `last` stands for: itself, or what is sealed in it.
///
/// # Errors
///
/// [`CursorError::Open`].
pub(super) fn open(last: &str) -> Result<String, CursorError> {
    let Some(text) = last.strip_prefix(MARK) else { return Ok(last.to_owned()) };
    let mut whole = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Open)?;
    let (nonce, sealed) = whole.split_at_mut_checked(NONCE_LEN).ok_or(CursorError::Open)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CursorError::Open)?;
    let key = key().ok_or(CursorError::Open)?;
    let name = key.open_in_place(nonce, Aad::empty(), sealed).map_err(|_| CursorError::Open)?;
    let name = std::str::from_utf8(name).map_err(|_| CursorError::Open)?;
    Ok(name.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_can_be_opened_and_nothing_else() {
        let (sealed, again) = (seal("private/app").unwrap(), seal("private/app").unwrap());
        assert_eq!(open(&sealed).unwrap(), "private/app");
        assert_ne!(sealed, again);
        assert_eq!(sealed.len(), seal("a").unwrap().len());
        assert!(!sealed.contains("private") && sealed.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(open("private/app").unwrap(), "private/app");
        let longest = "a".repeat(REPOSITORY_NAME_MAX);
        assert_eq!(open(&seal(&longest).unwrap()).unwrap(), longest);
        assert_eq!(seal(&format!("{longest}a")), Err(CursorError::Seal));
        let turned: String = sealed.chars().rev().collect();
        for text in ["~", "~AAAA", "~%", &sealed[..sealed.len() - 2], &format!("~{turned}")] {
            assert_eq!(open(text), Err(CursorError::Open), "{text}");
        }
    }
}
