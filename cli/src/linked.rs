//! `--with`: components that are linked when they are run. The result is kept, under the digest of all that went into
//! it, so that the next start composes nothing.

use std::fmt::Write as _;

use wkit_artifact::Digest;
use wkit_composer::{Composition, Input, Plan};

use crate::components::BuildMode;
use crate::composing;
use crate::context::Context;
use crate::error::CommandError;
use crate::inputs::{self, Asked, Found, Gather, InputArgs, Origin, Place};
use crate::source::{self, Loaded};

mod cache;

use cache::Cache;

/// Reads or pulls `text`, its imports filled by `with`; without any it is taken as it is.
pub(crate) fn load(
    text: &str,
    with: &[String],
    args: &InputArgs,
    context: &Context,
) -> Result<Loaded, CommandError> {
    let build = Some(BuildMode::default());
    if with.is_empty() {
        return source::load(text, build, args, context);
    }
    let mut asked = vec![Asked { name: None, text: text.to_owned(), place: Place::Argument("FILE|REF") }];
    asked.extend(with.iter().map(|with| Asked::argument(with, "--with")));
    let project = inputs::project_of(&asked, context)?;
    let found = Gather::new(project.as_ref(), build, args, context).asked(&asked)?;
    let key = key(&found)?;
    let cache = Cache::new(context.cache_folder.join("composed"));
    let loaded = |bytes: Vec<u8>| Loaded { bytes: bytes.into(), program_name: text.to_owned(), pulled: None };
    if let Some(bytes) = cache.get(&key) {
        return Ok(loaded(bytes));
    }
    let socket = found.first().map(|found| found.name.clone());
    let inputs: Vec<Input> = found.into_iter().map(Found::into_input).collect();
    let composition = composing::compose(&inputs, &Plan { socket, ..Plan::default() }, None)?;
    check_all_used(text, &composition)?;
    let bytes = composition.bytes.to_vec().map_err(|error| source::input_error(&error))?;
    if let Err(error) = cache.put(&key, &bytes) {
        let reason = crate::error::io_reason(&error);
        context.ui.note(format!("the composition is not kept for the next run: {reason}"));
    }
    Ok(loaded(bytes))
}

/// What the result depends on: the names and bytes of all inputs, the socket first, and who composes.
fn key(found: &[Found]) -> Result<Digest, CommandError> {
    let mut text = format!("wkit {}\n", env!("CARGO_PKG_VERSION"));
    for Found { name, bytes, origin } in found {
        // What came from a registry has been hashed on the way in.
        let digest = match origin {
            Origin::Registry(pulled) => pulled.layer.digest.clone(),
            Origin::File | Origin::Member => bytes.digest().map_err(|error| source::input_error(&error))?,
        };
        let _ = writeln!(text, "{name} {digest}");
    }
    Ok(Digest::sha256(text.as_bytes()))
}

/// A component that is named and fills nothing is a mistake: the run would be another than was asked for.
fn check_all_used(text: &str, composition: &Composition) -> Result<(), CommandError> {
    if composition.unused.is_empty() {
        return Ok(());
    }
    let unused = composition.unused.iter().map(ToString::to_string);
    let near = composition.near_misses.iter().map(ToString::to_string);
    let open: Vec<String> = composition.imports.iter().map(|import| format!("`{}`", import.name)).collect();
    let open = if open.is_empty() { "nothing".to_owned() } else { open.join(", ") };
    let lines: Vec<String> = unused.chain(near).chain([format!("still needed: {open}")]).collect();
    Err(CommandError::failed(format!("not all of `--with` is of use to `{text}`"))
        .detail(lines.join("\n"))
        .hint("leave out what is not needed, or name a component that exports what is"))
}
