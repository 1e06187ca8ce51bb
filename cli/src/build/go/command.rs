//! Makes a component of a program with a `main`.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::build::error::BuildError;
use crate::build::wit::Wit;

/// The component of `core`, whose `_start` becomes `wasi:cli/run`. `wit` is the world without that export.
pub(super) fn encode(mut core: Vec<u8>, wit: &Wit) -> Result<Vec<u8>, BuildError> {
    let encode = |core: &mut Vec<u8>| {
        embed_component_metadata(core, &wit.resolve, wit.world, StringEncoding::UTF8, false)?;
        ComponentEncoder::default()
            .validate(true)
            .module(core)?
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?
            .encode()
    };
    encode(&mut core).map_err(|error: anyhow::Error| BuildError::Encode {
        world: wit.world_name().to_owned(),
        message: format!("{error:#}"),
    })
}
