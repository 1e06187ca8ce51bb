//! Makes a component of a core module: embeds the world, adapts preview 1 of WASI, encodes and validates.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::error::BuildError;
use super::wit::Wit;

/// The component of `core`, a module that was compiled against preview 1 of WASI without a `main` of its own.
///
/// The result depends on the arguments alone.
pub(super) fn reactor(mut core: Vec<u8>, wit: &Wit) -> Result<Vec<u8>, BuildError> {
    let encode = |core: &mut Vec<u8>| {
        // Full versions in the names, as the other languages write them.
        embed_component_metadata(core, &wit.resolve, wit.world, StringEncoding::UTF8, false)?;
        ComponentEncoder::default()
            .validate(true)
            .module(core)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
            .encode()
    };
    encode(&mut core).map_err(|error: anyhow::Error| BuildError::Encode {
        world: wit.world_name().to_owned(),
        message: format!("{error:#}"),
    })
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
