//! What a preopen lets through and what it keeps back.

use std::fs;

use tempfile::TempDir;
use wkit_runtime_runner::{Access, GrantError, Grants, Limits, RunError};

use crate::support::{Ran, probe, run_with, tide};

/// A folder `inside` with a file, beside a file that no guest may see.
fn house() -> TempDir {
    let house = tempfile::tempdir().unwrap();
    fs::create_dir_all(house.path().join("inside/below")).unwrap();
    fs::write(house.path().join("inside/file"), "text").unwrap();
    fs::write(house.path().join("outside"), "secret").unwrap();
    house
}

fn try_in(house: &TempDir, access: Access, arguments: &[&str]) -> Ran {
    let grants = Grants::new().preopen(house.path().join("inside"), "/in", access);
    run_with(probe(), arguments, grants, Limits::default())
}

#[test]
fn a_guest_reads_and_lists_what_it_is_given() {
    let house = house();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        assert_eq!(try_in(&house, access, &["cat", "/in/file"]).output(), "text");
        assert_eq!(try_in(&house, access, &["cat", "/in/below/../file"]).output(), "text");
        assert_eq!(try_in(&house, access, &["list", "/in"]).output(), "below|file");
    }
}

#[test]
fn a_guest_writes_where_it_may() {
    let house = house();
    try_in(&house, Access::ReadWrite, &["write", "/in/below/new", "written"]).output();
    assert_eq!(fs::read_to_string(house.path().join("inside/below/new")).unwrap(), "written");
    try_in(&house, Access::ReadWrite, &["append", "/in/below/new", "!"]).output();
    try_in(&house, Access::ReadWrite, &["rename", "/in/below/new", "/in/moved"]).output();
    assert_eq!(fs::read_to_string(house.path().join("inside/moved")).unwrap(), "written!");
    try_in(&house, Access::ReadWrite, &["remove", "/in/moved"]).output();
    assert!(!house.path().join("inside/moved").exists());
}

#[test]
fn read_only_refuses_every_change() {
    let house = house();
    for arguments in [
        &["write", "/in/file", "changed"][..],
        &["write", "/in/new", "x"],
        &["append", "/in/file", "x"],
        &["truncate", "/in/file"],
        &["remove", "/in/file"],
        &["rename", "/in/file", "/in/other"],
        &["make-folder", "/in/folder"],
        &["link", "file", "/in/link"],
    ] {
        let ran = try_in(&house, Access::ReadOnly, arguments);
        let refusal = ran.refusal();
        assert!(
            ["PermissionDenied", "Operation not permitted", "ReadOnly"]
                .iter()
                .any(|words| refusal.contains(words)),
            "{arguments:?}: {refusal}"
        );
    }
    let mut names: Vec<_> =
        fs::read_dir(house.path().join("inside")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["below", "file"]);
    assert_eq!(fs::read_to_string(house.path().join("inside/file")).unwrap(), "text");
}

#[test]
fn dots_do_not_lead_out() {
    let house = house();
    for path in ["/in/../outside", "/in/below/../../outside", "../outside", "/outside", "/in/./.././outside"]
    {
        let ran = try_in(&house, Access::ReadWrite, &["cat", path]);
        assert!(!ran.stdout.contains("secret"), "{path}");
        ran.refusal();
        try_in(&house, Access::ReadWrite, &["write", path, "changed"]).refusal();
    }
    assert_eq!(fs::read_to_string(house.path().join("outside")).unwrap(), "secret");
}

#[cfg(unix)]
#[test]
fn symbolic_links_of_the_host_do_not_lead_out() {
    use std::os::unix::fs::symlink;
    let house = house();
    let inside = house.path().join("inside");
    symlink("../outside", inside.join("relative")).unwrap();
    symlink(house.path().join("outside"), inside.join("absolute")).unwrap();
    symlink("..", inside.join("folder")).unwrap();
    symlink("/", inside.join("root")).unwrap();
    symlink("file", inside.join("harmless")).unwrap();
    for path in ["/in/relative", "/in/absolute", "/in/folder/outside", "/in/root/etc/passwd"] {
        let ran = try_in(&house, Access::ReadWrite, &["cat", path]);
        assert_eq!(ran.stdout, "", "{path}");
        ran.refusal();
        try_in(&house, Access::ReadWrite, &["write", path, "changed"]).refusal();
    }
    try_in(&house, Access::ReadWrite, &["list", "/in/folder"]).refusal();
    assert_eq!(try_in(&house, Access::ReadWrite, &["cat", "/in/harmless"]).output(), "text");
    assert_eq!(fs::read_to_string(house.path().join("outside")).unwrap(), "secret");
}

#[test]
fn symbolic_links_of_the_guest_do_not_lead_out() {
    let house = house();
    let outside = house.path().join("outside");
    // An absolute target is refused outright; a relative one may be made, and leads nowhere.
    try_in(&house, Access::ReadWrite, &["link", outside.to_str().unwrap(), "/in/absolute"]).refusal();
    try_in(&house, Access::ReadWrite, &["link", "../outside", "/in/relative"]);
    for path in ["/in/absolute", "/in/relative"] {
        let ran = try_in(&house, Access::ReadWrite, &["cat", path]);
        assert_eq!(ran.stdout, "", "{path}");
        ran.refusal();
    }
}

#[test]
fn wasi_0_3_keeps_to_the_same_preopens() {
    let house = house();
    let try_in = |access, arguments: &[&str]| {
        let grants = Grants::new().preopen(house.path().join("inside"), "/in", access);
        run_with(tide(), arguments, grants, Limits::default())
    };
    assert_eq!(try_in(Access::ReadOnly, &["preopens"]).output(), "/in");
    assert_eq!(try_in(Access::ReadOnly, &["cat", "file"]).output(), "text");
    for path in ["../outside", "below/../../outside", "/etc/passwd"] {
        assert!(try_in(Access::ReadWrite, &["cat", path]).refusal().contains("NotPermitted"), "{path}");
    }
    assert!(try_in(Access::ReadOnly, &["write", "new", "x"]).refusal().contains("NotPermitted"));
    assert!(!house.path().join("inside/new").exists());
    assert_eq!(try_in(Access::ReadWrite, &["write", "new", "x"]).output(), "1 bytes");
    assert_eq!(fs::read_to_string(house.path().join("inside/new")).unwrap(), "x");
}

#[test]
fn a_preopen_that_cannot_be_opened_is_named() {
    let house = house();
    let missing = house.path().join("nowhere");
    let error = run_error(Grants::new().preopen(&missing, "/in", Access::ReadOnly));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot open the folder `{}` for the guest's `/in`: No such file or directory (os error 2)",
            missing.display()
        )
    );
    assert!(error.hint().is_some());
    let file = house.path().join("outside");
    let error = run_error(Grants::new().preopen(&file, "/in", Access::ReadOnly));
    assert_eq!(
        error.to_string(),
        format!("expected a folder for the guest's `/in`, found the file `{}`", file.display())
    );
}

#[test]
fn a_guest_path_is_given_once_and_has_a_name() {
    let house = house();
    let error = run_error(Grants::new().preopen(house.path(), "/in", Access::ReadOnly).preopen(
        house.path().join("inside"),
        "/in",
        Access::ReadWrite,
    ));
    assert!(matches!(error, RunError::Grant(GrantError::GuestPathTwice { guest, .. }) if guest == "/in"));
    for guest in ["", "a\0b"] {
        let error = run_error(Grants::new().preopen(house.path(), guest, Access::ReadOnly));
        assert!(matches!(error, RunError::Grant(GrantError::GuestPath { .. })), "{guest:?}");
    }
}

fn run_error(grants: Grants) -> RunError {
    probe().run_blocking(grants.arguments(["guest", "list", "/in"]), Limits::default()).unwrap_err()
}
