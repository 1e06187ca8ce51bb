//! TypeScript.

use super::error::BuildError;
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language};

/// The back end for TypeScript.
pub(super) struct TypeScript;

impl Language for TypeScript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn title(&self) -> &'static str {
        "TypeScript"
    }

    fn markers(&self) -> &'static [&'static str] {
        &["tsconfig.json"]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["javascript"]
    }

    fn options(&self) -> &'static [&'static str] {
        &["engine"]
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
