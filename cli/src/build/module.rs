//! Core module.

use super::error::BuildError;
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language};

/// The back end for Core module.
pub(super) struct Module;

impl Language for Module {
    fn name(&self) -> &'static str {
        "module"
    }

    fn title(&self) -> &'static str {
        "Core module"
    }

    fn markers(&self) -> &'static [&'static str] {
        &[]
    }

    fn options(&self) -> &'static [&'static str] {
        &["module", "command"]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &[]
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[]
    }

    fn fingerprint_tools(&self, _: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        Ok(Vec::new())
    }

    fn compile(&self, _: &BuildInput<'_>, wit: &Wit, _: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        Err(BuildError::Unsupported {
            language: self.title(),
            world: wit.world_name().to_owned(),
            feature: String::new(),
        })
    }
}
