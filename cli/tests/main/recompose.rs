//! Composing again when nothing, or something, has changed.

use std::time::SystemTime;

use wkit_fixtures::component::from_wit;

use crate::support::Sandbox;

fn part(world: &str) -> Vec<u8> {
    from_wit(
        &format!(
            "package demo:it; world it {{ {world} }}
             package demo:kv@0.1.0 {{ interface store {{ get: func(key: string) -> option<string>; }} }}"
        ),
        "it",
    )
}

const COMPOSE: &str = "compose app.wasm --plug store.wasm -o out.wasm";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("app.wasm", part("import demo:kv/store@0.1.0; import log: func(); export run: func();"));
    sandbox.write("store.wasm", part("export demo:kv/store@0.1.0;"));
    sandbox
}

/// When the composition was last written.
fn written(sandbox: &Sandbox) -> SystemTime {
    std::fs::metadata(sandbox.path("out.wasm")).unwrap().modified().unwrap()
}

#[test]
fn nothing_is_written_when_nothing_has_changed_and_the_same_is_said() {
    let sandbox = sandbox();
    for format in ["", " --format json"] {
        let first = sandbox.wkit(&format!("{COMPOSE} --force{format}")).ok();
        let before = written(&sandbox);
        let again = sandbox.wkit(&format!("{COMPOSE}{format}")).ok();
        assert_eq!((first.stdout, first.stderr), (again.stdout, again.stderr));
        assert_eq!(written(&sandbox), before);
        sandbox.wkit(&format!("{COMPOSE} --force{format}")).ok();
        assert_ne!(written(&sandbox), before);
    }
}

#[test]
fn what_has_changed_is_composed_again() {
    let sandbox = sandbox();
    let compose = || {
        sandbox.wkit(COMPOSE).ok();
        std::fs::read(sandbox.path("out.wasm")).unwrap()
    };
    let first = compose();
    // Another component of the same size, at once.
    let app = part("import demo:kv/store@0.1.0; import lag: func(); export run: func();");
    sandbox.write("app.wasm", app);
    let second = compose();
    assert_eq!(first.len(), second.len());
    assert_ne!(first, second);
    // A result that was damaged or lost is made anew.
    sandbox.write("out.wasm", "junk");
    assert_eq!(compose(), second);
    std::fs::remove_file(sandbox.path("out.wasm")).unwrap();
    assert_eq!(compose(), second);
    // So is one of other options.
    sandbox.wkit(&format!("{COMPOSE} --export other=run")).ok();
    assert_ne!(std::fs::read(sandbox.path("out.wasm")).unwrap(), second);
    assert_eq!(compose(), second);
}
