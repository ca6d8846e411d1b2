#!/bin/bash
# Builds HotROD, Jaeger's demo application (four services with OpenTelemetry's Go SDK), from its Go module and prints
# the program's path.
source "$(dirname "$0")/cache.sh"
module=github.com/jaegertracing/jaeger@v1.76.0

# In its own module, whose go.mod replaces others: `go install` refuses such a one. Its go.sum pins what is below it.
build() {
  local source
  source=$(cd / && GOFLAGS= go mod download -json "$module" | sed -nE 's/^\s*"Dir": "(.*)",?$/\1/p')
  nice -n 15 env GOFLAGS=-buildvcs=false go build -C "$source" -trimpath -ldflags='-s -w' -o "$PWD/hotrod" ./examples/hotrod
}

folder=$(once "hotrod-$(key "$0")" build)
echo "$folder/hotrod"
