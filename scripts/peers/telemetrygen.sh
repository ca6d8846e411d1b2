#!/bin/bash
# Builds the OpenTelemetry project's telemetrygen from its Go module and prints the program's path.
source "$(dirname "$0")/cache.sh"

build() { commands github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0; }

folder=$(once "telemetrygen-$(key "$0")" build)
echo "$folder/bin/telemetrygen"
