#!/usr/bin/env bash
# Measures wkit-registry and other registries in turn, on this machine, and prints medians, and ratios to ours.
#
#   bench/registry/run.sh [ROUNDS] [TAGS]
#
# PROGRAM is target/release/wkit-registry by default (`cargo build --release -p wkit-registry-server`). The peers:
# distribution, which scripts/setup-clients.sh installs, and zot where ZOT names it or it is on the PATH. Each round starts
# each registry on an empty folder. With TAGS, for example 20000, so many tags are pushed at the end, and reading is
# measured once more. Needs cargo and python3, and Linux for /proc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/versions.env"
tools=${WKIT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/wkit/tools}
target=${CARGO_TARGET_DIR:-$here/../../target}
program=${PROGRAM:-$target/release/wkit-registry}
[ -x "$program" ] || { echo "run.sh: there is no program at $program; say where with PROGRAM" >&2; exit 2; }
unset RUST_BACKTRACE
cargo build --quiet --release --locked --manifest-path "$here/../../Cargo.toml" -p wkit-registry-server --example load
peers=()
distribution=$tools/distribution-$DISTRIBUTION_VERSION/bin/distribution
if [ -x "$distribution" ]; then peers+=("distribution=$distribution"); else echo "run.sh: distribution is not installed (scripts/setup-clients.sh)" >&2; fi
zot=${ZOT:-$(command -v zot || true)}
if [ -n "$zot" ]; then peers+=("zot=$zot"); fi
exec python3 "$here/measure.py" "$target/release/examples/load" "${1:-3}" "${2:-0}" "ours=$(realpath "$program")" "${peers[@]}"
