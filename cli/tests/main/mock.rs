//! Stubs: what they answer, and what they say of their calls. They are called from wasmtime, as a host would.

mod answers;
mod commands;
mod host;
mod values;
