//! Composes small components made on the spot.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod cases;
#[cfg(not(target_env = "musl"))]
mod corpus;
mod damage;
mod determinism;
mod errors;
mod explode;
mod files;
mod graph;
mod plans;
#[cfg(not(target_env = "musl"))]
mod random;
mod samples;
mod script;
mod shells;
mod stubs;
mod virtualise;
mod wac;
mod wiring;
