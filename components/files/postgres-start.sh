#!/bin/bash
# Starts PostgreSQL on the folder "current" of its volume, and makes that folder on an empty volume.
#
# The folder gets its name only once it is whole: a first start that is killed leaves "current.new", and the next start
# begins anew. Nothing here ever deletes or changes a folder called "current".
set -euo pipefail

volume=$(dirname "$PGDATA")

refuse() {
  printf 'trading-db: %s\n' "$@" >&2
  exit 1
}

[ -w "$volume" ] || refuse \
  "The volume $DATA_VOLUME can't be written by user $(id -u). Nothing was changed." \
  "Give it back: docker run --rm -u 0 -v $DATA_VOLUME:/volume --entrypoint chown $IMAGE -R $(id -u):$(id -g) /volume"

[ ! -e "$volume/PG_VERSION" ] || refuse \
  "The volume $DATA_VOLUME holds a PostgreSQL $(cat "$volume/PG_VERSION") of another set-up at its top. Nothing was changed." \
  "Back it up and remove it, or move its files into a folder called current."

# A restore was killed between its two renames: what it made is whole.
[ -e "$PGDATA" ] || [ ! -e "$volume/restored" ] || mv "$volume/restored" "$PGDATA"

if [ ! -e "$PGDATA" ]; then
  rm -rf "$PGDATA.new"
  # Collation C: an image with another C library can't corrupt an index.
  initdb -D "$PGDATA.new" --username=postgres --encoding=UTF8 --lc-collate=C --lc-ctype=C.UTF-8 --data-checksums \
    --auth-local=trust --auth-host=scram-sha-256
  mv "$PGDATA.new" "$PGDATA"
fi

[ -r "$PGDATA/PG_VERSION" ] || refuse \
  "The folder current of the volume $DATA_VOLUME can't be read by user $(id -u). Nothing was changed." \
  "Give it back: docker run --rm -u 0 -v $DATA_VOLUME:/volume --entrypoint chown $IMAGE -R $(id -u):$(id -g) /volume"

found=$(<"$PGDATA/PG_VERSION")
[ "$found" = "$PG_MAJOR" ] || refuse \
  "The volume $DATA_VOLUME holds data of PostgreSQL $found, but the image $IMAGE is PostgreSQL $PG_MAJOR. Nothing was changed." \
  "Run an image of PostgreSQL $found, dump the databases with pg_dump, and restore them into a stack of PostgreSQL $PG_MAJOR."

exec docker-entrypoint.sh postgres -c hba_file=/config/pg_hba.conf "$@"
