#!/usr/bin/env bash
# Runs each fuzz target for so many seconds: `scripts/fuzz.sh 600 [TARGET…]`. Installs cargo-fuzz when it is not there.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
unset RUST_BACKTRACE
# The fuzzer needs flags that the compiler has only for itself, and our code a newer compiler than most nightly ones. No
# sanitizer: there is no unsafe code to watch.
export RUSTC_BOOTSTRAP=1
seconds=${1:-60}
shift || true
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
# Every target, unless some are named.
if (($# == 0)); then mapfile -t targets < <(cargo fuzz list) && set -- "${targets[@]}"; fi
for target in "$@"; do
  mkdir -p "corpus/$target"
  cargo fuzz run --sanitizer none "$target" "corpus/$target" -- \
    -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=4096
done
