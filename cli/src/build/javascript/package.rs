//! Reads `package.json`, npm's manifest of a program.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::MANIFEST;
use crate::build::error::BuildError;
use crate::build::read;

/// The file that `main` of `package.json` names, relative to the folder. Its ending must be one of `endings`, the
/// first of which a program without `main` has.
pub(in crate::build) fn entry(
    folder: &Path,
    endings: &[&str],
    language: &'static str,
) -> Result<String, BuildError> {
    let path = folder.join(MANIFEST);
    let problem = |problem: String| BuildError::Source { path: path.clone(), problem };
    let json: Value = serde_json::from_str(&read::manifest(&path)?)
        .map_err(|error| problem(format!("expected a JSON object: {error}")))?;
    let default = format!("index.{}", endings[0]);
    let entry = match &json["main"] {
        Value::String(entry) => entry.as_str(),
        Value::Null => &default,
        other => return Err(problem(format!("expected the name of a file in `main`, found `{other}`"))),
    };
    if !folder.join(entry).is_file() {
        return Err(problem(format!("`main` names `{entry}`, which does not exist")));
    }
    let ending = Path::new(entry).extension().unwrap_or_default();
    if !endings.iter().any(|known| ending == *known) {
        let known: Vec<String> = endings.iter().map(|ending| format!("`.{ending}`")).collect();
        return Err(problem(format!(
            "expected a file of {language} ({}) in `main`, found `{entry}`",
            known.join(", ")
        )));
    }
    Ok(entry.to_owned())
}

/// npm's own list of what is in `node_modules`.
pub(in crate::build) fn installed(folder: &Path) -> Vec<PathBuf> {
    let list = folder.join("node_modules").join(".package-lock.json");
    if list.is_file() { vec![list] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry_of(manifest: &str) -> Result<String, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        fs::write(folder.path().join("index.js"), "").unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/app.mjs"), "").unwrap();
        fs::write(folder.path().join("app.ts"), "").unwrap();
        entry(folder.path(), &["js", "mjs"], "JavaScript")
    }

    #[test]
    fn the_entry_is_what_main_names() {
        assert_eq!(entry_of("{}").unwrap(), "index.js");
        assert_eq!(entry_of(r#"{"main": "src/app.mjs"}"#).unwrap(), "src/app.mjs");
    }

    #[test]
    fn an_entry_that_cannot_be_is_refused() {
        let cases = [
            ("nothing", "expected a JSON object"),
            (r#"{"main": 3}"#, "expected the name of a file in `main`, found `3`"),
            (r#"{"main": "gone.js"}"#, "`main` names `gone.js`, which does not exist"),
            (
                r#"{"main": "app.ts"}"#,
                "expected a file of JavaScript (`.js`, `.mjs`) in `main`, found `app.ts`",
            ),
        ];
        for (manifest, expected) in cases {
            let message = entry_of(manifest).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("package.json"), "{message}");
        }
    }
}
