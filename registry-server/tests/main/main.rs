//! The registry from the outside, over HTTP.

mod access;
mod access_commands;
mod api;
mod clients_auth;
mod conformance;
mod crash;
mod disk_full;
#[cfg(target_os = "linux")]
mod forgetful;
mod hostile;
mod limits;
mod network;
mod operation;
mod start;
mod support;
mod tls;
mod upkeep;
