#!/usr/bin/env bash
# Runs `wkit check` in a workflow of GitHub: marks beside the changed lines, a SARIF file, a summary of the job.
# Reads WKIT_PATH (one a line), WKIT_AGAINST, WKIT_ARGS and WKIT_BASE (a commit); action.yml at the top of wkit sets them.
set -euo pipefail

out=$(mktemp -d "${RUNNER_TEMP:-/tmp}/wkit-check.XXXXXX")
read -r -a args <<<"${WKIT_ARGS:-}"
mapfile -t paths < <(printf '%s\n' "${WKIT_PATH:-}" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d')
against=${WKIT_AGAINST:-}
if [ -z "$against" ] && [ -n "${WKIT_BASE:-}" ] && [ -n "${WKIT_BASE//0/}" ]; then
  # A checkout has the newest commit alone unless it was told otherwise.
  git cat-file -e "$WKIT_BASE^{commit}" 2>/dev/null || git fetch --quiet --no-tags --depth=1 origin "$WKIT_BASE"
  against="git:$WKIT_BASE"
fi
[ "$against" = none ] && against=

# check NUMBER [PATH]: checks one thing and leaves its reports in $out.
check() {
  local number=$1 options=("${args[@]}") code=0
  [ $# -gt 1 ] && options+=("$2")
  if [ -n "$against" ] && [ $# -gt 1 ] && [ "$against" = "git:${WKIT_BASE:-}" ] && ! git cat-file -e "$WKIT_BASE:./$2" 2>/dev/null; then
    echo "::notice title=wkit check::$2 is new, so there is nothing to compare it with"
  elif [ -n "$against" ]; then
    options+=(--against "$against")
  fi
  wkit check "${options[@]}" --report "github=$out/$number.github" --report "sarif=$out/sarif/$number.sarif" \
    --report "markdown=$out/$number.md" || code=$?
  [ -f "$out/$number.github" ] && cat "$out/$number.github"
  [ -f "$out/$number.md" ] && cat "$out/$number.md" >>"$out/summary.md"
  return "$code"
}

mkdir "$out/sarif"
worst=0 number=0
if [ ${#paths[@]} -eq 0 ]; then
  check 0 || worst=$?
else
  for path in "${paths[@]}"; do
    code=0
    check "$number" "$path" || code=$?
    [ "$code" -gt "$worst" ] && worst=$code
    number=$((number + 1))
  done
fi

case $worst in
  0) result=fine ;;
  1) result=findings ;;
  *) result=error ;;
esac
if [ -f "$out/summary.md" ]; then
  cat "$out/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  echo "markdown=$out/summary.md" >>"${GITHUB_OUTPUT:-/dev/null}"
fi
# Nothing that could not be checked may look as if it were fine.
[ "$result" = error ] || echo "sarif=$out/sarif" >>"${GITHUB_OUTPUT:-/dev/null}"
echo "result=$result" >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$worst"
