#!/usr/bin/env bash
# Builds what the bench compares with from Go modules, into the cache: docker compose, and the Docker provider in a
# mirror for terraform. Prints the folder of the two.
# Usage: bench/build.sh
set -Eeuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../airgap/lib.sh"
source "$AIRGAP/clients.sh"

# A mirror names versions, and terraform takes 0.0.0, which a Go module without a release would be, for none.
provider=terraform-mirror/trading-db.local/bench/docker/1.0.0/linux_amd64/terraform-provider-docker_v1.0.0

build() {
  step 'build terraform-provider-docker' go_build "$here/terraform" "$1/$provider" \
    github.com/terraform-providers/terraform-provider-docker -tags=no_compose -ldflags='-s -w'
  step 'build docker-compose' go_build "$here/compose" "$1/docker-compose" github.com/docker/compose/v2/cmd \
    -ldflags='-s -w -X github.com/docker/compose/v2/internal.Version=2.40.3'
}

make_rivals() {
  use_go
  cached bench "$1" build
}

key=$(key_of ../bench/build.sh ../bench/compose/go.mod ../bench/compose/go.sum ../bench/terraform/go.mod \
  ../bench/terraform/go.sum clients.sh)
[[ -d $CACHE/bench/$key ]] || interruptible make_rivals "$key"
echo "$CACHE/bench/$key"
