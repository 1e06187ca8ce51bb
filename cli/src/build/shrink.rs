//! Makes components smaller for a release: drops what only helps a person who looks for a fault.

use wasm_encoder::{ComponentSection, RawSection};
use wasmparser::{Parser, Payload};

use super::error::BuildError;

/// The sections of a component, and of the core modules in it, that stay: who made it, and what a registry shows.
const KEPT: [&str; 7] = ["producers", "authors", "description", "licenses", "source", "homepage", "version"];

/// The component without names and debugging information, at every depth.
///
/// What it computes, imports and exports stays the same. Sections that say where it comes from are kept, and so are
/// `component-type` sections, which carry documentation.
pub(super) fn strip(component: &[u8]) -> Result<Vec<u8>, BuildError> {
    strip_at(component).map_err(|error| BuildError::NotAComponent { message: error.to_string() })
}

fn strip_at(bytes: &[u8]) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    // Nesting is handled by a stack of unfinished outputs rather than by calling itself: a file decides the depth.
    let mut unfinished: Vec<Vec<u8>> = Vec::new();
    let mut output = Vec::with_capacity(bytes.len());
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => output.extend_from_slice(match encoding {
                wasmparser::Encoding::Module => &wasm_encoder::Module::HEADER,
                wasmparser::Encoding::Component => &wasm_encoder::Component::HEADER,
            }),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                unfinished.push(std::mem::take(&mut output));
                continue;
            }
            Payload::End(_) => {
                let Some(mut parent) = unfinished.pop() else { break };
                let id = match wasmparser::Parser::is_component(&output) {
                    true => wasm_encoder::ComponentSectionId::Component,
                    false => wasm_encoder::ComponentSectionId::CoreModule,
                } as u8;
                RawSection { id, data: &output }.append_to_component(&mut parent);
                output = parent;
                continue;
            }
            Payload::CustomSection(section) if !is_kept(section.name()) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            // The parser has read them, so they are within the bytes, whose length is a `usize`.
            let data = bytes.get(range.start as usize..range.end as usize).unwrap_or_default();
            RawSection { id, data }.append_to_component(&mut output);
        }
    }
    Ok(output)
}

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name) || name.starts_with("component-type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_and_the_rest_stays() {
        let text = r#"(component $outer
            (core module $inner (func $secret (export "f") (result i32) i32.const 7)
                (@custom ".debug_info" "far too long") (@custom "producers" "\00"))
            (core instance $i (instantiate $inner))
            (func (export "f") (result u32) (canon lift (core func $i "f")))
            (component $nested (core module $m (func $hidden))))"#;
        let component = wat::parse_str(text).unwrap();
        let stripped = strip(&component).unwrap();
        assert!(stripped.len() < component.len());
        let contains = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|at| at == word.as_bytes());
        for gone in ["secret", "hidden", "outer", ".debug_info"] {
            assert!(contains(&component, gone) && !contains(&stripped, gone), "{gone}");
        }
        assert!(contains(&stripped, "producers"));
        let before = wkit_interface::decode(&component).unwrap();
        let after = wkit_interface::decode(&stripped).unwrap();
        assert_eq!(before.wit(), after.wit());
        assert_eq!(strip(&stripped).unwrap(), stripped);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        assert!(matches!(strip(b"\0asm\x0d\0\x01\0\x05"), Err(BuildError::NotAComponent { .. })));
    }
}
