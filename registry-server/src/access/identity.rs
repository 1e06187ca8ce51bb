//! Who asks, and what can be asked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What can be done with a repository, or with the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// Reading blobs, manifests, tags and referrers.
    Pull,
    /// Adding blobs, manifests and tags; moving tags.
    Push,
    /// Removing blobs, manifests and tags.
    Delete,
    /// Running the registry: everything below `/api/v1/admin/`, and the tokens of others.
    Admin,
}

impl Action {
    const ALL: [Action; 4] = [Action::Pull, Action::Push, Action::Delete, Action::Admin];

    /// The word for it, in settings, scopes and the audit log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Action::Pull => "pull",
            Action::Push => "push",
            Action::Delete => "delete",
            Action::Admin => "admin",
        }
    }

    /// The action of a word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Action>", into = "Vec<Action>")]
pub(crate) struct Actions(u8);

impl Actions {
    /// Whether `action` is in it.
    pub(crate) fn contains(self, action: Action) -> bool {
        self.0 & (1 << action as u8) != 0
    }

    /// The same set with `action`.
    pub(crate) fn with(self, action: Action) -> Self {
        Self(self.0 | (1 << action as u8))
    }

    /// What is in either.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions, in the order of their declaration.
    pub(crate) fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }
}

impl FromIterator<Action> for Actions {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        actions.into_iter().fold(Self::default(), Self::with)
    }
}

impl From<Vec<Action>> for Actions {
    fn from(actions: Vec<Action>) -> Self {
        actions.into_iter().collect()
    }
}

impl From<Actions> for Vec<Action> {
    fn from(actions: Actions) -> Self {
        actions.iter().collect()
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Identity {
    /// Nobody in particular: no credentials came with the request.
    Anonymous,
    /// A user of the htpasswd file.
    User(Box<str>),
    /// An API token.
    Token {
        /// Its id.
        id: Box<str>,
        /// Its name: unique among the tokens of its owner, and among those without one.
        name: Box<str>,
        /// The user it belongs to.
        owner: Option<Box<str>>,
    },
    /// A job of a CI system, known by the token of an issuer.
    Workload(Box<str>),
}

impl Identity {
    /// The user who asks, in person.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Identity::User(name) => Some(name),
            _ => None,
        }
    }

    /// Whether credentials came with the request.
    pub(crate) fn is_known(&self) -> bool {
        *self != Identity::Anonymous
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Anonymous => formatter.write_str("anonymous"),
            Identity::User(name) => write!(formatter, "user:{name}"),
            Identity::Token { name, owner: None, .. } => write!(formatter, "token:{name}"),
            Identity::Token { name, owner: Some(owner), .. } => {
                write!(formatter, "user:{owner} token:{name}")
            }
            Identity::Workload(name) => write!(formatter, "workload:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_actions() {
        let set: Actions = [Action::Push, Action::Pull].into_iter().collect();
        assert!(set.contains(Action::Pull) && set.contains(Action::Push));
        assert!(!set.contains(Action::Delete) && !set.contains(Action::Admin));
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["pull","push"]"#);
        assert_eq!(serde_json::from_str::<Actions>(r#"["push","pull","pull"]"#).unwrap(), set);
        assert!(serde_json::from_str::<Actions>(r#"["write"]"#).is_err());
        assert!(Actions::default().is_empty());
        assert_eq!(set.union(Actions::default().with(Action::Admin)).iter().count(), 3);
    }

    #[test]
    fn every_word_is_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
        }
        assert_eq!(Action::parse("*"), None);
    }
}
