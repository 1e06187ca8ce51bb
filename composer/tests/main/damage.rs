//! Inputs that are damaged, or valid and odd: an error or a result, and nothing else.

use wkit_composer::{Input, Plan, compose};
use wkit_fixtures::component::from_wat;

use crate::samples::shop;

#[test]
fn flipped_inputs() {
    let app =
        shop("app", "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;");
    let stock = shop(
        "stock",
        "import shop:log/log@0.1.0; export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;",
    );
    let plan = Plan { socket: Some("app".to_owned()), ..Plan::default() };
    let mut composed = 0;
    for position in 8..stock.bytes.len() {
        let mut damaged = stock.clone();
        let mut bytes = damaged.bytes.to_vec();
        bytes[position] ^= 1 << (position % 8);
        damaged.bytes = bytes.into();
        match compose(&[app.clone(), damaged], &plan) {
            Ok(composition) => composed += usize::from(!composition.bytes.is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(composed > 0, "a flipped byte of the code or of a name changes nothing that matters here");
}

#[test]
fn odd_components() {
    for text in [
        "(component)",
        r#"(component (import "i" (instance (export "j" (instance (export "f" (func)))))))"#,
        r#"(component (import "c" (component (import "x" (func)) (export "y" (func)))) (import "t" (type (sub resource))))"#,
        r#"(component (import "a:b/c@1.0.0" (instance $i (export "r" (type (sub resource))) (export "f" (func))))
             (export "a:b/c@1.0.0" (instance $i)) (export "d:e/f@1.0.0" (instance $i)))"#,
        r#"(component (type $t (record (field "a" u32))) (export $e "t" (type $t)))"#,
        r#"(component (import "a:b/c@1.0.0" (instance)) (import "a:b/c@1.2.0" (instance)))"#,
    ] {
        let odd = Input { name: "odd".to_owned(), bytes: from_wat(text).into() };
        let composition = compose(&[odd], &Plan::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(wkit_interface::decode(&composition.bytes.to_vec()).is_ok(), "{text}");
    }
}
