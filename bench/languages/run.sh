#!/usr/bin/env bash
# Builds one kernel in every language and writes docs/languages-table.md: sizes, build times, cold starts and speed.
#
#   WKIT=path/to/wkit bench/languages/run.sh [LANGUAGE…]
#
# Without languages it takes all ten; rows of languages that are not asked for stay as they are in the table. WKIT is
# target/release/wkit by default. Needs cc, rustc, python3 and strace, and the toolchains of the languages.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
wkit=${WKIT:-${CARGO_TARGET_DIR:-$here/../../target}/release/wkit}
[ -x "$wkit" ] || { echo "run.sh: there is no program at $wkit; say where with WKIT" >&2; exit 2; }
for program in cc rustc python3 strace; do
    command -v "$program" > /dev/null || { echo "run.sh: \`$program\` is missing" >&2; exit 2; }
done
# With it, every error inside of the engine takes a backtrace.
unset RUST_BACKTRACE
exec python3 "$here/measure.py" "$(realpath "$wkit")" "$here/kernels" "$here/../../docs/languages-table.md" "$@"
