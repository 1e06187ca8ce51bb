//! `[access]` of the configuration file, as a person writes it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::glob::Glob;
use super::htpasswd::check_user_name;
use super::identity::{Action, Actions};
use super::issuer::check_issuer_url;
use crate::limits::{
    ACCESS_LIST_MAX, ACCESS_RULES_MAX, ACCESS_TOKEN_LIFE, ACCESS_TOKEN_LIFE_MAX, NAME_MAX,
    REFRESH_TOKEN_LIFE, TOKEN_LIFE_MAX,
};

/// `[access]`: who may do what. [`Default`] is a file without that section: everybody may do everything. A section
/// that gives no rights gives none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AccessSettings {
    /// Whether there is such a section.
    #[serde(skip, default = "present")]
    configured: bool,
    /// The file with users and their passwords.
    pub(super) htpasswd: Option<PathBuf>,
    /// How clients are asked for credentials.
    #[serde(default)]
    pub(super) challenge: Challenge,
    /// The URL that clients reach the registry by.
    pub(super) public_url: Option<String>,
    /// The name of the service in access tokens.
    pub(super) service: Option<String>,
    /// How long an access token lives, in seconds.
    pub(super) access_token_seconds: Option<u64>,
    /// How long a refresh token lives, in seconds.
    pub(super) refresh_token_seconds: Option<u64>,
    /// Members of groups.
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// Who may do what.
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<RuleSettings>,
    /// Whose tokens are accepted.
    #[serde(default, rename = "issuer")]
    pub(super) issuers: Vec<IssuerSettings>,
}

/// How clients are asked for credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Challenge {
    /// By the address of the token endpoint.
    #[default]
    Bearer,
    /// For user and password with every request.
    Basic,
}

/// One `[[access.rule]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleSettings {
    pub(super) repositories: Vec<String>,
    pub(super) who: Vec<String>,
    pub(super) allow: Vec<String>,
}

/// One `[[access.issuer]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct IssuerSettings {
    pub(super) url: String,
    pub(super) audience: String,
    #[serde(default, rename = "workload")]
    pub(super) workloads: Vec<WorkloadSettings>,
}

/// One `[[access.issuer.workload]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WorkloadSettings {
    pub(super) name: String,
    pub(super) claims: BTreeMap<String, String>,
}

/// What is wrong with `[access]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct AccessSettingsError {
    /// The key, such as `access.rule[2].who[1]`; lists count from 1.
    pub place: String,
    /// What was expected and what was found.
    pub message: String,
}

fn present() -> bool {
    true
}

/// Whom a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Everybody.
    Anonymous,
    /// Everybody with valid credentials.
    Authenticated,
    /// A user.
    User(String),
    /// The users of a group.
    Group(String),
    /// An API token without an owner.
    Token(String),
    /// A workload.
    Workload(String),
}

impl AccessSettings {
    /// Whether the registry asks who is there. When it does not, everybody may do everything.
    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// Whether nobody may do anything: clients are asked who they are, and no rule allows anything.
    pub(crate) fn allows_nothing(&self) -> bool {
        self.configured && self.rules.is_empty()
    }

    /// The file of users.
    pub(crate) fn htpasswd(&self) -> Option<&std::path::Path> {
        self.htpasswd.as_deref()
    }

    /// Checks everything that can be checked without looking at other files.
    ///
    /// # Errors
    ///
    /// The first place at which something is wrong.
    pub(crate) fn check(&self) -> Result<(), AccessSettingsError> {
        at("access.rule", count(self.rules.len(), ACCESS_RULES_MAX))?;
        at("access.issuer", count(self.issuers.len(), ACCESS_RULES_MAX))?;
        at("access.groups", count(self.groups.len(), ACCESS_RULES_MAX))?;
        seconds("access.access-token-seconds", self.access_token_seconds, ACCESS_TOKEN_LIFE_MAX)?;
        seconds("access.refresh-token-seconds", self.refresh_token_seconds, TOKEN_LIFE_MAX)?;
        if let Some(url) = &self.public_url {
            at("access.public-url", check_public_url(url))?;
        }
        if let Some(service) = &self.service {
            at("access.service", check_name(service))?;
        }
        for (name, members) in &self.groups {
            let place = format!("access.groups.{name}");
            at(&place, check_name(name).and_then(|()| count(members.len(), ACCESS_LIST_MAX)))?;
            for (number, member) in members.iter().enumerate() {
                at(&format!("{place}[{}]", number + 1), check_user_name(member))?;
            }
        }
        for (number, issuer) in self.issuers.iter().enumerate() {
            issuer.check(&format!("access.issuer[{}]", number + 1))?;
        }
        for (number, rule) in self.rules.iter().enumerate() {
            self.check_rule(rule, &format!("access.rule[{}]", number + 1))?;
        }
        Ok(())
    }

    fn check_rule(&self, rule: &RuleSettings, place: &str) -> Result<(), AccessSettingsError> {
        let lists = [("repositories", &rule.repositories), ("who", &rule.who), ("allow", &rule.allow)];
        for (key, list) in lists {
            let filled = if list.is_empty() { Err("expected at least one entry".to_owned()) } else { Ok(()) };
            at(&format!("{place}.{key}"), filled.and_then(|()| count(list.len(), ACCESS_LIST_MAX)))?;
        }
        let globs = rule.globs().map_err(|(number, message)| AccessSettingsError {
            place: format!("{place}.repositories[{}]", number + 1),
            message,
        })?;
        let actions = rule.actions().map_err(|(number, message)| AccessSettingsError {
            place: format!("{place}.allow[{}]", number + 1),
            message,
        })?;
        if actions.contains(Action::Admin) && !globs.iter().any(Glob::is_everything) {
            let message =
                "expected `**` in a rule that allows `admin`, which is a right over the whole registry";
            return at(&format!("{place}.repositories"), Err(message.to_owned()));
        }
        for (number, text) in rule.who.iter().enumerate() {
            let place = format!("{place}.who[{}]", number + 1);
            let known = |found: bool, what: &str, name: &str| {
                if found {
                    Ok(())
                } else {
                    Err(format!("expected a {what} of the configuration, found `{name}`"))
                }
            };
            let result = match Who::parse(text) {
                Ok(Who::Group(name)) => known(self.groups.contains_key(&name), "group", &name),
                Ok(Who::Workload(name)) => {
                    let mut workloads = self.issuers.iter().flat_map(|issuer| &issuer.workloads);
                    known(workloads.any(|workload| workload.name == name), "workload", &name)
                }
                Ok(Who::Anonymous) if actions.contains(Action::Admin) => {
                    Err("`admin` cannot be allowed to `anonymous`".to_owned())
                }
                Ok(_) => Ok(()),
                Err(message) => Err(message),
            };
            at(&place, result)?;
        }
        Ok(())
    }

    /// The users that rules and groups name, with the place of each.
    pub(super) fn users(&self) -> impl Iterator<Item = (String, &str)> {
        let members = self.groups.iter().flat_map(|(name, members)| {
            let place = move |number| format!("access.groups.{name}[{}]", number + 1);
            members.iter().enumerate().map(move |(number, member)| (place(number), member.as_str()))
        });
        let named = self.rules.iter().enumerate().flat_map(|(rule, settings)| {
            let place = move |number| format!("access.rule[{}].who[{}]", rule + 1, number + 1);
            let users = settings.who.iter().enumerate();
            users
                .filter(|(_, who)| matches!(Who::parse(who), Ok(Who::User(_))))
                .map(move |(number, who)| (place(number), who.as_str()))
        });
        members.chain(named)
    }

    /// How long an access token lives, in seconds.
    pub(super) fn access_token_life(&self) -> u64 {
        self.access_token_seconds.unwrap_or(ACCESS_TOKEN_LIFE.as_secs())
    }

    /// How long a refresh token lives, in seconds.
    pub(super) fn refresh_token_life(&self) -> u64 {
        self.refresh_token_seconds.unwrap_or(REFRESH_TOKEN_LIFE.as_secs())
    }
}

impl RuleSettings {
    /// The patterns, or the place of the first wrong one and what is wrong with it.
    pub(super) fn globs(&self) -> Result<Vec<Glob>, (usize, String)> {
        let texts = self.repositories.iter().enumerate();
        texts.map(|(number, text)| text.parse().map_err(|error| (number, format!("{error}")))).collect()
    }

    /// The actions, or the place of the first wrong one and what is wrong with it.
    pub(super) fn actions(&self) -> Result<Actions, (usize, String)> {
        let texts = self.allow.iter().enumerate();
        let parse = |(number, text): (usize, &String)| {
            Action::parse(text).ok_or_else(|| {
                (number, format!("expected `pull`, `push`, `delete` or `admin`, found `{text}`"))
            })
        };
        texts.map(parse).collect()
    }
}

impl IssuerSettings {
    fn check(&self, place: &str) -> Result<(), AccessSettingsError> {
        at(&format!("{place}.url"), check_issuer_url(&self.url))?;
        let audience = if self.audience.is_empty() { Err("expected an audience".to_owned()) } else { Ok(()) };
        at(&format!("{place}.audience"), audience)?;
        at(&format!("{place}.workload"), count(self.workloads.len(), ACCESS_LIST_MAX))?;
        for (number, workload) in self.workloads.iter().enumerate() {
            let place = format!("{place}.workload[{}]", number + 1);
            at(&format!("{place}.name"), check_name(&workload.name))?;
            if workload.claims.is_empty() {
                let message = "expected at least one claim: without, every token of the issuer would do";
                return at(&format!("{place}.claims"), Err(message.to_owned()));
            }
            for (claim, pattern) in &workload.claims {
                let pattern = Glob::new(pattern).map(drop).map_err(|error| error.to_string());
                at(&format!("{place}.claims.{claim}"), pattern)?;
            }
        }
        Ok(())
    }
}

impl Who {
    /// Reads one entry of `who`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let named = |name: &str| check_name(name).map(|()| name.to_owned());
        match text.split_once(':') {
            Some(("group", name)) => Ok(Who::Group(named(name)?)),
            Some(("token", name)) => Ok(Who::Token(named(name)?)),
            Some(("workload", name)) => Ok(Who::Workload(named(name)?)),
            Some(("user", name)) => check_user_name(name).map(|()| Who::User(name.to_owned())),
            Some(_) => Err(format!(
                "expected a user, `group:`, `token:` or `workload:` with a name, `authenticated` or `anonymous`, found `{text}`"
            )),
            None if text == "anonymous" => Ok(Who::Anonymous),
            None if text == "authenticated" => Ok(Who::Authenticated),
            None => check_user_name(text).map(|()| Who::User(text.to_owned())),
        }
    }
}

fn at(place: &str, result: Result<(), String>) -> Result<(), AccessSettingsError> {
    result.map_err(|message| AccessSettingsError { place: place.to_owned(), message })
}

fn count(found: usize, maximum: usize) -> Result<(), String> {
    if found > maximum { Err(format!("expected at most {maximum} entries, found {found}")) } else { Ok(()) }
}

fn seconds(place: &str, value: Option<u64>, maximum: std::time::Duration) -> Result<(), AccessSettingsError> {
    match value {
        Some(found) if found == 0 || found > maximum.as_secs() => {
            at(place, Err(format!("expected 1 to {} seconds, found {found}", maximum.as_secs())))
        }
        _ => Ok(()),
    }
}

/// A name of a group, token, workload or service: visible ASCII characters without quotes, backslash or colon.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let valid = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b':' | b',');
    if !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(valid) {
        return Ok(());
    }
    let found: String = name.chars().take(80).flat_map(char::escape_default).collect();
    Err(format!(
        "expected a name of 1 to {NAME_MAX} ASCII characters without spaces, quotes, `,`, `:` and `\\`, found `{found}`"
    ))
}

fn check_public_url(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| format!("expected a URL, found `{text}`: {error}"))?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    if plain { Ok(()) } else { Err(format!("expected `https://` or `http://` and a host, found `{text}`")) }
}
