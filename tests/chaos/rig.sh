# shellcheck shell=bash disable=SC2034
# For tests/chaos/run: the service, its clients and the checker, and how to talk with both.
#
#   rig_start          all of it, up and asked
#   clients COMMAND    to tsa-chaos-clients; sets REPLY, the counts since the last fault
#   checker COMMAND    to tsa-chaos-check; sets VERDICT; prints violations and fails if there are any
#   value KEY LINE     of KEY=VALUE
#   pick WORD...       sets PICKED to one of them, as the seed decides
#
# Sourced after tests/system/lib.sh, whose world, waits and clean-up it uses.

CAUSES=(reset refused_connection http_503 http_other system_failure time_not_available
	other_refusal timeout broken)
FLOW=25 # good answers on each endpoint that show that it flows
VERDICT='ok lost=0 tokens=0 records=0 unanswered=0'

value() # KEY LINE
{
	[[ $2 =~ (^|[[:space:]])$1=([^[:space:]]*) ]] || fail "wanted $1= in: $2"
	printf '%s\n' "${BASH_REMATCH[2]}"
}

pick() # WORD...
{
	local n=$((RANDOM % $# + 1))

	PICKED=${!n}
}

# Starts a program that is told by lines and answers by lines: NAME_IN, NAME_OUT, NAME_PID.
talk_start() # NAME COMMAND...
{
	local name=$1 in out

	shift
	mkfifo "$WORLD/$name.in" "$WORLD/$name.out" || fail "fifo $name"
	"$@" <"$WORLD/$name.in" >"$WORLD/$name.out" &
	declare -g "${name}_PID=$!"
	exec {in}>"$WORLD/$name.in" {out}<"$WORLD/$name.out" || fail "fifo $name"
	declare -g "${name}_IN=$in" "${name}_OUT=$out"
	at_exit "kill $! 2>/dev/null"
}

clients() # COMMAND...
{
	printf '%s\n' "$*" >&"$CLIENTS_IN" || fail "clients: $*: they have ended"
	IFS= read -r -t "$LIMIT_S" -u "$CLIENTS_OUT" REPLY ||
		fail "clients: $*: must happen within $LIMIT_S s: did not"
}

checker() # COMMAND...
{
	local line

	printf '%s\n' "$*" >&"$CHECKER_IN" || fail "checker: $*: it has ended"
	while IFS= read -r -t "$LIMIT_S" -u "$CHECKER_OUT" line; do
		case $line in
		ok\ *) VERDICT=$line; return 0 ;;
		bad\ *) VERDICT=$line; return 1 ;;
		violation:*) printf '%s\n' "$line" ;;
		"$1") return 0 ;;
		esac
	done
	fail "checker: $*: must answer within $LIMIT_S s: did not"
}

# A port that is not one of those the kernel gives to clients, whose retries could else occupy it.
choose_port()
{
	local first
	local -i i

	read -r first _ </proc/sys/net/ipv4/ip_local_port_range || fail 'ports: range must be readable'
	for ((i = 0; i < 50; i++)); do
		PORT=$((first / 2 + (SRANDOM % (first / 2))))
		(exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || return 0
	done
	fail 'ports: one must be free'
}

# Every second of load, its records, two spare segments, and as much again for copies.
disk_bytes()
{
	local rate=$RATE

	[ "$rate" -gt 0 ] || rate=5000
	printf '%s\n' $((1024 * 1024 * 1024 + (SECONDS_WANTED + 300) * rate * 2048))
}

disk_new()
{
	DISK=$WORLD/disk
	JOURNAL=$DISK/journal
	mkdir "$DISK" || fail "disk: $DISK"
	if [ "$(id -u)" -eq 0 ]; then
		mount -t tmpfs -o "size=$(disk_bytes),mode=755" tsa-chaos "$DISK" ||
			fail 'disk-full: root must be able to mount a tmpfs: cannot'
		# Lazily: where a run is cut short a process may still be on its way out of it.
		at_exit "umount --lazy '$DISK'"
	fi
	mkdir "$JOURNAL" && chown --reference="$WORLD/journal" "$JOURNAL" &&
		chmod --reference="$WORLD/journal" "$JOURNAL" && rmdir "$WORLD/journal" &&
		ln -s disk/journal "$WORLD/journal" || fail "disk: $JOURNAL"
	conf_set tsad journal "$JOURNAL"
}

# As ledger_new of lib.sh, in memory where that can be, for its copies.
cluster_new()
{
	# shellcheck source=tests/system/pg.sh
	. "$TSA_SOURCE/tests/system/pg.sh"
	if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ]; then
		PG_DIR=$(mktemp -d /dev/shm/tsa-pg.XXXXXX) && chmod 711 "$PG_DIR" || fail 'cluster: folder'
		[ "$(id -u)" -ne 0 ] || chown postgres: "$PG_DIR" || fail 'cluster: folder'
	else
		PG_DIR=$(pg_folder) || fail 'cluster: folder'
	fi
	at_exit pg_remove
	pg_init && eval "$(pg_environment)" && pg_start && createdb ledger || fail 'cluster'
	export PGDATABASE=ledger
	"$TSA_SOURCE/schema/apply" 'dbname=ledger' >/dev/null || fail 'schema'
	LEDGER="host=$PG_DIR user=tsa_node dbname=ledger"
	ledger_login
}

service_new()
{
	"$TSA_SOURCE/tests/system/make_world.sh" >/dev/null || fail 'make_world.sh'
	world_new chaos
	disk_new
	cluster_new
	conf_set tsad database "$LEDGER"
	choose_port
	conf_set tsad listen "127.0.0.1:$PORT"
	tsad_start
}

rig_start()
{
	LIMIT_S=$((WAIT_S * 5))
	service_new
	cat "$WORLD/rel.pem" "$WORLD/ec.pem" >"$WORLD/tsus.pem" || fail 'certificates'
	: >"$WORLD/answers"
	talk_start CLIENTS "$TOOLS/tsa-chaos-clients" --port "$PORT" --endpoint /:16 \
		--endpoint /fast:48 --rate "$RATE" --answers "$WORLD/answers"
	talk_start CHECKER "$TOOLS/tsa-chaos-check" --answers "$WORLD/answers" --journal "$JOURNAL" \
		--database 'dbname=ledger' --trust "$WORLD/root.pem" --untrusted "$WORLD/tsus.pem" \
		--tsu "$WORLD/rel.pem" --tsu "$WORLD/ec.pem" --settle "$WAIT_S"
	clients fault
}
