#!/usr/bin/env bash
# Composes the same graphs with wkit and with wac, in turn, and prints medians of time and peak memory, and ratios.
#
#   WKIT=path/to/wkit WAC=path/to/wac bench/compose/run.sh [ROUNDS]
#
# WKIT is target/release/wkit by default. wac is built with optimisations once, into the tools folder of the user's
# cache. The graphs: 100 and 400 plugs, two components of 18 MB each, and two Python components, built by wkit, where
# its Python is installed. Needs cargo and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../scripts/versions.env"
tools=${WKIT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/wkit/tools}
wkit=${WKIT:-${CARGO_TARGET_DIR:-$here/../../target}/release/wkit}
[ -x "$wkit" ] || { echo "run.sh: there is no program at $wkit; say where with WKIT" >&2; exit 2; }
unset RUST_BACKTRACE
wac=${WAC:-$tools/wac-release-$WAC_VERSION/bin/wac}
if [ ! -x "$wac" ]; then
    echo "run.sh: building wac $WAC_VERSION" >&2
    CARGO_TARGET_DIR="$tools/wac-release.part" cargo install --quiet --locked --root "$tools/wac-release-$WAC_VERSION" \
        "wac-cli@$WAC_VERSION" --no-default-features --features wit
    rm -rf "$tools/wac-release.part"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --quiet --locked --manifest-path "$here/../../Cargo.toml" -p wkit-composer --example graphs -- "$work/graphs"

# Two components with an interpreter each, from the sources of the pairing test.
if ls -d "$tools"/componentize-py-* > /dev/null 2>&1; then
    mkdir "$work/pairs" "$work/graphs/python"
    cp -r "$here"/../../fixtures/pairs/{wkit.toml,wit,python} "$work/pairs"
    "$wkit" --quiet --project "$work/pairs" build python-provider python-consumer > /dev/null
    cp "$work/pairs/build/python-provider.wasm" "$work/graphs/python/plug.wasm"
    cp "$work/pairs/build/python-consumer.wasm" "$work/graphs/python/socket.wasm"
else
    echo "run.sh: componentize-py is not installed (\`wkit toolchain install python\`): no Python components" >&2
fi
exec python3 "$here/measure.py" "$(realpath "$wkit")" "$(realpath "$wac")" "$work" "${1:-11}"
