#!/usr/bin/env bash
# Runs every test. Gets what the tests need first: the Rust toolchain, the guest toolchains, the other clients.
# On a person's machine a missing Go, Node or Python makes the tests that need it skip, loudly; with CI=true it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
unset RUST_BACKTRACE
if command -v rustup >/dev/null; then rustup toolchain install --no-self-update >/dev/null; fi
# The tests need wkit anyway, and wkit gets the guest toolchains.
cargo test --workspace --locked --no-run
WKIT=${CARGO_TARGET_DIR:-target}/debug/wkit scripts/setup-guests.sh
scripts/setup-clients.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
cargo test --workspace --locked --no-fail-fast -- --show-output 2>&1 | tee "$log" || code=$?
scripts/test-aarch64.sh 2>&1 | tee -a "$log" || code=$?

# One line for all test programs, and the skips, which must not go unseen.
grep -a -h '^SKIPPED' "$log" | sort -u || true
awk '/^test result:/ { for (i = 1; i < NF; i++) { if ($(i+1) ~ /^passed/) p += $i; if ($(i+1) ~ /^failed/) f += $i; if ($(i+1) ~ /^ignored/) s += $i } }
     /^SKIPPED/ { n += 1 }
     END { printf "%d passed, %d failed, %d skipped\n", p, f, s + n }' "$log"
exit "$code"
