#!/usr/bin/env bash
# Builds the container images from package registries alone, as localhost/trading-db/NAME:VERSION.
# Usage: images/build.sh [--check] [NAME...]
#   NAME      postgres, mongo, pgadmin4, mongo-express or backup; without names the two databases
#   TRADING_DB_BACKUP_FROM="POSTGRES MONGO NODE" makes backup from these three images instead of our own
#   --check   build nothing, and fail where that would be needed
set -Eeuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$AIRGAP/clients.sh"
source "$AIRGAP/images/artefacts.sh"

# "localhost/" can't be pulled from anywhere by mistake.
declare -A tags=(
  [base]=base:12 [node]=node:24 [postgres]=postgres:15 [mongo]=mongo:6.0 [pgadmin4]=pgadmin4:9.18
  [mongo-express]=mongo-express:1.0.2 [backup]=backup:15-6.0
)
declare -A parents=([node]=base [postgres]=base [mongo]=node [pgadmin4]=base [mongo-express]=node)
# What goes into backup beside its own folder: the program that it runs.
agent_code=(cli/backupAgent.ts migrator/errors.ts operations/errors.ts operations/backups)
read -ra backup_from <<<"${TRADING_DB_BACKUP_FROM:-}"
((${#backup_from[@]})) || parents[backup]='postgres mongo'
declare -A contents=(
  [node]=node [mongo]='mongod mongosh mongo-tools' [pgadmin4]=pgadmin4 [mongo-express]=mongo-express
  [backup]=agent
)
# Prints the version that stands in the image, and so proves that the program starts there.
declare -A version_commands=(
  [base]='cat /etc/debian_version' [node]='node --version' [postgres]='postgres --version' [mongo]='mongod --version'
  [pgadmin4]='python3 -c "import version; print(version.APP_VERSION)"' [mongo-express]='grep version package.json' [backup]='postgres --version && mongod --version && node --version'
)
declare -A keys=()

tag_of() {
  printf 'localhost/trading-db/%s' "${tags[$1]}"
}

# find_key NAME: the key stands for the image's own files, its parents', and the way in which all are built.
find_key() {
  local parent own=("images/$1") texts=()
  for parent in ${parents[$1]:-}; do
    find_key "$parent"
    texts+=("${keys[$parent]}")
  done
  if [[ $1 == backup ]]; then
    own+=("${agent_code[@]/#/../}")
    texts+=("${backup_from[@]}")
  fi
  keys[$1]=$(key_of "${own[@]}" images/build.sh images/artefacts.sh clients.sh -- "${texts[@]}")
}

# present NAME...: does each image stand with the content that its sources have now? One call of the daemon for all.
present() {
  local name found wanted=()
  for name; do
    wanted+=("$(tag_of "$name")")
  done
  found=$(docker image inspect --format '{{index .Config.Labels "trading-db.content"}}{{range .RepoTags}} {{.}}{{end}} ' \
    "${wanted[@]}" 2>/dev/null) || return 1
  for name; do
    grep -q "^${keys[$name]} .*$(tag_of "$name") " <<<"$found" || return 1
  done
}

# image NAME: build the image where it is not present, after its parent and the artefacts that go in.
image() {
  local name=$1 needs=() artefact parent
  ! present "$name" || return 0
  for artefact in ${contents[$name]:-}; do
    needs+=("artefact $artefact")
  done
  for parent in ${parents[$name]:-}; do
    needs+=("image $parent")
  done
  together "${needs[@]}"
  (
    flock 9
    present "$name" || step "build ${tags[$name]}" build_image "$name"
  ) 9>"$CACHE/image-$name.lock"
}

# build_image NAME: make the image without a name, ask it for its version, and name it with labels that say so.
build_image() {
  local name=$1 tag id version previous
  tag=$(tag_of "$name")
  if [[ $name == base ]]; then
    id=$(import_base)
  else
    id=$(context_of "$name" | docker build --quiet $(build_arguments "$name") -)
  fi
  version=$(docker run --rm --network none --entrypoint bash "$id" -c "${version_commands[$name]}" |
    grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)
  previous=$(docker image inspect --format '{{.Id}}' "$tag" 2>/dev/null) || true
  docker build --quiet --tag "$tag" \
    --label "trading-db.content=${keys[$name]}" \
    --label "org.opencontainers.image.title=$name" \
    --label "org.opencontainers.image.version=$version" \
    --label "org.opencontainers.image.created=$(date --utc +%FT%TZ)" - <<<"FROM $id"
  # The image that had the name before goes, unless a container still runs on it.
  [[ -z $previous ]] || docker image rm "$previous" || true
}

# build_arguments NAME: the images that stand in for our own.
build_arguments() {
  [[ $1 != backup ]] || ((!${#backup_from[@]})) ||
    printf -- '--build-arg %s ' "POSTGRES=${backup_from[0]}" "MONGO=${backup_from[1]}" "NODE=${backup_from[2]}"
}

import_base() {
  local mirrors
  mirrors=$("$AIRGAP/images/base/mirrors.sh")
  # shellcheck disable=SC2086 # two words
  as_root unshare --mount "$AIRGAP/images/base/bootstrap.sh" $mirrors |
    docker import --change 'CMD ["bash"]' --change 'ENV LANG=C.UTF-8' -
}

# context_of NAME: the image's folder and its artefacts in one tar, which is all that the daemon is sent.
context_of() {
  local name=$1 artefact files=()
  for artefact in ${contents[$name]:-}; do
    files+=(-C "$(artefact_folder "$artefact")" "$artefact.tar")
  done
  [[ $name != backup ]] || files+=(-C "$AIRGAP/.." "${agent_code[@]}")
  tar --create --file - --directory "$AIRGAP/images/$name" . "${files[@]}"
}

build() {
  need_tool mmdebstrap mmdebstrap
  mkdir -p "$CACHE"
  local name targets=()
  for name; do
    targets+=("image $name")
  done
  together "${targets[@]}"
}

check=
if [[ ${1:-} == --check ]]; then
  check=yes
  shift
fi
(($#)) || set -- postgres mongo
for name; do
  [[ -n ${tags[$name]:-} ]] || fail "There is no image \"$name\". Those that can be built are: ${!tags[*]}."
  find_key "$name"
done
# The classic builder is in every Docker since 2013; the newer one is a plugin that may be missing.
export DOCKER_BUILDKIT=0
if ! present "$@"; then
  [[ -z $check ]] || fail "Not all of these images are built as this tree describes them: $*. Build them:
    airgap/images/build.sh $*"
  docker version >/dev/null 2>&1 || fail "The images are built in Docker, which does not answer: $(docker version 2>&1 |
    tail -n 1). Start it, or join the group docker, and run this again."
  interruptible build "$@"
fi
