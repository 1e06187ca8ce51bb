//! What the generator writes, without running it: the engine's walk over stated values, and what is wrong with them.

use wkit_fixtures::component::{from_wit, wit_package};
use wkit_fixtures::values;

use super::*;

const STORE: &str = "package demo:it; world it { import demo:kv/store@0.1.0; import now: func() -> u64; export run: func(); }
    package demo:kv@0.1.0 { interface store {
        record entry { key: string, size: u32, note: option<string> }
        variant fault { gone, full(u64) }
        flags rights { read, write }
        resource bucket { constructor(name: string); get: func(key: string) -> option<string>; size: static func() -> u8; }
        open: func(name: string, rights: rights) -> result<bucket, fault>;
        entries: func() -> list<entry>;
        fixed: func() -> list<u8, 3>;
        count: func(of: option<string>) -> u32;
    } }";

fn store(answers: &str) -> Result<Stub, MockError> {
    let source = from_wit(STORE, "it");
    mock(&Mock { source: &source, answers: Answers::parse(answers)?, ..Mock::default() })
}

/// Reads the text as arguments, and writes them as the engine does.
#[test]
fn every_value_is_written_as_it_was_read() {
    let source = wit_package(&values::world());
    let StubWorld { resolve, world } =
        world::stub_world(&source, None, &Imports::default(), false).expect("the world can be mocked");
    let exports = exports(&resolve, world);
    let mut data = Data::new(65_536);
    let mut types = Types::new(&resolve, world);
    let laid = lay_out(&resolve, world, &exports, &mut types, &mut data).expect("the types can be laid out");
    for (index, (ty, text)) in values::all().enumerate() {
        let index =
            exports.iter().position(|export| export.shown == format!("put{index}")).expect("a function");
        let types::Kind::Tuple(members) = &types.get(laid[index].parameters).kind else { panic!("no tuple") };
        let node = members[1].node;
        let mut writer = value::Writer {
            data: &mut data,
            types: &types,
            counters: &[],
            compares: true,
            fills: Vec::new(),
        };
        let Ok(at) = writer.text(node, text) else { panic!("{ty}: {text}") };
        let mut walk = walk::Walk::new(&data, &[], true);
        walk.value(types.get(node).address, walk::Place::At(at));
        assert_eq!(walk.text, text, "{ty}");
    }
}

#[test]
fn a_stub_exports_what_is_imported() {
    let stub =
        store("now = '17'\n[\"demo:kv/store\"]\nopen = ['ok(_)', 'ok(7)', 'err(full(9))', 'trap']").unwrap();
    assert_eq!(stub.mocked, ["now", "demo:kv/store@0.1.0"]);
    assert_eq!(stub.imports, Vec::<String>::new());
    let stated: Vec<&str> = stub
        .functions
        .iter()
        .filter(|function| function.answer == AnswerKind::Stated)
        .map(|function| function.function.as_str())
        .collect();
    assert_eq!(stated, ["now", "open"]);
    assert_eq!(stub.functions.iter().filter(|function| function.answer == AnswerKind::Trap).count(), 6);
}

#[test]
fn errors_name_function_type_and_place() {
    let cases = [
        ("nw = '1'", "`the world` has no function `nw`, found `now`", "did you mean `now`?", "nw"),
        (
            "[\"demo:kv/stor\"]\nget = '1'",
            "no interface `demo:kv/stor` is mocked, found `demo:kv/store@0.1.0`",
            "did you mean `demo:kv/store@0.1.0`?",
            "\"demo:kv/stor\"",
        ),
        (
            "[\"demo:kv/store\"]\n\"bucket.gt\" = 'none'",
            "`demo:kv/store@0.1.0` has no function `bucket.gt`, found `bucket.constructor`, `bucket.get`, `bucket.size`, `open`, `entries`, `fixed`, `count`",
            "did you mean `bucket.get`?",
            "\"bucket.gt\"",
        ),
        (
            "now = '-1'",
            "the result of `now`: expected `u64`, found `-1` (the smallest is 0 and the largest 18446744073709551615)",
            "",
            "-1",
        ),
        ("now = '\"x\"'", "the result of `now`: expected `u64`, found `\"x\"`", "", "\"x\""),
        (
            "now = '1 2'",
            "the result of `now`: expected `u64`, found `2` (there is more than one value)",
            "",
            "2",
        ),
        ("now = ''", "the result of `now`: expected `u64`, found the end", "", ""),
        (
            "[\"demo:kv/store\"]\nentries = '[{key: \"a\", sise: 1}]'",
            "the result of `demo:kv/store@0.1.0#entries`: expected `entry`, found `sise` (there is no field `sise`; did you mean `size`?)",
            "",
            "sise",
        ),
        (
            "[\"demo:kv/store\"]\nentries = '[{key: \"a\"}]'",
            "the result of `demo:kv/store@0.1.0#entries`: expected `entry`, found `{` (the field `size` is missing)",
            "",
            "{",
        ),
        (
            "[\"demo:kv/store\"]\nfixed = '[1, 2]'",
            "the result of `demo:kv/store@0.1.0#fixed`: expected `list<u8, 3>`, found `[` (expected 3 elements, found 2)",
            "",
            "[",
        ),
        (
            "[\"demo:kv/store\"]\nopen = 'err(ful(1))'",
            "the result of `demo:kv/store@0.1.0#open`: expected `fault`, found `ful` (there is no case `ful`; did you mean `full`?)",
            "",
            "ful",
        ),
        (
            "[\"demo:kv/store\"]\nopen = 'err(full)'",
            "the result of `demo:kv/store@0.1.0#open`: expected `fault`, found `full` (`full` needs a value of type `u64`)",
            "",
            "full",
        ),
        (
            "[\"demo:kv/store\"]\nopen = 'ok(\"b\")'",
            "the result of `demo:kv/store@0.1.0#open`: expected `bucket`, found `\"b\"` (a handle is `_` for a new number, or the number that it has)",
            "",
            "\"b\"",
        ),
        (
            "[\"demo:kv/store\"]\nopen.when = [{ args = '(\"a\", {red})', returns = 'ok(_)' }]",
            "argument 2 (`rights`) of `demo:kv/store@0.1.0#open`: expected `rights`, found `red` (there is no flag `red`; did you mean `read`?)",
            "",
            "red",
        ),
        (
            "[\"demo:kv/store\"]\nopen.when = [{ args = '(\"a\")', returns = 'ok(_)' }]",
            "the arguments of `demo:kv/store@0.1.0#open`: expected `(string, rights)`, found `)` (argument 2 (`rights`) is missing)",
            "",
            ")",
        ),
        (
            "[\"demo:kv/store\"]\ncount.when = [{ args = '(_, _)', returns = '1' }]",
            "the arguments of `demo:kv/store@0.1.0#count`: expected `(option<string>)`, found `_` (the function takes 1 arguments)",
            "",
            "_",
        ),
        (
            "[\"demo:kv/store\"]\nentries = '[{key: _, size: 1}, '",
            "the result of `demo:kv/store@0.1.0#entries`: expected `list<entry>`, found the end (the list does not end)",
            "",
            "",
        ),
    ];
    for (answers, message, hint, place) in cases {
        let error = store(answers).unwrap_err();
        assert_eq!(error.to_string(), message, "{answers}");
        assert_eq!(error.hint().unwrap_or_default(), hint, "{answers}");
        let place_found = error.span().map(|span| &answers[span]);
        assert_eq!(place_found, Some(place), "{answers}");
    }
}

#[test]
fn what_can_be_left_out_may_be() {
    // Options in records and at the end of arguments, `some(…)` and `ok(…)` around plain values.
    store("[\"demo:kv/store\"]\n\"bucket.get\" = '\"x\"'\nopen = '3'\ncount.when = [{ args = '()', returns = '1' }]").unwrap();
}

#[test]
fn worlds_and_imports_are_chosen() {
    let two = wit_package("package demo:two; interface a { f: func(); } world one { import a; } world two { import a; import wasi:cli/stdin@0.2.0; }
        package wasi:cli@0.2.0 { interface stdin { g: func(); } }");
    let error = |world, imports| mock(&Mock { source: &two, world, imports, ..Mock::default() }).unwrap_err();
    let shown = |error: MockError| (error.to_string(), error.hint().unwrap_or_default());
    assert_eq!(
        shown(error(None, Imports::default())),
        (
            "the WIT package has several worlds: `one`, `two`".to_owned(),
            "name one, for example `--world one`".to_owned()
        )
    );
    assert_eq!(
        shown(error(Some("tow"), Imports::default())),
        ("no world `tow`, found `one`, `two`".to_owned(), "did you mean `two`?".to_owned())
    );
    assert_eq!(
        shown(error(Some("two"), Imports::Only(vec!["demo:two/b".to_owned()]))),
        (
            "no import `demo:two/b`, found `demo:two/a`, `wasi:cli/stdin@0.2.0`".to_owned(),
            "did you mean `demo:two/a`?".to_owned()
        )
    );
    let all = Imports::Except(vec!["*".to_owned()]);
    assert_eq!(
        error(Some("two"), all).to_string(),
        "nothing to mock: all imports are left out: `demo:two/a`, `wasi:cli/stdin@0.2.0`"
    );
    let mocked = |imports| {
        mock(&Mock { source: &two, world: Some("two"), imports, ..Mock::default() }).unwrap().mocked
    };
    assert_eq!(mocked(Imports::default()), ["demo:two/a"]);
    assert_eq!(mocked(Imports::Only(vec!["wasi:*".to_owned()])), ["wasi:cli/stdin@0.2.0"]);
    let none = from_wit("package demo:none; world it { export run: func(); }", "it");
    assert_eq!(
        mock(&Mock { source: &none, ..Mock::default() }).unwrap_err().to_string(),
        "nothing to mock: there are no imports"
    );
}

#[test]
fn the_engine_is_small_and_of_its_source() {
    let composer = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (sources, prebuilt) = (composer.join("mock-engine"), composer.join("prebuilt"));
    wkit_fixtures::prebuilt::assert_current(&sources, &prebuilt, "composer/mock-engine/build.sh");
    assert!(module::ENGINE.len() <= 100 * 1024, "{} bytes", module::ENGINE.len());
}

#[test]
fn limits_hold() {
    let answer = |len: usize| format!("[\"demo:kv/store\"]\n\"bucket.get\" = '\"{}\"'", "x".repeat(len - 2));
    store(&answer(crate::limits::MOCK_VALUE_BYTES_MAX)).unwrap();
    let error = store(&answer(crate::limits::MOCK_VALUE_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a value of 1048577 bytes is stated for `demo:kv/store@0.1.0#bucket.get`, the limit is 1048576 bytes"
    );
    // A list of fixed length is written in whole.
    let big = |len: usize| {
        let wit = format!("package demo:big; world it {{ import f: func() -> list<u8, {len}>; }}");
        mock(&Mock { source: &wit_package(&wit), otherwise: Otherwise::Default, ..Mock::default() })
    };
    // Tables and names take a little room too.
    big(crate::limits::MOCK_DATA_BYTES_MAX - 1000).unwrap();
    assert_eq!(big(crate::limits::MOCK_DATA_BYTES_MAX + 1).unwrap_err(), MockError::TooLarge);
}

#[test]
fn the_same_input_makes_the_same_stub() {
    let answers = "now = '17'\n[\"demo:kv/store\"]\nopen = 'ok(_)'";
    assert_eq!(store(answers).unwrap().bytes, store(answers).unwrap().bytes);
}
