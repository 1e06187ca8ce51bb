//! `wkit` beside the program wac: for each case of [`wkit_fixtures::wac`] both accept it, with the same imports and
//! exports, or both refuse it.

use std::process::Command;

use wkit_fixtures::wac::{self, Folder, Shape};

use crate::support::Sandbox;

/// Runs `wkit` in the folder of the cases.
fn wkit(folder: &Folder, sandbox: &Sandbox, arguments: &[&str]) -> Result<Vec<u8>, String> {
    // What is left of another case must not be taken for the outcome.
    let _ = std::fs::remove_file(folder.path().join("ours.wasm"));
    let mut command: Command = sandbox.command(env!("CARGO_BIN_EXE_wkit"));
    let ran = folder.run(&mut command, arguments, "ours.wasm");
    if let Err(message) = &ran {
        assert!(message.starts_with("error: ") && message.contains("hint: "), "{arguments:?}: {message}");
    }
    ran
}

fn shape(bytes: &[u8]) -> Shape {
    let surface = wkit_interface::decode(bytes).unwrap();
    let wit = surface.wit().lines().map(|line| line.trim().to_owned()).collect();
    Shape { wit, imports: surface.imports.len() }
}

#[test]
fn scripts() {
    let Some(folder) = Folder::new() else { return };
    let sandbox = Sandbox::new();
    let mut wrong = String::new();
    for (body, expected) in wac::SCRIPTS {
        let text = wac::script(body);
        std::fs::write(folder.path().join("it.wac"), &text).unwrap();
        let by_wac = folder.wac(&["compose", "it.wac", "-o", "out.wasm"], "out.wasm");
        let ours = wkit(&folder, &sandbox, &["compose", "it.wac", "--offline", "-o", "ours.wasm"]);
        wrong.extend(wac::check(&text, *expected, ours, by_wac, shape));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn plugs() {
    let Some(folder) = Folder::new() else { return };
    let sandbox = Sandbox::new();
    let mut wrong = String::new();
    for (socket, plugs, expected) in wac::PLUGS {
        let files: Vec<String> = plugs.iter().map(|plug| wac::file(plug)).collect();
        let socket_file = wac::file(socket);
        let with_plugs = |command, output| {
            let mut arguments = vec![command, socket_file.as_str(), "-o", output];
            files.iter().for_each(|file| arguments.extend(["--plug", file]));
            arguments
        };
        let by_wac = folder.wac(&with_plugs("plug", "out.wasm"), "out.wasm");
        let ours = wkit(&folder, &sandbox, &with_plugs("compose", "ours.wasm"));
        let what = format!("{socket} with {plugs:?}");
        wrong.extend(wac::check(&what, *expected, ours, by_wac, shape));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn targets() {
    let Some(folder) = Folder::new() else { return };
    let sandbox = Sandbox::new();
    let mut wrong = String::new();
    for (component, world, expected) in wac::TARGETS {
        let file = wac::file(component);
        let arguments = ["targets", file.as_str(), "--wit", "shop.wit", "--world", world];
        let by_wac = folder.wac(&arguments, &file);
        let target = ["inspect", file.as_str(), "--targets", "shop.wit", "--world", world];
        let ran =
            sandbox.command(env!("CARGO_BIN_EXE_wkit")).args(target).current_dir(folder.path()).output();
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{said}");
        let same = std::fs::read(folder.path().join(&file)).unwrap();
        let ours = if ran.status.success() { Ok(same) } else { Err(said) };
        let what = format!("{component} targets {world}");
        wrong.extend(wac::check(&what, *expected, ours, by_wac, shape));
    }
    assert!(wrong.is_empty(), "{wrong}");
}
