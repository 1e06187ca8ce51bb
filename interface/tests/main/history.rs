//! WASI as it was published: what each version changed, told like a release note.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wkit_fixtures::golden::assert_golden;
use wkit_fixtures::wasi_history::{Release, releases};
use wkit_interface::check::{Comparison, Contract, Finding, Level, Profile, Settings, Status, compare};

/// A folder in which one package of a release stands alone, with the others as what it depends on.
fn package_folder(release: &Release, package: &Path) -> PathBuf {
    let name = package.file_name().unwrap();
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasi-history").join(&release.version).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    copy(package, &folder);
    for other in release.folders.iter().filter(|other| *other != package) {
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
            Contract::from_wit(&label, &package_folder(release, folder)).unwrap()
        };
        let (before, after) = (contract(old, before), contract(new, after));
        let comparison = compare(&before, &after, &settings()).unwrap();
        section(&mut text, &name, &comparison);
    }
    text
}

fn section(text: &mut String, name: &str, comparison: &Comparison) {
    let _ = writeln!(text, "\n## wasi:{name}: {} version at least", comparison.required);
    for version in &comparison.versions {
        let _ = writeln!(text, "\n{version:?}");
    }
    let kinds: [(&str, &dyn Fn(&Finding) -> bool); 4] = [
        ("Breaks", &|finding| finding.level == Level::Breaking && finding.status == Status::Counts),
        ("Breaks, and the version says so", &|finding| {
            finding.level == Level::Breaking && finding.status != Status::Counts
        }),
        ("New", &|finding| finding.level == Level::Additive),
        ("Worth knowing", &|finding| finding.level == Level::Note),
    ];
    for (title, is_of_it) in kinds {
        let findings: Vec<&Finding> =
            comparison.findings.iter().filter(|finding| is_of_it(finding)).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n### {title}\n");
        for finding in findings {
            let whom: Vec<&str> = finding.breaks.iter().map(|direction| direction.id()).collect();
            let whom =
                if whom.is_empty() { String::new() } else { format!(" (breaks: {})", whom.join(", ")) };
            let _ = writeln!(text, "- {} {}: {}{whom}", finding.rule.id, finding.place, finding.message);
        }
    }
}

#[test]
fn every_step_reads_like_a_release_note() {
    let releases = releases(false);
    for pair in releases.windows(2) {
        let file = format!("{}..{}.md", pair[0].version, pair[1].version);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/history").join(file);
        assert_golden(golden, &step(&pair[0], &pair[1]));
    }
}

/// A release that only has another number changes nothing that is to be told.
#[test]
fn another_number_alone_is_no_change() {
    for release in releases(false) {
        for folder in &release.folders {
            let next = match release.version.rsplit_once('.') {
                Some((line, patch)) => format!("{line}.{}", patch.parse::<u32>().unwrap() + 1),
                None => unreachable!(),
            };
            let old = package_folder(&release, folder);
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
