//! What the program wac does with the same scripts, plugs and worlds; see [`wkit_fixtures::wac`].

use wkit_composer::{Input, Plan, Script, compose};
use wkit_fixtures::wac::{self, Shape};
use wkit_interface::{decode, misfits};

fn inputs() -> Vec<Input> {
    let input = |(name, bytes): (&str, Vec<u8>)| Input { name: name.to_owned(), bytes: bytes.into() };
    wac::packages().into_iter().map(input).collect()
}

fn package(name: &str) -> Input {
    inputs().into_iter().find(|package| package.name == name).unwrap()
}

fn shape(bytes: &[u8]) -> Shape {
    let surface = decode(bytes).unwrap();
    let wit = surface.wit().lines().map(|line| line.trim().to_owned()).collect();
    Shape { wit, imports: surface.imports.len() }
}

#[test]
fn scripts() {
    let Some(folder) = wac::Folder::new() else { return };
    let mut wrong = String::new();
    let packages = inputs();
    for (body, expected) in wac::SCRIPTS {
        let text = wac::script(body);
        std::fs::write(folder.path().join("it.wac"), &text).unwrap();
        let by_wac = folder.wac(&["compose", "it.wac", "-o", "out.wasm"], "out.wasm");
        let composed = Script::parse(&text).and_then(|script| script.compose(&packages));
        if let Err(error) = &composed {
            // A message has a place and says what to do.
            for problem in &error.problems {
                assert!(!problem.labels.is_empty() && problem.hint().is_some(), "{text}\n{error}");
            }
        }
        let ours = composed
            .map(|composition| composition.bytes.to_vec().unwrap())
            .map_err(|error| error.to_string());
        wrong.extend(wac::check(&text, *expected, ours, by_wac, shape));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn plugs() {
    let Some(folder) = wac::Folder::new() else { return };
    let mut wrong = String::new();
    for (socket, plugs, expected) in wac::PLUGS {
        let what = format!("{socket} with {plugs:?}");
        let files: Vec<String> = plugs.iter().map(|plug| wac::file(plug)).collect();
        let socket_file = wac::file(socket);
        let mut arguments = vec!["plug", socket_file.as_str(), "-o", "out.wasm"];
        files.iter().for_each(|file| arguments.extend(["--plug", file]));
        let by_wac = folder.wac(&arguments, "out.wasm");

        let inputs: Vec<Input> = std::iter::once(socket).chain(*plugs).map(|name| package(name)).collect();
        let plan = Plan { socket: Some((*socket).to_owned()), ..Plan::default() };
        let ours = match compose(&inputs, &plan) {
            // The command refuses it then.
            Ok(composition) if composition.wires.is_empty() => Err("no plug fits".to_owned()),
            Ok(composition) => Ok(composition.bytes.to_vec().unwrap()),
            Err(error) => Err(error.to_string()),
        };
        wrong.extend(wac::check(&what, *expected, ours, by_wac, shape));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn targets() {
    let Some(folder) = wac::Folder::new() else { return };
    let mut wrong = String::new();
    let wit = decode(&package("shop:wit").bytes.read().unwrap()).unwrap();
    for (component, world, expected) in wac::TARGETS {
        let what = format!("{component} targets {world}");
        let component_file = wac::file(component);
        let arguments = ["targets", component_file.as_str(), "--wit", "shop.wit", "--world", world];
        let by_wac = folder.wac(&arguments, &component_file);
        assert!(folder.path().join(&component_file).is_file());
        wit.world(Some(world)).unwrap();
        let bytes = package(component).bytes.read().unwrap();
        let found = misfits(&decode(&bytes).unwrap(), &wit, world);
        let ours = if found.is_empty() { Ok(bytes.to_vec()) } else { Err(format!("{found:?}")) };
        wrong.extend(wac::check(&what, *expected, ours, by_wac, shape));
    }
    assert!(wrong.is_empty(), "{wrong}");
}
