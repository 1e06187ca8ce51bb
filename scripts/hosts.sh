#!/usr/bin/env bash
# Prints what the crates of a host's releases carry, as the source of interface/src/check/hosts/*.toml: for each version
# the WIT packages in it and the interfaces that it links.
#
#   scripts/hosts.sh wasmtime [FIRST LAST]    the major versions of Wasmtime
#   scripts/hosts.sh CRATE VERSION...         any other crate: wasmcloud-runtime, wash-runtime, spin-sdk
#
# `cargo info` downloads each crate and unpacks it; nothing is built.
set -euo pipefail

cargo_home=${CARGO_HOME:-$HOME/.cargo}

# The unpacked folder of a crate, `name@requirement`; empty when there is no such version.
folder() {
    local info
    info=$(cargo info --quiet "$1" 2>/dev/null) || return 0
    local version
    version=$(sed -n 's/^version: \([^ ]*\).*/\1/p' <<<"$info")
    find "$cargo_home/registry/src" -mindepth 2 -maxdepth 2 -type d -name "${1%@*}-$version" | head -n 1
}

# What a crate carries: the packages of its WIT, and the interfaces of its `add_to_linker` calls.
show() {
    local found
    found=$(folder "$1")
    [ -n "$found" ] || return 0
    echo "## $(basename "$found")"
    grep -rhoE '^package [a-z:-]+@[^; ]+' --include='*.wit' "$found" | sed 's/^package /wit  /' | sort -u || true
    grep -rhoE '[a-z_]+::[a-z_]+::add_to_linker' --include='*.rs' "$found/src" | sed 's/::add_to_linker//; s/^/link /' |
        sort -u || true
}

if [ "${1:-}" = wasmtime ]; then
    for major in $(seq "${2:-14}" "${3:-50}"); do
        for crate in wasmtime-wasi wasmtime-wasi-io wasmtime-wasi-http wasmtime-wasi-keyvalue wasmtime-wasi-config \
            wasmtime-wasi-runtime-config wasmtime-wasi-tls wasmtime-wasi-nn; do
            show "$crate@$major"
        done
        cli=$(folder "wasmtime-cli@$major")
        grep -rhE 'const P3_DEFAULT' "$cli/src" | sed "s/^/## wasmtime-cli $major: /" || true
    done
elif [ $# -ge 2 ]; then
    crate=$1
    shift
    for version in "$@"; do
        show "$crate@$version"
    done
else
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
fi
