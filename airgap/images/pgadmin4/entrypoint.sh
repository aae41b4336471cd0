#!/usr/bin/env bash
# Starts pgAdmin in server mode, and makes its database and first user before. Keeps the contract of dpage/pgadmin4:
#   PGADMIN_DEFAULT_EMAIL, PGADMIN_DEFAULT_PASSWORD      the latter also as PGADMIN_DEFAULT_PASSWORD_FILE
#   PGADMIN_CONFIG_*                                     settings, as Python literals
#   PGADMIN_CUSTOM_CONFIG_DISTRO_FILE                    a file of settings instead of these, unless it is empty
#   PGADMIN_SERVER_JSON_FILE (/pgadmin4/servers.json), PGADMIN_REPLACE_SERVERS_ON_STARTUP, PGPASS_FILE
#   PGADMIN_LISTEN_ADDRESS, PGADMIN_LISTEN_PORT, PGADMIN_ENABLE_TLS (/certs/server.cert, /certs/server.key)
#   GUNICORN_THREADS, GUNICORN_ACCESS_LOGFILE
set -Eeuo pipefail
umask 077
cd /pgadmin4

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

check_settings() {
  if [[ -n ${PGADMIN_DEFAULT_PASSWORD:-} && -n ${PGADMIN_DEFAULT_PASSWORD_FILE:-} ]]; then
    fail 'both PGADMIN_DEFAULT_PASSWORD and PGADMIN_DEFAULT_PASSWORD_FILE are set; set one of them.'
  fi
  if [[ -n ${PGADMIN_DEFAULT_PASSWORD_FILE:-} ]]; then
    [[ -r $PGADMIN_DEFAULT_PASSWORD_FILE ]] ||
      fail "PGADMIN_DEFAULT_PASSWORD_FILE names $PGADMIN_DEFAULT_PASSWORD_FILE, which can't be read by user $(id -u)."
    PGADMIN_DEFAULT_PASSWORD=$(<"$PGADMIN_DEFAULT_PASSWORD_FILE")
  fi
  if [[ -z ${PGADMIN_DEFAULT_EMAIL:-} || -z ${PGADMIN_DEFAULT_PASSWORD:-} ]]; then
    fail 'set PGADMIN_DEFAULT_EMAIL and PGADMIN_DEFAULT_PASSWORD (or PGADMIN_DEFAULT_PASSWORD_FILE).'
  fi
  # The module alone, because pgadmin's package would start the whole application.
  python3 - "$PGADMIN_DEFAULT_EMAIL" <<'PYTHON' || fail "\"$PGADMIN_DEFAULT_EMAIL\" is not an address that pgAdmin takes;" \
    "for a domain such as .local set PGADMIN_CONFIG_ALLOW_SPECIAL_EMAIL_DOMAINS=\"['local']\"."
import sys
sys.path[:0] = ["/pgadmin4", "/pgadmin4/pgadmin/utils"]
from validation_utils import validate_email
import config_distro
allowed = getattr(config_distro, "ALLOW_SPECIAL_EMAIL_DOMAINS", [])
settings = {
    "CHECK_EMAIL_DELIVERABILITY": getattr(config_distro, "CHECK_EMAIL_DELIVERABILITY", False),
    "ALLOW_SPECIAL_EMAIL_DOMAINS": allowed,
    "GLOBALLY_DELIVERABLE": getattr(config_distro, "GLOBALLY_DELIVERABLE", True),
}
sys.exit(not validate_email(sys.argv[1], settings))
PYTHON
}

initialise() {
  PGADMIN_SETUP_EMAIL=$PGADMIN_DEFAULT_EMAIL PGADMIN_SETUP_PASSWORD=$PGADMIN_DEFAULT_PASSWORD python3 setup.py setup-db
  if [[ -f ${PGPASS_FILE:-} ]]; then
    install -D -m 600 "$PGPASS_FILE" "/var/lib/pgadmin/storage/${PGADMIN_DEFAULT_EMAIL//@/_}/.pgpass"
  fi
}

load_servers() {
  local file=${PGADMIN_SERVER_JSON_FILE:-/pgadmin4/servers.json}
  [[ ! -f $file ]] || python3 setup.py load-servers "$file" --user "$PGADMIN_DEFAULT_EMAIL" "$@"
}

export CONFIG_DISTRO_FILE_PATH=/pgadmin4/config_distro.py
if [[ -s ${PGADMIN_CUSTOM_CONFIG_DISTRO_FILE:-} ]]; then
  CONFIG_DISTRO_FILE_PATH=$PGADMIN_CUSTOM_CONFIG_DISTRO_FILE
fi
if [[ ! -f /var/lib/pgadmin/pgadmin4.db ]]; then
  check_settings
  initialise
  load_servers
elif [[ ${PGADMIN_REPLACE_SERVERS_ON_STARTUP:-} == True ]]; then
  load_servers --replace
fi
unset PGADMIN_DEFAULT_PASSWORD

port=80
tls=()
if [[ -n ${PGADMIN_ENABLE_TLS:-} ]]; then
  port=443
  tls=(--certfile /certs/server.cert --keyfile /certs/server.key)
fi
# One worker, because sessions live in its memory. It may take long over a query, and gets 5 s to end at a stop.
exec python3 -m gunicorn --bind "${PGADMIN_LISTEN_ADDRESS:-[::]}:${PGADMIN_LISTEN_PORT:-$port}" "${tls[@]}" \
  --workers 1 --threads "${GUNICORN_THREADS:-25}" --timeout 86400 --graceful-timeout 5 --worker-tmp-dir /dev/shm \
  --no-control-socket --access-logfile "${GUNICORN_ACCESS_LOGFILE:--}" pgAdmin4:app
