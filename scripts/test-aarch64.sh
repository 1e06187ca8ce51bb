#!/usr/bin/env bash
# Composes on another kind of processor: builds the composer's determinism test for 64-bit ARM and runs it under qemu.
# The digest that it expects is the one that the same test finds on this machine. Installs Debian's qemu-user where
# apt-get may; without it, it skips loudly, or fails with CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."
unset RUST_BACKTRACE
target=aarch64-unknown-linux-musl
emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
if [ -z "$emulator" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "test-aarch64: installing qemu-user" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends qemu-user >/dev/null; } ||
    echo "test-aarch64: qemu-user cannot be installed" >&2
  emulator=$(command -v qemu-aarch64 || true)
fi
if [ -z "$emulator" ]; then
  [ "${CI:-}" != true ] || { echo "test-aarch64: qemu-aarch64 is missing: install the package qemu-user" >&2; exit 1; }
  echo "SKIPPED composing on aarch64: qemu-aarch64 is missing; install the package qemu-user"
  exit 0
fi
if command -v rustup >/dev/null; then rustup toolchain install --no-self-update >/dev/null; fi
# Rust brings the linker, the C library and its start files. An emulator is slow enough without unoptimised code.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUNNER=$emulator
export CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=0
cargo test --locked -p wkit-composer --target "$target" --test main determinism
