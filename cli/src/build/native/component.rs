//! Makes a component of sources: bindings, objects, a core module, and that as a component.

use std::fs;
use std::path::{Path, PathBuf};

use wit_bindgen_core::Files;

use super::super::encode::{self, Adapter};
use super::super::error::BuildError;
use super::super::wit::Wit;
use super::super::{BuildInput, absolute, process, read, remove_file};
use super::objects::{Compiler, Object, Source};
use super::{Dialect, Export, sources, symbols};

/// The names that clang gives to `main`, by its parameters.
const MAIN: [&str; 4] = ["main", "__main_argc_argv", "__main_void", "__original_main"];

/// The interface whose function a command has `main` for.
pub(super) const RUN: &str = "wasi:cli/run@0.2";

/// Builds a component. Sources with a `main` become a command, others a library.
pub(in super::super) fn build(
    input: &BuildInput<'_>,
    wit: &Wit,
    dialect: &Dialect,
    output: &mut dyn FnMut(&str),
) -> Result<Vec<u8>, BuildError> {
    let folder = absolute(input.folder)?;
    let work_folder = absolute(input.work_folder)?;
    let own: Vec<Source> =
        sources::find(&folder, dialect.endings)?.into_iter().map(|file| Source { file, own: true }).collect();
    let bindings = work_folder.join("bindings");
    let compiler = Compiler {
        tools: input.tools,
        folder: &folder,
        work_folder: &work_folder,
        bindings: &bindings,
        flags: &sources::flags(&folder)?,
    };
    let generated = write(&compiler, &(dialect.bindings)(wit)?)?;
    let mut objects = compiler.compile(&own, output)?;
    let main =
        objects.iter().any(|object| MAIN.iter().any(|main| object.symbols.defined.contains_key(*main)));
    let command = main.then(|| without_run(wit, &(dialect.exports)(wit), &objects)).flatten();
    let (wit, generated) = match &command {
        None => (wit, generated),
        Some(wit) => (wit, write(&compiler, &(dialect.bindings)(wit)?)?),
    };
    let exports = (dialect.exports)(wit);
    if !main && wit.exports().is_empty() {
        return Err(BuildError::Source {
            path: folder,
            problem: format!(
                "expected a `main`, as the world `{}` exports nothing; found none",
                wit.world_name()
            ),
        });
    }
    objects.extend(compiler.compile(&generated.sources, output)?);
    check(wit, &exports, &objects)?;
    let core = link(&compiler, dialect, &objects, &generated.objects, main, output)?;
    encode::module(core, wit, if main { Adapter::Command } else { Adapter::Reactor }, false)
}

/// The bindings as they lie in the work folder.
struct Generated {
    sources: Vec<Source>,
    objects: Vec<PathBuf>,
}

/// Writes the bindings anew, but for headers that the person has written instead.
fn write(compiler: &Compiler<'_>, files: &Files) -> Result<Generated, BuildError> {
    let folder = compiler.bindings;
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|source| BuildError::io("remove", folder, source))?;
    }
    fs::create_dir_all(folder).map_err(|source| BuildError::io("create the folder", folder, source))?;
    let mut generated = Generated { sources: Vec::new(), objects: Vec::new() };
    for (name, contents) in files.iter() {
        if super::is_own_header(compiler.folder, name) {
            continue;
        }
        let file = folder.join(name);
        fs::write(&file, contents).map_err(|source| BuildError::io("write", &file, source))?;
        if sources::has_ending(&file, &["c", "cpp"]) {
            generated.sources.push(Source { file, own: false });
        } else if sources::has_ending(&file, &["o"]) {
            generated.objects.push(file);
        }
    }
    Ok(generated)
}

/// The world without `wasi:cli/run`, where it has it and the sources do not: then `main` stands for it.
fn without_run(wit: &Wit, exports: &[Export], objects: &[Object]) -> Option<Wit> {
    let run = exports.iter().find(|export| export.owner.starts_with(RUN))?;
    if objects.iter().any(|object| object.symbols.defined.keys().any(|name| run.symbol.is(name))) {
        return None;
    }
    let mut resolve = wit.resolve.clone();
    let key = resolve.worlds[wit.world]
        .exports
        .keys()
        .find(|key| resolve.name_world_key(key) == run.owner)?
        .clone();
    resolve.worlds[wit.world].exports.shift_remove(&key);
    Some(Wit { resolve, world: wit.world })
}

/// Compares what the bindings call with what the sources have: the linker would say it in its own words, or only warn.
fn check(wit: &Wit, exports: &[Export], objects: &[Object]) -> Result<(), BuildError> {
    let wanted: Vec<_> =
        objects.iter().filter(|object| !object.own).flat_map(|object| &object.symbols.wanted).collect();
    let (mut missing, mut names) = (Vec::new(), Vec::new());
    for export in exports {
        let Some((symbol, expected)) = wanted.iter().find(|(symbol, _)| export.symbol.is(symbol)) else {
            continue;
        };
        match objects.iter().find_map(|object| object.symbols.defined.get(*symbol)) {
            None => {
                missing.push(export.wit.clone());
                names.push(export.name.clone());
            }
            Some(found) if found != *expected => {
                return Err(BuildError::Signature {
                    world: wit.world_name().to_owned(),
                    export: export.wit.clone(),
                    name: export.name.clone(),
                    expected: symbols::shown(expected),
                    found: symbols::shown(found),
                });
            }
            Some(_) => {}
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(BuildError::NotImplemented { world: wit.world_name().to_owned(), missing, names })
}

/// Links the core module.
fn link(
    compiler: &Compiler<'_>,
    dialect: &Dialect,
    objects: &[Object],
    more: &[PathBuf],
    main: bool,
    output: &mut dyn FnMut(&str),
) -> Result<Vec<u8>, BuildError> {
    let core = compiler.work_folder.join("core.wasm");
    remove_file(&core)?;
    let first = super::first_use(compiler.tools, dialect)?;
    if first.is_some() {
        output(&format!("the library of {} is compiled, once for all components", dialect.title));
    }
    let mut command = super::zig(compiler.tools, compiler.folder, compiler.work_folder)?;
    // The same optimization for all components, as the C library is compiled once for each.
    command.args([dialect.driver, "--target=wasm32-wasi", "-Oz", "-g0"]);
    if !main {
        command.arg("-mexec-model=reactor");
    }
    command.args(objects.iter().map(|object| shorter(&object.file, compiler.folder))).args(more);
    command.arg("-o").arg(&core);
    process::run_plainly(&mut command, &format!("zig {} -o core.wasm", dialect.driver), output)?;
    if let Some(mark) = first {
        fs::write(&mark, "").map_err(|source| BuildError::io("write", &mark, source))?;
    }
    read::compiled(&core)
}

/// The path as the linker is to show it in its messages.
fn shorter<'a>(file: &'a Path, folder: &Path) -> &'a Path {
    file.strip_prefix(folder).unwrap_or(file)
}
