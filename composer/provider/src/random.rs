//! SplitMix64: numbers that look random and follow from the seed. Nothing secret may be made of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Provider;
use crate::bindings::exports::wkit::provider::random::Guest;
use crate::bindings::wkit::provider::image;

fn next() -> u64 {
    static STATE: OnceLock<AtomicU64> = OnceLock::new();
    let state = STATE.get_or_init(|| AtomicU64::new(image::seed()));
    let mut value = state.load(Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    state.store(value, Relaxed);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Guest for Provider {
    fn get_random_bytes(len: u64) -> Vec<u8> {
        let len = usize::try_from(len).expect("a list is shorter than the memory");
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let missing = (len - bytes.len()).min(8);
            bytes.extend_from_slice(&next().to_le_bytes()[..missing]);
        }
        bytes
    }

    fn get_random_u64() -> u64 {
        next()
    }

    fn get_insecure_random_bytes(len: u64) -> Vec<u8> {
        Self::get_random_bytes(len)
    }

    fn get_insecure_random_u64() -> u64 {
        next()
    }

    fn insecure_seed() -> (u64, u64) {
        (next(), next())
    }

    fn get_insecure_seed() -> (u64, u64) {
        (next(), next())
    }
}
