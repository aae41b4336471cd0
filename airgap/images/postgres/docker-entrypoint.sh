#!/usr/bin/env bash
# Starts PostgreSQL, and initialises an empty data folder first. Keeps the contract of the official postgres image:
#   POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS   each also as NAME_FILE, the path of a file
#   POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_WALDIR, PGDATA
#   /docker-entrypoint-initdb.d/*.{sh,sql,sql.gz}                          run once, in order, after initialisation
set -Eeuo pipefail

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# read_setting NAME [DEFAULT]: sets NAME from itself, from the file that NAME_FILE names, or to the default.
read_setting() {
  local name=$1 file=$1_FILE
  if [[ -n ${!name:-} && -n ${!file:-} ]]; then
    fail "both $name and $file are set; set one of them."
  fi
  if [[ -n ${!file:-} ]]; then
    [[ -r ${!file} ]] || fail "$file names ${!file}, which can't be read by user $(id -u)."
    printf -v "$name" '%s' "$(<"${!file}")"
  else
    printf -v "$name" '%s' "${!name:-${2:-}}"
  fi
  export "${name?}"
  unset "$file"
}

wants_server() {
  [[ $1 == postgres ]] || return 1
  local argument
  for argument; do
    case $argument in
    '-?' | --help | -V | --version | --describe-config | -C) return 1 ;;
    esac
  done
}

# Root only prepares the folders; the server runs as postgres. Without the capability to change owners the folders must
# be right already, and the server says so itself if they are not.
drop_root() {
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA" || true
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres:postgres {} + || true
  if [[ -n ${POSTGRES_INITDB_WALDIR:-} ]]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    chown -R postgres:postgres "$POSTGRES_INITDB_WALDIR"
    chmod 700 "$POSTGRES_INITDB_WALDIR"
  fi
  HOME=/var/lib/postgresql exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH" "$0" "$@"
}

initialise() {
  read_setting POSTGRES_PASSWORD
  read_setting POSTGRES_USER postgres
  read_setting POSTGRES_DB "$POSTGRES_USER"
  read_setting POSTGRES_INITDB_ARGS
  if [[ -z $POSTGRES_PASSWORD && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]]; then
    fail "the data folder $PGDATA is empty and the superuser has no password; set POSTGRES_PASSWORD or" \
      'POSTGRES_PASSWORD_FILE to one that is not empty, or POSTGRES_HOST_AUTH_METHOD=trust to let everybody in.'
  fi

  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA" || true
  # POSTGRES_INITDB_ARGS holds shell words, quotes included.
  eval "initdb -D \"\$PGDATA\" --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") \
    ${POSTGRES_INITDB_WALDIR:+--waldir=\"\$POSTGRES_INITDB_WALDIR\"} $POSTGRES_INITDB_ARGS"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}")}" \
    >>"$PGDATA/pg_hba.conf"

  # Socket only, so that nothing outside takes this server for the real one.
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD} PGPORT=${PGPORT:-5432}
  unset PGHOST PGHOSTADDR
  pg_ctl -D "$PGDATA" -w -s -o "$(printf '%q ' "${@:2}" -c listen_addresses= -p "$PGPORT")" start
  if [[ $POSTGRES_DB != postgres ]]; then
    initial_psql --dbname postgres --set name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
  fi
  run_init_files
  pg_ctl -D "$PGDATA" -m fast -w -s stop
  unset PGPASSWORD
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

initial_psql() {
  psql --no-psqlrc --no-password --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    [[ -e $file ]] || continue
    echo "$0: running $file"
    case $file in
    *.sh)
      if [[ -x $file ]]; then
        "$file"
      else
        # shellcheck disable=SC1090
        source "$file"
      fi
      ;;
    *.sql) initial_psql --file "$file" ;;
    *.sql.gz) gunzip --stdout "$file" | initial_psql ;;
    *) echo "$0: ignoring $file" ;;
    esac
  done
}

if [[ ${1:--} == -* ]]; then
  set -- postgres "$@"
fi
if [[ $1 == postgres && $EUID == 0 ]]; then
  drop_root "$@"
fi
if wants_server "$@" && [[ ! -s $PGDATA/PG_VERSION ]]; then
  initialise "$@"
fi
unset POSTGRES_PASSWORD
exec "$@"
