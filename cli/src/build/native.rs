//! What the languages that compile with clang have in common: the pinned compiler and where it keeps what it has
//! compiled before.
//!
//! The compiler is the one inside the PyPI package `ziglang`: clang, lld, wasi-libc and libc++ of one version, in one
//! folder, and nothing of the system is needed or used. So the same sources make the same bytes on every machine.

mod component;
mod objects;
mod sources;
mod symbols;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;

use super::error::BuildError;
use super::tools::{Origin, Package, Program, SETUP_HINT, ToolError, Tools};
use super::wit::Wit;

pub(super) use component::build;
pub(super) use world::{
    QUIET, SKIPPED_FOLDERS, exported, headers, is_command, quiet, resources, shown, tools, unsupported,
};

/// One of the languages that clang compiles.
pub(super) struct Dialect {
    /// The name as people write it.
    pub(super) title: &'static str,
    /// The endings of its sources' names, without the dot; those of C come last in C++.
    pub(super) endings: &'static [&'static str],
    /// The name under which the compiler links it.
    pub(super) driver: &'static str,
    /// The bindings of a world: generated headers, sources and an object that carries the world.
    pub(super) bindings: fn(&Wit) -> Result<Files, BuildError>,
    /// The functions that the sources must have for a world.
    pub(super) exports: fn(&Wit) -> Vec<Export>,
}

/// A function that a world exports, as its sources must have it.
pub(super) struct Export {
    /// The name as messages show it, such as `add` or `demo:calc/api@0.1.0#add`.
    pub(super) wit: String,
    /// The export of the world that it belongs to.
    pub(super) owner: String,
    /// The name in the language.
    pub(super) name: String,
    /// What its name in an object file is, or begins with where the types of its parameters follow.
    pub(super) symbol: Symbol,
}

/// How a function is called in object files.
pub(super) enum Symbol {
    /// Exactly so.
    Is(String),
    /// So, with the types of its parameters behind it.
    BeginsWith(String),
}

impl Symbol {
    /// Whether `name` is this function's.
    fn is(&self, name: &str) -> bool {
        match self {
            Self::Is(symbol) => name == symbol,
            // C++ marks what may be called on a constant.
            Self::BeginsWith(symbol) => {
                name.starts_with(symbol) || name.replacen("_ZNK", "_ZN", 1).starts_with(symbol)
            }
        }
    }
}

/// The compiler for C, C++ and Zig.
pub(super) const ZIGLANG: Package = Package {
    program: Program {
        name: "ziglang",
        language: "C, C++ and Zig",
        hint: SETUP_HINT,
        version_arguments: &["version"],
        oldest: None,
    },
    version: "0.17.1",
    file: "bin/python-zig",
    origin: Origin::PyPi { package: "ziglang" },
};

/// Variables that change what clang reads or writes, or where zig looks for its own files.
const REMOVED: [&str; 8] = [
    "CCC_OVERRIDE_OPTIONS",
    "COMPILER_PATH",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "SOURCE_DATE_EPOCH",
    "ZIG_LIBC",
    "ZIG_LIB_DIR",
];

/// The version of the compiler that is used, as part of what decides a build.
pub(super) fn version(tools: &Tools, folder: &Path) -> Result<String, ToolError> {
    match tools.package(&ZIGLANG)? {
        (_, Some(version)) => Ok(version),
        (program, None) => tools.ask(&program, folder, ZIGLANG.program.version_arguments),
    }
}

/// A command of `zig` that runs in `folder`; what is to be kept for one component alone goes into `work_folder`.
pub(super) fn zig(tools: &Tools, folder: &Path, work_folder: &Path) -> Result<Command, BuildError> {
    let (program, _) = tools.package(&ZIGLANG)?;
    let package = tools.package_folder(&ZIGLANG);
    // The package's own program starts Python only to start this one.
    let program = program_inside(&package).filter(|_| program.starts_with(&package)).unwrap_or(program);
    let mut command = tools.command(&program, folder);
    for variable in REMOVED {
        command.env_remove(variable);
    }
    command.env("ZIG_GLOBAL_CACHE_DIR", shared_cache(&package, work_folder)?);
    command.env("ZIG_LOCAL_CACHE_DIR", work_folder.join("zig-cache"));
    Ok(command)
}

/// The file that says that the library of a language was compiled; `None` where it is there already, or where there
/// is no place for it.
fn first_use(tools: &Tools, dialect: &Dialect) -> Result<Option<PathBuf>, BuildError> {
    let mark = tools.package_folder(&ZIGLANG).join("cache").join(format!("compiled-{}", dialect.driver));
    let place = mark.parent().is_some_and(Path::is_dir);
    Ok((place && !mark.exists()).then_some(mark))
}

/// Whether a header of the bindings is one that the person has written instead, in `include` or in `src`.
fn is_own_header(folder: &Path, name: &str) -> bool {
    name.ends_with(".h") && ["include", "src"].iter().any(|place| folder.join(place).join(name).is_file())
}

/// Where the compiled C library is kept: once for everyone who uses this copy of the compiler. Zig locks it, so that
/// builds at the same time do each other no harm.
fn shared_cache(package: &Path, work_folder: &Path) -> Result<PathBuf, BuildError> {
    let shared = package.join("cache");
    let writable = package.is_dir() && fs::create_dir_all(&shared).is_ok() && is_writable(&shared);
    let cache = if writable { shared } else { work_folder.join("zig-global-cache") };
    fs::create_dir_all(&cache).map_err(|source| BuildError::io("create the folder", &cache, source))?;
    Ok(cache)
}

/// Whether files can be made in `folder`; the tools may belong to another user.
fn is_writable(folder: &Path) -> bool {
    tempfile::Builder::new().tempfile_in(folder).is_ok()
}

/// `zig` itself in the Python environment that holds it.
fn program_inside(package: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(package.join("lib")).ok()?;
    versions
        .flatten()
        .map(|python| {
            python.path().join("site-packages/ziglang").join(format!("zig{}", std::env::consts::EXE_SUFFIX))
        })
        .find(|program| program.is_file())
}
