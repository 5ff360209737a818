# shellcheck shell=bash disable=SC2034,SC2154
# For tests/bench/run: slices of raw signing and of the service, the processor time of each role
# in them, and whether anybody else used the machine.  Works in worlds of tests/system/lib.sh.
#
#   put KEY VALUE         keeps a figure; R[KEY] has it, KEYS their order
#   calc EXPRESSION       sets REPLY to what awk says
#   stats LIST            sets REPLY to "median min max"
#   raw_start TSU, raw_stop
#   raw_slice N MS        N processes sign for so long; sets RAW_RATE, RAW_CPU, RAW_P50, RAW_P99
#   roles TSU             whose processor time counts: tsad, front, journal, ledger, that signer
#   service_slice PATH OPTIONS    tsa-load with these options; sets S_RATE, S_GRANTED, S_P50 ...
#                         and S_CPU[role], microseconds a token
# Functions that measure run in this shell, not in $( ): what their children used is counted here.

declare -A R=() PIDS=() CPU_BEFORE=() S_CPU=()
declare -a KEYS=()
ROLES=(tsad front journal ledger signer)
CLK_TCK=$(getconf CLK_TCK)
CORES=$(nproc)
HAS_DATABASE=
others_ticks=0  # used by others in all slices
others_wall=0   # ticks of all cores in all slices
others_most=0   # percent, of the worst slice
idle_us=0       # used by the service in raw slices, when it should be idle
idle_wall_us=0
refused=0       # requests that were not granted in all slices

put() # KEY VALUE
{
	[ -n "${R[$1]+there}" ] || KEYS+=("$1")
	R[$1]=$2
}

calc() # EXPRESSION
{
	REPLY=$(awk "BEGIN { printf \"%.6g\", $1 }") || fail "calc: $1"
}

stats() # NUMBERS...
{
	REPLY=$(printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 }
		END { m = int((NR + 1) / 2); printf "%.6g %.6g %.6g", (v[m] + v[NR - m + 1]) / 2, v[1], v[NR] }')
}

value() # KEY LINE
{
	[[ $2 =~ (^|[[:space:]])$1=([^[:space:]]*) ]] || fail "figures: wanted $1= in: $2"
	REPLY=${BASH_REMATCH[2]}
}

# --- processor time ---------------------------------------------------------------------------

# Microseconds that a process has used; all of ours have one thread.
used_us() # PID
{
	local ns rest

	read -r ns rest <"/proc/$1/schedstat" || fail "process $1: must run"
	REPLY=$((ns / 1000))
}

# Ticks of a process and of those of its children that have ended.
ticks_of() # PID
{
	local line
	local -a f

	read -r line <"/proc/$1/stat" || fail "process $1: must run"
	read -r -a f <<<"${line##*) }"
	REPLY=$((f[11] + f[12] + f[13] + f[14]))
}

cluster_ticks()
{
	local pid child sum=0 line
	local -a f

	REPLY=0
	[ -n "$HAS_DATABASE" ] || return 0
	read -r pid <"$PG_DIR/data/postmaster.pid" || fail 'cluster: must run'
	ticks_of "$pid"
	sum=$REPLY
	for child in $(cat "/proc/$pid/task/$pid/children"); do
		# One that ended just now is in the postmaster's sum.
		{ read -r line <"/proc/$child/stat"; } 2>/dev/null || continue
		read -r -a f <<<"${line##*) }"
		sum=$((sum + f[11] + f[12]))
	done
	REPLY=$sum
}

# What the whole machine was busy with, and what was taken from it.  Interrupts are nobody's.
machine_ticks()
{
	local name user nice system idle iowait irq softirq steal rest

	read -r name user nice system idle iowait irq softirq steal rest </proc/stat
	REPLY=$((user + nice + system + steal))
	wall_ticks=$((user + nice + system + steal + idle + iowait + irq + softirq))
}

roles() # TSU
{
	local line role

	PIDS=([tsad]=$TSAD_PID [front]=$(child_pid front) [journal]=$(child_pid journal) [signer]='' [ledger]='')
	[ -z "$HAS_DATABASE" ] || PIDS[ledger]=$(child_pid ledger)
	PIDS[signer]="$(child_pid signer "tsu=$1 lane=1") $(child_pid signer "tsu=$1 lane=2")"
}

cpu_mark()
{
	local role pid sum

	for role in "${ROLES[@]}"; do
		sum=0
		for pid in ${PIDS[$role]}; do
			used_us "$pid"
			sum=$((sum + REPLY))
		done
		CPU_BEFORE[$role]=$sum
	done
	cluster_ticks
	cluster_before=$REPLY
	ticks_of $$
	own_before=$REPLY
	machine_ticks
	machine_before=$REPLY
	wall_before=$wall_ticks
}

# Sets role_us[ROLE], service_us (their sum), cluster_us, and adds to what others used.
cpu_since() # MICROSECONDS OF OURS BESIDE
{
	local role pid sum own machine

	machine_ticks
	machine=$((REPLY - machine_before))
	wall=$((wall_ticks - wall_before))
	service_us=0
	for role in "${ROLES[@]}"; do
		sum=0
		for pid in ${PIDS[$role]}; do
			used_us "$pid"
			sum=$((sum + REPLY))
		done
		role_us[$role]=$((sum - CPU_BEFORE[$role]))
		service_us=$((service_us + role_us[$role]))
	done
	cluster_ticks
	cluster_us=$(((REPLY - cluster_before) * 1000000 / CLK_TCK))
	ticks_of $$
	own=$((REPLY - own_before + (service_us + cluster_us + $1) * CLK_TCK / 1000000))
	sum=$((machine > own ? machine - own : 0))
	others_ticks=$((others_ticks + sum))
	others_wall=$((others_wall + wall))
	[ $((sum * 100)) -le $((others_most * wall)) ] || others_most=$((sum * 100 / wall))
}
declare -A role_us=()

# --- raw signing ------------------------------------------------------------------------------

raw_start() # TSU
{
	coproc RAW { exec "$TOOLS/tsa-sign-raw" --processes 2 --module "$(cat "$WORLD/module")" \
		--pin-file "$WORLD/pin" --key "pkcs11:token=tsa-test;object=$1" 2>"$WORLD/raw"; }
	raw_pid=$RAW_PID
	at_exit "kill $raw_pid 2>/dev/null"
	exec {raw_out}<&"${RAW[0]}" {raw_in}>&"${RAW[1]}"
	read -r -t "$WAIT_S" -u "$raw_out" line || fail "tsa-sign-raw: must be ready: $(cat "$WORLD/raw")"
}

raw_stop()
{
	exec {raw_in}>&- {raw_out}<&-
	eval "exec ${RAW[1]}>&- ${RAW[0]}<&-" 2>/dev/null
	wait "$raw_pid" || fail "tsa-sign-raw: must end well: $(cat "$WORLD/raw")"
}

raw_slice() # PROCESSES MILLISECONDS
{
	local line signatures

	cpu_mark
	printf '%s %s\n' "$1" "$2" >&"$raw_in"
	read -r -t "$((WAIT_S + $2 / 1000))" -u "$raw_out" line ||
		fail "tsa-sign-raw: must answer: $(cat "$WORLD/raw")"
	value per_second "$line"; RAW_RATE=$REPLY
	value cpu_us "$line"; RAW_CPU=$REPLY
	value p50_us "$line"; RAW_P50=$REPLY
	value p99_us "$line"; RAW_P99=$REPLY
	value signatures "$line"; signatures=$REPLY
	cpu_since "$(awk "BEGIN { printf \"%d\", $signatures * $RAW_CPU }")"
	idle_us=$((idle_us + service_us + cluster_us))
	idle_wall_us=$((idle_wall_us + $2 * 1000))
}

# --- the service ------------------------------------------------------------------------------

# A raw slice must not find the ledger at work on what the slice before left.
await_shipped()
{
	local end=$((SECONDS + WAIT_S * 5))

	[ -n "$HAS_DATABASE" ] || return 0
	while ! curl -sS --max-time 20 "$ADMIN/metrics" | grep -qx 'tsa_journal_unshipped_records 0'; do
		[ "$SECONDS" -lt "$end" ] || fail 'ledger: must ship all records'
		sleep 0.05
	done
}

# Adds what was refused, by TimeStampResp or by HTTP, to refused.
count_refused() # SUMMARY
{
	local word

	for word in $1; do
		[[ ! $word =~ ^(refused|http)_.*=([0-9]+)$ ]] || refused=$((refused + BASH_REMATCH[2]))
	done
}

service_slice() # PATH OPTIONS
{
	local path=$1 role status

	shift
	cpu_mark
	"$TOOLS/tsa-load" --url "$URL$path" --timeout 600 "$@" >"$WORLD/summary" 2>"$WORLD/complaint"
	status=$?
	S_LINE=$(<"$WORLD/summary")
	# A machine too slow for so many clients refuses some: that is counted, the rest is no figure.
	if [ "$status" -ne 0 ]; then
		[[ $status = 1 && $S_LINE =~ granted=[1-9] && $S_LINE =~ ' wrong=0 repeated=0 ' &&
			$S_LINE =~ ' unanswered=0 broken=0 ' ]] ||
			fail "tsa-load $path $*: answers must be good: $S_LINE $(<"$WORLD/complaint")"
		count_refused "$S_LINE"
	fi
	await_shipped
	cpu_since 0
	value granted "$S_LINE"; S_GRANTED=$REPLY
	value per_second "$S_LINE"; S_RATE=$REPLY
	value p50_ms "$S_LINE"; S_P50=$REPLY
	value p99_ms "$S_LINE"; S_P99=$REPLY
	value p999_ms "$S_LINE"; S_P999=$REPLY
	for role in "${ROLES[@]}"; do
		calc "${role_us[$role]} / $S_GRANTED"; S_CPU[$role]=$REPLY
	done
	calc "$cluster_us / $S_GRANTED"; S_CPU[postgresql]=$REPLY
}
