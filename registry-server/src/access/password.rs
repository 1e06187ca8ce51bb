//! Passwords: stored as argon2id or bcrypt, compared on the blocking pool, a few at a time.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::limits::{
    ARGON2_MEMORY_KIB_MAX, ARGON2_PASSES_MAX, BCRYPT_COST_MAX, PASSWORD_HASHES_MAX, PASSWORD_MAX,
    PASSWORD_QUEUE_MAX, PASSWORD_QUEUE_PER_CLIENT_MAX,
};
use crate::throttle::{Client, Counts};

/// Compared with when there is no user at all: argon2id with the parameters that new hashes have.
const STAND_IN: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3RhbmQgaW4gc2FsdCE$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The hash of a password as the htpasswd file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredHash {
    /// PHC string format.
    Argon2id(Arc<str>),
    /// Modular crypt format, `$2b$` and its like.
    Bcrypt(Arc<str>),
}

/// Why a hash cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseHashError {
    /// It is of another kind.
    #[error(
        "expected an argon2id or bcrypt hash, found {found}\nhint: `wkit-registry user set` or `htpasswd -B` writes one"
    )]
    Kind {
        /// The kind.
        found: &'static str,
    },
    /// It is damaged.
    #[error("the {kind} hash cannot be read: {message}")]
    Damaged {
        /// Its kind.
        kind: &'static str,
        /// What is wrong.
        message: String,
    },
    /// It asks for too much.
    #[error(
        "expected at most {ARGON2_MEMORY_KIB_MAX} KiB and {ARGON2_PASSES_MAX} passes of argon2id, or the cost {BCRYPT_COST_MAX} of bcrypt"
    )]
    Cost,
}

/// Why a new password was not hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashPasswordError {
    /// It is empty or too long.
    #[error("expected a password of 1 to {PASSWORD_MAX} bytes, found {found}")]
    Length {
        /// Its length in bytes.
        found: usize,
    },
    /// The system does not do its part.
    #[error("the password cannot be hashed: {message}")]
    Failed {
        /// What it reports.
        message: String,
    },
}

impl StoredHash {
    /// Reads a hash.
    ///
    /// # Errors
    ///
    /// When it is of another kind, damaged, or would take too long to compare.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseHashError> {
        if text.starts_with("$argon2id$") {
            let damaged = |message: String| ParseHashError::Damaged { kind: "argon2id", message };
            let hash = PasswordHash::new(text).map_err(|error| damaged(error.to_string()))?;
            let params = Params::try_from(&hash).map_err(|error| damaged(error.to_string()))?;
            if hash.salt.is_none() || hash.hash.is_none() {
                return Err(damaged("there is no salt or no hash".to_owned()));
            }
            if params.m_cost() > ARGON2_MEMORY_KIB_MAX
                || params.t_cost() > ARGON2_PASSES_MAX
                || params.p_cost() > 16
            {
                return Err(ParseHashError::Cost);
            }
            return Ok(Self::Argon2id(text.into()));
        }
        if ["$2a$", "$2b$", "$2y$", "$2x$"].iter().any(|prefix| text.starts_with(prefix)) {
            let parts: bcrypt::HashParts = text.parse().map_err(|error: bcrypt::BcryptError| {
                ParseHashError::Damaged { kind: "bcrypt", message: error.to_string() }
            })?;
            return if parts.get_cost() > BCRYPT_COST_MAX {
                Err(ParseHashError::Cost)
            } else {
                Ok(Self::Bcrypt(text.into()))
            };
        }
        Err(ParseHashError::Kind { found: kind(text) })
    }

    /// The hash of a new password: argon2id, 19 MiB, 2 passes, as OWASP's cheat sheet has it.
    ///
    /// # Errors
    ///
    /// When the password is empty or too long, or there are no random numbers.
    pub(crate) fn make(password: &str) -> Result<Self, HashPasswordError> {
        let found = password.len();
        if found == 0 || found > PASSWORD_MAX {
            return Err(HashPasswordError::Length { found });
        }
        let hash = Argon2::default().hash_password(password.as_bytes());
        let hash = hash.map_err(|error| HashPasswordError::Failed { message: error.to_string() })?;
        Ok(Self::Argon2id(hash.to_string().into()))
    }

    /// The kind, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Argon2id(_) => "argon2id",
            Self::Bcrypt(_) => "bcrypt",
        }
    }

    /// The hash as it is written.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Argon2id(text) | Self::Bcrypt(text) => text,
        }
    }

    /// Whether it is the hash of a password. Takes tens of milliseconds.
    fn verify(&self, password: &str) -> bool {
        match self {
            Self::Argon2id(text) => {
                let hash = PasswordHash::new(text);
                hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            }
            Self::Bcrypt(text) => bcrypt::verify(password, text).unwrap_or(false),
        }
    }
}

fn kind(text: &str) -> &'static str {
    const KINDS: [(&str, &str); 10] = [
        ("$apr1$", "Apache's MD5 (`apr1`)"),
        ("{SHA}", "SHA-1"),
        ("$1$", "MD5 crypt"),
        ("$5$", "SHA-256 crypt"),
        ("$6$", "SHA-512 crypt"),
        ("$argon2i$", "argon2i"),
        ("$argon2d$", "argon2d"),
        ("$y$", "yescrypt"),
        ("$7$", "scrypt"),
        ("$", "another kind"),
    ];
    let found = KINDS.iter().find(|(prefix, _)| text.starts_with(prefix));
    found.map_or("DES crypt, plain text or nothing", |(_, kind)| kind)
}

/// Compares passwords, a few at a time.
pub(super) struct Verifier {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Those who wait of each client: none may keep everybody else from logging in.
    clients: Arc<Counts>,
}

/// Too many logins wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many logins are being checked")]
pub(super) struct Busy;

impl Verifier {
    pub(super) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(PASSWORD_HASHES_MAX)),
            waiting: AtomicUsize::new(0),
            clients: Arc::new(Counts::new(PASSWORD_QUEUE_PER_CLIENT_MAX)),
        }
    }

    /// Waits for its turn. What is held meanwhile lets one password be compared.
    ///
    /// # Errors
    ///
    /// When too many wait already, of this client or of all.
    pub(super) async fn turn(&self, client: IpAddr) -> Result<tokio::sync::OwnedSemaphorePermit, Busy> {
        let _of_client = self.clients.enter(Client::of(client)).ok_or(Busy)?;
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= PASSWORD_QUEUE_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Busy);
        }
        let _waits = Waits(&self.waiting);
        self.free.clone().acquire_owned().await.map_err(|_| Busy)
    }

    /// Whether `password` belongs to `hash`. Without a hash, which is an unknown user, it takes as long and is false.
    pub(super) async fn verify(
        turn: tokio::sync::OwnedSemaphorePermit,
        hash: Option<StoredHash>,
        stand_in: Option<StoredHash>,
        password: String,
    ) -> bool {
        let compare = move || {
            let _turn = turn;
            match hash {
                Some(hash) => hash.verify(&password),
                None => {
                    let stand_in = stand_in.unwrap_or_else(|| StoredHash::Argon2id(STAND_IN.into()));
                    std::hint::black_box(stand_in.verify(&password));
                    false
                }
            }
        };
        tokio::task::spawn_blocking(compare).await.unwrap_or(false)
    }
}

/// Counts one that waits, also when it is given up.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_belongs_to_its_password() {
        let hash = StoredHash::make("correct horse").unwrap();
        assert_eq!(hash.kind(), "argon2id");
        assert!(hash.verify("correct horse") && !hash.verify("correct horsf") && !hash.verify(""));
        let text = bcrypt::hash("tea", 4).unwrap();
        for prefix in ["$2b$", "$2y$", "$2a$"] {
            let hash = StoredHash::parse(&text.replacen("$2b$", prefix, 1)).unwrap();
            assert!(hash.verify("tea") && !hash.verify("teа"), "{prefix}");
        }
        assert!(StoredHash::make("").is_err());
        assert!(StoredHash::make(&"x".repeat(PASSWORD_MAX)).is_ok());
        assert!(StoredHash::make(&"x".repeat(PASSWORD_MAX + 1)).is_err());
    }

    #[test]
    fn costs_have_limits() {
        let argon2 = |memory: u32, passes: u32| {
            StoredHash::parse(&format!(
                "$argon2id$v=19$m={memory},t={passes},p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"
            ))
        };
        assert!(argon2(ARGON2_MEMORY_KIB_MAX, ARGON2_PASSES_MAX).is_ok());
        assert_eq!(argon2(ARGON2_MEMORY_KIB_MAX + 1, 1), Err(ParseHashError::Cost));
        assert_eq!(argon2(8, ARGON2_PASSES_MAX + 1), Err(ParseHashError::Cost));
        let bcrypt = |cost: u32| {
            StoredHash::parse(&format!("$2b${cost:02}$abcdefghijklmnopqrstuuKw8i1hJPoIWnTbUPvHbQDvFzxyZ0aGq"))
        };
        assert!(bcrypt(BCRYPT_COST_MAX).is_ok());
        assert_eq!(bcrypt(BCRYPT_COST_MAX + 1), Err(ParseHashError::Cost));
        assert!(matches!(StoredHash::parse("$argon2id$x"), Err(ParseHashError::Damaged { .. })));
        assert!(matches!(StoredHash::parse("$2b$04$short"), Err(ParseHashError::Damaged { .. })));
    }

    #[test]
    fn the_stand_in_is_a_hash_of_the_default_cost() {
        let hash = PasswordHash::new(STAND_IN).unwrap();
        let (params, default) = (Params::try_from(&hash).unwrap(), Params::default());
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(costs(&params), costs(&default));
        assert!(!StoredHash::parse(STAND_IN).unwrap().verify("x"));
    }

    fn client(number: usize) -> IpAddr {
        std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into()
    }

    /// Lets clients wait, one for each number, until all do.
    async fn wait(
        verifier: &Arc<Verifier>,
        clients: impl Iterator<Item = usize>,
    ) -> Vec<tokio::task::JoinHandle<Result<(), Busy>>> {
        let before = verifier.waiting.load(Ordering::Relaxed);
        let waiting: Vec<_> = clients
            .map(|number| {
                let verifier = verifier.clone();
                tokio::spawn(async move { verifier.turn(client(number)).await.map(drop) })
            })
            .collect();
        while verifier.waiting.load(Ordering::Relaxed) < before + waiting.len() {
            tokio::task::yield_now().await;
        }
        waiting
    }

    #[tokio::test]
    async fn few_are_compared_at_once_and_few_wait() {
        let verifier = Arc::new(Verifier::new());
        let mut turns = Vec::new();
        for number in 0..PASSWORD_HASHES_MAX {
            turns.push(verifier.turn(client(number)).await.unwrap());
        }
        let waiting = wait(&verifier, 0..PASSWORD_QUEUE_MAX).await;
        assert!(verifier.turn(client(PASSWORD_QUEUE_MAX)).await.is_err());
        drop(turns);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        let turn = verifier.turn(client(0)).await.unwrap();
        let hash = StoredHash::parse(&bcrypt::hash("tea", 4).unwrap()).unwrap();
        assert!(Verifier::verify(turn, Some(hash.clone()), None, "tea".to_owned()).await);
        let turn = verifier.turn(client(0)).await.unwrap();
        assert!(!Verifier::verify(turn, None, Some(hash), "tea".to_owned()).await);
    }

    #[tokio::test]
    async fn one_client_leaves_room_for_others() {
        let verifier = Arc::new(Verifier::new());
        let mut turns = Vec::new();
        for _ in 0..PASSWORD_HASHES_MAX {
            turns.push(verifier.turn(client(0)).await.unwrap());
        }
        let mut waiting = wait(&verifier, std::iter::repeat_n(0, PASSWORD_QUEUE_PER_CLIENT_MAX)).await;
        assert!(verifier.turn(client(0)).await.is_err());
        waiting.extend(wait(&verifier, std::iter::once(1)).await);
        drop(turns);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert!(verifier.turn(client(0)).await.is_ok());
    }
}
