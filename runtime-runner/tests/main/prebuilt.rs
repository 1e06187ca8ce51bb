//! The prebuilt guests are of the sources that lie beside them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What no prebuilt guest may exceed, so that the repository stays small.
const PREBUILT_BYTES_MAX: u64 = 200 << 10;

#[test]
fn prebuilt_guests_belong_to_their_sources() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let (guests, prebuilt) = (fixtures.join("guests"), fixtures.join("prebuilt"));
    let recorded = std::fs::read_to_string(prebuilt.join("SHA256SUMS")).unwrap();
    let mut recorded_sources = BTreeSet::new();
    for line in recorded.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let path = if name.ends_with(".wasm") {
            prebuilt.join(name)
        } else {
            recorded_sources.insert(PathBuf::from(name));
            guests.join(name)
        };
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(
            hex(&Sha256::digest(&bytes)),
            digest,
            "`{name}` has changed: run fixtures/guests/build.sh"
        );
    }
    assert_eq!(recorded_sources, sources(&guests), "run fixtures/guests/build.sh");
}

#[test]
fn prebuilt_guests_are_small() {
    let prebuilt = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/prebuilt");
    for entry in std::fs::read_dir(prebuilt).unwrap() {
        let entry = entry.unwrap();
        let size_bytes = entry.metadata().unwrap().len();
        assert!(size_bytes <= PREBUILT_BYTES_MAX, "{} has {size_bytes} bytes", entry.path().display());
    }
}

/// Every file below `guests`, apart from what a build leaves there.
fn sources(guests: &Path) -> BTreeSet<PathBuf> {
    let mut folders = vec![guests.to_owned()];
    let mut files = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.insert(path.strip_prefix(guests).unwrap().to_owned());
            } else if path.file_name().unwrap() != "target" {
                folders.push(path);
            }
        }
    }
    files
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
