# shellcheck shell=bash
# Shared parts of the build scripts: errors, progress, content keys, the cache, background work. Sourced, never run.
set -Eeuo pipefail

# What is built here is read by other users, inside containers, whatever the caller's mask is.
umask 022

# Everything that takes long to make lives here, outside the clone, in folders named by a hash of what went in.
CACHE=${TRADING_DB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trading-db}
AIRGAP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# fail TEXT: print the paragraph, after an empty line and with none in it, and end the script.
fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# seconds_since NANOSECONDS: the time passed, as "1.2".
seconds_since() {
  local tenths=$((($(date +%s%N) - $1) / 100000000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# step TITLE COMMAND...: say that it begins, run the command (a function may be given) with its output in a log file, say
# how long it took, and end the script with the log's last lines when it fails.
step() {
  local title=$1 start log
  shift
  start=$(date +%s%N)
  printf '  %s ...\n' "$title" >&2
  mkdir -p "$CACHE/log"
  log=$CACHE/log/${title//[^a-zA-Z0-9.]/-}.log
  # In the background, because bash forgets `set -e` in a function that is called on the left of ||, and because a
  # signal interrupts only `wait`.
  "$@" >"$log" 2>&1 </dev/null &
  wait $! || fail "Could not $title. The command's last lines:
$({ grep -v '^[[:space:]]*$' "$log" || echo '(none)'; } | tail -n 15 | sed 's/^/    /')
The whole log is $log. When the cause is mended, run the same command again: finished steps are kept."
  printf '  %-48s %6s s\n' "$title" "$(seconds_since "$start")" >&2
}

# together COMMAND...: run each command (a list of words) at the same time; fail as soon as one of them fails.
together() {
  local command
  for command; do
    $command &
  done
  for command; do
    wait -n
  done
}

# interruptible COMMAND...: run the command in a process group of its own and end the group with the script, whether it
# is finished, failed, interrupted or terminated. Without this Ctrl-C would leave compilers running, because a script's
# background jobs ignore it.
interruptible() {
  set -m
  "$@" </dev/null &
  set +m
  # shellcheck disable=SC2064 # the group is known now
  trap "kill -TERM -- -$! 2>/dev/null || true" EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  wait $!
}

# key_of PATH... [-- TEXT...]: 16 hex digits that stand for the content of the files and folders, given by their path
# from airgap/, and for the texts. Tests of Go modules don't count.
key_of() {
  local -a paths=()
  while (($#)) && [[ $1 != -- ]]; do
    paths+=("$1")
    shift
  done
  {
    printf '%s\n' "$@"
    (cd "$AIRGAP" && find "${paths[@]}" -type f ! -name '*_test.go' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
  } | sha256sum | cut -c1-16
}

# cached NAME KEY COMMAND...: make sure that $CACHE/NAME/KEY stands. Where it is missing, `COMMAND... FOLDER` fills a
# temporary folder, which is renamed when it is whole: a killed build leaves nothing half-made under the final name.
# The lock makes a second build wait for the first and then find its result.
cached() {
  local name=$1 key=$2 target temporary
  target=$CACHE/$name/$key
  shift 2
  [[ ! -d $target ]] || return 0
  mkdir -p "$CACHE/$name"
  (
    flock 9
    [[ ! -d $target ]] || exit 0
    temporary=$CACHE/$name/unfinished
    rm -rf "$temporary"
    mkdir "$temporary"
    "$@" "$temporary"
    mv "$temporary" "$target"
  ) 9>"$CACHE/$name.lock"
}

# as_root COMMAND...: run it as root, by sudo where the user is another.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}

# need_tool COMMAND PACKAGE: install a Debian package that brings the command, where it is missing.
need_tool() {
  command -v "$1" >/dev/null || (
    flock 9
    command -v "$1" >/dev/null || step "install $2" install_package "$2"
  ) 9>"$CACHE/apt.lock"
}

install_package() {
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"
}
