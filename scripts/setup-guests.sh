#!/usr/bin/env bash
# Gets what `wkit build` needs: the Wasm targets of the pinned Rust toolchain, and the packages that wkit itself pins
# (`wkit toolchain install --all`), in one folder of the user's cache. A second run does nothing. A missing base
# toolchain is left out and named, and is a failure where CI=true.
#
#   scripts/setup-guests.sh                     builds wkit first
#   WKIT=path/to/wkit scripts/setup-guests.sh   takes this one
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# A path that was given is meant from where the script was called.
[ -z "${WKIT:-}" ] || WKIT=$(cd "$(dirname "$WKIT")" && pwd)/$(basename "$WKIT")
cd "$root"

say() { printf 'setup-guests: %s\n' "$*" >&2; }

# The channel and the targets are those of rust-toolchain.toml; the repository is the only place that names them.
install_rust() {
  local channel target
  channel=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
  if ! rustup toolchain list | grep -q "^$channel-"; then
    say "installing Rust $channel"
    rustup toolchain install --quiet --no-self-update --profile minimal "$channel" >&2
  fi
  sed -n '/^targets *= *\[/,/\]/p' rust-toolchain.toml | grep -o '"[^"]*"' | tr -d '"' |
    while IFS= read -r target; do
      rustup target list --toolchain "$channel" --installed | grep -qx "$target" && continue
      say "adding the target $target"
      rustup target add --quiet --toolchain "$channel" "$target" >&2
    done
}

if command -v rustup >/dev/null; then install_rust; fi
if [ -z "${WKIT:-}" ]; then
  cargo build --workspace --locked
  WKIT=${CARGO_TARGET_DIR:-target}/debug/wkit
fi

"$WKIT" toolchain install --all

# What Rust guests are built from, so that they can be built without a network later.
for manifest in fixtures/shop/checkout/Cargo.toml fixtures/pairs/*/*/Cargo.toml; do
  cargo fetch --quiet --locked --manifest-path "$manifest"
done

# The doctor names every language that is left out, and what to do about it.
if ! "$WKIT" toolchain doctor --all >&2; then
  if [ "${CI:-}" = true ]; then
    say "in CI every language must be there"
    exit 1
  fi
  say "THE LANGUAGES THAT CANNOT BE BUILT ARE LEFT OUT"
fi
