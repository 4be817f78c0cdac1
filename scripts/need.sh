#!/usr/bin/env bash
# need.sh TOOL...: makes sure that tools are there. Those of Debian's packages
# are installed if apt-get can; otherwise one sentence says what to do.
set -euo pipefail

fail() { echo "switchboard: $*" >&2; exit 1; }

install() { # PACKAGE
  command -v apt-get >/dev/null || fail "$1 is missing: install it and try again"
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || fail "$1 is missing: run 'sudo apt-get install $1' and try again"
    sudo="sudo"
  fi
  echo "== installing $1 from Debian's packages"
  # RUNLEVEL=1 keeps packages of servers from starting them.
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq "$1"; } >/dev/null ||
    fail "$1 could not be installed: run 'apt-get install $1' and see why"
}

for tool in "$@"; do
  case $tool in
  go)
    command -v go >/dev/null || fail "Go is missing: install Go 1.26 or later from https://go.dev/dl/"
    version=$(go env GOVERSION); minor=${version#go1.}; minor=${minor%%[!0-9]*}
    [ "${minor:-0}" -ge 26 ] || fail "Go 1.26 or later is needed, this is $version: see https://go.dev/dl/"
    ;;
  node)
    command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js is missing: install Node 20 or later from https://nodejs.org/"
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] || fail "Node 20 or later is needed, this is $(node --version): see https://nodejs.org/"
    ;;
  gcc) command -v gcc >/dev/null || install gcc ;; # the race detector links with it
  chromium) command -v chromium >/dev/null || install chromium ;;
  nginx | haproxy | caddy | openssl) PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || install "$tool" ;;
  *) fail "need.sh does not know $tool" ;;
  esac
done
