# Where the peers are kept between runs, and how each is made once. Sourced by the other scripts of this folder.
# A peer lives in $peers/NAME-KEY, where KEY changes with whatever it is built from; its path is what a script prints.
set -euo pipefail
# Without it a build that fails inside of $(once …) would be kept as if it had succeeded.
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
peers=${PXANOMALY_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/pxanomaly-peers}
mkdir -p "$peers"
export GOFLAGS=-mod=mod\ -buildvcs=false

# key FILE...: twelve digits that change with the content of any of the files.
key() { cat "$@" | sha256sum | cut -c1-12; }

# once NAME-KEY FUNCTION: runs FUNCTION in an empty folder unless that peer exists, and prints the peer's folder.
# The folder appears under its name only when FUNCTION has succeeded; a second caller waits for the first.
once() {
  local target=$peers/$1 make=$2 part
  if [ ! -d "$target" ]; then
    exec 8>"$peers/.$1.lock"
    flock 8
    if [ ! -d "$target" ]; then
      part=$(mktemp -d "$peers/.$1.XXXXXX")
      trap "rm -rf '$part'" EXIT
      echo "peers: $1, the first time takes a while" >&2
      (set -e; cd "$part"; "$make" "$target") >&2
      mv "$part" "$target"
      trap - EXIT
    fi
    exec 8>&-
  fi
  echo "$target"
}

# commands PACKAGE@VERSION...: builds Go commands into bin/ of the current folder.
commands() {
  local package
  for package in "$@"; do GOBIN=$PWD/bin nice -n 15 go install -trimpath -ldflags='-s -w' "$package"; done
}
