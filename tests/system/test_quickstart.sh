#!/bin/bash
# deploy/quickstart from the source tree: the first start stamps and verifies, later ones keep keys,
# certificates and ledger, clean leaves nothing.  In a folder and on ports of its own, so that a
# quickstart that runs elsewhere is not touched; the build folder is the tree's (build/release).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

export TSA_RUN=$TEST_DIR/run TSA_PORT
unset TSA_LISTEN

# quickstart STATUS ARGUMENT: what it says is in SAID.
quickstart()
{
	"$TSA_SOURCE/deploy/quickstart" "$2" >"$TEST_DIR/said" 2>&1 </dev/null
	local status=$?

	SAID=$(cat "$TEST_DIR/said")
	[ "$status" -eq "$1" ] || fail "quickstart $2: status: wanted $1, found $status: $SAID"
	say "quickstart $2: exit status $status"
}

port_in_use() # PORT
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$(printf ':%04X$' "$1")" '$2 ~ port && $4 == "0A" { found = 1 } END { exit !found }'
}

# Below the ports that the kernel hands out by itself.
free_ports()
{
	local try

	for ((try = 0; try < 100; try++)); do
		TSA_PORT=$((20000 + RANDOM % 10000))
		port_in_use "$TSA_PORT" || port_in_use $((TSA_PORT + 1)) || return 0
	done
	fail 'ports: need two free ones in a row: none in 100 tries'
}

# Everything that has to outlive a start. SoftHSM notes in token.object that someone logged in.
hashes()
{
	(cd "$TSA_RUN" && find -H root.pem chain.pem test-root.pem test-chain.pem ca tsu softhsm \
		tsad.conf journal/instance -type f ! -name '*.lock' ! -name token.object -print0 |
		sort -z | xargs -0 sha256sum) || fail 'quickstart: must keep its files'
}

all_kept()
{
	local changed

	changed=$(diff <(echo "$FIRST") <(hashes)) || fail "a start keeps what is there: $changed"
	say 'keys, certificates and configuration are the same'
}

tokens_on_record()
{
	(. "$TSA_RUN/env" && psql -X -q -A -t -c 'select count(*) from ledger.record where kind = 0') ||
		fail 'quickstart: its ledger must answer'
}

token_verifies() # FILE
{
	openssl ts -verify -data "$TSA_SOURCE/README.md" -in "$1" -CAfile "$TSA_RUN/root.pem" \
		-untrusted "$TSA_RUN/chain.pem"
}

user_of() # PID
{
	id -nu "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status")"
}

# Started by root, the service is user tsa and its files are that user's, out of root's folders.
as_another_user()
{
	state=$(readlink -f "$TSA_RUN/journal")
	state=${state%/journal}
	[ "$(id -u)" -eq 0 ] || return 0
	equal 'tsad runs as user tsa' tsa "$(user_of "$pid")"
	equal "the journal is that user's" 'tsa 700' "$(stat -c '%U %a' "$state/journal")"
	equal 'and the PIN' 'tsa 600' "$(stat -c '%U %a' "$state/softhsm/pin")"
	equal 'the SO PIN is not' 'root 600' "$(stat -c '%U %a' "$state/softhsm/so-pin")"
}

first_start()
{
	say '-- the first start'
	quickstart 0 start
	matches 'it says that its token verified' 'openssl ts -verify: OK' "$SAID"
	matches 'and that it is on record' 'on record in PostgreSQL' "$SAID"
	cp "$TSA_RUN/demo/README.md.tsr" "$TEST_DIR/first.tsr"
	check 'it does verify' token_verifies "$TEST_DIR/first.tsr"
	equal 'one token is on record' 1 "$(tokens_on_record)"
	pid=$(cat "$TSA_RUN/tsad.pid")
	cluster=$(readlink -f "$TSA_RUN/pg")
	as_another_user
	check 'the cluster has a folder' test -e "$cluster/data/postmaster.pid"
	FIRST=$(hashes)
	say "$(wc -l <<<"$FIRST") files of keys, certificates and configuration"
	quickstart 0 status
	matches 'status: tsad runs' "tsad +running \(process $pid\), ready" "$SAID"
	matches 'status: the clock is unchecked' 'clock +UNCHECKED' "$SAID"
	matches 'status: PostgreSQL runs' 'PostgreSQL +running .* 1 tokens' "$SAID"
}

second_start()
{
	say '-- a second start'
	quickstart 0 start
	equal 'the same process runs' "$pid" "$(cat "$TSA_RUN/tsad.pid")"
	all_kept
	equal 'the ledger was kept, with one token more' 2 "$(tokens_on_record)"
}

stopped()
{
	say '-- stop'
	quickstart 0 stop
	refuse 'tsad is gone' test -e "/proc/$pid"
	refuse 'the cluster is gone' test -e "$cluster/data/postmaster.pid"
	quickstart 1 status
	matches 'status: tsad does not run' 'tsad +not running' "$SAID"
	matches 'status: nor PostgreSQL' 'PostgreSQL +not running' "$SAID"
	say '-- and start again'
	quickstart 0 start
	all_kept
	equal 'the ledger was kept, with one token more' 3 "$(tokens_on_record)"
	check 'the first token still verifies' token_verifies "$TEST_DIR/first.tsr"
}

cleaned()
{
	say '-- clean'
	pid=$(cat "$TSA_RUN/tsad.pid")
	quickstart 0 clean
	refuse 'tsad is gone' test -e "/proc/$pid"
	refuse 'the folder is gone' test -e "$TSA_RUN"
	refuse "$cluster, the cluster's folder, is gone" test -e "$cluster"
	refuse "$state, what tsad opens, is gone" test -e "$state"
	refuse 'nothing listens' port_in_use "$TSA_PORT"
	quickstart 1 status
	quickstart 0 clean
}

if ! [ -w "$TSA_SOURCE" ] || { [ -e "$TSA_SOURCE/build" ] && ! [ -w "$TSA_SOURCE/build" ]; }; then
	skip 'deploy/quickstart' 'it builds in the source tree, which this user may not write'
	exit 0
fi
free_ports
at_exit '[ ! -e "$TSA_RUN" ] || "$TSA_SOURCE/deploy/quickstart" clean >/dev/null 2>&1'
first_start
second_start
stopped
cleaned
