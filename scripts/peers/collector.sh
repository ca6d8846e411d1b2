#!/bin/bash
# Builds an OpenTelemetry Collector from its Go modules (about three minutes the first time) and prints the program's
# path. collector/manifest.yaml says which components; collector/go.{mod,sum} pin everything below them.
# `collector.sh --lock` writes those two anew after the manifest has changed.
source "$(dirname "$0")/cache.sh"
from=$here/collector
builder=go.opentelemetry.io/collector/cmd/builder@v0.164.0

generate() {
  commands "$builder"
  sed "s#^dist:#dist:\n  output_path: $PWD/source#" "$from/manifest.yaml" > manifest.yaml
  bin/builder --config manifest.yaml --skip-compilation --skip-get-modules --skip-strict-versioning
}

build() {
  generate
  cp "$from/go.mod" "$from/go.sum" source/
  (cd source && nice -n 15 go build -trimpath -ldflags='-s -w' -o ../otelcol .)
  rm -rf source bin
}

# The builder's own `go mod tidy` asks for modules that only tests need; requiring what the manifest names is enough.
lock() {
  cd "$(mktemp -d)"
  generate
  cd source
  go mod init otelcol
  sed -nE 's/.*gomod: ([^ ]+) (v.*)/\1@\2/p' ../manifest.yaml | while read -r module; do go mod edit -require="$module"; done
  go mod edit -require=go.opentelemetry.io/collector/otelcol@v0.162.0
  # An indirect requirement at a version that the module proxy serves.
  go mod edit -require=github.com/aws/aws-sdk-go-v2/service/servicediscovery@v1.49.0
  nice -n 15 go build -o /dev/null .
  cp go.mod go.sum "$from/"
}

if [ "${1:-}" = --lock ]; then lock; exit; fi
folder=$(once "collector-$(key "$0" "$from"/*)" build)
echo "$folder/otelcol"
