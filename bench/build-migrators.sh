#!/usr/bin/env bash
# Installs the migration tools that the bench compares with by npm, and builds mongoimport from its Go module, both into
# the cache. Prints the folder that has them.
# Usage: bench/build-migrators.sh
set -Eeuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../airgap/lib.sh"
source "$AIRGAP/clients.sh"

build() {
  cp "$here"/rivals/*.mjs "$1"
  step 'install the migration tools' npm_install "$here/rivals" "$1"
  step 'build mongoimport' go_build "$here/mongoimport" "$1/mongoimport" \
    github.com/mongodb/mongo-tools/mongoimport/main -ldflags='-s -w'
}

make_migrators() {
  use_go
  cached bench "$1" build
}

key=$(key_of ../bench/build-migrators.sh ../bench/rivals ../bench/mongoimport clients.sh)
[[ -d $CACHE/bench/$key ]] || interruptible make_migrators "$key"
echo "$CACHE/bench/$key"
