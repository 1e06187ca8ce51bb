//! JavaScript: the program is bundled into one module, and an engine with that module becomes the component.

mod foreign;
mod given;
mod names;
mod package;
mod program;
mod quickjs;
mod skeleton;
mod tidy;
pub(super) mod types;
mod world;

use std::path::{Path, PathBuf};

pub(super) use package::{entry, installed};
pub(super) use program::{Component, componentize, fingerprint_tools, node, version_beside};
pub(super) use skeleton::{Dialect, write as write_skeleton};

use super::error::BuildError;
use super::tools::{Origin, Package, Program, Requirement, SETUP_HINT, ToolError, ToolVersion};
use super::wit::Wit;
use super::{BuildInput, Language, SourceFile};

const LANGUAGE: &str = "JavaScript";
/// npm's manifest.
pub(super) const MANIFEST: &str = "package.json";
/// The oldest Node.js that the tools run on.
const OLDEST: (u32, u32) = (20, 0);
const NODE_HINT: &str = "install Node.js 20 or newer from your package manager";
/// What starts everything else.
pub(super) const NODE: Program = Program {
    name: "node",
    language: LANGUAGE,
    hint: NODE_HINT,
    version_arguments: &["--version"],
    oldest: Some(OLDEST),
};
/// Puts QuickJS and a module into a component.
pub(super) const COMPONENTIZE_QJS: Package = Package {
    program: Program {
        name: "componentize-qjs",
        language: LANGUAGE,
        hint: SETUP_HINT,
        version_arguments: &["--version"],
        oldest: None,
    },
    version: "0.4.5",
    file: "node_modules/componentize-qjs/bin/componentize-qjs",
    origin: Origin::Npm { package: "componentize-qjs", beside: &[], overrides: &[] },
};
/// Puts StarlingMonkey and a module into a component.
pub(super) const COMPONENTIZE_JS: Package = Package {
    program: Program {
        name: "componentize-js",
        language: LANGUAGE,
        hint: "run `wkit toolchain install componentize-js`, which installs it for wkit alone",
        version_arguments: &["--version"],
        oldest: None,
    },
    version: "0.23.0",
    file: "node_modules/@bytecodealliance/componentize-js/src/componentize.js",
    origin: Origin::Npm {
        package: "@bytecodealliance/componentize-js",
        beside: &[],
        // Newer ones have no folder that the tool could read WIT from.
        overrides: &[("@bytecodealliance/preview2-shim", "0.25.0")],
    },
};
/// Makes one module of a program and all that it imports, and leaves out the types of TypeScript.
pub(super) const ESBUILD: Package = Package {
    program: Program {
        name: "esbuild",
        language: LANGUAGE,
        hint: SETUP_HINT,
        version_arguments: &["--version"],
        oldest: None,
    },
    version: "0.28.2",
    file: "node_modules/esbuild/bin/esbuild",
    origin: Origin::Npm { package: "esbuild", beside: &[], overrides: &[] },
};

/// The engine that wkit has inside.
pub(super) const QUICKJS_CARRIED: Requirement =
    Requirement::Carried { name: "QuickJS", version: quickjs::VERSION };

/// The back end for JavaScript.
pub(super) struct JavaScript;

impl Language for JavaScript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn title(&self) -> &'static str {
        LANGUAGE
    }

    fn options(&self) -> &'static [&'static str] {
        &["engine"]
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[
            Requirement::Program(&NODE),
            Requirement::Package(&ESBUILD),
            Requirement::Package(&COMPONENTIZE_QJS),
            QUICKJS_CARRIED,
            Requirement::Optional(&COMPONENTIZE_JS),
        ]
    }

    fn markers(&self) -> &'static [&'static str] {
        &[MANIFEST]
    }

    fn skipped_folders(&self) -> &'static [&'static str] {
        &["node_modules"]
    }

    fn installed(&self, folder: &Path) -> Vec<PathBuf> {
        installed(folder)
    }

    fn fingerprint_tools(&self, input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
        fingerprint_tools(input)
    }

    fn bindings(&self, _: &BuildInput<'_>, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        Ok(vec![types::declarations(wit)])
    }

    fn skeleton(&self, _: &str, wit: &Wit) -> Result<Vec<SourceFile>, BuildError> {
        Ok(write_skeleton(wit, Dialect::JavaScript))
    }

    fn compile(
        &self,
        input: &BuildInput<'_>,
        wit: &Wit,
        output: &mut dyn FnMut(&str),
    ) -> Result<Vec<u8>, BuildError> {
        let folder = super::absolute(input.folder)?;
        let entry = entry(&folder, &["js", "mjs"], "JavaScript")?;
        componentize(&Component { input, wit, folder: &folder, entry: &entry, language: LANGUAGE }, output)
    }
}
