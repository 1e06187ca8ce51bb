//! A disk that forgets: after a power cut, it holds only what was synced before. `forgetful.c`, preloaded into the
//! program, writes down at each sync what that is; from its record the folder is made as it would be found.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The disk under one data folder.
pub(crate) struct ForgetfulDisk {
    folder: tempfile::TempDir,
    /// How many power cuts there were.
    cuts: usize,
    lies: bool,
}

impl ForgetfulDisk {
    /// A disk with an empty data folder. One that `lies` says that it has synced, and has not.
    pub(crate) fn new(lies: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/main/forgetful.c");
        let made = Command::new("cc")
            .args(["-O1", "-Wall", "-shared", "-fPIC", "-o"])
            .args([folder.path().join("forgetful.so"), source])
            .arg("-ldl")
            .output()
            .context("`cc`, which Rust links with, is needed")?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let disk = Self { folder, cuts: 0, lies };
        fs::create_dir(disk.data())?;
        disk.begin_record()?;
        Ok(disk)
    }

    /// The data folder, until the next power cut.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(format!("data-{}", self.cuts))
    }

    /// Puts a program on this disk.
    pub(crate) fn under(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.folder.path().join("forgetful.so"));
        command.env("FORGETFUL_SHADOW", self.shadow());
        if self.lies {
            command.env("FORGETFUL_LIES", "1");
        }
    }

    /// Cuts the power, after the program was killed: the data folder is one with what was synced only.
    pub(crate) fn cut(&mut self) -> Result<()> {
        let (before, shadow) = (self.data(), self.shadow());
        self.cuts += 1;
        restore(&shadow, fs::metadata(&before)?.ino(), &self.data())?;
        fs::remove_dir_all(before)?;
        fs::remove_dir_all(shadow)?;
        self.begin_record()
    }

    fn shadow(&self) -> PathBuf {
        self.folder.path().join(format!("shadow-{}", self.cuts))
    }

    /// Begins a record in which everything that is in the data folder now is synced.
    fn begin_record(&self) -> Result<()> {
        for part in ["content", "names", "keep"] {
            fs::create_dir_all(self.shadow().join(part))?;
        }
        record(&self.shadow(), &self.data())
    }
}

fn record(shadow: &Path, folder: &Path) -> Result<()> {
    let mut names = String::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (inode, is_folder) = (entry.metadata()?.ino(), entry.file_type()?.is_dir());
        let name = entry.file_name().into_string().ok().context("a name is not UTF-8")?;
        if is_folder {
            record(shadow, &entry.path())?;
        } else {
            fs::copy(entry.path(), shadow.join(format!("content/{inode}.0")))?;
            fs::write(shadow.join(format!("content/{inode}.now")), "0")?;
            fs::hard_link(entry.path(), shadow.join(format!("keep/{inode}")))?;
        }
        names.push_str(&format!("{inode} {} {name}\n", if is_folder { 'd' } else { 'f' }));
    }
    let inode = fs::metadata(folder)?.ino();
    fs::write(shadow.join(format!("names/{inode}.0")), names)?;
    Ok(fs::write(shadow.join(format!("names/{inode}.now")), "0")?)
}

/// What is recorded of a thing, when it was ever synced.
fn recorded(shadow: &Path, kind: &str, inode: &str) -> Option<PathBuf> {
    let now = fs::read_to_string(shadow.join(format!("{kind}/{inode}.now"))).ok()?;
    // Empty when the program was killed while it wrote down the first sync.
    (!now.is_empty()).then(|| shadow.join(format!("{kind}/{inode}.{now}")))
}

/// Makes the folder that was `inode` as it was last synced. A name that is synced and whose content never was is an
/// empty file.
fn restore(shadow: &Path, inode: u64, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    let names = recorded(shadow, "names", &inode.to_string()).map(fs::read_to_string).transpose()?;
    let names = names.unwrap_or_default();
    for line in names.lines() {
        let mut parts = line.splitn(3, ' ');
        let (Some(inode), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            anyhow::bail!("the record has the line `{line}`");
        };
        match (kind, recorded(shadow, "content", inode)) {
            ("d", _) => restore(shadow, inode.parse()?, &to.join(name))?,
            (_, Some(content)) => drop(fs::copy(content, to.join(name))?),
            (_, None) => drop(fs::File::create(to.join(name))?),
        }
    }
    Ok(())
}
