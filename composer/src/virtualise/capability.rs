//! What a guest can do to the world outside, by name, and the interfaces of WASI that each name covers.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::hint::near;

/// Something that WASI lets a guest do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Files and folders: `wasi:filesystem`.
    Filesystem,
    /// TCP, UDP and looking up names: `wasi:sockets`.
    Sockets,
    /// Sending requests: `wasi:http/outgoing-handler`, in WASI 0.3 `wasi:http/client`. Answering them is no capability,
    /// and `wasi:http/types` only holds values.
    Http,
    /// Variables, and the current folder: `wasi:cli/environment`.
    Env,
    /// Arguments: `wasi:cli/environment`.
    Args,
    /// `wasi:cli/stdin` and `wasi:cli/terminal-stdin`.
    Stdin,
    /// `wasi:cli/stdout` and `wasi:cli/terminal-stdout`.
    Stdout,
    /// `wasi:cli/stderr` and `wasi:cli/terminal-stderr`.
    Stderr,
    /// The time, and waiting: `wasi:clocks`.
    Clocks,
    /// Random numbers: `wasi:random`.
    Random,
    /// Ending the whole program: `wasi:cli/exit`.
    Exit,
}

impl Capability {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Filesystem,
        Self::Sockets,
        Self::Http,
        Self::Env,
        Self::Args,
        Self::Stdin,
        Self::Stdout,
        Self::Stderr,
        Self::Clocks,
        Self::Random,
        Self::Exit,
    ];

    /// The name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filesystem => "filesystem",
            Self::Sockets => "sockets",
            Self::Http => "http",
            Self::Env => "env",
            Self::Args => "args",
            Self::Stdin => "stdin",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Clocks => "clocks",
            Self::Random => "random",
            Self::Exit => "exit",
        }
    }

    /// The capabilities that an interface belongs to: those that must all be closed before it is gone. `path` is its
    /// name without the version, `wasi:cli/stdin`.
    pub(crate) fn of_interface(path: &str) -> &'static [Self] {
        match path {
            "wasi:cli/environment" => &[Self::Env, Self::Args],
            "wasi:cli/stdin" | "wasi:cli/terminal-stdin" | "wasi:cli/terminal-input" => &[Self::Stdin],
            "wasi:cli/stdout" | "wasi:cli/terminal-stdout" => &[Self::Stdout],
            "wasi:cli/stderr" | "wasi:cli/terminal-stderr" => &[Self::Stderr],
            "wasi:cli/terminal-output" => &[Self::Stdout, Self::Stderr],
            "wasi:cli/exit" => &[Self::Exit],
            "wasi:http/outgoing-handler" | "wasi:http/client" => &[Self::Http],
            _ => match path.split_once('/') {
                Some(("wasi:filesystem", _)) => &[Self::Filesystem],
                Some(("wasi:sockets", _)) => &[Self::Sockets],
                Some(("wasi:clocks", _)) => &[Self::Clocks],
                Some(("wasi:random", _)) => &[Self::Random],
                _ => &[],
            },
        }
    }

    /// The capability that a function of such an interface belongs to.
    pub(crate) fn of_function(path: &str, function: &str) -> Option<Self> {
        match (path, function) {
            ("wasi:cli/environment", "get-arguments") => Some(Self::Args),
            ("wasi:cli/environment", _) => Some(Self::Env),
            _ => match Self::of_interface(path) {
                [one] => Some(*one),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no capability has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no capability is called `{name}`")]
pub struct UnknownCapability {
    /// The name as it was given.
    pub name: String,
}

impl UnknownCapability {
    /// What was meant, or what there is.
    pub fn hint(&self) -> String {
        let known: Vec<String> = Capability::ALL.map(|known| known.name().to_owned()).to_vec();
        match near(&self.name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the capabilities are {}", known.join(", ")),
        }
    }
}

impl FromStr for Capability {
    type Err = UnknownCapability;

    /// Takes the name, or an interface or package of WASI that one capability covers: `wasi:sockets`.
    fn from_str(text: &str) -> Result<Self, UnknownCapability> {
        let unknown = || UnknownCapability { name: text.to_owned() };
        if let Some(path) = text.strip_prefix("wasi:") {
            let path = path.split('@').next().unwrap_or(path);
            let path = if path.contains('/') { path.to_owned() } else { format!("{path}/any") };
            return match Self::of_interface(&format!("wasi:{path}")) {
                [one] => Ok(*one),
                _ => Err(unknown()),
            };
        }
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_interfaces_are_understood() {
        for capability in Capability::ALL {
            assert_eq!(capability.name().parse(), Ok(capability));
        }
        assert_eq!("wasi:sockets".parse(), Ok(Capability::Sockets));
        assert_eq!("wasi:filesystem/types@0.2.6".parse(), Ok(Capability::Filesystem));
        assert_eq!("wasi:http/outgoing-handler".parse(), Ok(Capability::Http));
        for wrong in ["", "wasi:", "wasi:io", "wasi:cli", "wasi:cli/environment", "files", "Filesystem"] {
            assert!(wrong.parse::<Capability>().is_err(), "{wrong}");
        }
        let hint = |name: &str| name.parse::<Capability>().unwrap_err().hint();
        assert_eq!(hint("filesytem"), "did you mean `filesystem`?");
        assert!(hint("nonsense-of-all-kinds").starts_with("the capabilities are filesystem, sockets"));
    }
}
