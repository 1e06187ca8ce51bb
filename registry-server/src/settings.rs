//! The configuration file, `registry.toml`: what a person writes, checked and turned into a [`Config`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::access::AccessSettings;
use crate::audit::AuditSettings;
use crate::config::Config;
use crate::limits::{RULES_MAX, SETTINGS_BYTES_MAX};
use crate::registry::{GarbageRules, QuotaRule, RetentionRule};
use crate::{network, throttle, tls};

/// The configuration file. Every key may be left out; an unknown one is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    data: Option<PathBuf>,
    #[serde(default, deserialize_with = "listen")]
    listen: Option<SocketAddr>,
    metadata: Option<String>,
    #[serde(default)]
    sparse: bool,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    insecure: bool,
    tls: Option<tls::Settings>,
    #[serde(default)]
    network: network::Settings,
    #[serde(default)]
    throttle: throttle::Settings,
    #[serde(default)]
    limits: LimitSettings,
    #[serde(default)]
    garbage: GarbageRules,
    #[serde(default)]
    quota: Vec<QuotaRule>,
    #[serde(default)]
    retention: Vec<RetentionRule>,
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

/// Reads `listen` with the words of the option.
fn listen<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_listen(&text).map(Some).map_err(serde::de::Error::custom)
}

/// Reads an address to listen on.
///
/// # Errors
///
/// What was expected, when it is none.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let found: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    text.parse().map_err(|_| {
        format!(
            "expected an IP address and a port, such as `127.0.0.1:5050` or `[::1]:5050`, found `{found}`"
        )
    })
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the configuration file `{}` cannot be read: {source}", file.display())]
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

    /// Reads and checks the text of a file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if let Some(url) = &settings.metadata {
            url.parse::<crate::config::MetadataUrl>().map_err(|error| format!("metadata: {error}"))?;
        }
        for (key, count) in [("quota", settings.quota.len()), ("retention", settings.retention.len())] {
            if count > RULES_MAX {
                return Err(format!("expected at most {RULES_MAX} sections `[[{key}]]`, found {count}"));
            }
        }
        let bounds = |quota: &&QuotaRule| {
            quota.bytes.is_none() && quota.tags.is_none() && quota.repository_count.is_none()
        };
        if let Some(quota) = settings.quota.iter().find(bounds) {
            let pattern = &quota.repositories;
            return Err(format!(
                "quota: expected one of `bytes`, `tags` and `repository-count` for `{pattern}`, found none"
            ));
        }
        let quotas = settings.quota.iter().map(|rule| ("quota", &rule.repositories));
        let retentions = settings.retention.iter().map(|rule| ("retention", &rule.repositories));
        for (key, pattern) in quotas.chain(retentions) {
            if let Some(found) = pattern.foreign_to_repositories() {
                let found = found.escape_debug();
                return Err(format!(
                    "{key}: no repository has a `{found}` in its name, so the pattern `{pattern}` would choose none"
                ));
            }
        }
        let limits = &settings.limits;
        for (key, found) in [
            ("blob-bytes", limits.blob_bytes),
            ("upload-sessions", limits.upload_sessions.map(|found| found as u64)),
            ("upload-idle-seconds", limits.upload_idle_seconds),
        ] {
            if found == Some(0) {
                return Err(format!("limits.{key}: expected at least 1, found 0: nothing could be pushed"));
            }
        }
        settings.network.check()?;
        settings.throttle.check()?;
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
        (config.tls, config.insecure) = (self.tls, self.insecure);
        (config.network, config.throttle) = (self.network, self.throttle);
        config.blob_bytes_max = self.limits.blob_bytes.unwrap_or(config.blob_bytes_max);
        config.upload_sessions_max = self.limits.upload_sessions.unwrap_or(config.upload_sessions_max);
        let idle = self.limits.upload_idle_seconds.map(std::time::Duration::from_secs);
        config.upload_idle_max = idle.unwrap_or(config.upload_idle_max);
        config.read_only = self.read_only;
        config.garbage = self.garbage;
        (config.quotas, config.retention) = (self.quota, self.retention);
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
        let text = "data = \"d\"\nlisten = \"127.0.0.1:1\"\nmetadata = \"redb:x\"\nsparse = true\ninsecure = true\n\
            read-only = true\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n[network]\nconnections = 4\n\
            [throttle]\nuploads-per-address = 5\n[limits]\nblob-bytes = 1\nupload-sessions = 2\nupload-idle-seconds = 3\n\
            [garbage]\nenabled = false\ninterval-seconds = 4\ngrace-seconds = 5\n\
            [[quota]]\nrepositories = \"a/**\"\nbytes = 6\ntags = 7\nrepository-count = 8\n\
            [[retention]]\nrepositories = \"b/**\"\nkeep-tags = [\"v*\"]\nkeep-newest = 9\n\
            keep-newest-per-minor = 10\nkeep-pushed-within-days = 11\nkeep-pulled-within-days = 12\n\
            keep-untagged = false\nuntagged-days = 13\nreferrers-follow = true\n\
            [access]\nchallenge = \"basic\"\n[audit]\nfile = \"a\"\nstderr = true\npulls = true\n";
        let mut expected = Config::new("d");
        expected.listen = "127.0.0.1:1".parse().unwrap();
        expected.metadata = Some("redb:x".parse().unwrap());
        (expected.sparse, expected.insecure) = (true, true);
        expected.tls = Some(tls::Settings { certificate: "c".into(), key: "k".into() });
        (expected.network.connections, expected.throttle.uploads_per_address) = (4, 5);
        (expected.blob_bytes_max, expected.upload_sessions_max) = (1, 2);
        expected.upload_idle_max = std::time::Duration::from_secs(3);
        expected.read_only = true;
        expected.garbage = GarbageRules { enabled: false, interval_seconds: 4, grace_seconds: 5 };
        expected.quotas = vec![QuotaRule {
            repositories: "a/**".parse().unwrap(),
            bytes: Some(6),
            tags: Some(7),
            repository_count: Some(8),
        }];
        expected.retention = vec![RetentionRule {
            repositories: "b/**".parse().unwrap(),
            keep_tags: vec!["v*".parse().unwrap()],
            keep_newest: Some(9),
            keep_newest_per_minor: Some(10),
            keep_pushed_within_days: Some(11),
            keep_pulled_within_days: Some(12),
            keep_untagged: false,
            untagged_days: 13,
            referrers_follow: true,
        }];
        expected.audit = AuditSettings { file: Some("a".into()), stderr: true, pulls: true };
        expected.access = toml::from_str("challenge = \"basic\"").unwrap();
        assert_eq!(Settings::parse(text).unwrap().into_config(), expected);
    }

    #[test]
    fn the_number_of_rules_at_the_limit_and_one_past() {
        let rules = |count: usize| "[[retention]]\nrepositories = \"a\"\n".repeat(count);
        assert!(Settings::parse(&rules(RULES_MAX)).is_ok());
        let error = Settings::parse(&rules(RULES_MAX + 1)).unwrap_err();
        assert!(error.contains("expected at most 1000 sections `[[retention]]`"), "{error}");
    }

    /// The blocks of TOML in a page of the documentation.
    fn blocks(page: &str) -> impl Iterator<Item = &str> {
        page.split("\n```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next())
    }

    /// The keys that a table may have, by what is said about one that it may not.
    fn keys(path: &[&str]) -> std::collections::BTreeSet<String> {
        let (mut text, mut close) = (String::new(), String::new());
        for step in path {
            let list = if *step == "quota" || *step == "retention" { ("[", "]") } else { ("", "") };
            text += &format!("{step} = {}{{ ", list.0);
            close = format!(" }}{}", list.1) + &close;
        }
        let error = Settings::parse(&format!("{text}no-such-key = 1{close}")).unwrap_err();
        let (_, known) = error.split_once("expected one of ").expect("a list of keys");
        known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_page_of_the_registry_has_every_key() {
        let page = include_str!("../../docs/registry.md");
        let text = blocks(page).next().expect("the configuration file");
        let config = Settings::parse(text).unwrap().into_config();
        // Where a default is shown, it is the default.
        let defaults = Config::new("d");
        assert_eq!((config.network, config.garbage), (defaults.network, defaults.garbage));
        let limits = (config.blob_bytes_max, config.upload_sessions_max, config.upload_idle_max);
        let expected = (defaults.blob_bytes_max, defaults.upload_sessions_max, defaults.upload_idle_max);
        assert_eq!(limits, expected);
        let throttle = |settings: throttle::Settings| {
            (settings.uploads_per_address, settings.upload_sessions_per_address)
        };
        assert_eq!(throttle(config.throttle), throttle(defaults.throttle));
        let table: toml::Table = toml::from_str(text).unwrap();
        assert_eq!(table.keys().cloned().collect::<std::collections::BTreeSet<_>>(), keys(&[]));
        for section in ["network", "throttle", "limits", "access", "audit", "garbage", "quota", "retention"] {
            let shown = match &table[section] {
                toml::Value::Array(sections) => sections[0].as_table(),
                section => section.as_table(),
            };
            let shown = shown.expect("a section").keys().cloned().collect();
            assert_eq!(keys(&[section]), shown, "{section}");
        }
    }

    #[test]
    fn the_examples_of_the_other_pages_can_be_used() {
        let mut count = 0;
        for page in [
            include_str!("../../docs/registry.md"),
            include_str!("../../docs/registry-access.md"),
            include_str!("../../docs/registry-network.md"),
            include_str!("../../docs/registry-operation.md"),
            include_str!("../../docs/registry-data.md"),
        ] {
            for text in blocks(page) {
                Settings::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
                count += 1;
            }
        }
        assert!(count >= 8, "only {count} examples were found");
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        for (text, said) in [
            ("dta = \"d\"", "unknown field `dta`"),
            ("[limits]\nblobs = 1", "unknown field `blobs`"),
            ("[limits]\nblob-bytes = 0", "limits.blob-bytes: expected at least 1"),
            ("[limits]\nupload-sessions = 0", "limits.upload-sessions: expected at least 1"),
            ("[limits]\nupload-idle-seconds = 0", "limits.upload-idle-seconds: expected at least 1"),
            ("listen = \"localhost:5050\"", "expected an IP address and a port, such as `127.0.0.1:5050`"),
            ("metadata = \"postgres\"", "expected a metadata store"),
            ("sparse = 1", "expected a boolean"),
            ("[garbage]\ngrace = 1", "unknown field `grace`"),
            ("[[quota]]\nbytes = 1", "missing field `repositories`"),
            ("[[quota]]\nrepositories = \"a[\"\nbytes = 1", "expected a pattern such as `team/**`"),
            (
                "[[quota]]\nrepositories = \"a\"",
                "expected one of `bytes`, `tags` and `repository-count` for `a`",
            ),
            ("[[quota]]\nrepositories = \"a\"\nbytes = -1", "expected u64"),
            (
                "[[quota]]\nrepositories = \"Team/**\"\nbytes = 1",
                "quota: no repository has a `T` in its name",
            ),
            ("[[retention]]\nrepositories = \"a b\"", "retention: no repository has a ` ` in its name"),
            ("[[quota]]\nrepositories = \"a**\"\nbytes = 1", "expected `**` to stand alone"),
            ("[[retention]]\nrepositories = \"a\"\nkeep-tags = \"v*\"", "expected a sequence"),
            ("[tls]\ncertificate = \"c\"", "missing field `key`"),
            ("[network]\nconnection = 1", "unknown field `connection`"),
            ("[network]\nidle-seconds = 0", "network.idle-seconds"),
            ("[throttle]\nuploads-per-address = 0", "throttle.uploads-per-address"),
            ("[access]\nrules = []", "unknown field `rules`"),
            ("[access]\nservice = \"\"", "access.service"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
