#!/usr/bin/env bash
# Builds the reference container registry from Go modules into the cache, and prints the path of its program.
# Usage: tests/support/registry/build.sh
set -Eeuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../../airgap/lib.sh"
source "$AIRGAP/clients.sh"

build() {
  step 'build registry' go_build "$here" "$1/registry" github.com/distribution/distribution/v3/cmd/registry \
    -ldflags='-s -w'
}

make_registry() {
  use_go
  cached registry "$1" build
}

key=$(key_of ../tests/support/registry clients.sh)
[[ -d $CACHE/registry/$key ]] || interruptible make_registry "$key"
echo "$CACHE/registry/$key/registry"
