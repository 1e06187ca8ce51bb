//! Says which interfaces the plain names of exports stand for (`implements` in the component model).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use wasm_encoder::{ComponentExportKind, ComponentExportSection, ComponentExternName, ComponentSection};
use wasmparser::{Chunk, ComponentExportSectionReader, ComponentExternalKind, Parser, Payload};
use wkit_interface::Item;

use crate::error::ComposeError;

/// The interface that the export `item` of an instance stands for when it is exported as `name`, a plain name.
pub(crate) fn interface_of(name: &str, item: &Item) -> Option<String> {
    let own_name = item.parts.is_some().then_some(&item.name);
    let interface = item.implements.as_ref().or(own_name)?;
    (!name.contains([':', '/'])).then(|| interface.clone())
}

/// Adds to each export of the component `bytes` that `labels` names the interface that stands there.
pub(crate) fn restore(bytes: Vec<u8>, labels: &HashMap<String, String>) -> Result<Vec<u8>, ComposeError> {
    if labels.is_empty() {
        return Ok(bytes);
    }
    rewrite(&bytes, labels).map_err(|error| ComposeError::Encode {
        doing: "name the interfaces of the exports".to_owned(),
        message: error.message().to_owned(),
    })
}

fn rewrite(bytes: &[u8], labels: &HashMap<String, String>) -> Result<Vec<u8>, wasmparser::Error> {
    let mut out = Vec::with_capacity(bytes.len() + labels.len() * 64);
    let mut copied = 0;
    for (range, reader) in export_sections(bytes)? {
        let mut section = ComponentExportSection::new();
        for export in reader {
            let export = export?;
            let name = ComponentExternName {
                name: Cow::Borrowed(export.name.name),
                implements: labels.get(export.name.name).map(|interface| Cow::Borrowed(interface.as_str())),
                external_id: None,
                version_suffix: None,
            };
            section.export(name, kind(export.kind), export.index, None);
        }
        out.extend_from_slice(&bytes[copied..range.start]);
        section.append_to_component(&mut out);
        copied = range.end;
    }
    out.extend_from_slice(&bytes[copied..]);
    Ok(out)
}

fn kind(kind: ComponentExternalKind) -> ComponentExportKind {
    match kind {
        ComponentExternalKind::Module => ComponentExportKind::Module,
        ComponentExternalKind::Func => ComponentExportKind::Func,
        ComponentExternalKind::Value => ComponentExportKind::Value,
        ComponentExternalKind::Type => ComponentExportKind::Type,
        ComponentExternalKind::Instance => ComponentExportKind::Instance,
        ComponentExternalKind::Component => ComponentExportKind::Component,
    }
}

/// The export sections of the outermost component, each with the bytes that it takes, its header included.
fn export_sections(
    bytes: &[u8],
) -> Result<Vec<(Range<usize>, ComponentExportSectionReader<'_>)>, wasmparser::Error> {
    let mut sections = Vec::new();
    let mut parser = Parser::new(0);
    let mut offset = 0;
    loop {
        let (size, payload) = match parser.parse(&bytes[offset..], true)? {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            // Cannot happen at the end of the input.
            Chunk::NeedMoreData(_) => return Ok(sections),
        };
        match payload {
            Payload::ComponentExportSection(reader) => sections.push((offset..offset + size, reader)),
            // What is inside is passed over as a whole.
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => {
                offset = unchecked_range.end as usize;
                continue;
            }
            Payload::End(_) => return Ok(sections),
            _ => {}
        }
        offset += size;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use wkit_fixtures::component::from_wat;

    use super::restore;

    #[test]
    fn labels_stand_in_the_outermost_component_alone() {
        let component = from_wat(
            r#"(component
                (component $inner
                    (core module $m (func (export "f")))
                    (instance $i)
                    (export "primary" (instance $i)))
                (instance $i (instantiate $inner))
                (alias export $i "primary" (instance $p))
                (export "primary" (instance $p))
                (export "backup" (instance $p)))"#,
        );
        let labels = HashMap::from([("primary".to_owned(), "demo:kv/store@0.1.0".to_owned())]);
        let restored = restore(component.clone(), &labels).unwrap();
        let surface = wkit_interface::decode(&restored).unwrap();
        let implements: Vec<Option<&str>> =
            surface.exports.iter().map(|item| item.implements.as_deref()).collect();
        assert_eq!(implements, [Some("demo:kv/store@0.1.0"), None]);
        assert_eq!(restore(component.clone(), &HashMap::new()).unwrap(), component);
    }
}
