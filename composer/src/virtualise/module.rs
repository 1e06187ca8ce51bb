//! Writes a core module that answers calls of the canonical ABI: its imports, functions, constants and memory.
//!
//! What a call brings and what it gives back stands in memory that begins anew with each call, since a component is
//! not entered again before it has answered.

use std::collections::BTreeMap;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, MemArg, MemorySection, MemoryType, TypeSection,
    ValType,
};

use crate::virtualise::constant::Data;

/// Where constants begin: the addresses below belong to nobody.
const DATA_START: u32 = 16;

/// Where the memory of the current call goes on.
const ARENA: u32 = 0;
/// Where it begins.
const ARENA_START: u32 = 1;
/// Whether an object is being passed on rather than dropped.
pub(super) const PASSING_ON: u32 = 2;

/// Functions of the module itself have numbers from here on until the number of imports is known.
const OWN: u32 = 1 << 30;

/// A function of the module.
pub(super) type FunctionIndex = u32;

/// The code of a function.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) parameters: Vec<ValType>,
    locals: Vec<ValType>,
    code: Vec<Instruction<'static>>,
}

impl Body {
    pub(super) fn new(parameters: &[ValType]) -> Self {
        Self { parameters: parameters.to_vec(), ..Self::default() }
    }

    /// A new local.
    pub(super) fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        index(self.parameters.len() + self.locals.len() - 1)
    }

    pub(super) fn push(&mut self, instructions: impl IntoIterator<Item = Instruction<'static>>) {
        self.code.extend(instructions);
    }

    /// Ends the component when the value on the stack is not 0.
    pub(super) fn trap_when(&mut self) {
        self.push([Instruction::If(BlockType::Empty), Instruction::Unreachable, Instruction::End]);
    }
}

/// Numbers of functions, locals and types are small: everything that leads to them has a limit.
fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn at(offset: u32) -> MemArg {
    MemArg { offset: offset.into(), align: 0, memory_index: 0 }
}

type Signature = (Vec<ValType>, Vec<ValType>);

/// A core module in the making.
pub(super) struct Module {
    types: Vec<Signature>,
    imports: Vec<(String, String, u32)>,
    known_imports: BTreeMap<(String, String), FunctionIndex>,
    functions: Vec<(u32, Body)>,
    exports: Vec<(String, FunctionIndex)>,
    pub(super) data: Data,
    pub(super) realloc: FunctionIndex,
}

impl Module {
    pub(super) fn new() -> Self {
        let mut module = Self {
            types: Vec::new(),
            imports: Vec::new(),
            known_imports: BTreeMap::new(),
            functions: Vec::new(),
            exports: Vec::new(),
            data: Data { start: DATA_START, bytes: Vec::new() },
            realloc: OWN,
        };
        module.realloc = module.define(realloc(), &[ValType::I32]);
        module.export("cabi_realloc".to_owned(), module.realloc);
        module
    }

    fn signature(&mut self, parameters: &[ValType], results: &[ValType]) -> u32 {
        let known = self.types.iter().position(|(p, r)| p == parameters && r == results);
        index(known.unwrap_or_else(|| {
            self.types.push((parameters.to_vec(), results.to_vec()));
            self.types.len() - 1
        }))
    }

    /// An imported function; the same one for the same names.
    pub(super) fn import(
        &mut self,
        names: (String, String),
        parameters: &[ValType],
        results: &[ValType],
    ) -> FunctionIndex {
        if let Some(known) = self.known_imports.get(&names) {
            return *known;
        }
        let ty = self.signature(parameters, results);
        let function = index(self.imports.len());
        self.imports.push((names.0.clone(), names.1.clone(), ty));
        self.known_imports.insert(names, function);
        function
    }

    /// A function of the module.
    pub(super) fn define(&mut self, body: Body, results: &[ValType]) -> FunctionIndex {
        let ty = self.signature(&body.parameters, results);
        self.functions.push((ty, body));
        OWN + index(self.functions.len() - 1)
    }

    pub(super) fn export(&mut self, name: String, function: FunctionIndex) {
        self.exports.push((name, function));
    }

    /// Lets the memory of the current call begin anew.
    pub(super) fn reset(body: &mut Body) {
        body.push([Instruction::GlobalGet(ARENA_START), Instruction::GlobalSet(ARENA)]);
    }

    /// The module in binary form.
    pub(super) fn finish(self) -> Vec<u8> {
        let count = index(self.imports.len());
        let real = |function: FunctionIndex| if function >= OWN { function - OWN + count } else { function };
        let end = u64::from(self.data.start) + self.data.bytes.len() as u64;
        let arena = end.next_multiple_of(16);

        let mut types = TypeSection::new();
        for (parameters, results) in &self.types {
            types.ty().function(parameters.iter().copied(), results.iter().copied());
        }
        let mut imports = ImportSection::new();
        for (module, name, ty) in &self.imports {
            imports.import(module, name, EntityType::Function(*ty));
        }
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for (ty, body) in self.functions {
            functions.function(ty);
            let mut function = wasm_encoder::Function::new_with_locals_types(body.locals);
            for instruction in body.code {
                match instruction {
                    Instruction::Call(callee) => function.instruction(&Instruction::Call(real(callee))),
                    other => function.instruction(&other),
                };
            }
            function.instruction(&Instruction::End);
            code.function(&function);
        }
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: arena / 65536 + 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut globals = GlobalSection::new();
        let arena = i32::from_ne_bytes(index(usize::try_from(arena).unwrap_or(usize::MAX)).to_ne_bytes());
        for (mutable, value) in [(true, arena), (false, arena), (true, 0)] {
            let ty = GlobalType { val_type: ValType::I32, mutable, shared: false };
            globals.global(ty, &ConstExpr::i32_const(value));
        }
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        for (name, function) in &self.exports {
            exports.export(name, ExportKind::Func, real(*function));
        }
        let mut data = DataSection::new();
        if !self.data.bytes.is_empty() {
            let start = i32::from_ne_bytes(self.data.start.to_ne_bytes());
            data.active(0, &ConstExpr::i32_const(start), self.data.bytes);
        }
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&imports).section(&functions).section(&memories).section(&globals);
        module.section(&exports).section(&code).section(&data);
        module.finish()
    }
}

/// `cabi_realloc(old, old size, align, new size)`: memory is only ever added.
fn realloc() -> Body {
    use Instruction as I;
    const OLD: u32 = 0;
    const OLD_SIZE: u32 = 1;
    const ALIGN: u32 = 2;
    const NEW_SIZE: u32 = 3;
    let mut body = Body::new(&[ValType::I32; 4]);
    let (start, end, missing) =
        (body.local(ValType::I32), body.local(ValType::I32), body.local(ValType::I32));
    // start = (arena + align - 1) & -align
    body.push([I::GlobalGet(ARENA), I::LocalGet(ALIGN), I::I32Add, I::I32Const(1), I::I32Sub]);
    body.push([I::I32Const(0), I::LocalGet(ALIGN), I::I32Sub, I::I32And, I::LocalTee(start)]);
    body.push([I::LocalGet(NEW_SIZE), I::I32Add, I::LocalSet(end)]);
    // Past the end of the address space both would begin at 0 again.
    body.push([I::LocalGet(start), I::GlobalGet(ARENA), I::I32LtU]);
    body.push([I::LocalGet(end), I::LocalGet(start), I::I32LtU, I::I32Or]);
    body.trap_when();
    // missing = (end >> 16) + 1 - pages
    body.push([I::LocalGet(end), I::I32Const(16), I::I32ShrU, I::I32Const(1), I::I32Add]);
    body.push([I::MemorySize(0), I::I32Sub, I::LocalTee(missing), I::I32Const(0), I::I32GtS]);
    body.push([I::If(BlockType::Empty), I::LocalGet(missing), I::MemoryGrow(0), I::I32Const(-1), I::I32Eq]);
    body.trap_when();
    body.push([I::End, I::LocalGet(end), I::GlobalSet(ARENA)]);
    // What stood there before is as long as the shorter of the two.
    body.push([I::LocalGet(start), I::LocalGet(OLD)]);
    body.push([I::LocalGet(OLD_SIZE), I::LocalGet(NEW_SIZE)]);
    body.push([I::LocalGet(OLD_SIZE), I::LocalGet(NEW_SIZE), I::I32LtU, I::Select]);
    body.push([I::MemoryCopy { src_mem: 0, dst_mem: 0 }, I::LocalGet(start)]);
    body
}
