//! Reads what componentize-py writes when it fails: the useful lines stand between the backtraces of two languages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::build::wit::Wit;

/// The mark of what `component.py` has found.
const FAULT: &str = "wkit-fault: ";

/// The tool's own folders, as the interpreter inside sees them: the person's is the first.
const SOURCES: &str = "/0/";

/// The lines that a person can use, from all that were written.
pub(super) fn useful(lines: &[String]) -> Vec<String> {
    let faults: Vec<String> = lines
        .iter()
        .filter_map(|line| line.split_once(FAULT))
        .map(|(_, fault)| fault.replace(SOURCES, ""))
        .collect();
    if !faults.is_empty() {
        return faults;
    }
    let mut kept = Vec::new();
    // The interpreter on this side says where the tool is; what it was told comes behind the name of its error.
    let mut lines =
        lines.iter().map(String::as_str).skip_while(|line| !line.starts_with("AssertionError: ")).peekable();
    if lines.peek().is_none() {
        return kept;
    }
    let told = lines.map(|line| line.strip_prefix("AssertionError: ").unwrap_or(line));
    let mut own_frame = false;
    for line in told.take_while(|line| !line.starts_with("Stack backtrace:")) {
        // A frame has its place on one line, and the code below it, with more space in front.
        if line.starts_with("  File ") {
            own_frame = line.contains("wkit_component.py") || line.contains("<frozen importlib");
        } else if !line.starts_with("    ") {
            own_frame = false;
        }
        if !own_frame {
            kept.push(line.replace(SOURCES, ""));
        }
    }
    // Behind this the last line stands once more.
    if kept.iter().any(|line| line.contains("Error: ")) {
        if let Some(cause) = kept.iter().position(|line| line.starts_with("Caused by:")) {
            kept.truncate(cause);
        }
    }
    while kept.last().is_some_and(|line| line.trim().is_empty()) {
        kept.pop();
    }
    kept
}

/// What to do about the failure.
pub(super) fn hint(lines: &[String], site_packages: &[PathBuf], wit: &Wit) -> Option<String> {
    let missing = missing_modules(lines);
    if let Some((package, file)) = missing.iter().find_map(|module| native(module, site_packages)) {
        return Some(format!(
            "the package `{package}` needs native code: `{file}` is made for this machine, and there is none for Wasm; \
             use a package of pure Python instead"
        ));
    }
    if missing.iter().any(|module| module == "wit_world" || module.starts_with("wit_world.")) {
        return Some(format!(
            "the world `{}` imports {} and exports {}; modules of `wit_world.imports` and `wit_world.exports` have \
             their names",
            wit.world_name(),
            listed(&wit.imports()),
            listed(&wit.exports()),
        ));
    }
    (!missing.is_empty()).then(|| {
        "packages come from the environment `.venv` in the component's folder, and from nowhere else"
            .to_owned()
    })
}

/// The modules that an import did not find, in the order in which they are named.
fn missing_modules(lines: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines {
        if let Some((_, rest)) = line.split_once("No module named '") {
            found.extend(rest.split('\'').next().map(str::to_owned));
        }
        if let Some((_, rest)) = line.split_once("cannot import name '") {
            let mut quoted = rest.split('\'');
            if let (Some(name), Some(module)) = (quoted.next(), quoted.nth(1)) {
                found.push(format!("{module}.{name}"));
            }
        }
    }
    found
}

/// The package of a module that is there as native code only, and the file.
fn native(module: &str, site_packages: &[PathBuf]) -> Option<(String, String)> {
    let parts: Vec<&str> = module.split('.').collect();
    let (last, folders) = parts.split_last()?;
    site_packages.iter().find_map(|packages| {
        let folder = packages.join(folders.iter().collect::<PathBuf>());
        let names =
            folder.read_dir().ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let file = names.filter(|name| is_native(name, last)).min()?;
        let path = Path::new(&folders.join("/")).join(file).display().to_string();
        Some((parts.first()?.to_string(), path))
    })
}

/// Whether a file is the compiled form of a module: `_core.cpython-311-x86_64-linux-gnu.so`, `_core.pyd`.
fn is_native(file: &str, module: &str) -> bool {
    let compiled = [".so", ".pyd", ".dylib"].iter().any(|ending| file.ends_with(ending));
    compiled && file.split('.').next() == Some(module)
}

fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    const FRAMES: &str = r#"Traceback (most recent call last):
  File "/tools/bin/componentize-py", line 8, in <module>
    sys.exit(script())
             ^^^^^^^^
AssertionError: Traceback (most recent call last):
  File "/1/wkit_component.py", line 107, in <module>
    importlib.import_module(_module)
  File "<frozen importlib._bootstrap>", line 1, in x
  File "/0/app.py", line 1, in <module>
    import requests
ModuleNotFoundError: No module named 'requests'


Caused by:
    ModuleNotFoundError: No module named 'requests'

Stack backtrace:
   0: <anyhow::Error>::msg
"#;

    #[test]
    fn only_the_persons_own_frames_are_left() {
        assert_eq!(
            useful(&lines(FRAMES)).join("\n"),
            "Traceback (most recent call last):\n  File \"app.py\", line 1, in <module>\n    import requests\n\
             ModuleNotFoundError: No module named 'requests'"
        );
    }

    #[test]
    fn faults_stand_alone() {
        let text =
            "AssertionError: Traceback\nTypeError: \nwkit-fault: /0/app.py:3: a\nwkit-fault: b\nCaused by:\n";
        assert_eq!(useful(&lines(text)), ["app.py:3: a", "b"]);
    }

    #[test]
    fn what_is_not_understood_is_not_cut() {
        let text =
            "AssertionError: unable to add the world\n\nCaused by:\n    0: no\n\nStack backtrace:\n  0: x";
        assert_eq!(useful(&lines(text)).join("\n"), "unable to add the world\n\nCaused by:\n    0: no");
        assert!(useful(&lines("killed")).is_empty());
    }

    #[test]
    fn native_code_is_named_with_its_package() {
        let folder = tempfile::tempdir().unwrap();
        let core = folder.path().join("numpy/_core");
        fs::create_dir_all(&core).unwrap();
        fs::write(core.join("_umath.cpython-311-x86_64-linux-gnu.so"), "").unwrap();
        fs::write(core.join("_other.py"), "").unwrap();
        let packages = [folder.path().to_owned()];
        let found = native("numpy._core._umath", &packages).unwrap();
        assert_eq!(
            found,
            ("numpy".to_owned(), "numpy/_core/_umath.cpython-311-x86_64-linux-gnu.so".to_owned())
        );
        assert_eq!(native("numpy._core._other", &packages), None);
        assert_eq!(native("requests", &packages), None);
        let message =
            "ImportError: cannot import name '_umath' from 'numpy._core' (/2/numpy/_core/__init__.py)";
        assert_eq!(missing_modules(&lines(message)), ["numpy._core._umath"]);
    }
}
