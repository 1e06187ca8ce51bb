//! The validator's word on two versions of a package holds when components of both are really linked and started.

use std::collections::BTreeMap;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, OptLevel, Store};
use wkit_fixtures::corpus::Pair;
use wkit_fixtures::corpus::facts::{FACTS, Fact, WORLD_FACTS};
use wkit_fixtures::linking::{Answer, Chain, Side, chain, fits};

/// Of so many pairs one is linked, unless `WKIT_CORPUS_PAIRS` says how many are tried.
const EVERY: usize = 7;

#[test]
fn the_validator_and_the_runtime_agree() {
    let engine = engine();
    let mut tally: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for pair in Pair::asked(EVERY).map(Pair::new) {
        let (old, new) = (Side::parse(&pair.old).unwrap(), Side::parse(&pair.new).unwrap());
        for world in old.worlds() {
            for (direction, component, host) in [("host", &old, &new), ("component", &new, &old)] {
                match agree(&engine, component, host, &world) {
                    Ok(outcome) => *tally.entry(outcome).or_default() += 1,
                    Err(message) => {
                        wrong.push(format!("{direction} check, world `{world}`: {message}\n{pair}"))
                    }
                }
            }
        }
    }
    println!("{tally:?}");
    assert!(wrong.is_empty(), "{} are wrong, the first:\n{}", wrong.len(), wrong[0]);
}

#[test]
fn known_verdicts_are_those_of_the_validator_and_the_runtime() {
    let engine = engine();
    let fits = |component: &str, host: &str| {
        let (component, host) = (Side::parse(component).unwrap(), Side::parse(host).unwrap());
        agree(&engine, &component, &host, "it").unwrap() == "runs"
    };
    for Fact { name, old, new, host, component } in FACTS {
        for (place, direction) in ["import", "export"].into_iter().enumerate() {
            let (old, new) = (Fact::wit(old, direction), Fact::wit(new, direction));
            assert_eq!(fits(&old, &new), host[place], "{name}, {direction}: host check");
            assert_eq!(fits(&new, &old), component[place], "{name}, {direction}: component check");
        }
    }
    for Fact { name, old, new, host, component } in WORLD_FACTS {
        let (old, new) = (Fact::world_wit(old), Fact::world_wit(new));
        assert_eq!(fits(&old, &new), host[0], "{name}: host check");
        assert_eq!(fits(&new, &old), component[0], "{name}: component check");
    }
}

/// What both say, or how they differ.
fn agree(engine: &Engine, component: &Side, host: &Side, world: &str) -> Result<&'static str, String> {
    let said = fits(component, host, world)?;
    let Chain::Wired(bytes) = chain(component, host, world) else { return Ok("not linked") };
    match (said, run(engine, &bytes)) {
        (Answer::Fits, Ok(())) => Ok("runs"),
        (Answer::Refused(_), Err(_)) => Ok("refused"),
        (Answer::Fits, Err(error)) => Err(format!("valid, but does not run: {error:?}")),
        (Answer::Refused(message), Ok(())) => Err(format!("runs, but is not valid: {message}")),
    }
}

fn run(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<()> {
    let component = Component::new(engine, bytes)?;
    let mut linker = Linker::<()>::new(engine);
    linker.define_unknown_imports_as_traps(&component)?;
    let mut store = Store::new(engine, ());
    let mut instantiated = std::pin::pin!(linker.instantiate_async(&mut store, &component));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    // Nothing in it ever waits.
    loop {
        if let std::task::Poll::Ready(result) = instantiated.as_mut().poll(&mut context) {
            return result.map(|_| ());
        }
    }
}

/// Everything on that pairs use, compiled as quickly as possible.
fn engine() -> Engine {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .wasm_component_model_map(true)
        .wasm_component_model_implements(true)
        .wasm_component_model_fixed_length_lists(true)
        .cranelift_opt_level(OptLevel::None);
    Engine::new(&config).unwrap()
}
