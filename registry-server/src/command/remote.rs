//! A little client of the admin API.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Once;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::{CREDENTIAL_BYTES_MAX, REMOTE_ANSWER_BYTES_MAX, REMOTE_CONNECT_MAX};

/// Arguments that name a running registry. A credential is never an argument: those are seen by everybody on a machine.
#[derive(Debug, clap::Args)]
pub(super) struct RemoteArgs {
    /// Ask a running registry, such as http://127.0.0.1:5050
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// A file with a token for it; otherwise, WKIT_REGISTRY_TOKEN is used when it is set
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "user_file")]
    token_file: Option<PathBuf>,

    /// A file with `user:password` for it
    #[arg(long, value_name = "FILE", requires = "server")]
    user_file: Option<PathBuf>,
}

/// A running registry.
pub(super) struct Remote {
    base: Url,
    client: Client,
    credential: Option<Credential>,
}

/// What the registry is told about who asks.
enum Credential {
    Token(String),
    User { name: String, password: String },
}

/// Why a running registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL cannot be used.
    #[error("expected a URL such as `http://127.0.0.1:5050`, found `{found}`")]
    Url {
        /// The text.
        found: String,
    },
    /// A command needs a running registry and was given none.
    #[error(
        "expected `--server URL`, such as `--server http://127.0.0.1:5050`: this is asked of a running registry only"
    )]
    NoServer,
    /// The file with the credential cannot be read.
    #[error("`{}` cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system reports.
        source: std::io::Error,
    },
    /// The file or the variable has no credential in it.
    #[error("expected {expected} in {place}")]
    Credential {
        /// What should be in it.
        expected: &'static str,
        /// Where.
        place: String,
    },
    /// A credential would be sent in the clear.
    #[error(
        "a credential is sent to `{host}` over `https:` only\n\
         hint: give the registry a certificate (`[tls]`), or run this on its machine with `--server http://127.0.0.1:…`"
    )]
    Plain {
        /// The host.
        host: String,
    },
    /// The registry was not reached, or broke off.
    #[error("could not ask `{url}`: {message}{hint}")]
    Transport {
        /// What was asked.
        url: String,
        /// What went wrong.
        message: String,
        /// What to do about it, on a line of its own, or nothing.
        hint: &'static str,
    },
    /// The registry refuses.
    #[error("`{url}` refused with {status}: {message}{}", refusal_hint(*status, message))]
    Refused {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The answer is none of a registry of this kind.
    #[error("`{url}` does not answer as the admin API of wkit's registry: {message}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong.
        message: String,
    },
}

impl RemoteArgs {
    /// The registry that is named, if one is.
    pub(super) fn connect(self) -> Result<Option<Remote>, RemoteError> {
        let Some(server) = self.server else { return Ok(None) };
        let wrong = || RemoteError::Url { found: server.chars().take(200).collect() };
        let mut base = Url::parse(&server).map_err(|_| wrong())?;
        let usable = matches!(base.scheme(), "http" | "https") && base.has_host();
        // A user in the URL would be a credential on the command line.
        if !usable || !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(wrong());
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let credential = match (&self.token_file, &self.user_file) {
            (Some(file), _) => Some(Credential::Token(token(&read(file)?, &place(file))?)),
            (None, Some(file)) => Some(user(&read(file)?, &place(file))?),
            (None, None) => match std::env::var("WKIT_REGISTRY_TOKEN") {
                Ok(text) => Some(Credential::Token(token(&text, "WKIT_REGISTRY_TOKEN")?)),
                Err(_) => None,
            },
        };
        if credential.is_some() && base.scheme() != "https" && !is_this_machine(&base) {
            return Err(RemoteError::Plain { host: base.host_str().unwrap_or_default().to_owned() });
        }
        Ok(Some(Remote { client: client()?, base, credential }))
    }

    /// The registry that has to be named.
    pub(super) fn require(self) -> Result<Remote, RemoteError> {
        self.connect()?.ok_or(RemoteError::NoServer)
    }
}

impl Remote {
    /// Asks for something below `/api/v1/admin/`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RemoteError> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Sends something below `/api/v1/admin/` and reads the answer, however long it takes.
    pub(super) async fn send<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<T, RemoteError> {
        self.ask(method, path, Some(body)).await
    }

    async fn ask<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<T, RemoteError> {
        let url = self.base.join(&format!("api/v1/admin/{path}"));
        let url = url.map_err(|_| RemoteError::Url { found: self.base.to_string() })?;
        let shown = url.to_string();
        let transport = |error: reqwest::Error| RemoteError::transport(shown.clone(), &error);
        let mut request = self.client.request(method, url);
        request = match &self.credential {
            Some(Credential::Token(token)) => {
                let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                    RemoteError::Credential {
                        expected: "a token of visible characters",
                        place: "it".to_owned(),
                    }
                })?;
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            Some(Credential::User { name, password }) => request.basic_auth(name, Some(password)),
            None => request,
        };
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(transport)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if bytes.len() + chunk.len() > REMOTE_ANSWER_BYTES_MAX {
                let message = format!("expected at most {REMOTE_ANSWER_BYTES_MAX} bytes");
                return Err(RemoteError::Answer { url: shown, message });
            }
            bytes.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(RemoteError::Refused {
                url: shown,
                status: status.as_u16(),
                message: refusal(&bytes),
            });
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| RemoteError::Answer { url: shown, message: error.to_string() })
    }
}

/// The message of a refusal, or the beginning of what came instead.
fn refusal(bytes: &[u8]) -> String {
    let body: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let message = body.as_ref().and_then(|body| body.pointer("/errors/0/message")?.as_str());
    let text = match message {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.chars().take(500).flat_map(char::escape_debug).collect()
}

/// What to do about a refusal.
fn refusal_hint(status: u16, message: &str) -> &'static str {
    match status {
        401 => {
            "\nhint: give a credential with `--user-file FILE` (`user:password`), `--token-file FILE` or the variable \
             `WKIT_REGISTRY_TOKEN`"
        }
        // Not a read-only registry, which refuses with the same status.
        403 if message.ends_with("may not do this") => {
            "\nhint: this needs a rule with `admin` over the repositories `**` in `[access]` of the registry"
        }
        _ => "",
    }
}

impl RemoteError {
    /// The registry was not reached, or broke off.
    fn transport(url: String, error: &reqwest::Error) -> Self {
        let message = causes(error);
        let hint = if message.contains("invalid peer certificate") {
            "\nhint: an authority of your own must be one that the system trusts, or on Linux in the file that the variable \
             `SSL_CERT_FILE` names"
        } else if error.is_connect() {
            "\nhint: look whether the registry is running, and what address its first line of output says"
        } else {
            ""
        };
        Self::Transport { url, message, hint }
    }
}

/// An error with what caused it: `reqwest` itself only says that a request failed.
fn causes(error: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn client() -> Result<Client, RemoteError> {
    static PROVIDER: Once = Once::new();
    // A provider that was installed before stays.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    // A credential follows no redirect.
    let client = Client::builder()
        .connect_timeout(REMOTE_CONNECT_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("wkit-registry/", env!("CARGO_PKG_VERSION")))
        .build();
    client.map_err(|error| RemoteError::transport("the registry".to_owned(), &error))
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn place(file: &Path) -> String {
    format!("`{}`", file.display())
}

fn read(file: &Path) -> Result<String, RemoteError> {
    let failed = |source| RemoteError::Read { file: file.to_owned(), source };
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(CREDENTIAL_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > CREDENTIAL_BYTES_MAX {
        return Err(RemoteError::Credential {
            expected: "a credential of at most 64 KiB",
            place: place(file),
        });
    }
    Ok(text)
}

fn token(text: &str, place: &str) -> Result<String, RemoteError> {
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RemoteError::Credential { expected: "one token", place: place.to_owned() });
    }
    Ok(token.to_owned())
}

fn user(text: &str, place: &str) -> Result<Credential, RemoteError> {
    match text.trim_end_matches(['\r', '\n']).split_once(':') {
        Some((name, password)) if !name.is_empty() => {
            Ok(Credential::User { name: name.to_owned(), password: password.to_owned() })
        }
        _ => Err(RemoteError::Credential { expected: "`user:password`", place: place.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(server: &str, token_file: Option<PathBuf>, user_file: Option<PathBuf>) -> RemoteArgs {
        RemoteArgs { server: Some(server.to_owned()), token_file, user_file }
    }

    fn refused(args: RemoteArgs) -> String {
        match args.require() {
            Ok(_) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn urls_that_cannot_be_used() {
        for text in ["", "127.0.0.1:5050", "ftp://h", "http://u:p@h", "http://u@h", "http://h?x", "http://"] {
            let said = refused(args(text, None, None));
            assert!(said.starts_with("expected a URL"), "{text}: {said}");
        }
        let none = RemoteArgs { server: None, token_file: None, user_file: None };
        assert!(refused(none).starts_with("expected `--server URL`"));
    }

    #[test]
    fn credentials_come_from_files_and_are_not_sent_in_the_clear() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let token = file("token", "wkit_abc\n");
        assert_eq!(refused(args("http://127.0.0.1:1", Some(token.clone()), None)), "nothing");
        assert_eq!(refused(args("http://[::1]:1/x", Some(token.clone()), None)), "nothing");
        assert_eq!(refused(args("https://registry.example", Some(token.clone()), None)), "nothing");
        let said = refused(args("http://registry.example", Some(token), None));
        assert!(
            said.starts_with("a credential is sent to `registry.example` over `https:` only\nhint: "),
            "{said}"
        );
        let users = file("users", "alice:secret:with colon\n");
        assert_eq!(refused(args("http://localhost", None, Some(users))), "nothing");
        for (name, text) in [("empty", "\n"), ("words", "two words")] {
            let said = refused(args("http://localhost", Some(file(name, text)), None));
            assert!(said.starts_with("expected one token in"), "{said}");
        }
        let said = refused(args("http://localhost", None, Some(file("no-user", "secret"))));
        assert!(said.starts_with("expected `user:password` in"), "{said}");
        let limit = usize::try_from(CREDENTIAL_BYTES_MAX).unwrap();
        assert_eq!(refused(args("http://localhost", Some(file("at", &"t".repeat(limit))), None)), "nothing");
        let said = refused(args("http://localhost", Some(file("past", &"t".repeat(limit + 1))), None));
        assert!(said.starts_with("expected a credential of at most 64 KiB"), "{said}");
        assert!(
            refused(args("http://localhost", Some(folder.path().join("none")), None))
                .contains("cannot be read")
        );
    }

    #[test]
    fn what_a_refusal_says() {
        let refused = |status, message: &str| {
            let (url, message) = ("u".to_owned(), message.to_owned());
            RemoteError::Refused { url, status, message }.to_string()
        };
        for status in [403, 409] {
            assert_eq!(refused(status, "read-only"), format!("`u` refused with {status}: read-only"));
        }
        assert!(refused(401, "m").contains("\nhint: give a credential with `--user-file FILE`"));
        assert!(refused(403, "`user:a` may not do this").contains("\nhint: this needs a rule with `admin`"));
        assert_eq!(refusal(br#"{"errors":[{"code":"DENIED","message":"no"}]}"#), "no");
        assert_eq!(refusal(b"<html>\x1b"), "<html>\\u{1b}");
    }
}
