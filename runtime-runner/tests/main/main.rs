//! Runs real guests and looks at what they could do.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod command;
mod denied;
mod files;
mod http;
mod imports;
mod invoke;
mod limits;
mod load;
mod prebuilt;
mod serve;
mod support;
mod wasi03;
