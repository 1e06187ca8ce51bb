//! C++.

use super::error::BuildError;
use super::tools::{Requirement, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language};

/// The back end for C++.
pub(super) struct Cpp;

impl Language for Cpp {
    fn name(&self) -> &'static str {
        "cpp"
    }

    fn title(&self) -> &'static str {
        "C++"
    }

    fn markers(&self) -> &'static [&'static str] {
        &["*.cpp", "*.cc", "*.cxx"]
    }

    fn supersedes(&self) -> &'static [&'static str] {
        &["c"]
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
