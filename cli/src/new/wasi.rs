//! The WIT of WASI, in the versions that the runner serves: what a new component's `wit/deps` is filled from.

// Written by the build script: `WASI_0_2` and `WASI_0_3` as pairs of a file's name and its contents.
include!(concat!(env!("OUT_DIR"), "/wasi_wit.rs"));
