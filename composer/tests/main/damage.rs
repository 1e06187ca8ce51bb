//! Inputs that are damaged, or valid and odd: an error or a result, and nothing else.

use wkit_composer::{Graph, Input, Plan, TreeStyle, compose};
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
        let mut bytes = damaged.bytes.read().unwrap().to_vec();
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
        assert!(wkit_interface::decode(&composition.bytes.to_vec().unwrap()).is_ok(), "{text}");
    }
}

/// A composition in a composition, with shims, shared instances and open imports.
fn nested() -> Vec<u8> {
    let compose = |inputs: &[Input]| compose(inputs, &Plan::default()).unwrap().bytes.to_vec().unwrap();
    let stock = shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;");
    let cart = shop("cart", "import shop:stock/stock@0.1.0; export shop:orders/cart@0.1.0;");
    let orders = Input { name: "orders".to_owned(), bytes: compose(&[stock, cart]).into() };
    let app =
        shop("app", "import shop:orders/cart@0.1.0; import shop:log/log@0.1.0; export wasi:cli/run@0.2.6;");
    compose(&[app, orders, shop("log", "export shop:log/log@0.1.0;")])
}

/// Everything that is made of a graph.
fn draw(graph: &Graph) {
    assert!(!graph.tree(&TreeStyle { exports: true, ..TreeStyle::default() }).is_empty());
    assert!(graph.dot().ends_with("}\n") && !graph.mermaid().is_empty());
    assert!(graph.html().is_ok_and(|html| html.ends_with("</html>\n")));
}

#[test]
fn graphs_of_cut_off_compositions() {
    let bytes = nested();
    for end in 0..bytes.len() {
        match Graph::read("it", &bytes[..end]) {
            // Custom sections at the end may be missing.
            Ok(graph) => draw(&graph),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn graphs_of_flipped_compositions() {
    let bytes = nested();
    let (mut drawn, mut refused) = (0, 0);
    for position in 8..bytes.len() {
        for bit in [position % 8, (position + 3) % 8] {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << bit;
            match Graph::read("it", &damaged) {
                Ok(graph) => {
                    drawn += 1;
                    if drawn % 20 == 0 {
                        draw(&graph);
                    }
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    assert!(drawn > 0 && refused > 0, "{drawn} {refused}");
}
