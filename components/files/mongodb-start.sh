#!/bin/bash
# Starts MongoDB on the folder "current" of its volume, and makes that folder with its root user on an empty volume.
#
# The folder gets its name only once it is whole: a first start that is killed leaves "current.new", and the next start
# begins anew. Nothing here ever deletes or changes a folder called "current".
set -euo pipefail

volume=/data/db
data=$volume/current

refuse() {
  printf 'trading-db: %s\n' "$@" >&2
  exit 1
}

[ -w "$volume" ] || refuse \
  "The volume $DATA_VOLUME can't be written by user $(id -u). Nothing was changed." \
  "Give it back: docker run --rm -u 0 -v $DATA_VOLUME:/volume --entrypoint chown $IMAGE -R $(id -u):$(id -g) /volume"

[ ! -e "$volume/WiredTiger" ] || refuse \
  "The volume $DATA_VOLUME holds a MongoDB of another set-up at its top. Nothing was changed." \
  "Back it up and remove it, or move its files into a folder called current."

version=$(mongod --version | sed -n 's/^db version v\([0-9]*\.[0-9]*\).*/\1/p')

# A restore was killed between its two renames: what it made is whole.
[ -e "$data" ] || [ ! -e "$volume/restored" ] || mv "$volume/restored" "$data"

if [ ! -e "$data" ]; then
  rm -rf "$data.new"
  mkdir -m 0700 "$data.new"
  # A port of its own: nothing may take this server, which asks for no password, for the real one.
  mongod --dbpath "$data.new" --bind_ip 127.0.0.1 --port 27117 --fork --logpath /tmp/first-start.log >/dev/null ||
    { cat /tmp/first-start.log >&2; refuse "The first start of MongoDB failed; its log stands above."; }
  mongosh --quiet --norc --port 27117 admin --eval '
    db.createUser({ user: "admin", pwd: require("fs").readFileSync("/data/configdb/admin-password", "utf8"), roles: ["root"] })' >/dev/null
  mongod --dbpath "$data.new" --shutdown >/dev/null
  echo "$version" >"$data.new/trading-db.version"
  mv "$data.new" "$data"
  rm -f /tmp/first-start.log
fi

[ -r "$data/WiredTiger" ] || refuse \
  "The folder current of the volume $DATA_VOLUME can't be read by user $(id -u). Nothing was changed." \
  "Give it back: docker run --rm -u 0 -v $DATA_VOLUME:/volume --entrypoint chown $IMAGE -R $(id -u):$(id -g) /volume"

# MongoDB opens the data of its own major version and of the one before it, and never those of a later one.
found=$(grep . "$data/trading-db.version" 2>/dev/null || echo "$version")
if [ "${found%%.*}" -gt "${version%%.*}" ] || [ $((${found%%.*} + 1)) -lt "${version%%.*}" ]; then
  refuse "The volume $DATA_VOLUME holds data of MongoDB $found, which MongoDB $version of the image $IMAGE can't open. Nothing was changed." \
    "Run an image of MongoDB $found, dump the databases with mongodump, and restore them into a stack of MongoDB $version."
fi
# The health check notes it beside the data once this MongoDB has opened them.
echo "$version" >/tmp/trading-db.version

exec docker-entrypoint.sh mongod --dbpath "$data" --replSet rs0 --keyFile /data/configdb/keyfile --bind_ip_all "$@"
