//! Where a finding stands in files that people and services can open, and what tells it apart from others.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use wkit_interface::check::{Finding, Location, Shown};

use super::{Checked, Report};
use crate::baseline::Tree;

/// A place in a file of the checked-out sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The file, with `/` between its names.
    pub(crate) file: String,
    /// The lines and columns, where a line can be named.
    pub(crate) lines: Option<Lines>,
}

/// Lines and columns, from 1; columns count characters, the end stands behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) end_line: u32,
    pub(crate) end_column: u32,
}

impl Lines {
    fn of(location: &Location) -> Self {
        let Location { line, column, end_line, end_column, .. } = *location;
        Self { line, column, end_line, end_column }
    }
}

impl Report {
    /// The place of a finding for services, which know files by their path in the repository.
    pub(super) fn spot_in_repository(&self, checked: &Checked, finding: &Finding) -> Spot {
        let top = repository_top(&self.folder).unwrap_or_else(|| self.folder.clone());
        self.spot(checked, finding, &top)
    }

    /// The place of a finding for people, from the current folder.
    pub(super) fn spot_from_here(&self, checked: &Checked, finding: &Finding) -> Spot {
        self.spot(checked, finding, &self.folder)
    }

    fn spot(&self, checked: &Checked, finding: &Finding, top: &Path) -> Spot {
        let tree = &checked.new.tree;
        let own = finding.new.as_ref().and_then(|shown| shown.location.as_ref());
        if let Some((file, location)) = own.and_then(|own| Some((tree.current_file(&own.file)?, own))) {
            return Spot { file: self.relative(&file, top), lines: Some(Lines::of(location)) };
        }
        // What is gone has no place any more: that of its interface is the nearest.
        if let Some((file, lines)) = interface_line(tree, finding) {
            return Spot { file: self.relative(&file, top), lines: Some(lines) };
        }
        let old_file = finding.old.as_ref().and_then(|old| old.location.as_ref()).map(|old| &old.file);
        let same = old_file.and_then(|file| tree.current_file(file)).filter(|file| file.is_file());
        let first = tree.files().first().and_then(|file| tree.current_file(file));
        match same.or(first).or_else(|| tree.current().map(Path::to_owned)) {
            Some(file) => Spot { file: self.relative(&file, top), lines: None },
            None => Spot { file: tree.shown().to_owned(), lines: None },
        }
    }

    /// A path from `top` on, or as it is where it is elsewhere.
    fn relative(&self, path: &Path, top: &Path) -> String {
        let path = plain(&self.folder.join(path));
        let inside = path.strip_prefix(top).unwrap_or(&path);
        inside.to_string_lossy().replace('\\', "/")
    }
}

/// Where a side of a finding is said to stand: `git:main#wit/a.wit:3:5`.
pub(super) fn named_place(tree: &Tree, shown: &Shown) -> Option<String> {
    let location = shown.location.as_ref()?;
    Some(format!("{}:{}:{}", tree.file(&location.file), location.line, location.column))
}

/// What tells findings apart, also when lines move and versions grow: one for each, in their order.
pub(super) fn fingerprints(report: &Report) -> Vec<Vec<String>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut of_check = |checked: &Checked| {
        let of = |finding: &Finding| {
            let place = &finding.place;
            let package = place.package.as_deref().map(|name| name.split('@').next().unwrap_or(name));
            let parts = [
                Some(finding.rule.id),
                Some(checked.subject.as_str()),
                package,
                place.interface.as_deref(),
                place.item.as_deref(),
                place.part.as_deref(),
            ];
            let text: Vec<&str> = parts.into_iter().map(Option::unwrap_or_default).collect();
            let text = text.join("\n");
            let again = seen.entry(text.clone()).or_default();
            *again += 1;
            let digest = Sha256::digest(format!("{text}\n{again}"));
            digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
        };
        checked.findings.iter().map(of).collect()
    };
    report.checks.iter().map(&mut of_check).collect()
}

/// The line of the finding's interface, or world, in the text as it is now.
fn interface_line(tree: &Tree, finding: &Finding) -> Option<(PathBuf, Lines)> {
    let worlds = finding.place.worlds.first().map(|world| format!("world {world}"));
    let interface = finding.place.interface.as_deref().map(|name| {
        let name = name.rsplit('/').next().unwrap_or(name);
        format!("interface {}", name.split('@').next().unwrap_or(name))
    });
    for wanted in [interface, worlds].into_iter().flatten() {
        for file in tree.files() {
            let Some(text) = tree.text(&file) else { continue };
            let found = (1u32..).zip(text.lines()).find_map(|(number, line)| {
                let begin = line.trim_start();
                let rest = begin.strip_prefix(&wanted)?;
                rest.starts_with([' ', '{', '\t']).then(|| {
                    let column = u32::try_from(line.chars().count() - begin.chars().count()).unwrap_or(0) + 1;
                    let length = u32::try_from(wanted.chars().count()).unwrap_or(0);
                    Lines { line: number, column, end_line: number, end_column: column + length }
                })
            });
            if let Some(lines) = found {
                return Some((tree.current_file(&file)?, lines));
            }
        }
    }
    None
}

/// The top of the working copy that a folder is in.
fn repository_top(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// Without `.`, and without `..` where that needs no look at the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(plain(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(plain(Path::new("../a")), Path::new("../a"));
    }
}
