#!/usr/bin/env bash
# Builds the Pulumi command line, its language host and its two plugins from Go modules, as package.json pins them, into
# a folder of the cache that can serve as PULUMI_HOME. Prints that folder as the last line.
# Usage: toolchain/build.sh [--check]    (after `npm ci`; --check builds nothing and fails where that would be needed)
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$AIRGAP/clients.sh"

project=$(dirname "$AIRGAP")
# The launcher of dynamic providers comes with the npm package.
launcher=$project/node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs

# version_of PACKAGE: the exact version that package.json asks for.
version_of() {
  sed -n "s|^ *\"$1\": \"\([0-9][0-9.]*\)\",\{0,1\}\$|\1|p" "$project/package.json"
}

# check_pin FOLDER MODULE VERSION: the Go modules must be those of the npm package's version.
check_pin() {
  grep -qF "$2 v$3" "$AIRGAP/toolchain/$1/go.mod" ||
    fail "package.json pins pulumi $3, but airgap/toolchain/$1/go.mod has another version of $2. Make them one:
    cd airgap/toolchain/$1 && go get $2@v$3 && go mod tidy"
}

# build HOME: fill the empty folder.
build() {
  local home=$1 module=$AIRGAP/toolchain bin=$1/versions/$cli_version/bin
  step 'build pulumi-language-nodejs' go_build "$module/language-nodejs" "$bin/pulumi-language-nodejs" . \
    -ldflags="-s -w -X main.version=$cli_version"
  step 'build pulumi-resource-random' go_build "$module/random" \
    "$home/plugins/resource-random-v$random_version/pulumi-resource-random" . \
    -ldflags="-s -w -X main.version=$random_version"
  step 'build pulumi-resource-docker' go_build "$module/docker" \
    "$home/plugins/resource-docker-v$docker_version/pulumi-resource-docker" . \
    -tags=no_compose -ldflags="-s -w -X main.version=$docker_version"
  step 'build pulumi' go_build "$module/cli" "$bin/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi \
    -ldflags="-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$cli_version"
  install -m 755 "$launcher" "$bin/"
}

# make_home KEY: one after the other, because the modules share most of what they compile.
make_home() {
  use_go
  cached pulumi "$1" build
}

[[ -f $launcher ]] || fail "The npm packages are not installed: $launcher is missing. Run: npm ci"
cli_version=$(version_of pulumi)
docker_version=$(version_of @pulumi/docker)
random_version=$(version_of @pulumi/random)
check_pin cli github.com/pulumi/pulumi/pkg/v3 "$cli_version"
check_pin language-nodejs github.com/pulumi/pulumi/sdk/v3 "$cli_version"

key=$(key_of toolchain clients.sh -- "$(sha256sum <"$launcher")" "$cli_version" "$docker_version" "$random_version")
if [[ ! -d $CACHE/pulumi/$key ]]; then
  [[ ${1:-} != --check ]] || fail "The Pulumi toolchain is not built. Build it: airgap/toolchain/build.sh"
  interruptible make_home "$key"
fi
echo "$CACHE/pulumi/$key"
