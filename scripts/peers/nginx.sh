#!/bin/bash
# nginx.sh: prints an nginx, the machine's or the one out of Debian's package (no service is installed or started);
# prints nothing where there is neither.
source "$(dirname "$0")/cache.sh"

unpack() {
  apt-get download nginx 2>/dev/null || { apt-get update -qq; apt-get download nginx; }
  dpkg-deb -x nginx_*.deb . && rm nginx_*.deb
  usr/sbin/nginx -v
}

command -v nginx && exit
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || exit 0
set +e
folder=$(set -e; once nginx unpack)
[ -n "$folder" ] && echo "$folder/usr/sbin/nginx"
exit 0
