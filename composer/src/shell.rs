//! Shells: components without their code, which stand in for the components while a composition is made.
//!
//! All that wiring needs of a component is its type, and that is a few kilobytes even where the code is megabytes. A
//! shell has every section of its component but those that no type depends on: the bodies of functions trap, and
//! there is no data, no element and no custom section. So the composition of the shells has the type that the
//! composition of the components has, and is valid exactly when that one is, given that each component is; in the end
//! each shell inside it is replaced by its component. Nothing large is copied or read twice.

use std::collections::HashMap;

use bytes::Bytes;
use wasm_encoder::{ComponentSectionId, Encode, SectionId};
use wasmparser::BinaryReader;
use wkit_interface::limits::{COMPONENT_BYTES_MAX, NESTING_MAX};
use wkit_interface::{DecodeError, Surface};

use crate::binary::Binary;
use crate::error::ComposeError;
use crate::input_bytes::InputBytes;

/// The shells of one composition: the one place through which components get into it and come out of it.
pub(crate) struct Shells {
    /// By number; nothing for what could not be read.
    shells: Vec<Option<Shell>>,
}

/// What stands in for one component.
pub(crate) struct Shell {
    number: usize,
    bytes: Vec<u8>,
    component: InputBytes,
}

impl Shell {
    /// The shell of the component `input`, whose bytes have been validated.
    pub(crate) fn new(bytes: &[u8], number: usize, input: InputBytes) -> wasmparser::Result<Self> {
        Ok(Self { number, bytes: shell(bytes, number)?, component: input })
    }

    /// Its number.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// A whole component of its own.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Shells {
    /// The shells by their numbers.
    pub(crate) fn of(shells: Vec<Option<Shell>>) -> Self {
        Self { shells }
    }

    /// The shell of this number, a whole component of its own.
    pub(crate) fn bytes(&self, number: usize) -> &[u8] {
        self.shells.get(number).and_then(Option::as_ref).map_or(&[], |shell| &shell.bytes)
    }

    /// Validates a composition of shells, reads its surface, and puts the components where their shells are.
    pub(crate) fn fill(&self, composed: Vec<u8>) -> Result<(Binary, Surface), ComposeError> {
        let surface = wkit_interface::decode(&composed).map_err(|error| invalid(&error))?;
        let binary = self.replace(composed).map_err(|message| ComposeError::Encode {
            doing: "put the components into the composition".to_owned(),
            message,
        })?;
        if binary.len() > COMPONENT_BYTES_MAX {
            return Err(ComposeError::TooLarge { size_bytes: binary.len() });
        }
        Ok((binary, surface))
    }

    fn replace(&self, composed: Vec<u8>) -> Result<Binary, String> {
        let composed = Bytes::from(composed);
        // Equal components may be written more than once, so a shell may be met more than once.
        let shells = self.shells.iter().flatten();
        let by_bytes: HashMap<&[u8], &InputBytes> =
            shells.map(|shell| (shell.bytes.as_slice(), &shell.component)).collect();
        let mut binary = Binary::default();
        let mut kept_from = 0;
        for section in Sections::of(&composed) {
            let section = section.map_err(|error| error.message().to_owned())?;
            if section.id != COMPONENT {
                continue;
            }
            let component =
                by_bytes.get(section.contents).ok_or("a component inside is none of the inputs")?;
            let mut header = vec![COMPONENT];
            component.len().encode(&mut header);
            binary.push_bytes(composed.slice(kept_from..section.start));
            binary.push_bytes(header.into());
            binary.push((*component).clone());
            kept_from = section.end;
        }
        binary.push_bytes(composed.slice(kept_from..));
        Ok(binary)
    }
}

/// The composition came out invalid, which the checks before should have found. The place in the bytes would say
/// nothing to anybody.
fn invalid(error: &DecodeError) -> ComposeError {
    let message = match error {
        DecodeError::Invalid { message, .. } | DecodeError::UnsupportedFeature { message, .. } => {
            message.clone()
        }
        other => other.to_string(),
    };
    ComposeError::Encode { doing: "validate the composition".to_owned(), message }
}

const CUSTOM: u8 = ComponentSectionId::CoreCustom as u8;
const CORE_MODULE: u8 = ComponentSectionId::CoreModule as u8;
const COMPONENT: u8 = ComponentSectionId::Component as u8;

const CODE: u8 = SectionId::Code as u8;
const ELEMENT: u8 = SectionId::Element as u8;
const DATA: u8 = SectionId::Data as u8;
const DATA_COUNT: u8 = SectionId::DataCount as u8;

/// A function that traps, with its size before it: no locals, `unreachable`, `end`.
const TRAP: [u8; 4] = [3, 0, 0, 0x0b];

/// The custom section with the shell's number. Components that differ in code alone would have equal shells without it.
const NUMBER_SECTION: &str = "shell";

fn shell(component: &[u8], number: usize) -> wasmparser::Result<Vec<u8>> {
    let mut shell = Vec::new();
    reduce_component(component, 0, &mut shell)?;
    let mut contents = Vec::new();
    NUMBER_SECTION.encode(&mut contents);
    number.encode(&mut contents);
    write_section(CUSTOM, &contents, &mut shell);
    Ok(shell)
}

/// Writes a component without code. What is nested deeper than [`NESTING_MAX`] stays as it is.
fn reduce_component(component: &[u8], depth: usize, out: &mut Vec<u8>) -> wasmparser::Result<()> {
    out.extend_from_slice(&component[..HEADER_BYTES.min(component.len())]);
    for section in Sections::of(component) {
        let section = section?;
        match section.id {
            CUSTOM => {}
            CORE_MODULE => write_section(CORE_MODULE, &reduce_module(section.contents)?, out),
            COMPONENT if depth < NESTING_MAX => {
                let mut inner = Vec::new();
                reduce_component(section.contents, depth + 1, &mut inner)?;
                write_section(COMPONENT, &inner, out);
            }
            id => write_section(id, section.contents, out),
        }
    }
    Ok(())
}

fn reduce_module(module: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut out = module[..HEADER_BYTES.min(module.len())].to_vec();
    for section in Sections::of(module) {
        let section = section?;
        match section.id {
            CUSTOM | ELEMENT | DATA | DATA_COUNT => {}
            CODE => {
                let count = BinaryReader::new(section.contents, 0).read_var_u32()?;
                let mut bodies = Vec::new();
                count.encode(&mut bodies);
                bodies.extend(std::iter::repeat_n(TRAP, count as usize).flatten());
                write_section(CODE, &bodies, &mut out);
            }
            id => write_section(id, section.contents, &mut out),
        }
    }
    Ok(out)
}

fn write_section(id: u8, contents: &[u8], out: &mut Vec<u8>) {
    out.push(id);
    contents.encode(out);
}

/// The magic number and the version, which every module and component begins with.
const HEADER_BYTES: usize = 8;

/// One section of a module or component.
struct Section<'a> {
    id: u8,
    contents: &'a [u8],
    /// Where it begins, with its id.
    start: usize,
    /// Where the next one begins.
    end: usize,
}

/// The outermost sections of a module or component.
struct Sections<'a> {
    reader: BinaryReader<'a>,
}

impl<'a> Sections<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { reader: BinaryReader::new(bytes.get(HEADER_BYTES..).unwrap_or_default(), 0) }
    }

    fn read(&mut self) -> wasmparser::Result<Section<'a>> {
        let start = HEADER_BYTES + self.reader.current_position();
        let id = self.reader.read_u8()?;
        let size = self.reader.read_var_u32()?;
        let contents = self.reader.read_bytes(size as usize)?;
        Ok(Section { id, contents, start, end: HEADER_BYTES + self.reader.current_position() })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = wasmparser::Result<Section<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.eof() {
            return None;
        }
        let section = self.read();
        if section.is_err() {
            self.reader = BinaryReader::new(&[], 0);
        }
        Some(section)
    }
}

#[cfg(test)]
mod tests {
    use wkit_fixtures::{component, prebuilt};

    use super::*;

    fn surface(bytes: &[u8]) -> String {
        format!("{:?}", wkit_interface::decode(bytes).expect("it is valid"))
    }

    #[test]
    fn a_shell_has_the_type_of_its_component_and_no_code() {
        let odd = r#"(component
            (import "lib" (core module $lib (export "f" (func (result i32))) (export "m" (memory 1))))
            (core module $own
                (import "" "t" (table 1 funcref))
                (type $f (func (param i32) (result i64 externref)))
                (tag $tag (param i32))
                (memory (export "memory") 1 7)
                (table (export "table") 2 funcref (ref.func $start))
                (global (export "global") funcref (ref.func $start))
                (global (export "mutable") (mut i32) (i32.add (i32.const 1) (i32.const 2)))
                (func $start)
                (func (export "go") (type $f) i64.const 7 ref.null extern)
                (export "tag" (tag $tag))
                (start $start)
                (elem (table 1) (i32.const 0) func $start)
                (data (i32.const 8) "hello"))
            (component $inner
                (core module $m (func (export "f")) (@custom "name" "junk"))
                (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))
            (instance $i (instantiate $inner))
            (export "own" (core module $own))
            (export "inner" (component $inner))
            (export "f" (func $i "f"))
            (@custom "note" "more junk"))"#;
        for component in [
            component::from_wat(odd),
            component::from_wat("(component)"),
            component::wit_package(
                "package a:b; interface c { resource r; d: func(r: r); } world e { import c; }",
            ),
            prebuilt::calc(),
            prebuilt::ferry(),
            prebuilt::porter(),
            prebuilt::probe(),
            prebuilt::tide(),
        ] {
            let shell = shell(&component, 3).expect("it is valid");
            assert_eq!(surface(&component), surface(&shell));
            for part in wkit_interface::parts(&shell).expect("it is valid") {
                assert!(part.size_bytes <= 64 * 1024, "{part:?}");
            }
        }
    }

    #[test]
    fn components_that_differ_in_code_alone_have_shells_of_their_own() {
        let text = |number: u32| {
            InputBytes::from(component::from_wat(&format!(
                r#"(component (core module $m (func (export "f") (result i32) i32.const {number}))
                    (core instance $i (instantiate $m))
                    (func (export "f") (result u32) (canon lift (core func $i "f"))))"#
            )))
        };
        let components = [1, 2, 1].map(text);
        let (read, shells) = crate::reading::read(&components.iter().collect::<Vec<_>>(), |_, _, _| {});
        let numbers: Vec<usize> =
            read.into_iter().map(|read| read.ok().expect("it is valid").shell).collect();
        assert_eq!(numbers, [0, 1, 0]);
        assert_ne!(shells.bytes(0), shells.bytes(1));
    }

    /// A component of one byte of data, inside `depth` others.
    fn nested(depth: usize) -> Vec<u8> {
        let mut component =
            component::from_wat(r#"(component (core module (memory 1) (data (i32.const 0) "x")))"#);
        for _ in 0..depth {
            let mut outer = component[..HEADER_BYTES].to_vec();
            write_section(COMPONENT, &component, &mut outer);
            component = outer;
        }
        component
    }

    #[test]
    fn what_is_nested_too_deep_is_kept() {
        let keeps_data = |depth: usize| {
            let component = nested(depth);
            let shell = shell(&component, 0).expect("it is valid");
            assert_eq!(surface(&component), surface(&shell));
            shell.contains(&b'x')
        };
        assert!(!keeps_data(NESTING_MAX));
        assert!(keeps_data(NESTING_MAX + 1));
        assert!(keeps_data(10 * NESTING_MAX));
    }

    #[test]
    fn damaged_components_are_an_error() {
        let component = prebuilt::calc();
        assert!(shell(&component[..component.len() - 1], 0).is_err());
        assert!(shell(&[], 0).is_ok(), "it never gets here, as it is not valid");
    }

    #[test]
    fn a_composition_of_something_else_is_refused() {
        let composed = nested(1);
        let error = Shells::of(Vec::new()).fill(composed).expect_err("no component is known");
        assert!(error.to_string().contains("none of the inputs"), "{error}");
    }
}
