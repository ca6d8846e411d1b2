#!/bin/bash
# Builds OTLP/gRPC as grpc-go speaks it, server and client, from otlp-go and prints the program's path.
source "$(dirname "$0")/cache.sh"
from=$here/otlp-go

build() { (cd "$from" && nice -n 15 go build -trimpath -ldflags='-s -w' -o "$OLDPWD/otlp-go" .); }

folder=$(once "otlp-go-$(key "$0" "$from"/*)" build)
echo "$folder/otlp-go"
