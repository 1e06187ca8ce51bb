#!/bin/sh
# Builds the engine of stub components for Wasm, puts it into ../prebuilt and records the digests of its sources there,
# so that wkit is built without a Wasm compiler and a test notices when the engine is older than its source.
#
# Needs the Rust toolchain of the repository with the target wasm32-unknown-unknown.
set -eu

cd "$(dirname "$0")"
target="${CARGO_TARGET_DIR:-$(pwd)/../../target/mock-engine}"
prebuilt=$(pwd)/../prebuilt
sysroot=$(rustc --print sysroot)

# The same bytes on every machine.
RUSTFLAGS="--remap-path-prefix=$sysroot=rust --remap-path-prefix=$(pwd)=engine"
export RUSTFLAGS

mkdir -p "$prebuilt"
cargo build --quiet --locked --release --target wasm32-unknown-unknown --target-dir "$target"
cp "$target/wasm32-unknown-unknown/release/wkit_mock_engine.wasm" "$prebuilt/mock-engine.wasm"
{
    find . -type f -not -path '*/target/*' | LC_ALL=C sort | xargs sha256sum
    (cd "$prebuilt" && sha256sum mock-engine.wasm)
} > "$prebuilt/SHA256SUMS"
