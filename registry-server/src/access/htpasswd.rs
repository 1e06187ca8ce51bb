//! The file of users: one `name:hash` a line, as Apache's `htpasswd -B` and `wkit-registry user set` write it.
//!
//! Hashes are argon2id or bcrypt. What `htpasswd` can write besides is quickly guessed and refused by name.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant, SystemTime};

use super::password::{ParseHashError, StoredHash};
use crate::limits::{HTPASSWD_BYTES_MAX, NAME_MAX};

/// How often to look whether the file was changed.
const LOOK: Duration = Duration::from_secs(1);

/// Why a file of users cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HtpasswdError {
    /// It cannot be read or written.
    #[error("could not {action} `{}`: {source}{}", file.display(), missing(action, source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("expected at most {HTPASSWD_BYTES_MAX} bytes in `{}`", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A line cannot be used.
    #[error("`{}`, line {line}: {message}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// What to do about a file that is not there.
fn missing(action: &str, error: &std::io::Error) -> &'static str {
    match (action, error.kind()) {
        ("read", std::io::ErrorKind::NotFound) => {
            "\nhint: `wkit-registry user set NAME --file FILE` makes it"
        }
        (_, std::io::ErrorKind::NotFound) => "\nhint: make the folder first",
        _ => "",
    }
}

/// A file of users in memory, with its comments.
#[derive(Clone, Debug, Default)]
pub(crate) struct HtpasswdFile {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
enum Line {
    User { name: Arc<str>, hash: StoredHash },
    Other(String),
}

impl HtpasswdFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is too large, or has a line that is neither empty, a comment nor a user.
    pub(crate) fn read(file: &Path) -> Result<Self, HtpasswdError> {
        let failed = |source| HtpasswdError::Io { action: "read", file: file.to_owned(), source };
        let mut text = String::new();
        let opened = std::fs::File::open(file).map_err(failed)?;
        opened.take(HTPASSWD_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > HTPASSWD_BYTES_MAX {
            return Err(HtpasswdError::TooLarge { file: file.to_owned() });
        }
        Self::parse(&text).map_err(|(line, message)| HtpasswdError::Line {
            file: file.to_owned(),
            line,
            message,
        })
    }

    /// Reads the text of a file, or says in which line something is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut known = HashMap::new();
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate().map(|(place, line)| (place + 1, line)) {
            if line.trim().is_empty() || line.starts_with('#') {
                lines.push(Line::Other(line.to_owned()));
                continue;
            }
            let Some((name, hash)) = line.split_once(':') else {
                return Err((number, "expected `name:hash`".to_owned()));
            };
            check_user_name(name).map_err(|message| (number, message))?;
            let hash = StoredHash::parse(hash.trim_end())
                .map_err(|error: ParseHashError| (number, format!("the user `{name}`: {error}")))?;
            if let Some(first) = known.insert(name.to_owned(), number) {
                return Err((number, format!("the user `{name}` is in line {first} already")));
            }
            lines.push(Line::User { name: name.into(), hash });
        }
        Ok(Self { lines })
    }

    /// Writes the file: whole or not at all, and readable by its owner only when it is new.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn write(&self, file: &Path) -> Result<(), HtpasswdError> {
        let failed = |source| HtpasswdError::Io { action: "write", file: file.to_owned(), source };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        // A temporary file is for its owner only; an existing one keeps who may read it.
        let mut temporary =
            tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        if let Ok(metadata) = std::fs::metadata(file) {
            temporary.as_file().set_permissions(metadata.permissions()).map_err(failed)?;
        }
        for line in &self.lines {
            match line {
                Line::User { name, hash } => writeln!(temporary, "{name}:{}", hash.as_str()),
                Line::Other(text) => writeln!(temporary, "{text}"),
            }
            .map_err(failed)?;
        }
        temporary.as_file().sync_all().map_err(failed)?;
        temporary.persist(file).map(drop).map_err(|error| failed(error.error))
    }

    /// The users, in the order of the file, and the kinds of their hashes.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.lines.iter().filter_map(|line| match line {
            Line::User { name, hash } => Some((&**name, hash.kind())),
            Line::Other(_) => None,
        })
    }

    /// Sets the hash of a user; `true` when the user is new.
    pub(crate) fn set(&mut self, user: &str, hash: StoredHash) -> bool {
        for line in &mut self.lines {
            match line {
                Line::User { name, hash: old } if **name == *user => {
                    *old = hash;
                    return false;
                }
                _ => {}
            }
        }
        self.lines.push(Line::User { name: user.into(), hash });
        true
    }

    /// Removes a user; `false` when there is none of this name.
    pub(crate) fn remove(&mut self, user: &str) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| !matches!(line, Line::User { name, .. } if **name == *user));
        self.lines.len() < before
    }
}

/// Whether a text can be the name of a user: it comes before a colon, in a file, a header and a log.
///
/// # Errors
///
/// What was expected.
pub(crate) fn check_user_name(name: &str) -> Result<(), String> {
    let reserved = matches!(name, "anonymous" | "authenticated");
    let valid = |c: char| !c.is_control() && !c.is_whitespace() && c != ':';
    if !name.is_empty()
        && name.len() <= NAME_MAX
        && !reserved
        && !name.starts_with('#')
        && name.chars().all(valid)
    {
        return Ok(());
    }
    let found: String = name.chars().take(80).flat_map(char::escape_debug).collect();
    Err(format!(
        "expected a user name of 1 to {NAME_MAX} bytes without spaces and colons, not `anonymous` or `authenticated`, found `{found}`"
    ))
}

/// The users of a file that is read again when it changes.
pub(super) struct Users {
    file: Option<PathBuf>,
    loaded: RwLock<Arc<Loaded>>,
    /// Chooses a stand-in for a name, the same each time and known to nobody.
    chooser: RandomState,
    start: Instant,
    looked_ms: AtomicU64,
}

/// The users of one version of the file.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    users: HashMap<Arc<str>, StoredHash>,
    /// What the passwords of unknown users are compared with, so that the answer takes as long as for a known one.
    stand_ins: Vec<StoredHash>,
    seen: Option<Seen>,
}

/// What tells versions of the file apart.
type Seen = (SystemTime, u64, u64);

impl Users {
    /// Reads the file; without one there are no users.
    ///
    /// # Errors
    ///
    /// When the file cannot be used.
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, HtpasswdError> {
        let loaded = match &file {
            Some(file) => Loaded::read(file)?,
            None => Loaded::default(),
        };
        Ok(Self {
            file,
            loaded: RwLock::new(Arc::new(loaded)),
            chooser: RandomState::new(),
            start: Instant::now(),
            looked_ms: AtomicU64::new(0),
        })
    }

    /// Whether there is a file, so that users are known by name.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// The users as they are now.
    pub(super) fn now(&self) -> Arc<Loaded> {
        self.loaded.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// What the password of a user who is not among `loaded` is compared with: the hash of any user, since hashes of
    /// several kinds and costs take different times, and one that were always the same would tell who is unknown.
    pub(super) fn stand_in(&self, loaded: &Loaded, user: &str) -> Option<StoredHash> {
        let count = u64::try_from(loaded.stand_ins.len()).ok().filter(|count| *count > 0)?;
        let place = usize::try_from(self.chooser.hash_one(user) % count).ok()?;
        loaded.stand_ins.get(place).cloned()
    }

    /// Whether it is time to look at the file: true for one caller a second.
    pub(super) fn is_due(&self) -> bool {
        if self.file.is_none() {
            return false;
        }
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked_ms.load(Ordering::Relaxed);
        let due = now.saturating_sub(looked) >= u64::try_from(LOOK.as_millis()).unwrap_or(u64::MAX);
        due && self.looked_ms.compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Reads the file again when it is not the version known; `true` when the users are others now. A file that
    /// cannot be used changes nothing. Blocks on the file system.
    pub(super) fn look(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let seen = seen(file);
        if self.now().seen == seen {
            return false;
        }
        match Loaded::read(file) {
            Ok(loaded) => {
                tracing::info!(file = %file.display(), users = loaded.users.len(), "the users were read again");
                *self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(loaded);
                true
            }
            Err(error) => {
                tracing::error!(%error, "the users stay as they were");
                // Not looked at again before it changes once more.
                let mut loaded = self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                let old = Loaded { users: loaded.users.clone(), stand_ins: loaded.stand_ins.clone(), seen };
                *loaded = Arc::new(old);
                false
            }
        }
    }
}

impl Loaded {
    fn read(file: &Path) -> Result<Self, HtpasswdError> {
        // Before reading: a change in between is noticed at the next look.
        let seen = seen(file);
        let lines = HtpasswdFile::read(file)?.lines;
        let users: Vec<_> = lines
            .into_iter()
            .filter_map(|line| match line {
                Line::User { name, hash } => Some((name, hash)),
                Line::Other(_) => None,
            })
            .collect();
        let stand_ins = users.iter().map(|(_, hash)| hash.clone()).collect();
        Ok(Self { users: users.into_iter().collect(), stand_ins, seen })
    }

    /// The hash of a user's password.
    pub(super) fn hash(&self, user: &str) -> Option<&StoredHash> {
        self.users.get(user)
    }
}

fn seen(file: &Path) -> Option<Seen> {
    let metadata = std::fs::metadata(file).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some((metadata.modified().ok()?, metadata.len(), inode))
}
