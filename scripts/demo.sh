#!/bin/sh
# Serves a demo database with one token: demo.sh <jerakia> <address> <port>
set -eu

jerakia=$1 address=$2 port=$3
export JERAKIA_DATABASEDIR=target/demo

# A token can't be shown twice, so a second run regenerates it.
token=$("$jerakia" token create demo --quiet 2>/dev/null || "$jerakia" token regenerate demo --quiet)

cat <<END

Once the server listens, run this in another terminal:

  curl -i -H 'X-Authentication: $token' http://$address:$port/v1/authorize

END
exec "$jerakia" server --bind "$address" --port "$port"
