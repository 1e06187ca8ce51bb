//! The registry from the outside, over HTTP.

mod api;
mod conformance;
mod crash;
mod disk_full;
mod limits;
mod start;
mod support;
mod upkeep;
