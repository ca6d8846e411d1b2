#!/bin/bash
# Builds h2spec, the conformance tests of HTTP/2 and HPACK, from its Go module and prints the program's path.
source "$(dirname "$0")/cache.sh"

build() { commands github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible; }

folder=$(once "h2spec-$(key "$0")" build)
echo "$folder/bin/h2spec"
