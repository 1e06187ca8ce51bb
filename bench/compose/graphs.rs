//! Writes the components that `run.sh` composes: `graphs FOLDER`.
//!
//! `FOLDER/100` and `FOLDER/400` each hold `socket.wasm` and that many plugs, `FOLDER/large` a socket and a plug of
//! about the size and make of components with a Python interpreter inside.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, Function, FunctionSection, MemorySection, MemoryType, Module,
    TypeSection, ValType,
};
use wkit_fixtures::component::{from_wat, from_wit};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("expected a folder")?;
    let folder = Path::new(&folder);
    for count in [100, 400] {
        plugs(&folder.join(count.to_string()), count)?;
    }
    large(&folder.join("large"))
}

/// An interface for each plug.
fn interface(number: usize) -> String {
    format!(
        "package bench:part-{number}@0.1.0 {{ interface api {{
           open: func(name: string) -> u32;
           send: func(to: u32, text: string) -> bool;
           close: func(which: u32);
         }} }}\n"
    )
}

/// A component that exports such an interface and holds one core module and nothing else: a component may hold no more
/// than 1000 of both together.
fn plug(number: usize) -> Vec<u8> {
    from_wat(&format!(
        r#"(component
             (core module $m
               (memory (export "memory") 1)
               (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const {number})
               (func (export "open") (param i32 i32) (result i32) i32.const {number})
               (func (export "send") (param i32 i32 i32) (result i32) i32.const 1)
               (func (export "close") (param i32)))
             (core instance $i (instantiate $m))
             (func $open (param "name" string) (result u32)
               (canon lift (core func $i "open") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
             (func $send (param "to" u32) (param "text" string) (result bool)
               (canon lift (core func $i "send") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
             (func $close (param "which" u32) (canon lift (core func $i "close")))
             (instance $api
               (export "open" (func $open)) (export "send" (func $send)) (export "close" (func $close)))
             (export "bench:part-{number}/api@0.1.0" (instance $api)))"#
    ))
}

fn plugs(folder: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let (mut imports, mut packages) = (String::new(), String::new());
    for number in 0..count {
        std::fs::write(folder.join(format!("plug-{number:03}.wasm")), plug(number))?;
        writeln!(imports, "import bench:part-{number}/api@0.1.0;")?;
        packages += &interface(number);
    }
    let wit = format!("package bench:it; world socket {{ {imports} export run: func(); }}\n{packages}");
    std::fs::write(folder.join("socket.wasm"), from_wit(&wit, "socket"))?;
    Ok(())
}

fn large(folder: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let wit = |world: &str| format!("package bench:it; world it {{ {world} }}\n{}", interface(0));
    for (name, world, seed) in [
        ("socket", "import bench:part-0/api@0.1.0; export run: func();", 1),
        ("plug", "export bench:part-0/api@0.1.0;", 2),
    ] {
        let mut component = from_wit(&wit(world), "it");
        // Section 1 of a component is a core module; this one is never instantiated.
        component.push(1);
        wasm_encoder::Encode::encode(ballast(seed).as_slice(), &mut component);
        std::fs::write(folder.join(format!("{name}.wasm")), component)?;
    }
    Ok(())
}

const FUNCTIONS: u32 = 20_000;
const DATA_BYTES: u32 = 9 * 1024 * 1024;

/// A core module of 9 MB of code and as much of data.
fn ballast(seed: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for number in 0..FUNCTIONS {
        functions.function(0);
        let mut function = Function::new([(3, ValType::I32)]);
        let mut body = function.instructions();
        for step in 0..40 {
            body.local_get(0).i32_const((number ^ seed) as i32).i32_add().local_tee(1 + step % 3);
            body.call((number + step) % FUNCTIONS).local_set(0);
        }
        body.local_get(0).end();
        code.function(&function);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(DATA_BYTES.div_ceil(64 * 1024)),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut data = DataSection::new();
    let bytes = (0..DATA_BYTES).map(|place| (place.wrapping_mul(2_654_435_761) ^ seed).to_le_bytes()[3]);
    data.active(0, &ConstExpr::i32_const(0), bytes);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&code).section(&data);
    module.finish()
}
