//! Whatever the bytes are, they are read or refused: as Wasm, and as WIT text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wkit_interface::check::{Contract, Profile, Settings, compare, lint};

fuzz_target!(|bytes: &[u8]| {
    let read = if bytes.starts_with(b"\0asm") {
        Contract::from_wasm("input", bytes)
    } else {
        let file = tempfile::NamedTempFile::with_suffix(".wit").expect("a temporary file can be made");
        std::fs::write(file.path(), bytes).expect("a temporary file can be written");
        Contract::from_wit("input", file.path())
    };
    let Ok(contract) = read else { return };
    let settings = Settings::new(Profile::Strict);
    lint(&contract, &settings);
    if let Ok(comparison) = compare(&contract, &contract, &settings) {
        assert!(comparison.findings.is_empty(), "nothing changed: {:?}", comparison.findings);
    }
});
