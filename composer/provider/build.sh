#!/bin/sh
# Builds the provider for Wasm and records the digests of its sources beside it, so that nobody needs a compiler for Wasm
# to build wkit, and a test notices when it is older than its source.
#
# Needs the Rust toolchain of the repository with the target wasm32-unknown-unknown.
set -eu

cd "$(dirname "$0")"
target="${CARGO_TARGET_DIR:-$(pwd)/../../target/guests}"
cargo_home="${CARGO_HOME:-$HOME/.cargo}"
sysroot=$(rustc --print sysroot)

# The same bytes on every machine: panics name the files that they come from.
RUSTFLAGS="--remap-path-prefix=$sysroot=rust --remap-path-prefix=$(pwd)=provider"
for sources in "$cargo_home"/registry/src/*; do
    RUSTFLAGS="$RUSTFLAGS --remap-path-prefix=$sources=crates"
done
export RUSTFLAGS

cargo build --quiet --locked --release --target wasm32-unknown-unknown --target-dir "$target"
cp "$target/wasm32-unknown-unknown/release/provider.wasm" provider.wasm
find . -type f -not -name SHA256SUMS -not -path './target/*' | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
