//! The limits on what a check reads: what is just within them is read, and one more is refused.

use std::fs;
use std::path::Path;

use wkit_interface::check::{Contract, ContractError, Profile, Settings, compare};
use wkit_interface::limits::{
    CONTRACT_ITEMS_MAX, CONTRACT_SOURCE_BYTES_MAX, CONTRACT_SOURCE_FILES_MAX, FINDINGS_MAX,
};

const PACKAGE: &str = "package acme:shop@1.0.0;\n";

fn written(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn wit(text: &str) -> Result<Contract, ContractError> {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "a.wit", text);
    Contract::from_wit("a.wit", &folder.path().join("a.wit"))
}

#[test]
fn sources_as_large_as_the_limit_and_larger() {
    let folder = tempfile::tempdir().unwrap();
    let limit = usize::try_from(CONTRACT_SOURCE_BYTES_MAX).unwrap();
    // Half of it is in one file and half in the other; a comment fills them up.
    let filled = |text: &str, size_bytes: usize| {
        let mut text = format!("{text}interface i {{ get: func(); }}\n//");
        text.extend(std::iter::repeat_n('x', size_bytes - text.len()));
        text
    };
    written(folder.path(), "a.wit", &filled(PACKAGE, limit / 2));
    written(folder.path(), "b.wit", &filled("", limit / 2).replace("interface i", "interface j"));
    assert!(Contract::from_wit("wit", folder.path()).is_ok());
    written(folder.path(), "c.wit", "\n");
    let error = Contract::from_wit("wit", folder.path()).unwrap_err();
    assert_eq!(error, ContractError::TooLarge { path: folder.path().display().to_string() });
}

#[test]
fn as_many_files_as_the_limit_and_more() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "a.wit", PACKAGE);
    for at in 1..CONTRACT_SOURCE_FILES_MAX {
        written(folder.path(), &format!("i{at}.wit"), &format!("interface i{at} {{}}\n"));
    }
    assert!(Contract::from_wit("wit", folder.path()).is_ok());
    written(folder.path(), "last.wit", "interface last {}\n");
    let error = Contract::from_wit("wit", folder.path()).unwrap_err();
    assert_eq!(error, ContractError::TooLarge { path: folder.path().display().to_string() });
}

#[test]
fn as_many_types_as_the_limit_and_more() {
    let types = |count: usize| {
        let types: String = (0..count).map(|at| format!("type t{at}=u8;")).collect();
        wit(&format!("{PACKAGE}interface i {{ {types} }}\n")).err()
    };
    assert_eq!(types(CONTRACT_ITEMS_MAX), None);
    let count = CONTRACT_ITEMS_MAX + 1;
    assert_eq!(types(count), Some(ContractError::TooManyItems { count }));
}

#[test]
fn as_many_findings_as_the_limit_and_more() {
    let functions = |count: usize| {
        let functions: String = (0..count).map(|at| format!("get{at}: func();\n")).collect();
        wit(&format!("{PACKAGE}interface i {{ {functions} }}\n")).unwrap()
    };
    let none = functions(0);
    for (count, is_truncated) in [(FINDINGS_MAX, false), (FINDINGS_MAX + 1, true)] {
        let comparison = compare(&none, &functions(count), &Settings::new(Profile::Strict)).unwrap();
        let added = comparison.findings.iter().filter(|finding| finding.rule.id == "FUNC_ADD").count();
        assert_eq!((added, comparison.truncated), (FINDINGS_MAX, is_truncated), "{count}");
    }
}
