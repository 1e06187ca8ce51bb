//! Everything that empty grants close, tried by commands of both versions of WASI. The tests set up what would succeed
//! with a grant, so that a refusal is the grants' and not an accident.

use std::net::{TcpListener, UdpSocket};

use crate::support::{Ran, probe, run, tide};

#[test]
fn no_arguments_and_no_environment() {
    assert!(std::env::vars().count() > 0, "the host has an environment to hide");
    for program in [probe(), tide()] {
        assert_eq!(run(program, &["env"]).output(), "");
        let nothing = crate::support::run_bare(program);
        assert_eq!(nothing.output(), "no arguments");
    }
}

#[test]
fn no_standard_input() {
    for program in [probe(), tide()] {
        assert_eq!(run(program, &["stdin"]).output(), "");
    }
}

#[test]
fn no_files_0_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "secret").unwrap();
    let (folder, file) = (folder.path().to_str().unwrap(), file.to_str().unwrap());
    for arguments in [
        &["cat", file][..],
        &["cat", "/etc/passwd"],
        &["cat", "Cargo.toml"],
        &["write", file, "x"],
        &["write", "new", "x"],
        &["list", folder],
        &["list", "/"],
        &["list", "."],
        &["make-folder", "new"],
        &["remove", file],
        &["rename", file, "other"],
        &["link", file, "link"],
    ] {
        refused(&run(probe(), arguments), arguments);
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "secret");
}

#[test]
fn no_files_0_3() {
    assert_eq!(run(tide(), &["preopens"]).output(), "");
    assert_eq!(run(tide(), &["cat", "/etc/passwd"]).refusal(), "no preopen");
    assert_eq!(run(tide(), &["write", "new", "x"]).refusal(), "no preopen");
}

#[test]
fn no_network_0_2() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for arguments in [
        &["connect", address.as_str()][..],
        &["connect", "[::1]:80"],
        &["listen", "127.0.0.1:0"],
        &["udp", "127.0.0.1:0"],
    ] {
        refused(&run(probe(), arguments), arguments);
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody came through");
}

#[test]
fn no_network_0_3() {
    assert!(UdpSocket::bind("127.0.0.1:0").is_ok(), "the host has a network to hide");
    for protocol in ["tcp", "udp"] {
        assert!(run(tide(), &[protocol]).refusal().contains("AccessDenied"), "{protocol}");
    }
}

#[test]
fn no_host_names() {
    refused(&run(probe(), &["resolve", "localhost"]), &["resolve", "localhost"]);
    // The host would answer for an address in figures without a name service, but not even that without a grant.
    for name in ["localhost", "127.0.0.1"] {
        let ran = run(tide(), &["resolve", name]);
        assert!(ran.refusal().contains("PermanentResolverFailure"), "{name}: {ran:?}");
    }
}

#[test]
fn the_clock_stays_open() {
    assert_eq!(run(probe(), &["clock"]).output(), "a clock");
}

#[track_caller]
fn refused(ran: &Ran, arguments: &[&str]) {
    let refusal = ran.refusal();
    assert!(
        ["PermissionDenied", "NotFound", "Uncategorized", "Unsupported", "failed to find a pre-opened"]
            .iter()
            .any(|words| refusal.contains(words)),
        "{arguments:?}: {refusal}"
    );
}
