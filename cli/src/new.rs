//! Makes the folder of a new component: a template of its language, the WIT that it needs, a project file.
//!
//! Nothing is written here but into one new folder, which appears as a whole or not at all.

mod template;
mod wasi;
mod wit;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(crate) use template::Template;
pub(crate) use wit::WitSource;

use crate::build::{BuildError, Language};
use crate::error::{CommandError, io_error};

/// What is to be made.
pub(crate) struct NewComponent<'a> {
    /// The component's name, in kebab-case.
    pub(crate) name: &'a str,
    /// The language of its sources.
    pub(crate) language: &'static dyn Language,
    /// Where the files come from.
    pub(crate) template: Template,
    /// The WIT to implement, instead of the template's own.
    pub(crate) wit: Option<WitSource>,
}

/// The files of a new component, by their paths in its folder, and what its section of `wkit.toml` says.
pub(crate) struct Files {
    /// Contents by path, with `/`.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Lines of the component's section of `wkit.toml`, beside `path` and `language`.
    pub(crate) section: String,
}

impl NewComponent<'_> {
    /// Renders everything in memory.
    pub(crate) fn render(&self) -> Result<Files, CommandError> {
        let template::Rendered { mut files, section } = self.template.render(self.name);
        let failed = |error: &dyn std::error::Error| {
            CommandError::from_error(format!("cannot make the component `{}`", self.name), error)
        };
        if let Some(source) = &self.wit {
            files.extend(source.files(self.name).map_err(|error| failed(&error).maybe_hint(error.hint()))?);
        }
        wasi::complete(&mut files);
        if self.wit.is_some() {
            let skeleton = self.skeleton(&files).map_err(|error| failed(&error).maybe_hint(error.hint()))?;
            files.extend(skeleton.into_iter().map(|file| (file.path, file.text.into_bytes())));
        }
        Ok(Files { files, section })
    }

    /// The sources for the WIT among `files`, which has to lie in a folder to be read.
    fn skeleton(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Vec<crate::build::SourceFile>, BuildError> {
        let folder =
            tempfile::tempdir().map_err(|source| BuildError::io("make", &std::env::temp_dir(), source))?;
        let wit = files.iter().filter(|(path, _)| path.starts_with("wit/"));
        for (path, contents) in wit {
            let file = folder.path().join(path);
            let io = |source| BuildError::io("write", &file, source);
            fs::create_dir_all(file.parent().unwrap_or(&file)).map_err(io)?;
            fs::write(&file, contents).map_err(io)?;
        }
        let wit = crate::build::load_wit(&folder.path().join("wit"), self.name)?;
        self.language.skeleton(self.name, &wit)
    }
}

/// Writes `files` as the folder `target`, which must not exist or must be empty.
pub(crate) fn write_folder(target: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), CommandError> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| io_error("make the folder", parent, &error))?;
    let unfinished = tempfile::Builder::new()
        .prefix(".wkit-new-")
        .tempdir_in(parent)
        .map_err(|error| io_error("write in", parent, &error))?;
    for (path, contents) in files {
        let file = unfinished.path().join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| io_error("make the folder", folder, &error))?;
        }
        fs::write(&file, contents).map_err(|error| io_error("write", &file, &error))?;
    }
    // An empty folder may be there; one with files in it makes the renaming fail.
    if target.is_dir() {
        fs::remove_dir(target).map_err(|error| io_error("replace the folder", target, &error))?;
    }
    let unfinished = unfinished.keep();
    make_public(&unfinished);
    fs::rename(&unfinished, target).map_err(|error| {
        // What is left behind is only ours; that it cannot be removed either is no news.
        drop(fs::remove_dir_all(&unfinished));
        io_error("make the folder", target, &error)
    })
}

/// Temporary folders are private; a new component is as open as any other folder.
fn make_public(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A file system without such rights has none to give.
        drop(fs::set_permissions(folder, fs::Permissions::from_mode(0o755)));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_as_a_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("deep/greeter");
        let files = BTreeMap::from([("src/a.txt".to_owned(), b"a".to_vec())]);
        write_folder(&target, &files).unwrap();
        assert_eq!(fs::read(target.join("src/a.txt")).unwrap(), b"a");
        assert_eq!(fs::read_dir(place.path().join("deep")).unwrap().count(), 1);

        let error = write_folder(&target, &files).unwrap_err();
        assert!(error.message().contains("greeter"), "{}", error.message());
        assert_eq!(fs::read_dir(place.path().join("deep")).unwrap().count(), 1);

        let blocked = BTreeMap::from([("a".to_owned(), Vec::new()), ("a/b".to_owned(), Vec::new())]);
        let other = place.path().join("other");
        assert!(write_folder(&other, &blocked).is_err());
        assert!(!other.exists());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
