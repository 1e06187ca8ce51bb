//! Which answer is given, and what is recorded.

use wasmtime::component::Val;
use wkit_composer::Otherwise;

use super::host::{Host, stub};

const STORE: &str = "package demo:it; world it { import demo:kv/store@0.1.0; import now: func() -> u64; }
    package demo:kv@0.1.0 { interface store {
        resource bucket { constructor(name: string); get: func(key: string) -> option<string>; size: static func() -> u8; }
        open: func(name: string) -> result<bucket>;
        take: func(bucket: bucket, others: list<borrow<bucket>>) -> bool;
        get: func(key: string, depth: option<u8>) -> option<string>;
        later: async func(key: string) -> string;
        pipe: func(source: stream<u8>) -> stream<u8>;
        promise: func(source: future<string>) -> future<option<bucket>>;
        put: func(key: string);
    } }";

const KV: &str = "demo:kv/store@0.1.0";

fn host(answers: &str, otherwise: Otherwise) -> Host {
    Host::new(&stub(STORE, answers, otherwise))
}

fn string(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn some(text: &str) -> Val {
    Val::Option(Some(Box::new(string(text))))
}

#[test]
fn answers_come_in_turn_and_the_last_one_repeats() {
    let mut host = host("now = ['1', '22', '_']", Otherwise::Trap);
    let got: Vec<Option<Val>> = (0..4).map(|_| host.call("", "now", &[])).collect();
    assert_eq!(got, [Some(Val::U64(1)), Some(Val::U64(22)), Some(Val::U64(0)), Some(Val::U64(0))]);
}

#[test]
fn arguments_choose_the_answer() {
    let answers = r#"
        ["demo:kv/store"]
        get = { when = [
            { args = '("a", some(1))', returns = 'some("first")' },
            { args = '("a", _)', returns = ['some("second")', 'trap'] },
            { args = '("b")', returns = 'some("third")' },
        ] }
    "#;
    let mut host = host(answers, Otherwise::Trap);
    let mut get = |key: &str, depth: Option<u8>| {
        let depth = Val::Option(depth.map(|depth| Box::new(Val::U8(depth))));
        host.try_call(KV, "get", &[string(key), depth]).map_err(|error| format!("{error:?}"))
    };
    assert_eq!(get("a", Some(1)), Ok(Some(some("first"))));
    assert_eq!(get("a", Some(2)), Ok(Some(some("second"))));
    assert_eq!(get("b", None), Ok(Some(some("third"))));
    assert_eq!(get("a", Some(1)), Ok(Some(some("first"))));
    let trap = get("b", Some(1)).unwrap_err();
    assert!(trap.contains("mock: demo:kv/store@0.1.0#get has no answer for these arguments"), "{trap}");
}

#[test]
fn without_a_match_the_default_is_given_where_that_is_wanted() {
    let answers = "[\"demo:kv/store\"]\nget.when = [{ args = '(\"a\", _)', returns = 'some(\"x\")' }]";
    let mut host = host(answers, Otherwise::Default);
    let none = Val::Option(None);
    assert_eq!(host.call(KV, "get", &[string("a"), none.clone()]), Some(some("x")));
    assert_eq!(host.call(KV, "get", &[string("b"), none.clone()]), Some(none));
}

#[test]
fn traps_say_what_was_called() {
    let mut first = host("now = 'trap'", Otherwise::Trap);
    assert!(first.trap("", "now", &[]).contains("mock: now traps, as is stated"));
    let mut second = host("", Otherwise::Trap);
    let trap = second.trap(KV, "put", &[string("a")]);
    assert!(trap.contains("mock: demo:kv/store@0.1.0#put has no answer"), "{trap}");
}

#[test]
fn resources_have_numbers() {
    let answers = "[\"demo:kv/store\"]\nopen = ['ok(70)', 'ok(_)']\ntake.when = [{ args = '(1, [70])', returns = 'true' }]";
    let mut host = host(answers, Otherwise::Default);
    let made = host.call(KV, "[constructor]bucket", &[string("a")]).unwrap();
    let mut open = || match host.call(KV, "open", &[string("b")]) {
        Some(Val::Result(Ok(Some(handle)))) => *handle,
        other => panic!("{other:?}"),
    };
    let (stated, fresh) = (open(), open());
    assert_eq!(host.call(KV, "[method]bucket.get", &[stated.clone(), string("k")]), Some(Val::Option(None)));
    assert_eq!(host.call(KV, "[static]bucket.size", &[]), Some(Val::U8(0)));
    assert_eq!(host.call(KV, "take", &[made, Val::List(vec![stated.clone()])]), Some(Val::Bool(true)));
    host.drop(fresh);
    host.drop(stated);
    assert_eq!(
        host.calls(),
        [
            "demo:kv/store@0.1.0 bucket.constructor (\"a\") = 1",
            "demo:kv/store@0.1.0 open (\"b\") = ok(70)",
            "demo:kv/store@0.1.0 open (\"b\") = ok(2)",
            "demo:kv/store@0.1.0 bucket.get (70, \"k\") = none",
            "demo:kv/store@0.1.0 bucket.size () = 0",
            "demo:kv/store@0.1.0 take (1, [70]) = true",
            "demo:kv/store@0.1.0 bucket.drop (1)",
            "demo:kv/store@0.1.0 bucket.drop (2)",
            "demo:kv/store@0.1.0 bucket.drop (70)",
        ]
    );
}

#[test]
fn records_can_be_counted_and_cleared() {
    let mut host = host("", Otherwise::Default);
    for _ in 0..3 {
        host.call(KV, "put", &[string("a")]);
    }
    let calls = "wkit:mock/calls@0.1.0";
    assert_eq!(host.call(calls, "total", &[]), Some(Val::U64(3)));
    assert_eq!(host.calls(), ["demo:kv/store@0.1.0 put (\"a\")"; 3]);
    host.call(calls, "clear", &[]);
    assert_eq!(host.calls(), Vec::<String>::new());
    assert_eq!(host.call(calls, "total", &[]), Some(Val::U64(0)));
}

#[test]
fn texts_beyond_the_limit_are_counted_and_not_kept() {
    let mut host = host("", Otherwise::Default);
    // With brackets and quotes each call has 4 MiB, and 16 MiB are kept.
    let text = string(&"x".repeat((4 << 20) - 4));
    for _ in 0..5 {
        host.call(KV, "put", std::slice::from_ref(&text));
    }
    assert_eq!(host.calls().len(), 4);
    assert_eq!(host.call("wkit:mock/calls@0.1.0", "total", &[]), Some(Val::U64(5)));
}

/// Streams, futures and async functions go through another component, as only a guest can hold their ends.
#[test]
fn async_functions_and_futures_can_be_answered() {
    let answers =
        "[\"demo:kv/store\"]\nlater.when = [{ args = '(\"a\")', returns = '\"x\"' }]\npromise = 'some(7)'";
    let mut host = host(answers, Otherwise::Default);
    assert_eq!(host.call(KV, "later", &[string("a")]), Some(string("x")));
    assert_eq!(host.call(KV, "later", &[string("b")]), Some(string("")));
    assert_eq!(
        host.calls(),
        ["demo:kv/store@0.1.0 later (\"a\") = \"x\"", "demo:kv/store@0.1.0 later (\"b\") = \"\""]
    );
}
