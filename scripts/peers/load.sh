#!/bin/bash
# Builds the load generator and the sink of bench/peers/load and prints the folder that holds both.
source "$(dirname "$0")/cache.sh"
from=$repository/bench/peers/load

build() { (cd "$from" && nice -n 15 go build -trimpath -o "$OLDPWD/" ./loadgen ./sink); }

once "load-$(key $(find "$from" -type f | sort))" build
