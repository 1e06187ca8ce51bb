//! One engine and one compilation of each guest for all tests.

use std::sync::LazyLock;

use wkit_fixtures::prebuilt;
use wkit_runtime_runner::{Capture, Grants, Limits, Outcome, Output, Program, Runner, RunnerConfig};

static RUNNER: LazyLock<Runner> = LazyLock::new(|| Runner::new(&RunnerConfig::default()).unwrap());
static PROBE: LazyLock<Program> = LazyLock::new(|| load(&prebuilt::probe()));
static CALC: LazyLock<Program> = LazyLock::new(|| load(&prebuilt::calc()));
static TIDE: LazyLock<Program> = LazyLock::new(|| load(&prebuilt::tide()));

pub(crate) fn runner() -> &'static Runner {
    &RUNNER
}

/// The command of WASI 0.2.
pub(crate) fn probe() -> &'static Program {
    &PROBE
}

/// The library.
pub(crate) fn calc() -> &'static Program {
    &CALC
}

/// The command and library of WASI 0.3.
pub(crate) fn tide() -> &'static Program {
    &TIDE
}

pub(crate) fn load(bytes: &[u8]) -> Program {
    RUNNER.load(bytes).unwrap()
}

pub(crate) fn load_wat(text: &str) -> Program {
    load(&wkit_fixtures::component::from_wat(text))
}

/// How a run ended and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The standard output of a run that ended well.
    #[track_caller]
    pub(crate) fn output(&self) -> &str {
        assert_eq!(self.outcome, Outcome::Exited(0), "{self:?}");
        self.stdout.trim_end_matches('\n')
    }

    /// What a guest said that was refused something.
    #[track_caller]
    pub(crate) fn refusal(&self) -> &str {
        assert!(matches!(self.outcome, Outcome::Exited(1)), "{self:?}");
        self.stderr.trim_end().strip_prefix("refused: ").unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// Runs `program` with `arguments` after a program's name, and with what else is in `grants`.
pub(crate) fn run_with(program: &Program, arguments: &[&str], grants: Grants, limits: Limits) -> Ran {
    let (stdout, stderr) = (Capture::new(1 << 20), Capture::new(1 << 20));
    let grants = grants
        .argument("guest")
        .arguments(arguments.iter().copied())
        .stdout(Output::Capture(stdout.clone()))
        .stderr(Output::Capture(stderr.clone()));
    let outcome = program.run_blocking(grants, limits).unwrap();
    let text = |capture: Capture| String::from_utf8(capture.contents().to_vec()).unwrap();
    Ran { outcome, stdout: text(stdout), stderr: text(stderr) }
}

/// Runs `program` with `arguments` and nothing else.
pub(crate) fn run(program: &Program, arguments: &[&str]) -> Ran {
    run_with(program, arguments, Grants::default(), Limits::default())
}

/// Runs `program` without so much as a program's name.
pub(crate) fn run_bare(program: &Program) -> Ran {
    let stdout = Capture::new(1 << 20);
    let outcome = program
        .run_blocking(Grants::new().stdout(Output::Capture(stdout.clone())), Limits::default())
        .unwrap();
    Ran { outcome, stdout: String::from_utf8(stdout.contents().to_vec()).unwrap(), stderr: String::new() }
}
