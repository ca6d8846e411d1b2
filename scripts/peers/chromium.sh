#!/bin/bash
# chromium.sh: prints the browser that tests drive; Debian's, installed where it is missing and may be.
set -euo pipefail
find_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! find_browser && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  exec 8>/tmp/pxanomaly-chromium.lock
  flock 8
  find_browser >/dev/null || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; } >&2
  find_browser
fi
