//! The registry from the outside, over HTTP.

mod access;
mod access_commands;
mod api;
mod clients_auth;
mod conformance;
mod crash;
mod disk_full;
mod limits;
mod start;
mod support;
