#!/bin/bash
# chromium.sh: prints the browser that tests drive, Debian's, installed where it is missing; prints nothing where it
# cannot be had.
set -uo pipefail
find_browser() { command -v chromium || command -v google-chrome; }
install_browser() { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; }
if ! find_browser && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  exec 8>/tmp/pxanomaly-chromium.lock
  flock 8
  find_browser >/dev/null || install_browser >&2
  find_browser
fi
exit 0
