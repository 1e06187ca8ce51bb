use wasm_encoder::{
    CodeSection, Component, Function, FunctionSection, Module, ModuleSection, TypeSection, ValType,
};

use super::*;

/// A component with a core module of `count` functions that return a number; those that `wrong` names return nothing.
fn component(count: u32, size: usize, wrong: &[u32]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for number in 0..count {
        functions.function(0);
        let mut function = Function::new([]);
        let mut body = function.instructions();
        for _ in 0..size {
            body.nop();
        }
        if !wrong.contains(&number) {
            body.i32_const(7);
        }
        body.end();
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    component.finish()
}

fn offset(bytes: &[u8]) -> u64 {
    match validate(bytes).err() {
        Some(DecodeError::Invalid { offset, .. }) => offset,
        other => panic!("expected a function that is not valid, found {other:?}"),
    }
}

/// In one batch or several, on one processor or more: what is wrong first is what is told.
#[test]
fn the_first_wrong_body_is_told() {
    for (count, size) in [(20, 1), (400, 1000), (3000, 2000)] {
        assert!(validate(&component(count, size, &[])).is_ok());
        let alone = offset(&component(count, size, &[count / 2]));
        for _ in 0..5 {
            let after = [count / 2, count / 2 + 1, count - 2, count - 1];
            assert_eq!(offset(&component(count, size, &after)), alone, "{count}");
        }
        assert!(offset(&component(count, size, &[0, count - 1])) < alone);
    }
}

/// A body that waits to be validated comes before the damage behind it.
#[test]
fn what_comes_first_is_told_first() {
    let wrong = component(20, 1, &[3]);
    let whole = offset(&wrong);
    let mut damaged = wrong.clone();
    // A section that there is none of.
    damaged.extend([0x7f, 0]);
    assert_eq!(offset(&damaged), whole);
    let mut damaged = component(20, 1, &[]);
    damaged.extend([0x7f, 0]);
    assert!(offset(&damaged) > whole);
}
