//! Two sides that have much in common and are damaged in a few places: the comparison ends, and says of both directions
//! what the components of its findings show.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wkit_fixtures::corpus::{Pair, Rng};
use wkit_fixtures::linking::Side;
use wkit_interface::check::{Contract, Direction, Group, Profile, Settings, compare, witness_of};

/// How many pairs are begun with; they are made once, for that takes longer than to compare them.
const PAIRS: u64 = 40;

/// Both sides of a pair as packages, then as components.
type Sides = [[Vec<u8>; 2]; 2];

static SIDES: LazyLock<Vec<Sides>> = LazyLock::new(|| {
    let sides = |seed: u64| {
        let pair = Pair::new(seed * 37);
        let sides = [&pair.old, &pair.new].map(|wit| Side::parse(wit).expect("the WIT of a pair is valid"));
        [sides.each_ref().map(Side::package), sides.each_ref().map(|side| side.component("it"))]
    };
    (0..PAIRS).map(sides).collect()
});

fuzz_target!(|input: (u16, u8, Vec<(u16, u8)>)| {
    let (seed, kind, damage) = input;
    let sides = &SIDES[usize::from(seed) % SIDES.len()][usize::from(kind) % 2];
    let mut rng = Rng::new(u64::from(seed));
    let contracts = sides.each_ref().map(|bytes| {
        let mut bytes = bytes.clone();
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
