#!/bin/bash
# Unpacks Debian's prometheus package (no service is installed or started) and prints the folder with prometheus and
# promtool.
source "$(dirname "$0")/cache.sh"

unpack() {
  apt-get download prometheus 2>/dev/null || { apt-get update -qq; apt-get download prometheus; }
  dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb
}

folder=$(once prometheus unpack)
echo "$folder/usr/bin"
