//! Which tools made a binary, and what it says about itself.

use serde::Serialize;
use wasmparser::{Encoding, KnownCustom, Parser, Payload, ProducersSectionReader};

use crate::error::DecodeError;
use crate::limits::NESTING_MAX;
use crate::parts::own_name;
use crate::wasm::{self, Fault};

/// What one component or core module says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Producers {
    /// Its name, if it says one.
    pub name: Option<String>,
    /// Whether it is a component; else it is a core module.
    pub is_component: bool,
    /// Where it begins in the file.
    pub offset_bytes: u64,
    /// The producers section: `language`, `processed-by`, `sdk`, each with names and versions, in the order of the
    /// binary (WebAssembly tool conventions, "Producers Section").
    pub fields: Vec<ProducersField>,
    /// The annotations that name an author, a license or a source, each with its text, in the order of the binary.
    pub annotations: Vec<Annotation>,
    /// The components and core modules inside.
    pub children: Vec<Producers>,
}

/// One field of a producers section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProducersField {
    /// The field, `language`, `processed-by` or `sdk`.
    pub name: String,
    /// The tools or languages.
    pub values: Vec<ProducersValue>,
}

/// A tool or language and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProducersValue {
    /// The name, `Rust`.
    pub name: String,
    /// The version; often empty for languages.
    pub version: String,
}

/// An annotation in a custom section of its own: `authors`, `description`, `licenses`, `source`, `homepage`,
/// `revision`, `version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// The name of the section.
    pub name: String,
    /// Its text.
    pub value: String,
}

const ANNOTATIONS: [&str; 7] =
    ["authors", "description", "licenses", "source", "homepage", "revision", "version"];

/// Reads the producers and annotations of a binary and of everything inside it. Custom sections do not decide whether
/// a binary is valid, so one that cannot be read is passed over.
///
/// # Errors
///
/// As for [`decode`](crate::decode), except that core modules are welcome and code is not validated.
pub fn producers(bytes: &[u8]) -> Result<Producers, DecodeError> {
    wasm::check_header(bytes)?;
    walk(bytes).map_err(|fault| fault.into_decode_error(bytes))
}

fn walk(bytes: &[u8]) -> Result<Producers, Fault> {
    let mut parser = Parser::new(0);
    parser.set_features(wasm::features());
    let mut stack: Vec<Producers> = Vec::new();
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        if let (Some(name), Some(open)) = (own_name(&payload), stack.last_mut()) {
            open.name = Some(name);
        }
        match payload {
            Payload::Version { encoding, range, .. } => {
                if stack.len() >= NESTING_MAX {
                    return Err(Fault::Own(DecodeError::TooDeep));
                }
                stack.push(Producers {
                    name: None,
                    is_component: encoding == Encoding::Component,
                    offset_bytes: range.start,
                    fields: Vec::new(),
                    annotations: Vec::new(),
                    children: Vec::new(),
                });
            }
            Payload::CustomSection(section) => {
                let Some(open) = stack.last_mut() else { continue };
                if let KnownCustom::Producers(reader) = section.as_known() {
                    open.fields.extend(fields(reader));
                } else if ANNOTATIONS.contains(&section.name())
                    && let Ok(value) = std::str::from_utf8(section.data())
                {
                    open.annotations
                        .push(Annotation { name: section.name().to_owned(), value: value.to_owned() });
                }
            }
            Payload::End(_) => {
                let Some(done) = stack.pop() else { break };
                match stack.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Ok(done),
                }
            }
            _ => {}
        }
    }
    let size_bytes = bytes.len() as u64;
    Err(Fault::Own(DecodeError::Truncated { offset: size_bytes + 1, size_bytes }))
}

fn fields(reader: ProducersSectionReader<'_>) -> Vec<ProducersField> {
    reader
        .into_iter()
        .map_while(Result::ok)
        .map(|field| ProducersField {
            name: field.name.to_owned(),
            values: field
                .values
                .into_iter()
                .map_while(Result::ok)
                .map(|value| ProducersValue {
                    name: value.name.to_owned(),
                    version: value.version.to_owned(),
                })
                .collect(),
        })
        .collect()
}
