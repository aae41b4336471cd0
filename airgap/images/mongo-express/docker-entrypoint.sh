#!/usr/bin/env bash
# Starts mongo-express, which reads ME_CONFIG_* itself, and runs any other command as it is. Keeps the contract of the
# official mongo-express image, but for its wait for a port: the driver itself waits 30 s for MongoDB.
set -Eeuo pipefail

[[ $1 == mongo-express ]] || exec "$@"
# Cookies are signed with these; without a value each start makes new ones, and who was logged in logs in again.
random() {
  head --bytes=24 /dev/urandom | base64
}
export ME_CONFIG_SITE_COOKIESECRET=${ME_CONFIG_SITE_COOKIESECRET:-$(random)}
export ME_CONFIG_SITE_SESSIONSECRET=${ME_CONFIG_SITE_SESSIONSECRET:-$(random)}
exec node app.js "${@:2}"
