//! Soundness: whatever composes runs, and whatever is refused does not work when it is wired by force.

mod force;
mod graph;
mod wit;

use std::collections::BTreeMap;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, OptLevel, Store};
use wkit_composer::{ComposeError, Composition, Problems, WireMismatch, compose};

use force::{Wires, force};
use graph::Graph;

/// How many graphs are tried without `WKIT_RANDOM_GRAPHS`.
const GRAPHS: u64 = 200;

#[test]
fn what_composes_runs_and_what_is_refused_does_not() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let count = number("WKIT_RANDOM_GRAPHS").unwrap_or(GRAPHS);
    let first = number("WKIT_RANDOM_FIRST").unwrap_or(0);
    let engine = engine();
    let mut tally: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for seed in first..first + count {
        let graph = Graph::random(seed);
        match check(&graph, &engine) {
            Ok(outcome) => *tally.entry(outcome).or_default() += 1,
            Err(message) => wrong.push((seed, message, graph.describe())),
        }
    }
    println!("{tally:?}");
    if let Some((seed, message, graph)) = wrong.first() {
        let others: Vec<String> =
            wrong.iter().map(|(seed, message, _)| format!("{seed}: {}", first_line(message))).collect();
        panic!(
            "{} of {count} graphs are wrong, the first with WKIT_RANDOM_FIRST={seed} WKIT_RANDOM_GRAPHS=1\n{message}\n{graph}\n{}\n{tally:?}",
            wrong.len(),
            others.join("\n"),
        );
    }
    // The generator makes both kinds in numbers, or the test says little.
    let composed = tally.get("composed").copied().unwrap_or(0);
    assert!(count < GRAPHS || (composed > count / 4 && composed < count * 3 / 4), "{tally:?}");
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What became of a graph, or what is wrong.
fn check(graph: &Graph, engine: &Engine) -> Result<&'static str, String> {
    match compose(&graph.inputs(), &graph.plan) {
        Ok(composition) => composed(graph, &composition, engine).map(|()| "composed"),
        Err(error) => refused(graph, &error),
    }
}

fn composed(graph: &Graph, composition: &Composition, engine: &Engine) -> Result<(), String> {
    let wires: Wires = composition
        .wires
        .iter()
        .map(|wire| {
            let ends = (graph.index(&wire.importer), graph.index(&wire.exporter));
            ((ends.0, wire.import.clone()), (ends.1, wire.export.clone()))
        })
        .collect();
    if wires != graph.wires {
        return Err(format!("other wires than expected: {wires:?}"));
    }
    if let Err(message) = force(graph, graph.in_use.iter().copied(), &graph.wires, graph.socket()) {
        return Err(format!("composed, but by force it fails: {message}"));
    }
    let failed = |error: wasmtime::Error| format!("composed, but does not run: {error:?}");
    let component = Component::new(engine, composition.bytes.to_vec().unwrap()).map_err(failed)?;
    let mut linker = Linker::<()>::new(engine);
    linker.define_unknown_imports_as_traps(&component).map_err(failed)?;
    let mut store = Store::new(engine, ());
    let instantiated = linker.instantiate_async(&mut store, &component);
    now(instantiated).map_err(failed)?;
    Ok(())
}

/// Each problem alone must be one by force as well.
fn refused(graph: &Graph, problems: &Problems) -> Result<&'static str, String> {
    let mut listed: Vec<&WireMismatch> = Vec::new();
    let mut kind = "types";
    for problem in problems.iter() {
        kind = match problem {
            ComposeError::TypeMismatch(wire) => {
                listed.push(wire);
                continue;
            }
            ComposeError::Cycle(_) => "circle",
            ComposeError::ResourceMismatch(_) => "resource",
            ComposeError::OpenImportNeedsInner(_) => "open import",
            ComposeError::ImportConflict(_) => "import conflict",
            ComposeError::ExportNeedsInner(_) => "export",
            other => return Err(format!("an error that says nothing of the graph: {other}\n{other:?}")),
        };
    }
    match force(graph, graph.in_use.iter().copied(), &graph.wires, graph.socket()) {
        Ok(_) => Err(format!("refused, but by force it works: {problems}")),
        Err(_) => mismatched(graph, &listed, problems).map(|()| kind),
    }
}

/// Each wire alone, between the two components alone: those that are listed fail, the others do not.
fn mismatched(graph: &Graph, listed: &[&WireMismatch], problems: &Problems) -> Result<(), String> {
    for (key, end) in &graph.wires {
        let ends = [key.0, end.0];
        // Two that cannot stand side by side say nothing about the wire.
        if key.0 == end.0 || force(graph, ends, &Wires::new(), None).is_err() {
            continue;
        }
        let is_listed =
            listed.iter().any(|wire| (graph.index(&wire.importer), &wire.import) == (key.0, &key.1));
        match (is_listed, force(graph, ends, &Wires::from([(key.clone(), end.clone())]), None)) {
            (true, Ok(_)) => return Err(format!("refused, but the wire {key:?} works: {problems}")),
            // The resources of two components that meet only here are a matter of the whole graph.
            (false, Err(message)) if !message.to_lowercase().contains("resource") => {
                return Err(format!("the wire {key:?} fails and is not listed: {message}\n{problems}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Everything on that `wkit run` has on, compiled as quickly as possible.
fn engine() -> Engine {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .wasm_component_model_map(true)
        .wasm_component_model_implements(true)
        .cranelift_opt_level(OptLevel::None);
    Engine::new(&config).unwrap()
}

/// Runs a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
