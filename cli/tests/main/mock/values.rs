//! Values of every type come back as they were stated, and arguments of every type are recorded as they came.

use wasmtime::component::Val;
use wasmtime::component::wasm_wave::wasm::DisplayValue;
use wkit_composer::Otherwise;
use wkit_fixtures::values::{MORE_TYPES, TYPES, all, world};

use super::host::{Host, stub};

#[test]
fn every_value_comes_back_as_it_was_stated() {
    let texts: Vec<&str> = all().map(|(_, text)| text).collect();
    let mut answers = String::from("[\"demo:all/types\"]\n");
    for (index, text) in texts.iter().enumerate() {
        answers.push_str(&format!("get{index} = '''{text}'''\nput{index} = '_'\n"));
    }
    let mut host = Host::new(&stub(&world(), &answers, Otherwise::Trap));
    let interface = "demo:all/types@1.0.0";
    let mut expected_calls = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let value = host.call(interface, &format!("get{index}"), &[]).expect("a result");
        match MORE_TYPES.get(index.wrapping_sub(TYPES.len())) {
            None => assert_eq!(DisplayValue(&value).to_string(), *text),
            Some((_, _, shown)) => assert_eq!(format!("{value:?}"), *shown),
        }
        // What came back is passed in, so the recorded argument is what was stated.
        host.call(interface, &format!("put{index}"), &[Val::U8(1), value, Val::Float32(2.5)]);
        expected_calls.push(format!("{interface} get{index} () = {text}"));
        expected_calls.push(format!("{interface} put{index} (1, {text}, 2.5)"));
    }
    assert_eq!(host.calls(), expected_calls);
}
