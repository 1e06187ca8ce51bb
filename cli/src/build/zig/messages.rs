//! The compiler's messages without what is of no use to a person: the way through wkit's own files.

use std::path::{Path, PathBuf};

/// What stands between the place of a message and its text.
const KINDS: [&str; 2] = [": error: ", ": note: "];

/// Passes messages on.
pub(super) struct Messages {
    /// The generated files as the compiler names them, however it spells the folders above.
    own: [PathBuf; 2],
    bindings: PathBuf,
    /// The lines up to the next message belong to something that is not shown.
    skipping: bool,
}

impl Messages {
    /// For the files that wkit has written into `work_folder`.
    pub(super) fn new(work_folder: &Path) -> Self {
        let folder = PathBuf::from(work_folder.file_name().unwrap_or_default());
        let own = ["abi.zig", "exports.zig"].map(|file| folder.join(file));
        Self { own, bindings: folder.join("wit.zig"), skipping: false }
    }

    /// The line as it is shown, if it is.
    pub(super) fn shown<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        if line == "referenced by:" {
            self.skipping = true;
            return None;
        }
        let Some((at, kind)) = KINDS.iter().find_map(|kind| Some((line.find(kind)?, kind))) else {
            return (!self.skipping).then_some(line);
        };
        // `folder/file.zig:12:5`
        let place = line[..at].rsplitn(3, ':').nth(2).unwrap_or_default();
        let is_own = self.own.iter().any(|own| Path::new(place).ends_with(own));
        self.skipping = is_own;
        match is_own {
            // An error there is one of those that wkit's bindings raise, and says all by itself.
            true if *kind == KINDS[0] => Some(&line[at + 2..]),
            true => None,
            false if Path::new(place).ends_with(&self.bindings) => {
                let folders = place.len() - "wit.zig".len();
                Some(&line[folders..])
            }
            false => Some(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_through_generated_files_is_left_out() {
        let lines = [
            "src/root.zig:1:41: error: struct 'wit.demo.calc' has no member named 'nothing'",
            "const missing = @import(\"wit\").demo.calc.nothing;",
            "/shop/.wkit/build/calc/wit.zig:14:22: note: struct declared here",
            "    pub const calc = struct {",
            "referenced by:",
            "    add: src/root.zig:4:12",
            ".wkit/build/calc/abi.zig:164:75: error: expected `pub fn add(a: u32) u32`, found the result `u8`",
            "    if (comptime !fits(Value, R)) @compileError(",
            "/shop/.wkit/build/calc/abi.zig:1:1: note: called from here",
            "    something",
            "src/abi.zig:1:1: error: a person's own file",
            "    its line",
        ];
        let mut messages = Messages::new(Path::new("/shop/.wkit/build/calc"));
        let shown: Vec<&str> = lines.iter().filter_map(|line| messages.shown(line)).collect();
        let expected = [
            lines[0],
            lines[1],
            "wit.zig:14:22: note: struct declared here",
            lines[3],
            "error: expected `pub fn add(a: u32) u32`, found the result `u8`",
            lines[10],
            lines[11],
        ];
        assert_eq!(shown, expected);
    }
}
