//! The files that WIT stands in: how many and how large they are, and where in them something stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wit_parser::{Resolve, Span};

use super::ContractError;
use super::scan::scan;
use crate::check::finding::Location;
use crate::limits::{
    CONTRACT_PACKAGES_MAX, CONTRACT_PARAMETERS_MAX, CONTRACT_SOURCE_BYTES_MAX, CONTRACT_SOURCE_FILES_MAX,
};
use crate::sniff::MAGIC;

/// How many bytes of a source share one count of the characters before them.
const BLOCK_BYTES: usize = 1024;

/// The sources by the names that the parser knows them by.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(BTreeMap<String, Source>);

#[derive(Debug, Clone)]
struct Source {
    /// What messages call it.
    shown: String,
    text: String,
    /// The first byte of every line.
    lines: Vec<usize>,
    /// How many characters stand before each block of bytes.
    blocks: Vec<usize>,
}

impl Sources {
    /// The files that were parsed to `resolve`, called as they are in `path`.
    pub(super) fn of(resolve: &Resolve, path: &Path) -> Self {
        let base = base(path);
        let mut sources = BTreeMap::new();
        for name in resolve.source_map.source_names() {
            let file = PathBuf::from(name);
            // A package in binary form has no lines.
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let shown = base.and_then(|base| file.strip_prefix(base).ok()).unwrap_or(&file);
            sources.insert(name.to_owned(), Source::new(slashes(shown), text));
        }
        Self(sources)
    }

    /// The text of the file that findings call `file`.
    pub(super) fn text(&self, file: &str) -> Option<&str> {
        self.0.values().find(|source| source.shown == file).map(|source| source.text.as_str())
    }

    /// Where a span of `resolve` stands.
    pub(super) fn locate(&self, resolve: &Resolve, span: Span) -> Option<Location> {
        let place = resolve.source_map.resolve_span(span)?;
        let source = self.0.get(place.path)?;
        let (line, column) = source.position(place.range.start);
        let (end_line, end_column) = source.position(place.range.end);
        Some(Location { file: source.shown.clone(), line, column, end_line, end_column })
    }
}

impl Source {
    fn new(shown: String, text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        let mut blocks = vec![0];
        for block in text.as_bytes().chunks(BLOCK_BYTES) {
            let before = blocks.last().copied().unwrap_or_default();
            blocks.push(before + block.iter().filter(|byte| starts_character(**byte)).count());
        }
        Self { shown, text, lines, blocks }
    }

    /// Line and column of a byte, both from 1; columns are counted in characters.
    fn position(&self, byte: usize) -> (u32, u32) {
        let byte = byte.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self.characters_before(byte) - self.characters_before(start) + 1;
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (count(line), count(column))
    }

    fn characters_before(&self, byte: usize) -> usize {
        let block = byte / BLOCK_BYTES;
        let rest = &self.text.as_bytes()[block * BLOCK_BYTES..byte];
        self.blocks[block] + rest.iter().filter(|byte| starts_character(**byte)).count()
    }
}

/// Whether a byte of UTF-8 is the first one of a character.
fn starts_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// Looks at the files before any is parsed: how many there are and how large they are, that there is nothing in them
/// for which the parser takes too long, and that what is Wasm in `deps` is valid, for the parser trusts it.
pub(super) fn measure(path: &Path) -> Result<(), ContractError> {
    let shown = || path.display().to_string();
    let metadata = fs::metadata(path).map_err(|error| io(path, path, &error))?;
    let files = if metadata.is_file() { vec![(path.to_owned(), metadata.len())] } else { files(path)? };
    let size_bytes = files.iter().fold(0_u64, |sum, (_, size_bytes)| sum.saturating_add(*size_bytes));
    if files.len() > CONTRACT_SOURCE_FILES_MAX || size_bytes > CONTRACT_SOURCE_BYTES_MAX {
        return Err(ContractError::TooLarge { path: shown() });
    }
    let mut packages = 0;
    for (file, _) in &files {
        let bytes = fs::read(file).map_err(|error| io(file, path, &error))?;
        if bytes.starts_with(MAGIC) {
            let name = relative(file, path);
            let invalid =
                |error| ContractError::Invalid { message: format!("`{name}` is no WIT package: {error}") };
            // A single file is read as what it is, with errors of its own.
            if file != path {
                crate::decode(&bytes).map_err(invalid)?;
            }
            packages += 1;
            continue;
        }
        let scan = scan(&bytes);
        packages += scan.packages;
        if scan.parameters > CONTRACT_PARAMETERS_MAX {
            return Err(ContractError::TooManyParameters { path: relative(file, path) });
        }
    }
    if packages > CONTRACT_PACKAGES_MAX {
        Err(ContractError::TooManyPackages { path: shown() })
    } else {
        Ok(())
    }
}

/// The files of a folder that the parser reads, with their sizes: not many more than there may be.
fn files(path: &Path) -> Result<Vec<(PathBuf, u64)>, ContractError> {
    let (mut files, mut has_own) = (Vec::new(), false);
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| io(&folder, path, &error))? {
            let entry = entry.map_err(|error| io(&folder, path, &error))?;
            let file = entry.path();
            let metadata = fs::metadata(&file).map_err(|error| io(&file, path, &error))?;
            // Packages are in `deps` and in the folders in it, and nowhere deeper.
            if metadata.is_dir() {
                if (depth == 0 && entry.file_name() == "deps") || depth == 1 {
                    folders.push((file, depth + 1));
                }
                continue;
            }
            let ending = file.extension().and_then(|ending| ending.to_str());
            let is_read = match depth {
                1 => matches!(ending, Some("wit" | "wasm" | "wat")),
                _ => ending == Some("wit"),
            };
            if is_read && !metadata.is_file() {
                // A pipe would be waited for without end.
                let (path, message) = (relative(&file, path), "it is no regular file".to_owned());
                return Err(ContractError::Io { path, message });
            }
            if is_read {
                has_own |= depth == 0;
                files.push((file, metadata.len()));
            }
            if files.len() > CONTRACT_SOURCE_FILES_MAX {
                return Ok(files);
            }
        }
    }
    if has_own { Ok(files) } else { Err(ContractError::NoWit { path: path.display().to_string() }) }
}

/// The bytes of a single file that is Wasm, which the parser would read without validating it.
pub(super) fn wasm(path: &Path) -> Result<Option<Vec<u8>>, ContractError> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(|error| io(path, path, &error))?;
    Ok(bytes.starts_with(MAGIC).then_some(bytes))
}

fn io(file: &Path, path: &Path, error: &std::io::Error) -> ContractError {
    let shown = if file == path { path.display().to_string() } else { relative(file, path) };
    ContractError::Io { path: shown, message: reason(error) }
}

fn base(path: &Path) -> Option<&Path> {
    if path.is_dir() { Some(path) } else { path.parent() }
}

fn relative(file: &Path, path: &Path) -> String {
    slashes(base(path).and_then(|base| file.strip_prefix(base).ok()).unwrap_or(file))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// What the parser says, with paths as they are in the folder.
pub(super) fn without_base(text: &str, path: &Path) -> String {
    let prefix = base(path).map(|base| format!("{}/", base.display())).filter(|prefix| prefix.len() > 1);
    prefix.map_or_else(|| text.to_owned(), |prefix| text.replace(&prefix, "")).trim_end().to_owned()
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/").replace("//", "/")
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn columns_are_counted_in_characters() {
        let long = format!("{}\n{}x", "é".repeat(3000), "ab€".repeat(2000));
        for (text, byte, expected) in [
            ("", 0, (1, 1)),
            ("ab\ncd", 1, (1, 2)),
            ("ab\ncd", 2, (1, 3)),
            ("ab\ncd", 3, (2, 1)),
            ("ab\ncd", 5, (2, 3)),
            ("ab\ncd", 99, (2, 3)),
            ("ä\r\nö b", 4, (2, 1)),
            ("ä\r\nö b", 7, (2, 3)),
            (long.as_str(), 6000, (1, 3001)),
            (long.as_str(), 6001, (2, 1)),
            (long.as_str(), long.len(), (2, 6002)),
        ] {
            let source = Source::new(String::new(), text.to_owned());
            assert_eq!(source.position(byte), expected, "{byte} of {} bytes", text.len());
        }
    }
}
