# shellcheck shell=bash disable=SC2154
# For tests/bench/run: what is measured, one function a stage; each puts its figures.

# A service in a world of its own, ready and warm: its first answers are verified.
service_start() # WORLD
{
	local path

	tsad_start
	for path in / /fast; do
		"$TOOLS/tsa-load" --url "$URL$path" --clients 8 --requests 40 --trust "$WORLD/root.pem" \
			>"$WORLD/summary" 2>&1 || fail "tokens of $path must verify: $(cat "$WORLD/summary")"
	done
	await_shipped
}

# Requests enough for the seconds, made before the clock runs; a few times the clients at least.
enough() # RATE SECONDS CLIENTS
{
	REPLY=$(awk "BEGIN { n = int($1 * $2 * 1.3); if (n < 4 * $3) n = 4 * $3; if (n > 200000) n = 200000; print n }")
}

# Raw and service in turn, PAIRS of them and a raw one at the end; the ratio of a service slice is
# to the mean of the raw ones around it.
stage_ratio() # NAME TSU PATH PAIRS
{
	local name=$1 i role guess
	local -a raw=() rates=() ratios=() cpu=() p50=() p99=() p999=()
	local -A sums=()

	progress "$name: raw and service in turn, $4 pairs of $SLICE_S s"
	roles "$2"
	raw_start "$2"
	raw_slice 1 "$RAW_MS"
	put "$name.raw1_per_second" "$RAW_RATE"
	put "$name.raw1_p50_us" "$RAW_P50"
	put "$name.raw1_p99_us" "$RAW_P99"
	put "$name.raw1_cpu_us" "$RAW_CPU"
	for ((i = 0; i <= $4; i++)); do
		raw_slice 2 "$RAW_MS"
		raw+=("$RAW_RATE")
		cpu+=("$RAW_CPU")
		guess=${guess:-$RAW_RATE}
		[ "$i" -lt "$4" ] || break
		enough "$guess" "$SLICE_S" 64
		service_slice "$3" --clients 64 --requests "$REPLY" --seconds "$SLICE_S"
		rates+=("$S_RATE")
		p50+=("$S_P50")
		p99+=("$S_P99")
		p999+=("$S_P999")
		guess=$S_RATE
		for role in "${ROLES[@]}" postgresql; do
			sums[$role]+=" ${S_CPU[$role]}"
		done
	done
	raw_stop
	for ((i = 0; i < $4; i++)); do
		calc "2 * ${rates[i]} / (${raw[i]} + ${raw[i + 1]})"
		ratios+=("$REPLY")
	done
	put_stats "$name.raw2_per_second" "${raw[@]}"
	put_stats "$name.raw2_cpu_us" "${cpu[@]}"
	put_stats "$name.per_second" "${rates[@]}"
	put_stats "$name.ratio" "${ratios[@]}"
	put_stats "$name.p50_ms" "${p50[@]}"
	put_stats "$name.p99_ms" "${p99[@]}"
	put_stats "$name.p999_ms" "${p999[@]}"
	for role in "${ROLES[@]}" postgresql; do
		# shellcheck disable=SC2086 # a list
		put_stats "$name.cpu_us.$role" ${sums[$role]}
	done
}

# KEY is the median, KEY.min and KEY.max the spread.
put_stats() # KEY NUMBERS...
{
	local key=$1 median least most

	shift
	stats "$@"
	read -r median least most <<<"$REPLY"
	put "$key" "$median"
	put "$key.min" "$least"
	put "$key.max" "$most"
}

# At a part of the closed loop's rate; latency counts from when a request was due.
stage_latency() # NAME TSU PATH PERCENT...
{
	local name=$1 tsu=$2 path=$3 percent rate

	shift 3
	roles "$tsu"
	for percent in "$@"; do
		calc "int(${R[$name.per_second]} * $percent / 100)"
		rate=$REPLY
		progress "$name: latency at $percent % load, $rate a second for $LATENCY_S s"
		service_slice "$path" --clients 64 --rate "$rate" --requests $((rate * LATENCY_S))
		put "$name.latency$percent.p50_ms" "$S_P50"
		put "$name.latency$percent.p99_ms" "$S_P99"
		put "$name.latency$percent.p999_ms" "$S_P999"
	done
}

stage_connections() # NAME TSU PATH CLIENTS...
{
	local name=$1 tsu=$2 path=$3 clients

	shift 3
	roles "$tsu"
	for clients in "$@"; do
		progress "$name: $clients connections, $SLICE_S s"
		enough "${R[$name.per_second]}" "$SLICE_S" "$clients"
		service_slice "$path" --clients "$clients" --requests "$REPLY" --seconds "$SLICE_S"
		put "$name.connections$clients.per_second" "$S_RATE"
		put "$name.connections$clients.p50_ms" "$S_P50"
		put "$name.connections$clients.p99_ms" "$S_P99"
	done
}

# Each connection has one token, then idles; the front's memory before, meanwhile; who was closed.
stage_idle() # CONNECTIONS
{
	local count=$1 front rate loader held status

	progress "$count idle connections"
	front=$(child_pid front) || exit 1
	calc "int(${R[p256_check.per_second]} / 2) + 1"
	rate=$REPLY
	put idle.front_rss_kib_before "$(front_memory "$front" Rss)"
	mkfifo "$WORLD/hold"
	: >"$WORLD/held"
	"$TOOLS/tsa-load" --url "$URL/fast" --clients "$count" --requests "$count" --rate "$rate" --hold \
		--timeout 600 <"$WORLD/hold" >"$WORLD/summary" 2>"$WORLD/held" &
	loader=$!
	at_exit "kill $loader 2>/dev/null"
	exec {hold}>"$WORLD/hold"
	held=$("$TOOLS/tsa-await" --timeout "$((WAIT_S * 2))" --pid "$loader" --file "$WORLD/held" '^held=') ||
		fail "tsa-load --hold: must hold connections: $(cat "$WORLD/held" "$WORLD/summary")"
	put idle.held "${held#held=}"
	put idle.front_rss_kib "$(front_memory "$front" Rss)"
	put idle.front_pss_kib "$(front_memory "$front" Pss)"
	exec {hold}>&-
	wait "$loader"
	status=$?
	[ "$status" -le 1 ] || fail "tsa-load --hold: $(cat "$WORLD/held")"
	value lost "$(<"$WORLD/summary")"
	put idle.lost "$REPLY"
	value granted "$(<"$WORLD/summary")"
	put idle.granted "$REPLY"
}

# The front is not dumpable: only root reads its maps, anybody its resident size.
front_memory() # PID Rss|Pss
{
	local kib

	kib=$({ sed -n "s/^$2: *\([0-9]*\) kB\$/\1/p" "/proc/$1/smaps_rollup"; } 2>/dev/null)
	[ -n "$kib" ] || kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$1/status")
	printf '%s\n' "$kib"
}

ship() # RECORDS: sets REPLY to records a second
{
	local line folder

	line=$("$TSA_BUILD/tests/system/ledger_rate" "$PROGRAMS/libexec/tsa/tsa-ledger" "$SHIP_TO" "$1" \
		"${R[cost.rsa.body_bytes]}" 2>"$WORLD/complaint") ||
		fail "ledger_rate: must ship $1 records: $line $(cat "$WORLD/complaint")"
	folder=${line##*journal }
	rm -rf -- "${folder%/journal}"
	REPLY=$(sed 's/.*: \([0-9]*\) records\/s.*/\1/' <<<"$line")
}

# Blocks of the same size into a table that is nearly empty, and into one that has grown.
stage_shipping() # BLOCK ROWS
{
	local block=$1 rows=$2 there=0 bulk

	check 'shipping: a database of its own' createdb shipping
	check 'shipping: its schema' "$TSA_SOURCE/schema/apply" 'dbname=shipping'
	SHIP_TO="host=$PG_DIR user=tsa_node dbname=shipping"
	progress "shipping $rows records"
	put shipping.block "$block"
	put shipping.rows "$rows"
	ship "$block"
	put shipping.first_per_second "$REPLY"
	there=$block
	while [ $((rows - there)) -gt "$block" ]; do
		bulk=$((rows - there - block))
		[ "$bulk" -le 1000000 ] || bulk=1000000
		ship "$bulk"
		there=$((there + bulk))
		progress "shipping: $there rows, $REPLY a second"
	done
	ship "$block"
	put shipping.last_per_second "$REPLY"
}

stage_cost()
{
	local kind tsu line

	progress 'the steps of a token, one by one'
	for kind in rsa p256; do
		tsu=$([ "$kind" = rsa ] && echo rel || echo ec)
		while read -r line; do
			for line in $line; do
				put "cost.$kind.${line%%=*}" "${line#*=}"
			done
		done < <("$TOOLS/tsa-token-cost" "$WORLD/$tsu.pem" "$COST_MS")
		[ -n "${R[cost.$kind.token_bytes]+there}" ] || fail 'tsa-token-cost: must end well'
	done
}

# CPU a token outside the signature: all roles but PostgreSQL, less the signature itself (as raw
# signing has it, in the same run) and the check of it.
outside() # NAME KIND CHECKED
{
	local name=$1 sum role

	sum=0
	for role in "${ROLES[@]}"; do
		sum="$sum + ${R[$name.cpu_us.$role]}"
	done
	calc "$sum"
	put "$name.cpu_us.all" "$REPLY"
	calc "${R[$name.cpu_us.all]} - ${R[$name.raw2_cpu_us]} - $3 * ${R[cost.$2.verify]}"
	put "$name.cpu_us.outside" "$REPLY"
	calc "${R[$name.cpu_us.all]} - ${R[$name.cpu_us.signer]}"
	put "$name.cpu_us.other_roles" "$REPLY"
}
