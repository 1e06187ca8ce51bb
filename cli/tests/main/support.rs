//! An empty home folder, the real `wkit`, and what it printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use wkit_fixtures::{golden, tools};

/// A folder to work in, with a home, a cache and no programs but what a test asks for.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    path: std::ffi::OsString,
    variables: Vec<(&'static str, PathBuf)>,
}

/// Every language, in the order of the matrix.
pub(crate) const LANGUAGES: [&str; 10] =
    ["rust", "c", "cpp", "go", "javascript", "typescript", "python", "zig", "assemblyscript", "module"];

/// Whether this machine has what a language needs; otherwise the test skips it, loudly, and fails in CI.
pub(crate) fn available(language: &str) -> bool {
    let ran = Sandbox::with_toolchains().wkit(&format!("toolchain doctor {language}"));
    if ran.code != Some(0) {
        tools::missing(&format!("{language} cannot be built here\n{}{}", ran.stdout, ran.stderr));
    }
    ran.code == Some(0)
}

/// What a command did.
pub(crate) struct Ran {
    command: String,
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    replacements: Vec<(String, String)>,
}

impl Sandbox {
    /// A sandbox in which no other program is found.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), path: "no-programs".into(), variables: Vec::new() }
    }

    /// A sandbox in which this machine's programs are found.
    pub(crate) fn with_programs() -> Self {
        Self { path: std::env::var_os("PATH").unwrap(), ..Self::new() }
    }

    /// A sandbox in which this machine's compilers work: they find what they have installed and cached.
    pub(crate) fn with_toolchains() -> Self {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        let folder = |variable: &'static str, default: &str| {
            let value = std::env::var_os(variable).filter(|value| !value.is_empty());
            (variable, value.map_or_else(|| home.join(default), PathBuf::from))
        };
        let mut variables = vec![
            folder("CARGO_HOME", ".cargo"),
            folder("GOCACHE", ".cache/go-build"),
            folder("GOPATH", "go"),
            folder("RUSTUP_HOME", ".rustup"),
            folder("npm_config_cache", ".npm"),
            ("WKIT_TOOLS", tools::folder()),
        ];
        variables.extend(std::env::var_os("RUSTUP_TOOLCHAIN").map(|name| ("RUSTUP_TOOLCHAIN", name.into())));
        // A pyenv or nvm of this machine is found by more than its path.
        let shims = ["PYENV_ROOT", "PYENV_VERSION", "NVM_DIR"];
        variables.extend(shims.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?.into()))));
        Self { variables, ..Self::with_programs() }
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command, ready for more arguments and variables.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", self.path("home"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs `wkit` with the words of `line`.
    pub(crate) fn wkit(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.wkit_words(&words, &[])
    }

    /// Runs `wkit` with arguments as they are, and variables.
    pub(crate) fn wkit_words(&self, words: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(env!("CARGO_BIN_EXE_wkit"));
        command.args(words).envs(variables.iter().copied());
        let output = command.output().unwrap();
        self.ran(&format!("wkit {}", words.join(" ")), &output)
    }

    fn ran(&self, command: &str, output: &Output) -> Ran {
        let folder = self.folder.path().display().to_string();
        Ran {
            command: command.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            replacements: vec![(folder, "[sandbox]".to_owned())],
        }
    }
}

impl Ran {
    /// Fails the test with all that was printed unless the command succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "`{}` failed\n{}{}", self.command, self.stdout, self.stderr);
        self
    }

    /// Shows `found` as `shown` in the golden file.
    pub(crate) fn replace(mut self, found: impl Into<String>, shown: &str) -> Self {
        self.replacements.push((found.into(), shown.to_owned()));
        self
    }

    /// Compares command, exit code and all that was printed with `tests/goldens/NAME.txt`.
    #[track_caller]
    pub(crate) fn golden(self, name: &str) {
        let code = self.code.map_or_else(|| "signal".to_owned(), |code| code.to_string());
        let mut text = format!("$ {}\nexit {code}\n", self.command);
        for (title, printed) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !printed.is_empty() {
                text += &format!("--- {title}\n{printed}");
            }
        }
        let replacements: Vec<(&str, &str)> =
            self.replacements.iter().map(|(found, shown)| (found.as_str(), shown.as_str())).collect();
        let text = golden::sanitise(&text, &replacements);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(format!("{name}.txt"));
        golden::assert_golden(file, &text);
    }
}
