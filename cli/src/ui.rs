//! What the terminal shows: colours, tables, progress. Data goes to stdout, all talk to stderr.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::CommandError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a command shows its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON document on stdout.
    Json,
}

/// Where a command talks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    quiet: bool,
}

impl Ui {
    /// Sets colours for the whole process; `quiet` leaves out everything but results and errors.
    pub(crate) fn new(color: Color, quiet: bool) -> Self {
        match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Self { quiet }
    }

    /// One line about what was done, its first word set off: `built  cart`.
    pub(crate) fn done(self, verb: &str, what: impl AsRef<str>) {
        if !self.quiet {
            say(&format!("{GOOD}{verb:>9}{GOOD:#} {}", what.as_ref()));
        }
    }

    /// Something that the person should know but need not act on.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.quiet {
            say(&format!("{NOTE}note:{NOTE:#} {}", text.as_ref()));
        }
    }

    /// A next step of a person who has just begun.
    pub(crate) fn next(self, text: impl AsRef<str>) {
        if !self.quiet {
            say(&format!("{HINT}{:>9}{HINT:#} {}", "next", text.as_ref()));
        }
    }

    /// A line of a compiler, with the component's name ahead.
    pub(crate) fn compiler_line(self, component: &str, line: &str) {
        say(&format!("{DIM}{component} |{DIM:#} {line}"));
    }

    /// Shows an error in full.
    pub(crate) fn error(self, error: &CommandError) {
        say(&format!("{ERROR}error:{ERROR:#} {}", error.message()));
        for cause in error.causes() {
            for line in cause.split('\n') {
                match line.strip_prefix("hint: ") {
                    Some(hint) => say(&format!("  {HINT}hint:{HINT:#} {hint}")),
                    None => say(format!("  {line}").trim_end()),
                }
            }
        }
        for hint in error.hints() {
            say(&format!("{HINT}hint:{HINT:#} {hint}"));
        }
    }

    /// Something that went wrong in a command that goes on.
    pub(crate) fn failure(self, text: &str) {
        say(&format!("{ERROR}failed:{ERROR:#} {text}"));
    }

    /// A spinner with a clock on a terminal, nothing elsewhere; it disappears when dropped.
    pub(crate) fn spinner(self, text: String) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, self.draw_target());
        let style = ProgressStyle::with_template("{spinner:.green} {msg} {elapsed:.dim}")
            .expect("the template is a constant and valid");
        bar.set_style(style);
        bar.set_message(text);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar that counts bytes on a terminal, nothing elsewhere.
    pub(crate) fn bytes_bar(self, text: String, total_bytes: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(total_bytes), self.draw_target());
        let style = ProgressStyle::with_template(
            "{msg} [{bar:30.cyan/dim}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}",
        )
        .expect("the template is a constant and valid")
        .progress_chars("=> ");
        bar.set_style(style);
        bar.set_message(text);
        bar
    }

    fn draw_target(self) -> ProgressDrawTarget {
        if self.quiet || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        }
    }
}

/// Writes text to stdout; a reader that went away is no error.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    write_stdout(&mut anstream::stdout().lock(), text.as_bytes())
}

/// Writes bytes to stdout as they are; a reader that went away is no error.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), CommandError> {
    write_stdout(&mut std::io::stdout().lock(), bytes)
}

/// Writes one JSON document to stdout.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::bug(format!("cannot write the result as JSON: {error}")))?;
    print(&(text + "\n"))
}

/// A table with a header, columns padded to their widest cell; numbers are set to the right.
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// Columns by name; a name that begins with `>` is set to the right.
    pub(crate) fn new(columns: &[&'static str]) -> Self {
        Self {
            header: columns.iter().map(|name| name.trim_start_matches('>')).collect(),
            right: columns.iter().map(|name| name.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row of as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as text, each line ended.
    pub(crate) fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::from(" ");
            for (column, cell) in cells.enumerate() {
                let pad = " ".repeat(widths[column] - cell.chars().count());
                line.push(' ');
                line += &if self.right[column] { pad + cell } else { cell.to_owned() + &pad };
                line.push(' ');
            }
            line.trim_end().to_owned() + "\n"
        };
        let mut text = line(&mut self.header.iter().copied());
        text = format!("{STRONG}{}{STRONG:#}\n", text.trim_end());
        for row in &self.rows {
            text += &line(&mut row.iter().map(String::as_str));
        }
        text
    }
}

/// A size as people read it: `812 B`, `61.5 KiB`, `18.3 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration as people read it: `85 ms`, `2.4 s`, `3 m 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", time.as_millis())
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} m {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

fn write_stdout(stdout: &mut dyn Write, bytes: &[u8]) -> Result<(), CommandError> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::failed(format!("cannot write to stdout: {}", crate::error::io_reason(&error))))
        }
        _ => Ok(()),
    }
}

/// Talk that cannot be shown is lost: there is nowhere left to say so.
fn say(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(18 * 1024 * 1024 + 300 * 1024), "18.3 MiB");
        assert_eq!(duration(Duration::from_millis(85)), "85 ms");
        assert_eq!(duration(Duration::from_millis(2430)), "2.4 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 m 05 s");
    }

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(&["component", ">size"]);
        table.row(vec!["cart".into(), "2.7 MiB".into()]);
        table.row(vec!["tax".into(), "18.3 MiB".into()]);
        let text = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(text, "  component      size\n  cart        2.7 MiB\n  tax        18.3 MiB\n");
    }
}
