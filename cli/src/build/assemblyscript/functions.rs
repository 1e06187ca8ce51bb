//! The body of one function that crosses the border: instructions of the canonical ABI as statements of AssemblyScript.
//!
//! The operands are names of constants or plain expressions, and each instruction leaves its results in constants of
//! its own. So everything that the garbage collector manages is in a local variable, where it is seen, for as long as
//! it is needed.

mod blocks;
mod expressions;

use wit_bindgen_core::abi::{AbiVariant, Bindgen, Instruction, LiftLower, WasmType, call, post_return};
use wit_parser::{
    Alignment, ArchitectureSize, Function, FunctionKind, Handle, Resolve, SizeAlign, Type, TypeDefKind,
    TypeId,
};

use expressions::{bitcast, plus};

use super::names;
use super::world::Scope;

/// One function's body while it is made.
pub(super) struct Body<'a> {
    scope: &'a Scope<'a>,
    /// The function that is called: a raw import, or what the person has written.
    callee: String,
    /// The names of the parameters.
    parameters: Vec<String>,
    /// A constructor of an import wants the handle alone.
    bare_handle: bool,
    exported: bool,
    text: String,
    outer: Vec<Open>,
    closed: Vec<Block>,
    counter: usize,
    uses_scratch: bool,
    /// The size of the area for results of exports.
    pub(super) area_bytes: usize,
}

/// A block whose text is being made, with the text around it.
struct Open {
    around: String,
    number: usize,
}

/// A finished block: the arm of a variant, or what is done with each element of a list.
struct Block {
    text: String,
    results: Vec<String>,
    number: usize,
}

/// The body of a function of AssemblyScript that calls an import.
pub(super) fn import_body(
    scope: &Scope<'_>,
    function: &Function,
    callee: String,
    parameters: Vec<String>,
) -> String {
    let mut body = Body::new(scope, callee, parameters, false);
    body.bare_handle = is_plain_constructor(&scope.world.resolve, function);
    call(
        &scope.world.resolve,
        AbiVariant::GuestImport,
        LiftLower::LowerArgsLiftResults,
        function,
        &mut body,
        false,
    );
    if body.uses_scratch { format!("const $mark = $.mark();\n{}", body.text) } else { body.text }
}

/// The body of a core export that calls what the person has written.
pub(super) fn export_body<'a>(
    scope: &'a Scope<'a>,
    function: &Function,
    callee: String,
    parameters: Vec<String>,
) -> Body<'a> {
    let mut body = Body::new(scope, callee, parameters, true);
    call(
        &scope.world.resolve,
        AbiVariant::GuestExport,
        LiftLower::LiftArgsLowerResults,
        function,
        &mut body,
        false,
    );
    body
}

/// The body of the core export that frees an export's results.
pub(super) fn post_return_body(scope: &Scope<'_>, function: &Function) -> String {
    let mut body = Body::new(scope, String::new(), vec!["$results".to_owned()], true);
    post_return(&scope.world.resolve, function, &mut body);
    body.text
}

/// Whether a function is a constructor that cannot fail: `new`.
pub(super) fn is_plain_constructor(resolve: &Resolve, function: &Function) -> bool {
    let Some(Type::Id(id)) = function.result else { return false };
    matches!(function.kind, FunctionKind::Constructor(_))
        && matches!(resolve.types[id].kind, TypeDefKind::Handle(Handle::Own(_)))
}

/// The type of AssemblyScript for a type of core Wasm.
pub(super) fn core_type(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::Pointer => "usize",
    }
}

impl<'a> Body<'a> {
    fn new(scope: &'a Scope<'a>, callee: String, parameters: Vec<String>, exported: bool) -> Self {
        Self {
            scope,
            callee,
            parameters,
            bare_handle: false,
            exported,
            text: String::new(),
            outer: Vec::new(),
            closed: Vec::new(),
            counter: 0,
            uses_scratch: false,
            area_bytes: 0,
        }
    }

    /// The statements.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn number(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    /// A constant with the value of an expression.
    fn constant(&mut self, ty: &str, expression: &str) -> String {
        let name = format!("${}", self.number());
        let ty = if ty.is_empty() { String::new() } else { format!(": {ty}") };
        self.line(format!("const {name}{ty} = {expression};"));
        name
    }

    /// Memory for something that is passed on: until the end of the call, or for good.
    fn memory(&mut self, bytes: &str, realloc: Option<&str>) -> String {
        if realloc.is_some() {
            return self.constant("", &format!("$.own({bytes})"));
        }
        self.uses_scratch = true;
        self.constant("", &format!("$.scratch({bytes})"))
    }

    fn size(&self, ty: &Type) -> usize {
        self.scope.world.sizes.size(ty).size_wasm32()
    }

    /// The common way: one operand, one result.
    fn one(
        &mut self,
        operands: &[String],
        results: &mut Vec<String>,
        ty: &str,
        make: impl Fn(&str) -> String,
    ) {
        let result = self.constant(ty, &make(&operands[0]));
        results.push(result);
    }

    fn load(&mut self, what: &str, offset: ArchitectureSize, operands: &[String], results: &mut Vec<String>) {
        let at = plus(&operands[0], offset);
        let result = self.constant("", &format!("$.{what}({at})"));
        results.push(result);
    }

    fn store(&mut self, what: &str, offset: ArchitectureSize, operands: &[String]) {
        let at = plus(&operands[1], offset);
        self.line(format!("$.{what}({at}, {});", operands[0]));
    }

    fn lower_string(&mut self, text: &str, realloc: Option<&str>, results: &mut Vec<String>) {
        let how = if realloc.is_some() { "give" } else { "lend" };
        self.uses_scratch |= realloc.is_none();
        let pointer = self.constant("usize", &format!("$.{how}String({text})"));
        let bytes = self.constant("i32", "$.stringBytes");
        results.extend([pointer, bytes]);
    }

    fn lower_numbers(
        &mut self,
        list: &str,
        element: &Type,
        realloc: Option<&str>,
        results: &mut Vec<String>,
    ) {
        let list = self.constant("", list);
        if realloc.is_some() {
            let size = self.size(element);
            let pointer = self.constant("usize", &format!("$.give({list}.dataStart, {list}.length, {size})"));
            results.push(pointer);
        } else {
            results.push(format!("{list}.dataStart"));
        }
        results.push(format!("{list}.length"));
    }

    fn lower_handle(&mut self, handle: &Handle, value: &str) -> String {
        let (Handle::Own(id) | Handle::Borrow(id)) = handle;
        let expression = match (self.scope.world.exported_resource(*id), handle) {
            (Some(namespace), _) => {
                format!("$new_{namespace}_{}({value})", self.scope.world.resource_class(*id))
            }
            (None, Handle::Own(_)) => format!("{value}.$give()"),
            (None, Handle::Borrow(_)) => format!("{value}.$lend()"),
        };
        self.constant("i32", &expression)
    }

    fn lift_handle(&mut self, handle: &Handle, ty: TypeId, value: &str) -> String {
        let (Handle::Own(id) | Handle::Borrow(id)) = handle;
        if self.bare_handle {
            return value.to_owned();
        }
        let world = self.scope.world;
        let expression = match (world.exported_resource(*id), handle) {
            (Some(namespace), Handle::Own(_)) => {
                format!("$take_{namespace}_{}({value})", world.resource_class(*id))
            }
            (Some(namespace), Handle::Borrow(_)) => {
                format!("$table_{namespace}_{}.get(<i32>{value})", world.resource_class(*id))
            }
            (None, Handle::Own(_)) => format!("{}.$from({value})", self.scope.ty(&Type::Id(ty))),
            (None, Handle::Borrow(_)) => format!("$.borrow({}.$from({value}))", self.scope.ty(&Type::Id(ty))),
        };
        self.constant("", &expression)
    }

    /// Calls what the person has written. The line says what is expected, since a compiler's error shows it.
    fn call_written(&mut self, function: &Function, operands: &[String], results: &mut Vec<String>) {
        let expected = super::signatures::expected(self.scope, function);
        let skip_self = usize::from(matches!(function.kind, FunctionKind::Method(_)));
        let target = if skip_self == 1 {
            format!("{}.{}", operands[0], names::member(function.item_name()))
        } else {
            self.callee.clone()
        };
        let arguments = operands[skip_self..].join(", ");
        match &function.result {
            None => self.line(format!("{target}({arguments}); // expected: {expected}")),
            Some(ty) => {
                let ty = self.scope.ty(ty);
                let name = format!("${}", self.number());
                self.line(format!("const {name}: {ty} = {target}({arguments}); // expected: {expected}"));
                results.push(name);
            }
        }
    }

    /// The end of the function.
    fn finish(&mut self, function: &Function, operands: &[String]) {
        if self.uses_scratch {
            self.line("$.release($mark);");
        }
        if self.exported
            && function.params.iter().any(|parameter| self.scope.world.borrows_imported(&parameter.ty))
        {
            self.line("$.endBorrows();");
        }
        if let Some(result) = operands.first() {
            self.line(format!("return {result};"));
        }
    }
}

impl Bindgen for Body<'_> {
    type Operand = String;

    fn emit(
        &mut self,
        resolve: &Resolve,
        instruction: &Instruction<'_>,
        operands: &mut Vec<String>,
        results: &mut Vec<String>,
    ) {
        use Instruction as I;
        match instruction {
            I::GetArg { nth } => results.push(self.parameters[*nth].clone()),
            I::I32Const { val } => results.push(val.to_string()),
            I::ConstZero { tys } => results.extend(tys.iter().map(|_| "0".to_owned())),
            I::Bitcasts { casts } => {
                results.extend(casts.iter().zip(&*operands).map(|(cast, operand)| bitcast(cast, operand)));
            }

            I::I32Load { offset } => self.load("load32", *offset, operands, results),
            I::I32Load8U { offset } => self.load("load8u", *offset, operands, results),
            I::I32Load8S { offset } => self.load("load8s", *offset, operands, results),
            I::I32Load16U { offset } => self.load("load16u", *offset, operands, results),
            I::I32Load16S { offset } => self.load("load16s", *offset, operands, results),
            I::I64Load { offset } => self.load("load64", *offset, operands, results),
            I::F32Load { offset } => self.load("loadF32", *offset, operands, results),
            I::F64Load { offset } => self.load("loadF64", *offset, operands, results),
            I::LengthLoad { offset } => self.load("load32", *offset, operands, results),
            I::PointerLoad { offset } => self.load("loadPointer", *offset, operands, results),
            I::I32Store { offset } => self.store("store32", *offset, operands),
            I::I32Store8 { offset } => self.store("store8", *offset, operands),
            I::I32Store16 { offset } => self.store("store16", *offset, operands),
            I::I64Store { offset } => self.store("store64", *offset, operands),
            I::F32Store { offset } => self.store("storeF32", *offset, operands),
            I::F64Store { offset } => self.store("storeF64", *offset, operands),
            I::LengthStore { offset } => self.store("store32", *offset, operands),
            I::PointerStore { offset } => self.store("storePointer", *offset, operands),

            I::I32FromChar | I::I32FromS32 | I::I64FromS64 | I::CoreF32FromF32 | I::CoreF64FromF64 => {
                results.append(operands);
            }
            I::S32FromI32 | I::CharFromI32 | I::S64FromI64 | I::F32FromCoreF32 | I::F64FromCoreF64 => {
                results.append(operands);
            }
            I::I32FromU32 | I::I32FromU16 | I::I32FromS16 | I::I32FromU8 | I::I32FromS8 => {
                self.one(operands, results, "i32", |value| format!("<i32>{value}"));
            }
            I::I32FromBool => self.one(operands, results, "i32", |value| format!("<i32>{value}")),
            I::I64FromU64 => self.one(operands, results, "i64", |value| format!("<i64>{value}")),
            I::U32FromI32 => self.one(operands, results, "u32", |value| format!("<u32>{value}")),
            I::U16FromI32 => self.one(operands, results, "u16", |value| format!("<u16>{value}")),
            I::S16FromI32 => self.one(operands, results, "i16", |value| format!("<i16>{value}")),
            I::U8FromI32 => self.one(operands, results, "u8", |value| format!("<u8>{value}")),
            I::S8FromI32 => self.one(operands, results, "i8", |value| format!("<i8>{value}")),
            I::U64FromI64 => self.one(operands, results, "u64", |value| format!("<u64>{value}")),
            I::BoolFromI32 => self.one(operands, results, "bool", |value| format!("{value} != 0")),

            I::StringLower { realloc } => self.lower_string(&operands[0], *realloc, results),
            I::StringLift => {
                let text =
                    self.constant("string", &format!("$.takeString({}, {})", operands[0], operands[1]));
                results.push(text);
            }
            I::ListCanonLower { element, realloc } => {
                self.lower_numbers(&operands[0], element, *realloc, results)
            }
            I::ListCanonLift { element, ty } => {
                let list = self.scope.ty(&Type::Id(*ty));
                let element = self.scope.ty(element);
                let take = if list == "Uint8Array" {
                    "takeBytes".to_owned()
                } else {
                    format!("takeArray<{element}>")
                };
                let list = self.constant("", &format!("$.{take}({}, {})", operands[0], operands[1]));
                results.push(list);
            }
            I::ListLower { element, realloc } => self.lower_list(&operands[0], element, *realloc, results),
            I::ListLift { element, ty } => self.lift_list(element, *ty, operands, results),
            I::IterElem { .. } => results.push(format!("$element{}", self.innermost())),
            I::IterBasePointer => results.push(format!("$base{}", self.innermost())),

            I::RecordLower { record, .. } => {
                let value = self.constant("", &operands[0]);
                for field in &record.fields {
                    let field = self.constant("", &format!("{value}.{}", names::value(&field.name)));
                    results.push(field);
                }
            }
            I::RecordLift { ty, .. } => {
                let class = self.scope.named(*ty);
                let record = self.constant("", &format!("new {class}({})", operands.join(", ")));
                results.push(record);
            }
            I::TupleLower { tuple, .. } => {
                let value = self.constant("", &operands[0]);
                for index in 0..tuple.types.len() {
                    let field = self.constant("", &format!("{value}._{index}"));
                    results.push(field);
                }
            }
            I::TupleLift { ty, .. } => {
                let class = self.scope.ty(&Type::Id(*ty));
                let tuple = self.constant("", &format!("new {class}({})", operands.join(", ")));
                results.push(tuple);
            }
            I::HandleLower { handle, .. } => results.push(self.lower_handle(handle, &operands[0])),
            I::HandleLift { handle, ty, .. } => results.push(self.lift_handle(handle, *ty, &operands[0])),

            I::FlagsLower { flags, .. } => {
                let mask = u32::MAX.checked_shr(32 - flags.flags.len() as u32).unwrap_or(0);
                self.one(operands, results, "i32", |value| format!("<i32>{value} & {}", mask.cast_signed()));
            }
            I::FlagsLift { ty, .. } | I::EnumLift { ty, .. } => {
                let enumeration = self.scope.named(*ty);
                self.one(operands, results, &enumeration, |value| format!("<{enumeration}>{value}"));
            }
            I::EnumLower { .. } => self.one(operands, results, "i32", |value| format!("<i32>{value}")),

            I::VariantPayloadName => results.push(format!("$payload{}", self.innermost())),
            I::VariantLower { variant, results: types, .. } => {
                self.lower_variant(variant, &operands[0], types, results)
            }
            I::VariantLift { variant, ty, .. } => {
                let lifted = self.lift_variant(variant, *ty, &operands[0]);
                results.push(lifted);
            }
            I::OptionLower { payload, results: types, .. } => {
                self.lower_option(payload, &operands[0], types, results)
            }
            I::OptionLift { payload, ty } => {
                let lifted = self.lift_option(payload, *ty, &operands[0]);
                results.push(lifted);
            }
            I::ResultLower { result, results: types, .. } => {
                self.lower_result(result, &operands[0], types, results)
            }
            I::ResultLift { result, ty } => {
                let lifted = self.lift_result(result, *ty, &operands[0]);
                results.push(lifted);
            }

            I::CallWasm { sig, .. } => {
                let call = format!("{}({})", self.callee, operands.join(", "));
                match sig.results.first() {
                    None => self.line(format!("{call};")),
                    Some(ty) => {
                        let result = self.constant(core_type(*ty), &call);
                        results.push(result);
                    }
                }
            }
            I::CallInterface { func, .. } => self.call_written(func, operands, results),
            I::Return { func, .. } => self.finish(func, operands),
            I::Malloc { size, .. } => {
                let memory = self.memory(&size.size_wasm32().to_string(), Some("cabi_realloc"));
                results.push(memory);
            }
            I::Flush { .. } => results.append(operands),
            I::GuestDeallocate { size, .. } => {
                self.line(format!("$.free({}, {});", operands[0], size.size_wasm32()));
            }
            I::GuestDeallocateString => self.line(format!("$.free({}, {});", operands[0], operands[1])),
            I::GuestDeallocateList { element } => self.free_list(element, operands),
            I::GuestDeallocateVariant { blocks } => self.free_variant(*blocks, &operands[0]),
            // All that is left is asynchronous, or was refused before the generator started.
            other => unreachable!("{other:?} in {}", resolve.worlds.len()),
        }
    }

    fn return_pointer(&mut self, size: ArchitectureSize, _: Alignment) -> String {
        let bytes = size.size_wasm32();
        if self.exported {
            self.area_bytes = self.area_bytes.max(bytes);
            return "$area".to_owned();
        }
        self.memory(&bytes.to_string(), None)
    }

    fn push_block(&mut self) {
        let number = self.number();
        let around = std::mem::take(&mut self.text);
        self.outer.push(Open { around, number });
    }

    fn finish_block(&mut self, operands: &mut Vec<String>) {
        let Open { around, number } = self.outer.pop().expect("a block is finished after it was begun");
        let text = std::mem::replace(&mut self.text, around);
        self.closed.push(Block { text, results: std::mem::take(operands), number });
    }

    fn sizes(&self) -> &SizeAlign {
        &self.scope.world.sizes
    }

    fn is_list_canonical(&self, resolve: &Resolve, element: &Type) -> bool {
        match element {
            Type::Bool | Type::String | Type::ErrorContext => false,
            Type::Id(id) => match &resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.is_list_canonical(resolve, ty),
                _ => false,
            },
            _ => true,
        }
    }
}
