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
}
