//! Each limit, at it and past it, by guests that run into it.

use std::time::Duration;

use wkit_runtime_runner::{
    Grants, InvokeError, LimitReached, Limits, Outcome, Program, RunError, Runner, RunnerConfig,
};

use crate::support::{load_wat, probe, run_with, runner, tide};

const PAGE_BYTES: usize = 64 << 10;

fn memory(memory_bytes_max: usize) -> Limits {
    Limits { memory_bytes_max, ..Limits::default() }
}

/// A component of `instances` core instances, each with a memory of `pages` and a table of `elements`.
fn of_parts(instances: usize, pages: usize, elements: usize) -> Program {
    let parts = "(core instance (instantiate $part))\n".repeat(instances - 1);
    load_wat(&format!(
        r#"(component
            (core module $part (memory {pages}) (table {elements} funcref))
            {parts}
            (core module $main (memory {pages}) (table $table {elements} funcref)
                (func (export "run") (result i32) i32.const 0)
                (func (export "grow-memory") (param i32) (result i32) (memory.grow (local.get 0)))
                (func (export "grow-table") (param i32) (result i32)
                    (table.grow $table (ref.null func) (local.get 0))))
            (core instance $main (instantiate $main))
            (func (export "grow-memory") (param "pages" s32) (result s32)
                (canon lift (core func $main "grow-memory")))
            (func (export "grow-table") (param "elements" s32) (result s32)
                (canon lift (core func $main "grow-table")))
            (func $run (result (result)) (canon lift (core func $main "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#
    ))
}

#[test]
fn memory_at_the_start() {
    let program = of_parts(3, 2, 0);
    let exactly = 3 * 2 * PAGE_BYTES;
    assert_eq!(program.run_blocking(Grants::default(), memory(exactly)).unwrap(), Outcome::Exited(0));
    let error = program.run_blocking(Grants::default(), memory(exactly - 1)).unwrap_err();
    assert!(
        matches!(
            error,
            RunError::LimitReached(LimitReached::Memory { asked_bytes, bytes_max })
                if asked_bytes == exactly && bytes_max == exactly - 1
        ),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn memory_while_running() {
    let program = of_parts(2, 1, 0);
    let limits = memory(4 * PAGE_BYTES);
    let grow = |call: &str| program.invoke_blocking(call, Grants::default(), limits).unwrap();
    assert_eq!(grow("grow-memory(2)"), ["1"], "exactly the limit");
    assert_eq!(
        grow("grow-memory(3)"),
        ["-1"],
        "one page past it: the guest is told, as the specification says"
    );
    assert_eq!(grow("grow-memory(-1)"), ["-1"]);
}

#[test]
fn a_guest_that_copes_with_less_memory_goes_on() {
    let ran = run_with(probe(), &["grow", "100000000"], Grants::default(), memory(16 << 20));
    assert_eq!(ran.refusal(), "OutOfMemory: out of memory");
    let ran = run_with(probe(), &["grow", "100000000"], Grants::default(), memory(128 << 20));
    assert_eq!(ran.output(), "100000000");
}

#[test]
fn a_trap_for_want_of_memory_names_the_limit() {
    let ran = run_with(probe(), &["abort-growing", "100000000"], Grants::default(), memory(16 << 20));
    let Outcome::Trapped(report) = &ran.outcome else { panic!("{ran:?}") };
    assert!(matches!(report.limit, Some(LimitReached::Memory { bytes_max, .. }) if bytes_max == 16 << 20));
    assert!(report.to_string().contains("more than its limit of 16777216"), "{report}");
}

#[test]
fn table_elements() {
    let program = of_parts(2, 0, 10);
    let limits = |table_elements_max| Limits { table_elements_max, ..Limits::default() };
    assert_eq!(program.run_blocking(Grants::default(), limits(20)).unwrap(), Outcome::Exited(0));
    let error = program.run_blocking(Grants::default(), limits(19)).unwrap_err();
    assert!(
        matches!(
            error,
            RunError::LimitReached(LimitReached::TableElements { asked_elements: 20, elements_max: 19 })
        ),
        "{error}"
    );
    let grow = |call: &str| program.invoke_blocking(call, Grants::default(), limits(25)).unwrap();
    assert_eq!(grow("grow-table(5)"), ["10"]);
    assert_eq!(grow("grow-table(6)"), ["-1"]);
}

#[test]
fn instances() {
    let program = of_parts(4, 0, 0);
    let limits = |instances_max| Limits { instances_max, ..Limits::default() };
    assert_eq!(program.run_blocking(Grants::default(), limits(4)).unwrap(), Outcome::Exited(0));
    let error = program.run_blocking(Grants::default(), limits(3)).unwrap_err();
    assert!(matches!(error, RunError::LimitReached(LimitReached::Instances { instances_max: 3 })), "{error}");
}

fn with_deadlines() -> Runner {
    Runner::new(&RunnerConfig { deadlines: true, ..RunnerConfig::default() }).unwrap()
}

fn wall_time(ms: u64) -> Limits {
    Limits { wall_time_max: Some(Duration::from_millis(ms)), ..Limits::default() }
}

fn out_of_time(ms: u64) -> Outcome {
    Outcome::Stopped(LimitReached::WallTime { wall_time_max: Duration::from_millis(ms) })
}

#[test]
fn time_runs_out_for_a_guest_that_computes() {
    let program = with_deadlines().load(&wkit_fixtures::prebuilt::probe()).unwrap();
    let ran = run_with(&program, &["spin"], Grants::default(), wall_time(50));
    assert_eq!(ran.outcome, out_of_time(50));
}

#[test]
fn time_runs_out_for_a_guest_that_waits() {
    let runner = with_deadlines();
    for bytes in [wkit_fixtures::prebuilt::probe(), wkit_fixtures::prebuilt::tide()] {
        let program = runner.load(&bytes).unwrap();
        let ran = run_with(&program, &["sleep"], Grants::default(), wall_time(50));
        assert_eq!(ran.outcome, out_of_time(50));
    }
}

#[test]
fn time_runs_out_for_a_start_function() {
    let program = with_deadlines()
        .load(&wkit_fixtures::component::from_wat(
            r#"(component
                (core module $module (func $spin (loop br 0)) (start $spin) (func (export "f")))
                (core instance $instance (instantiate $module))
                (func (export "f") (canon lift (core func $instance "f"))))"#,
        ))
        .unwrap();
    let error = program.invoke_blocking("f()", Grants::default(), wall_time(50)).unwrap_err();
    assert!(matches!(error, InvokeError::Stopped(LimitReached::WallTime { .. })), "{error}");
}

#[test]
fn one_guest_out_of_time_leaves_the_others_alone() {
    let program = with_deadlines().load(&wkit_fixtures::prebuilt::probe()).unwrap();
    let spinning = {
        let program = program.clone();
        std::thread::spawn(move || run_with(&program, &["spin"], Grants::default(), wall_time(50)).outcome)
    };
    // Without a limit, and with one that is far away.
    let far = Limits { wall_time_max: Some(Duration::MAX), ..Limits::default() };
    while !spinning.is_finished() {
        assert_eq!(run_with(&program, &["args", "x"], Grants::default(), Limits::default()).output(), "x");
        assert_eq!(run_with(&program, &["args", "x"], Grants::default(), far).output(), "x");
    }
    assert_eq!(spinning.join().unwrap(), out_of_time(50));
}

#[test]
fn a_time_limit_needs_a_runner_with_deadlines() {
    let error = probe().run_blocking(Grants::default(), wall_time(50)).unwrap_err();
    assert!(matches!(error, RunError::DeadlinesOff));
    let error = tide().invoke_blocking("sum([1])", Grants::default(), wall_time(50)).unwrap_err();
    assert!(matches!(error, InvokeError::Run(RunError::DeadlinesOff)));
}

#[test]
fn the_engine_can_be_set_up_twice() {
    let program = runner().clone().load(&wkit_fixtures::component::from_wat("(component)")).unwrap();
    assert_eq!(program.exports().count(), 0);
}
