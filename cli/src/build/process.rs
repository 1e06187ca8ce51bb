//! Runs a compiler and passes on what it writes, line by line, while it works.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::error::BuildError;
use super::limits::{LINE_BYTES_MAX, OUTPUT_KEPT_BYTES_MAX};
use super::tools::ToolError;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Variables of whoever runs wkit that would make a compiler write another component, or a longer error.
///
/// `cargo test` and people's shells set them; what a component needs belongs into files beside its sources.
const REMOVED: [&str; 21] = [
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_WASIP2_LINKER",
    "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS",
    "RUSTC",
    "RUSTFLAGS",
    "GOARCH",
    "GOEXPERIMENT",
    "GOFLAGS",
    "GOOS",
    "GOWASM",
    "PYTHONHOME",
    "PYTHONPATH",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
];

/// A command that runs `program` in `folder`, free of variables that are none of the component's business.
pub(super) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    // Go takes its working folder from PWD where that is the same folder, so an inherited spelling would win.
    command.current_dir(folder).env("PWD", folder);
    for variable in REMOVED {
        command.env_remove(variable);
    }
    command
}

/// Runs `command` to its end; every line goes to `on_line`, and a failure is an error with the end of the output.
///
/// `shown` is the command as a person would type it.
pub(super) fn run(
    command: &mut Command,
    shown: &str,
    on_line: &mut dyn FnMut(Stream, &str),
) -> Result<(), BuildError> {
    let mut kept = String::new();
    let status = stream(command, &mut |stream, line| {
        keep(&mut kept, line);
        on_line(stream, line);
    })
    .map_err(|source| ToolError::Start { program: command.get_program().into(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(BuildError::Compiler { command: shown.to_owned(), status, output: kept })
}

/// Like [`run`], with both streams going to `output`.
pub(super) fn run_plainly(
    command: &mut Command,
    shown: &str,
    output: &mut dyn FnMut(&str),
) -> Result<(), BuildError> {
    run(command, shown, &mut |_, line| output(line))
}

fn stream(command: &mut Command, on_line: &mut dyn FnMut(Stream, &str)) -> io::Result<ExitStatus> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (sender, lines) = channel();
    let out = child.stdout.take();
    let err = child.stderr.take();
    thread::scope(|scope| {
        let copy = sender.clone();
        scope.spawn(move || read_lines(out, Stream::Out, &copy));
        scope.spawn(move || read_lines(err, Stream::Err, &sender));
        // Ends when both threads have dropped their ends of the channel.
        for (stream, line) in lines {
            on_line(stream, &line);
        }
    });
    child.wait()
}

fn read_lines(pipe: Option<impl Read>, stream: Stream, lines: &Sender<(Stream, String)>) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A read error means that the process is gone; its exit status tells the rest.
        let Ok(read) = reader.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line) else {
            return;
        };
        if read == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        if lines.send((stream, text.trim_end_matches(['\n', '\r']).to_owned())).is_err() {
            return;
        }
    }
}

/// Appends a line, and drops whole lines at the front beyond the limit.
fn keep(kept: &mut String, line: &str) {
    kept.push_str(line);
    kept.push('\n');
    if kept.len() > OUTPUT_KEPT_BYTES_MAX {
        let mut cut = kept.len() - OUTPUT_KEPT_BYTES_MAX;
        while !kept.is_char_boundary(cut) {
            cut += 1;
        }
        let cut = kept[cut..].find('\n').map_or(cut, |newline| cut + newline + 1);
        kept.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = command(Path::new("/bin/sh"), Path::new("/"));
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn lines_of_both_streams_arrive() {
        let mut lines = Vec::new();
        run(&mut shell("echo one; echo two >&2; printf three"), "sh", &mut |stream, line| {
            lines.push((stream, line.to_owned()));
        })
        .unwrap();
        let of =
            |wanted| lines.iter().filter(|(s, _)| *s == wanted).map(|(_, l)| l.as_str()).collect::<Vec<_>>();
        assert_eq!(of(Stream::Out), ["one", "three"]);
        assert_eq!(of(Stream::Err), ["two"]);
    }

    #[test]
    fn a_failure_keeps_what_was_written() {
        let error =
            run_plainly(&mut shell("echo 'x.go:1:2: no'; exit 7"), "go build", &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "`go build` failed with exit code 7");
        assert_eq!(error.compiler_output(), Some("x.go:1:2: no\n"));
    }

    #[test]
    fn what_a_known_failure_says_becomes_a_hint() {
        let script = "echo 'error: cannot update the lock file x because --locked was passed to prevent this'; exit 101";
        let hint = run_plainly(&mut shell(script), "cargo build", &mut |_| {}).unwrap_err().hint();
        assert!(hint.is_some_and(|hint| hint.contains("`cargo update --workspace`")));
        assert_eq!(run_plainly(&mut shell("exit 1"), "cargo build", &mut |_| {}).unwrap_err().hint(), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let mut gone = command(Path::new("/nowhere/cc"), Path::new("/"));
        let error = run_plainly(&mut gone, "cc", &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "`/nowhere/cc` cannot be started");
    }

    #[test]
    fn kept_output_is_cut_at_a_line_one_past_the_limit() {
        let line = "x".repeat(99);
        let mut kept = String::new();
        for _ in 0..OUTPUT_KEPT_BYTES_MAX / 100 {
            keep(&mut kept, &line);
        }
        let full = OUTPUT_KEPT_BYTES_MAX / 100 * 100;
        assert_eq!(kept.len(), full);
        // Fills the rest up to the limit exactly, then goes one line past it.
        keep(&mut kept, &"y".repeat(OUTPUT_KEPT_BYTES_MAX - full - 1));
        assert_eq!(kept.len(), OUTPUT_KEPT_BYTES_MAX);
        keep(&mut kept, "z");
        assert_eq!(kept.len(), OUTPUT_KEPT_BYTES_MAX - 100 + 2);
        assert!(kept.starts_with(&line) && kept.ends_with("\nz\n"));
    }

    #[test]
    fn a_line_one_past_the_limit_comes_in_two_pieces() {
        let (sender, lines) = channel();
        let text = format!("{}\n{}\n", "a".repeat(LINE_BYTES_MAX - 1), "b".repeat(LINE_BYTES_MAX));
        read_lines(Some(text.as_bytes()), Stream::Out, &sender);
        drop(sender);
        let lengths: Vec<usize> = lines.iter().map(|(_, line)| line.len()).collect();
        assert_eq!(lengths, [LINE_BYTES_MAX - 1, LINE_BYTES_MAX, 0]);
    }
}
