//! Scopes of access tokens, as Docker's token specification writes them: `repository:<name>:<action>,<action>` and
//! `registry:catalog:*`, several of them separated by spaces or in several parameters, in any order.

use serde::{Deserialize, Serialize};
use wkit_artifact::RepositoryName;

use super::identity::{Action, Actions};
use crate::limits::TOKEN_SCOPES_MAX;

/// What an access token is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Resource {
    /// One repository.
    Repository(String),
    /// The list of repositories.
    Catalog,
}

/// What an access token allows to do with one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// What it is for.
    pub(crate) resource: Resource,
    /// What may be done with it. The catalogue can only be read.
    pub(crate) actions: Actions,
}

/// Why a list of scopes is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseScopeError {
    /// It has too many scopes.
    #[error("expected at most {TOKEN_SCOPES_MAX} scopes")]
    TooMany,
    /// A scope does not have its three parts.
    #[error("expected scopes such as `repository:demo/greet:pull,push`, found `{found}`")]
    Shape {
        /// The scope, shortened.
        found: String,
    },
    /// The name is no name of a repository.
    #[error("expected the name of a repository in a scope, found `{found}`")]
    Name {
        /// The name, shortened.
        found: String,
    },
}

/// Reads the values of all parameters `scope`. Scopes of one resource come together, unknown types of resources and
/// unknown actions are left out: nothing is granted for them.
///
/// # Errors
///
/// When a scope is malformed, or there are too many.
pub(crate) fn parse_scopes<'a>(values: impl Iterator<Item = &'a str>) -> Result<Vec<Grant>, ParseScopeError> {
    let mut grants: Vec<Grant> = Vec::new();
    for (place, scope) in values.flat_map(str::split_ascii_whitespace).enumerate() {
        if place >= TOKEN_SCOPES_MAX {
            return Err(ParseScopeError::TooMany);
        }
        let short = |text: &str| text.chars().take(80).collect::<String>();
        let shape = || ParseScopeError::Shape { found: short(scope) };
        let (kind, rest) = scope.split_once(':').ok_or_else(shape)?;
        // A name has no colon, but some clients put a host with a port before it.
        let (name, actions) = rest.rsplit_once(':').ok_or_else(shape)?;
        // `repository(plugin)` is a type with a class, which means nothing here.
        let resource = match kind.split('(').next() {
            Some("repository") => {
                name.parse::<RepositoryName>().map_err(|_| ParseScopeError::Name { found: short(name) })?;
                Resource::Repository(name.to_owned())
            }
            Some("registry") if name == "catalog" => Resource::Catalog,
            _ => continue,
        };
        let actions = match (&resource, actions) {
            (Resource::Catalog, _) => Actions::default().with(Action::Pull),
            (_, "*") => [Action::Pull, Action::Push, Action::Delete].into_iter().collect(),
            // The right to run the registry is not one over a repository.
            (_, list) => {
                list.split(',').filter_map(Action::parse).filter(|action| *action != Action::Admin).collect()
            }
        };
        match grants.iter_mut().find(|grant| grant.resource == resource) {
            Some(grant) => grant.actions = grant.actions.union(actions),
            None => grants.push(Grant { resource, actions }),
        }
    }
    Ok(grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(values: &[&str]) -> Vec<(String, String)> {
        let grants = parse_scopes(values.iter().copied()).unwrap();
        let name = |grant: &Grant| match &grant.resource {
            Resource::Repository(name) => name.clone(),
            Resource::Catalog => "(catalog)".to_owned(),
        };
        let actions = |grant: &Grant| grant.actions.iter().map(Action::as_str).collect::<Vec<_>>().join(",");
        grants.iter().map(|grant| (name(grant), actions(grant))).collect()
    }

    fn pair(name: &str, actions: &str) -> (String, String) {
        (name.to_owned(), actions.to_owned())
    }

    #[test]
    fn scopes_are_sets_in_any_order() {
        assert_eq!(granted(&["repository:a/b:push,pull"]), [pair("a/b", "pull,push")]);
        let together = [pair("a", "pull,push"), pair("b", "pull")];
        assert_eq!(granted(&["repository:a:pull repository:b:pull repository:a:push"]), together);
        assert_eq!(granted(&["repository:a:push,pull,pull", "repository:b:pull"]), together);
        assert_eq!(granted(&["repository:a:*"]), [pair("a", "pull,push,delete")]);
        assert_eq!(granted(&["registry:catalog:*"]), [pair("(catalog)", "pull")]);
        assert_eq!(granted(&["", " "]), []);
    }

    #[test]
    fn what_is_unknown_grants_nothing() {
        assert_eq!(granted(&["repository:a:admin,fly"]), [pair("a", "")]);
        assert_eq!(granted(&["team:x:pull", "registry:other:*"]), []);
        assert_eq!(granted(&["repository(plugin):a:pull"]), [pair("a", "pull")]);
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for scope in ["pull", "repository:a", "repository:A:pull", "repository:../x:pull", "repository::pull"]
        {
            assert!(parse_scopes([scope].into_iter()).is_err(), "{scope}");
        }
        let many = vec!["repository:a:pull"; TOKEN_SCOPES_MAX];
        assert!(parse_scopes(many.iter().copied()).is_ok());
        assert!(parse_scopes([many.join(" ").as_str(), "repository:a:pull"].into_iter()).is_err());
    }
}
