//! What a person grants a guest: the arguments that `wkit run` and `wkit serve` share.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use wkit_runtime_runner::{Access, Grants};

use crate::error::CommandError;

/// What a guest may see of the host.
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// Grant a host folder under a guest path, read-only with `:ro`; can be repeated
    #[arg(long = "dir", value_name = "HOST::GUEST[:ro]")]
    folders: Vec<Folder>,

    /// Set a variable of the guest's environment, or pass one on by its name; can be repeated
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    variables: Vec<String>,
}

impl GrantArgs {
    /// The grants as the runner takes them; nothing but what was asked for.
    pub(crate) fn grants(&self) -> Result<Grants, CommandError> {
        let mut grants = Grants::default();
        for variable in &self.variables {
            let (name, value) = match variable.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => {
                    let value = std::env::var(variable).map_err(|_| {
                        CommandError::usage(format!(
                            "`--env {variable}` passes on a variable that is not set"
                        ))
                        .hint(format!("give it a value: `--env {variable}=VALUE`"))
                    })?;
                    (variable.as_str(), value)
                }
            };
            if name.is_empty() {
                return Err(CommandError::usage(format!("`--env {variable}` has no name"))
                    .hint("write it like `--env NAME=VALUE`"));
            }
            grants = grants.env(name, value);
        }
        for folder in &self.folders {
            grants = grants.preopen(&folder.host, &folder.guest, folder.access);
        }
        Ok(grants)
    }
}

/// A `--dir` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    host: PathBuf,
    guest: String,
    access: Access,
}

impl FromStr for Folder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (paths, access) = match text.strip_suffix(":ro") {
            Some(paths) => (paths, Access::ReadOnly),
            None => (text.strip_suffix(":rw").unwrap_or(text), Access::ReadWrite),
        };
        let (host, guest) = paths.split_once("::").unwrap_or((paths, paths));
        if host.is_empty() || guest.is_empty() {
            return Err("expected `HOST::GUEST`, as in `--dir ./data::/data:ro`".to_owned());
        }
        Ok(Self { host: PathBuf::from(host), guest: guest.to_owned(), access })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_as_written() {
        let folder = |text: &str| text.parse::<Folder>().unwrap();
        assert_eq!(
            folder("./data::/srv:ro"),
            Folder { host: "./data".into(), guest: "/srv".into(), access: Access::ReadOnly }
        );
        assert_eq!(folder("/srv").guest, "/srv");
        assert_eq!(folder("a::b:rw").access, Access::ReadWrite);
        assert!("::".parse::<Folder>().is_err());
        assert!("a::".parse::<Folder>().is_err());
    }
}
