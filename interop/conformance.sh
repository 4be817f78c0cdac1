#!/usr/bin/env bash
# Plays the recorded answers of ASP.NET Core SignalR against interop/server,
# then lets the official .NET client loose on it. SHARED names the folder that
# has both; see CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${SHARED:-../shared}
if [ ! -d "$shared/golden" ] || [ ! -x "$shared/dotnet/signalr-dotnet" ]; then
  echo "conformance: $shared has no golden/ and dotnet/: name the folder with the recorded answers, SHARED=path make conformance" >&2
  exit 1
fi

tmp=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$tmp"' EXIT

echo "conformance: dependencies of the player"
[ -d interop/node/node_modules/ws ] || (cd interop/node && npm ci --silent --no-audit --no-fund)
echo "conformance: building and starting the server"
go build -o "$tmp/server" ./interop/server
: >"$tmp/out" # the server may be slower than the first look at it
ASPNETCORE_URLS="https://127.0.0.1:0;http://127.0.0.1:0" "$tmp/server" >"$tmp/out" 2>"$tmp/log" &
server=$!
url=
for _ in $(seq 100); do
  url=$(sed -n 's/^Now listening on: \(http:.*\)$/\1/p' "$tmp/out")
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$tmp/log" >&2; exit 1; }
  sleep 0.1
done

failed=0
echo "conformance: recorded answers, against $url"
NODE_DEPS=interop/node node "$shared/golden/record.mjs" "$url" --check "$shared/golden/recorded/aspnetcore-10.json" \
  --accept interop/accepted.json || failed=1
echo "conformance: the official .NET client"
"$shared/dotnet/signalr-dotnet" check "$url" || failed=1
if [ "$failed" = 1 ]; then
  echo "conformance: FAILED; the server's log:"
  tail -n 20 "$tmp/log"
fi
exit "$failed"
