//! The templates that wkit carries, and how the name of a component gets into them.

use std::collections::BTreeMap;

use heck::{ToPascalCase, ToSnakeCase};
use include_dir::{Dir, include_dir};

use crate::build::Language;

/// `<language>/<template>/…`.
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Loses its ending when it is written: what a tool would take for its own in wkit's repository.
const ENDING: &str = ".template";

/// Lines for the component's section of `wkit.toml`; the file itself is not written.
const SECTION: &str = "component.toml";

/// The template that stands behind `--wit`: everything but sources and WIT.
const SKELETON: &str = "skeleton";

/// One template of one language.
pub(crate) struct Template {
    folder: &'static Dir<'static>,
}

/// The files of a template for one component.
pub(super) struct Rendered {
    /// Contents by path, with `/`.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Lines for the component's section of `wkit.toml`.
    pub(super) section: String,
}

/// A language has no such template.
#[derive(Debug, thiserror::Error)]
#[error("{language} has no template `{stated}`; expected one of {}", known.join(", "))]
pub(crate) struct Unknown {
    language: &'static str,
    stated: String,
    known: Vec<String>,
}

impl Template {
    /// The template called `name`.
    pub(crate) fn find(language: &dyn Language, name: &str) -> Result<Self, Unknown> {
        let unknown = || Unknown {
            language: language.title(),
            stated: name.to_owned(),
            known: names(language).iter().map(|name| format!("`{name}`")).collect(),
        };
        if name == SKELETON {
            return Err(unknown());
        }
        Self::folder(language, name).ok_or_else(unknown)
    }

    /// What goes around sources that are made for a WIT package.
    pub(crate) fn skeleton(language: &dyn Language) -> Result<Self, Unknown> {
        Self::folder(language, SKELETON).ok_or_else(|| Unknown {
            language: language.title(),
            stated: SKELETON.to_owned(),
            known: Vec::new(),
        })
    }

    fn folder(language: &dyn Language, name: &str) -> Option<Self> {
        TEMPLATES.get_dir(format!("{}/{name}", language.name())).map(|folder| Self { folder })
    }

    /// The files, with the component's name in its places.
    pub(super) fn render(&self, name: &str) -> Rendered {
        let mut rendered = Rendered { files: BTreeMap::new(), section: String::new() };
        self.add(self.folder, name, &mut rendered);
        rendered
    }

    fn add(&self, folder: &'static Dir<'static>, name: &str, rendered: &mut Rendered) {
        for inner in folder.dirs() {
            self.add(inner, name, rendered);
        }
        for file in folder.files() {
            let path = file.path().strip_prefix(self.folder.path()).unwrap_or(file.path());
            let path: Vec<String> =
                path.iter().map(|part| fill(&part.to_string_lossy(), name, ["__", "__"])).collect();
            let path = path.join("/");
            let path = path.strip_suffix(ENDING).unwrap_or(&path);
            let text = file.contents_utf8().map(|text| fill(text, name, ["{{", "}}"]));
            if path == SECTION {
                rendered.section = text.unwrap_or_default();
                continue;
            }
            let contents = text.map_or_else(|| file.contents().to_vec(), String::into_bytes);
            rendered.files.insert(path.to_owned(), contents);
        }
    }
}

/// The names of a language's templates, sorted.
pub(crate) fn names(language: &dyn Language) -> Vec<&'static str> {
    let folders = TEMPLATES.get_dir(language.name()).into_iter().flat_map(Dir::dirs);
    let mut names: Vec<&str> = folders
        .filter_map(|folder| folder.path().file_name()?.to_str())
        .filter(|name| *name != SKELETON)
        .collect();
    names.sort_unstable();
    names
}

/// Puts the component's name into a text, in the spelling that the place asks for.
fn fill(text: &str, name: &str, [open, close]: [&str; 2]) -> String {
    let spellings = [
        ("name", name.to_owned()),
        ("name_snake", name.to_snake_case()),
        ("name_pascal", name.to_pascal_case()),
    ];
    spellings
        .iter()
        .fold(text.to_owned(), |text, (key, spelling)| text.replace(&format!("{open}{key}{close}"), spelling))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::LANGUAGES;

    #[test]
    fn names_are_spelled_as_the_place_asks() {
        assert_eq!(
            fill("{{name}} {{name_snake}} {{name_pascal}} {{other}}", "my-till", ["{{", "}}"]),
            "my-till my_till MyTill {{other}}"
        );
        assert_eq!(fill("__name_snake__.rs", "my-till", ["__", "__"]), "my_till.rs");
        assert_eq!(fill("__init__.py", "my-till", ["__", "__"]), "__init__.py");
    }

    #[test]
    fn every_language_has_every_template() {
        for language in LANGUAGES {
            for name in ["command", "library", "http"] {
                let template = Template::find(language, name).unwrap();
                let rendered = template.render("my-till");
                let wit = String::from_utf8(rendered.files["wit/world.wit"].clone()).unwrap();
                assert!(wit.contains("package local:my-till;"), "{} {name}: {wit}", language.name());
                assert!(wit.contains("world my-till "), "{} {name}: {wit}", language.name());
                check(language.name(), &rendered.files);
            }
            let skeleton = Template::skeleton(language).unwrap().render("my-till");
            assert!(!skeleton.files.keys().any(|path| path.starts_with("wit/")), "{}", language.name());
            check(language.name(), &skeleton.files);
        }
    }

    fn check(language: &str, files: &BTreeMap<String, Vec<u8>>) {
        assert!(files.contains_key("README.md"), "{language}");
        assert!(files.contains_key(".gitignore"), "{language}: {:?}", files.keys());
        assert!(!files.contains_key("wkit.toml"), "{language}");
        for (path, contents) in files {
            assert!(!path.ends_with(ENDING), "{language}: {path}");
            let text = String::from_utf8_lossy(contents);
            assert!(!text.contains("{{name") && !path.contains("__name"), "{language}: {path}\n{text}");
        }
    }

    #[test]
    fn an_unknown_template_lists_the_known_ones() {
        let error = Template::find(LANGUAGES[0], "daemon").err().unwrap().to_string();
        assert!(error.starts_with("Rust has no template `daemon`; expected one of "), "{error}");
        assert!(error.contains("`command`"), "{error}");
        assert!(Template::find(LANGUAGES[0], SKELETON).is_err());
    }
}
