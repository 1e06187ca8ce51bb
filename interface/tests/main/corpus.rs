//! What the comparison says of thousands of changes is what the validator says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wkit_fixtures::corpus::facts::{FACTS, Fact, WORLD_FACTS};
use wkit_fixtures::corpus::{Pair, mutations};
use wkit_fixtures::linking::{Answer, Side, fits};
use wkit_interface::check::{
    Comparison, Contract, Direction, Finding, Group, Profile, Settings, compare, witness_of,
};

const DIRECTIONS: [Direction; 2] = [Direction::Host, Direction::Component];

/// What was found in all pairs.
#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<String, usize>,
    mutations: BTreeMap<&'static str, usize>,
    witnesses: BTreeMap<&'static str, usize>,
    /// The seed, in one line what is wrong, and all of it.
    wrong: Vec<(u64, String, String)>,
}

#[test]
fn the_comparison_and_the_validator_agree_and_every_finding_has_its_witness() {
    let pairs = Mutex::new(Pair::asked(1));
    let (tally, count) = (Mutex::new(Tally::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(seed) = pairs.lock().unwrap().next() else { return };
                    let pair = Pair::new(seed);
                    count.fetch_add(1, Ordering::Relaxed);
                    check(&pair, &tally);
                }
            });
        }
    });
    let (mut tally, count) = (tally.into_inner().unwrap(), count.into_inner());
    println!("{count} pairs, {} kinds of change: {:?}", tally.mutations.len(), tally.verdicts);
    println!("witnesses: {:?}", tally.witnesses);
    tally.wrong.sort();
    if let Some((_, _, first)) = tally.wrong.first() {
        let lines: Vec<&str> = tally.wrong.iter().map(|(_, line, _)| line.as_str()).collect();
        panic!("{} of {count} pairs are wrong\n{}\nthe first:\n{first}", lines.len(), lines.join("\n"));
    }
    assert!(count < mutations().len() || tally.mutations.len() == mutations().len());
}

/// Pairs that were judged wrongly once: an exported interface speaks of the resources of another one only through a value
/// type that it uses, or a component imports less of an interface than it exports.
const REGRESSIONS: [u64; 3] = [7_116, 8_187, 10_941];

#[test]
fn pairs_that_were_judged_wrongly_once() {
    let tally = Mutex::new(Tally::default());
    for seed in REGRESSIONS {
        check(&Pair::new(seed), &tally);
    }
    let wrong = tally.into_inner().unwrap().wrong;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of so many pairs the components are compared as well, and the sources as files.
const COMPONENTS_EVERY: u64 = 4;

fn check(pair: &Pair, tally: &Mutex<Tally>) {
    let sides = [&pair.old, &pair.new].map(|wit| Side::parse(wit).unwrap());
    let packages = [0, 1].map(|at| Contract::from_wasm("side", &sides[at].package()).unwrap());
    let (said, mut wrong) = judge(&sides, &packages, tally);
    let mut findings = said;
    if pair.seed.is_multiple_of(COMPONENTS_EVERY) {
        let components = [0, 1].map(|at| sides[at].component("it"));
        let sides = [0, 1].map(|at| Side::of_component(&components[at]).unwrap());
        let contracts = [0, 1].map(|at| Contract::from_wasm("side", &components[at]).unwrap());
        let (said, list) = judge(&sides, &contracts, tally);
        wrong.extend(list.into_iter().map(|line| format!("as components: {line}")));
        findings.extend(said.into_iter().map(|line| format!("as components: {line}")));
        let sources = said_of_sources(pair);
        let binaries = compare(&packages[0], &packages[1], &Settings::new(Profile::Strict)).unwrap();
        for direction in DIRECTIONS {
            if breaks(&sources, direction) != breaks(&binaries, direction) {
                wrong.push(format!(
                    "{direction} check: the sources are judged in another way than the binaries"
                ));
            }
        }
    }
    let mut tally = tally.lock().unwrap();
    *tally.mutations.entry(pair.mutation).or_default() += 1;
    if !wrong.is_empty() {
        let text = format!("{}\n\n{}\n\n{pair}", wrong.join("\n"), findings.join("\n"));
        let short = format!("seed {}, {}: {}", pair.seed, pair.mutation, wrong.join("; "));
        tally.wrong.push((pair.seed, short, text));
    }
}

/// What the comparison finds, and what is wrong with that.
fn judge(sides: &[Side; 2], contracts: &[Contract; 2], tally: &Mutex<Tally>) -> (Vec<String>, Vec<String>) {
    let said = compare(&contracts[0], &contracts[1], &Settings::new(Profile::Strict)).unwrap();
    let mut wrong = Vec::new();
    for direction in DIRECTIONS {
        let truth = match answer(sides, direction) {
            Ok(truth) => truth,
            Err(message) => {
                wrong.push(format!("the oracles differ for the {direction} check: {message}"));
                continue;
            }
        };
        if breaks(&said, direction) != (truth != Answer::Fits) {
            wrong.push(format!("{direction} check: the validator says {truth:?}"));
        }
        let verdict = format!("{direction} {}", if truth == Answer::Fits { "fits" } else { "breaks" });
        *tally.lock().unwrap().verdicts.entry(verdict).or_default() += 1;
    }
    for finding in said.findings.iter().filter(|finding| finding.rule.group == Group::Link) {
        for direction in DIRECTIONS.into_iter().filter(|direction| finding.breaks.contains(direction)) {
            if let Err(error) = witness_of(finding, direction, &contracts[0], &contracts[1]) {
                wrong.push(format!("no witness for {}: {error}", line(finding)));
            }
            *tally.lock().unwrap().witnesses.entry(finding.rule.id).or_default() += 1;
        }
    }
    (said.findings.iter().map(line).collect(), wrong)
}

/// The comparison of the WIT as it stands in files.
fn said_of_sources(pair: &Pair) -> Comparison {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = [("old.wit", &pair.old), ("new.wit", &pair.new)].map(|(name, wit)| {
        let path = folder.path().join(name);
        std::fs::write(&path, wit).unwrap();
        Contract::from_wit(name, &path).unwrap()
    });
    compare(&old, &new, &Settings::new(Profile::Strict)).unwrap()
}

/// What the validator says of all worlds together.
fn answer(sides: &[Side; 2], direction: Direction) -> Result<Answer, String> {
    let callers = callers(sides);
    let [old, new] = [0, 1].map(|at| sides[at].with_callers(&callers));
    for world in old.worlds() {
        let answer = match direction {
            Direction::Host => fits(&old, &new, &world)?,
            _ => fits(&new, &old, &world)?,
        };
        if answer != Answer::Fits {
            return Ok(answer);
        }
    }
    Ok(Answer::Fits)
}

/// The interfaces that count for callers, in whatever world they are: those that no world has on both sides, without
/// those that only one side has at all, and a world of it.
fn callers(sides: &[Side; 2]) -> BTreeSet<String> {
    let [old, new] = sides;
    let (mut on_both, mut somewhere) = (BTreeSet::new(), BTreeSet::new());
    for world in old.worlds() {
        let (before, after) = (old.interfaces_of(&world), new.interfaces_of(&world));
        on_both.extend(before.intersection(&after).cloned());
        somewhere.extend(before.union(&after).cloned());
    }
    let (before, after) = (old.interfaces(), new.interfaces());
    let is_alone = |name: &String| {
        !on_both.contains(name)
            && (before.contains(name) && after.contains(name) || !somewhere.contains(name))
    };
    let alone: BTreeSet<String> = before.union(&after).filter(|name| is_alone(name)).cloned().collect();
    old.used_by(&alone).union(&new.used_by(&alone)).cloned().collect()
}

fn breaks(comparison: &Comparison, direction: Direction) -> bool {
    comparison.findings.iter().any(|finding| finding.breaks.contains(&direction))
}

fn line(finding: &Finding) -> String {
    let breaks: Vec<&str> = finding.breaks.iter().map(|direction| direction.id()).collect();
    let positions = &finding.place.positions;
    format!("{} [{}] {positions:?} {}: {}", finding.rule.id, breaks.join(" "), finding.place, finding.message)
}

#[test]
fn known_verdicts_are_those_of_the_comparison() {
    let said = |old: &str, new: &str| {
        let [old, new] =
            [old, new].map(|wit| Contract::from_wasm("side", &Side::parse(wit).unwrap().package()).unwrap());
        compare(&old, &new, &Settings::new(Profile::Strict)).unwrap()
    };
    for Fact { name, old, new, host, component } in FACTS {
        for (place, position) in ["import", "export"].into_iter().enumerate() {
            let said = said(&Fact::wit(old, position), &Fact::wit(new, position));
            assert_eq!(!breaks(&said, Direction::Host), host[place], "{name}, {position}");
            assert_eq!(!breaks(&said, Direction::Component), component[place], "{name}, {position}");
        }
    }
    for Fact { name, old, new, host, component } in WORLD_FACTS {
        let said = said(&Fact::world_wit(old), &Fact::world_wit(new));
        assert_eq!(!breaks(&said, Direction::Host), host[0], "{name}");
        assert_eq!(!breaks(&said, Direction::Component), component[0], "{name}");
    }
}
