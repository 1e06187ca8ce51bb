//! Makes a component of a core module: embeds the world, adapts preview 1 of WASI, encodes and validates.

pub(super) use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::WorldKey;

use super::error::BuildError;
use super::wit::Wit;

/// What stands between a module's calls of preview 1 of WASI and the interfaces of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adapter {
    /// Nothing: the module makes no such calls.
    None,
    /// For modules without a `main` of their own.
    Reactor,
    /// For modules whose `_start` is to be `wasi:cli/run`.
    Command,
}

/// The component of `core`, a module that was compiled against preview 1 of WASI without a `main` of its own.
///
/// The result depends on the arguments alone.
pub(super) fn reactor(core: Vec<u8>, wit: &Wit) -> Result<Vec<u8>, BuildError> {
    module(core, wit, Adapter::Reactor, true)
}

/// The component of any module. With `embed` it is given the types of the world, else it already carries some.
///
/// The result depends on the arguments alone.
pub(super) fn module(
    mut core: Vec<u8>,
    wit: &Wit,
    adapter: Adapter,
    embed: bool,
) -> Result<Vec<u8>, BuildError> {
    let encode = |core: &mut Vec<u8>| {
        if embed {
            let mut resolve = wit.resolve.clone();
            if adapter == Adapter::Command {
                // It is the adapter that exports the command: the module only has a `_start`.
                let is_run =
                    |key: &WorldKey| wit.resolve.name_world_key(key).starts_with("wasi:cli/run@0.2.");
                resolve.worlds[wit.world].exports.retain(|key, _| !is_run(key));
            }
            // Full versions in the names, as the other languages write them.
            embed_component_metadata(core, &resolve, wit.world, StringEncoding::UTF8, false)?;
        }
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true).module(core)?;
        match adapter {
            Adapter::None => {}
            Adapter::Reactor => {
                encoder.adapter(PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?;
            }
            Adapter::Command => {
                encoder.adapter(PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?;
            }
        }
        encoder.encode()
    };
    encode(&mut core).map_err(|error: anyhow::Error| BuildError::Encode {
        world: wit.world_name().to_owned(),
        message: without_wrapping(&format!("{error:#}")),
    })
}

/// The encoder's message without what it was doing: the sentence around it says that.
fn without_wrapping(message: &str) -> String {
    // Such a message names the function by itself.
    if let Some(at) = message.find("type mismatch for function") {
        return message[at..].to_owned();
    }
    let wrapping = ["failed to decode world from module: ", "module was not valid: "];
    wrapping
        .iter()
        .fold(message, |message, prefix| message.strip_prefix(prefix).unwrap_or(message))
        .to_owned()
}

/// A component of the world whose functions all trap.
#[cfg(test)]
pub(super) fn dummy(wit: &Wit) -> Vec<u8> {
    use wit_parser::ManglingAndAbi;
    let core = wit_component::dummy_module(&wit.resolve, wit.world, ManglingAndAbi::Standard32);
    reactor(core, wit).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::wit;

    fn world(text: &str) -> Wit {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wit");
        std::fs::write(&file, text).unwrap();
        wit::load(&file, "w").unwrap()
    }

    #[test]
    fn the_same_module_makes_the_same_component() {
        let wit = world("package a:b; world w { export run: func() -> result<string>; }");
        assert_eq!(dummy(&wit), dummy(&wit));
    }

    #[test]
    fn a_module_without_the_exports_is_refused() {
        let wit = world("package a:b; world w { export run: func(); }");
        let empty = b"\0asm\x01\0\0\0".to_vec();
        let message = reactor(empty, &wit).unwrap_err().to_string();
        assert!(message.starts_with("the compiled module does not fit the world `w`: "), "{message}");
        assert!(message.contains("run"), "{message}");
    }
}
