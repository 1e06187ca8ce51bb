//! What a command of WASI 0.2 is given, and how it ends.

use std::path::Path;

use bytes::Bytes;
use wkit_runtime_runner::{Capture, Grants, Input, Limits, Outcome, Output, RunError, Runner, RunnerConfig};

use crate::support::{calc, load_wat, probe, run, run_with};

#[test]
fn arguments_arrive_in_order() {
    assert_eq!(run(probe(), &["args", "a", "", "ä b"]).output(), "a||ä b");
}

#[test]
fn the_environment_is_what_was_granted() {
    let grants = Grants::new().env("B", "old").env("A", "1=2").env("B", "");
    assert_eq!(run_with(probe(), &["env"], grants, Limits::default()).output(), "A=1=2|B=");
}

#[test]
fn an_environment_variable_needs_a_name() {
    for name in ["", "A=B", "A\0"] {
        let error = probe().run_blocking(Grants::new().env(name, "x"), Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected the name of an environment variable, found `{name}`")
        );
    }
}

#[test]
fn standard_input_is_empty_or_what_was_granted() {
    assert_eq!(run(probe(), &["stdin"]).output(), "");
    let grants = Grants::new().stdin(Input::Bytes(Bytes::from_static(b"some text")));
    assert_eq!(run_with(probe(), &["stdin"], grants, Limits::default()).output(), "some text");
}

#[test]
fn discarded_output_does_not_trouble_the_guest() {
    let grants = Grants::new().arguments(["guest", "write-out", "100000"]);
    assert_eq!(probe().run_blocking(grants, Limits::default()).unwrap(), Outcome::Exited(0));
}

#[test]
fn a_capture_keeps_no_more_than_its_limit() {
    for (written, kept, truncated) in [("5000", 5000, false), ("5001", 5000, true)] {
        let capture = Capture::new(5000);
        let grants =
            Grants::new().arguments(["guest", "write-out", written]).stdout(Output::Capture(capture.clone()));
        assert_eq!(probe().run_blocking(grants, Limits::default()).unwrap(), Outcome::Exited(0));
        assert_eq!((capture.contents().len(), capture.is_truncated()), (kept, truncated));
    }
}

#[test]
fn exiting_without_a_code_is_0_or_1() {
    // Rust's library for WASI 0.2 knows success and failure only.
    for (asked, code) in [("0", 0), ("1", 1), ("7", 1)] {
        assert_eq!(run(probe(), &["exit", asked]).outcome, Outcome::Exited(code));
    }
}

#[test]
fn exit_codes_come_through() {
    for code in [0_u8, 1, 7, 134, 255] {
        let program = load_wat(&format!(
            r#"(component
                (import "wasi:cli/exit@0.2.12" (instance $exit
                    (export "exit-with-code" (func (param "status-code" u8)))))
                (core func $exit (canon lower (func $exit "exit-with-code")))
                (core module $module
                    (import "wasi" "exit" (func $exit (param i32)))
                    (func (export "run") (result i32) (call $exit (i32.const {code})) unreachable))
                (core instance $instance (instantiate $module
                    (with "wasi" (instance (export "exit" (func $exit))))))
                (func $run (result (result)) (canon lift (core func $instance "run")))
                (instance $command (export "run" (func $run)))
                (export "wasi:cli/run@0.2.12" (instance $command)))"#
        ));
        let outcome = program.run_blocking(Grants::default(), Limits::default()).unwrap();
        assert_eq!(outcome, Outcome::Exited(code));
    }
}

#[test]
fn returning_err_is_code_1() {
    assert_eq!(run(probe(), &["fail"]).outcome, Outcome::Exited(1));
}

#[test]
fn a_trap_is_reported_with_what_and_where() {
    let Outcome::Trapped(report) = run(probe(), &["trap"]).outcome else { panic!("no trap") };
    assert_eq!(report.message, "wasm `unreachable` instruction executed");
    assert!(report.frames.len() >= 2, "{report}");
    assert!(report.frames[0].module_offset_bytes.is_some());
    assert_eq!(report.limit, None);
}

#[test]
fn a_trap_names_functions_in_readable_form() {
    let program = load_wat(
        r#"(component
            (core module $module (@name "kitchen")
                (func $inner (@name "_ZN7kitchen4burn17h0123456789abcdefE") unreachable)
                (func $outer (@name "cook") call $inner)
                (func (export "run") (result i32) call $outer i32.const 0))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#,
    );
    let Outcome::Trapped(report) = program.run_blocking(Grants::default(), Limits::default()).unwrap() else {
        panic!("no trap")
    };
    let functions: Vec<_> = report.frames.iter().map(|frame| frame.function.as_deref()).collect();
    assert_eq!(functions, [Some("kitchen::burn"), Some("cook"), None]);
    assert_eq!(report.frames[0].module.as_deref(), Some("kitchen"));
    let text = report.to_string();
    assert!(
        text.starts_with("wasm `unreachable` instruction executed\n  0: kitchen!kitchen::burn (offset 0x"),
        "{text}"
    );
    assert!(text.contains("\n  2: kitchen!function 2 (offset 0x"), "{text}");
}

#[test]
fn a_trap_names_its_source_only_when_asked() {
    let component = with_debugging_information(
        "(module\n  (func (export \"run\") (result i32)\n    unreachable))",
        r#"(component
            (core module $module (func (export "run") (result i32) i32.const 0))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#,
    );
    for backtrace_details in [false, true] {
        let config = RunnerConfig { backtrace_details, ..RunnerConfig::default() };
        let program = Runner::new(&config).unwrap().load(&component).unwrap();
        let Outcome::Trapped(report) = program.run_blocking(Grants::default(), Limits::default()).unwrap()
        else {
            panic!("no trap")
        };
        let source = report.frames[0].source.as_ref();
        assert_eq!(source.map(|place| place.line), backtrace_details.then_some(Some(3)), "{report}");
        assert_eq!(report.to_string().contains(" at "), backtrace_details, "{report}");
        assert_eq!(report.to_string().contains("trap.wat:3"), backtrace_details, "{report}");
    }
}

/// `component` with its only core module replaced by `module`, which gets debugging information.
fn with_debugging_information(module: &str, component: &str) -> Vec<u8> {
    let module = wat::Parser::new()
        .generate_dwarf(wat::GenerateDwarf::Full)
        .parse_str(Some(Path::new("trap.wat")), module)
        .unwrap();
    let component = wkit_fixtures::component::from_wat(component);
    // After the preamble of eight bytes: section 1, a core module, with a length of one byte.
    assert!(component[8] == 1 && component[9] < 0x80);
    let (preamble, rest) = (&component[..8], &component[10 + usize::from(component[9])..]);
    let mut length = module.len();
    let mut spliced = [preamble, &[1]].concat();
    while length >= 0x80 {
        spliced.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    spliced.push(length as u8);
    [spliced.as_slice(), &module, rest].concat()
}

#[test]
fn endless_recursion_is_a_trap() {
    let Outcome::Trapped(report) = run(probe(), &["overflow"]).outcome else { panic!("no trap") };
    assert!(
        ["call stack exhausted", "out of bounds"].iter().any(|words| report.message.contains(words)),
        "{report}"
    );
}

#[test]
fn a_library_is_not_a_command() {
    let error = calc().run_blocking(Grants::default(), Limits::default()).unwrap_err();
    assert!(!calc().is_command());
    assert_eq!(
        error.to_string(),
        "the component is not a command: it does not export `wasi:cli/run` in a version 0.2 or 0.3"
    );
    assert_eq!(error.hint().unwrap(), "it exports functions; call one of them by its name");
}

#[test]
fn a_command_of_an_unknown_version_is_named() {
    let program = load_wat(
        r#"(component
            (core module $module (func (export "run") (result i32) i32.const 0))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.4.0" (instance $command)))"#,
    );
    let error = program.run_blocking(Grants::default(), Limits::default()).unwrap_err();
    assert!(matches!(&error, RunError::NotACommand { found, .. } if found == &["wasi:cli/run@0.4.0"]));
    assert!(error.to_string().ends_with(", found `wasi:cli/run@0.4.0`"), "{error}");
}

#[test]
fn runs_share_nothing() {
    let threads: Vec<_> = (0..4)
        .map(|number: u32| {
            std::thread::spawn(move || {
                let number = number.to_string();
                assert_eq!(run(probe(), &["args", &number]).output(), number);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn a_run_works_on_a_runtime_of_the_caller() {
    let grants = Grants::new().arguments(["guest", "exit", "1"]);
    assert_eq!(probe().run(grants, Limits::default()).await.unwrap(), Outcome::Exited(1));
}
