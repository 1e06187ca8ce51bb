//! Says in one digest what a build depends on, so that a component whose inputs are the same need not be built again.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use sha2::{Digest as _, Sha256};

use super::error::BuildError;
use super::limits::SOURCE_FILES_MAX;
use super::outside::{self, hex};
use super::{BuildInput, Language};

/// Raised when what is hashed, or the way in which wkit calls the compilers, changes.
const SCHEME: &str = "wkit-build-3";

/// Folders that never hold sources.
const SKIPPED: [&str; 2] = [".git", ".wkit"];

/// The digest of everything that decides what is built: the sources (as `.gitignore` sees them), the WIT, the tools'
/// versions, wkit's own version, the language and the world.
///
/// Where sources lie plays no part; their names, contents and the right to run them do.
pub(crate) fn fingerprint(language: &dyn Language, input: &BuildInput<'_>) -> Result<String, BuildError> {
    let mut hasher = Hasher::default();
    hasher.word("scheme", SCHEME);
    hasher.word("wkit", env!("CARGO_PKG_VERSION"));
    hasher.word("language", language.name());
    hasher.word("component", input.name);
    hasher.word("world", input.world);
    hasher.word("release", if input.release { "yes" } else { "no" });
    hasher.word("options", &format!("{:?}", input.options));
    if !input.wit.exists() {
        return Err(BuildError::WitMissing { path: input.wit.to_owned() });
    }
    for tool in language.fingerprint_tools(input)? {
        hasher.word("tool", tool.tool);
        hasher.word("version", &tool.version);
    }
    for (part, folder, skipped) in
        [("source", input.folder, language.skipped_folders()), ("wit", input.wit, Default::default())]
    {
        for file in files(folder, skipped)? {
            let name = file.strip_prefix(folder).unwrap_or(&file);
            hasher.file(part, &name.to_string_lossy(), &file)?;
        }
    }
    for file in language.installed(input.folder) {
        let name = file.strip_prefix(input.folder).unwrap_or(&file);
        hasher.file("installed", &name.to_string_lossy(), &file)?;
    }
    for (file, digest) in outside::changed(input.work_folder) {
        hasher.word("outside", &file.to_string_lossy());
        hasher.word("digest", &digest);
    }
    Ok(hasher.finish())
}

/// The folder beside a `wkit.toml` that takes what is built. Elsewhere a folder of that name is like any other.
const RESULTS: &str = "build";

/// Every folder of sources below `folder`, itself included, even those without a file: what to watch.
pub(crate) fn source_folders(folder: &Path, skipped: &'static [&'static str]) -> Vec<PathBuf> {
    let folder = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
    let is_folder = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| kind.is_dir());
    walk(folder, skipped).flatten().filter(is_folder).map(ignore::DirEntry::into_path).collect()
}

/// All files that count, sorted; a single file is a folder of one.
fn files(folder: &Path, skipped: &'static [&'static str]) -> Result<Vec<PathBuf>, BuildError> {
    let mut files = Vec::new();
    for entry in walk(folder, skipped) {
        let entry = entry.map_err(|error| {
            let source =
                error.into_io_error().unwrap_or_else(|| io::Error::other("the folder cannot be walked"));
            BuildError::io("read", folder, source)
        })?;
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        if files.len() == SOURCE_FILES_MAX {
            return Err(BuildError::TooLarge {
                what: format!("`{}`", folder.display()),
                max: format!("{SOURCE_FILES_MAX} files"),
            });
        }
        files.push(entry.into_path());
    }
    files.sort();
    Ok(files)
}

/// Everything below a folder but what `.gitignore` names and what tools make.
fn walk(folder: &Path, skipped: &'static [&'static str]) -> ignore::Walk {
    let is_project = folder.join("wkit.toml").is_file();
    WalkBuilder::new(folder)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        // A project that lies in an ignored folder of another one still has sources.
        .parents(false)
        .require_git(false)
        .filter_entry(move |entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            let made = SKIPPED.contains(&name)
                || skipped.contains(&name)
                || (is_project && entry.depth() == 1 && name == RESULTS);
            entry.depth() == 0 || !(made && entry.file_type().is_some_and(|kind| kind.is_dir()))
        })
        .build()
}

#[derive(Default)]
struct Hasher(Sha256);

impl Hasher {
    /// Every text goes in with its length, so that no two lists of texts look the same.
    fn word(&mut self, label: &str, text: &str) {
        for part in [label, text] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    fn file(&mut self, part: &str, name: &str, path: &Path) -> Result<(), BuildError> {
        self.word(part, name);
        let io = |source| BuildError::io("read", path, source);
        // Links are followed; one to a folder, or to nothing, counts by where it points.
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let contents = digest(File::open(path).map_err(io)?).map_err(io)?;
                self.word(if is_executable(&metadata) { "program" } else { "file" }, &contents);
            }
            _ => self.word(
                "link",
                &fs::read_link(path).map(|to| to.to_string_lossy().into_owned()).unwrap_or_default(),
            ),
        }
        Ok(())
    }

    fn finish(self) -> String {
        format!("sha256:{}", hex(&self.0.finalize()))
    }
}

/// The digest of all that can be read, in pieces: a source may be a large file of data.
fn digest(mut reader: impl Read) -> io::Result<String> {
    let mut contents = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(hex(&contents.finalize())),
            read => contents.update(&piece[..read]),
        }
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::super::wit::Wit;
    use super::super::{Options, Requirement, ToolError, ToolVersion, Tools};
    use super::*;

    struct Esperanto(&'static str);

    impl Language for Esperanto {
        fn name(&self) -> &'static str {
            "esperanto"
        }
        fn title(&self) -> &'static str {
            "Esperanto"
        }
        fn requirements(&self) -> &'static [Requirement] {
            &[]
        }
        fn markers(&self) -> &'static [&'static str] {
            &["vortaro.txt"]
        }
        fn skipped_folders(&self) -> &'static [&'static str] {
            &["made"]
        }
        fn installed(&self, folder: &Path) -> Vec<PathBuf> {
            vec![folder.join("made/lock")]
        }
        fn fingerprint_tools(&self, _: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
            Ok(vec![ToolVersion { tool: "compiler", version: self.0.to_owned() }])
        }
        fn compile(
            &self,
            _: &BuildInput<'_>,
            _: &Wit,
            _: &mut dyn FnMut(&str),
        ) -> Result<Vec<u8>, BuildError> {
            Ok(Vec::new())
        }
    }

    struct Project(tempfile::TempDir);

    impl Project {
        fn new() -> Self {
            let project = Self(tempfile::tempdir().unwrap());
            project.write("a/vortaro.txt", "saluton");
            project.write("a/.gitignore", "*.log\n");
            project.write("wit/a.wit", "package a:b; world w {}");
            project
        }

        fn write(&self, name: &str, text: &str) {
            let file = self.0.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }

        fn fingerprint_of(&self, version: &'static str, world: &str) -> String {
            let root = self.0.path();
            let tools = Tools::new(root.to_owned(), None);
            let input = BuildInput {
                name: "a",
                folder: &root.join("a"),
                wit: &root.join("wit"),
                world,
                work_folder: &root.join("work"),
                options: &Options::default(),
                release: false,
                tools: &tools,
            };
            fingerprint(&Esperanto(version), &input).unwrap()
        }

        fn fingerprint(&self) -> String {
            self.fingerprint_of("1", "w")
        }
    }

    #[test]
    fn the_place_plays_no_part() {
        assert_eq!(Project::new().fingerprint(), Project::new().fingerprint());
    }

    #[test]
    fn what_decides_the_result_changes_it() {
        let project = Project::new();
        let mut seen = vec![project.fingerprint()];
        let mut changed = |fingerprint: String| {
            assert!(!seen.contains(&fingerprint), "unchanged after change {}", seen.len());
            seen.push(fingerprint);
        };
        changed(project.fingerprint_of("2", "w"));
        changed(project.fingerprint_of("1", "x"));
        project.write("a/vortaro.txt", "adiau");
        changed(project.fingerprint());
        project.write("a/.hidden/config", "x");
        changed(project.fingerprint());
        project.write("a/new.txt", "");
        changed(project.fingerprint());
        project.write("wit/a.wit", "package a:b; world w { export f: func(); }");
        changed(project.fingerprint());
        project.write("a/made/lock", "installed");
        changed(project.fingerprint());
    }

    #[test]
    fn what_tools_made_does_not() {
        let project = Project::new();
        let before = project.fingerprint();
        for made in
            ["a/made/out.bin", "a/deep/made/out.bin", "a/.wkit/stamp", "a/.git/HEAD", "a/noise.log", "work/x"]
        {
            project.write(made, "made");
            assert_eq!(project.fingerprint(), before, "{made}");
        }
        // A file of that name is a source like any other.
        project.write("a/deep/sub/made", "x");
        assert_ne!(project.fingerprint(), before);
    }

    #[test]
    fn results_beside_a_project_file_do_not_count() {
        let project = Project::new();
        let before = project.fingerprint();
        project.write("a/build/mod.txt", "a source");
        let with_source = project.fingerprint();
        assert_ne!(with_source, before);
        project.write("a/wkit.toml", "");
        let in_project = project.fingerprint();
        project.write("a/build/a.wasm", "a result");
        assert_eq!(project.fingerprint(), in_project);
        project.write("a/deep/build/mod.txt", "a source");
        assert_ne!(project.fingerprint(), in_project);
    }

    #[test]
    fn outside_sources_count_once_they_change() {
        let project = Project::new();
        let before = project.fingerprint();
        project.write("elsewhere/lib.txt", "one");
        let files = std::collections::BTreeSet::from([project.0.path().join("elsewhere/lib.txt")]);
        fs::create_dir_all(project.0.path().join("work")).unwrap();
        outside::record(&project.0.path().join("work"), &files).unwrap();
        assert_eq!(project.fingerprint(), before);
        project.write("elsewhere/lib.txt", "two");
        assert_ne!(project.fingerprint(), before);
    }

    #[test]
    fn the_number_of_files_is_limited() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..SOURCE_FILES_MAX {
            File::create(folder.path().join(n.to_string())).unwrap();
        }
        assert_eq!(files(folder.path(), &[]).unwrap().len(), SOURCE_FILES_MAX);
        File::create(folder.path().join("one-more")).unwrap();
        assert!(matches!(files(folder.path(), &[]), Err(BuildError::TooLarge { .. })));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(matches!(files(Path::new("/nowhere/at/all"), &[]), Err(BuildError::Io { .. })));
    }
}
