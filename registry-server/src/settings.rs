//! The configuration file, `registry.toml`: what a person writes, checked and turned into a [`Config`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::access::AccessSettings;
use crate::audit::AuditSettings;
use crate::config::Config;
use crate::limits::SETTINGS_BYTES_MAX;

/// The configuration file. Every key may be left out; an unknown one is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    metadata: Option<String>,
    #[serde(default)]
    sparse: bool,
    #[serde(default)]
    limits: LimitSettings,
    access: Option<AccessSettings>,
    #[serde(default)]
    audit: AuditSettings,
}

/// `[limits]`: what a client may ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LimitSettings {
    /// The largest blob accepted, in bytes.
    blob_bytes: Option<u64>,
    /// How many uploads may be open at once.
    upload_sessions: Option<usize>,
    /// How long an upload may rest before it is removed, in seconds.
    upload_idle_seconds: Option<u64>,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// The file is too large to be a configuration.
    #[error("expected at most {maximum} bytes in `{}`", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The most bytes it may have.
        maximum: u64,
    },
    /// The file is not what is expected; the message shows the place.
    #[error("`{}`: {message}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is too large, or has an unknown key or a value of another kind.
    pub(crate) fn read(file: &Path) -> Result<Self, SettingsError> {
        use std::io::Read as _;

        let failed = |source| SettingsError::Read { file: file.to_path_buf(), source };
        let mut text = String::new();
        let opened = std::fs::File::open(file).map_err(failed)?;
        opened.take(SETTINGS_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > SETTINGS_BYTES_MAX {
            return Err(SettingsError::TooLarge { file: file.to_path_buf(), maximum: SETTINGS_BYTES_MAX });
        }
        Self::parse(&text).map_err(|message| SettingsError::Invalid { file: file.to_path_buf(), message })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(url) = &settings.metadata {
            url.parse::<crate::config::MetadataUrl>().map_err(|error| format!("metadata: {error}"))?;
        }
        if let Some(access) = &settings.access {
            access.check().map_err(|error| error.to_string())?;
        }
        Ok(settings)
    }

    /// The configuration it stands for, with the defaults where it says nothing.
    pub(crate) fn into_config(self) -> Config {
        let mut config = Config::new(self.data.unwrap_or_else(|| Config::DATA_DEFAULT.into()));
        config.listen = self.listen.unwrap_or(config.listen);
        config.metadata = self.metadata.and_then(|url| url.parse().ok());
        config.sparse = self.sparse;
        config.blob_bytes_max = self.limits.blob_bytes.unwrap_or(config.blob_bytes_max);
        config.upload_sessions_max = self.limits.upload_sessions.unwrap_or(config.upload_sessions_max);
        let idle = self.limits.upload_idle_seconds.map(std::time::Duration::from_secs);
        config.upload_idle_max = idle.unwrap_or(config.upload_idle_max);
        config.access = self.access.unwrap_or_default();
        config.audit = self.audit;
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(Settings::parse("").unwrap().into_config(), Config::new(Config::DATA_DEFAULT));
    }

    #[test]
    fn every_key_is_used() {
        let text = "data = \"d\"\nlisten = \"127.0.0.1:1\"\nmetadata = \"redb:x\"\nsparse = true\n\
            [limits]\nblob-bytes = 1\nupload-sessions = 2\nupload-idle-seconds = 3\n\
            [access]\nchallenge = \"basic\"\n[audit]\nfile = \"a\"\nstderr = true\npulls = true\n";
        let mut expected = Config::new("d");
        expected.listen = "127.0.0.1:1".parse().unwrap();
        expected.metadata = Some("redb:x".parse().unwrap());
        expected.sparse = true;
        (expected.blob_bytes_max, expected.upload_sessions_max) = (1, 2);
        expected.upload_idle_max = std::time::Duration::from_secs(3);
        expected.audit = AuditSettings { file: Some("a".into()), stderr: true, pulls: true };
        expected.access = toml::from_str("challenge = \"basic\"").unwrap();
        assert_eq!(Settings::parse(text).unwrap().into_config(), expected);
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        for (text, said) in [
            ("dta = \"d\"", "unknown field `dta`"),
            ("[limits]\nblobs = 1", "unknown field `blobs`"),
            ("listen = \"nowhere\"", "invalid socket address"),
            ("metadata = \"postgres\"", "expected a metadata store"),
            ("sparse = 1", "expected a boolean"),
            ("[access]\nrules = []", "unknown field `rules`"),
            ("[access]\nservice = \"\"", "access.service"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
