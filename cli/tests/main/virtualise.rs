//! What is closed stays closed, whatever the host grants.

use wkit_composer::virtualise::{Capability, Policy, virtualise};
use wkit_fixtures::{component, prebuilt};
use wkit_runtime_runner::{
    Access, Capture, Grants, Input, Limits, Outcome, Output, Program, Runner, RunnerConfig,
};

use crate::support::Sandbox;

/// A component that asks nothing of a host.
const NO_WASI: &str = "package a:b; world w { export f: func(); }";

fn load(policy: &Policy) -> Program {
    let virtualised = virtualise("probe", &prebuilt::probe(), policy).unwrap();
    Runner::new(&RunnerConfig::default()).unwrap().load(&virtualised.bytes).unwrap()
}

/// How a run ends that was granted everything, and what it says.
fn run(program: &Program, folder: &std::path::Path, line: &str) -> (Outcome, String) {
    let said = Capture::new(1 << 20);
    let grants = Grants::default()
        .argument("probe")
        .arguments(line.split_whitespace())
        .env("KEY", "secret")
        .preopen(folder, "/data", Access::ReadWrite)
        .stdin(Input::Bytes("typed".into()))
        .stdout(Output::Capture(said.clone()))
        .stderr(Output::Capture(said.clone()));
    let outcome = program.run_blocking(grants, Limits::default()).unwrap();
    (outcome, String::from_utf8(said.contents().to_vec()).unwrap().trim_end().to_owned())
}

#[test]
fn what_is_closed_stays_closed_whatever_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "kept").unwrap();
    let open = load(&Policy::default());
    let missing = "refused: NotFound: No such file or directory (os error 44)";
    let denied = "refused: PermissionDenied: Permission denied (os error 2)";
    for (capability, line, granted, closed) in [
        (Capability::Filesystem, "cat /data/file", "kept", missing),
        (Capability::Filesystem, "list /data", "file", missing),
        (Capability::Filesystem, "write /data/new text", "", missing),
        (Capability::Sockets, "connect 127.0.0.1:1", denied, denied),
        (Capability::Sockets, "listen 127.0.0.1:0", denied, denied),
        (Capability::Sockets, "udp 127.0.0.1:0", denied, denied),
        (Capability::Sockets, "resolve localhost", "refused: Uncategorized", denied),
        (Capability::Env, "env", "KEY=secret", ""),
        (Capability::Args, "args a b", "a|b", "no arguments"),
        (Capability::Stdin, "stdin", "typed", ""),
        (Capability::Stdout, "args a b", "a|b", ""),
        (Capability::Stderr, "cat /nothing", missing, ""),
        (Capability::Clocks, "clock", "a clock", "no clock"),
        (Capability::Random, "args a b", "a|b", "a|b"),
    ] {
        let (_, said) = run(&open, folder.path(), line);
        assert!(said.starts_with(granted), "{capability} open: {said}");
        let program = load(&Policy { deny: [capability].into(), ..Policy::default() });
        let (_, said) = run(&program, folder.path(), line);
        assert_eq!(said, closed, "{capability} closed");
        assert!(capability != Capability::Filesystem || !line.starts_with("write") || !closed.is_empty());
    }
    let program = load(&Policy { deny: [Capability::Exit].into(), ..Policy::default() });
    assert_eq!(run(&open, folder.path(), "exit 3").0, Outcome::Exited(1));
    assert!(matches!(run(&program, folder.path(), "exit 3").0, Outcome::Trapped(_)));
}

#[test]
fn a_program_of_which_all_is_closed_runs_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let program = load(&Policy { deny: Capability::ALL.into(), ..Policy::default() });
    let (outcome, said) = run(&program, folder.path(), "cat /data/file");
    assert_eq!((outcome, said.as_str()), (Outcome::Exited(0), ""), "without arguments it does nothing");
}

#[test]
fn baked_files_are_read_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let large: String = (0..500_000).map(|number| char::from(b'a' + (number % 26) as u8)).collect();
    let files = [("/etc/app.conf", "on"), ("/etc/empty", ""), ("/data/large", large.as_str())];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
    let policy = Policy { files: Some(files), folders: ["/void".to_owned()].into(), ..Policy::default() };
    let program = load(&policy);
    let read_only = "refused: ReadOnlyFilesystem: Read-only file system (os error 69)";
    for (line, expected) in [
        ("cat /etc/app.conf", "on"),
        ("cat etc/../etc/./app.conf", "on"),
        ("cat /etc/empty", ""),
        ("cat /data/large", large.as_str()),
        ("list /", "data|etc|void"),
        ("list /void", ""),
        ("list /etc", "app.conf|empty"),
        ("cat /data/file", "refused: NotFound: No such file or directory (os error 44)"),
        ("list /etc/app.conf", "refused: NotADirectory: Not a directory (os error 54)"),
        ("cat /etc", "refused: IsADirectory: Is a directory (os error 31)"),
        ("write /etc/app.conf off", read_only),
        ("write /etc/new off", read_only),
        ("append /etc/app.conf off", read_only),
        ("truncate /etc/app.conf", read_only),
        ("remove /etc/app.conf", read_only),
        ("rename /etc/app.conf /etc/b", read_only),
        ("make-folder /etc/b", read_only),
        ("link /etc/app.conf /etc/b", read_only),
    ] {
        assert_eq!(run(&program, folder.path(), line).1, expected, "{line}");
    }
}

#[test]
fn the_table_and_what_is_fixed() {
    let sandbox = Sandbox::new();
    sandbox.write("probe.wasm", prebuilt::probe());
    sandbox.write("etc/app.conf", "on");
    sandbox
        .wkit("virtualise probe.wasm --deny all --allow args,stdout,exit --env A=1 --env B=2 --dir etc::/etc --clock fixed:2026-01-01T00:00:00Z --random seed:42 -o out.wasm")
        .ok();
    assert_eq!(sandbox.wkit("run out.wasm --env C=3 -- env").stdout, "A=1|B=2\n");
    assert_eq!(sandbox.wkit("run out.wasm -- cat /etc/app.conf").stdout, "on\n");
    assert_eq!(sandbox.wkit("run out.wasm -- clock").stdout, "a clock\n");
    let json =
        sandbox.wkit("virtualise probe.wasm --deny env --arg probe --arg env -o out.wasm --format json");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["capabilities"][3]["state"], "closed");
    assert_eq!(json["capabilities"][4]["state"], "fixed");
    assert_eq!(json["capabilities"][5]["state"], "passed-on");
    assert_eq!(json["capabilities"][2]["state"], "not-used");
}

#[test]
fn wrong_requests() {
    let sandbox = Sandbox::new();
    sandbox.write("probe.wasm", prebuilt::probe());
    sandbox.write("calc.wasm", component::from_wit(NO_WASI, "w"));
    for (name, options) in [
        ("unknown", "probe.wasm --deny filesytem"),
        ("nothing", "probe.wasm"),
        ("nothing-used", "calc.wasm --deny all"),
        ("no-folder", "probe.wasm --dir missing::/etc"),
        ("no-place", "probe.wasm --dir missing"),
        ("no-time", "probe.wasm --clock fixed:2026-02-30T00:00:00Z"),
        ("no-seed", "probe.wasm --random 42"),
    ] {
        let line = format!("virtualise {options} -o out.wasm");
        sandbox.wkit(&line).golden(&format!("virtualise-{name}"));
    }
    assert!(!sandbox.path("out.wasm").exists());
}

/// Two instances of one component in one composition: what the one may do the other may not.
#[test]
fn each_instance_of_a_composition_has_its_own_capabilities() {
    let sandbox = Sandbox::new();
    sandbox.write("probe.wasm", prebuilt::probe());
    sandbox.write("data/file", "kept");
    sandbox.write("rates/tax", "19");
    let composed = |run: &str, other: &str, options: &str| {
        let file = format!(
            "[project]\nname = \"pair\"\n[dependencies]\nprobe = {{ path = \"probe.wasm\" }}\n\
             [compose.instances.first]\ncomponent = \"probe\"\n\
             [compose.instances.second]\ncomponent = \"probe\"\n\
             [compose.exports]\n\"wasi:cli/run\" = \"{run}\"\nother = \"{other}.wasi:cli/run\"\n\
             [compose.grants.second]\ndeny = [\"env\"]\ndirs = {{ \"/rates\" = \"rates\" }}\n"
        );
        sandbox.write("wkit.toml", file);
        sandbox.wkit(&format!("compose -o pair.wasm {options}")).ok();
        let said = |line: &str| {
            let options = "--dir data::/data --env A=1";
            sandbox.wkit(&format!("run pair.wasm {options} -- {line}")).stdout.trim_end().to_owned()
        };
        ["cat /data/file", "env", "cat /rates/tax", "args a"].map(said)
    };
    assert_eq!(composed("first", "second", ""), ["kept", "A=1", "", "a"]);
    assert_eq!(composed("second", "first", ""), ["", "", "19", "a"]);
    assert_eq!(composed("first", "second", "--deny first:wasi:filesystem,args"), ["no arguments"; 4]);
    assert_eq!(composed("first", "second", "--deny wasi:filesystem")[0], "");
    sandbox.wkit("compose -o pair.wasm --deny frist:env").golden("compose-deny-unknown");
}
