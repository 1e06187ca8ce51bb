//! The command line as a person meets it: every test runs the real `wkit` in an empty home folder.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod assemblyscript;
mod bad_input;
mod builds;
mod check;
mod check_kits;
mod check_schemas;
mod clients;
mod compose_errors;
mod composing;
mod diff;
mod explode;
mod flow;
mod go;
mod graph;
mod inputs;
mod javascript;
mod locking;
mod mock;
mod module;
mod native;
mod new;
mod pairs;
mod python;
mod recompose;
mod road;
mod rust;
mod script;
mod serve;
mod support;
mod templates;
mod toolchain_command;
mod toolchains;
mod typescript;
mod virtualise;
mod wac;
mod watch;
mod with;
mod zig;
