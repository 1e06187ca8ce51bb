//! One file for each command: its arguments, and a short `run` over the libraries.

pub(crate) mod add;
pub(crate) mod bindings;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod compose;
pub(crate) mod diff;
pub(crate) mod explode;
pub(crate) mod graph;
pub(crate) mod inspect;
pub(crate) mod mock;
pub(crate) mod new;
pub(crate) mod publish;
pub(crate) mod pull;
pub(crate) mod registry;
pub(crate) mod remove;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod toolchain;
pub(crate) mod update;
pub(crate) mod virtualise;
pub(crate) mod watch;
