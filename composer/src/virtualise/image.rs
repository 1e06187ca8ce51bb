//! What is baked in, as a component of its own: files, folders and the seed of the random numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use wasm_encoder::{Instruction as I, ValType};
use wit_parser::{
    Function, LiftLowerAbi, ManglingAndAbi, Resolve, WasmExport, WasmExportKind, WorldId, WorldItem, WorldKey,
};

use crate::limits::{BAKED_BYTES_MAX, BAKED_FILES_MAX};
use crate::virtualise::component::{self, encode_failed};
use crate::virtualise::error::VirtualiseError;
use crate::virtualise::handles::{signed, size};
use crate::virtualise::module::{Body, Module, at};
use crate::virtualise::policy::Policy;
use crate::virtualise::provider::Provider;

/// Checks the files of a policy and lists them, folders before what is in them.
pub(super) fn index(policy: &Policy) -> Result<String, VirtualiseError> {
    let none = BTreeMap::new();
    let files = policy.files.as_ref().unwrap_or(&none);
    let mut folders: BTreeSet<&str> = policy.folders.iter().map(String::as_str).collect();
    for path in files.keys().map(String::as_str).chain(policy.folders.iter().map(String::as_str)) {
        check_path(path)?;
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|parent| !parent.is_empty());
        folders.extend(parents);
    }
    folders.remove("/");
    for folder in &folders {
        if files.contains_key(*folder) {
            let below = files.keys().map(String::as_str).find(|path| path.starts_with(&format!("{folder}/")));
            return Err(VirtualiseError::FileAndFolder {
                path: (*folder).to_owned(),
                below: below.unwrap_or(folder).to_owned(),
            });
        }
    }
    let count = files.len() + folders.len();
    if count > BAKED_FILES_MAX {
        return Err(VirtualiseError::TooManyFiles { count, max: BAKED_FILES_MAX });
    }
    let size_bytes = files.values().map(|bytes| bytes.len() as u64).sum();
    if size_bytes > BAKED_BYTES_MAX {
        return Err(VirtualiseError::FilesTooLarge { size_bytes, max: BAKED_BYTES_MAX });
    }
    let mut index = String::new();
    for folder in folders {
        let _ = writeln!(index, "D {}", &folder[1..]);
    }
    for (path, bytes) in files {
        let _ = writeln!(index, "F {} {}", bytes.len(), &path[1..]);
    }
    Ok(index)
}

fn check_path(path: &str) -> Result<(), VirtualiseError> {
    let wrong = |reason| Err(VirtualiseError::Path { path: path.to_owned(), reason });
    let Some(inner) = path.strip_prefix('/') else { return wrong("it does not begin with `/`") };
    if inner.is_empty() {
        return Ok(());
    }
    if path.chars().any(char::is_control) {
        return wrong("it has a control character");
    }
    if inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return wrong("it has an empty part, `.` or `..`");
    }
    Ok(())
}

/// Writes the image of a policy.
pub(super) fn write(
    policy: &Policy,
    provider: &Provider,
    resolve: &Resolve,
    world: WorldId,
) -> Result<Vec<u8>, VirtualiseError> {
    let failed = |error: &str| encode_failed("write the files", &error);
    let item = provider.import("image").ok_or_else(|| failed("the provider has no image"))?;
    let WorldItem::Interface { id, .. } = item else { return Err(failed("the image is no interface")) };
    let index = index(policy)?;
    let mut module = Module::new();
    let mut contents = Vec::new();
    for bytes in policy.files.iter().flat_map(BTreeMap::values) {
        contents.extend_from_slice(bytes);
    }
    let full = || failed("they do not fit into the memory of a component");
    let text = module.data.put(index.as_bytes()).ok_or_else(full)?;
    let start = module.data.put(&contents).ok_or_else(full)?;
    let result = module.data.reserve(8, 4).ok_or_else(full)?;
    for function in resolve.interfaces[*id].functions.values() {
        let (body, results) = match function.name.as_str() {
            "index" => (give(result, text, size(index.len())), [ValType::I32]),
            "read" => (read(result, start, size(contents.len())), [ValType::I32]),
            _ => {
                let mut body = Body::new(&[]);
                body.push([I::I64Const(policy.seed.cast_signed())]);
                (body, [ValType::I64])
            }
        };
        let defined = module.define(body, &results);
        module.export(export_name(resolve, &WorldKey::Interface(*id), function), defined);
    }
    component::encode_export(module.finish(), resolve, world, item)
}

fn export_name(resolve: &Resolve, key: &WorldKey, function: &Function) -> String {
    let kind = WasmExportKind::Normal;
    let export = WasmExport::Func { interface: Some(key), func: function, kind };
    resolve.wasm_export_name(ManglingAndAbi::Legacy(LiftLowerAbi::Sync), export)
}

/// Returns a string or list that is there from the start.
fn give(result: u32, address: u32, len: u32) -> Body {
    let mut body = Body::new(&[]);
    body.push([I::I32Const(signed(result)), I::I32Const(signed(address)), I::I32Store(at(0))]);
    body.push([I::I32Const(signed(result)), I::I32Const(signed(len)), I::I32Store(at(4))]);
    body.push([I::I32Const(signed(result))]);
    body
}

/// `read(offset, len)`: the provider asks for what is there.
fn read(result: u32, start: u32, len: u32) -> Body {
    const OFFSET: u32 = 0;
    const LEN: u32 = 1;
    let mut body = Body::new(&[ValType::I64; 2]);
    let end = i64::from(len);
    body.push([I::LocalGet(OFFSET), I::I64Const(end), I::I64GtU]);
    body.trap_when();
    body.push([I::LocalGet(LEN), I::I64Const(end), I::LocalGet(OFFSET), I::I64Sub, I::I64GtU]);
    body.trap_when();
    body.push([I::I32Const(signed(result)), I::LocalGet(OFFSET), I::I32WrapI64]);
    body.push([I::I32Const(signed(start)), I::I32Add, I::I32Store(at(0))]);
    body.push([I::I32Const(signed(result)), I::LocalGet(LEN), I::I32WrapI64, I::I32Store(at(4))]);
    body.push([I::I32Const(signed(result))]);
    body
}
