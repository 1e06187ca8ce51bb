#!/usr/bin/env bash
# Installs the programs that the tests talk to: other clients (oras, crane, regctl, skopeo, wkg), the composer wac, the
# reference registry, the OCI conformance suite, cargo-deny, what the templates are tested and formatted with (pytest,
# black, clang-format, prettier), what reports are checked with (check-jsonschema, xmlschema, published schemas,
# pre-commit), and the history of WASI. All are pinned in versions.env and go into one folder of the user's cache; a
# second run does nothing. skopeo is Debian's package and is installed only where apt-get may.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"
tools=${WKIT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/wkit/tools}
mkdir -p "$tools"

say() { printf 'setup-clients: %s\n' "$*" >&2; }

# install_go NAME VERSION MODULE: builds a Go program into $tools/NAME-VERSION/bin/NAME.
install_go() {
  local name=$1 version=$2 module=$3 target="$tools/$1-$2"
  [ -x "$target/bin/$name" ] && return 0
  say "building $name $version"
  rm -rf "$target.part"
  mkdir -p "$target.part/bin"
  CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOBIN="$target.part/bin" go install "$module@v$version"
  # `go install` names the program after the last part of its package path.
  [ -x "$target.part/bin/$name" ] || mv "$target.part/bin/$(basename "$module")" "$target.part/bin/$name"
  rm -rf "$target"
  mv "$target.part" "$target"
}

# install_cargo NAME VERSION [CRATE [FLAG…]]: builds a crate's program, unoptimised: tests start it a few times only.
install_cargo() {
  local name=$1 version=$2 crate=${3:-$1} target="$tools/$1-$2"
  [ -x "$target/bin/$name" ] && return 0
  say "building $name $version"
  rm -rf "$target.part"
  (cd "$here/.." && CARGO_TARGET_DIR="$target.part/target" CARGO_PROFILE_DEV_DEBUG=0 \
    cargo install --quiet --debug --locked --root "$target.part" "$crate@$version" "${@:4}")
  rm -rf "$target" "$target.part/target"
  mv "$target.part" "$target"
}

if command -v go >/dev/null; then
  install_go conformance "$CONFORMANCE_VERSION" github.com/opencontainers/distribution-spec/conformance
  install_go oras "$ORAS_VERSION" oras.land/oras/cmd/oras
  install_go crane "$CRANE_VERSION" github.com/google/go-containerregistry/cmd/crane
  install_go regctl "$REGCTL_VERSION" github.com/regclient/regclient/cmd/regctl
  install_go distribution "$DISTRIBUTION_VERSION" github.com/distribution/distribution/v3/cmd/registry
else
  say "go is missing: conformance, oras, crane, regctl and distribution are left out"
fi
install_cargo cargo-deny "$CARGO_DENY_VERSION"
install_cargo wkg "$WKG_VERSION"
# Without its client of an abandoned registry protocol, which the comparison does not need.
install_cargo wac "$WAC_VERSION" wac-cli --no-default-features --features wit

# install_python NAME VERSION [PROGRAM]: a package of Python's registry with its program, found by the package's name. An
# environment of its own is not moved afterwards, since its scripts know its path.
install_python() {
  local name=$1 version=$2 program=${3:-$1} target="$tools/$1-$2"
  [ -x "$target/bin/$name" ] && return 0
  say "installing $name $version"
  rm -rf "$target"
  python3 -m venv "$target"
  "$target/bin/python3" -m pip install --quiet --disable-pip-version-check "$name==$version" || { rm -rf "$target"; exit 1; }
  [ "$program" = "$name" ] || ln -s "$program" "$target/bin/$name"
}

if command -v python3 >/dev/null; then
  install_python pytest "$PYTEST_VERSION"
  install_python black "$BLACK_VERSION"
  install_python clang-format "$CLANG_FORMAT_VERSION"
  install_python check-jsonschema "$CHECK_JSONSCHEMA_VERSION"
  install_python xmlschema "$XMLSCHEMA_VERSION" xmlschema-validate
  install_python pre-commit "$PRE_COMMIT_VERSION"
else
  say "python3 is missing: pytest, black, clang-format, check-jsonschema, xmlschema and pre-commit are left out"
fi

# The schemas of SARIF and of JUnit's reports, each out of a package that carries it.
schemas="$tools/report-schemas"
mkdir -p "$schemas"
if command -v npm >/dev/null && [ ! -f "$schemas/sarif-2.1.0.json" ]; then
  say "getting the schema of SARIF"
  part=$(mktemp -d)
  (cd "$part" && npm pack --silent "@microsoft/jest-sarif@$JEST_SARIF_VERSION" >/dev/null && tar -xzf ./*.tgz)
  mv "$part"/package/lib/schemas/sarif-2.1.0-rtm.5.json "$schemas/sarif-2.1.0.json"
  rm -rf "$part"
fi
if command -v python3 >/dev/null && [ ! -f "$schemas/junit-10.xsd" ]; then
  say "getting the schema of JUnit's reports"
  part=$(mktemp -d)
  "$tools/pytest-$PYTEST_VERSION/bin/python3" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --dest "$part" "pytest==$PYTEST_VERSION"
  tar -xzf "$part"/pytest-*.tar.gz -C "$part" --wildcards --strip-components=3 '*/junit-10.xsd'
  mv "$part/junit-10.xsd" "$schemas/junit-10.xsd"
  rm -rf "$part"
fi

prettier="$tools/prettier-$PRETTIER_VERSION"
if ! command -v npm >/dev/null; then
  say "npm is missing: prettier is left out"
elif [ ! -x "$prettier/bin/prettier" ]; then
  say "installing prettier $PRETTIER_VERSION"
  rm -rf "$prettier"
  npm install --silent --global --prefix "$prettier" "prettier@$PRETTIER_VERSION" >/dev/null || { rm -rf "$prettier"; exit 1; }
fi

# The WIT of each version of WASI, out of crates that carry it: $tools/wasi-history-N/0.2.0/io and so on.
history="$tools/wasi-history-$WASI_HISTORY_VERSION"
if [ ! -d "$history" ]; then
  say "fetching the history of WASI"
  rm -rf "$history.part"
  for crate in $WASI_HISTORY; do
    name=${crate%@*} version=${crate#*@}
    project="$history.part/project"
    mkdir -p "$project/src"
    touch "$project/src/lib.rs"
    printf '[package]\nname = "history"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = "=%s"\n[workspace]\n' \
      "$name" "$version" >"$project/Cargo.toml"
    (cd "$project" && cargo vendor --quiet --versioned-dirs vendor >/dev/null)
    release="$history.part/wit/${version##*+wasi-}"
    mkdir -p "$release"
    cp -R "$project/vendor/$name-$version/wit/deps/." "$release/"
    # Some have one file for each package, others a folder.
    for file in "$release"/*.wit; do
      [ -f "$file" ] || continue
      mkdir "${file%.wit}"
      mv "$file" "${file%.wit}/"
    done
    rm -rf "$project"
  done
  mv "$history.part/wit" "$history"
  rm -rf "$history.part"
fi

if ! command -v skopeo >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing skopeo"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends skopeo >/dev/null
  else
    say "skopeo is missing: install the package skopeo"
  fi
fi
say "ready in $tools"
