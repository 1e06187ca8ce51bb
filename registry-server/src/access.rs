//! Who may do what, without HTTP.
//!
//! # The default
//!
//! Without `[access]` everybody may do everything; a registry without it listens on this machine only. With `[access]`
//! **nobody may do anything** until a rule says so. A rule gives actions ([`Action`]) on repositories to identities;
//! rules only ever add, so their order does not matter:
//!
//! - `anonymous` in a rule means everybody, with or without credentials: whoever has some could leave them out.
//! - `authenticated` means everybody with valid credentials.
//! - An API token of a user may do what the user may and the token's own scopes allow. A token without an owner may do
//!   what rules for `token:NAME` say, within its scopes. A token never makes tokens.
//! - `admin` is one right over the whole registry and includes no other action.
//!
//! # What a request passes
//!
//! [`Access`] turns credentials into a [`Session`]: the identity and what it may do. A session that was made once is
//! found again by a keyed hash of the credentials, so that a request costs one hash and one look into a table; see
//! `sessions`. The guard in `router.rs` asks the session.

mod credentials;
mod delay;
mod error;
mod facade;
#[cfg(test)]
mod garbled;
mod glob;
mod htpasswd;
mod identity;
mod issuer;
mod jwt_ring;
mod login;
mod password;
mod policy;
mod scope;
mod secret;
mod session;
mod settings;
mod signing;
mod tokens;

pub(crate) use credentials::Credentials;
pub(crate) use error::{Refused, seconds};
pub(crate) use facade::{Access, Issued, TokenRequest, now};
pub(crate) use htpasswd::{HtpasswdFile, check_user_name};
pub(crate) use identity::Action;
pub(crate) use password::StoredHash;
pub(crate) use scope::parse_scopes;
pub(crate) use session::Session;
pub(crate) use settings::Challenge;
pub(crate) use tokens::{NewToken, Scope, Token, TokenError, TokenKind, Tokens, shown};

pub use error::AccessError;
pub use htpasswd::HtpasswdError;
pub use settings::{AccessSettings, AccessSettingsError};
