#!/bin/sh
# Runs Chromium without a screen, to be steered at port 9222, with further options. Chromium itself listens on the
# container's loopback alone. Its sandbox needs rights that a container without capabilities can't give.
socat TCP-LISTEN:9222,fork,reuseaddr TCP:127.0.0.1:9223 &
exec chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --user-data-dir=/tmp/profile --remote-debugging-port=9223 "$@"
