//! The prebuilt guests are of the sources that lie beside them.

use std::path::Path;

use wkit_fixtures::prebuilt::assert_current;

/// What no prebuilt guest may exceed, so that the repository stays small.
const PREBUILT_BYTES_MAX: u64 = 200 << 10;

#[test]
fn prebuilt_guests_belong_to_their_sources() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    assert_current(&fixtures.join("guests"), &fixtures.join("prebuilt"), "fixtures/guests/build.sh");
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
