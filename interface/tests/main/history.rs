//! WASI as it was published: what each version changed, told like a release note.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wkit_fixtures::golden::assert_golden;
use wkit_fixtures::wasi_history::{Release, releases};
use wkit_interface::check::{
    Bump, Comparison, Contract, Finding, Level, Place, Profile, Settings, Status, compare,
};

/// A folder in which one package of a release stands alone, with the others as what it depends on.
fn package_folder(test: &str, release: &Release, package: &Path) -> PathBuf {
    let name = package.file_name().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test).join(&release.version).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    copy(package, &folder);
    // The folders are in the order of what uses what.
    for other in release.folders.iter().take_while(|other| *other != package) {
        copy(other, &folder.join("deps").join(other.file_name().unwrap()));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn settings() -> Settings {
    Settings::new(Profile::HostApi)
}

fn step(old: &Release, new: &Release) -> String {
    let mut text = format!("# WASI {} to {}\n", old.version, new.version);
    for before in &old.folders {
        let name = before.file_name().unwrap().to_string_lossy().into_owned();
        let Some(after) = new.folders.iter().find(|folder| folder.file_name() == before.file_name()) else {
            let _ = writeln!(text, "\n## wasi:{name} is gone");
            continue;
        };
        let contract = |release: &Release, folder: &Path| {
            let label = format!("wasi:{name}@{}", release.version);
            Contract::from_wit(&label, &package_folder("steps", release, folder)).unwrap()
        };
        let (before, after) = (contract(old, before), contract(new, after));
        let comparison = compare(&before, &after, &settings()).unwrap();
        section(&mut text, &name, &comparison);
    }
    text
}

fn section(text: &mut String, name: &str, comparison: &Comparison) {
    let demands = match comparison.required {
        Bump::None => "no change".to_owned(),
        required => format!("a {required} version at least"),
    };
    let enough = if comparison.versions.iter().all(|step| step.enough) { "" } else { ", and it is not" };
    let _ = writeln!(text, "\n## wasi:{name}: {demands}{enough}");
    let counts = |finding: &Finding| finding.status == Status::Counts;
    for title in ["Breaks", "Breaks, as the version says", "New", "Worth knowing"] {
        let is_of_it = |finding: &&Finding| match finding.level {
            Level::Breaking if counts(finding) => title == "Breaks",
            Level::Breaking => title == "Breaks, as the version says",
            Level::Additive => title == "New",
            Level::Note => title == "Worth knowing" && finding.rule.id != "DOC_CHANGE",
        };
        let findings: Vec<&Finding> = comparison.findings.iter().filter(is_of_it).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n### {title}\n");
        for finding in findings {
            let whom: Vec<&str> = finding.breaks.iter().map(|direction| direction.id()).collect();
            let whom = if whom.is_empty() { String::new() } else { format!(" (breaks {})", whom.join(", ")) };
            let _ = writeln!(text, "- {}: {}{whom} `{}`", home(finding), finding.message, finding.rule.id);
        }
    }
    documentation(text, comparison);
}

/// What has other words, by interface: one line for each.
fn documentation(text: &mut String, comparison: &Comparison) {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in comparison.findings.iter().filter(|finding| finding.rule.id == "DOC_CHANGE") {
        let items = homes.entry(home(finding)).or_default();
        items.extend(finding.place.item.clone());
    }
    if homes.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n### Documentation\n");
    for (home, items) in homes {
        let _ = match items.as_slice() {
            [] => writeln!(text, "- {home}"),
            items => writeln!(text, "- {home}: {}", items.join(", ")),
        };
    }
}

/// The interface or package of a finding.
fn home(finding: &Finding) -> String {
    Place { item: None, part: None, ..finding.place.clone() }.to_string()
}

#[test]
fn every_step_reads_like_a_release_note() {
    let Some(releases) = releases(false) else { return };
    for pair in releases.windows(2) {
        let file = format!("{}..{}.md", pair[0].version, pair[1].version);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/history").join(file);
        assert_golden(golden, &step(&pair[0], &pair[1]));
    }
}

/// A release that only has another number changes nothing that is to be told.
#[test]
fn another_number_alone_is_no_change() {
    let newest_of_lines = ["0.2.12", "0.3.2"];
    let Some(releases) = releases(false) else { return };
    for release in releases.iter().filter(|release| newest_of_lines.contains(&release.version.as_str())) {
        for folder in &release.folders {
            let next = match release.version.rsplit_once('.') {
                Some((line, patch)) => format!("{line}.{}", patch.parse::<u32>().unwrap() + 1),
                None => unreachable!(),
            };
            let old = package_folder("numbers", release, folder);
            let new = old.with_extension("next");
            let _ = std::fs::remove_dir_all(&new);
            renumbered(&old, &new, &release.version, &next);
            let contract = |path: &Path| Contract::from_wit("wasi", path).unwrap();
            let comparison = compare(&contract(&old), &contract(&new), &settings()).unwrap();
            assert_eq!(comparison.findings, [], "{} {}", release.version, folder.display());
        }
    }
}

fn renumbered(from: &Path, to: &Path, old: &str, new: &str) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            renumbered(&path, &target, old, new);
        } else {
            // Only the packages' own versions: a gate says when something came.
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace(&format!("@{old};"), &format!("@{new};"));
            let text = text.replace(&format!("@{old}."), &format!("@{new}."));
            std::fs::write(target, text).unwrap();
        }
    }
}
