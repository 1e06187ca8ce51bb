//! Takes files out of a revision of git, with the person's own `git` and without a checkout.

mod taking;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::error::{CommandError, io_error, io_reason};
use crate::limits::{REVISION_BYTES_MAX, REVISION_FILES_MAX, REVISION_LINKS_MAX};
use taking::Taking;
pub(super) use taking::resolved;

/// How much is taken out of a revision at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    files: usize,
    bytes: u64,
    links: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: REVISION_FILES_MAX, bytes: REVISION_BYTES_MAX, links: REVISION_LINKS_MAX }
    }
}

/// A working copy of a repository.
pub(super) struct Repository {
    /// The top folder of the working copy.
    root: PathBuf,
}

/// What was taken out of a revision.
pub(super) struct Taken {
    /// The temporary folder.
    pub(super) folder: TempDir,
    /// The file or folder in it that was asked for.
    pub(super) path: PathBuf,
}

impl Repository {
    /// The repository of a file or folder; `text` is what asks for it.
    pub(super) fn of(path: &Path, text: &str) -> Result<Self, CommandError> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let ran = run(folder, &["rev-parse", "--show-toplevel"], text)?;
        match ran {
            Ok(root) => Ok(Self { root: PathBuf::from(text_of(&root)) }),
            Err(reason) if reason.contains("not a git repository") => Err(CommandError::usage(format!(
                "`{text}`: `{}` is in no repository of git",
                folder.display()
            ))
            .hint("name a file, a folder or a reference instead, or run `wkit` in the repository")),
            Err(reason) => {
                Err(CommandError::usage(format!("`{text}`: git refuses `{}`", folder.display()))
                    .detail(reason))
            }
        }
    }

    /// Where `path` stands in the repository, with `/` between the names.
    pub(super) fn path_inside(&self, path: &Path, text: &str) -> Result<String, CommandError> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (path, root) = (real(path), real(&self.root));
        let inside = path.strip_prefix(&root).map_err(|_| {
            let (path, root) = (path.display(), root.display());
            CommandError::usage(format!("`{text}`: `{path}` is not in the repository `{root}`"))
                .hint("name the path after a `#`, as in `git:main#wit`")
        })?;
        let names: Vec<String> =
            inside.components().map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
        Ok(names.join("/"))
    }

    /// The commit of `REVISION`, or of `REVISION...`: where the current branch left it.
    pub(super) fn commit(&self, revision: &str, text: &str) -> Result<String, CommandError> {
        let (name, since) = match revision.split_once('#').map_or(revision, |(name, _)| name) {
            name if name.ends_with("...") => (name.trim_end_matches("..."), true),
            name => (name, false),
        };
        if name.is_empty() {
            return Err(CommandError::usage(format!("`{text}` names no revision"))
                .hint("write it like `git:main`, `git:HEAD~1` or `git:v0.2.0#wit`"));
        }
        let found = self.run(
            &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")],
            text,
        )?;
        let Ok(commit) = found else { return Err(self.unknown(name, text)) };
        let commit = text_of(&commit);
        if !since {
            return Ok(commit);
        }
        let base = self.run(&["merge-base", &commit, "HEAD"], text)?;
        base.map(|base| text_of(&base)).map_err(|_| {
            CommandError::usage(format!("`{text}`: `HEAD` and `{name}` have no commit in common"))
                .hint(self.history_hint(name, text))
        })
    }

    /// Whether a commit has a file or folder.
    pub(super) fn has(&self, commit: &str, path: &str) -> bool {
        self.kind(commit, path, "").is_ok_and(|kind| kind.is_some())
    }

    /// Copies the file or folder `path` of a commit into a temporary folder: of folders the WIT, as text and as Wasm.
    pub(super) fn take(
        &self,
        commit: &str,
        path: &str,
        text: &str,
        limits: Limits,
    ) -> Result<Taken, CommandError> {
        let folder = tempfile::tempdir()
            .map_err(|error| io_error("make a folder in", &std::env::temp_dir(), &error))?;
        let shown = if path.is_empty() { "." } else { path };
        let Some(kind) = self.kind(commit, path, text)? else {
            return Err(CommandError::usage(format!("`{text}`: the revision has no `{shown}`"))
                .hint("if it stood elsewhere then, name that path after a `#`, as in `git:main#wit`")
                .hint("if it is new, there is nothing to compare it with"));
        };
        let mut taking = Taking { repository: self, commit, text, limits, files: 0, bytes: 0 };
        let target = match path.rsplit('/').next() {
            None | Some("") => folder.path().join("root"),
            Some(name) => folder.path().join(name),
        };
        if kind == "tree" {
            std::fs::create_dir_all(&target).map_err(|error| io_error("write", &target, &error))?;
            taking.tree(path, &target, 0)?;
        } else {
            taking.blobs(vec![(format!("{commit}:{path}"), target.clone())])?;
        }
        Ok(Taken { folder, path: target })
    }

    /// `blob`, `tree`, or nothing where the commit has no such path.
    fn kind(&self, commit: &str, path: &str, text: &str) -> Result<Option<String>, CommandError> {
        let ran = self.run(&["cat-file", "-t", &format!("{commit}:{path}")], text)?;
        Ok(ran.ok().map(|kind| text_of(&kind)))
    }

    fn unknown(&self, name: &str, text: &str) -> CommandError {
        let shown = CommandError::usage(format!("`{text}`: the repository has no revision `{name}`"));
        let known = self.run(&["for-each-ref", "--format=%(refname:short)"], text).ok().and_then(Result::ok);
        let known = known.map(|known| text_of(&known)).unwrap_or_default();
        if let Some(nearest) = wkit_interface::nearest(name, known.lines()) {
            return shown.hint(format!("did you mean `git:{nearest}`?"));
        }
        shown.hint(self.history_hint(name, text))
    }

    /// Services often fetch the newest commit alone.
    fn history_hint(&self, name: &str, text: &str) -> String {
        let shallow = self.run(&["rev-parse", "--is-shallow-repository"], text).ok().and_then(Result::ok);
        if shallow.is_some_and(|answer| text_of(&answer) == "true") {
            return format!(
                "this copy has a part of the history only: run `git fetch --unshallow`, or `git fetch origin {name}`; \
                 for `actions/checkout` say `fetch-depth: 0`"
            );
        }
        "`git branch --all` and `git tag` list what there is; `git fetch` gets what is new".to_owned()
    }

    fn run(&self, arguments: &[&str], text: &str) -> Result<Result<Vec<u8>, String>, CommandError> {
        run(&self.root, arguments, text)
    }
}

/// What git printed, or why it failed.
fn run(folder: &Path, arguments: &[&str], text: &str) -> Result<Result<Vec<u8>, String>, CommandError> {
    let output = git(folder).args(arguments).output().map_err(|error| not_started(text, &error))?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    Ok(Err(text_of(&output.stderr)))
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).stdin(Stdio::null()).env("LC_ALL", "C");
    // A hook of git sets these for the folder that git itself works in; the repository is found from the folder here.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    command
}

fn not_started(text: &str, error: &std::io::Error) -> CommandError {
    if error.kind() == std::io::ErrorKind::NotFound {
        return CommandError::usage(format!("`{text}` needs `git`, which is not on PATH"))
            .hint("install git, or name a file, a folder or a reference instead");
    }
    CommandError::failed(format!("`git` cannot be started: {}", io_reason(error)))
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with files and links in its only commit.
    #[cfg(unix)]
    fn repository(files: &[(&str, &str)], links: &[(&str, &str)]) -> (TempDir, Repository, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        for (name, text) in files {
            std::fs::write(path(name), text).unwrap();
        }
        for (name, target) in links {
            std::os::unix::fs::symlink(target, path(name)).unwrap();
        }
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example"];
            let status = super::git(folder.path()).args(identity).args(arguments).status().unwrap();
            assert!(status.success(), "git {arguments:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "first"]);
        let repository = Repository::of(folder.path(), "git:HEAD").unwrap();
        let commit = repository.commit("HEAD", "git:HEAD").unwrap();
        (folder, repository, commit)
    }

    #[cfg(unix)]
    #[test]
    fn limits_hold_at_and_past_them() {
        if !wkit_fixtures::tools::have("git") {
            return;
        }
        let files = [("wit/a.wit", "12345"), ("wit/deps/b/b.wit", "12345"), ("wit/README.md", "not taken")];
        let links = [("wit/deps/c", "../../one"), ("one/d", "../two"), ("two/c.wit", "../wit/a.wit")];
        let (_folder, repository, commit) = repository(&files, &links);
        let take = |limits: Limits| repository.take(&commit, "wit", "git:HEAD#wit", limits);
        let exact = Limits { files: 3, bytes: 15, links: 3 };
        let taken = take(exact).unwrap();
        for name in ["a.wit", "deps/b/b.wit", "deps/c/d/c.wit"] {
            assert_eq!(std::fs::read_to_string(taken.path.join(name)).unwrap(), "12345", "{name}");
        }
        assert!(!taken.path.join("README.md").exists());
        for (limits, reason) in [
            (Limits { files: 2, ..exact }, "too many files: expected at most 2"),
            (Limits { bytes: 14, ..exact }, "too large: expected at most 14 bytes"),
            (Limits { links: 2, ..exact }, "is behind too many symbolic links: expected at most 2"),
        ] {
            let error = take(limits).err().unwrap();
            assert!(error.causes()[0].ends_with(reason), "{:?}", error.causes());
        }
    }
}
