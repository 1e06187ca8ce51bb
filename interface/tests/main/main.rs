//! Reads small components made on the spot.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check_hostile;
mod check_limits;
mod check_settings;
mod check_speed;
mod corpus;
mod damage;
mod history;
mod hostile;
mod one_side;
mod parts;
mod rules;
mod samples;
mod subtype;
mod surface;
mod target;
mod witness;
