#!/bin/bash
# python.sh SET: a virtual environment with python/SET.txt installed; prints its interpreter.
# Sets: grpc (gRPC's C core, which Pixie's Kelvin sends with), protobuf (a second opinion for the fuzzer) and detectors
# (other isolation forests, for the benchmarks).
source "$(dirname "$0")/cache.sh"
wanted=$here/python/$1.txt

# Called as bin/python only: that survives the move into the cache, the scripts beside it do not.
install() {
  python3 -m venv .
  nice -n 15 bin/python -m pip install -q --disable-pip-version-check -r "$wanted"
}

version=$(python3 -V)
folder=$(once "python-$1-$(key "$wanted" <(echo "$version"))" install)
echo "$folder/bin/python"
