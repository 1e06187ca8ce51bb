//! The client against registries that behave, and against ones that do not.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![expect(clippy::result_large_err, reason = "the errors of the crate are passed on as they are")]

mod auth;
mod cache;
mod fake;
mod list;
mod pull;
mod push;
mod registry;
mod resolve;
mod unreliable;
