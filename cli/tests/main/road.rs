//! The whole road on the sample project: what the README's first command does.

use std::process::Command;

use wkit_fixtures::tools;

/// Runs `scripts/quickstart.sh` with the `wkit` under test.
#[test]
fn the_quickstart() {
    for tool in ["go", "node", "python3"] {
        if !tools::have(tool) {
            return;
        }
    }
    let output = Command::new("bash")
        .arg(tools::repository().join("scripts/quickstart.sh"))
        .env("WKIT", env!("CARGO_BIN_EXE_wkit"))
        .env_remove("WKIT_CACHE")
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let receipt = stdout.rsplit("$ wkit run").next().unwrap();
    for language in ["Rust", "Go", "Python", "JavaScript"] {
        assert!(receipt.contains(language), "`{language}` took no part:\n{receipt}");
    }

    // Composed again from the same components, it is the same component.
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("shop.wasm");
    let shop = tools::repository().join("fixtures/shop");
    let composed = Command::new(env!("CARGO_BIN_EXE_wkit"))
        .args(["compose", "--no-build", "--project"])
        .arg(&shop)
        .arg("-o")
        .arg(&again)
        .output()
        .unwrap();
    assert!(composed.status.success(), "{}", String::from_utf8_lossy(&composed.stderr));
    assert!(std::fs::read(&again).unwrap() == std::fs::read(shop.join("build/shop.wasm")).unwrap());
}
