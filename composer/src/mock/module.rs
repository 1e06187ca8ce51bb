//! Makes the core module of a stub: the engine, one small function for each export, and the data.

use std::collections::HashMap;
use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, InstructionSink, MemArg, MemorySection, MemoryType, Module, NameMap, NameSection,
    TypeSection, ValType,
};
use wasmparser::{CodeSectionReader, DataSectionReader, ExportSectionReader, FunctionSectionReader};
use wasmparser::{ImportSectionReader, MemorySectionReader, Parser, Payload, TypeRef, TypeSectionReader};

use super::data::Address;
use super::error::MockError;

/// The engine, built by `composer/mock-engine/build.sh`.
pub(super) const ENGINE: &[u8] = include_bytes!("../../prebuilt/mock-engine.wasm");

const PAGE_BYTES: u64 = 65_536;

/// What one has to know of the engine to append to it.
pub(super) struct Engine {
    /// The names of its imported functions, in order, with their types.
    imports: Vec<(String, Signature)>,
    types: u32,
    functions: u32,
    exports: HashMap<String, u32>,
    memory_pages: u64,
}

/// The type of a core function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Signature {
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
}

impl Signature {
    pub(super) fn new(params: &[ValType], results: &[ValType]) -> Self {
        Self { params: params.to_vec(), results: results.to_vec() }
    }
}

impl Engine {
    pub(super) fn read() -> Result<Self, MockError> {
        let mut engine =
            Self { imports: Vec::new(), types: 0, functions: 0, exports: HashMap::new(), memory_pages: 0 };
        engine.scan().map_err(|error| MockError::Encode { message: format!("the engine: {error}") })?;
        Ok(engine)
    }

    fn scan(&mut self) -> Result<(), wasmparser::BinaryReaderError> {
        let mut types = Vec::new();
        for payload in Parser::new(0).parse_all(ENGINE) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        let ty = ty?;
                        types.push(Signature {
                            params: val_types(ty.params()),
                            results: val_types(ty.results()),
                        });
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(ty) = import.ty {
                            self.imports.push((import.name.to_owned(), types[ty as usize].clone()));
                        }
                    }
                }
                Payload::FunctionSection(section) => self.functions = section.count(),
                Payload::MemorySection(section) => {
                    for memory in section {
                        self.memory_pages = memory?.initial;
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        self.exports.insert(export.name.to_owned(), export.index);
                    }
                }
                _ => {}
            }
        }
        self.types = types.len() as u32;
        Ok(())
    }

    /// The first address behind what the engine takes at its start; what it takes later comes behind the data.
    pub(super) fn data_base(&self) -> Address {
        (self.memory_pages * PAGE_BYTES) as Address
    }
}

fn val_types(types: &[wasmparser::ValType]) -> Vec<ValType> {
    let convert = |ty: &wasmparser::ValType| match ty {
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        // The engine has no other.
        _ => ValType::I32,
    };
    types.iter().map(convert).collect()
}

/// A function that can be called: where it stands is known when all are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee {
    /// One of the imports of the stub.
    Import(u32),
    /// An export of the engine, by its index there.
    Engine(u32),
    /// An added function.
    Added(u32),
}

/// What is done in an added function.
pub(super) enum Step {
    /// Puts the parameters into slots of 8 bytes.
    Slots(Address),
    Constant(u32),
    Parameter(u32),
    Call(Callee),
    /// Makes the type of an `i64` on the stack that of the result.
    Result(ValType),
    /// Only when the parameter is this number: the steps, and return.
    When(u32, u32, Vec<Step>),
    Unreachable,
    Drop,
}

/// A core module that grows.
pub(super) struct Builder {
    pub(super) engine: Engine,
    imports: Vec<(String, String, Signature)>,
    functions: Vec<(Signature, Vec<Step>)>,
    /// Who stands for each import of the engine.
    stand_ins: HashMap<String, u32>,
    exports: Vec<(String, Callee)>,
    names: Vec<(u32, String)>,
}

impl Builder {
    pub(super) fn new(engine: Engine) -> Self {
        Self {
            engine,
            imports: Vec::new(),
            functions: Vec::new(),
            stand_ins: HashMap::new(),
            exports: Vec::new(),
            names: Vec::new(),
        }
    }

    pub(super) fn import(&mut self, (module, name): (String, String), signature: Signature) -> Callee {
        let known = self.imports.iter().position(|(other, known, _)| (other, known) == (&module, &name));
        Callee::Import(known.unwrap_or_else(|| {
            self.imports.push((module, name, signature));
            self.imports.len() - 1
        }) as u32)
    }

    /// A function of the engine.
    pub(super) fn engine(&self, name: &str) -> Result<Callee, MockError> {
        let found = self.engine.exports.get(name).copied().map(Callee::Engine);
        found.ok_or_else(|| MockError::Encode { message: format!("the engine has no function `{name}`") })
    }

    pub(super) fn function(&mut self, signature: Signature, steps: Vec<Step>) -> Callee {
        self.functions.push((signature, steps));
        Callee::Added(self.functions.len() as u32 - 1)
    }

    /// Gives a function a name for backtraces.
    pub(super) fn name(&mut self, function: Callee, name: String) {
        if let Callee::Added(index) = function {
            self.names.push((index, name));
        }
    }

    /// Lets an import of the engine be a function that does something else for each value of its first parameter.
    pub(super) fn stand_in(&mut self, name: &str, arms: Vec<(u32, Vec<Step>)>) {
        let signature = self.engine.imports.iter().find(|(known, _)| known == name).map(|(_, ty)| ty.clone());
        let Some(signature) = signature else { return };
        let mut steps: Vec<Step> =
            arms.into_iter().map(|(value, steps)| Step::When(0, value, steps)).collect();
        steps.push(Step::Unreachable);
        let function = self.function(signature, steps);
        if let Callee::Added(index) = function {
            self.stand_ins.insert(name.to_owned(), index);
            self.names.push((index, name.to_owned()));
        }
    }

    pub(super) fn export(&mut self, name: String, function: Callee) {
        self.exports.push((name, function));
    }

    /// The module, with `data` behind what the engine has.
    pub(super) fn finish(mut self, data: &[u8]) -> Result<Vec<u8>, MockError> {
        for (name, _) in self.engine.imports.clone() {
            if !self.stand_ins.contains_key(&name) {
                self.stand_in(&name, Vec::new());
            }
        }
        let mut module = Module::new();
        let mut appender = Appender { builder: &self, data, types: Vec::new() };
        let written = appender.parse_core_module(&mut module, Parser::new(0), ENGINE);
        written.map_err(|error| MockError::Encode { message: error.to_string() })?;
        module.section(&self.name_section());
        Ok(module.finish())
    }

    fn name_section(&self) -> NameSection {
        let mut names = NameSection::new();
        names.module("wkit mock");
        let mut functions: Vec<(u32, &str)> = self
            .names
            .iter()
            .map(|(index, name)| (self.index(Callee::Added(*index)), name.as_str()))
            .collect();
        functions
            .extend(self.engine.exports.get("call").map(|call| (self.index(Callee::Engine(*call)), "mock")));
        functions.sort_unstable();
        let mut map = NameMap::new();
        for (index, name) in functions {
            map.append(index, name);
        }
        names.functions(&map);
        names
    }

    fn index(&self, callee: Callee) -> u32 {
        let (imports, engine_imports) = (self.imports.len() as u32, self.engine.imports.len() as u32);
        match callee {
            Callee::Import(index) => index,
            Callee::Engine(index) if index < engine_imports => {
                let (name, _) = &self.engine.imports[index as usize];
                self.index(Callee::Added(self.stand_ins[name]))
            }
            Callee::Engine(index) => imports + index - engine_imports,
            Callee::Added(index) => imports + self.engine.functions + index,
        }
    }

    fn body(&self, signature: &Signature, steps: &[Step]) -> Function {
        let mut function = Function::new([]);
        let mut sink = function.instructions();
        self.steps(&mut sink, signature, steps);
        sink.end();
        function
    }

    fn steps(&self, sink: &mut InstructionSink<'_>, signature: &Signature, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Slots(address) => slots(sink, signature, *address),
                Step::Constant(value) => {
                    sink.i32_const(value.cast_signed());
                }
                Step::Parameter(index) => {
                    sink.local_get(*index);
                }
                Step::Call(callee) => {
                    sink.call(self.index(*callee));
                }
                Step::Result(ty) => result(sink, *ty),
                Step::When(parameter, value, steps) => {
                    sink.local_get(*parameter).i32_const(value.cast_signed()).i32_eq().if_(BlockType::Empty);
                    self.steps(sink, signature, steps);
                    sink.return_().end();
                }
                Step::Unreachable => {
                    sink.unreachable();
                }
                Step::Drop => {
                    sink.drop();
                }
            }
        }
    }
}

fn slots(sink: &mut InstructionSink<'_>, signature: &Signature, address: Address) {
    for (index, ty) in (0_u32..).zip(&signature.params) {
        sink.i32_const((address + 8 * index).cast_signed()).local_get(index);
        match ty {
            ValType::F32 => {
                sink.i32_reinterpret_f32().i64_extend_i32_u();
            }
            ValType::F64 => {
                sink.i64_reinterpret_f64();
            }
            ValType::I64 => {}
            _ => {
                sink.i64_extend_i32_u();
            }
        }
        sink.i64_store(MemArg { offset: 0, align: 3, memory_index: 0 });
    }
}

fn result(sink: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::I64 => {}
        ValType::F32 => {
            sink.i32_wrap_i64().f32_reinterpret_i32();
        }
        ValType::F64 => {
            sink.f64_reinterpret_i64();
        }
        _ => {
            sink.i32_wrap_i64();
        }
    }
}

/// Copies the engine, and adds to its sections.
struct Appender<'a> {
    builder: &'a Builder,
    data: &'a [u8],
    /// The added types.
    types: Vec<Signature>,
}

impl Appender<'_> {
    fn type_of(&self, signature: &Signature) -> u32 {
        let position = self.types.iter().position(|known| known == signature).unwrap_or_default();
        self.builder.engine.types + position as u32
    }
}

type Outcome = Result<(), reencode::Error<Infallible>>;

impl Reencode for Appender<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(self.builder.index(Callee::Engine(index)))
    }

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Outcome {
        utils::parse_type_section(self, types, section)?;
        let imports = self.builder.imports.iter().map(|(_, _, signature)| signature);
        for signature in imports.chain(self.builder.functions.iter().map(|(signature, _)| signature)) {
            if !self.types.contains(signature) {
                types.ty().function(signature.params.iter().copied(), signature.results.iter().copied());
                self.types.push(signature.clone());
            }
        }
        Ok(())
    }

    fn parse_import_section(&mut self, imports: &mut ImportSection, _: ImportSectionReader<'_>) -> Outcome {
        for (module, name, signature) in &self.builder.imports {
            imports.import(module, name, wasm_encoder::EntityType::Function(self.type_of(signature)));
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Outcome {
        utils::parse_function_section(self, functions, section)?;
        for (signature, _) in &self.builder.functions {
            functions.function(self.type_of(signature));
        }
        Ok(())
    }

    fn parse_memory_section(&mut self, memories: &mut MemorySection, _: MemorySectionReader<'_>) -> Outcome {
        let pages = (self.data.len() as u64).div_ceil(PAGE_BYTES);
        memories.memory(MemoryType {
            minimum: self.builder.engine.memory_pages + pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, _: ExportSectionReader<'_>) -> Outcome {
        exports.export("memory", ExportKind::Memory, 0);
        for (name, function) in &self.builder.exports {
            exports.export(name, ExportKind::Func, self.builder.index(*function));
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Outcome {
        utils::parse_code_section(self, code, section)?;
        for (signature, steps) in &self.builder.functions {
            code.function(&self.builder.body(signature, steps));
        }
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Result<u32, reencode::Error<Infallible>> {
        Ok(count + 1)
    }

    fn parse_data_section(&mut self, data: &mut DataSection, section: DataSectionReader<'_>) -> Outcome {
        utils::parse_data_section(self, data, section)?;
        data.active(
            0,
            &ConstExpr::i32_const(self.builder.engine.data_base().cast_signed()),
            self.data.iter().copied(),
        );
        Ok(())
    }

    /// Names and producers of the engine are not those of the stub.
    fn parse_custom_section(&mut self, _: &mut Module, _: wasmparser::CustomSectionReader<'_>) -> Outcome {
        Ok(())
    }
}
