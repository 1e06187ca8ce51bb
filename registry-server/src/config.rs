//! What a registry is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::access::AccessSettings;
use crate::audit::AuditSettings;
use crate::limits::{BLOB_BYTES_MAX, UPLOAD_IDLE_MAX, UPLOAD_SESSIONS_MAX};
use crate::registry::{GarbageRules, QuotaRule, RetentionRule, Rules};
use crate::store::layout;
use crate::{network, throttle, tls};

/// What a registry is started with. [`Config::new`] gives the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder that holds everything; made when it is missing.
    pub data: PathBuf,
    /// The address to listen on; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The certificate and key of TLS; `None` is plain HTTP.
    pub tls: Option<tls::Settings>,
    /// Whether plain HTTP may be served where other machines can reach it.
    pub insecure: bool,
    /// Connections, and how long the registry waits for clients.
    pub network: network::Settings,
    /// How much one client may ask for.
    pub throttle: throttle::Settings,
    /// Which metadata store to use; `None` is `redb:` inside the data folder.
    pub metadata: Option<MetadataUrl>,
    /// Whether a manifest may refer to content that is not in its repository (a sparse manifest). By default such a
    /// manifest is refused, so that whatever can be pulled is whole.
    pub sparse: bool,
    /// The largest blob accepted, in bytes.
    pub blob_bytes_max: u64,
    /// How many uploads may be open at once.
    pub upload_sessions_max: usize,
    /// How long an upload may rest before it is removed.
    pub upload_idle_max: Duration,
    /// Whether nothing may be changed. A running registry can be switched by its admin API.
    pub read_only: bool,
    /// When garbage is collected.
    pub garbage: GarbageRules,
    /// What namespaces may hold.
    pub quotas: Vec<QuotaRule>,
    /// What is kept of repositories.
    pub retention: Vec<RetentionRule>,
    /// Who may do what; by default everybody may do everything.
    pub access: AccessSettings,
    /// Where it is noted who did what; by default nowhere.
    pub audit: AuditSettings,
}

impl Config {
    /// The address a registry listens on when none is given.
    pub const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5050);

    /// The data folder when none is given, in the current folder.
    pub const DATA_DEFAULT: &'static str = "registry-data";

    /// A registry on the folder `data` with every default: it listens on [`Config::LISTEN_DEFAULT`].
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: Self::LISTEN_DEFAULT,
            tls: None,
            insecure: false,
            network: network::Settings::default(),
            throttle: throttle::Settings::default(),
            metadata: None,
            sparse: false,
            blob_bytes_max: BLOB_BYTES_MAX,
            upload_sessions_max: UPLOAD_SESSIONS_MAX,
            upload_idle_max: UPLOAD_IDLE_MAX,
            read_only: false,
            garbage: GarbageRules::default(),
            quotas: Vec::new(),
            retention: Vec::new(),
            access: AccessSettings::default(),
            audit: AuditSettings::default(),
        }
    }

    /// What the registry itself has to know.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            sparse: self.sparse,
            read_only: self.read_only,
            garbage: self.garbage.clone(),
            quotas: self.quotas.clone(),
            retention: self.retention.clone(),
        }
    }
}

/// Which metadata store to use: `redb:` or `sled:`, inside the data folder, or with a path after the colon elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataUrl {
    /// One file, by `redb`.
    Redb(Option<PathBuf>),
    /// A folder, by `sled`.
    #[cfg(feature = "sled")]
    Sled(Option<PathBuf>),
}

impl MetadataUrl {
    /// The backend's name, which is the scheme of the URL.
    pub fn backend(&self) -> &'static str {
        match self {
            MetadataUrl::Redb(_) => "redb",
            #[cfg(feature = "sled")]
            MetadataUrl::Sled(_) => "sled",
        }
    }

    /// Where the store is, for the data folder `data`.
    pub(crate) fn path(&self, data: &Path) -> PathBuf {
        self.given_path().cloned().unwrap_or_else(|| layout::metadata(data, self.backend()))
    }

    fn given_path(&self) -> Option<&PathBuf> {
        match self {
            MetadataUrl::Redb(path) => path.as_ref(),
            #[cfg(feature = "sled")]
            MetadataUrl::Sled(path) => path.as_ref(),
        }
    }
}

impl Default for MetadataUrl {
    fn default() -> Self {
        MetadataUrl::Redb(None)
    }
}

impl fmt::Display for MetadataUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:", self.backend())?;
        match self.given_path() {
            Some(path) => write!(formatter, "{}", path.display()),
            None => Ok(()),
        }
    }
}

impl FromStr for MetadataUrl {
    type Err = ParseMetadataUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || ParseMetadataUrlError { found: text.chars().take(80).collect() };
        let (scheme, path) = text.split_once(':').ok_or_else(unknown)?;
        let path = (!path.is_empty()).then(|| PathBuf::from(path));
        match scheme {
            "redb" => Ok(MetadataUrl::Redb(path)),
            #[cfg(feature = "sled")]
            "sled" => Ok(MetadataUrl::Sled(path)),
            _ => Err(unknown()),
        }
    }
}

/// Why a text does not name a metadata store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a metadata store such as {}, found `{found}`", schemes())]
pub struct ParseMetadataUrlError {
    /// The text, shortened.
    pub found: String,
}

fn schemes() -> &'static str {
    if cfg!(feature = "sled") { "`redb:` or `sled:`" } else { "`redb:`" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_urls() {
        for text in ["redb:", "redb:/var/lib/registry/metadata.redb", "redb:relative/file"] {
            assert_eq!(text.parse::<MetadataUrl>().unwrap().to_string(), text);
        }
        assert_eq!(MetadataUrl::default().path(Path::new("d")), Path::new("d/metadata.redb"));
        assert_eq!("redb:x".parse::<MetadataUrl>().unwrap().path(Path::new("d")), Path::new("x"));
        for text in ["", "redb", "postgres://x", ":x", "REDB:"] {
            assert!(text.parse::<MetadataUrl>().is_err(), "{text}");
        }
    }

    #[cfg(feature = "sled")]
    #[test]
    fn sled_urls() {
        assert_eq!("sled:".parse::<MetadataUrl>().unwrap(), MetadataUrl::Sled(None));
        assert_eq!(MetadataUrl::Sled(None).path(Path::new("d")), Path::new("d/metadata.sled"));
    }
}
