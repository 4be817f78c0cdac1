#!/usr/bin/env bash
# Plays the recorded answers of ASP.NET Core SignalR against interop/server,
# then lets the official .NET client loose on it. SHARED names the folder that
# has both; see CONTRIBUTING.md. DRIVER is how the server reads and writes
# sockets (event, goroutine, stream; default: by connection), TLS=1 has
# everything over https.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${SHARED:-../shared}
scheme=http
if [ -n "${TLS:-}" ]; then
  scheme=https
fi
case ${DRIVER:=auto} in auto | event | goroutine | stream) ;; *)
  echo "conformance: there is no driver $DRIVER: choose auto, event, goroutine or stream" >&2
  exit 1
esac
if [ ! -d "$shared/golden" ] || [ ! -x "$shared/dotnet/signalr-dotnet" ]; then
  echo "conformance: $shared has no golden/ and dotnet/: name the folder with the recorded answers, SHARED=path make conformance" >&2
  exit 1
fi

tmp=$(mktemp -d)
server= tunnel=
trap 'for p in $server $tunnel; do kill "$p" 2>/dev/null || true; done; rm -rf "$tmp"' EXIT

echo "conformance: dependencies of the player"
[ -d interop/node/node_modules/ws ] || (cd interop/node && npm ci --silent --no-audit --no-fund)
echo "conformance: building and starting the server"
go build -o "$tmp/server" ./interop/server
: >"$tmp/out" # the server may be slower than the first look at it
SWITCHBOARD_DRIVER=$DRIVER ASPNETCORE_URLS="https://127.0.0.1:0;http://127.0.0.1:0" "$tmp/server" >"$tmp/out" 2>"$tmp/log" &
server=$!
url=
for _ in $(seq 600); do
  url=$(sed -n 's/^Now listening on: \('"$scheme"':.*\)$/\1/p' "$tmp/out")
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$tmp/log" >&2; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { echo "conformance: the server does not listen" >&2; exit 1; }

if [ "$scheme" = https ]; then # the player knows http only, and the .NET client no certificate of this run
  node interop/tunnel.mjs "$url" >"$tmp/tunnel" &
  tunnel=$!
  until [ -s "$tmp/tunnel" ]; do
    kill -0 "$tunnel" 2>/dev/null || exit 1
    sleep 0.1
  done
  echo "conformance: a tunnel to $url"
  url=$(cat "$tmp/tunnel")
fi

failed=0
echo "conformance: recorded answers, against $url, driver $DRIVER"
NODE_DEPS=interop/node node "$shared/golden/record.mjs" "$url" --check "$shared/golden/recorded/aspnetcore-10.json" \
  --accept interop/accepted.json || failed=1
echo "conformance: the official .NET client"
"$shared/dotnet/signalr-dotnet" check "$url" || failed=1
if [ "$failed" = 1 ]; then
  echo "conformance: FAILED; the server's log:"
  tail -n 20 "$tmp/log"
fi
exit "$failed"
