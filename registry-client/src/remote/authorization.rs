//! Authorisation: the sources of credentials in their order, and what was granted with them.

use std::fmt;
use std::sync::{MutexGuard, PoisonError};

use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, Response};
use wkit_artifact::{RegistryHost, RepositoryName};

use super::challenge::Challenges;
use super::error::{self, Attempt, Denied};
use super::token::Refusal;
use super::{Call, Remote, RequestError};
use crate::config::Variables;
use crate::credentials::{Credentials, DockerConfig, Found, Secret};
use crate::wkg::bearer_variable;

/// What is to be permitted (distribution project, "Token Scope Documentation").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) repository: RepositoryName,
    pub(crate) access: Access,
}

/// Reading, or reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Pull,
    Push,
}

impl Scope {
    pub(crate) fn pull(repository: &RepositoryName) -> Self {
        Self { repository: repository.clone(), access: Access::Pull }
    }

    pub(crate) fn push(repository: &RepositoryName) -> Self {
        Self { repository: repository.clone(), access: Access::Push }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions = match self.access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        };
        write!(formatter, "repository:{}:{actions}", self.repository)
    }
}

/// What goes into the `Authorization` header.
#[derive(Clone)]
pub(super) enum Authorization {
    /// A token that is valid in a header.
    Bearer(Secret),
    Basic {
        username: String,
        password: Secret,
    },
}

impl Authorization {
    /// A bearer token; None when it cannot stand in a header.
    pub(super) fn bearer(token: &str) -> Option<Self> {
        let valid = !token.is_empty() && HeaderValue::from_str(&format!("Bearer {token}")).is_ok();
        valid.then(|| Self::Bearer(Secret::new(token)))
    }

    /// Puts the header on a request.
    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Authorization::Bearer(token) => request.bearer_auth(token.expose()),
            Authorization::Basic { username, password } => {
                request.basic_auth(username, Some(password.expose()))
            }
        }
    }
}

/// The places that credentials for one registry may come from.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) registry: RegistryHost,
    pub(crate) given: Option<Credentials>,
    pub(crate) variables: Option<Variables>,
    /// What wkg's configuration has, and how the file is called.
    pub(crate) wkg: Option<(String, Option<Credentials>)>,
    pub(crate) docker: Option<DockerConfig>,
}

impl Sources {
    /// How many there are, apart from having none.
    const COUNT: usize = 4;

    /// The name of a source and what it has.
    async fn look(&self, index: usize) -> (String, Found) {
        match index {
            0 => {
                let found = self
                    .given
                    .clone()
                    .map_or_else(|| Found::Nothing("none for this registry".to_owned()), Found::Credentials);
                ("given credentials".to_owned(), found)
            }
            1 => {
                let name = bearer_variable(&self.registry);
                let value = self.variables.as_ref().and_then(|look_up| look_up(&name));
                let found = match value.filter(|value| !value.is_empty()) {
                    Some(token) => Found::Credentials(Credentials::Bearer(Secret::new(token))),
                    None => Found::Nothing("not set".to_owned()),
                };
                (format!("variable `{name}`"), found)
            }
            2 => match &self.wkg {
                None => ("wkg configuration".to_owned(), Found::Nothing("none".to_owned())),
                Some((path, credentials)) => {
                    let found = credentials.clone().map_or_else(
                        || Found::Nothing("has no `auth` for this registry".to_owned()),
                        Found::Credentials,
                    );
                    (format!("wkg configuration `{path}`"), found)
                }
            },
            _ => match &self.docker {
                None => ("docker configuration".to_owned(), Found::Nothing("none".to_owned())),
                Some(config) => {
                    (format!("docker configuration `{}`", config.path()), config.lookup(&self.registry).await)
                }
            },
        }
    }
}

impl Remote {
    /// Sends the request; when access is refused, sends it again with each credential there is until it is granted.
    pub(super) async fn authorized(&self, call: &Call<'_>) -> Result<Response, RequestError> {
        let known = call.scope.and_then(|scope| self.granted().get(scope).cloned());
        let first = self.send(call, known.as_ref()).await?;
        let Some(scope) = call.scope.filter(|_| is_refusal(&first)) else { return Ok(first) };

        let challenges = Challenges::read(first.headers());
        let mut last = first;
        let mut tried = Vec::new();
        for index in 0..Sources::COUNT {
            let (source, found) = self.sources.look(index).await;
            let outcome = match found {
                Found::Nothing(text) | Found::Problem(text) => text,
                Found::Credentials(credentials) => {
                    match self.try_credentials(call, scope, &challenges, Some(&credentials)).await? {
                        Tried::Granted(response) => return Ok(response),
                        Tried::Refused(response) => {
                            let status = response.status().as_u16();
                            last = response;
                            format!("refused with status {status}")
                        }
                        Tried::NotSent(reason) => reason,
                    }
                }
            };
            tried.push(Attempt { source, outcome });
        }
        let outcome = match self.try_credentials(call, scope, &challenges, None).await? {
            Tried::Granted(response) => return Ok(response),
            Tried::Refused(response) => {
                let status = response.status().as_u16();
                last = response;
                format!("refused with status {status}")
            }
            Tried::NotSent(reason) => reason,
        };
        tried.push(Attempt { source: "no credentials".to_owned(), outcome });
        let status = last.status().as_u16();
        let message = error::message(&self.read_start(last).await);
        let registry = self.host.clone();
        Err(RequestError::Denied(Box::new(Denied {
            registry,
            scope: scope.to_string(),
            status,
            message,
            tried,
        })))
    }

    async fn try_credentials(
        &self,
        call: &Call<'_>,
        scope: &Scope,
        challenges: &Challenges,
        credentials: Option<&Credentials>,
    ) -> Result<Tried, RequestError> {
        let authorization = match self.authorization(scope, challenges, credentials).await {
            Ok(authorization) => authorization,
            Err(Refusal::Reason(reason)) => return Ok(Tried::NotSent(reason)),
            Err(Refusal::Request(error)) => return Err(error),
        };
        let response = self.send(call, Some(&authorization)).await?;
        if is_refusal(&response) {
            return Ok(Tried::Refused(response));
        }
        self.grant(scope, authorization);
        Ok(Tried::Granted(response))
    }

    /// Turns credentials into what the challenge asks for.
    async fn authorization(
        &self,
        scope: &Scope,
        challenges: &Challenges,
        credentials: Option<&Credentials>,
    ) -> Result<Authorization, Refusal> {
        let reason = |text: &str| Err(Refusal::Reason(text.to_owned()));
        match (credentials, &challenges.bearer) {
            (Some(Credentials::Bearer(token)), _) => match Authorization::bearer(token.expose()) {
                Some(authorization) => Ok(authorization),
                None => reason("the token has characters that no header can have"),
            },
            (credentials, Some(challenge)) => self.request_token(challenge, scope, credentials).await,
            (Some(Credentials::Basic { username, password }), None) => {
                Ok(Authorization::Basic { username: username.clone(), password: password.clone() })
            }
            (Some(Credentials::IdentityToken(_)), None) => {
                reason("an identity token needs a token server, and the registry names none")
            }
            (None, None) => reason("refused"),
        }
    }

    /// What was granted, by scope.
    pub(super) fn granted(&self) -> MutexGuard<'_, std::collections::HashMap<Scope, Authorization>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(&self, scope: &Scope, authorization: Authorization) {
        self.granted().insert(scope.clone(), authorization);
        // The client for uploads holds what was granted before.
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }
}

/// What became of one kind of credentials.
enum Tried {
    Granted(Response),
    Refused(Response),
    NotSent(String),
}

fn is_refusal(response: &Response) -> bool {
    matches!(response.status().as_u16(), 401 | 403)
}
