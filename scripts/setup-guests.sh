#!/usr/bin/env bash
# Installs what `wkit build` needs beside the languages' own compilers: componentize-py in a Python environment of its
# own, componentize-qjs in an npm folder of its own, and the Wasm targets of the pinned Rust toolchain. All are pinned
# in versions.env and go into one folder of the user's cache; a second run does nothing. Go needs only its compiler:
# wkit carries the rest. A missing base toolchain is left out and named, and is a failure where CI=true.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"
tools=${WKIT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/wkit/tools}
# Absolute, since it is written into the scripts of a Python environment.
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
ready=()
missing=()

say() { printf 'setup-guests: %s\n' "$*" >&2; }

# leave_out LANGUAGE WHAT: notes that components of a language cannot be built.
leave_out() {
  missing+=("$1")
  say "$1 IS LEFT OUT: $2"
}

# at_least WANTED FOUND: whether a dotted version is at least the wanted one.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

install_python() {
  local version=$COMPONENTIZE_PY_VERSION
  local target="$tools/componentize-py-$version"
  [ -x "$target/bin/componentize-py" ] && return 0
  say "installing componentize-py $version"
  rm -rf "$target.part"
  python3 -m venv --prompt "componentize-py $version" "$target.part"
  "$target.part/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary :all: "componentize-py==$version"
  # The environment's scripts name their interpreter by its full path, which is about to change.
  grep -rlIF "$target.part" "$target.part/bin" "$target.part/pyvenv.cfg" | while IFS= read -r file; do
    sed "s|$target\.part|$target|g" "$file" >"$file.new"
    cat "$file.new" >"$file"
    rm "$file.new"
  done
  rm -rf "$target"
  mv "$target.part" "$target"
  "$target/bin/componentize-py" --version >/dev/null
}

install_javascript() {
  local version=$COMPONENTIZE_QJS_VERSION
  local target="$tools/componentize-qjs-$version"
  [ -e "$target/node_modules/.bin/componentize-qjs" ] && return 0
  say "installing componentize-qjs $version"
  rm -rf "$target.part"
  mkdir -p "$target.part"
  echo '{ "private": true }' >"$target.part/package.json"
  npm install --prefix "$target.part" --silent --no-audit --no-fund --save-exact "componentize-qjs@$version" >&2
  rm -rf "$target"
  mv "$target.part" "$target"
  "$target/node_modules/.bin/componentize-qjs" --help >/dev/null
}

# The channel and the targets are those of rust-toolchain.toml; the repository is the only place that names them.
install_rust() {
  local channel target
  channel=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$here/../rust-toolchain.toml")
  if ! rustup toolchain list | grep -q "^$channel-"; then
    say "installing Rust $channel"
    rustup toolchain install --quiet --no-self-update --profile minimal "$channel" >&2
  fi
  sed -n '/^targets *= *\[/,/\]/p' "$here/../rust-toolchain.toml" | grep -o '"[^"]*"' | tr -d '"' |
    while IFS= read -r target; do
      rustup target list --toolchain "$channel" --installed | grep -qx "$target" && continue
      say "adding the target $target"
      rustup target add --quiet --toolchain "$channel" "$target" >&2
    done
}

# What the guests are built from, so that they can be built without a network later.
fetch_crates() { (cd "$here/../fixtures/shop/checkout" && cargo fetch --quiet --locked); }

if ! command -v cargo >/dev/null; then
  leave_out rust "cargo is missing; install Rust with rustup, or from your package manager"
elif command -v rustup >/dev/null; then
  install_rust
  fetch_crates
  ready+=(rust)
elif [ -d "$(rustc --print target-libdir --target wasm32-wasip2 2>/dev/null)" ]; then
  fetch_crates
  ready+=(rust)
else
  leave_out rust "this Rust has no target wasm32-wasip2; install it with your package manager, or use rustup"
fi

if ! command -v go >/dev/null; then
  leave_out go "go is missing; install Go 1.25 or newer"
elif ! at_least 1.25 "$(go env GOVERSION | sed 's/^go//')"; then
  leave_out go "expected Go 1.25 or newer, found $(go env GOVERSION)"
else
  ready+=(go)
fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  leave_out javascript "node or npm is missing; install Node.js 20 or newer with npm"
else
  install_javascript
  ready+=(javascript)
fi

if ! command -v python3 >/dev/null; then
  leave_out python "python3 is missing; install Python 3.10 or newer with its venv module"
elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
  leave_out python "expected Python 3.10 or newer, found $(python3 --version)"
elif ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  leave_out python "Python has no venv module; install it (Debian's package is python3-venv)"
else
  install_python
  ready+=(python)
fi

say "ready in $tools: ${ready[*]:-nothing}; left out: ${missing[*]:-nothing}"
if [ "${#missing[@]}" -gt 0 ] && [ "${CI:-}" = true ]; then
  say "in CI every language must be there"
  exit 1
fi
