//! Takes exports out of a component that its world does not have: an engine leaves its own start behind.

use std::borrow::Cow;
use std::ops::Range;

use wasm_encoder::{ComponentSection, ComponentSectionId, Encode, RawSection};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentTypeRef, FromReader, Parser, Payload,
    SectionLimited,
};

use crate::build::error::BuildError;
use crate::build::wit::Wit;

/// The component without functions that it exports and its world does not, and with other names for its imports and
/// exports: those that `rename` gives, which is also told whether the name is there already.
///
/// An export is a function of its own for everything behind it, so that one cannot simply be left out. Its place is
/// taken by a second definition of the function that was exported; all other numbers stay what they are.
pub(super) fn only_the_world(
    component: &[u8],
    wit: &Wit,
    rename: &dyn Fn(&str, &[String]) -> Option<String>,
) -> Result<Vec<u8>, BuildError> {
    let exports = wit.exports();
    let keep = |name: &str| exports.contains(rename(name, &[]).as_deref().unwrap_or(name));
    rewritten(component, &keep, rename)
        .map_err(|error| BuildError::NotAComponent { message: error.to_string() })
}

/// The section that a function is defined in, and the bytes that define it.
type Definition<'a> = (ComponentSectionId, &'a [u8]);

fn rewritten(
    component: &[u8],
    keep: &dyn Fn(&str) -> bool,
    rename: &dyn Fn(&str, &[String]) -> Option<String>,
) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    // Every component function so far, with its definition unless it is an import.
    let mut functions: Vec<Option<Definition<'_>>> = Vec::new();
    let mut output = wasm_encoder::Component::HEADER.to_vec();
    let mut depth = 0_u32;
    let imported = imports(component)?;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => {
                if depth == 0
                    && let Some((id, _)) = payload.as_section()
                {
                    RawSection { id, data: &component[bounds(unchecked_range)] }
                        .append_to_component(&mut output);
                }
                depth += 1;
                continue;
            }
            Payload::End(_) if depth > 0 => {
                depth -= 1;
                continue;
            }
            _ if depth > 0 => continue,
            _ => {}
        }
        if let Payload::ComponentExportSection(section) = &payload {
            exports(component, section, keep, rename, &mut functions, &mut output)?;
            continue;
        }
        if let Payload::ComponentImportSection(section) = &payload {
            count(component, &payload, &mut functions)?;
            let named = items(component, section)?.into_iter();
            let named = named
                .map(|(import, bytes)| renamed(import.name.name, bytes, rename(import.name.name, &imported)));
            append(ComponentSectionId::Import, &named.collect::<Vec<_>>(), &mut output);
            continue;
        }
        count(component, &payload, &mut functions)?;
        if let Some((id, range)) = payload.as_section() {
            RawSection { id, data: &component[bounds(&range)] }.append_to_component(&mut output);
        }
    }
    Ok(output)
}

/// Notes the component functions that a section other than that of exports defines.
fn count<'a>(
    component: &'a [u8],
    payload: &Payload<'a>,
    functions: &mut Vec<Option<Definition<'a>>>,
) -> Result<(), wasmparser::BinaryReaderError> {
    match payload {
        Payload::ComponentCanonicalSection(section) => {
            for (function, bytes) in items(component, section)? {
                if matches!(function, CanonicalFunction::Lift { .. }) {
                    functions.push(Some((ComponentSectionId::CanonicalFunction, bytes)));
                }
            }
        }
        Payload::ComponentAliasSection(section) => {
            for (alias, bytes) in items(component, section)? {
                if let ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, .. } = alias {
                    functions.push(Some((ComponentSectionId::Alias, bytes)));
                }
            }
        }
        Payload::ComponentImportSection(section) => {
            for (import, _) in items(component, section)? {
                if let ComponentTypeRef::Func(_) = import.ty {
                    functions.push(None);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Writes a section of exports, with definitions in the place of those that are not to stay.
fn exports<'a>(
    component: &'a [u8],
    section: &SectionLimited<'a, wasmparser::ComponentExport<'a>>,
    keep: &dyn Fn(&str) -> bool,
    rename: &dyn Fn(&str, &[String]) -> Option<String>,
    functions: &mut Vec<Option<Definition<'a>>>,
    output: &mut Vec<u8>,
) -> Result<(), wasmparser::BinaryReaderError> {
    let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
    for (export, bytes) in items(component, section)? {
        let is_function = export.kind == ComponentExternalKind::Func;
        let definition = match is_function {
            true => functions.get(export.index as usize).copied().flatten(),
            false => None,
        };
        if is_function {
            functions.push(definition);
        }
        match definition {
            Some((id, definition)) if !keep(export.name.name) => {
                append(ComponentSectionId::Export, &std::mem::take(&mut kept), output);
                append(id, &[Cow::Borrowed(definition)], output);
            }
            _ => kept.push(renamed(export.name.name, bytes, rename(export.name.name, &[]))),
        }
    }
    append(ComponentSectionId::Export, &kept, output);
    Ok(())
}

/// The items of a section, each with its bytes.
fn items<'a, T: FromReader<'a>>(
    component: &'a [u8],
    section: &SectionLimited<'a, T>,
) -> Result<Vec<(T, &'a [u8])>, wasmparser::BinaryReaderError> {
    let mut found = Vec::new();
    for item in section.clone().into_iter_with_offsets() {
        found.push(item?);
    }
    let ends: Vec<u64> = found.iter().skip(1).map(|(start, _)| *start).chain([section.range().end]).collect();
    Ok(found
        .into_iter()
        .zip(ends)
        .map(|((start, item), end)| (item, &component[bounds(&(start..end))]))
        .collect())
}

/// Offsets into bytes that are in memory.
fn bounds(range: &Range<u64>) -> Range<usize> {
    let offset = |offset: u64| usize::try_from(offset).expect("the parser stays within the slice");
    offset(range.start)..offset(range.end)
}

/// The names of all imports of the outermost component.
fn imports(component: &[u8]) -> Result<Vec<String>, wasmparser::BinaryReaderError> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// An import or export with another name: a byte, the name's length and the name are what it begins with.
fn renamed<'a>(name: &str, bytes: &'a [u8], to: Option<String>) -> Cow<'a, [u8]> {
    let Some(to) = to else { return Cow::Borrowed(bytes) };
    let mut before = Vec::new();
    name.encode(&mut before);
    let mut item = bytes[..1].to_vec();
    to.as_str().encode(&mut item);
    item.extend_from_slice(&bytes[1 + before.len()..]);
    Cow::Owned(item)
}

fn append(id: ComponentSectionId, items: &[Cow<'_, [u8]>], output: &mut Vec<u8>) {
    if items.is_empty() {
        return;
    }
    let mut data = Vec::new();
    items.len().encode(&mut data);
    items.iter().for_each(|item| data.extend_from_slice(item));
    RawSection { id: id as u8, data: &data }.append_to_component(output);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"(component
        (core module $m (func (export "f") (result i32) i32.const 7) (func (export "g")))
        (core instance $i (instantiate $m))
        (func $g (canon lift (core func $i "g")))
        (func $f (result u32) (canon lift (core func $i "f")))
        (export "init" (func $g))
        (export "before" (func $f))
        (component $c (import "f" (func $f (result u32))) (export "f" (func $f)))
        (instance $n (instantiate $c (with "f" (func $f))))
        (func $again (alias export $n "f"))
        (export "after" (func $again))
        (export "alias" (func $again)))"#;

    fn names(component: &[u8]) -> Vec<String> {
        let surface = wkit_interface::decode(component).unwrap();
        surface.exports.into_iter().map(|export| export.name).collect()
    }

    #[test]
    fn exports_go_and_the_numbers_of_the_others_stay() {
        let component = wat::parse_str(TEXT).unwrap();
        assert_eq!(names(&component), ["init", "before", "after", "alias"]);
        let tidy = rewritten(&component, &|name| !["init", "after"].contains(&name), &|_, _| None).unwrap();
        assert_eq!(names(&tidy), ["before", "alias"]);
        wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
            .validate_all(&tidy)
            .unwrap();
    }

    #[test]
    fn nothing_changes_where_all_exports_are_wanted() {
        let component = wat::parse_str(TEXT).unwrap();
        assert_eq!(rewritten(&component, &|_| true, &|_, _| None).unwrap(), component);
    }

    #[test]
    fn imports_and_exports_get_other_names() {
        let text = r#"(component (import "a:b/c" (instance)) (import "far-a:b/c" (func $f)) (export "far-a:b/d" (func $f)))"#;
        let component = wat::parse_str(text).unwrap();
        let rename = |name: &str, imports: &[String]| match name.strip_prefix("far-") {
            Some(near) => Some(near.to_owned()),
            None => imports.contains(&format!("far-{name}")).then(|| "old:b/c".to_owned()),
        };
        let renamed = rewritten(&component, &|_| true, &rename).unwrap();
        let surface = wkit_interface::decode(&renamed).unwrap();
        let imports: Vec<&str> = surface.imports.iter().map(|import| import.name.as_str()).collect();
        assert_eq!((imports, names(&renamed)), (vec!["old:b/c", "a:b/c"], vec!["a:b/d".to_owned()]));
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        assert!(rewritten(b"\0asm\x0d\0\x01\0\x05", &|_| true, &|_, _| None).is_err());
    }
}
