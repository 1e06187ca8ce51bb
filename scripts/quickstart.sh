#!/usr/bin/env bash
# The whole road with the real commands, each printed before it runs: build components from four languages, compose
# them, publish the result to a registry on this machine, pull it, and run it by reference from an empty cache.
#
#   scripts/quickstart.sh            builds wkit in release mode first
#   WKIT=path/to/wkit scripts/quickstart.sh
#
# Needs Rust (rustup), and Go, Node.js and Python for the components in those languages. A language that is missing is
# left out, loudly; with CI=true that is a failure. Writes into `fixtures/shop` and the user's cache, nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
unset RUST_BACKTRACE

bold() { if [ -t 1 ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi; }
step() { printf '\n'; bold "# $*"; }
show() { bold "\$ $*"; "$@"; }

if [ -z "${WKIT:-}" ]; then
  step "wkit itself"
  if command -v rustup >/dev/null; then rustup toolchain install --no-self-update >/dev/null; fi
  show cargo build --release --locked --package wkit
  WKIT=${CARGO_TARGET_DIR:-target}/release/wkit
fi
WKIT=$(cd "$(dirname "$WKIT")" && pwd)/$(basename "$WKIT")
PATH=$(dirname "$WKIT"):$PATH

scratch=$(mktemp -d)
registry=
cleanup() {
  if [ -n "$registry" ]; then kill "$registry" 2>/dev/null || true; wait "$registry" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

# The shop's components whose languages this machine has.
missing= components=checkout languages=rust
for row in go:cart:go python3:pricing:python node:catalogue:javascript; do
  IFS=: read -r program component language <<<"$row"
  if command -v "$program" >/dev/null; then
    components="$components $component" languages="$languages $language"
  else
    missing="$missing $program"
  fi
done

step "The guest toolchains, pinned, in a folder of your own"
# The targets are in rust-toolchain.toml.
if command -v rustup >/dev/null; then rustup toolchain install --no-self-update >/dev/null; fi
show wkit toolchain install $languages
show wkit toolchain doctor $languages

if [ -n "$missing" ]; then
  bold "LEFT OUT: this machine has no$missing. The composition needs all four languages, so the road ends after the build."
  if [ "${CI:-}" = true ]; then exit 1; fi
  show wkit --project fixtures/shop build $components
  for component in $components; do show wkit inspect "fixtures/shop/build/$component.wasm"; done
  bold "Install$missing and run this again for the whole road."
  exit 0
fi

step "Build: four components, four languages"
show wkit --project fixtures/shop build

step "Compose: one linked component"
show wkit --project fixtures/shop compose
show wkit inspect fixtures/shop/build/shop.wasm

step "A registry of your own"
bold "\$ wkit registry serve --data $scratch/registry --listen 127.0.0.1:0 &"
wkit registry serve --data "$scratch/registry" --listen 127.0.0.1:0 >"$scratch/registry.log" 2>&1 &
registry=$!
address=
for _ in $(seq 100); do
  address=$(sed -n 's|.*http://\([0-9.]*:[0-9]*\).*|\1|p' "$scratch/registry.log" | head -n 1)
  [ -n "$address" ] && break
  kill -0 "$registry" 2>/dev/null || { cat "$scratch/registry.log"; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { cat "$scratch/registry.log"; exit 1; }
echo "serving on $address"

step "Publish it"
show wkit publish fixtures/shop/build/shop.wasm --as "$address/shop/app:0.1.0"

step "Pull it"
show wkit pull "$address/shop/app:0.1.0" -o "$scratch/shop.wasm"
show cmp fixtures/shop/build/shop.wasm "$scratch/shop.wasm"

step "Run it by reference, from an empty cache"
export WKIT_CACHE=$scratch/empty-cache
show wkit run "$address/shop/app:0.1.0"

printf '\n'
bold "That was the road. The tour goes on in README.md."
