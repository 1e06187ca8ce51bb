//! `FILE|REF`: where a component comes from.

use std::path::Path;

use bytes::Bytes;
use wkit_artifact::Locator;
use wkit_composer::{InputBytes, InputChanged};
use wkit_interface::DecodeError;
use wkit_registry_client::Pulled;
use wkit_runtime_runner::{Program, Runner, RunnerConfig};

use crate::components::BuildMode;
use crate::context::Context;
use crate::error::{CommandError, io_error, io_reason};
use crate::inputs::{self, Asked, Found, Gather, InputArgs, Origin, Place};
use crate::limits::COMPONENT_FILE_BYTES_MAX;
use crate::progress::Bars;
use crate::registries::{self, RegistryArgs};

/// A component that was read or pulled.
pub(crate) struct Loaded {
    /// The component.
    pub(crate) bytes: Bytes,
    /// What the guest is told that it is called, as a shell would: the file or reference as it was given.
    pub(crate) program_name: String,
    /// The artifact, if it came from a registry.
    pub(crate) pulled: Option<Pulled>,
}

/// Reads the file, member or dependency that `text` names, or pulls the reference. Members are built first where
/// `build` says so.
pub(crate) fn load(
    text: &str,
    build: Option<BuildMode>,
    args: &InputArgs,
    context: &Context,
) -> Result<Loaded, CommandError> {
    let asked = [Asked { name: None, text: text.to_owned(), place: Place::Argument("FILE|REF") }];
    let project = inputs::project_of(&asked, context)?;
    let gather = Gather::new(project.as_ref(), build, args, context);
    let Some(Found { bytes, origin, .. }) = gather.asked(&asked)?.pop() else {
        return Err(CommandError::bug(format!("`{text}` was asked for and not found")));
    };
    let pulled = match origin {
        Origin::Registry(pulled) => Some(*pulled),
        Origin::File | Origin::Member => None,
    };
    Ok(Loaded { bytes: read(&bytes)?, program_name: text.to_owned(), pulled })
}

/// Compiles a component, or finds its code in the cache. `to_do` completes "cannot …".
pub(crate) fn compile(
    loaded: &Loaded,
    config: &RunnerConfig,
    to_do: &str,
    context: &Context,
) -> Result<Program, CommandError> {
    let runner =
        Runner::new(config).map_err(|error| CommandError::from_error("the runner cannot start", &error))?;
    let spinner = context.ui.spinner(format!("compiling {}", loaded.program_name));
    let program = runner.load(&loaded.bytes).map_err(|error| {
        let cannot = format!("cannot {to_do}");
        // The engine stops at the first fault; reading the component says more about files that are none.
        match wkit_interface::decode(&loaded.bytes) {
            Err(fault) => CommandError::from_error(cannot, &fault).maybe_hint(decode_hint(&fault)),
            Ok(_) => CommandError::from_error(cannot, &error).maybe_hint(error.hint()),
        }
    })?;
    spinner.finish_and_clear();
    Ok(program)
}

/// Parses a reference, with a hint for what looks like neither a reference nor a file.
pub(crate) fn locator(text: &str) -> Result<Locator, CommandError> {
    text.parse().map_err(|error: wkit_artifact::ParseLocatorError| {
        let shown = CommandError::from_error(format!("`{text}` is neither a file nor a reference"), &error);
        shown.into_usage().hint(
            "a reference is `namespace:name@1.2.3`, `host/repository:tag` or `host/repository@sha256:…`",
        )
    })
}

/// What something in a registry is called by itself: `tax` for `acme:tax@1.0.0` and for `host.example/acme/tax:1.0.0`.
pub(crate) fn name_of(locator: &Locator) -> &str {
    match locator {
        Locator::Package(package) => package.name().name(),
        Locator::Reference(reference) => {
            let repository = reference.repository().as_str();
            repository.rsplit('/').next().unwrap_or(repository)
        }
    }
}

/// Pulls with progress; the client verifies every digest.
pub(crate) fn pull(
    locator: &Locator,
    args: &RegistryArgs,
    context: &Context,
) -> Result<Pulled, CommandError> {
    let client = registries::client(args, context)?;
    let runtime = crate::context::runtime()?;
    let bars = Bars::new(context.ui);
    runtime.block_on(client.pull(locator, &bars)).map_err(|error| {
        CommandError::from_error(format!("cannot pull `{locator}`"), &error).maybe_hint(error.hint())
    })
}

/// What to do about bytes that are no component.
pub(crate) fn decode_hint(error: &DecodeError) -> Option<&'static str> {
    match error {
        DecodeError::Empty | DecodeError::NotWasm { .. } => {
            Some("build a component from source with `wkit build`")
        }
        DecodeError::CoreModule => Some(
            "`wkit build` makes a component of it: a project names it with `language = \"module\"` and `module`",
        ),
        DecodeError::Truncated { .. } => Some("build it again, or pull it again"),
        _ => None,
    }
}

/// The bytes of an input, in memory.
pub(crate) fn read(bytes: &InputBytes) -> Result<Bytes, CommandError> {
    bytes.read().map_err(|error| input_error(&error))
}

/// What keeps the bytes of an input from being read once it was found.
pub(crate) fn input_error(error: &std::io::Error) -> CommandError {
    match error.get_ref().and_then(|source| source.downcast_ref::<InputChanged>()) {
        Some(changed) => CommandError::failed(changed.to_string())
            .hint("run it again when nothing writes the file any more"),
        None => CommandError::failed(format!("cannot read an input again: {}", io_reason(error))),
    }
}

/// The bytes of a file that should be a component.
pub(crate) fn component_file(path: &Path) -> Result<InputBytes, CommandError> {
    let size_bytes = std::fs::metadata(path).map_err(|error| io_error("read", path, &error))?.len();
    if size_bytes > COMPONENT_FILE_BYTES_MAX {
        return Err(CommandError::failed(format!(
            "`{}` is too large: expected at most {COMPONENT_FILE_BYTES_MAX} bytes, found {size_bytes}",
            path.display()
        )));
    }
    InputBytes::file(path).map_err(|error| io_error("read", path, &error))
}

/// A file is what exists, what is written as a path, or what has the ending of one.
pub(crate) fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    let looks_like_a_path = text.starts_with("./") || text.starts_with("../") || path.is_absolute();
    let has_ending =
        !text.contains(':') && path.extension().is_some_and(|ending| ending == "wasm" || ending == "wat");
    looks_like_a_path || has_ending || path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_references_are_told_apart() {
        for file in ["./x", "../x", "/x", "x.wasm", "a/b.wasm", "Cargo.toml"] {
            assert!(is_file(file), "{file}");
        }
        for reference in ["acme:tax@1.0.0", "acme:tax", "host.example/tax:1.0.0", "host.example/tax.wasm:1"] {
            assert!(!is_file(reference), "{reference}");
        }
    }
}
