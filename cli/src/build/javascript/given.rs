//! Mends how QuickJS is given objects of resources that the component exports.
//!
//! The module that stands between the component and the engine passes the handle of such an object on as it came. The
//! engine takes it for the number under which it keeps the object itself, and so takes another object, or stops.

use wasm_encoder::{ConstExpr, Encode, Function, GlobalSection, GlobalType, RawSection, Section, ValType};
use wasmparser::{
    BinaryReader, BinaryReaderError, CodeSectionReader, Import, ImportSectionReader, Operator, TypeRef,
};

use crate::build::error::BuildError;

/// The engine's function that is given an object: the call's context, the resource's number, the handle.
const GIVE: &str = "wit_dylib_push_own";
/// The engine's function that forgets an object: the resource's number, the object's number.
const FORGET: &str = "wit_dylib_resource_dtor";
/// What the names of imports begin with that concern a resource.
const DROP: &str = "[resource-drop]";
const REP: &str = "[resource-rep]";

const MODULE: u8 = 1;
const COMPONENT: u8 = 4;
const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;
const GLOBALS: u8 = 6;
const CODE: u8 = 10;
/// The sections of a module that stand before that of globals: types to memories, and tags.
const BEFORE_GLOBALS: [u8; 6] = [1, IMPORTS, FUNCTIONS, 4, 5, 13];

/// The component with an engine that takes the right objects.
pub(super) fn right_objects(component: &[u8]) -> Result<Vec<u8>, BuildError> {
    let invalid = |message: String| BuildError::NotAComponent { message };
    let mut found = false;
    let mended = mended(component, &mut found).map_err(|error| invalid(error.to_string()))?;
    if !found {
        return Err(invalid(format!("expected a module that imports `{GIVE}`, found none")));
    }
    Ok(mended)
}

/// A component with the modules and components in it mended; `found` is set where one had to be looked at.
fn mended(component: &[u8], found: &mut bool) -> Result<Vec<u8>, BinaryReaderError> {
    let mut output = wasm_encoder::Component::HEADER.to_vec();
    for (id, data) in sections(component)? {
        let inner = match id {
            MODULE => match Adapter::of(data)? {
                Some(adapter) => {
                    *found = true;
                    adapter.mended(data)?
                }
                None => data.to_vec(),
            },
            COMPONENT => mended(data, found)?,
            _ => data.to_vec(),
        };
        RawSection { id, data: &inner }.append_to(&mut output);
    }
    Ok(output)
}

/// The sections behind the first eight bytes of a module or component.
fn sections(bytes: &[u8]) -> Result<Vec<(u8, &[u8])>, BinaryReaderError> {
    let mut reader = BinaryReader::new(bytes, 0);
    reader.read_bytes(8)?;
    let mut found = Vec::new();
    while !reader.eof() {
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()?;
        found.push((id, reader.read_bytes(length as usize)?));
    }
    Ok(found)
}

/// An imported function: its number and that of its type.
#[derive(Clone, Copy)]
struct Imported {
    function: u32,
    ty: u32,
}

/// An exported resource: its number, and the functions that look into a handle and drop it.
struct Resource {
    number: i32,
    rep: u32,
    drop: u32,
}

/// The module between component and engine, as far as it concerns objects that are given away.
struct Adapter {
    give: Imported,
    forget: Imported,
    resources: Vec<Resource>,
    functions: u32,
    globals: u32,
}

impl Adapter {
    /// `None` if the module is another one.
    fn of(module: &[u8]) -> Result<Option<Self>, BinaryReaderError> {
        let (mut functions, mut globals) = (0, 0);
        let (mut give, mut forget) = (None, None);
        let (mut drops, mut reps) = (Vec::new(), Vec::new());
        for (id, data) in sections(module)? {
            match id {
                IMPORTS => {
                    for import in ImportSectionReader::new(BinaryReader::new(data, 0))?.into_imports() {
                        let Import { module, name, ty } = import?;
                        globals += u32::from(matches!(ty, TypeRef::Global(_)));
                        let (TypeRef::Func(ty) | TypeRef::FuncExact(ty)) = ty else { continue };
                        let imported = Imported { function: functions, ty };
                        functions += 1;
                        match name {
                            GIVE => give = Some(imported),
                            FORGET => forget = Some(imported),
                            _ => {}
                        }
                        drops.extend(name.strip_prefix(DROP).map(|name| (module, name, imported.function)));
                        reps.extend(name.strip_prefix(REP).map(|name| (module, name, imported.function)));
                    }
                }
                FUNCTIONS => functions += BinaryReader::new(data, 0).read_var_u32()?,
                GLOBALS => globals += BinaryReader::new(data, 0).read_var_u32()?,
                _ => {}
            }
        }
        let (Some(give), Some(forget)) = (give, forget) else { return Ok(None) };
        // Resources are numbered as they come, and each has one function that drops it; only those that the component
        // exports have one that looks into a handle.
        let numbered = (0..).zip(&drops);
        let resources = numbered.filter_map(|(number, (module, name, drop))| {
            let (.., rep) = reps.iter().find(|(of, rep, _)| (of, rep) == (module, name))?;
            Some(Resource { number, rep: *rep, drop: *drop })
        });
        Ok(Some(Self { give, forget, resources: resources.collect(), functions, globals }))
    }

    /// The module with two functions more, which are called in the place of the engine's, and a global for them.
    fn mended(&self, module: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        if self.resources.is_empty() {
            return Ok(module.to_vec());
        }
        let mut global = Some(self.global());
        let mut output = wasm_encoder::Module::HEADER.to_vec();
        for (id, data) in sections(module)? {
            let mut data = data.to_vec();
            match id {
                FUNCTIONS => data = longer(&data, &[encoded(&self.give.ty), encoded(&self.forget.ty)])?,
                GLOBALS => {
                    if let Some(global) = global.take() {
                        data = longer(&data, &[global])?;
                    }
                }
                CODE => data = longer(&self.code(&data)?, &[encoded(&self.give()), encoded(&self.forget())])?,
                _ => {}
            }
            if id != 0
                && !BEFORE_GLOBALS.contains(&id)
                && let Some(global) = global.take()
            {
                let data = longer(&[0], &[global])?;
                RawSection { id: GLOBALS, data: &data }.append_to(&mut output);
            }
            RawSection { id, data: &data }.append_to(&mut output);
        }
        Ok(output)
    }

    /// The code of the module's own functions, with other calls.
    fn code(&self, section: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let reader = CodeSectionReader::new(BinaryReader::new(section, 0))?;
        let mut output = encoded(&reader.count());
        for body in reader {
            let body = body?;
            let bytes = body.as_bytes();
            let offset = |at: u64| {
                usize::try_from(at - body.range().start).expect("an operator lies in its function's body")
            };
            let mut mended = Vec::new();
            let mut copied = 0;
            let mut operators = body.get_operators_reader()?;
            while !operators.eof() {
                let start = offset(operators.original_position());
                let instead = match operators.read()? {
                    Operator::Call { function_index } if function_index == self.give.function => 0,
                    Operator::Call { function_index } if function_index == self.forget.function => 1,
                    _ => continue,
                };
                // The operator itself is one byte.
                mended.extend_from_slice(&bytes[copied..=start]);
                (self.functions + instead).encode(&mut mended);
                copied = offset(operators.original_position());
            }
            mended.extend_from_slice(&bytes[copied..]);
            mended.as_slice().encode(&mut output);
        }
        Ok(output)
    }

    /// Gives the engine an object by the object's number. The engine then no longer keeps the object under it, which
    /// is why the handle is dropped afterwards, without the engine being told.
    fn give(&self) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        for Resource { number, rep, drop } in &self.resources {
            code.local_get(1).i32_const(*number).i32_eq().if_(wasm_encoder::BlockType::Empty);
            code.local_get(0).local_get(1).local_get(2).call(*rep).call(self.give.function);
            code.i32_const(1).global_set(self.globals);
            code.local_get(2).call(*drop);
            code.i32_const(0).global_set(self.globals);
            code.return_().end();
        }
        code.local_get(0).local_get(1).local_get(2).call(self.give.function).end();
        function
    }

    /// Tells the engine that an object is gone, unless it has been given the object just now.
    fn forget(&self) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        code.global_get(self.globals).i32_eqz().if_(wasm_encoder::BlockType::Empty);
        code.local_get(0).local_get(1).call(self.forget.function);
        code.end().end();
        function
    }

    /// Whether a handle is being dropped whose object the engine has been given.
    fn global(&self) -> Vec<u8> {
        let mut globals = GlobalSection::new();
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(0));
        // Behind the section's length and the number of globals, which are one byte each.
        encoded(&globals).split_off(2)
    }
}

/// A section's data with more items.
fn longer(data: &[u8], items: &[Vec<u8>]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut reader = BinaryReader::new(data, 0);
    let more = u32::try_from(items.len()).expect("it is two at most");
    let mut output = encoded(&(reader.read_var_u32()? + more));
    output.extend_from_slice(reader.read_bytes(reader.bytes_remaining())?);
    output.extend(items.iter().flatten());
    Ok(output)
}

fn encoded(item: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    item.encode(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use wkit_runtime_runner::{Grants, InvokeError, Limits, Runner, RunnerConfig};

    /// An engine that keeps objects from number 5 on, and stops when it is told of one that it does not keep. The
    /// resource with the number 0 is another component's, and the one with the number 1 is exported.
    const TEXT: &str = r#"(component
        (component $inner
            (core module $engine
                (memory 1)
                (global (export "base") i32 i32.const 0)
                (global $next (mut i32) i32.const 5)
                (global $given (mut i32) i32.const 0)
                (global $forgotten (mut i32) i32.const 0)
                (func (export "keep") (result i32)
                    (i32.store8 (global.get $next) (i32.const 1))
                    (global.set $next (i32.add (global.get $next) (i32.const 1)))
                    (i32.sub (global.get $next) (i32.const 1)))
                (func $remove (param i32)
                    (if (i32.eqz (i32.load8_u (local.get 0))) (then unreachable))
                    (i32.store8 (local.get 0) (i32.const 0)))
                (func (export "wit_dylib_push_own") (param i32 i32 i32)
                    (if (local.get 1) (then (call $remove (local.get 2))))
                    (global.set $given (local.get 2)))
                (func (export "wit_dylib_resource_dtor") (param i32 i32)
                    (call $remove (local.get 1))
                    (global.set $forgotten (i32.add (global.get $forgotten) (i32.const 1))))
                (func (export "given") (result i32) global.get $given)
                (func (export "forgotten") (result i32) global.get $forgotten))
            (core module $adapter
                (import "env" "base" (global i32))
                (import "env" "wit_dylib_resource_dtor" (func $forget (param i32 i32)))
                (import "env" "wit_dylib_push_own" (func $give (param i32 i32 i32)))
                (import "env" "keep" (func $keep (result i32)))
                (import "env" "given" (func $given (result i32)))
                (import "env" "forgotten" (func $forgotten (result i32)))
                (import "a:b/c" "[resource-drop]r" (func (param i32)))
                (import "[export]a:b/c" "[resource-drop]r" (func $drop (param i32)))
                (import "[export]a:b/c" "[resource-new]r" (func $new (param i32) (result i32)))
                (import "[export]a:b/c" "[resource-rep]r" (func (param i32) (result i32)))
                (; GLOBAL ;)
                (func (export "dtor") (param i32) (call $forget (i32.const 1) (local.get 0)))
                (func (export "foreign") (result i32)
                    (call $give (i32.const 0) (i32.const 0) (i32.const 42))
                    (call $given))
                (func (export "own") (result i32)
                    (local $first i32) (local $second i32)
                    (local.set $first (call $new (call $keep)))
                    (call $give (i32.const 0) (i32.const 1) (local.get $first))
                    (local.set $second (call $new (call $keep)))
                    (call $drop (local.get $second))
                    (i32.mul (call $given) (i32.const 100))
                    (i32.mul (i32.eq (local.get $first) (local.get $second)) (i32.const 10))
                    (i32.add (i32.add (call $forgotten)))))
            (core module $late
                (table (export "table") 1 funcref)
                (func (export "dtor") (param i32) (call_indirect (param i32) (local.get 0) (i32.const 0))))
            (core module $filled
                (import "late" "table" (table 1 funcref))
                (import "adapter" "dtor" (func $dtor (param i32)))
                (elem (i32.const 0) func $dtor))
            (core instance $late (instantiate $late))
            (type $r (resource (rep i32) (dtor (core func $late "dtor"))))
            (core func $drop (canon resource.drop $r))
            (core func $new (canon resource.new $r))
            (core func $rep (canon resource.rep $r))
            (core instance $engine (instantiate $engine))
            (core instance $intrinsics
                (export "[resource-drop]r" (func $drop))
                (export "[resource-new]r" (func $new))
                (export "[resource-rep]r" (func $rep)))
            (core instance $adapter (instantiate $adapter
                (with "env" (instance $engine))
                (with "a:b/c" (instance $intrinsics))
                (with "[export]a:b/c" (instance $intrinsics))))
            (core instance (instantiate $filled
                (with "late" (instance $late)) (with "adapter" (instance $adapter))))
            (func (export "own") (result u32) (canon lift (core func $adapter "own")))
            (func (export "foreign") (result u32) (canon lift (core func $adapter "foreign"))))
        (instance $inner (instantiate $inner))
        (func $own (alias export $inner "own"))
        (func $foreign (alias export $inner "foreign"))
        (export "own" (func $own))
        (export "foreign" (func $foreign)))"#;

    fn called(component: &[u8], call: &str) -> Result<Vec<String>, InvokeError> {
        let program = Runner::new(&RunnerConfig::default()).unwrap().load(component).unwrap();
        program.invoke_blocking(call, Grants::default(), Limits::default())
    }

    #[test]
    fn the_engine_is_given_the_object_and_the_handle_is_free_again() {
        for global in ["", "(global i32 i32.const 3)"] {
            let component = wat::parse_str(TEXT.replace("(; GLOBAL ;)", global)).unwrap();
            assert!(matches!(called(&component, "own()"), Err(InvokeError::Trapped(_))));
            let mended = right_objects(&component).unwrap();
            // Object 5 was given, its handle was used again for the next one, and the engine has forgotten only that.
            assert_eq!(called(&mended, "own()").unwrap(), ["511"]);
            assert_eq!(called(&mended, "foreign()").unwrap(), ["42"]);
        }
    }

    #[test]
    fn nothing_changes_where_no_resource_is_exported() {
        let text = TEXT.replace("[resource-rep]", "[resource-look]");
        let component = wat::parse_str(text).unwrap();
        assert_eq!(right_objects(&component).unwrap(), component);
    }

    #[test]
    fn a_component_of_another_kind_is_an_error() {
        let component = wat::parse_str("(component (core module))").unwrap();
        let error = right_objects(&component).unwrap_err();
        assert!(error.to_string().contains("imports `wit_dylib_push_own`"), "{error}");
        assert!(right_objects(b"\0asm\x0d\0\x01\0\x01\x05").is_err());
    }
}
