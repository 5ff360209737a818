# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# For the system tests: a world of its own for every test (SoftHSM token, CAs, certificates,
# configuration, journal in a new folder), tsad started and stopped by its pid, waits on log lines.
# To be sourced by bash with TSA_BUILD (build folder) and TSA_SOURCE (source tree) in the
# environment, as ctest gives them.
#
#   world_new NAME            a new world, made the current one (variables WORLD, CONF, LOG)
#   world_use NAME            makes another one current
#   conf_set SECTION KEY VALUE, conf_drop SECTION KEY       change the current world's tsad.conf
#   tsad_start                starts tsad and waits until it is ready; sets URL and ADMIN
#   tsad_launch, tsad_ready   the two halves of it
#   tsad_stop                 SIGTERM, waits, checks that it exits 0
#   tsad_kill [PID]           SIGKILL to tsad alone, waits until its children are gone as well; PID is
#                             one of them that was stopped, and goes on when tsad is gone
#   tsad_run [ARGS]           runs tsad in the foreground, bounded; sets STATUS; output in LOG
#   log_mark                  from here on log_await sees only what comes after
#   log_await [--count N] REGEX   waits for a log line, prints it; fails the test if it never comes
#   child_pid CHILD [DETAIL]  pid of the running child (front, signer, journal ...)
#   ask NAME PATH [QUERY]     makes NAME.tsq (openssl ts -query QUERY), sends it, keeps NAME.tsr
#   load, load_begin, load_end    tsa-load: many clients
#   ledger_new                a PostgreSQL cluster of its own with database ledger and its schema, but
#                             without the login that LEDGER names: ledger_login makes it
#   sql STATEMENT             there, as superuser
#   say, check, refuse, equal, matches, lacks, fail                 assertions; the first that fails ends
#   skip WHAT WHY             a check that needs root or a kernel feature; deploy/test counts these
#
# Nothing here sleeps: tsa-await wakes on inotify and pidfd.  Every wait has an end.

set -u -o pipefail
export LC_ALL=C
: "${TSA_BUILD:?is the build folder}" "${TSA_SOURCE:?is the source tree}"

WAIT_S=${TSA_TEST_WAIT:-60} # a machine under load and sanitizers are slow; nothing waits in vain
TOOLS=$TSA_BUILD/tests/bin
PROGRAMS=$TSA_BUILD
POLICY_RELEASE=1.3.6.1.4.1.32473.1.1 # 32473: for examples and tests (RFC 5612)
POLICY_SECOND=1.3.6.1.4.1.32473.1.2
POLICY_EC=1.3.6.1.4.1.32473.1.3
POLICY_TEST=1.3.6.1.4.1.32473.9.1

# Whom tsad becomes when root runs the tests: the whole suite runs unprivileged (R11).
TEST_USER=nobody

TEST_DIR=$(mktemp -d "${TMPDIR:-/tmp}/tsa-system.XXXXXX") && chmod 711 "$TEST_DIR" || exit 1
TSAD_PID=
declare -A TSAD_OF=() # world -> pid
declare -a AT_EXIT=() # commands

fail()
{
	printf 'FAILED: %s\n' "$*" >&2
	if [ -n "${LOG:-}" ] && [ -e "$LOG" ]; then
		printf -- '--- the last lines of %s\n' "$LOG" >&2
		tail -n 25 "$LOG" >&2
	fi
	exit 1
}

say()
{
	printf '  %s\n' "$*"
}

skip() # WHAT WHY
{
	printf 'SKIPPED: %s: %s\n' "$1" "$2"
}

# check TEXT COMMAND...: the command succeeds.
check()
{
	local text=$1 said
	shift
	said=$("$@" 2>&1 | tr -d '\0') || fail "$text: $* said: $said"
	say "$text"
}

# refuse TEXT COMMAND...: the command fails.
refuse()
{
	local text=$1 said
	shift
	said=$("$@" 2>&1 | tr -d '\0') && fail "$text: $* succeeded: $said"
	say "$text"
}

equal() # TEXT WANTED FOUND
{
	[ "$2" = "$3" ] || fail "$1: wanted '$2', found '$3'"
	say "$1: $3"
}

matches() # TEXT REGEX FOUND
{
	[[ $3 =~ $2 ]] || fail "$1: wanted a match of '$2', found '$3'"
	say "$1"
}

lacks() # TEXT REGEX FOUND
{
	[[ ! $3 =~ $2 ]] || fail "$1: wanted no match of '$2', found '$3'"
	say "$1"
}

at_exit()
{
	AT_EXIT+=("$1")
}

leave()
{
	local status=$? i pid

	trap '' INT TERM
	for pid in "${TSAD_OF[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for ((i = ${#AT_EXIT[@]} - 1; i >= 0; i--)); do
		eval "${AT_EXIT[i]}"
	done
	if [ -n "${TSA_TEST_KEEP:-}" ]; then
		printf 'kept: %s\n' "$TEST_DIR" >&2
	else
		rm -rf -- "$TEST_DIR"
	fi
	exit "$status"
}
trap leave EXIT
trap 'exit 130' INT TERM

# --- worlds -----------------------------------------------------------------------------------

world_use() # NAME
{
	WORLD=$TEST_DIR/$1
	CONF=$WORLD/tsad.conf
	LOG=$WORLD/log
	TSAD_PID=${TSAD_OF[$WORLD]:-}
	export SOFTHSM2_CONF=$WORLD/softhsm2.conf
}

# All of the world is the user's as whom tsad will run. tsad_launch and tsad_run see to it.
world_give()
{
	[ "$(id -u)" -ne 0 ] || chown -R "$TEST_USER:" "$WORLD" || fail "world: chown to $TEST_USER"
}

world_new() # NAME
{
	local from=$TSA_BUILD/tests/world

	[ -e "$from/made" ] || fail "world: make_world.sh must have run: $from/made is not there"
	cp -a "$from" "$TEST_DIR/$1" || fail "world: copying $from failed"
	world_use "$1"
	printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' \
		"$WORLD" >"$SOFTHSM2_CONF"
	mkdir "$WORLD/journal"
	# The counting module, where that user can read it wherever the build folder stands.
	cp "$TSA_BUILD/tests/fake/p11wrap.so" "$WORLD/" || fail 'world: p11wrap.so must be built'
	: >"$LOG"
	conf_write >"$CONF"
}

# A TSU's section: keys, certificates and PIN are those of make_world.sh.
conf_tsu() # NAME LANES
{
	cat <<-END

		[$1]
		key = pkcs11:token=tsa-test;object=$1
		module = $(cat "$WORLD/module")
		pin_file = $WORLD/pin
		certificate = $WORLD/$1.pem
		accuracy_ms = 1000
		lanes = $2
	END
}

conf_write()
{
	cat <<-END
		[tsad]
		listen = 127.0.0.1:0
		admin = 127.0.0.1:0
		endpoints = release, fast, test
		user = $TEST_USER
		journal = $WORLD/journal
		clock = unchecked
		publish = $WORLD/publish

		[release]
		path = /
		purpose = release
		profile = rfc3161
		tsus = rel
		policies = $POLICY_RELEASE, $POLICY_SECOND
		digests = sha256, sha384, sha512

		[fast]
		path = /fast
		purpose = release
		profile = rfc3161
		tsus = ec
		policies = $POLICY_EC
		digests = sha256, sha384, sha512

		[test]
		path = /test
		purpose = test
		profile = rfc3161
		tsus = tst
		policies = $POLICY_TEST
		digests = sha256
	END
	conf_tsu rel 2
	conf_tsu ec 2
	conf_tsu tst 1
}

# Replaces the key in its section, or puts it at the section's start.
conf_set() # SECTION KEY VALUE
{
	conf_drop "$1" "$2"
	awk -v section="[$1]" -v line="$2 = $3" \
		'{ print } $0 == section { print line }' "$CONF" >"$CONF.new" &&
		mv "$CONF.new" "$CONF" || fail "conf_set $*"
}

conf_drop() # SECTION KEY
{
	awk -v section="[$1]" -v key="$2" '
		/^\[/ { inside = ($0 == section) }
		!(inside && $1 == key && $2 == "=")' "$CONF" >"$CONF.new" &&
		mv "$CONF.new" "$CONF" || fail "conf_drop $*"
}

# --- tsad -------------------------------------------------------------------------------------

log_mark()
{
	LOG_AT=$(stat -c %s "$LOG")
}

log_await() # [--count N] REGEX
{
	local count=1 line status

	if [ "$1" = --count ]; then
		count=$2
		shift 2
	fi
	line=$("$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$TSAD_PID" --file "$LOG" \
		--after "${LOG_AT:-0}" --count "$count" "$1")
	status=$?
	case $status in
	0) printf '%s\n' "$line" ;;
	1) fail "log: wanted $count of '$1': not in $WAIT_S s" ;;
	2) fail "log: wanted $count of '$1': tsad has ended" ;;
	*) fail "log: tsa-await could not run" ;;
	esac
}

# The value of a key in a log line.
log_value() # KEY LINE
{
	[[ $2 =~ (^|[[:space:]])$1=([^[:space:]]*) ]] || fail "log: wanted $1= in: $2"
	printf '%s\n' "${BASH_REMATCH[2]}"
}

# Environment for tsad may be put before: VAR=value tsad_start.
tsad_launch() # [OPTIONS]
{
	world_give
	log_mark
	"$PROGRAMS/sbin/tsad" --config "$CONF" "$@" >>"$LOG" 2>&1 </dev/null &
	TSAD_PID=$!
	TSAD_OF[$WORLD]=$TSAD_PID
}

tsad_ready()
{
	local line

	log_await ' role=tsad event=ready( |$)' >/dev/null || exit 1
	line=$(log_await ' event=listening .*front=clients') || exit 1
	URL=http://$(log_value address "$line") || exit 1
	PORT=${URL##*:}
	ADMIN=
	if grep -q '^admin = ' "$CONF"; then
		line=$(log_await ' event=listening .*front=admin') || exit 1
		ADMIN=http://$(log_value address "$line") || exit 1
	fi
}

tsad_start()
{
	tsad_launch
	tsad_ready
}

# Waits for the end of tsad; sets STATUS.
tsad_ended()
{
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$TSAD_PID" ||
		fail "tsad: must end: still runs after $WAIT_S s"
	wait "$TSAD_PID"
	STATUS=$?
	unset "TSAD_OF[$WORLD]"
}

tsad_stop()
{
	kill -TERM "$TSAD_PID" || fail "tsad: must run: pid $TSAD_PID does not"
	tsad_ended
	equal "tsad exits with status 0 after SIGTERM" 0 "$STATUS"
}

tsad_children()
{
	cat "/proc/$TSAD_PID/task/$TSAD_PID/children"
}

tsad_kill() # [STOPPED CHILD]
{
	local children child

	children=$(tsad_children)
	kill -KILL "$TSAD_PID" || fail "tsad: must run: pid $TSAD_PID does not"
	wait "$TSAD_PID" 2>/dev/null
	unset "TSAD_OF[$WORLD]"
	[ $# -eq 0 ] || kill -CONT "$1" || fail "child $1: must still be there: is not"
	for child in $children; do
		"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$child" ||
			fail "child $child: design 2: must exit when tsad is gone: still runs"
	done
}

tsad_run() # [ARGS]
{
	: >"$LOG"
	world_give
	timeout -k 5 "$WAIT_S" "$PROGRAMS/sbin/tsad" --config "$CONF" "$@" >"$LOG" 2>&1 </dev/null
	STATUS=$?
	[ "$STATUS" -ne 124 ] || fail "tsad $*: must end by itself: still runs after $WAIT_S s"
}

# What it said for a person: lines of level error, and lines that are no log lines.
complaints()
{
	grep -E '( level=error )|^(tsad|FINDING): ' "$LOG"
}

# The newest child of that kind that has not died.  DETAIL: "tsu=rel lane=1", "".
child_pid() # CHILD [DETAIL]
{
	local line pid

	line=$(grep -E " event=child_started child=$1 ${2:+$2 }pid=" "$LOG" | tail -n 1)
	[ -n "$line" ] || fail "child $1 ${2:-}: wanted a line child_started: there is none"
	pid=$(log_value pid "$line") || exit 1
	[ -e "/proc/$pid/status" ] || fail "child $1 ${2:-}: must run: pid $pid does not"
	printf '%s\n' "$pid"
}

# --- clients ----------------------------------------------------------------------------------

# post NAME PATH [CURL OPTIONS]: sends NAME.tsq, keeps NAME.tsr; sets HTTP and TYPE.
post()
{
	local name=$1 path=$2 said

	shift 2
	said=$(curl -sS --max-time 20 -o "$WORLD/$name.tsr" -w '%{http_code} %{content_type}' \
		-H 'Content-Type: application/timestamp-query' --data-binary "@$WORLD/$name.tsq" \
		"$@" "$URL$path" 2>&1) || fail "curl $URL$path: $said"
	HTTP=${said%% *}
	TYPE=${said#* }
}

ask() # NAME PATH [QUERY OPTIONS]
{
	local name=$1 path=$2

	shift 2
	head -c 100 /dev/urandom >"$WORLD/$name.data"
	openssl ts -query -data "$WORLD/$name.data" "$@" -out "$WORLD/$name.tsq" 2>/dev/null ||
		fail "openssl ts -query $*"
	post "$name" "$path"
}

reply_text() # NAME
{
	openssl ts -reply -in "$WORLD/$1.tsr" -text 2>&1
}

# "0" when granted, else the failInfo's name as openssl prints it.
reply_status() # NAME
{
	reply_text "$1" | sed -n 's/^Status: Granted\.$/granted/p; /unspecified/d; s/^Failure info: //p'
}

# The token of NAME answers NAME.tsq and chains to ROOT.
verifies() # NAME ROOT [UNTRUSTED]
{
	openssl ts -verify -queryfile "$WORLD/$1.tsq" -in "$WORLD/$1.tsr" -CAfile "$WORLD/$2" \
		${3:+-untrusted "$WORLD/$3"} &&
		openssl ts -verify -data "$WORLD/$1.data" -in "$WORLD/$1.tsr" -CAfile "$WORLD/$2" \
			${3:+-untrusted "$WORLD/$3"}
}

# Starts tsa-load (OPTIONS are its own) in the background and waits until answers come.
load_begin() # PATH OPTIONS
{
	local path=$1

	shift
	: >"$WORLD/summary"
	"$TOOLS/tsa-load" --url "$URL$path" --timeout "$((WAIT_S * 5))" --announce 40 "$@" \
		>"$WORLD/summary" 2>&1 &
	LOADER=$!
	at_exit "kill $LOADER 2>/dev/null"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$LOADER" --file "$WORLD/summary" '^answered=40' \
		>/dev/null || fail "tsa-load $path: must be answered: $(cat "$WORLD/summary")"
}

# Waits for its end; sets STATUS and SUMMARY.
load_end()
{
	wait "$LOADER"
	STATUS=$?
	SUMMARY=$(grep -v '^answered=' "$WORLD/summary")
}

# All in the foreground; fails unless every answer is good.
load() # PATH OPTIONS
{
	load_begin "$@"
	load_end
	[ "$STATUS" -eq 0 ] || fail "tsa-load $*: every answer must be good: $SUMMARY"
	say "$SUMMARY"
}

# --- the journal ------------------------------------------------------------------------------

journal_dump()
{
	"$TOOLS/tsa-journal-dump" "$@" "$WORLD/journal" || fail "journal: must be readable to its end"
}

# Every lease's counters are 0..n without a gap or a repetition, and seq is contiguous (R1, R2).
journal_is_dense()
{
	journal_dump | sort -k2,2n -k3,3n | awk '
		{ lease = $2; ctr = $3; seen[$1]++ }
		lease != last { want = 0; last = lease }
		ctr != want { printf "lease %s: counter %d follows %d\n", lease, ctr, want - 1; bad = 1 }
		{ want = ctr + 1 }
		END {
			for (i = 1; i <= NR; i++) if (seen[i] != 1) { printf "seq %d: %d times\n", i, seen[i]; bad = 1 }
			exit bad
		}'
}

# Serials (upper-case hex, as tsa-load writes them) of all token records.
journal_serials()
{
	local instance

	instance=$(tr 'a-f' 'A-F' <"$WORLD/journal/instance") || fail "journal: must have its instance"
	journal_dump | awk -v instance="$instance" '$4 == 0 { printf "%s%08X%08X\n", instance, $2, $3 }'
}

# --- the ledger -------------------------------------------------------------------------------

ledger_new()
{
	# shellcheck source=tests/system/pg.sh
	. "$TSA_SOURCE/tests/system/pg.sh"
	PG_DIR=$(pg_folder) || fail 'cluster: needs a folder'
	at_exit pg_remove
	check 'a cluster' pg_init
	eval "$(pg_environment)"
	check 'starts' pg_start
	check 'with a database' createdb ledger
	export PGDATABASE=ledger
	check 'and its schema' "$TSA_SOURCE/schema/apply" 'dbname=ledger'
	LEDGER="host=$PG_DIR user=tsa_node dbname=ledger"
}

ledger_login()
{
	sql 'create role tsa_node login in role ts_writer'
}

sql() # STATEMENT
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1" || fail "psql: $1"
}
