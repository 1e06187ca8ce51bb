//! Bundles a program with its adapter, and puts both into a component with an engine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wit_component::WitPrinter;
use wit_parser::{FunctionKind, PackageId, Resolve};

use super::names;
use super::quickjs;
use super::world::{self, Dialect, Integers, RootImports};
use super::{
    COMPONENTIZE_JS, COMPONENTIZE_QJS, ESBUILD, MANIFEST, NODE, NODE_HINT, OLDEST, foreign, given, tidy,
};
use crate::build::error::BuildError;
use crate::build::tools::{Package, ToolError, ToolVersion, Tools};
use crate::build::wit::Wit;
use crate::build::{BuildInput, absolute, outside, process, read, remove_file};

const DRIVER: &str = include_str!("build.mjs");
/// What the driver writes between when exports are missing.
const MISSING: (&str, &str) = ("wkit:missing ", " wkit:end");

/// The engine that a component carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::build) enum Engine {
    /// Small, and an interpreter.
    QuickJs,
    /// What Firefox has: large, with the platform's own libraries such as `fetch`.
    StarlingMonkey,
}

impl Engine {
    const ALL: [(&'static str, Self); 2] =
        [("quickjs", Self::QuickJs), ("starlingmonkey", Self::StarlingMonkey)];

    /// The engine that `engine` of the component's section names; without it QuickJS.
    fn of(input: &BuildInput<'_>) -> Result<Self, BuildError> {
        let Some(stated) = &input.options.engine else {
            return Ok(Self::QuickJs);
        };
        let known = Self::ALL.into_iter().find(|(name, _)| name == stated);
        known.map(|(_, engine)| engine).ok_or_else(|| BuildError::OptionValue {
            key: "engine",
            found: stated.clone(),
            expected: &["quickjs", "starlingmonkey"],
        })
    }

    fn package(self) -> &'static Package {
        match self {
            Self::QuickJs => &COMPONENTIZE_QJS,
            Self::StarlingMonkey => &COMPONENTIZE_JS,
        }
    }

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, engine)| *engine == self).map_or("", |(name, _)| name)
    }
}

/// What is to become a component.
pub(in crate::build) struct Component<'a> {
    pub(in crate::build) input: &'a BuildInput<'a>,
    pub(in crate::build) wit: &'a Wit,
    /// The folder of the sources, in full.
    pub(in crate::build) folder: &'a Path,
    /// The program's first module, relative to the folder.
    pub(in crate::build) entry: &'a str,
    /// The language as people write it.
    pub(in crate::build) language: &'static str,
}

/// Node, if it is new enough, and its version.
pub(in crate::build) fn node(tools: &Tools, folder: &Path) -> Result<(PathBuf, String), ToolError> {
    let node = tools.program(&NODE)?;
    let version = tools.ask(&node, folder, &["--version"])?;
    let mut numbers =
        version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if found < OLDEST {
        let expected = format!("{}", OLDEST.0);
        return Err(ToolError::TooOld { tool: NODE.name, expected, found: version, hint: NODE_HINT });
    }
    Ok((node, version))
}

/// The versions of what decides how the component looks. Node only starts it.
pub(in crate::build) fn fingerprint_tools(input: &BuildInput<'_>) -> Result<Vec<ToolVersion>, ToolError> {
    node(input.tools, input.folder)?;
    // What is wrong with the engine is said when the build begins; any version does for the question whether to begin.
    let engine = Engine::of(input).unwrap_or(Engine::QuickJs);
    let mut versions = vec![ToolVersion { tool: "QuickJS", version: quickjs::VERSION.to_owned() }];
    for package in [&ESBUILD, engine.package()] {
        let (program, version) = input.tools.package(package)?;
        let version = version.unwrap_or_else(|| version_beside(&program));
        versions.push(ToolVersion { tool: package.program.name, version });
    }
    Ok(versions)
}

/// Builds the component.
pub(in crate::build) fn componentize(
    component: &Component<'_>,
    output: &mut dyn FnMut(&str),
) -> Result<Vec<u8>, BuildError> {
    let Component { input, wit, folder, .. } = component;
    let engine = Engine::of(input)?;
    supported(component, engine)?;
    let (node, _) = node(input.tools, folder)?;
    let work = absolute(input.work_folder)?;
    let made = work.join("component.wasm");
    remove_file(&made)?;
    let driver = work.join("build.mjs");
    write(&driver, DRIVER.as_bytes())?;
    let plan = work.join("plan.json");
    write(&plan, plan_of(component, engine, &work)?.to_string().as_bytes())?;
    let mut command = input.tools.command(&node, folder);
    command.arg(&driver).arg(&plan);
    let shown = format!("{} {} --world {}", engine.package().program.name, component.entry, input.world);
    if let Err(error) = process::run_plainly(&mut command, &shown, output) {
        return Err(missing_exports(&error, wit.world_name()).unwrap_or(error));
    }
    let inputs = fs::read_to_string(work.join("inputs")).unwrap_or_default();
    outside::record(&work, &outside_sources(folder, &inputs))?;
    let mut made = read::compiled(&made)?;
    if engine == Engine::QuickJs {
        made = given::right_objects(&made)?;
    }
    tidy::only_the_world(&made, wit, &foreign::rename)
}

/// Refuses what an engine cannot do.
fn supported(component: &Component<'_>, engine: Engine) -> Result<(), BuildError> {
    let refuse = |feature: String| BuildError::unsupported(component.language, component.wit, feature);
    if engine == Engine::StarlingMonkey
        && let Some(feature) = component.wit.first_async()
    {
        return Err(refuse(format!("{feature}, which the engine `starlingmonkey` does not know")));
    }
    let accessor = component.wit.functions().find(|(_, function)| {
        use FunctionKind::{Getter, MethodGetter, MethodSetter, Setter, StaticGetter, StaticSetter};
        matches!(
            function.kind,
            Getter | Setter | MethodGetter(_) | MethodSetter(_) | StaticGetter(_) | StaticSetter(_)
        )
    });
    if let Some((owner, function)) = accessor {
        return Err(refuse(format!(
            "the accessor `{}` of `{owner}`, which no engine knows",
            function.item_name()
        )));
    }
    let world = &component.wit.resolve.worlds[component.wit.world];
    let mut names = BTreeSet::new();
    for key in world.exports.keys() {
        let name = names::export(&component.wit.resolve, key);
        if !names.insert(name.clone()) {
            return Err(refuse(format!(
                "two exports that are both called `{name}` in {}",
                component.language
            )));
        }
    }
    Ok(())
}

/// Everything that the driver needs to know.
fn plan_of(component: &Component<'_>, engine: Engine, work: &Path) -> Result<Value, BuildError> {
    let Component { input, wit, folder, entry, .. } = component;
    let wit_file = work.join("world.wit");
    let asynchronous = wit.first_async().is_some();
    let runtime = work.join("quickjs.wasm");
    if engine == Engine::QuickJs && !asynchronous {
        write(&runtime, quickjs::RUNTIME)?;
    }
    let foreign = engine == Engine::QuickJs && foreign::is_needed(wit);
    let (integers, root) = match engine {
        Engine::QuickJs if asynchronous => (Integers::Narrow, RootImports::Module("$root")),
        Engine::QuickJs => (Integers::Wide, RootImports::Module("$root")),
        Engine::StarlingMonkey => (Integers::Unsigned, RootImports::Modules),
    };
    let mut resolve = if foreign { foreign::resolve(&wit.resolve) } else { wit.resolve.clone() };
    let version = foreign::console_version(wit);
    if engine == Engine::QuickJs {
        foreign::add_console(&mut resolve, wit.world, version)?;
    }
    write(&wit_file, printed(wit, &resolve)?.as_bytes())?;
    let import = |name: &str| if foreign { foreign::name(name) } else { name.to_owned() };
    let description = world::describe(wit, &Dialect { integers, root, import: &import });
    let http = wit.imports().into_iter().chain(wit.exports()).any(|name| name.starts_with("wasi:http/"));
    let disabled: &[&str] = if http { &["fetch-event"] } else { &["http", "fetch-event"] };
    let tool = |package, file| module_of(input.tools, package, file);
    Ok(json!({
        "engine": engine.name(),
        "tools": {
            "esbuild": tool(&ESBUILD, "lib/main.js")?,
            "engine": match engine {
                Engine::QuickJs => tool(&COMPONENTIZE_QJS, "index.js")?,
                Engine::StarlingMonkey => tool(&COMPONENTIZE_JS, "src/componentize.js")?,
            },
        },
        "folder": folder,
        "program": folder.join(entry),
        "world": wit.world_name(),
        "wit": wit_file,
        "runtime": (engine == Engine::QuickJs && !asynchronous).then_some(runtime),
        "disabled": disabled,
        "entry": match engine {
            Engine::QuickJs => format!("import \"wkit:platform\";\n{}", description.entry),
            Engine::StarlingMonkey => description.entry,
        },
        "platform": include_str!("platform.js").replace("VERSION", version),
        "modules": description.modules,
        "short": description.short,
        "adapter": description.adapter,
        "bundle": work.join("bundle.js"),
        "inputs": work.join("inputs"),
        "output": work.join("component.wasm"),
    }))
}

/// The world's package with all that it needs, in one file and in the spelling that older parsers know too.
fn printed(wit: &Wit, resolve: &Resolve) -> Result<String, BuildError> {
    let main = wit.resolve.worlds[wit.world].package;
    let invalid = |message: String| BuildError::Encode { world: wit.world_name().to_owned(), message };
    let main = main.ok_or_else(|| invalid("the world belongs to no package".to_owned()))?;
    let others: Vec<PackageId> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != main).collect();
    let mut printer = WitPrinter::default();
    printer.print(resolve, main, &others).map_err(|error| invalid(format!("{error:#}")))?;
    Ok(printer.output.to_string())
}

/// A module of a package: beside its program, which lies in a folder of the package.
fn module_of(tools: &Tools, package: &Package, file: &str) -> Result<PathBuf, BuildError> {
    let (program, _) = tools.package(package)?;
    let root = absolute(&program)?;
    Ok(root.ancestors().nth(2).unwrap_or(&root).join(file))
}

/// The version of an installation that is not wkit's own, which its manifest tells.
pub(in crate::build) fn version_beside(program: &Path) -> String {
    let manifest = |program: PathBuf| read::manifest(&program.parent()?.parent()?.join(MANIFEST)).ok();
    let text = program.canonicalize().ok().and_then(manifest).unwrap_or_default();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    match json["version"].as_str() {
        Some(version) => version.to_owned(),
        None => format!("unknown, at {}", program.display()),
    }
}

/// The files that the bundler has read and the fingerprint does not see: it looks into the folder, and not at packages.
fn outside_sources(folder: &Path, inputs: &str) -> BTreeSet<PathBuf> {
    let files = inputs.lines().filter_map(|file| folder.join(file).canonicalize().ok());
    files
        .filter(|file| match file.strip_prefix(folder) {
            Ok(inside) => inside.iter().any(|part| part == "node_modules"),
            Err(_) => true,
        })
        .collect()
}

/// What the program's own check has found when it ran in the engine.
fn missing_exports(error: &BuildError, world: &str) -> Option<BuildError> {
    let BuildError::Compiler { output, .. } = error else { return None };
    let (_, rest) = output.split_once(MISSING.0)?;
    let (names, _) = rest.split_once(MISSING.1)?;
    let missing = names.split(' ').map(str::to_owned).collect();
    Some(BuildError::ProgramExportsMissing { world: world.to_owned(), missing })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    fs::write(path, bytes).map_err(|source| BuildError::io("write", path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_installation_tells_its_version_beside_the_program() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let program = folder.path().join("bin/componentize-qjs");
        fs::write(&program, "").unwrap();
        assert!(version_beside(&program).starts_with("unknown, at "));
        fs::write(folder.path().join(MANIFEST), r#"{"version": "9.8.7"}"#).unwrap();
        assert_eq!(version_beside(&program), "9.8.7");
    }

    #[test]
    fn packages_and_files_elsewhere_are_outside() {
        let above = tempfile::tempdir().unwrap();
        let above = above.path().canonicalize().unwrap();
        let folder = above.join("program");
        let files = ["program/a.js", "program/node_modules/b/b.js", "c.js"];
        for file in files {
            fs::create_dir_all(above.join(file).parent().unwrap()).unwrap();
            fs::write(above.join(file), "").unwrap();
        }
        let inputs = "a.js\nnode_modules/b/b.js\n../c.js\nwkit:adapter";
        let expected = BTreeSet::from([above.join("program/node_modules/b/b.js"), above.join("c.js")]);
        assert_eq!(outside_sources(&folder, inputs), expected);
    }

    #[test]
    fn missing_exports_are_read_from_what_was_written() {
        let error = BuildError::Compiler {
            command: "c".to_owned(),
            status: std::process::ExitStatus::default(),
            output: "Error: wkit:missing greet.greet greet.Other wkit:end\n    at <anonymous>\n".to_owned(),
        };
        let found = missing_exports(&error, "w").unwrap().to_string();
        assert_eq!(
            found,
            "the program does not export `greet.greet`, `greet.Other`, which its world `w` says"
        );
    }
}
