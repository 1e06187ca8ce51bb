//! One digest, whatever the order of the inputs, the run and the machine.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use wkit_composer::Input;
use wkit_fixtures::golden::assert_golden;

use crate::samples::{Random, input, open, run};

const COMPONENTS: usize = 20;

/// The packages of twenty components: each but the first two speaks of types and a resource of earlier ones.
fn packages() -> String {
    let mut wit = String::new();
    for number in 0..COMPONENTS {
        let uses = match number {
            0 | 1 => String::new(),
            _ => format!("use net:part-{0}/api@1.0.{0}.{{entry as before, node}};", number - 1 - number % 2),
        };
        let body = match number {
            0 | 1 => "resource node { constructor(name: string); next: func() -> option<node>; }".to_owned(),
            _ => "look: func(entry: before) -> result<list<node>, string>;".to_owned(),
        };
        let _ = write!(
            wit,
            "package net:part-{number}@1.0.{number} {{ interface api {{ {uses} {body}
               record entry {{ id: u64, text: string, more: option<list<u8>> }}
               run: func(entry: entry, count: u32) -> tuple<entry, bool>; }} }}\n"
        );
    }
    wit + "package wasi:clocks@0.2.6 { interface monotonic-clock { now: func() -> u64; } }\n"
}

/// A component that exports its own interface and imports those of up to four before it.
fn part(number: usize, packages: &str) -> Input {
    let before = [1, 2, 3, 7].into_iter().filter_map(|step| number.checked_sub(step));
    let mut world = String::new();
    for before in before {
        let _ = write!(world, "import net:part-{before}/api@1.0.{before};");
    }
    if number.is_multiple_of(3) {
        world += "import wasi:clocks/monotonic-clock@0.2.6;";
    }
    let _ = write!(world, "export net:part-{number}/api@1.0.{number};");
    input(&format!("part-{number}"), &format!("package test:it; world it {{ {world} }} {packages}"), "it")
}

#[test]
fn a_hundred_compositions_of_twenty_components_have_one_digest() {
    let packages = packages();
    let mut inputs: Vec<Input> = (0..COMPONENTS).map(|number| part(number, &packages)).collect();
    let mut random = Random::new(20);
    let mut digests = BTreeSet::new();
    for _ in 0..100 {
        random.shuffle(&mut inputs);
        let composition = run(&inputs);
        assert_eq!(composition.instances.len(), COMPONENTS);
        assert!(composition.wires.len() > 2 * COMPONENTS);
        assert_eq!(open(&composition), ["wasi:clocks/monotonic-clock@0.2.6"]);
        let digest = Sha256::digest(composition.bytes.to_vec().unwrap());
        digests.insert(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    assert_eq!(digests.len(), 1, "{digests:?}");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/twenty-components.sha256");
    assert_golden(golden, &format!("{}\n", digests.first().unwrap()));
}
