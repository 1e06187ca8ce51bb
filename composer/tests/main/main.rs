//! Composes small components made on the spot.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod cases;
mod damage;
mod errors;
mod plans;
mod random;
mod samples;
mod virtualise;
mod wiring;
