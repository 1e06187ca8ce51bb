#!/usr/bin/env bash
# Runs the OCI distribution-spec conformance suite against a registry and prints its counts.
#
#   conformance.sh URL [FOLDER]     URL: http://HOST:PORT or https://HOST:PORT; FOLDER keeps the suite's reports
#
# The suite's version is CONFORMANCE_VERSION in versions.env, and setup-clients.sh installs it. OCI_VERSION chooses the
# version of the specification: 1.1 (the default) or dev. The last line is `N passed, N failed, N skipped`, counting
# the suite's single checks; the exit code is 0 only when checks passed, none failed and the suite says so itself.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: conformance.sh URL [FOLDER]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.env"
tools=${WKIT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/wkit/tools}
suite=$tools/conformance-$CONFORMANCE_VERSION/bin/conformance
if [ ! -x "$suite" ]; then
  echo "conformance.sh: the suite is missing at $suite" >&2
  echo "hint: scripts/setup-clients.sh installs it" >&2
  exit 3
fi
case $1 in
  http://*) tls=disabled ;;
  https://*) tls=${OCI_TLS:-enabled} ;;
  *) echo "conformance.sh: expected a URL that begins with http:// or https://, found $1" >&2; exit 2 ;;
esac
host=${1#*://}
host=${host%%/*}
if [ $# -ge 2 ]; then
  folder=$2
  mkdir -p "$folder"
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
# The suite takes a configuration file when there is one in the current folder; an empty one makes it independent.
: >"$folder/oci-conformance.yaml"
code=0
OCI_CONFIGURATION=$folder/oci-conformance.yaml OCI_RESULTS_DIR=$folder OCI_VERSION=${OCI_VERSION:-1.1} \
  OCI_LOG=${OCI_LOG:-warn} OCI_REGISTRY=$host OCI_TLS=$tls \
  "$suite" >"$folder/summary.txt" 2>"$folder/log.txt" || code=$?

# A line of the result tree is a single check when no longer name below it follows.
awk -v code="$code" '
  /^ *OCI Conformance Test.*: (Pass|FAIL|Skip|Disabled|Error|Unknown)$/ {
    line = $0; sub(/^ */, "", line)
    status = line; sub(/^.*: /, "", status)
    name = substr(line, 1, length(line) - length(status) - 2)
    if (held != "" && index(name, held "/") != 1) count()
    held = name; held_status = status; reasons = ""
    next
  }
  /^ *- / && held != "" { reasons = reasons "\n    " $0; next }
  /^OCI Conformance Result: / { if (held != "") count(); held = ""; result = $NF }
  /^API conformance:/ { shown = 1 }
  /^Configuration:/ { if (held != "") count(); held = "" }
  shown { print }
  function count() {
    if (held_status == "Pass") passed++
    else if (held_status == "Skip") { skipped++; notes = notes "SKIPPED " held reasons "\n" }
    else if (held_status == "Disabled") disabled++
    else { failed++; notes = notes "FAILED " held reasons "\n" }
  }
  END {
    if (result == "") { notes = notes "FAILED the suite gave no result\n"; failed++ }
    else if (result != "Pass" && failed == 0) { notes = notes "FAILED the suite says " result "\n"; failed++ }
    if (code != 0 && failed == 0) { notes = notes "FAILED the suite ended with code " code "\n"; failed++ }
    printf "%s", notes
    if (disabled) printf "%d checks are not part of this version of the specification\n", disabled
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit (failed > 0 || passed == 0) ? 1 : 0
  }' "$folder/summary.txt" || { [ -s "$folder/log.txt" ] && tail -n 20 "$folder/log.txt" >&2; exit 1; }
