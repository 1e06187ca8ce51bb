//! What nothing fills is filled by stubs.

use wkit_composer::{
    Imports, Input, Missing, Otherwise, Plan, PlannedOpen, StubError, Stubbed, compose, compose_with_stubs,
};

use crate::samples::{input, open, shop, wires};

fn stubbed(inputs: &[Input], plan: &Plan, missing: &Missing) -> Stubbed {
    compose_with_stubs(inputs, plan, missing).unwrap_or_else(|error| panic!("{error}"))
}

fn shown(stubbed: &Stubbed) -> Vec<String> {
    let names = |stub: &wkit_composer::StubbedImport| {
        let users: Vec<&str> = stub.importers.iter().map(|importer| importer.instance.as_str()).collect();
        format!("{} <- {} for {}", stub.import, stub.stub, users.join(", "))
    };
    stubbed.stubs.iter().map(names).collect()
}

/// An app over a cart over stock, which is not there; both log, and nothing takes the logs.
fn shop_without_stock() -> Vec<Input> {
    vec![
        shop(
            "app",
            "import shop:orders/cart@0.1.0; import shop:log/log@0.1.0; import wasi:cli/environment@0.2.6; export wasi:cli/run@0.2.6;",
        ),
        shop(
            "cart",
            "import shop:stock/stock@0.1.0; import shop:log/log@0.1.0; export shop:orders/cart@0.1.0;",
        ),
    ]
}

#[test]
fn everything_but_wasi_is_stubbed_once() {
    let result = stubbed(&shop_without_stock(), &Plan::default(), &Missing::default());
    assert_eq!(
        shown(&result),
        [
            "shop:log/log@0.1.0 <- stub for app, cart",
            "shop:stock/stock@0.1.0 <- stub for cart",
            "shop:types/catalog@0.1.0 <- stub for app, cart",
        ]
    );
    assert_eq!(open(&result.composition), ["wasi:cli/environment@0.2.6"]);
    let functions: Vec<&str> =
        result.stubs[1].functions.iter().map(|function| function.function.as_str()).collect();
    assert_eq!(functions, ["count", "open-shelf"]);
    // The component itself says what is not real in it.
    let producers = wkit_interface::producers(&result.composition.bytes.to_vec().unwrap()).unwrap();
    let text = serde_json::to_string(&producers).unwrap();
    assert!(text.contains("a stub that stands for"), "{text}");
}

#[test]
fn only_what_is_named_is_stubbed() {
    let imports = Imports::Only(vec!["shop:log/*".to_owned(), "wasi:cli/environment".to_owned()]);
    let missing = Missing { imports, otherwise: Otherwise::Default };
    let result = stubbed(&shop_without_stock(), &Plan::default(), &missing);
    assert_eq!(
        shown(&result),
        ["shop:log/log@0.1.0 <- stub for app, cart", "wasi:cli/environment@0.2.6 <- stub for app"]
    );
    assert_eq!(open(&result.composition), ["shop:types/catalog@0.1.0", "shop:stock/stock@0.1.0"]);
}

#[test]
fn what_is_open_by_choice_stays_open() {
    let left = PlannedOpen { importer: None, import: "shop:log/log".to_owned() };
    let plan = Plan { open: vec![left], allow_open: Some(vec!["wasi:*".to_owned()]), ..Plan::default() };
    let result = stubbed(&shop_without_stock(), &plan, &Missing::default());
    assert_eq!(open(&result.composition), ["shop:log/log@0.1.0", "wasi:cli/environment@0.2.6"]);
}

#[test]
fn nothing_missing_changes_nothing() {
    let mut inputs = shop_without_stock();
    inputs.push(shop("log", "export shop:log/log@0.1.0;"));
    inputs.push(shop("stock", "export shop:types/catalog@0.1.0; export shop:stock/stock@0.1.0;"));
    let result = stubbed(&inputs, &Plan::default(), &Missing::default());
    assert_eq!(shown(&result), Vec::<String>::new());
    assert_eq!(
        result.composition.bytes.to_vec().unwrap(),
        compose(&inputs, &Plan::default()).unwrap().bytes.to_vec().unwrap()
    );
}

/// The stock is missing, but the catalog with its resource comes from inside, and the stub must use that one.
#[test]
fn a_resource_from_inside_is_the_same_for_the_stub() {
    let mut inputs = shop_without_stock();
    inputs.push(shop("types", "export shop:types/catalog@0.1.0;"));
    let result = stubbed(&inputs, &Plan::default(), &Missing::default());
    assert!(
        shown(&result).iter().any(|line| line.starts_with("shop:stock/stock@0.1.0 <- ")),
        "{:?}",
        shown(&result)
    );
    assert!(
        wires(&result.composition)
            .iter()
            .any(|wire| wire.starts_with("stub") && wire.ends_with("shop:types/catalog@0.1.0 <- types")),
        "{:?}",
        wires(&result.composition)
    );
    assert_eq!(open(&result.composition), ["wasi:cli/environment@0.2.6"]);
}

#[test]
fn the_name_of_a_stub_is_one_that_is_free() {
    let mut inputs = shop_without_stock();
    inputs.push(shop("stub", "export shop:log/log@0.1.0;"));
    let result = stubbed(&inputs, &Plan::default(), &Missing::default());
    assert!(
        shown(&result).contains(&"shop:stock/stock@0.1.0 <- stub-2 for cart".to_owned()),
        "{:?}",
        shown(&result)
    );
}

#[test]
fn what_cannot_be_composed_is_refused_as_before() {
    let wit = "package test:it; world it { import a: func(); export b: func(); }";
    let inputs = [input("one", wit, "it"), input("one", wit, "it")];
    let error = compose_with_stubs(&inputs, &Plan::default(), &Missing::default()).unwrap_err();
    assert!(matches!(error, StubError::Compose(_)), "{error}");
    assert_eq!(error.to_string(), "two components are named `one`");
}
