//! `--stub-missing`: what nothing fills is filled by stubs.

use clap::{Args, ValueEnum};
use wkit_composer::{Imports, Missing, Otherwise, StubbedImport};

/// Which open imports are filled by stubs.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StubArgs {
    /// Fill imports that nothing fills with a stub, those of WASI excepted; its functions trap, or give the default of
    /// their type
    #[arg(
        long,
        value_enum,
        value_name = "ANSWER",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "trap"
    )]
    stub_missing: Option<StubAnswer>,

    /// An import to fill with a stub, and no other; `*` stands for anything, as in `wasi:*`; can be repeated
    #[arg(long, value_name = "NAME", requires = "stub_missing")]
    stub_import: Vec<String>,
}

/// What the functions of a stub do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StubAnswer {
    /// Stop the program; the message says what was called
    Trap,
    /// Zero, empty, `none`, `ok`, the first case, a new handle
    Default,
}

impl StubArgs {
    /// What is to be filled; nothing without the option.
    pub(crate) fn missing(&self) -> Option<Missing> {
        let otherwise = match self.stub_missing? {
            StubAnswer::Trap => Otherwise::Trap,
            StubAnswer::Default => Otherwise::Default,
        };
        let imports = match self.stub_import.as_slice() {
            [] => Imports::default(),
            names => Imports::Only(names.to_vec()),
        };
        Some(Missing { imports, otherwise })
    }
}

/// What is said of an import that a stub fills, with everybody who needs it.
pub(crate) fn note(stub: &StubbedImport) -> String {
    let importers: Vec<String> =
        stub.importers.iter().map(|importer| format!("`{}`", importer.instance)).collect();
    format!("`{}` is filled by a stub, for {}", stub.import, importers.join(", "))
}
