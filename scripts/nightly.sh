#!/usr/bin/env bash
# The long tier: everything of scripts/test.sh, with 200 rounds of `kill -9` in place of 20, and 2000 random graphs of
# components in place of 200.
set -euo pipefail
cd "$(dirname "$0")/.."
WKIT_CRASH_ROUNDS=200 WKIT_RANDOM_GRAPHS=2000 scripts/test.sh
