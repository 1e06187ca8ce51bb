//! `asconfig.json`: which file the person's program begins with, and the options of the compiler.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::MANIFEST;
use crate::build::error::BuildError;
use crate::build::read;

/// The first file, where `entries` names none: what AssemblyScript's own starter makes.
pub(super) const DEFAULT_ENTRY: &str = "assembly/index.ts";

/// Options that would make something else than the module that a component is made of.
const DROPPED: [&str; 18] = [
    "outFile",
    "textFile",
    "sourceMap",
    "bindings",
    "importMemory",
    "noExportMemory",
    "sharedMemory",
    "importTable",
    "exportStart",
    "exportRuntime",
    "initialMemory",
    "maximumMemory",
    "runtime",
    "memoryBase",
    "tableBase",
    "noEmit",
    "showConfig",
    "stats",
];

/// What is read from the file.
pub(super) struct Config {
    entry: String,
    options: Map<String, Value>,
    extends: Option<Value>,
}

impl Config {
    /// Reads the file of `folder`. The target `release` or `debug` adds its options, as it does for `asc`.
    pub(super) fn read(folder: &Path, release: bool) -> Result<Self, BuildError> {
        let path = folder.join(MANIFEST);
        let text = if path.exists() { read::manifest(&path)? } else { "{}".to_owned() };
        let config = Self::parse(&text, release)
            .map_err(|problem| BuildError::Source { path: path.clone(), problem })?;
        if !folder.join(&config.entry).is_file() {
            let problem = format!("the program begins with `{}`, which does not exist", config.entry);
            return Err(BuildError::Source { path, problem });
        }
        Ok(config)
    }

    fn parse(text: &str, release: bool) -> Result<Self, String> {
        let json: Value =
            serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))?;
        let entry = match json["entries"].as_array().map(Vec::as_slice) {
            None | Some([]) => DEFAULT_ENTRY.to_owned(),
            Some([Value::String(entry)]) => entry.trim_start_matches("./").to_owned(),
            Some(_) => return Err("expected one file in `entries`".to_owned()),
        };
        if !entry.ends_with(".ts") || entry.split('/').any(|part| part == "..") || entry.starts_with('/') {
            return Err(format!(
                "expected a file `….ts` in the component's folder in `entries`, found `{entry}`"
            ));
        }
        let mut options = defaults(release);
        let target = &json["targets"][if release { "release" } else { "debug" }];
        for stated in [&json["options"], target].into_iter().filter_map(Value::as_object) {
            options.extend(stated.clone());
        }
        options.retain(|key, _| !DROPPED.contains(&key.as_str()));
        Ok(Self { entry, options, extends: json.get("extends").cloned() })
    }

    /// The first file, relative to the component's folder.
    pub(super) fn entry(&self) -> &str {
        &self.entry
    }

    /// The folder of the first file, with a `/` at its end, or nothing.
    pub(super) fn folder(&self) -> &str {
        &self.entry[..self.entry.rfind('/').map_or(0, |slash| slash + 1)]
    }

    /// The name of the first file without its ending.
    pub(super) fn module(&self) -> &str {
        self.entry[self.folder().len()..].trim_end_matches(".ts")
    }

    /// The file that the compiler sees in the place of the person's.
    pub(super) fn for_compiler(&self, bindings: &str) -> String {
        let mut options = self.options.clone();
        let abort = format!("abort={bindings}/abort/abort");
        let uses = match options.remove("use") {
            Some(Value::Array(uses)) => uses,
            Some(Value::String(one)) => vec![Value::String(one)],
            _ => Vec::new(),
        };
        let own = |one: &Value| one.as_str().is_some_and(|one| one.starts_with("abort="));
        let uses: Vec<Value> =
            uses.into_iter().filter(|one| !own(one)).chain([Value::String(abort)]).collect();
        options.insert("use".to_owned(), Value::Array(uses));
        options.insert("runtime".to_owned(), json!("incremental"));
        options.insert("exportStart".to_owned(), json!("_initialize"));
        options.insert("noColors".to_owned(), json!(true));
        let mut config = json!({ "options": options });
        if let Some(extends) = &self.extends {
            config["extends"] = extends.clone();
        }
        config.to_string()
    }
}

/// The options that hold unless the person states others.
fn defaults(release: bool) -> Map<String, Value> {
    let mut options = Map::new();
    let mut put = |key: &str, value: Value| drop(options.insert(key.to_owned(), value));
    // References that are held at once, four bytes each; the compiler's own 32 KiB are soon used up by recursion.
    put("stackSize", json!(262_144));
    if release {
        put("optimizeLevel", json!(3));
        put("shrinkLevel", json!(1));
    } else {
        put("optimizeLevel", json!(1));
        put("debug", json!(true));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_has_a_default() {
        for text in ["{}", r#"{"entries": []}"#, r#"{"entries": ["./assembly/index.ts"]}"#] {
            let config = Config::parse(text, false).unwrap();
            assert_eq!(
                (config.entry(), config.folder(), config.module()),
                (DEFAULT_ENTRY, "assembly/", "index")
            );
        }
        let config = Config::parse(r#"{"entries": ["main.ts"]}"#, false).unwrap();
        assert_eq!((config.folder(), config.module()), ("", "main"));
    }

    #[test]
    fn entries_that_cannot_be_are_refused() {
        let cases = [
            ("nothing", "expected a JSON object"),
            (r#"{"entries": ["a.ts", "b.ts"]}"#, "expected one file in `entries`"),
            (r#"{"entries": ["../a.ts"]}"#, "found `../a.ts`"),
            (r#"{"entries": ["a.js"]}"#, "found `a.js`"),
        ];
        for (text, expected) in cases {
            let message = Config::parse(text, false).err().unwrap();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn the_persons_options_hold_unless_they_make_something_else() {
        let text = r#"{"options": {"optimizeLevel": 2, "outFile": "x.wasm", "use": ["Math=JSMath", "abort=mine"]},
                       "targets": {"release": {"shrinkLevel": 0}}}"#;
        let shown = Config::parse(text, true).unwrap().for_compiler("assembly/bindings");
        let options: Value = serde_json::from_str(&shown).unwrap();
        let options = &options["options"];
        assert_eq!((&options["optimizeLevel"], &options["shrinkLevel"]), (&json!(2), &json!(0)));
        assert_eq!(options["use"], json!(["Math=JSMath", "abort=assembly/bindings/abort/abort"]));
        assert!(options.get("outFile").is_none());
    }

    #[test]
    fn a_missing_first_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = Config::read(folder.path(), false).err().unwrap().to_string();
        assert!(
            message.ends_with("the program begins with `assembly/index.ts`, which does not exist"),
            "{message}"
        );
    }
}
