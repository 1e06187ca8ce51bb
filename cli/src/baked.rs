//! Reads the files that are baked into a component: always in the same order, within limits, and nothing that lies
//! outside of what was named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use wkit_composer::limits::{BAKED_BYTES_MAX, BAKED_FILES_MAX};
use wkit_composer::virtualise::Policy;

use crate::error::{CommandError, io_error};

/// What has been read so far, by path inside.
#[derive(Debug, Default)]
pub(crate) struct Baked {
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
    size_bytes: u64,
}

impl Baked {
    /// Everything in the folder `host`, as `guest` inside.
    pub(crate) fn folder(&mut self, host: &Path, guest: &str) -> Result<(), CommandError> {
        let root = std::fs::canonicalize(host).map_err(|error| cannot(host, &error))?;
        if !root.is_dir() {
            return Err(CommandError::failed(format!(
                "cannot bake in `{}`: expected a folder, found a file",
                host.display()
            ))
            .hint(format!("bake in one file with `--file {}::{guest}`", host.display())));
        }
        let guest = trimmed(guest);
        self.folders.insert(if guest.is_empty() { "/".to_owned() } else { guest.clone() });
        let mut pending = vec![(host.to_owned(), guest)];
        while let Some((folder, guest)) = pending.pop() {
            for entry in std::fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))? {
                let entry = entry.map_err(|error| cannot(&folder, &error))?;
                let (path, name) = (entry.path(), entry.file_name());
                let Some(name) = name.to_str() else {
                    return Err(CommandError::failed(format!(
                        "cannot bake in `{}`: its name is not UTF-8",
                        path.display()
                    )));
                };
                let inside = format!("{guest}/{name}");
                let kind = entry.file_type().map_err(|error| cannot(&path, &error))?;
                if kind.is_dir() {
                    self.folders.insert(inside.clone());
                    self.check_count()?;
                    pending.push((path, inside));
                } else {
                    if kind.is_symlink() {
                        check_link(&path, &root)?;
                    }
                    self.read(&path, inside)?;
                }
            }
        }
        Ok(())
    }

    /// The file `host`, as `guest` inside.
    pub(crate) fn file(&mut self, host: &Path, guest: &str) -> Result<(), CommandError> {
        self.read(host, guest.to_owned())
    }

    /// States the files as all that there is.
    pub(crate) fn put_into(self, policy: &mut Policy) {
        policy.files = Some(self.files);
        policy.folders = self.folders;
    }

    fn read(&mut self, path: &Path, inside: String) -> Result<(), CommandError> {
        let metadata = std::fs::metadata(path).map_err(|error| cannot(path, &error))?;
        // A pipe or a device might never end.
        if !metadata.is_file() {
            return Err(CommandError::failed(format!(
                "cannot bake in `{}`: expected a file",
                path.display()
            )));
        }
        self.size_bytes = self.size_bytes.saturating_add(metadata.len());
        if self.size_bytes > BAKED_BYTES_MAX {
            return Err(too_much(format!("at most {BAKED_BYTES_MAX} bytes"), path));
        }
        let bytes = std::fs::read(path).map_err(|error| cannot(path, &error))?;
        if self.files.insert(inside.clone(), bytes).is_some() {
            return Err(CommandError::usage(format!("two files are baked in as `{inside}`"))
                .hint("give one of them another place"));
        }
        self.check_count()
    }

    fn check_count(&self) -> Result<(), CommandError> {
        if self.files.len() + self.folders.len() > BAKED_FILES_MAX {
            let last = self.folders.last().map(PathBuf::from).unwrap_or_default();
            return Err(too_much(format!("at most {BAKED_FILES_MAX} files and folders"), &last));
        }
        Ok(())
    }
}

/// A link may lead to a file of the same folder and nowhere else.
fn check_link(path: &Path, root: &Path) -> Result<(), CommandError> {
    let target = std::fs::canonicalize(path).map_err(|error| cannot(path, &error))?;
    let wrong = if !target.starts_with(root) {
        "leads out of the folder"
    } else if target.is_dir() {
        "leads to a folder"
    } else {
        return Ok(());
    };
    Err(CommandError::failed(format!("cannot bake in `{}`: the link {wrong}", path.display()))
        .hint("put what it leads to in its place"))
}

fn trimmed(guest: &str) -> String {
    guest.trim_end_matches('/').to_owned()
}

fn cannot(path: &Path, error: &std::io::Error) -> CommandError {
    io_error("bake in", path, error)
}

fn too_much(expected: String, path: &Path) -> CommandError {
    CommandError::failed(format!("too much to bake in: expected {expected}, reached at `{}`", path.display()))
        .hint("bake in fewer files, and let the host grant the rest as a folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        };
        write("a.txt");
        write("b/c/d.txt");
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        let mut baked = Baked::default();
        baked.folder(folder.path(), "/data/").unwrap();
        let files: Vec<&str> = baked.files.keys().map(String::as_str).collect();
        assert_eq!(files, ["/data/a.txt", "/data/b/c/d.txt"]);
        let folders: Vec<&str> = baked.folders.iter().map(String::as_str).collect();
        assert_eq!(folders, ["/data", "/data/b", "/data/b/c", "/data/empty"]);
        let error = baked.folder(folder.path(), "/data").unwrap_err();
        assert!(error.message().starts_with("two files are baked in as `/data/"), "{}", error.message());
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        use std::os::unix::fs::symlink;
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(other.path().join("secret"), "x").unwrap();
        std::fs::write(folder.path().join("real"), "y").unwrap();
        let bake = || Baked::default().folder(folder.path(), "/").map_err(|error| error.message().to_owned());
        symlink("real", folder.path().join("inside")).unwrap();
        bake().unwrap();
        let link = folder.path().join("link");
        let refused = |target: &Path, reason: &str| {
            symlink(target, &link).unwrap();
            let message = bake().unwrap_err();
            assert!(message.ends_with(reason), "{message}");
            std::fs::remove_file(&link).unwrap();
        };
        refused(&other.path().join("secret"), "the link leads out of the folder");
        refused(other.path(), "the link leads out of the folder");
        refused(folder.path(), "the link leads to a folder");
        refused(Path::new("nothing"), "no such file or folder");
    }
}
