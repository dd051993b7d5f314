#!/bin/sh
# Keeps a PostgreSQL server in a directory of its own: `start` on standard input starts it, and the end of
# standard input ends all of it, however the test process ended. Arguments: the port, how to connect to the primary
# that it is a standby of (empty: it is none), and settings (name=value).
set -eu

for bin in /usr/lib/postgresql/*/bin; do
    PATH=$bin:$PATH # the newest one is last, and wins
done
port=$1
primary=$2
shift 2
directory=$(mktemp -d "${TMPDIR:-/tmp}/postgresql.XXXXXX")
chmod 755 "$directory" # tests connect to the socket in it as their own user
server=
end() {
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    rm -rf "$directory"
}
trap end EXIT
trap exit INT TERM

if [ -n "$primary" ]; then
    pg_basebackup --pgdata "$directory/data" --dbname "$primary" --write-recovery-conf --checkpoint fast --no-sync
else
    initdb --pgdata "$directory/data" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync
fi >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; exit 1; }
{
    echo "port = $port"
    echo "listen_addresses = '127.0.0.1'"
    echo "unix_socket_directories = '$directory'"
    # The tests kill processes, not the power supply.
    echo "fsync = off"
    echo "shared_buffers = 32MB"
    echo "max_connections = 1000"
    for setting in "$@"; do
        echo "${setting%%=*} = '${setting#*=}'"
    done
} >>"$directory/data/postgresql.conf"
echo "$directory"

while read -r command; do
    case $command in
    start)
        [ -z "$server" ] || wait "$server" || true
        # It writes the status of its start into postmaster.pid, which the test reads.
        rm -f "$directory/data/postmaster.pid"
        postgres -D "$directory/data" >>"$directory/log" 2>&1 &
        server=$!
        ;;
    esac
done
