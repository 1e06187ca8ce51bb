//! `wkit serve` as a person meets it: what it says, what it answers, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use wkit_fixtures::{component, golden, prebuilt};

use crate::support::Sandbox;

/// A server that was started by the command line.
struct Serving {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
    first_line: String,
}

impl Serving {
    fn start(sandbox: &Sandbox, line: &str) -> Self {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_wkit"));
        command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first_line = String::new();
        stderr.read_line(&mut first_line).unwrap();
        let address = first_line.split("http://").nth(1).unwrap_or_else(|| panic!("{first_line}"));
        let address = address.split(' ').next().unwrap().to_owned();
        Self { child, stderr, address, first_line }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends the signal and gives the exit code, standard output and the rest of standard error.
    fn stop(mut self, signal: &str) -> (Option<i32>, String, String) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        (self.child.wait().unwrap().code(), stdout, stderr)
    }
}

#[test]
fn a_component_is_served_until_it_is_interrupted() {
    for (guest, signal) in [(prebuilt::porter(), "-INT"), (prebuilt::ferry(), "-TERM")] {
        let sandbox = Sandbox::new();
        sandbox.write("shop.wasm", guest);
        let serving = Serving::start(&sandbox, "serve shop.wasm --listen 127.0.0.1:0");
        assert_eq!(
            serving.first_line.replace(&serving.address, "[address]"),
            "  serving http://[address] from `shop.wasm`, until it is interrupted\n"
        );
        assert!(!serving.address.ends_with(":0"), "{}", serving.address);
        let answer = serving.get("/");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("hello\n"), "{answer}");
        assert_eq!(serving.stop(signal), (Some(0), String::new(), String::new()));
    }
}

#[test]
fn what_goes_wrong_is_told_while_it_serves() {
    let sandbox = Sandbox::new();
    sandbox.write("shop.wasm", prebuilt::porter());
    let serving = Serving::start(&sandbox, "serve shop.wasm --listen 127.0.0.1:0 --timeout 1");
    for path in ["/trap", "/spin", "/silent", "/error", "/exit"] {
        let answer = serving.get(path);
        assert!(answer.starts_with("HTTP/1.1 50"), "{answer}");
    }
    let (code, _, stderr) = serving.stop("-INT");
    assert_eq!(code, Some(0));
    // The frames are those of one build of the guest.
    let told: String =
        stderr.lines().filter(|line| !line.starts_with("  ")).map(|line| format!("{line}\n")).collect();
    assert!(stderr.contains("\n  0: "), "{stderr}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/serve-failures.txt");
    golden::assert_golden(file, &told);
}

#[test]
fn a_guest_gets_what_it_is_granted_and_prints_where_wkit_prints() {
    let sandbox = Sandbox::new();
    sandbox.write("shop.wasm", prebuilt::porter());
    sandbox.write("data/prices", "");
    let serving = Serving::start(&sandbox, "serve shop.wasm --listen 127.0.0.1:0");
    assert!(serving.get("/env").ends_with("\r\n\r\n1\r\n\n\r\n0\r\n\r\n"), "{}", serving.get("/env"));
    assert!(serving.get("/files").contains("none\n"));
    assert!(serving.get("/print").contains("printed\n"));
    let (_, stdout, stderr) = serving.stop("-INT");
    assert_eq!((stdout.as_str(), stderr.as_str()), ("printed\n", "complained\n"));
    let serving =
        Serving::start(&sandbox, "serve shop.wasm --listen 127.0.0.1:0 --env A=1 --dir data::/data:ro");
    assert!(serving.get("/env").contains("A=1\n"));
    assert!(serving.get("/files").contains("prices written=false\n"));
    assert_eq!(serving.stop("-INT").0, Some(0));
}

#[test]
fn what_cannot_be_served() {
    let sandbox = Sandbox::new();
    sandbox.write("probe.wasm", prebuilt::probe());
    sandbox.wkit("serve probe.wasm").golden("serve-a-command");
    sandbox.write("calc.wasm", prebuilt::calc());
    sandbox.wkit("serve calc.wasm").golden("serve-a-library");
    sandbox.write("core.wasm", component::from_wat("(module (func (export \"run\")))"));
    sandbox.wkit("serve core.wasm").golden("serve-a-core-module");
    sandbox.wkit("serve missing.wasm").golden("serve-missing-file");
    sandbox.write("shop.wasm", prebuilt::porter());
    sandbox.wkit("serve shop.wasm --dir nowhere::/data").golden("serve-missing-folder");
    sandbox.wkit("serve shop.wasm --listen nowhere").golden("serve-bad-address");
    // And the other way round.
    sandbox.wkit("run shop.wasm").golden("serve-run-a-handler");
}

#[test]
fn an_address_that_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.write("shop.wasm", prebuilt::porter());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    sandbox
        .wkit_words(&["serve", "shop.wasm", "--listen", &address], &[])
        .replace(&address, "[address]")
        .golden("serve-address-in-use");
}
