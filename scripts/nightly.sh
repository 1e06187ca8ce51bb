#!/usr/bin/env bash
# The long tier: everything of scripts/test.sh, with 200 rounds of `kill -9` in place of 20, 2000 random graphs of
# components in place of 200, 10000 pairs of WIT packages in place of 2000 (all of them linked and started, in place of
# every seventh), a minute of damaged packages, and 2000 ways in place of 40 in which pushes and the registry's collector of
# garbage come between each other.
set -euo pipefail
cd "$(dirname "$0")/.."
WKIT_CRASH_ROUNDS=200 WKIT_RANDOM_GRAPHS=2000 WKIT_CORPUS_PAIRS=10000 WKIT_FUZZ_SECONDS=60 \
  WKIT_INTERLEAVINGS=2000 scripts/test.sh
