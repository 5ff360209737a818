#!/bin/bash
# kill -9 of each child (design 2, "When something dies"): signers and journal under load without
# any client noticing, the front with its connections; all come back, nothing on record is lost.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# under_load PATH REQUESTS COMMAND...: runs the command while clients ask; all of them must be served.
under_load()
{
	local path=$1 requests=$2

	shift 2
	load_begin "$path" --clients 8 --requests "$requests" --trust "$WORLD/root.pem" \
		--out "$WORLD/more"
	"$@"
	kill -0 "$LOADER" 2>/dev/null || fail "$*: the load must still be on: test is too short"
	load_end
	[ "$STATUS" -eq 0 ] || fail "$*: design 2: the client sees nothing: $SUMMARY"
	say "all $requests requests were granted: $SUMMARY"
	cat "$WORLD/more" >>"$WORLD/all"
}

kill_child() # CHILD [DETAIL]
{
	local pid

	pid=$(child_pid "$@") || exit 1
	log_mark
	kill -KILL "$pid" || fail "child $1: pid $pid must run"
	log_await " event=child_died child=$1 pid=$pid( |\$)" >/dev/null || exit 1
	log_await " event=child_started child=$1 ${2:+$2 }pid=" >/dev/null || exit 1
	say "child $1 ${2:-} (pid $pid) was killed and came back: pid $(child_pid "$@")"
}

signers()
{
	local voids

	say '-- a signer'
	under_load / 1200 kill_child signer 'tsu=rel lane=1'
	under_load /fast 8000 kill_child signer 'tsu=ec lane=2'
	say '-- every signer of a TSU at once'
	under_load / 1200 kill_all_signers
	voids=$(journal_dump | awk '$4 == 1' | wc -l)
	say "void records so far: $voids"
	[ "$voids" -ge 1 ] || fail 'a signer that was killed with a job: R16: leaves a void record: none'
	matches 'a void says why' '"reason":"signer-died"' "$(journal_dump --bodies | awk '$4 == 1')"
}

kill_all_signers()
{
	kill_child signer 'tsu=rel lane=1'
	kill_child signer 'tsu=rel lane=2'
}

journal()
{
	say '-- the journal'
	under_load /fast 8000 kill_child journal
	under_load /fast 8000 kill_child journal
}

front()
{
	say '-- the front'
	load_begin /fast --clients 8 --requests 20000 --until-closed --trust "$WORLD/root.pem" \
		--out "$WORLD/more"
	kill_child front
	load_end
	lacks 'its connections are lost, no answer is wrong' 'wrong=[1-9]|repeated=[1-9]|broken=[1-9]' \
		"$SUMMARY"
	cat "$WORLD/more" >>"$WORLD/all"
	ask after-front / -cert
	check 'the listener stayed: the next client is served' verifies after-front root.pem
	kill_child admin
	check 'the admin front as well' curl -fsS --max-time 20 "$ADMIN/readyz"
}

world_new respawn
: >"$WORLD/all"
tsad_start
signers
journal
front
ask last / -cert
check 'the service serves' verifies last root.pem
tsad_stop
check 'counters are dense' journal_is_dense
equal 'no serial came twice' '' "$(cut -d' ' -f1 "$WORLD/all" | sort | uniq -d)"
equal 'every token that a client has is on record' '' \
	"$(comm -23 <(cut -d' ' -f1 "$WORLD/all" | sort) <(journal_serials | sort))"
