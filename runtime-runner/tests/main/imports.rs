//! What the host does not provide.

use wkit_fixtures::component::from_wit;
use wkit_runtime_runner::{Grants, InvokeError, Limits, RunError};

use crate::support::{load, load_wat, probe};

const SHOP: &str = "
    package shop:orders@0.1.0;
    interface tax {
        record rate { percent: u32 }
        rate-of: func(country: string) -> option<rate>;
        countries: func() -> list<string>;
    }
    interface stock {
        resource shelf { constructor(name: string); count: func() -> u32; }
    }
    interface names { type name = string; }
    world till {
        import tax;
        import stock;
        import names;
        import log: func(line: string);
        export total: func() -> u32;
    }
";

#[test]
fn all_missing_imports_are_named_at_once() {
    let program = load(&from_wit(SHOP, "till"));
    let missing = program.missing_imports().expect("a till needs tax");
    let mut names: Vec<_> = missing.imports.iter().map(|import| import.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["log", "shop:orders/stock@0.1.0", "shop:orders/tax@0.1.0"]);
    let tax = missing.imports.iter().find(|import| import.name.ends_with("tax@0.1.0")).unwrap();
    assert_eq!(tax.items, ["rate-of", "countries"]);
    assert_eq!(tax.host_version, None);

    let error = program.invoke_blocking("total()", Grants::default(), Limits::default()).unwrap_err();
    assert!(matches!(&error, InvokeError::Run(RunError::MissingImports(found)) if found == missing));
    let text = error.to_string();
    assert!(text.starts_with("the component has 3 imports that this host does not provide:\n  `"), "{text}");
    assert!(text.contains("\n  `shop:orders/tax@0.1.0` (`rate-of`, `countries`)"), "{text}");
    assert!(error.hint().unwrap().starts_with("compose it with a component that exports `"));
}

#[test]
fn one_missing_import_is_one_line() {
    let wit = "package shop:orders@0.1.0; interface tax { rate: func() -> u32; } world till { import tax; export f: func(); }";
    let error = load(&from_wit(wit, "till"))
        .invoke_blocking("f()", Grants::default(), Limits::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the component imports `shop:orders/tax@0.1.0` (`rate`), which this host does not provide"
    );
    assert_eq!(
        error.hint().unwrap(),
        "compose it with a component that exports `shop:orders/tax@0.1.0`, and run the composition"
    );
}

#[test]
fn what_wasi_has_elsewhere_is_named_too() {
    let program = load_wat(
        r#"(component
            (import "wasi:keyvalue/store@0.2.0" (instance (export "handle" (func))))
            (import "wasi:cli/environment@0.2.3" (instance (export "get-arguments" (func (result (list string)))))))"#,
    );
    let missing = program.missing_imports().unwrap();
    assert_eq!(missing.imports.len(), 1, "{missing}");
    assert_eq!(missing.imports[0].name, "wasi:keyvalue/store@0.2.0");
    assert!(missing.hint().starts_with("this host provides `wasi:cli` and `wasi:http` 0.2 and 0.3"));
}

#[test]
fn a_newer_function_of_a_known_interface_is_told_apart() {
    let program = load_wat(
        r#"(component
            (import "wasi:cli/environment@0.2.99" (instance
                (export "get-arguments" (func (result (list string))))
                (export "set-environment" (func)))))"#,
    );
    let missing = program.missing_imports().unwrap();
    assert_eq!(
        missing.to_string(),
        "the component imports `wasi:cli/environment@0.2.99` (`set-environment`) [the host has version 0.2.12 of it], \
         which this host does not provide"
    );
}

#[test]
fn versions_of_wasi_that_never_met_are_missing() {
    for interface in [
        "wasi:cli/environment@0.2.0-rc-2023-12-05",
        "wasi:cli/environment@0.4.0",
        "wasi:cli/environment@1.0.0",
    ] {
        let program = load_wat(&format!(
            r#"(component (import "{interface}" (instance (export "get-arguments" (func (result (list string)))))))"#
        ));
        assert_eq!(program.missing_imports().unwrap().imports[0].name, interface);
    }
}

#[test]
fn a_resource_alone_can_be_missing() {
    let program =
        load_wat(r#"(component (import "a:b/c@1.0.0" (instance (export "thing" (type (sub resource))))))"#);
    assert_eq!(program.missing_imports().unwrap().imports[0].items, ["thing"]);
}

#[test]
fn another_type_is_not_a_missing_import() {
    let program = load_wat(
        r#"(component
            (core module $module (func (export "f")))
            (core instance $instance (instantiate $module))
            (import "wasi:cli/environment@0.2.0" (instance (export "get-arguments" (func (result u32)))))
            (func (export "f") (canon lift (core func $instance "f"))))"#,
    );
    assert_eq!(program.missing_imports(), None);
    let error = program.invoke_blocking("f()", Grants::default(), Limits::default()).unwrap_err();
    let InvokeError::Run(RunError::ImportMismatch { message }) = &error else { panic!("{error}") };
    assert!(message.contains("wasi:cli/environment@0.2.0") && message.contains("get-arguments"), "{message}");
}

#[test]
fn nothing_is_missing_for_what_runs() {
    assert_eq!(probe().missing_imports(), None);
}
