#!/usr/bin/env bash
# The long tier: everything of scripts/test.sh, with 200 rounds of `kill -9` in place of 20.
set -euo pipefail
cd "$(dirname "$0")/.."
WKIT_CRASH_ROUNDS=200 scripts/test.sh
