//! What becomes a program, what does not and why, and the cache.

use std::path::Path;

use wkit_runtime_runner::limits::COMPONENT_BYTES_MAX;
use wkit_runtime_runner::{Grants, Limits, LoadError, Outcome, Runner, RunnerConfig, RunnerError};

use crate::support::{run, runner};

fn load_error(bytes: &[u8]) -> LoadError {
    match runner().load(bytes) {
        Ok(_) => panic!("it loads"),
        Err(error) => error,
    }
}

#[test]
fn what_is_not_wasm_is_told_what_it_is() {
    for (bytes, found) in [
        (&b""[..], "nothing (0 bytes)"),
        (b"\x7fELF\x02\x01\x01", "an ELF file"),
        (b"\x1f\x8b\x08\0", "gzip data"),
        (b"PK\x03\x04", "a zip file"),
        (b"#!/bin/sh\n", "a script"),
        (b" (component)", "the text form of WebAssembly"),
        (b"{\"a\": 1}", "JSON text"),
        (b"<!doctype html>", "HTML or XML text"),
        (b"package a:b;", "text"),
        (b"\0as", "text"),
        (b"\xff\xfe", "other data"),
    ] {
        assert_eq!(load_error(bytes), LoadError::NotWasm { found });
    }
}

#[test]
fn a_core_module_is_no_component() {
    let error = load_error(&wkit_fixtures::component::from_wat("(module)"));
    assert_eq!(error, LoadError::CoreModule);
    assert_eq!(error.to_string(), "expected a WebAssembly component, found a core module");
    assert!(error.hint().is_some());
}

#[test]
fn a_cut_or_broken_component_is_invalid_at_a_place() {
    let whole = wkit_fixtures::prebuilt::calc();
    // The first eight bytes by themselves are a component with nothing in it.
    assert!(runner().load(&whole[..8]).is_ok());
    for length in [4, 6, 7, 9, 100, whole.len() / 2, whole.len() - 1] {
        match load_error(&whole[..length]) {
            LoadError::Invalid { offset, .. } => assert!(offset <= length, "{length}"),
            other => panic!("{length}: {other}"),
        }
    }
    let error = load_error(&[&b"\0asm\x0d\0\x01\0"[..], b"\xff\x01\0"].concat());
    assert!(matches!(error, LoadError::Invalid { offset: 8, .. }), "{error}");
}

#[test]
fn a_missing_feature_is_named() {
    let error =
        load_error(&wkit_fixtures::component::from_wat("(component (core module (memory 1 (pagesize 1))))"));
    let LoadError::NeedsFeature { message } = &error else { panic!("{error}") };
    assert!(message.contains("page"), "{message}");
}

#[test]
fn a_component_has_a_greatest_size() {
    assert_eq!(RunnerConfig::default().component_bytes_max, COMPONENT_BYTES_MAX);
    let component = wkit_fixtures::component::from_wat("(component)");
    let runner = |component_bytes_max| {
        Runner::new(&RunnerConfig { component_bytes_max, ..RunnerConfig::default() }).unwrap()
    };
    assert!(runner(component.len()).load(&component).is_ok());
    let error = runner(component.len() - 1).load(&component).err().unwrap();
    assert_eq!(error, LoadError::TooLarge { found_bytes: component.len(), bytes_max: component.len() - 1 });
}

#[test]
fn compiled_code_is_kept_where_it_should_be_and_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("made/on/the/way");
    let config = RunnerConfig { cache_folder: Some(cache.clone()), ..RunnerConfig::default() };
    for _ in 0..2 {
        let program = Runner::new(&config).unwrap().load(&wkit_fixtures::prebuilt::calc()).unwrap();
        let sum = program.invoke_blocking("add(1, 2)", Grants::default(), Limits::default()).unwrap();
        assert_eq!(sum, ["3"]);
        assert!(files_below(&cache) > 0);
    }
}

#[test]
fn no_cache_is_kept_without_a_folder() {
    assert_eq!(RunnerConfig::default().cache_folder, None);
    assert_eq!(run(crate::support::probe(), &["args"]).outcome, Outcome::Exited(0));
}

#[test]
fn a_cache_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let cache_folder = file.join("cache");
    let error =
        Runner::new(&RunnerConfig { cache_folder: Some(cache_folder.clone()), ..RunnerConfig::default() });
    let error = error.err().unwrap();
    assert!(matches!(&error, RunnerError::CacheFolder { folder, .. } if *folder == cache_folder));
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot keep compiled code in `{}`: ", cache_folder.display()))
    );
}

fn files_below(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}
