# shellcheck shell=bash disable=SC2034
# For the tests of SIGHUP: two good configurations, clients that go on until they are told to end,
# one reload and what came of it.  To be sourced after lib.sh.
#
#   reload_world NAME         a new world with a certificate for the key spare, and conf_good
#   conf_good, conf_other     write the configuration: two TSUs; three, an endpoint, a policy and
#                             published files more
#   under_load, no_load TEXT  64 keep-alive clients; ends them and checks every answer
#   reload TEXT               must be done; LINE is what it logged
#   refused_with N REGEX...   must be refused with N findings, among them these; then conf_good

# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

POLICY_SPARE=1.3.6.1.4.1.32473.1.9

# One set of the clients: runs of tsa-load, each with its own keep-alive connections, until END.
clients() # NAME PATH CLIENTS REQUESTS OPTIONS
{
	local name=$1 path=$2 count=$3 requests=$4 summary

	shift 4
	while [ ! -e "$WORLD/end" ]; do
		summary=$("$TOOLS/tsa-load" --url "$URL$path" --timeout "$WAIT_S" --clients "$count" \
			--requests "$requests" --trust "$WORLD/root.pem" --out "$WORLD/more.$name" "$@" 2>&1)
		printf '%d %s\n' $? "$summary" >>"$WORLD/runs.$name"
		cat "$WORLD/more.$name" >>"$WORLD/all.$name"
	done
}

# 64 keep-alive clients, of both endpoints; until no_load. Few of them where one lane signs with RSA: a
# queue that a slow machine makes too long (R16) is not what is to be seen here.
under_load()
{
	rm -f "$WORLD"/end "$WORLD"/runs.* "$WORLD"/all.*
	: >"$WORLD/runs.rel"
	LOAD_AT=$(stat -c %s "$LOG")
	clients rel / 4 60 &
	REL=$!
	clients ec /fast 60 2000 --no-cert --untrusted "$WORLD/ec.pem" &
	EC=$!
	at_exit ": >$WORLD/end; wait $REL $EC"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --file "$WORLD/runs.rel" . >/dev/null ||
		fail 'the load: its first run must end'
}

# Ends the load. No request may have failed; but where a signer missed its deadline because the
# machine is too slow (R16: 1.4 s for a signature), the request that it had may be refused.
no_load() # TEXT
{
	local bad failed timeouts

	: >"$WORLD/end"
	wait "$REL" "$EC"
	bad=$(grep -hv '^0 granted=[0-9]* wrong=0 repeated=0 connect_failed=0 ' "$WORLD/runs.rel" "$WORLD/runs.ec")
	timeouts=$(tail -c "+$((LOAD_AT + 1))" "$LOG" | grep -c ' event=signer_timeout ')
	failed=$(sed -n 's/.* refused_25=\([0-9]*\) .*/\1/p' <<<"$bad" | awk '{ n += $1 } END { print n + 0 }')
	[ -z "$bad" ] || say "$timeouts signers missed their deadline; refused for it: $failed"
	if [ "$failed" -gt "$timeouts" ] || [ "$timeouts" -gt 3 ] ||
		grep -q 'wrong=[1-9]\|repeated=[1-9]\|http_\|failed=[1-9]\|idle=[1-9]\|answered=[1-9]\|broken=[1-9]\|timeout=[1-9]\|sent=[1-9]' <<<"$bad"; then
		fail "$1: every request must be granted and every token verify: $bad"
	fi
	cat "$WORLD/all.rel" "$WORLD/all.ec" >>"$WORLD/all"
	say "$1: every request was granted, every token verifies: $(cat "$WORLD/all.rel" "$WORLD/all.ec" | wc -l)"
}

hup()
{
	kill -HUP "$TSAD_PID" || fail "tsad: must run: pid $TSAD_PID does not"
}

# reload TEXT: done within the wait; sets LINE to what it logged.
reload()
{
	log_mark
	hup
	LINE=$(log_await ' event=reload_(done|refused) ') || exit 1
	[[ $LINE == *' event=reload_done '* ]] || fail "$1: must be taken: $LINE"
	[ $# -lt 2 ] || say "$1: ${LINE#*event=}"
}

# refused_with FINDINGS REGEX...: the file is refused with exactly so many findings.
refused_with()
{
	local findings=$1 said regex before

	shift
	before=$(generation)
	log_mark
	hup
	LINE=$(log_await ' event=reload_(done|refused) ') || exit 1
	said=$(tail -c "+$((LOG_AT + 1))" "$LOG" | grep ' event=reload_finding ')
	for regex in "$@"; do
		[[ $said =~ $regex ]] || fail "reload: wanted the finding '$regex' in: $said"
	done
	matches "refused: $*" " event=reload_refused .*findings=$findings( |\$)" "$LINE"
	equal 'each finding is an event' "$findings" "$(grep -c . <<<"$said")"
	equal 'the generation in force stays' "$before" "$(generation)"
	conf_good
}

metric() # NAME
{
	curl -fsS --max-time 20 "$ADMIN/metrics" | sed -n "s/^$1 //p"
}

generation()
{
	metric tsa_config_generation
}

rss_kib() # PID
{
	sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# Once all retired signers are gone: their number is what was started less the lanes in force.
children_settle() # LANES
{
	local started

	started=$(grep -c ' event=child_started child=signer ' "$LOG")
	LOG_AT=0 log_await --count $((started - $1)) ' event=child_died child=signer ' >/dev/null || exit 1
}

# One and two lanes, another policy, another published file, an endpoint more with a TSU more.
conf_a()
{
	conf_write | sed 's/^endpoints = .*/endpoints = release, fast/; /^lanes = 2$/s/2/1/'
}

conf_b()
{
	conf_write | sed 's/^endpoints = .*/endpoints = extra, fast, release/
		s/^policies = '"$POLICY_EC"'$/&, '"$POLICY_SECOND"'/
		s|^publish = .*|publish = '"$WORLD"'/publish-b|'
	cat <<-END

		[extra]
		path = /extra
		purpose = release
		profile = rfc3161
		tsus = spare
		policies = $POLICY_SPARE
	END
	conf_tsu spare 1
}

# The sections that no endpoint of it names are left out.
conf_only() # SECTION...
{
	awk -v drop=" $* " '/^\[/ { name = substr($0, 2, length($0) - 2); out = index(drop, " " name " ") } !out'
}

conf_good()
{
	conf_a | conf_only test tst >"$CONF.new" && mv "$CONF.new" "$CONF"
}

conf_other()
{
	conf_b | conf_only test tst >"$CONF.new" && mv "$CONF.new" "$CONF"
}

reload_world() # NAME
{
	world_new "$1"
	ca_issue_tsu "$WORLD/ca/release" "$WORLD/spare.pub" 'TSU spare' "$POLICY_SPARE" \
		"$WORLD/spare.pem" || fail 'spare: its certificate must be issued'
	cp -a "$WORLD/publish" "$WORLD/publish-b"
	printf 'a note\n' >"$WORLD/publish-b/note.txt"
	head -c 200000 /dev/zero | tr '\0' x >"$WORLD/publish-b/long.txt"
	: >"$WORLD/all"
	conf_good
}

# What is true after any of these tests.
nothing_is_lost()
{
	check 'counters are dense' journal_is_dense
	equal 'no serial came twice' '' "$(cut -d' ' -f1 "$WORLD/all" | sort | uniq -d)"
	equal 'every token that a client has is on record' '' \
		"$(comm -23 <(cut -d' ' -f1 "$WORLD/all" | sort) <(journal_serials | sort))"
}
