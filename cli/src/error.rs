//! The one place where errors of the libraries become what a person reads and what a script sees.

use std::fmt;
use std::process::ExitCode;

/// Why a command did not do what it was asked; the kind decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Refused or failed: exit code 1.
    Failed,
    /// The arguments or `wkit.toml` ask for something that makes no sense: exit code 2.
    Usage,
    /// wkit itself is wrong: exit code 3.
    Bug,
    /// A guest trapped: exit code 134, what a shell reports for a process that aborted.
    Trap,
}

/// An error as it is shown: one sentence, its causes, and what to do next.
#[derive(Debug)]
pub(crate) struct CommandError {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl CommandError {
    /// A failure of the command.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// A request that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something that must not happen whatever the input.
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
            .hint("this is a bug in wkit; please report it with the command that you ran")
    }

    /// A failure with `error` and all that caused it below the sentence `message`.
    pub(crate) fn from_error(message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let mut shown = Self::failed(message);
        let repeated = format!("{}: ", shown.message);
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            let text = text.strip_prefix(&repeated).map(str::to_owned).unwrap_or(text);
            // Wrapping errors often repeat the text of what they wrap.
            if !shown.causes.last().is_some_and(|last| last.contains(&text)) {
                shown.causes.push(text);
            }
            cause = error.source();
        }
        shown
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds a next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a next step where there is one.
    pub(crate) fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Adds lines below the sentence.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.causes.push(detail.into());
        self
    }

    /// The same error as a matter of usage.
    pub(crate) fn into_usage(mut self) -> Self {
        self.kind = Kind::Usage;
        self
    }

    /// The same error as the reason why nothing could be checked: a script must not take it for findings. What is a bug
    /// stays one.
    pub(crate) fn could_not_check(mut self) -> Self {
        if self.kind != Kind::Bug {
            self.kind = Kind::Usage;
        }
        self
    }

    /// The same error as a guest's trap.
    pub(crate) fn trap(mut self) -> Self {
        self.kind = Kind::Trap;
        self
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Bug => 3,
            Kind::Trap => 134,
        })
    }

    /// The first line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Details and causes, outermost first.
    pub(crate) fn causes(&self) -> &[String] {
        &self.causes
    }

    /// Next steps.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Says what went wrong with a file in the words a person would use.
pub(crate) fn io_error(doing: &str, path: &std::path::Path, error: &std::io::Error) -> CommandError {
    let shown = CommandError::failed(format!("cannot {doing} `{}`: {}", path.display(), io_reason(error)));
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            shown.hint("check who owns it, or choose another place with `-o`")
        }
        std::io::ErrorKind::StorageFull => shown.hint("free some space, or choose another place with `-o`"),
        _ => shown,
    }
}

/// The operating system's reason without its number.
pub(crate) fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::StorageFull => "no space left on the device".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::AlreadyExists => "a file is in the way".to_owned(),
        std::io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        std::io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => {
            let text = error.to_string();
            match text.split_once(" (os error") {
                Some((text, _)) => text.to_lowercase(),
                None => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_causes_are_shown_once() {
        let inner = std::io::Error::other("the disk is on fire");
        let outer = std::io::Error::other(inner);
        let error = CommandError::from_error("cannot write", &outer);
        assert_eq!(error.causes(), ["the disk is on fire"]);
    }

    #[test]
    fn os_numbers_are_left_out() {
        let error = std::io::Error::from_raw_os_error(28);
        assert_eq!(io_reason(&error), "no space left on the device");
    }
}
