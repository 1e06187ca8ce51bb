//! `wkit watch`: a change is built and run; a mistake leaves what runs alone.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::Sandbox;

/// `wkit watch` on a component of hand-written WAT, which needs no compiler.
struct Watch {
    child: std::process::Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watch {
    fn start(sandbox: &Sandbox) -> Self {
        let mut child = sandbox
            .command(env!("CARGO_BIN_EXE_wkit"))
            .args(["--project", "greeter", "watch", "--", "Ada"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let copy = sender.clone();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| copy.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with `text` in it. Only a hang runs into the deadline.
    fn expect(&mut self, text: &str) {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(120)) {
                Ok(line) => {
                    self.seen.push(line);
                    if self.seen.last().unwrap().contains(text) {
                        return;
                    }
                }
                Err(error) => panic!("`{text}` did not come: {error}\n{}", self.seen.join("\n")),
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

#[test]
fn a_change_is_built_and_run_again() {
    let sandbox = Sandbox::new();
    sandbox.wkit("new greeter --lang module --template command").ok();
    let folder = sandbox.path("greeter");
    let source = std::fs::read_dir(&folder)
        .unwrap()
        .chain(std::fs::read_dir(folder.join("src")).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "wat"))
        .unwrap();
    let text = std::fs::read_to_string(&source).unwrap();
    assert!(text.contains("Hello, "), "{text}");

    let mut watch = Watch::start(&sandbox);
    watch.expect("Hello, Ada!");
    std::fs::write(&source, "(module (func $broken").unwrap();
    watch.expect("cannot build `greeter`");
    std::fs::write(&source, text.replace("Hello, ", "Servus ")).unwrap();
    watch.expect("Servus ");
    std::fs::write(folder.join("wkit.toml.new"), "").unwrap();
    std::fs::write(&source, text).unwrap();
    watch.expect("Hello, Ada!");
}
