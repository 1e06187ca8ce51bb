//! The QuickJS that wkit carries: a core module of the project that makes `componentize-qjs`, newer than the one in that
//! tool, whose 64-bit integers are not exact.

// Written by the build script: `VERSION` of the crate, and `RUNTIME`, the module.
include!(concat!(env!("OUT_DIR"), "/quickjs.rs"));
