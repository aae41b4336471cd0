#!/usr/bin/env bash
# Starts mongod, and initialises an empty data folder first. Keeps the contract of the official mongo image:
#   MONGO_INITDB_ROOT_USERNAME, MONGO_INITDB_ROOT_PASSWORD   each also as NAME_FILE, the path of a file
#   MONGO_INITDB_DATABASE                                    the database that scripts of initdb.d start in
#   /docker-entrypoint-initdb.d/*.{sh,js}                    run once, in order, after initialisation
# The data folder is that of --dbpath; a configuration file's is not read.
set -Eeuo pipefail

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# read_setting NAME: sets NAME from itself or from the file that NAME_FILE names, else to nothing.
read_setting() {
  local name=$1 file=$1_FILE
  if [[ -n ${!name:-} && -n ${!file:-} ]]; then
    fail "both $name and $file are set; set one of them."
  fi
  if [[ -n ${!file:-} ]]; then
    [[ -r ${!file} ]] || fail "$file names ${!file}, which can't be read by user $(id -u)."
    printf -v "$name" '%s' "$(<"${!file}")"
  else
    printf -v "$name" '%s' "${!name:-}"
  fi
  export "${name?}"
  unset "$file"
}

# option NAME ARGUMENT...: is --NAME among the arguments, alone or with =VALUE?
option() {
  local name=$1 argument
  shift
  for argument; do
    [[ $argument != "--$name" && $argument != "--$name="* ]] || return 0
  done
  return 1
}

# data_folder ARGUMENT...: prints the value of --dbpath, or mongod's default.
data_folder() {
  while (($#)); do
    case $1 in
    --dbpath) printf '%s' "${2:-}" && return ;;
    --dbpath=*) printf '%s' "${1#*=}" && return ;;
    esac
    shift
  done
  printf '/data/db'
}

# Root only prepares the folders; the server runs as mongodb.
drop_root() {
  find /data/db /data/configdb ! -user mongodb -exec chown mongodb:mongodb {} + || true
  exec setpriv --reuid=mongodb --regid=mongodb --init-groups "$BASH" "$0" "$@"
}

is_empty() {
  local entry
  for entry in WiredTiger journal local.0 storage.bson; do
    [[ ! -e $1/$entry ]] || return 1
  done
}

# The temporary server listens on loopback alone and knows neither users nor replication, so that it can make the first
# user. mongod forks only once it listens.
initialise() {
  local folder=$1 server=("$TMPDIR/mongod-init.pid" "$TMPDIR/mongod-init.log") file
  mongod --dbpath "$folder" --bind_ip 127.0.0.1 --port 27017 --fork --pidfilepath "${server[0]}" \
    --logpath "${server[1]}" >/dev/null || fail "mongod did not start on $folder: $(tail -n 5 "${server[1]}" 2>&1)"
  if [[ -n $MONGO_INITDB_ROOT_USERNAME ]]; then
    initial_mongosh admin --eval 'db.createUser({
      user: process.env.MONGO_INITDB_ROOT_USERNAME,
      pwd: process.env.MONGO_INITDB_ROOT_PASSWORD,
      roles: [{ role: "root", db: "admin" }],
    })' >/dev/null
  fi
  for file in "${@:2}"; do
    echo "$0: running $file"
    case $file in
    *.sh)
      # shellcheck disable=SC1090
      source "$file"
      ;;
    *.js) initial_mongosh "${MONGO_INITDB_DATABASE:-test}" --file "$file" ;;
    *) echo "$0: ignoring $file" ;;
    esac
  done
  stop_initial "$folder" "$(<"${server[0]}")"
  rm -f "${server[@]}"
  printf '\nMongoDB init process complete; ready for start up.\n\n'
}

# mongod --shutdown waits for the folder's lock alone; the port is free only when the process is gone.
stop_initial() {
  mongod --dbpath "$1" --shutdown >/dev/null
  while [[ -e /proc/$2 ]]; do sleep 0.05; done
}

initial_mongosh() {
  mongosh --quiet --norc --host 127.0.0.1 --port 27017 "$@"
}

if [[ ${1:--} == -* ]]; then
  set -- mongod "$@"
fi
if [[ $1 != mongod ]] || option help "$@" || option version "$@" || [[ ${2:-} == -h ]]; then
  exec "$@"
fi
if ((EUID == 0)); then
  drop_root "$@"
fi

export TMPDIR=${TMPDIR:-/tmp}
read_setting MONGO_INITDB_ROOT_USERNAME
read_setting MONGO_INITDB_ROOT_PASSWORD
if [[ -n $MONGO_INITDB_ROOT_USERNAME && -z $MONGO_INITDB_ROOT_PASSWORD ]] ||
  [[ -z $MONGO_INITDB_ROOT_USERNAME && -n $MONGO_INITDB_ROOT_PASSWORD ]]; then
  fail 'only one of MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD is set; set both or neither.'
fi

shopt -s nullglob
scripts=(/docker-entrypoint-initdb.d/*)
folder=$(data_folder "$@")
if [[ -n $MONGO_INITDB_ROOT_USERNAME || ${#scripts[@]} -gt 0 ]] && is_empty "$folder"; then
  initialise "$folder" "${scripts[@]}"
fi

# A user without --auth would guard nothing, and mongod alone listens on loopback only.
if [[ -n $MONGO_INITDB_ROOT_USERNAME ]] && ! option keyFile "$@"; then
  set -- "$@" --auth
fi
if ! option bind_ip "$@" && ! option bind_ip_all "$@"; then
  set -- "$@" --bind_ip_all
fi
unset "${!MONGO_INITDB_@}"
exec "$@"
