//! The WIT of WASI, in the versions that the runner serves: what a new component's `wit/deps` is filled from.

use std::collections::{BTreeMap, BTreeSet};

// Written by the build script: `WASI_0_2` and `WASI_0_3` as pairs of a file's name and its contents.
include!(concat!(env!("OUT_DIR"), "/wasi_wit.rs"));

/// A package of WASI.
struct Package {
    /// `cli`.
    name: &'static str,
    /// `0.2.12`.
    version: &'static str,
    text: &'static str,
}

/// Adds every package of WASI that the WIT among `files` mentions and that is not there, with those that it mentions.
pub(super) fn complete(files: &mut BTreeMap<String, Vec<u8>>) {
    let packages = packages();
    let text_of = |contents: &Vec<u8>| String::from_utf8_lossy(contents).into_owned();
    let given: String =
        files.iter().filter(|(path, _)| path.starts_with("wit/")).map(|(_, bytes)| text_of(bytes)).collect();
    let mut texts = vec![given.clone()];
    let mut chosen = BTreeSet::new();
    while let Some(text) = texts.pop() {
        for (index, package) in packages.iter().enumerate() {
            let declared = given.contains(&format!("package wasi:{}@{};", package.name, package.version));
            if !declared && mentions(&text, package) && chosen.insert(index) {
                texts.push(package.text.to_owned());
            }
        }
    }
    for package in chosen.into_iter().map(|index| &packages[index]) {
        let path = format!("wit/deps/wasi-{}-{}/package.wit", package.name, package.version);
        files.insert(path, package.text.as_bytes().to_vec());
    }
}

fn packages() -> Vec<Package> {
    WASI_0_2
        .iter()
        .chain(WASI_0_3)
        .filter_map(|(_, contents)| {
            let text = std::str::from_utf8(contents).ok()?;
            let declared = text.lines().find_map(|line| line.strip_prefix("package wasi:"))?;
            let (name, version) = declared.trim_end().trim_end_matches(';').split_once('@')?;
            Some(Package { name, version, text })
        })
        .collect()
}

/// Whether a text uses something of a package: `wasi:cli/run@0.2.12`.
fn mentions(text: &str, package: &Package) -> bool {
    let start = format!("wasi:{}/", package.name);
    text.match_indices(&start).any(|(at, _)| {
        let name_ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
        let rest = &text[at + start.len()..];
        let version = rest.find(name_ends).and_then(|end| rest[end..].strip_prefix('@'));
        version.is_some_and(|version| {
            let end = version.find(|c: char| !(c.is_ascii_alphanumeric() || ".-+".contains(c)));
            version[..end.unwrap_or(version.len())].trim_end_matches('.') == package.version
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(world: &str) -> Vec<String> {
        let mut files = BTreeMap::from([("wit/world.wit".to_owned(), world.as_bytes().to_vec())]);
        complete(&mut files);
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in &files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, contents).unwrap();
        }
        // Complete means that a parser finds everything.
        crate::build::load_wit(&folder.path().join("wit"), "w").unwrap();
        files.into_keys().filter_map(|path| Some(path.strip_prefix("wit/deps/")?.to_owned())).collect()
    }

    #[test]
    fn what_is_mentioned_is_added_with_what_it_needs() {
        assert!(completed("package a:b; world w {}").is_empty());
        let found = completed("package a:b; world w { import wasi:random/random@0.2.12; }");
        assert_eq!(found, ["wasi-random-0.2.12/package.wit"]);
        let found = completed("package a:b; world w { export wasi:cli/run@0.2.12; }");
        assert!(found.contains(&"wasi-io-0.2.12/package.wit".to_owned()), "{found:?}");
        assert_eq!(found.len(), 6, "{found:?}");
        let found = completed("package a:b; world w { export wasi:http/handler@0.3.0; }");
        assert!(found.iter().all(|path| path.contains("0.3.0")), "{found:?}");
        assert!(found.contains(&"wasi-http-0.3.0/package.wit".to_owned()), "{found:?}");
    }

    #[test]
    fn both_lines_of_wasi_live_side_by_side() {
        let found = completed(
            "package a:b; world w { import wasi:random/random@0.2.12; import wasi:random/random@0.3.0; }",
        );
        assert_eq!(found, ["wasi-random-0.2.12/package.wit", "wasi-random-0.3.0/package.wit"]);
    }

    #[test]
    fn what_is_there_is_left_alone() {
        let own = "package wasi:random@0.2.12; interface random {}";
        let mut files = BTreeMap::from([
            (
                "wit/world.wit".to_owned(),
                b"package a:b; world w { import wasi:random/random@0.2.12; }".to_vec(),
            ),
            ("wit/deps/random.wit".to_owned(), own.as_bytes().to_vec()),
        ]);
        complete(&mut files);
        assert_eq!(files.len(), 2);
    }
}
