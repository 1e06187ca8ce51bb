//! Files on their way out of a commit.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use super::{Limits, Repository, git, not_started, text_of};
use crate::error::{CommandError, io_error, io_reason};

/// What is taken out of one commit, counted.
pub(super) struct Taking<'a> {
    pub(super) repository: &'a Repository,
    pub(super) commit: &'a str,
    pub(super) text: &'a str,
    pub(super) limits: Limits,
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Taking<'_> {
    /// The WIT below a folder, with the folders and files that links lead to.
    pub(super) fn tree(&mut self, path: &str, target: &Path, links: usize) -> Result<(), CommandError> {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", &format!("{}:{path}", self.commit)];
        let listed = self.repository.run(&arguments, self.text)?.map_err(|reason| self.failed(&reason))?;
        let mut wanted = Vec::new();
        for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let entry = String::from_utf8_lossy(entry);
            let Some((head, name)) = entry.split_once('\t') else { continue };
            let Some(file) = inside(target, name) else { continue };
            let mut words = head.split(' ');
            match words.next() {
                Some("120000") => self.link(path, name, &file, links)?,
                Some("100644" | "100755") if is_wanted(name) => {
                    let Some(id) = words.nth(1) else { continue };
                    wanted.push((id.to_owned(), file));
                }
                _ => {}
            }
        }
        self.blobs(wanted)
    }

    /// What a symbolic link leads to, as long as it is in the repository.
    fn link(&mut self, folder: &str, name: &str, file: &Path, links: usize) -> Result<(), CommandError> {
        let own = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let arguments = ["cat-file", "blob", &format!("{}:{own}", self.commit)];
        let target = self.repository.run(&arguments, self.text)?.map_err(|reason| self.failed(&reason))?;
        let Some(target) = resolved(&own, &text_of(&target)) else { return Ok(()) };
        match self.repository.kind(self.commit, &target, self.text)?.as_deref() {
            Some(_) if links >= self.limits.links => Err(self.failed(&format!(
                "`{own}` is behind too many symbolic links: expected at most {}",
                self.limits.links
            ))),
            Some("tree") => self.tree(&target, file, links + 1),
            Some("blob") if is_wanted(name) => {
                self.blobs(vec![(format!("{}:{target}", self.commit), file.to_owned())])
            }
            _ => Ok(()),
        }
    }

    /// Writes objects to files, all by one process of git.
    pub(super) fn blobs(&mut self, wanted: Vec<(String, PathBuf)>) -> Result<(), CommandError> {
        self.files += wanted.len();
        if self.files > self.limits.files {
            return Err(self.failed(&format!("too many files: expected at most {}", self.limits.files)));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut git = git(&self.repository.root);
        git.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = git.spawn().map_err(|error| not_started(self.text, &error))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(CommandError::bug("git was started without pipes"));
        };
        let names: String = wanted.iter().map(|(name, _)| format!("{name}\n")).collect();
        let result = std::thread::scope(|scope| {
            // It answers while it is still asked, so asking must not wait for the answers.
            scope.spawn(move || stdin.write_all(names.as_bytes()));
            self.read_blobs(BufReader::new(stdout), &wanted)
        });
        if result.is_err() {
            let _ = child.kill();
        }
        let ended = child.wait().map_err(|error| not_started(self.text, &error))?;
        result?;
        if ended.success() { Ok(()) } else { Err(self.failed("git ended with an error")) }
    }

    fn read_blobs(
        &mut self,
        mut answers: impl BufRead,
        wanted: &[(String, PathBuf)],
    ) -> Result<(), CommandError> {
        for (_, file) in wanted {
            let broken = |error: std::io::Error| CommandError::failed(format!("git: {}", io_reason(&error)));
            let mut head = String::new();
            answers.read_line(&mut head).map_err(broken)?;
            let mut words = head.trim_end().rsplit(' ');
            let size = words.next().and_then(|size| size.parse::<u64>().ok());
            let (Some(size_bytes), Some("blob")) = (size, words.next()) else {
                return Err(self.failed(&format!("git answers `{}`", head.trim_end())));
            };
            self.bytes = self.bytes.saturating_add(size_bytes);
            if self.bytes > self.limits.bytes {
                return Err(self.failed(&format!("too large: expected at most {} bytes", self.limits.bytes)));
            }
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).map_err(|error| io_error("write", folder, &error))?;
            }
            let mut content = Vec::new();
            answers.by_ref().take(size_bytes).read_to_end(&mut content).map_err(broken)?;
            std::fs::write(file, content).map_err(|error| io_error("write", file, &error))?;
            // Each object ends with a line end of its own.
            answers.read_exact(&mut [0]).map_err(broken)?;
        }
        Ok(())
    }

    fn failed(&self, reason: &str) -> CommandError {
        CommandError::failed(format!("cannot read `{}`", self.text)).detail(reason)
    }
}

/// Only what a package of WIT is read from.
fn is_wanted(name: &str) -> bool {
    [".wit", ".wasm", ".wat"].iter().any(|ending| name.ends_with(ending))
}

/// The file `name` below a folder; nothing for a name that leads out of it.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| folder.join(path))
}

/// Where in the repository the link `own` leads to; nothing where it leads out of it.
pub(in crate::baseline) fn resolved(own: &str, target: &str) -> Option<String> {
    // A line end would end the question that git is asked.
    if target.starts_with('/') || target.contains('\n') {
        return None;
    }
    let mut names: Vec<&str> = own.split('/').collect();
    names.pop();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_left_out() {
        let folder = Path::new("/t");
        assert_eq!(inside(folder, "a/b.wit"), Some(PathBuf::from("/t/a/b.wit")));
        for name in ["../a.wit", "a/../../b.wit", "/etc/passwd", "./a.wit"] {
            assert_eq!(inside(folder, name), None, "{name}");
        }
        assert_eq!(resolved("wit/deps/log", "../../shared/log").as_deref(), Some("shared/log"));
        assert_eq!(resolved("a.wit", "./b.wit").as_deref(), Some("b.wit"));
        for target in ["/etc/passwd", "../../../etc", "a\nb"] {
            assert_eq!(resolved("wit/deps/log", target), None, "{target}");
        }
    }
}
