//! Reads small components made on the spot.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod damage;
mod parts;
mod samples;
mod subtype;
mod surface;
mod target;
