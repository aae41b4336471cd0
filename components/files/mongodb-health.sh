#!/bin/bash
# Asks MongoDB for its pulse: one OP_MSG {ping: 1} over plain TCP, a hundredth of what a shell of MongoDB costs.
set -euo pipefail
exec 3<>/dev/tcp/127.0.0.1/27017
# Length, request id, response to, opcode 2013, flags, section kind; then {ping: int32 1, $db: "admin"}.
printf '\x33\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0\0\0\0\0\0\x1e\0\0\0\x10ping\0\1\0\0\0\2$db\0\6\0\0\0admin\0\0' >&3
timeout 5 head -c 38 <&3 | tr -d '\0' | grep -aq ok

# It answers, so the data are of its version now.
opened=/data/db/current/trading-db.version
if [ "$(</tmp/trading-db.version)" != "$(cat "$opened" 2>/dev/null)" ]; then
  cp /tmp/trading-db.version "$opened.new"
  mv "$opened.new" "$opened"
fi
