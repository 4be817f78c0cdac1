#!/usr/bin/env bash
# vulncheck.sh [PACKAGE...]: known vulnerabilities in what the module builds on.
# Exit 0: none. 1: some, or the check is broken. 2: the database cannot be
# reached, so nothing is known; that does not count as passed.
# GOVULNDB names another database, as for govulncheck.
set -uo pipefail
cd "$(dirname "$0")/.."

out=$(go tool -modfile=tools/go.mod govulncheck ${GOVULNDB:+-db "$GOVULNDB"} "${@:-./...}" 2>&1)
status=$?
if [ "$status" != 0 ] && grep -q '^govulncheck: .*fetching vulnerabilities' <<<"$out"; then
  echo "vulncheck: NOT CHECKED: the vulnerability database cannot be reached"
  exit 2
fi
printf '%s\n' "$out"
[ "$status" = 0 ]
