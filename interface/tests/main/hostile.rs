//! Input that is made to hurt: whatever it is, a check ends, with findings or with an error.
//!
//! `WKIT_FUZZ_SECONDS` makes the damaged packages go on for longer; `scripts/fuzz.sh` searches with a fuzzer.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use wkit_fixtures::corpus::{Pair, Rng};
use wkit_fixtures::linking::Side;
use wkit_interface::check::{
    Contract, ContractError, Direction, Group, Profile, Settings, compare, lint, witness_of,
};

/// How many damaged packages are read in a usual run.
const DAMAGED: u64 = 4_000;

fn settings() -> Settings {
    Settings::new(Profile::Strict)
}

/// Everything that can be done with two sides.
fn check(old: &Contract, new: &Contract) -> usize {
    lint(new, &settings());
    let Ok(comparison) = compare(old, new, &settings()) else { return 0 };
    let link = comparison.findings.iter().filter(|finding| finding.rule.group == Group::Link);
    for finding in link.take(3) {
        for direction in [Direction::Host, Direction::Component] {
            let _ = witness_of(finding, direction, old, new);
        }
    }
    comparison.findings.len()
}

fn read(wit: &str) -> Result<Contract, ContractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("side.wit");
    std::fs::write(&path, wit).unwrap();
    Contract::from_wit("side.wit", &path)
}

#[test]
fn damaged_packages_and_components_are_read_or_refused() {
    let seconds = std::env::var("WKIT_FUZZ_SECONDS").ok().map(|text| text.parse::<u64>().unwrap());
    let start = Instant::now();
    let (mut round, mut accepted) = (0_u64, 0_u64);
    let (mut whole, mut bytes) = (None, Vec::new());
    while seconds.map_or(round < DAMAGED, |seconds| start.elapsed() < Duration::from_secs(seconds)) {
        let mut rng = Rng::new(round);
        if round % 100 == 0 {
            let side = Side::parse(&Pair::new(round / 100).new).unwrap();
            bytes = if round % 200 == 0 { side.package() } else { side.component("it") };
            whole = Some(Contract::from_wasm("whole", &bytes).unwrap());
        }
        let mut damaged = bytes.clone();
        for _ in 0..rng.between(1, 3) {
            let place = rng.below(damaged.len());
            match rng.below(4) {
                0 => damaged[place] = u8::try_from(rng.below(256)).unwrap(),
                1 => damaged[place] ^= 1 << rng.below(8),
                2 => drop(damaged.remove(place)),
                _ => {
                    // A piece of it stands somewhere else as well.
                    let from = rng.below(damaged.len());
                    let piece: Vec<u8> = damaged[from..].iter().take(rng.between(1, 40)).copied().collect();
                    for (at, byte) in piece.into_iter().enumerate() {
                        if let Some(slot) = damaged.get_mut(place + at) {
                            *slot = byte;
                        }
                    }
                }
            }
        }
        round += 1;
        let (Some(whole), Ok(contract)) = (&whole, Contract::from_wasm("damaged", &damaged)) else {
            continue;
        };
        accepted += 1;
        check(whole, &contract);
        check(&contract, whole);
    }
    println!("{round} damaged, {accepted} of them are valid");
    assert!(accepted > round / 100, "{accepted} of {round}: the damage says little");
}

#[test]
fn deeply_nested_types_are_refused() {
    for depth in [90, 200, 5_000, 100_000] {
        for (open, close) in [("list<", ">"), ("option<", ">"), ("tuple<u8, ", ">"), ("result<_, ", ">")] {
            let ty = format!("{}u8{}", open.repeat(depth), close.repeat(depth));
            let read = read(&format!("package a:b; interface i {{ f: func(x: {ty}); }}"));
            match read {
                Ok(contract) => drop(check(&contract, &contract)),
                Err(error) => assert!(error.to_string().len() < 4_000, "{}", error.to_string().len()),
            }
        }
    }
}

#[test]
fn long_chains_of_types_are_compared_or_refused() {
    for (start, step) in [
        ("u8", "type t{n} = t{m};"),
        ("u8", "type t{n} = tuple<t{m}, t{m}>;"),
        ("u8", "record t{n} { a: t{m}, b: t{m}, c: t{m} }"),
    ] {
        let chain = |start: &str, length: usize| {
            let mut wit = format!("package a:b; interface i {{ type t0 = {start};\n");
            for number in 1..=length {
                let line = step.replace("{n}", &number.to_string()).replace("{m}", &(number - 1).to_string());
                let _ = writeln!(wit, "{line}");
            }
            let _ = write!(wit, "f: func(x: t{length}); }} world w {{ import i; export i; }}");
            wit
        };
        for length in [20, 90, 2_000] {
            let (old, new) = (read(&chain(start, length)), read(&chain("u16", length)));
            if let (Ok(old), Ok(new)) = (old, new) {
                assert!(check(&old, &new) > 0, "{step} {length}");
            }
        }
    }
}

#[test]
fn very_many_items_are_compared_or_refused() {
    let many = |count: usize, ty: &str| {
        let mut wit = String::from("package a:b;\ninterface i {\n");
        for number in 0..count {
            let _ = writeln!(wit, "fun{number}: func(x: {ty});");
        }
        wit + "}\nworld w { import i; }\n"
    };
    let start = Instant::now();
    match (read(&many(100_000, "u8")), read(&many(100_000, "u16"))) {
        (Ok(old), Ok(new)) => {
            let comparison = compare(&old, &new, &settings()).unwrap();
            assert!(!comparison.findings.is_empty());
        }
        (Err(error), _) | (_, Err(error)) => assert!(error.to_string().contains("100000"), "{error}"),
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

/// Cyrillic letters are refused by the parser of WIT; what it lets through is compared letter by letter.
#[test]
fn names_that_look_alike_are_not_the_same() {
    assert!(read("package a:b; interface i { f\u{0430}: func(); }").is_err());
    let (old, new) =
        ("package a:b; interface i { f-l1: func(); }", "package a:b; interface i { f-ll: func(); }");
    let (old, new) = (read(old).unwrap(), read(new).unwrap());
    let comparison = compare(&old, &new, &settings()).unwrap();
    let ids: Vec<&str> = comparison.findings.iter().map(|finding| finding.rule.id).collect();
    assert!(ids.contains(&"FUNC_NO_DELETE") && ids.contains(&"FUNC_ADD"), "{ids:?}");
}
