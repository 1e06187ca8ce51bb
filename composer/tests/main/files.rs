//! Inputs that stay in their files: the same composition, and an error where a file changes.

use std::path::Path;

use wkit_composer::limits::LARGE_INPUT_BYTES;
use wkit_composer::{Binary, Input, InputBytes, InputChanged, Plan, compose};

use crate::samples::{chain, run, wire};

/// The components of a chain, each as large as one has to be to stay in its file.
fn large() -> Vec<Input> {
    let padded = |input: Input| {
        let mut bytes = input.bytes.read().unwrap().to_vec();
        let size = LARGE_INPUT_BYTES;
        // A custom section: its length, and in it a name of no letters.
        bytes.push(0);
        let mut rest = size + 1;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        bytes.resize(bytes.len() + size + 1, 0);
        Input { bytes: bytes.into(), ..input }
    };
    chain().into_iter().map(padded).collect()
}

fn in_files(inputs: &[Input], folder: &Path) -> Vec<Input> {
    let in_file = |input: &Input| {
        let path = folder.join(&input.name);
        std::fs::write(&path, input.bytes.read().unwrap()).unwrap();
        Input { name: input.name.clone(), bytes: InputBytes::file(&path).unwrap() }
    };
    inputs.iter().map(in_file).collect()
}

fn error_of(binary: &Binary) -> InputChanged {
    let error = binary.write_to(&mut Vec::new()).expect_err("a file has changed");
    error.into_inner().unwrap().downcast_ref::<InputChanged>().unwrap().clone()
}

#[test]
fn files_compose_to_what_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = large();
    let files = in_files(&inputs, folder.path());
    let (of_memory, of_files) = (run(&inputs), run(&files));
    assert!(of_memory.bytes.len() > 4 * LARGE_INPUT_BYTES);
    assert_eq!(of_files.bytes.len(), of_memory.bytes.len());
    assert!(of_files.bytes.to_vec().unwrap() == of_memory.bytes.to_vec().unwrap());
    // From here and there.
    let mixed = [inputs[0].clone(), files[1].clone(), files[2].clone(), inputs[3].clone()];
    assert!(run(&mixed).bytes.to_vec().unwrap() == of_memory.bytes.to_vec().unwrap());
}

/// Equal components are inside once, wherever they are.
#[test]
fn equal_components_in_files_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = large();
    let log = inputs.pop().unwrap();
    inputs.extend(["log-1", "log-2"].map(|name| Input { name: name.to_owned(), ..log.clone() }));
    let wires = vec![wire("app", "shop:log/log", "log-1"), wire("cart", "shop:log/log", "log-2")];
    let plan = Plan { wires, ..Plan::default() };
    let of_memory = compose(&inputs, &plan).unwrap().bytes;
    assert!(of_memory.len() < 5 * LARGE_INPUT_BYTES);
    let files = in_files(&inputs, folder.path());
    assert!(compose(&files, &plan).unwrap().bytes.to_vec().unwrap() == of_memory.to_vec().unwrap());
    let mixed = [files[0].clone(), files[1].clone(), files[2].clone(), inputs[3].clone(), files[4].clone()];
    assert!(compose(&mixed, &plan).unwrap().bytes.to_vec().unwrap() == of_memory.to_vec().unwrap());
}

#[test]
fn a_file_that_changes_is_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let files = in_files(&large(), folder.path());
    let composition = run(&files);
    assert!(composition.bytes.to_vec().is_ok());
    let path = folder.path().join("cart");
    let mut changed = std::fs::read(&path).unwrap();
    // The size is as it was.
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &changed).unwrap();
    assert_eq!(error_of(&composition.bytes).path, path.display().to_string());
    // What was read first decides for whoever reads the same input again, and not for a new one.
    let problems = compose(&files, &Plan::default()).unwrap_err();
    let message = format!("cannot read `cart`: `{}` has changed while it was composed", path.display());
    assert_eq!(problems.to_string(), message);
    assert!(problems.hint().is_some());
    assert!(compose(&in_files(&large(), folder.path()), &Plan::default()).is_ok());
    std::fs::remove_file(&path).unwrap();
    let problems = compose(&files, &Plan::default()).unwrap_err();
    assert_eq!(problems.to_string(), "cannot read `cart`: no such file or directory");
}
