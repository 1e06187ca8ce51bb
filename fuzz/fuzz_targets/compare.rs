//! Two sides that have much in common and are damaged in a few places: the comparison ends, and says of both directions
//! what the components of its findings show.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wkit_fixtures::corpus::{Pair, Rng};
use wkit_fixtures::linking::Side;
use wkit_interface::check::{Contract, Direction, Group, Profile, Settings, compare, witness_of};

/// How many pairs are begun with.
const PAIRS: u64 = 5_000;

fuzz_target!(|input: (u16, u8, Vec<(u16, u8)>)| {
    let (seed, kind, damage) = input;
    let pair = Pair::new(u64::from(seed) % PAIRS);
    let mut rng = Rng::new(u64::from(seed));
    let sides = [&pair.old, &pair.new].map(|wit| {
        let side = Side::parse(wit).expect("the WIT of a pair is valid");
        if kind % 2 == 0 { side.package() } else { side.component("it") }
    });
    let contracts = sides.map(|mut bytes| {
        for (place, value) in &damage {
            if rng.chance(50) {
                let place = usize::from(*place) % bytes.len();
                bytes[place] ^= value;
            }
        }
        Contract::from_wasm("side", &bytes).ok()
    });
    let [Some(old), Some(new)] = contracts else { return };
    let Ok(comparison) = compare(&old, &new, &Settings::new(Profile::Strict)) else { return };
    for finding in comparison.findings.iter().filter(|finding| finding.rule.group == Group::Link).take(4) {
        for direction in [Direction::Host, Direction::Component] {
            if finding.breaks.contains(&direction) {
                let _ = witness_of(finding, direction, &old, &new);
            }
        }
    }
});
