//! A certificate and its key, from the bytes of two files.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Settings;
use crate::limits::TLS_FILE_BYTES_MAX;

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error(
        "`{}` cannot be read: {source}\n\
         hint: `tls.certificate` and `tls.key` name the two files, from the folder that the registry is started in",
        file.display()
    )]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// A file is too large.
    #[error("expected at most {TLS_FILE_BYTES_MAX} bytes in `{}`", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A file is not well-formed.
    #[error("`{}` is not PEM: {message}", file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// There is no certificate where one is expected.
    #[error(
        "expected `-----BEGIN CERTIFICATE-----` in `{}`, found no certificate\n\
         hint: `tls.certificate` is the certificate and `tls.key` the key, both PEM",
        file.display()
    )]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// There is no key where one is expected.
    #[error(
        "expected `-----BEGIN PRIVATE KEY-----` in `{}`, found no key\n\
         hint: `tls.certificate` is the certificate and `tls.key` the key, both PEM",
        file.display()
    )]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The key is encrypted.
    #[error(
        "the key in `{}` is encrypted, and nobody is there to give the password\n\
         hint: `openssl pkey -in {} -out NEW` decrypts it; let only the registry read the new file",
        file.display(), file.display()
    )]
    Encrypted {
        /// The file.
        file: PathBuf,
    },
    /// The key has an algorithm or a form that is not known.
    #[error("the key in `{}` cannot be used: {message}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A certificate cannot be understood.
    #[error("the certificate in `{}` cannot be used: {message}", file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The key is that of another certificate.
    #[error(
        "the key in `{}` is not that of the first certificate in `{}`\n\
         hint: the certificate of the server comes first, and those that lead to an authority after it",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate is too old.
    #[error("the certificate in `{}` has expired: it was valid until {until}", file.display())]
    Expired {
        /// The file.
        file: PathBuf,
        /// When it ended.
        until: String,
    },
    /// The certificate is too young.
    #[error("the certificate in `{}` is not valid yet: it will be from {from}", file.display())]
    NotYet {
        /// The file.
        file: PathBuf,
        /// When it begins.
        from: String,
    },
}

/// What is in the two files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PairFiles {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl PairFiles {
    /// What two files hold.
    pub(super) fn new(certificate: &[u8], key: &[u8]) -> Self {
        Self { certificate: certificate.to_vec(), key: key.to_vec() }
    }

    /// Reads both files.
    ///
    /// # Errors
    ///
    /// When one cannot be read or is too large.
    pub(super) async fn read(settings: &Settings) -> Result<Self, TlsError> {
        let (certificate, key) = (settings.certificate.clone(), settings.key.clone());
        let read = move || Ok(Self { certificate: read(&certificate)?, key: read(&key)? });
        let file = settings.certificate.clone();
        let lost = |lost| TlsError::Read { file, source: std::io::Error::other(lost) };
        tokio::task::spawn_blocking(read).await.map_err(lost)?
    }

    /// Whether nothing was read.
    pub(super) fn is_empty(&self) -> bool {
        self.certificate.is_empty() && self.key.is_empty()
    }

    /// The pair they hold, which fits together and is valid now.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(super) fn check(&self, settings: &Settings) -> Result<CertifiedKey, TlsError> {
        self.check_at(settings, SystemTime::now())
    }

    fn check_at(&self, settings: &Settings, now: SystemTime) -> Result<CertifiedKey, TlsError> {
        let chain = self.chain(&settings.certificate)?;
        let key = self.key(&settings.key)?;
        let file = || settings.certificate.clone();
        check_validity(&chain[0], file(), now)?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key)
            .map_err(|error| TlsError::Key { file: settings.key.clone(), message: error.to_string() })?;
        let pair = CertifiedKey::new(chain, key);
        match pair.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
            Err(Error::InconsistentKeys(_)) => {
                Err(TlsError::Mismatch { certificate: file(), key: settings.key.clone() })
            }
            Err(error) => Err(TlsError::Certificate { file: file(), message: error.to_string() }),
        }
    }

    /// The certificates; never none.
    fn chain(&self, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        match chain {
            Ok(chain) if chain.is_empty() => Err(TlsError::NoCertificate { file: file.to_path_buf() }),
            Ok(chain) => Ok(chain),
            Err(error) => Err(TlsError::Pem { file: file.to_path_buf(), message: error.to_string() }),
        }
    }

    fn key(&self, file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
        let text = String::from_utf8_lossy(&self.key);
        // PKCS #8 says so in the first line, and the older forms in the second (RFC 7468, RFC 1421).
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(TlsError::Encrypted { file: file.to_path_buf() });
        }
        PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey { file: file.to_path_buf() },
            error => TlsError::Pem { file: file.to_path_buf(), message: error.to_string() },
        })
    }
}

fn check_validity(certificate: &CertificateDer<'_>, file: PathBuf, now: SystemTime) -> Result<(), TlsError> {
    let parsed = match X509Certificate::from_der(certificate) {
        Ok((_, parsed)) => parsed,
        Err(error) => return Err(TlsError::Certificate { file, message: error.to_string() }),
    };
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).cast_signed();
    let validity = parsed.validity();
    if seconds > validity.not_after.timestamp() {
        return Err(TlsError::Expired { file, until: validity.not_after.to_string() });
    }
    if seconds < validity.not_before.timestamp() {
        return Err(TlsError::NotYet { file, from: validity.not_before.to_string() });
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { file: file.to_path_buf(), source };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(TLS_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > TLS_FILE_BYTES_MAX {
        return Err(TlsError::TooLarge { file: file.to_path_buf() });
    }
    Ok(bytes)
}

/// Whether others than its owner and group may read a file, where the system can tell.
#[cfg(unix)]
fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

/// Whether others than its owner and group may read a file, where the system can tell.
#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

/// Warns when the key is not secret on this machine.
pub(super) fn check_reader_rights(key: &Path) {
    if others_can_read(key) {
        tracing::warn!(key = %key.display(), "every user of this machine can read the key: `chmod o-r` keeps it secret");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn settings() -> Settings {
        Settings { certificate: "cert.pem".into(), key: "key.pem".into() }
    }

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    /// 2025.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_750_000_000)
    }

    fn refusal(certificate: &str, key: &str, now: SystemTime) -> String {
        let files = PairFiles { certificate: certificate.into(), key: key.into() };
        files.check_at(&settings(), now).unwrap_err().to_string()
    }

    #[test]
    fn a_pair_that_fits() {
        let (certificate, key) = pair();
        let files = PairFiles { certificate: certificate.clone().into(), key: key.clone().into() };
        assert!(files.check_at(&settings(), now()).is_ok());
        // Both in one file, as some tools write them.
        let both = format!("{key}{certificate}");
        let files = PairFiles { certificate: both.clone().into(), key: both.into() };
        assert!(files.check_at(&settings(), now()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let ((certificate, key), (other, _)) = (pair(), pair());
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        for (certificate, key, now, said) in [
            (
                other.as_str(),
                key.as_str(),
                now(),
                "the key in `key.pem` is not that of the first certificate in `cert.pem`",
            ),
            (&certificate, &key, now() + 10 * year, "`cert.pem` has expired: it was valid until Jan"),
            (&certificate, &key, now() - 10 * year, "`cert.pem` is not valid yet: it will be from Jan"),
            (&key, &certificate, now(), "expected `-----BEGIN CERTIFICATE-----` in `cert.pem`"),
            (&certificate, &certificate, now(), "expected `-----BEGIN PRIVATE KEY-----` in `key.pem`"),
            ("", "", now(), "expected `-----BEGIN CERTIFICATE-----` in `cert.pem`"),
            (
                &certificate,
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                now(),
                "the key in `key.pem` is encrypted",
            ),
            (
                &certificate,
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
                now(),
                "the key in `key.pem` is encrypted",
            ),
            (&certificate, "-----BEGIN PRIVATE KEY-----\n", now(), "`key.pem` is not PEM"),
            (
                &certificate,
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                now(),
                "the key in `key.pem` cannot be used",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                &key,
                now(),
                "the certificate in `cert.pem` cannot be used",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
                &key,
                now(),
                "`cert.pem` is not PEM",
            ),
        ] {
            let message = refusal(certificate, key, now);
            assert!(message.contains(said), "expected {said}, found {message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read() {
        use std::os::unix::fs::PermissionsExt as _;

        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, expected) in [(0o600, false), (0o640, false), (0o644, true), (0o604, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(others_can_read(file.path()), expected, "{mode:o}");
        }
    }

    #[test]
    fn the_size_of_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let at = usize::try_from(TLS_FILE_BYTES_MAX).unwrap();
        std::fs::write(file.path(), vec![b'x'; at]).unwrap();
        assert_eq!(read(file.path()).unwrap().len(), at);
        std::fs::write(file.path(), vec![b'x'; at + 1]).unwrap();
        assert!(matches!(read(file.path()), Err(TlsError::TooLarge { .. })));
    }
}
