//! The rules, made ready to be asked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::glob::Glob;
use super::identity::{Action, Actions, Identity};
use super::settings::{AccessSettings, AccessSettingsError, Who};

/// All rules. Rules only add, so what an identity may do is what the rules for it say together.
#[derive(Debug)]
pub(super) struct Policy {
    rules: Vec<(Members, Arc<Right>)>,
}

/// Whom a rule is for.
#[derive(Debug, Default)]
struct Members {
    anonymous: bool,
    authenticated: bool,
    users: HashSet<String>,
    tokens: HashSet<String>,
    workloads: HashSet<String>,
}

/// What one rule allows.
#[derive(Debug)]
pub(super) struct Right {
    globs: Vec<Glob>,
    actions: Actions,
}

/// What one identity may do by the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Rights(Vec<Arc<Right>>);

impl Policy {
    /// The rules of settings.
    ///
    /// # Errors
    ///
    /// When the settings are wrong.
    pub(super) fn new(settings: &AccessSettings) -> Result<Self, AccessSettingsError> {
        settings.check()?;
        let groups: HashMap<_, _> = settings.groups.iter().collect();
        let mut rules = Vec::with_capacity(settings.rules.len());
        for rule in &settings.rules {
            let mut members = Members::default();
            for who in rule.who.iter().filter_map(|text| Who::parse(text).ok()) {
                match who {
                    Who::Anonymous => members.anonymous = true,
                    Who::Authenticated => members.authenticated = true,
                    Who::User(name) => drop(members.users.insert(name)),
                    Who::Group(name) => {
                        members
                            .users
                            .extend(groups.get(&name).into_iter().flat_map(|list| list.iter().cloned()));
                    }
                    Who::Token(name) => drop(members.tokens.insert(name)),
                    Who::Workload(name) => drop(members.workloads.insert(name)),
                }
            }
            // Both were checked above.
            let (globs, actions) = (rule.globs().unwrap_or_default(), rule.actions().unwrap_or_default());
            rules.push((members, Arc::new(Right { globs, actions })));
        }
        Ok(Self { rules })
    }

    /// What an identity may do.
    pub(super) fn rights(&self, identity: &Identity) -> Rights {
        let applies = |members: &Members| {
            members.anonymous
                || members.authenticated && identity.is_known()
                || match identity {
                    Identity::Anonymous => false,
                    Identity::User(name) | Identity::Token { owner: Some(name), .. } => {
                        members.users.contains(&**name)
                    }
                    // A user could give a token any name, so only those without an owner are known by it.
                    Identity::Token { name, owner: None, .. } => members.tokens.contains(&**name),
                    Identity::Workload(name) => members.workloads.contains(&**name),
                }
        };
        Rights(
            self.rules
                .iter()
                .filter(|(members, _)| applies(members))
                .map(|(_, right)| right.clone())
                .collect(),
        )
    }
}

impl Rights {
    /// Whether `action` is allowed on a repository.
    pub(super) fn allow(&self, action: Action, repository: &str) -> bool {
        let mut rights = self.0.iter().filter(|right| right.actions.contains(action));
        rights.any(|right| right.globs.iter().any(|glob| glob.matches(repository)))
    }

    /// Whether running the registry is allowed.
    pub(super) fn admin(&self) -> bool {
        self.0.iter().any(|right| right.actions.contains(Action::Admin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::new(&toml::from_str(text).unwrap()).unwrap()
    }

    fn token(name: &str, owner: Option<&str>) -> Identity {
        Identity::Token { id: "1".into(), name: name.into(), owner: owner.map(Into::into) }
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        let policy = policy("");
        for identity in [Identity::Anonymous, Identity::User("a".into()), token("t", None)] {
            let rights = policy.rights(&identity);
            assert!(!rights.allow(Action::Pull, "a") && !rights.admin());
        }
    }

    #[test]
    fn rules_add_up_for_whom_they_name() {
        let policy = policy(
            r#"
            [groups]
            team = ["alice", "bob"]
            [[issuer]]
            url = "https://ci.example"
            audience = "r"
            [[issuer.workload]]
            name = "ci"
            claims = { sub = "x" }
            [[rule]]
            repositories = ["public/**"]
            who = ["anonymous"]
            allow = ["pull"]
            [[rule]]
            repositories = ["shared/*"]
            who = ["authenticated"]
            allow = ["pull"]
            [[rule]]
            repositories = ["team/**"]
            who = ["group:team"]
            allow = ["pull", "push"]
            [[rule]]
            repositories = ["team/**", "public/**"]
            who = ["alice", "workload:ci", "token:deploy"]
            allow = ["push", "delete"]
            [[rule]]
            repositories = ["**"]
            who = ["root"]
            allow = ["admin"]
            "#,
        );
        let may =
            |identity: &Identity, action, repository: &str| policy.rights(identity).allow(action, repository);
        let (alice, bob) = (Identity::User("alice".into()), Identity::User("bob".into()));
        let (nobody, root) = (Identity::Anonymous, Identity::User("root".into()));
        assert!(may(&nobody, Action::Pull, "public/a") && may(&bob, Action::Pull, "public/a"));
        assert!(!may(&nobody, Action::Push, "public/a") && !may(&nobody, Action::Pull, "shared/a"));
        assert!(may(&root, Action::Pull, "shared/a") && !may(&root, Action::Pull, "shared/a/b"));
        assert!(may(&bob, Action::Push, "team/x") && !may(&bob, Action::Delete, "team/x"));
        assert!(may(&alice, Action::Delete, "team/x") && may(&alice, Action::Push, "public/x"));
        assert!(policy.rights(&root).admin() && !may(&root, Action::Pull, "team/x"));
        assert!(!policy.rights(&alice).admin() && !policy.rights(&nobody).admin());
        let workload = Identity::Workload("ci".into());
        assert!(may(&workload, Action::Push, "team/x") && !may(&workload, Action::Pull, "team/x"));
        assert!(!may(&Identity::Workload("alice".into()), Action::Push, "team/x"));
        // A token has its owner's rights; its name counts only when it has no owner.
        assert!(may(&token("deploy", None), Action::Delete, "team/x"));
        assert!(!may(&token("deploy", Some("bob")), Action::Delete, "team/x"));
        assert!(may(&token("any", Some("bob")), Action::Push, "team/x"));
        assert!(!may(&token("alice", None), Action::Push, "team/x"));
    }
}
