# Switchboard. "make help" lists what there is.
SHELL := /bin/bash
SHARED ?= ../shared
export SHARED

PAGES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/test/*' -not -name '.stamp-*')
DEMOS := $(shell find examples -name "*.go" -not -name "*_test.go")

.PHONY: help run build test test-go test-drivers test-interop test-pages test-deploy conformance bench fmt lint vulncheck clean need-go need-node need-all

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: build ## build what changed and serve the gallery on http://localhost:5000
	@bin/switchboard serve

build: need-go need-node web/.stamp-built ## the pages and bin/switchboard
	@echo "== building bin/switchboard"
	@go build -o bin/switchboard ./cmd/switchboard

test: need-all lint build test-go test-drivers test-interop test-pages test-deploy ## everything: Go with the race detector, official clients in Node and Chromium, pages in Chromium, proxies
	@echo "== everything passed"

test-go: need-all
	@echo "== Go tests, with the race detector"
	@go test -race ./...
	@echo "== allocation counts, without it"
	@go test -run '^TestAllocations' . ./internal/wire

# What a driver is chosen for by default is covered by test-go.
test-drivers: need-all ## the suites that use sockets, on the drivers that are not the default, and under TLS
	@for d in goroutine stream; do echo "== Go tests on the driver $$d"; SWITCHBOARD_DRIVER=$$d go test -race -skip '^Fuzz' ./endpoint ./interop/server || exit 1; done
	@for d in event stream; do echo "== raw lines on the driver $$d"; SWITCHBOARD_DRIVER=$$d go test -race -skip '^Fuzz' ./websocket || exit 1; done
	@echo "== Go tests through endpoint.Serve"; SWITCHBOARD_SERVE=1 go test -race -skip '^Fuzz' ./endpoint
	@for d in auto stream; do echo "== Go tests under TLS, driver $$d"; SWITCHBOARD_TLS=1 SWITCHBOARD_DRIVER=$$d go test -race -skip '^Fuzz' ./endpoint || exit 1; done

test-interop: need-all interop/node/.stamp-deps web/.stamp-deps
	@echo "== the official client in Node and in Chromium"
	@cd interop/node && npm test --silent

test-pages: need-all build
	@echo "== the pages in Chromium"
	@cd web && npm test --silent

test-deploy: build interop/node/.stamp-deps ## each transport through nginx, HAProxy and Caddy as in deploy/, with and without TLS; tokens; ACME
	@scripts/need.sh nginx haproxy caddy openssl
	@echo "== the reference configurations, tokens, ACME"
	@go build -modfile=tools/go.mod -o out/ github.com/letsencrypt/pebble/v2/cmd/pebble github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv
	@cd interop/node && node deploy/run.mjs

conformance: need-go need-node ## the recorded answers and the official .NET client (SHARED=folder with them; DRIVER=event|goroutine|stream, TLS=1)
	@bash interop/conformance.sh

bench: need-go ## Go benchmarks with allocations
	@go test -run '^$$' -bench . -benchmem ./...

fmt: need-go ## format the Go code
	@gofmt -w $$(git ls-files '*.go')

lint: need-go ## go mod verify, gofmt, go vet for three systems, staticcheck
	@echo "== lint"
	@echo "   go mod verify"
	@go mod verify >/dev/null
	@go mod verify -modfile=tools/go.mod >/dev/null
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	@for os in linux darwin windows; do echo "   go vet ($$os)"; GOOS=$$os go vet ./... || exit 1; done
	@echo "   staticcheck"
	@go tool -modfile=tools/go.mod staticcheck ./...

vulncheck: need-go ## known vulnerabilities in dependencies; fails if the database cannot be reached
	@scripts/vulncheck.sh

clean: ## remove what was built
	@rm -rf bin out web/.stamp-* interop/node/.stamp-*
	@find web/dist -mindepth 1 ! -name README.txt -delete

need-go:
	@scripts/need.sh go

need-node:
	@scripts/need.sh node

need-all:
	@scripts/need.sh go node gcc chromium openssl

web/.stamp-deps: web/package-lock.json
	@echo "== installing the pages' dependencies"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/.stamp-built: web/.stamp-deps $(PAGES) $(DEMOS)
	@echo "== building the pages"
	@find web/dist -mindepth 1 ! -name README.txt -delete
	@cd web && npm run --silent check && npm run --silent build -- --logLevel warn
	@touch $@

interop/node/.stamp-deps: interop/node/package-lock.json
	@echo "== installing the suites' dependencies"
	@cd interop/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
