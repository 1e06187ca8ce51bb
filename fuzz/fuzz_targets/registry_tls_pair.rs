//! A certificate and its key: whatever the bytes are, it is read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| wkit_registry_server::fuzzing::tls_pair(input));
