//! Calling exported functions with text.

use wkit_runtime_runner::limits::CALL_BYTES_MAX;
use wkit_runtime_runner::{CallError, Grants, InvokeError, Limits, Program, RunError};

use crate::support::{calc, load_wat};

fn invoke(program: &Program, call: &str) -> Result<Vec<String>, InvokeError> {
    program.invoke_blocking(call, Grants::default(), Limits::default())
}

#[track_caller]
fn result(call: &str) -> String {
    let results = invoke(calc(), call).unwrap_or_else(|error| panic!("{call}: {error}"));
    assert_eq!(results.len(), 1, "{call}");
    results.into_iter().next().unwrap()
}

#[track_caller]
fn call_error(call: &str) -> CallError {
    match invoke(calc(), call).unwrap_err() {
        InvokeError::Call(error) => error,
        other => panic!("{call}: {other}"),
    }
}

#[test]
fn every_type_goes_in_and_comes_out() {
    for (call, expected) in [
        ("add(1, 2)", "3"),
        ("  add ( 1 , 2 , ) ", "3"),
        ("add(4294967295, 1)", "0"),
        ("divide(7, 2)", "ok(3)"),
        ("divide(7, 0)", "err(\"division by zero\")"),
        ("area(dot)", "ok(0)"),
        ("area(circle(2))", "ok(12)"),
        ("area(circle(0.5))", "ok(0.75)"),
        ("area(polygon([]))", "err(\"0 corners\")"),
        ("area(polygon([{x: 0, y: 0}, {x: 4, y: 0}, {x: 0, y: 3.0, label: some(\"c\")}]))", "ok(6)"),
        (
            "move-by({x: 1, y: 2, label: some(\"a\\\"b\")}, (0.5, -1))",
            "{x: 1.5, y: 1, label: some(\"a\\\"b\")}",
        ),
        ("move-by({y: inf, x: nan}, (1, 1))", "{x: nan, y: inf}"),
        ("mix(red, red)", "some(red)"),
        ("mix(red, blue)", "none"),
        ("toggle({bold, italic}, {italic, underlined})", "{bold, underlined}"),
        ("toggle({}, {})", "{}"),
        ("repeat(\"ä\", '!', some(2))", "[\"ä!\", \"ä!\"]"),
        ("repeat(\"\", '\\n', none)", "[\"\\n\"]"),
        ("repeat(\"x\", '☃')", "[\"x☃\"]"),
        ("repeat(\"x\", 'y', some(0))", "[]"),
        (
            "numbers(-128, 32767, -9223372036854775808, 18446744073709551615, 1.25, true)",
            "(-128, 32767, -9223372036854775808, 18446744073709551615, 1.25, true)",
        ),
        ("check(2)", "ok"),
        ("check(3)", "err(\"3 is odd\")"),
    ] {
        assert_eq!(result(call), expected, "{call}");
    }
    assert_eq!(invoke(calc(), "nothing()").unwrap(), Vec::<String>::new());
}

#[test]
fn a_function_may_be_named_in_many_ways() {
    for name in [
        "shapes#scale",
        "shapes.scale",
        "shapes@0.1.0#scale",
        "wkit-fixtures:calc/shapes#scale",
        "wkit-fixtures:calc/shapes.scale",
        "wkit-fixtures:calc/shapes@0.1.0#scale",
        "wkit-fixtures:calc/shapes@0.1.0.scale",
    ] {
        assert_eq!(result(&format!("{name}(21)")), "42", "{name}");
    }
    assert_eq!(result("counters#scale(21)"), "210");
    assert_eq!(result("wkit-fixtures:calc/shapes@0.1.0#check(4)"), "ok");
}

#[test]
fn an_ambiguous_name_lists_what_it_could_be() {
    let error = call_error("scale(1)");
    assert_eq!(
        error.to_string(),
        "`scale` could be any of\
         \n  wkit-fixtures:calc/shapes@0.1.0#scale(number: u32) -> u32\
         \n  wkit-fixtures:calc/counters@0.1.0#scale(number: u32) -> u32"
    );
    assert_eq!(error.hint().unwrap(), "write the full name, such as `wkit-fixtures:calc/shapes@0.1.0#scale`");
}

#[test]
fn the_newest_version_is_not_guessed() {
    let program = load_wat(
        r#"(component
            (core module $module (func (export "f") (result i32) i32.const 7))
            (core instance $instance (instantiate $module))
            (func $f (result u32) (canon lift (core func $instance "f")))
            (instance $i (export "f" (func $f)))
            (export "a:b/c@0.1.0" (instance $i))
            (export "a:b/c@0.2.0" (instance $i)))"#,
    );
    let error = invoke(&program, "c#f()").unwrap_err();
    assert!(
        matches!(error, InvokeError::Call(CallError::Ambiguous { candidates, .. }) if candidates.len() == 2)
    );
    assert_eq!(invoke(&program, "c@0.2.0#f()").unwrap(), ["7"]);
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    for name in ["subtract", "shapes#add", "circles#area", "add#add"] {
        let error = call_error(&format!("{name}(1)"));
        let text = error.to_string();
        assert!(
            text.starts_with(&format!(
                "the component exports no function `{name}`; it exports\n  add(a: u32, b: u32) -> u32\n"
            )),
            "{text}"
        );
        assert!(
            text.contains("shapes@0.1.0#toggle(style: flags { bold, italic, underlined }, change: "),
            "{text}"
        );
    }
    let empty = load_wat("(component)");
    assert_eq!(
        invoke(&empty, "f()").unwrap_err().to_string(),
        "the component exports no function `f` and no other function either"
    );
}

#[test]
fn a_wrong_argument_is_named_with_its_type_and_text() {
    for (call, expected) in [
        ("add(1, \"two\")", "argument 2 (`b`) of `add`: expected u32, found `\"two\"`: invalid value type"),
        ("add(-1, 2)", "argument 1 (`a`) of `add`: expected u32, found `-1`: invalid value"),
        ("add(4294967296, 2)", "argument 1 (`a`) of `add`: expected u32, found `4294967296`: invalid value"),
        (
            "mix(red, purple)",
            "argument 2 (`other`) of `wkit-fixtures:calc/shapes@0.1.0#mix`: expected enum { red, green, blue }, \
             found `purple`: expected a enum { red, green, blue }; got purple",
        ),
        (
            "move-by({x: 1}, (1, 2))",
            "argument 1 (`start`) of `wkit-fixtures:calc/shapes@0.1.0#move-by`: \
             expected record { x: f64, y: f64, label: option<string> }, found `{x: 1}`: missing field \"y\"",
        ),
        (
            "area(polygon([{x: 1, y: true}]))",
            "argument 1 (`of`) of `wkit-fixtures:calc/shapes@0.1.0#area`: expected variant { dot, circle(f64), \
             polygon(list<record { x: f64, y: f64, label: option<string> }>) }, \
             found `polygon([{x: 1, y: true}])`: invalid value type (at `true`)",
        ),
    ] {
        assert_eq!(call_error(call).to_string(), expected, "{call}");
    }
}

#[test]
fn a_wrong_number_of_arguments_shows_the_signature() {
    for (call, found) in [("add()", 0), ("add(1)", 1), ("add(1, 2, 3)", 3)] {
        let error = call_error(call);
        assert_eq!(
            error.to_string(),
            format!("`add(a: u32, b: u32) -> u32` takes 2 arguments, found {found}")
        );
    }
    assert!(matches!(call_error("repeat(\"x\")"), CallError::ArgumentCount { expected: 3, found: 1, .. }));
}

#[test]
fn what_is_no_call_is_told_where() {
    for (call, reason) in [
        ("add", "there is no `(`"),
        ("", "there is no `(`"),
        ("(1, 2)", "there is no name before the `(`"),
        ("add(1, 2", "unexpected end of input at byte 8"),
        ("add(1 2)", "unexpected token: Number at byte 6"),
        ("add(1, 2) + 3", "trailing characters after value at byte 10"),
        ("add(1, 2) 3", "trailing characters after value at byte 10"),
        ("add(1, 2;)", "invalid token at byte 8"),
        ("add((), 2)", "empty tuple at byte 4"),
    ] {
        let CallError::Syntax { reason: found, .. } = call_error(call) else { panic!("{call}") };
        assert_eq!(found, reason, "{call}");
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    let pieces = [
        "add(", "area(", "mix(", "toggle(", "{", "}", "[", "]", ")", ",", ":", "'", "\"", "\\", "\\u{", "1",
        "-", "%", "x", "some(", "☃", "\"\"\"",
    ];
    for first in pieces {
        for second in pieces {
            for third in pieces {
                let call = format!("area({first}{second}{third})");
                drop(invoke_only_parse(&call));
                drop(invoke_only_parse(&format!("repeat({first}{second}{third}, 'x')")));
            }
        }
    }
    let deep = format!("area({}", "[".repeat(100_000));
    assert!(matches!(call_error(&deep), CallError::Syntax { .. }));
}

/// Tries a call that cannot succeed: the limits leave no room for an instance.
fn invoke_only_parse(call: &str) -> Result<Vec<String>, InvokeError> {
    calc().invoke_blocking(call, Grants::default(), Limits { instances_max: 0, ..Limits::default() })
}

#[test]
fn a_call_has_a_greatest_length() {
    let call = |bytes: usize| format!("repeat(\"{}\", '!', some(0))", "x".repeat(bytes - 24));
    assert_eq!(call(100).len(), 100);
    assert_eq!(result(&call(CALL_BYTES_MAX)), "[]");
    assert_eq!(
        call_error(&call(CALL_BYTES_MAX + 1)),
        CallError::TooLong { found_bytes: CALL_BYTES_MAX + 1, bytes_max: CALL_BYTES_MAX }
    );
}

#[test]
fn handles_have_no_text() {
    assert_eq!(
        call_error("open()").to_string(),
        "`wkit-fixtures:calc/counters@0.1.0#open` has a result of type list<own<resource>>, \
         and WAVE has no form for handles of resources"
    );
    let error = call_error("counters#[method]counter.next(1)");
    assert!(error.to_string().contains("has a parameter `self` of type borrow<resource>"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_trap_and_an_exit_are_not_results() {
    let InvokeError::Trapped(report) = invoke(calc(), "crash()").unwrap_err() else { panic!("no trap") };
    assert_eq!(report.message, "wasm `unreachable` instruction executed");
    assert!(matches!(invoke(calc(), "quit(1)"), Err(InvokeError::Exited(1))));
    assert!(matches!(invoke(calc(), "quit(0)"), Err(InvokeError::Exited(0))));
}

#[test]
fn each_call_has_a_fresh_instance() {
    let program = load_wat(
        r#"(component
            (core module $module
                (global $count (mut i32) (i32.const 0))
                (func (export "next") (result i32)
                    (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count)))
            (core instance $instance (instantiate $module))
            (func (export "next") (result u32) (canon lift (core func $instance "next"))))"#,
    );
    assert_eq!(invoke(&program, "next()").unwrap(), ["1"]);
    assert_eq!(invoke(&program, "next()").unwrap(), ["1"]);
}

#[test]
fn the_exports_are_listed_in_order() {
    let names: Vec<_> = calc().exports().map(|function| function.full_name()).collect();
    assert_eq!(names[..4], ["add", "divide", "crash", "quit"]);
    assert!(
        names.contains(&"wkit-fixtures:calc/counters@0.1.0#[constructor]counter".to_owned()),
        "{names:?}"
    );
    let add = calc().exports().next().unwrap();
    assert_eq!(add.to_string(), "add(a: u32, b: u32) -> u32");
    assert!(!add.signature.is_async);
}

#[test]
fn grants_are_checked_for_calls_too() {
    let grants = Grants::new().preopen("no such folder", "/in", wkit_runtime_runner::Access::ReadOnly);
    let error = calc().invoke_blocking("add(1, 2)", grants, Limits::default()).unwrap_err();
    assert!(matches!(error, InvokeError::Run(RunError::Grant(_))));
    assert!(error.hint().is_some());
}
