//! AssemblyScript.

use super::error::BuildError;
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language};

/// The back end for AssemblyScript.
pub(super) struct AssemblyScript;

impl Language for AssemblyScript {
    fn name(&self) -> &'static str {
        "assemblyscript"
    }

    fn title(&self) -> &'static str {
        "AssemblyScript"
    }

    fn markers(&self) -> &'static [&'static str] {
        &["asconfig.json"]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["javascript", "typescript"]
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
