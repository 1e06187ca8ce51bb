//! Every language × template: created, built, tested as the language's people do, and run or served.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use wkit_fixtures::tools;

use crate::support::{Ran, Sandbox, available};

/// What is special about one language.
#[derive(Default)]
struct Habits {
    /// Commands that must succeed in the new folder, such as the test; words are split at spaces.
    commands: &'static [&'static str],
    /// Templates beside `command`, `library` and `http`.
    more: &'static [&'static str],
    /// Keys for `wkit.toml` in a component that is made with `--wit`.
    skeleton_builds: bool,
}

/// Makes every template of a language in a sandbox of its own.
fn every_template(language: &str, habits: &Habits) {
    if !available(language) {
        return;
    }
    let sandbox = Sandbox::with_toolchains();
    for template in ["command", "library", "http"].iter().chain(habits.more) {
        let line = format!("new {template}/greeter --lang {language} --template {template}");
        sandbox.wkit(&line).ok();
        let folder = sandbox.path(&format!("{template}/greeter"));
        let project = folder.display().to_string();
        let wkit = |words: &[&str]| sandbox.wkit_words(&[&["--project", &project], words].concat(), &[]);
        wkit(&["build"]).ok();
        wkit(&["bindings"]).ok();
        is_formatted(&sandbox, language, &folder);
        for command in habits.commands {
            run_in(&sandbox, &folder, command);
        }
        let again = wkit(&["bindings", "--check"]).ok();
        assert!(again.stderr.is_empty() || again.stderr.contains("by itself"), "{}", again.stderr);
        wkit(&["build"]).ok();
        assert!(wkit(&["build"]).ok().stdout.contains("unchanged"), "{language} {template} is built again");
        let component = folder.join("build/greeter.wasm").display().to_string();
        try_it(&sandbox, template, &component);
    }
    skeleton(&sandbox, language, habits);
}

/// Asks the formatter of the language's people whether it would change anything; rustfmt is among Rust's commands.
fn is_formatted(sandbox: &Sandbox, language: &str, folder: &Path) {
    let (program, arguments, endings): (_, &[&str], &[&str]) = match language {
        "c" | "cpp" => ("clang-format", &["--dry-run", "--Werror"], &["c", "cpp", "h"]),
        "go" => ("gofmt", &["-d"], &["go"]),
        "javascript" | "typescript" | "assemblyscript" => ("prettier", &["--check"], &["js", "mjs", "ts"]),
        "python" => ("black", &["--check", "--quiet"], &["py"]),
        _ => return,
    };
    let Some(program) = tools::find(program) else { return };
    // What `.gitignore` names is generated, installed or built.
    let ignored = std::fs::read_to_string(folder.join(".gitignore")).unwrap();
    let ignored: Vec<&str> =
        ignored.lines().filter_map(|line| line.trim_matches('/').rsplit('/').next()).collect();
    let sources = sources(folder, endings, &ignored);
    assert!(!sources.is_empty(), "{language} has no sources in {}", folder.display());
    let output = sandbox.command(&program).args(arguments).args(&sources).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    let is_quiet = language != "go" || said[0].is_empty();
    assert!(output.status.success() && is_quiet, "{language} is not formatted:\n{}{}", said[0], said[1]);
}

/// The files with these endings, but for those whose names are ignored.
fn sources(folder: &Path, endings: &[&str], ignored: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if ignored.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path, endings, ignored));
        } else if endings.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
            found.push(path);
        }
    }
    found
}

/// Runs the component as its README says.
fn try_it(sandbox: &Sandbox, template: &str, component: &str) {
    let run =
        |words: &[&str]| -> Ran { sandbox.wkit_words(&[&["run", component], words].concat(), &[]).ok() };
    match template {
        "command" => {
            assert_eq!(run(&[]).stdout, "Hello, world!\n");
            assert_eq!(run(&["--", "Ada"]).stdout, "Hello, Ada!\n");
        }
        "library" => {
            assert_eq!(run(&["--invoke", "greet(\"Grüße\")"]).stdout, "\"Hello, Grüße!\"\n");
        }
        "http" => {
            let server = Server::start(sandbox, component);
            assert_eq!(server.get("/"), (200, "Hello, world!\n".to_owned()));
            assert_eq!(server.get("/?name=Ada"), (200, "Hello, Ada!\n".to_owned()));
            assert_eq!(server.get("/elsewhere").0, 404);
        }
        // What else there is says in its README how it is called; that it was built and tested is proven above.
        _ => {}
    }
}

/// A component for the WIT of the pairing matrix: everything is there to be filled in, and it builds as it is.
fn skeleton(sandbox: &Sandbox, language: &str, habits: &Habits) {
    let wit = tools::repository().join("fixtures/pairs/wit").display().to_string();
    for world in ["provider", "consumer"] {
        let folder = format!("skeleton/{world}");
        sandbox.wkit_words(&["new", &folder, "--lang", language, "--wit", &wit, "--world", world], &[]).ok();
        let project = sandbox.path(&folder).display().to_string();
        if habits.skeleton_builds {
            sandbox.wkit_words(&["--project", &project, "build"], &[]).ok();
        }
    }
}

fn run_in(sandbox: &Sandbox, folder: &Path, line: &str) {
    let mut words = line.split(' ');
    let output = sandbox.command(words.next().unwrap()).args(words).current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "`{line}` failed in {}\n{}{}",
        folder.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `wkit serve`, until it is dropped.
struct Server {
    child: std::process::Child,
    address: String,
}

impl Server {
    fn start(sandbox: &Sandbox, component: &str) -> Self {
        let mut child = sandbox
            .command(env!("CARGO_BIN_EXE_wkit"))
            .args(["serve", component, "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut address) = (String::new(), None);
        while address.is_none() && stderr.read_line(&mut said).unwrap() > 0 {
            let words = said.split_whitespace();
            address = words
                .filter_map(|word| word.strip_prefix("http://"))
                .next_back()
                .map(|address| address.trim_end_matches(|c: char| !c.is_ascii_digit()).to_owned());
        }
        // What the server says later must not fill the pipe.
        std::thread::spawn(move || drop(std::io::copy(&mut stderr, &mut std::io::sink())));
        Self { child, address: address.unwrap_or_else(|| panic!("no address in: {said}")) }
    }

    /// The status and the body of an answer.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

#[test]
fn rust() {
    let commands = &["cargo fmt --check", "cargo test --quiet --offline"];
    every_template("rust", &Habits { commands, more: &["async"], skeleton_builds: true });
}

#[test]
fn c() {
    every_template("c", &Habits { commands: &["make test"], skeleton_builds: true, ..Habits::default() });
}

#[test]
fn cpp() {
    every_template("cpp", &Habits { commands: &["make test"], skeleton_builds: true, ..Habits::default() });
}

#[test]
fn go() {
    let commands = &["go vet ./...", "go test ./..."];
    every_template("go", &Habits { commands, skeleton_builds: true, ..Habits::default() });
}

#[test]
fn javascript() {
    every_template(
        "javascript",
        &Habits { commands: &["npm test"], skeleton_builds: true, ..Habits::default() },
    );
}

#[test]
fn typescript() {
    let commands = &["npm install --prefer-offline --no-audit --no-fund", "npm test"];
    every_template("typescript", &Habits { commands, skeleton_builds: true, ..Habits::default() });
}

#[test]
fn python() {
    let Some(pytest) = tools::find("pytest") else { return };
    let command = format!("{} -q -p no:cacheprovider", pytest.display()).leak();
    let commands: &'static [&'static str] = vec![&*command].leak();
    every_template("python", &Habits { commands, more: &["async"], skeleton_builds: true });
}

#[test]
fn zig() {
    every_template("zig", &Habits { skeleton_builds: true, ..Habits::default() });
}

#[test]
fn assemblyscript() {
    let commands = &["npm install --prefer-offline --no-audit --no-fund", "npm test"];
    every_template("assemblyscript", &Habits { commands, skeleton_builds: true, ..Habits::default() });
}

#[test]
fn module() {
    every_template("module", &Habits { skeleton_builds: true, ..Habits::default() });
}
