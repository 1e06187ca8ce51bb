//! The registry from the outside, over HTTP.

mod api;
mod conformance;
mod crash;
mod disk_full;
mod hostile;
mod limits;
mod network;
mod start;
mod support;
mod tls;
