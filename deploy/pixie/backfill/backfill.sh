#!/usr/bin/env bash
# backfill.sh GATEWAY [HOURS] [SLICE_S]: sends what Pixie's table store still holds through the gateway, oldest slice
# first.
#   GATEWAY  host:port as the cluster sees it, for example pxanomaly.observability.svc.cluster.local:4317
#   HOURS    how far back (default 4); older rows than the table store holds are simply not there
#   SLICE_S  seconds a slice (default 60): 10,000 rows is Pixie's limit a run, and a slice makes (pod pairs) x SLICE_S/10 rows
# Needs Pixie's command line, logged in (`px auth login`). DRY_RUN=1 prints the scripts instead of running them.
set -euo pipefail
gateway=${1:?usage: backfill.sh GATEWAY [HOURS] [SLICE_S]}
hours=${2:-4}
slice=${3:-60}
here=$(cd "$(dirname "$0")" && pwd)
case "$gateway" in *[!A-Za-z0-9.:_-]*) echo "not a host:port: $gateway" >&2; exit 2 ;; esac
end=$(( $(date +%s) / 10 * 10 ))
script=$(mktemp)
trap 'rm -f "$script"' EXIT
for (( from = end - hours * 3600; from < end; from += slice )); do
  to=$(( from + slice < end ? from + slice : end ))
  sed -e "s/__START_NS__/${from}000000000/" -e "s/__END_NS__/${to}000000000/" -e "s/__GATEWAY__/$gateway/" "$here/http-edges.pxl" >"$script"
  if [ -n "${DRY_RUN:-}" ]; then cat "$script"; else px run -f "$script" >/dev/null; fi
  printf '\r%s' "$(date -u -d "@$to" +%FT%TZ 2>/dev/null || date -u -r "$to" +%FT%TZ)" >&2
done
echo >&2
