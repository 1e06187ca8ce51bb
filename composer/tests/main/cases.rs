//! What is said of components that do not fit, word for word: one folder of `tests/cases` for each way in which that
//! happens, with the components, the plan, and the text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wkit_composer::{Composition, Input, Plan, Problems, compose};
use wkit_fixtures::component::{from_wat, from_wit, wit_package};
use wkit_fixtures::golden::assert_golden;

/// `case.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case is about, for those who read it.
    about: String,
    /// Whether it composes after all.
    #[serde(default)]
    fits: bool,
    /// The components that the text need not name.
    #[serde(default)]
    unnamed: Vec<String>,
    #[serde(default)]
    plan: Plan,
}

/// Words and signs that belong to the inside of Wasm tools.
const INSIDE: [&str; 9] =
    ["Id(", "Id {", "idx", "globally_unique", "NodeId", "InterfaceId", "0x", "offset", "at byte"];

#[test]
fn what_is_said_of_each_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 40, "{} cases", folders.len());
    for folder in folders {
        check(&folder);
    }
}

fn check(folder: &Path) {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let case: Case = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!case.about.is_empty());
    let inputs = inputs(folder);
    let text = match compose(&inputs, &case.plan) {
        Ok(composition) => {
            assert!(case.fits, "{name} composes\n{}", composition.tree());
            told(&composition)
        }
        Err(problems) => {
            assert!(!case.fits, "{name} does not compose: {problems}");
            let text = shown(&problems);
            assert_readable(&name, &problems, &text);
            text
        }
    };
    for input in inputs.iter().filter(|input| !case.unnamed.contains(&input.name)) {
        let is_named =
            text.contains(&format!("`{}`", input.name)) || (case.fits && text.contains(&input.name));
        assert!(is_named, "{name} does not name `{}`\n{text}", input.name);
    }
    assert_golden(folder.join("expected.txt"), &text);
}

/// The components of a case, by the ending of their files: the world `it` of a WIT text, a WIT package, WebAssembly
/// text, or bytes as they are.
fn inputs(folder: &Path) -> Vec<Input> {
    let mut inputs = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let (name, ending) = file.split_once('.').unwrap();
        let text = || fs::read_to_string(&path).unwrap();
        let bytes = match ending {
            "wit" => from_wit(&text(), "it"),
            "package.wit" => wit_package(&text()),
            "wat" => from_wat(&text()),
            "bytes" => fs::read(&path).unwrap(),
            _ => continue,
        };
        inputs.insert(name.to_owned(), bytes);
    }
    inputs.into_iter().map(|(name, bytes)| Input { name, bytes: bytes.into() }).collect()
}

/// All problems, each with its hint.
pub(crate) fn shown(problems: &Problems) -> String {
    let mut text = String::new();
    for problem in problems.iter() {
        text += &format!("error: {problem}\n");
        if let Some(hint) = problem.hint() {
            text += &format!("hint: {hint}\n");
        }
    }
    text
}

/// Fails when a text shows the inside, or a problem has no hint.
pub(crate) fn assert_readable(name: &str, problems: &Problems, text: &str) {
    for word in INSIDE {
        assert!(!text.contains(word), "{name} shows the inside: {word}\n{text}");
    }
    for problem in problems.iter() {
        assert!(problem.hint().is_some(), "{name} has no hint: {problem}");
    }
}

/// What is told of a composition that fits.
fn told(composition: &Composition) -> String {
    let mut text = composition.tree();
    for unused in &composition.unused {
        text += &format!("note: {unused}\n");
    }
    for miss in &composition.near_misses {
        text += &format!("note: {miss}\nhint: {}\n", miss.hint());
    }
    text
}
