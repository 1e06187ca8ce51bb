//! Tokens: exchanging credentials for a token of one scope (distribution project, "Token Authentication
//! Specification" and "OAuth2 Token Authentication").

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use url::{Url, form_urlencoded};
use wkit_artifact::RegistryHost;

use super::authorization::{Authorization, Scope};
use super::challenge::Bearer;
use super::{Remote, RequestError};
use crate::credentials::Credentials;
use crate::limits::TOKEN_BYTES_MAX;

/// Why credentials did not become an authorisation.
pub(super) enum Refusal {
    /// In words that follow the name of the source of the credentials.
    Reason(String),
    /// The token server cannot be reached.
    Request(RequestError),
}

impl Remote {
    /// Asks the token server of `challenge` for a token.
    pub(super) async fn request_token(
        &self,
        challenge: &Bearer,
        scope: &Scope,
        credentials: Option<&Credentials>,
    ) -> Result<Authorization, Refusal> {
        let mut url = self.realm(&challenge.realm, credentials.is_some())?;
        // A token server on another host is not what the configuration of this registry speaks of.
        let same_host = url.host_str() == self.base.host_str();
        let server = host_of(&url).unwrap_or_else(|| self.host.clone());
        let client = if same_host { &self.clients.registry } else { &self.clients.others };
        let wanted = wanted_scope(challenge, scope);
        let request = match credentials {
            Some(Credentials::IdentityToken(token)) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("grant_type", "refresh_token")
                    .append_pair("refresh_token", token.expose())
                    .append_pair("client_id", "wkit")
                    .append_pair("scope", &wanted);
                if let Some(service) = &challenge.service {
                    form.append_pair("service", service);
                }
                client
                    .post(url)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(Bytes::from(form.finish()))
            }
            _ => {
                if let Some(service) = &challenge.service {
                    url.query_pairs_mut().append_pair("service", service);
                }
                url.query_pairs_mut().append_pair("scope", &wanted);
                let request = client.get(url);
                match credentials {
                    Some(Credentials::Basic { username, password }) => {
                        request.basic_auth(username, Some(password.expose()))
                    }
                    _ => request,
                }
            }
        };
        let refused = |error: RequestError| Refusal::Request(error.at(&server));
        let response = self.wait(request).await.map_err(refused)?;
        let status = response.status();
        if !status.is_success() {
            return Err(Refusal::Reason(format!(
                "refused by the token server with status {}",
                status.as_u16()
            )));
        }
        let body =
            self.read_whole(response, TOKEN_BYTES_MAX, "the token server's answer").await.map_err(refused)?;
        read_token(&body)
    }

    /// The token server's URL. Credentials that would be sent by HTTPS to the registry are not sent in the clear.
    fn realm(&self, realm: &str, has_credentials: bool) -> Result<Url, Refusal> {
        let url = Url::parse(realm)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| Refusal::Reason("the registry names no valid token server".to_owned()))?;
        if has_credentials && url.scheme() == "http" && self.base.scheme() == "https" {
            return Err(Refusal::Reason(
                "not sent, because the registry names a token server without https".to_owned(),
            ));
        }
        Ok(url)
    }
}

fn host_of(url: &Url) -> Option<RegistryHost> {
    let host = url.host_str()?;
    let text = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    text.parse().ok()
}

/// The scope to ask for. The registry's own word is taken when it names another repository than the request does,
/// as registries with a prefix of their own do; else ours, which also covers what comes next.
fn wanted_scope(challenge: &Bearer, scope: &Scope) -> String {
    let ours = scope.to_string();
    match challenge.scope.as_deref() {
        Some(theirs)
            if !theirs.is_empty() && !theirs.starts_with(&format!("repository:{}:", scope.repository)) =>
        {
            theirs.to_owned()
        }
        _ => ours,
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

fn read_token(body: &[u8]) -> Result<Authorization, Refusal> {
    let invalid = || Refusal::Reason("the token server gave no valid token".to_owned());
    let answer: TokenAnswer = serde_json::from_slice(body).map_err(|_| invalid())?;
    let token = answer.token.filter(|token| !token.is_empty()).or(answer.access_token).ok_or_else(invalid)?;
    Authorization::bearer(&token).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        let scope = Scope::push(&"a/b".parse().unwrap());
        let wanted = |theirs: Option<&str>| {
            let scope_text = theirs.map(str::to_owned);
            wanted_scope(&Bearer { scope: scope_text, ..Bearer::default() }, &scope)
        };
        assert_eq!(wanted(None), "repository:a/b:pull,push");
        assert_eq!(wanted(Some("repository:a/b:pull")), "repository:a/b:pull,push");
        assert_eq!(wanted(Some("repository:org/a/b:pull")), "repository:org/a/b:pull");
    }

    #[test]
    fn tokens() {
        let token = |body: &str| match read_token(body.as_bytes()) {
            Ok(Authorization::Bearer(token)) => token.expose().to_owned(),
            _ => "refused".to_owned(),
        };
        assert_eq!(token(r#"{"token":"t"}"#), "t");
        assert_eq!(token(r#"{"token":"","access_token":"a","expires_in":60}"#), "a");
        for body in ["", "{}", "[]", r#"{"token":"a\nb"}"#, r#"{"token":""}"#, r#"{"token":1}"#] {
            assert_eq!(token(body), "refused", "{body}");
        }
    }
}
