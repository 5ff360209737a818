# shellcheck shell=bash disable=SC2034
# For tests/chaos/run: what is broken, and what the clients may see of it (design 2, "When
# something dies").  A function fault_X says "clients fault" when it breaks something, and returns
# when the service should be whole again; NOTE says what was chosen.

FAULTS=(signer-kill signer-stop front-kill journal-kill journal-stop ledger-kill ledger-stop
	tsad-kill postgres-kill postgres-stop postgres-restart postgres-restore disk-full
	rollback-live rollback-stopped)

# MAY: the causes of failed requests that the fault may have.  MUST: one that it must have.
declare -A WHAT=(
	[signer-kill]='kill -9 of a signer'
	[signer-stop]='SIGSTOP of a signer past its deadline'
	[front-kill]='kill -9 of the front'
	[journal-kill]='kill -9 of tsa-journal'
	[journal-stop]='SIGSTOP of tsa-journal for 4 s'
	[ledger-kill]='kill -9 of tsa-ledger'
	[ledger-stop]='SIGSTOP of tsa-ledger for 3 s'
	[tsad-kill]='kill -9 of tsad, started again'
	[postgres-kill]='kill -9 of the postmaster, started again'
	[postgres-stop]='PostgreSQL stopped for a while (2 minutes the first time in 600 s)'
	[postgres-restart]='PostgreSQL restarted'
	[postgres-restore]='PostgreSQL restored from an older backup'
	[disk-full]='the disk of the journal fills; then there is room again'
	[rollback-live]='the journal rolled back to a snapshot that was taken under load'
	[rollback-stopped]='the journal rolled back to a copy that was taken after a stop'
)
declare -A MAY=(
	[front-kill]='reset'
	[journal-stop]='system_failure'
	[tsad-kill]='reset refused_connection'
	[disk-full]='system_failure'
	[rollback-live]='reset refused_connection system_failure'
	[rollback-stopped]='reset refused_connection system_failure'
)
declare -A MUST=(
	[journal-stop]='system_failure'
	[tsad-kill]='refused_connection'
	[disk-full]='system_failure'
	[rollback-live]='refused_connection'
	[rollback-stopped]='refused_connection'
)

# --- processes ----------------------------------------------------------------------------------

await_line() # REGEX
{
	log_await "$1" >/dev/null || exit 1
}

# It has the state T when what it was doing in the kernel is done.
stop_process() # PID
{
	local -i i

	at_exit "kill -CONT $1 2>/dev/null" # or it would outlive us
	kill -STOP "$1" || fail "pid $1: must run"
	for ((i = 0; i < 100000; i++)); do
		grep -q '^State:[[:space:]]*T' "/proc/$1/status" && return 0
	done
	fail "pid $1: must stop on SIGSTOP: does not"
}

pick_signer()
{
	pick 'tsu=rel lane=1' 'tsu=rel lane=2' 'tsu=ec lane=1' 'tsu=ec lane=2'
	SIGNER=$PICKED
	NOTE=$SIGNER
	PID=$(child_pid signer "$SIGNER") || exit 1
	log_mark
}

kill_and_await() # CHILD REGEX
{
	PID=$(child_pid "$1") || exit 1
	log_mark
	clients fault
	kill -KILL "$PID" || fail "$1: pid $PID must run"
	await_line " event=child_died child=$1 pid=$PID( |\$)"
	await_line "$2"
}

fault_signer_kill()
{
	pick_signer
	clients fault
	kill -KILL "$PID" || fail "signer $SIGNER: pid $PID must run"
	await_line " event=child_died child=signer pid=$PID( |\$)"
	await_line " event=signer_ready $SIGNER( |\$)"
}

fault_signer_stop()
{
	pick_signer
	clients fault
	stop_process "$PID"
	await_line " event=signer_timeout $SIGNER( |\$)"
	await_line " event=signer_ready $SIGNER( |\$)"
}

fault_front_kill()
{
	kill_and_await front ' role=front event=ready '
}

fault_journal_kill()
{
	kill_and_await journal ' event=journal_resumed '
}

fault_ledger_kill()
{
	kill_and_await ledger ' role=ledger event=resumed '
}

fault_journal_stop()
{
	PID=$(child_pid journal) || exit 1
	clients fault
	stop_process "$PID"
	clients for 4000
	clients mend
	kill -CONT "$PID" || fail "journal: pid $PID must still be there"
}

fault_ledger_stop()
{
	PID=$(child_pid ledger) || exit 1
	clients fault
	stop_process "$PID"
	clients for 3000
	kill -CONT "$PID" || fail "ledger: pid $PID must still be there"
}

# Up, and tsa-ledger as well: what is unshipped when the next fault comes is its doing.
start_service()
{
	tsad_start
	await_line ' role=ledger event=resumed '
}

fault_tsad_kill()
{
	clients fault
	tsad_kill
	start_service
}

# --- PostgreSQL ---------------------------------------------------------------------------------

postgres_starts()
{
	log_mark
	pg_start || fail 'PostgreSQL: must start'
	await_line ' role=ledger event=resumed '
}

fault_postgres_kill()
{
	local pid children child

	read -r pid <"$PG_DIR/data/postmaster.pid" || fail 'PostgreSQL: must run'
	children=$(cat "/proc/$pid/task/$pid/children") || fail 'PostgreSQL: must run'
	clients fault
	kill -KILL "$pid" || fail 'PostgreSQL: must run'
	for child in $pid $children; do
		"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$child" ||
			fail "PostgreSQL: pid $child must end without its postmaster"
	done
	# All have ended; but where nobody waits for orphans at once, as in a container, the zombie still
	# has the number, which PostgreSQL takes for a server that runs.
	! kill -0 "$pid" 2>/dev/null || rm -f "$PG_DIR/data/postmaster.pid" \
		"$PG_DIR"/.s.PGSQL.*.lock
	postgres_starts
}

# Two minutes, once, where there is time for that.
stop_seconds()
{
	STOP_S=$((SECONDS_WANTED / 5))
	if [ "$SECONDS_WANTED" -lt 300 ]; then
		STOP_S=3
	elif [ -n "${STOPPED_LONG:-}" ]; then
		STOP_S=10
	fi
	STOPPED_LONG=yes
}

fault_postgres_stop()
{
	stop_seconds
	NOTE="for $STOP_S s"
	clients fault
	pg_stop fast || fail 'PostgreSQL: must stop'
	clients for "$((STOP_S * 1000))"
	postgres_starts
}

fault_postgres_restart()
{
	pick fast immediate
	NOTE=$PICKED
	clients fault
	pg_stop "$PICKED" || fail 'PostgreSQL: must stop'
	postgres_starts
}

rows()
{
	sql 'select count(*) from ledger.record'
}

# The backup must be older than what is there: more is shipped first.
fault_postgres_restore()
{
	local before

	pg_stop fast || fail 'PostgreSQL: must stop'
	cp -a "$PG_DIR/data" "$PG_DIR/backup" || fail 'PostgreSQL: backup'
	postgres_starts
	before=$(rows) || exit 1
	while [ "$(rows)" -lt "$((before + 200))" ]; do
		clients good "$FLOW"
	done
	clients fault
	pg_stop fast || fail 'PostgreSQL: must stop'
	rm -rf "${PG_DIR:?}/data" && mv "$PG_DIR/backup" "$PG_DIR/data" || fail 'PostgreSQL: restore'
	postgres_starts
	checker restored
}

# --- the journal's disk -------------------------------------------------------------------------

# The last segment without its zeros, but for room for a few hundred records.
cut_last_segment()
{
	local last used

	last=$(find "$JOURNAL" -name '*.seg' | sort | tail -n 1)
	used=$(LC_ALL=C grep -obUaP '[^\x00]\x00*\z' "$last" | tail -n 1 | cut -d: -f1)
	truncate -s "$((used + 64 + 262144))" "$last" || fail "disk: $last"
}

# Full but for some pages: what is written now goes into room that was taken before.
shrink_disk()
{
	local used

	used=$(df --output=used -B1 "$DISK" | tail -n 1)
	mount -o "remount,size=$((used + 65536))" "$DISK" || fail 'disk: must shrink'
}

# While it is stopped the segment's room is cut short, so that the disk fills in a second and not in
# an hour.
fault_disk_full()
{
	clients pause
	tsad_stop >/dev/null
	cut_last_segment
	rm -f "$JOURNAL"/spare-*.new
	shrink_disk
	start_service
	clients fault
	clients resume
	await_line ' event=journal_failed '
	clients bad 20
	equal 'not ready' 503 "$(curl -sS --max-time 20 -o "$WORLD/readyz" -w '%{http_code}' \
		"$ADMIN/readyz")" >/dev/null
	clients mend
	mount -o "remount,size=$(disk_bytes)" "$DISK" || fail 'disk: must grow'
	await_line ' event=journal_resumed '
}

# --- the journal, rolled back -------------------------------------------------------------------

# As a snapshot of the file system has it.  Finished segments never change: links do.
copy_journal()
{
	local file last

	COPY=$DISK/copy
	rm -rf "$COPY"
	last=$(find "$JOURNAL" -name '*.seg' | sort | tail -n 1)
	mkdir "$COPY" && chown --reference="$JOURNAL" "$COPY" && chmod --reference="$JOURNAL" "$COPY" ||
		fail "copy: $COPY"
	for file in "$JOURNAL"/*; do
		case $file in
		*/spare-*) continue ;;
		"$last") cp -p --sparse=always "$file" "$COPY/" || fail "copy: $file" ;;
		*.seg) ln "$file" "$COPY/" || fail "copy: $file" ;;
		*) cp -p "$file" "$COPY/" || fail "copy: $file" ;;
		esac
	done
}

# tsad with OPTIONS; returns 0 when it ships, 1 when it has ended (STATUS).
start_and_ship() # [OPTIONS]
{
	local status

	tsad_launch "$@"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$TSAD_PID" --file "$LOG" --after "$LOG_AT" \
		' role=ledger event=resumed ' >/dev/null
	status=$?
	[ "$status" -ne 1 ] || fail "tsad $*: must ship or end: did neither in $WAIT_S s"
	if [ "$status" -eq 0 ]; then
		tsad_ready
		return 0
	fi
	tsad_ended
	return 1
}

# What its operator does: starts it, and where it stops because the journal holds voids under
# serials of which PostgreSQL has the tokens, looks and accepts.
start_as_operator()
{
	local line id

	NOTE='goes on'
	start_and_ship && return
	[ "$STATUS" -eq 78 ] || fail "tsad: after a roll-back: goes on, or exits 78: exits $STATUS"
	line=$(tail -c +"$((LOG_AT + 1))" "$LOG" | grep ' event=ledger_conflict ' | tail -n 1)
	[[ $line =~ ([0-9a-f]{8})-[0-9]+\"?$ ]] ||
		fail "tsad: the text must end with the incident's ID: $line"
	id=${BASH_REMATCH[0]%\"}
	checker accepted "$((16#${BASH_REMATCH[1]}))"
	NOTE="accepted $id"
	start_and_ship --accept-incident "$id" || fail "tsad: accepted $id: must run: exits $STATUS"
}

roll_back()
{
	clients good 100
	log_mark
	clients fault
	tsad_stop >/dev/null
	# What PostgreSQL does not have yet would be lost with the journal, whoever wrote it.
	! tail -c +"$((LOG_AT + 1))" "$LOG" | grep -q ' event=stopped_unshipped ' ||
		fail 'tsa-ledger: ships what is durable before it stops: did not'
	rm -rf "${JOURNAL:?}" && mv "$COPY" "$JOURNAL" || fail "journal: $JOURNAL"
	checker rolled-back
	start_as_operator
}

fault_rollback_live()
{
	PID=$(child_pid journal) || exit 1
	stop_process "$PID"
	copy_journal
	kill -CONT "$PID" || fail "journal: pid $PID must still be there"
	roll_back
}

fault_rollback_stopped()
{
	clients pause
	tsad_stop >/dev/null
	copy_journal
	start_service
	clients resume
	roll_back
}
