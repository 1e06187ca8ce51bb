//! Components of a project that do not fit: what is said, with the places in `wkit.toml`.
//!
//! The components are those of `composer/tests/cases`, where each case says more about its shape.

use std::fs;
use std::path::Path;

use wkit_fixtures::component::{from_wat, from_wit};

use crate::support::Sandbox;

/// A project of the components of a case, built already, with the given `[compose]`.
fn project(case: &str, compose: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../composer/tests/cases").join(case);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut text = String::from("[project]\nname = \"shop\"\n\n");
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let content = fs::read_to_string(&file).unwrap();
        let bytes = match file.extension().unwrap().to_str().unwrap() {
            "wit" => from_wit(&content, "it"),
            "wat" => from_wat(&content),
            "bytes" => content.into_bytes(),
            _ => continue,
        };
        text += &format!("[components.{name}]\nlanguage = \"rust\"\n\n");
        sandbox.write(&format!("build/{name}.wasm"), bytes);
    }
    sandbox.write("wkit.toml", text + "[compose]\n" + compose);
    sandbox
}

#[test]
fn types_that_differ() {
    project("record-field-type", "socket = \"app\"\n").wkit("compose --no-build").golden("places-mismatch");
}

#[test]
fn two_wires_that_do_not_fit() {
    project("two-mismatches", "socket = \"app\"\n")
        .wkit("compose --no-build")
        .golden("places-two-mismatches");
}

#[test]
fn all_kinds_of_problems_at_once() {
    project("all-kinds-at-once", "socket = \"app\"\n").wkit("compose --no-build").golden("places-all-kinds");
}

#[test]
fn wires_that_make_no_sense() {
    let wires = "wires = [\n  { importer = \"app\", import = \"demo:kv/store\", exporter = \"mail\" },\n  { importer = \"app\", import = \"demo:kv/stor\", exporter = \"kv\" },\n]\n";
    project("wires-all-wrong", wires).wkit("compose --no-build").golden("places-wires");
}

#[test]
fn an_import_wired_twice() {
    let wires = "wires = [\n  { importer = \"app\", import = \"demo:kv/store\", exporter = \"kv\" },\n  { importer = \"app\", import = \"demo:kv/store@0.1.0\", exporter = \"spare\" },\n]\n";
    project("wired-twice", wires).wkit("compose --no-build").golden("places-wired-twice");
}

#[test]
fn two_that_fill_one_import() {
    project("two-plugs", "").wkit("compose --no-build").golden("places-two-plugs");
}

#[test]
fn a_circle() {
    project("circle-of-two", "socket = \"app\"\n").wkit("compose --no-build").golden("places-circle");
}

#[test]
fn a_resource_from_two_places() {
    let wires = "wires = [{ importer = \"app\", import = \"demo:kv/types\", exporter = \"types\" }]\n";
    project("resource-from-two", wires).wkit("compose --no-build").golden("places-resource");
}

#[test]
fn a_core_module_in_place_of_a_component() {
    project("core-module", "socket = \"app\"\n").wkit("compose --no-build").golden("places-core-module");
}

#[test]
fn versions_that_do_not_stand_in_for_each_other() {
    project("socket-by-near-miss", "").wkit("compose --no-build").golden("places-near-miss");
}

#[test]
fn a_plug_that_fits_nothing() {
    project("unused-plug", "socket = \"app\"\n").wkit("compose --no-build").golden("places-unused-plug");
}

#[test]
fn without_a_project_the_step_is_an_option() {
    let sandbox = project("two-plugs", "");
    let socket = "compose build/app.wasm --plug build/kv.wasm --plug build/spare.wasm -o out.wasm";
    sandbox.wkit(socket).golden("no-places-two-plugs");
    sandbox.wkit(&format!("{socket} --wire app.demo:kv/store@0.1.0=kv")).ok();
}
