//! The files of `docs/ci`: what they run does what they say, in a repository of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wkit_fixtures::tools;

use crate::check::{OLD, git, new, repository};
use crate::support::Sandbox;

/// A command in the sandbox that finds `wkit` beside the machine's programs.
fn command(sandbox: &Sandbox, program: impl AsRef<Path>) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_wkit")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut command = sandbox.command(program);
    command.env("PATH", path);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.path(name)).unwrap_or_default()
}

fn head(sandbox: &Sandbox) -> String {
    let output = command(sandbox, "git").args(["rev-parse", "HEAD"]).output().unwrap();
    text(&output).trim().to_owned()
}

fn file(name: &str) -> PathBuf {
    tools::repository().join(name)
}

#[test]
fn the_hook_refuses_what_breaks() {
    let sandbox = repository(OLD);
    let hook = sandbox.path(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::copy(file("docs/ci/git/pre-commit"), &hook).unwrap();
    git(&sandbox, ".", "config wkit.path wit");
    let commit = |message: &str| {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example"];
        command(&sandbox, "git")
            .args(identity)
            .args(["commit", "--quiet", "-a", "-m", message])
            .output()
            .unwrap()
    };
    sandbox.write("README.md", "Nothing of WIT.");
    git(&sandbox, ".", "add README.md");
    let other = commit("other");
    assert!(other.status.success() && text(&other).is_empty(), "{}", text(&other));
    sandbox.write("wit/store.wit", new());
    let refused = commit("breaks");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("does not replace `git:HEAD#wit`"), "{}", text(&refused));
    sandbox.write("wit/store.wit", new().replace("0.2.7", "0.3.0"));
    let taken = commit("a major version");
    assert!(taken.status.success(), "{}", text(&taken));
}

/// A fix that is not staged does not let a break through, and a break that is not staged does not stop a commit.
#[test]
fn the_hook_looks_at_what_is_staged() {
    let sandbox = repository(OLD);
    let hook = sandbox.path(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::copy(file("docs/ci/git/pre-commit"), &hook).unwrap();
    git(&sandbox, ".", "config wkit.path wit");
    let commit = |message: &str| {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example"];
        command(&sandbox, "git").args(identity).args(["commit", "--quiet", "-m", message]).output().unwrap()
    };
    // A package that the folder has and git does not.
    sandbox.write(".git/info/exclude", "wit/deps/\n");
    sandbox.write("wit/deps/log/log.wit", "package acme:log; interface log { enum level { low, high } }\n");
    let more = "@since(version = 0.2.7)\ninterface more {\n  @since(version = 0.2.7)\n  use acme:log/log.{level};\n  \
                @since(version = 0.2.7)\n  keep: func(level: level);\n}\n";
    let version =
        |text: &str, version: &str| text.replace("acme:kv@0.2.6", version).replace("acme:kv@0.2.7", version);
    sandbox.write("wit/more.wit", more);
    sandbox.write("wit/store.wit", version(OLD, "acme:kv@0.2.7"));
    git(&sandbox, ".", "add wit");
    let taken = commit("uses a package that is not committed");
    assert!(taken.status.success(), "{}", text(&taken));

    sandbox.write("wit/store.wit", version(&new(), "acme:kv@0.2.8"));
    git(&sandbox, ".", "add wit");
    sandbox.write("wit/store.wit", version(OLD, "acme:kv@0.2.8"));
    let refused = commit("breaks");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("does not replace `git:HEAD#wit`"), "{}", text(&refused));

    git(&sandbox, ".", "add wit");
    let breaks = version(&new(), "acme:kv@0.2.8");
    sandbox.write("wit/store.wit", &breaks);
    let taken = commit("another version");
    assert!(taken.status.success(), "{}", text(&taken));
    assert_eq!(read(&sandbox, "wit/store.wit"), breaks, "the folder stays as it was");
}

#[test]
fn the_script_for_github_marks_lines_and_writes_reports() {
    let sandbox = repository(&new());
    let base = head(&sandbox);
    let run = |variables: &[(&str, &str)]| {
        for name in ["output", "summary"] {
            let _ = std::fs::remove_file(sandbox.path(name));
        }
        std::fs::create_dir_all(sandbox.path("runner")).unwrap();
        command(&sandbox, file("docs/ci/github/check.sh"))
            .env("RUNNER_TEMP", sandbox.path("runner"))
            .env("GITHUB_OUTPUT", sandbox.path("output"))
            .env("GITHUB_STEP_SUMMARY", sandbox.path("summary"))
            .env("WKIT_BASE", &base)
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let breaks = run(&[("WKIT_PATH", "wit")]);
    assert_eq!(breaks.status.code(), Some(1), "{}", text(&breaks));
    assert!(text(&breaks).contains("\n::error file=wit/store.wit,line="), "{}", text(&breaks));
    assert!(read(&sandbox, "summary").contains("breaking changes"), "{}", read(&sandbox, "summary"));
    let outputs = read(&sandbox, "output");
    assert!(outputs.contains("result=findings\n"), "{outputs}");
    let sarif = outputs.lines().find_map(|line| line.strip_prefix("sarif=")).unwrap();
    let sarif = std::fs::read_to_string(Path::new(sarif).join("0.sarif")).unwrap();
    assert!(sarif.contains("\"2.1.0\""), "{sarif}");
    // Nothing to compare with, other options, and what cannot be checked.
    for (variables, code, result) in [
        (&[("WKIT_PATH", "wit"), ("WKIT_AGAINST", "none")][..], 0, "fine"),
        (&[("WKIT_PATH", "wit"), ("WKIT_BASE", "0000000000000000000000000000000000000000")], 0, "fine"),
        (
            &[
                ("WKIT_PATH", "wit"),
                (
                    "WKIT_ARGS",
                    "--level FUNC_SAME_PARAM_TYPE=off --level RESOURCE_MEMBER_NO_DELETE=off --level VERSION_BUMP_REQUIRED=off",
                ),
            ],
            0,
            "fine",
        ),
        (&[("WKIT_PATH", "\n  wit\n\nmissing\n")], 2, "error"),
    ] {
        let ran = run(variables);
        assert_eq!(ran.status.code(), Some(code), "{variables:?}\n{}", text(&ran));
        assert!(read(&sandbox, "output").contains(&format!("result={result}\n")), "{}", text(&ran));
    }
    // What is new has no base.
    sandbox.write("later/store.wit", OLD);
    let later = run(&[("WKIT_PATH", "later")]);
    assert_eq!(later.status.code(), Some(0), "{}", text(&later));
    assert!(text(&later).contains("later is new"), "{}", text(&later));
}

#[test]
fn the_job_for_gitlab_writes_its_reports() {
    let sandbox = repository(&new());
    let base = head(&sandbox);
    let job = std::fs::read_to_string(file("docs/ci/gitlab/wkit-check.yml")).unwrap();
    let script: String = job
        .lines()
        .skip_while(|line| *line != "    - |")
        .skip(1)
        .take_while(|line| line.starts_with("      "))
        .map(|line| line.trim_start_matches("      ").to_owned() + "\n")
        .collect();
    let run = |variables: &[(&str, &str)]| {
        // As its runners do.
        command(&sandbox, "bash")
            .args(["-eo", "pipefail", "-c", &script])
            .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base)
            .env("WKIT_PATH", "wit")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let breaks = run(&[]);
    assert_eq!(breaks.status.code(), Some(1), "{}", text(&breaks));
    assert!(read(&sandbox, "gl-code-quality-report.json").contains("\"severity\": \"major\""));
    assert!(read(&sandbox, "wkit-check.xml").contains("<failure "));
    let alone = run(&[("WKIT_AGAINST", "none")]);
    assert_eq!(alone.status.code(), Some(0), "{}", text(&alone));
    let missing = run(&[("WKIT_PATH", "missing")]);
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing));
}

/// By the schemas that the services publish.
#[test]
fn the_files_are_what_the_services_expect() {
    let Some(checker) = tools::find("check-jsonschema") else { return };
    for (schema, name) in [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "docs/ci/github/workflow.yml"),
        ("vendor.gitlab-ci", "docs/ci/gitlab/wkit-check.yml"),
    ] {
        let sandbox = Sandbox::with_programs();
        let output =
            sandbox.command(&checker).args(["--builtin-schema", schema]).arg(file(name)).output().unwrap();
        assert!(output.status.success(), "{name}\n{}", text(&output));
    }
}

/// The hook of the repository itself, run by the program that reads it.
#[test]
fn the_hook_for_pre_commit_runs() {
    let Some(runner) = tools::find("pre-commit") else { return };
    let valid = Sandbox::with_programs();
    let output =
        valid.command(&runner).arg("validate-manifest").arg(file(".pre-commit-hooks.yaml")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    // The same hook, as a project names it: fetching this repository is no part of the test.
    let sandbox = repository(OLD);
    let hooks = std::fs::read_to_string(file(".pre-commit-hooks.yaml")).unwrap();
    let hook: String = hooks.lines().map(|line| format!("      {line}\n")).collect();
    let hook = hook.replace("args: [--against, \"git:HEAD\"]", "args: [wit, --against, \"git:HEAD\"]");
    sandbox.write(".pre-commit-config.yaml", format!("repos:\n  - repo: local\n    hooks:\n{hook}"));
    let run = || {
        git(&sandbox, ".", "add .");
        command(&sandbox, &runner).args(["run", "--color", "never"]).output().unwrap()
    };
    sandbox.write("README.md", "Nothing of WIT.");
    let other = run();
    assert!(other.status.success() && text(&other).contains("Skipped"), "{}", text(&other));
    sandbox.write("wit/store.wit", new());
    let breaks = run();
    assert!(!breaks.status.success(), "{}", text(&breaks));
    assert!(text(&breaks).contains("does not replace `git:HEAD#wit`"), "{}", text(&breaks));
}
