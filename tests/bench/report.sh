# shellcheck shell=bash disable=SC2154
# For tests/bench/run: the table beside section 7 of the design, every figure below it, and JSON.

declare -a ROW_WHAT=() ROW_WANTED=() ROW_MEASURED=() ROW_VERDICT=()

# CONDITION is for awk; empty: nothing was measured, MEASURED says why.
row() # WHAT WANTED MEASURED CONDITION
{
	local verdict='not measured'

	if [ -n "$4" ]; then
		verdict=$(awk "BEGIN { print ($4) ? \"met\" : \"NOT MET\" }")
		[ -z "$SHORT$BUSY" ] || verdict='not judged'
	fi
	ROW_WHAT+=("$1")
	ROW_WANTED+=("$2")
	ROW_MEASURED+=("$3")
	ROW_VERDICT+=("$verdict")
}

# A median with its spread, to so many digits.
spread() # KEY DIGITS
{
	printf "%.$2f (%.$2f..%.$2f)" "${R[$1]}" "${R[$1.min]}" "${R[$1.max]}"
}

rows_of_throughput()
{
	row 'RSA-3072: service / raw C_Sign of 2 processes' '>= 0.90' "$(spread rsa.ratio 3)" \
		"${R[rsa.ratio]} >= 0.90"
	row 'P-256, self_check = 0: the same' '>= 0.60' "$(spread p256.ratio 3)" \
		"${R[p256.ratio]} >= 0.60"
	row 'P-256, every signature checked: the same' '>= 0.45' "$(spread p256_check.ratio 3)" \
		"${R[p256_check.ratio]} >= 0.45"
}

rows_of_cost()
{
	local outside=${R[p256_check.cpu_us.outside]} encode=${R[cost.rsa.encode]}
	local p99=${R[rsa.latency50.p99_ms]} signature=${R[rsa.raw1_p50_us]} limit

	row 'CPU a token outside the signature (P-256)' '<= 80 us' "$(printf '%.0f us' "$outside")" \
		"$outside <= 80"
	row 'of it token encoding' '<= 5 us' "$(printf '%.2f us' "$encode")" "$encode <= 5"
	calc "$signature / 1000 + 5"
	limit=$REPLY
	row 'RSA-3072: p99 latency at half load' "$(printf '<= %.1f ms (signature + 5)' "$limit")" \
		"$(printf '%.1f ms' "$p99")" "$p99 <= $limit"
}

rows_of_the_rest()
{
	local mib held=${R[idle.held]} lost=${R[idle.lost]}
	local first=${R[shipping.first_per_second]} last=${R[shipping.last_per_second]} flat

	calc "${R[idle.front_rss_kib]} / 1024"
	mib=$REPLY
	row "$IDLE idle keep-alive connections: held" "$IDLE" "$((held - lost))" \
		"$held - $lost >= $IDLE"
	row 'and the memory of the front' '<= 100 MiB' "$(printf '%.1f MiB' "$mib")" "$mib <= 100"
	row 'shipping into PostgreSQL, fsync on' '>= 30000 a second' "$last a second" "$last >= 30000"
	calc "$last / $first"
	flat=$REPLY
	row "the same at ${R[shipping.rows]} rows / at ${R[shipping.block]}" '>= 0.85 (flat)' \
		"$(printf '%.2f' "$flat")" "$flat >= 0.85"
	row 'verifying, against openssl ts -verify' '>= 20 times' 'not built yet (issue 5)' ''
}

make_rows()
{
	rows_of_throughput
	rows_of_cost
	rows_of_the_rest
}

print_table()
{
	local i

	printf '\n%-50s %-28s %-26s %s\n' 'section 7 of the design' wanted 'measured (spread)' ''
	for i in "${!ROW_WHAT[@]}"; do
		printf '%-50s %-28s %-26s %s\n' "${ROW_WHAT[i]}" "${ROW_WANTED[i]}" "${ROW_MEASURED[i]}" \
			"${ROW_VERDICT[i]}"
	done
	print_services
	print_latency
	print_cpu
	print_connections
}

print_services()
{
	local name

	printf '\n%-38s %-26s %-26s %s\n' 'tokens a second, 64 clients' 'raw, 2 processes' service ratio
	for name in rsa rsa_journal rsa_ack p256_check p256_check_journal p256_check_ack p256; do
		[ -n "${R[$name.ratio]+there}" ] || continue
		printf '%-38s %-26s %-26s %s\n' "$(title "$name")" "$(spread "$name.raw2_per_second" 0)" \
			"$(spread "$name.per_second" 0)" "$(spread "$name.ratio" 3)"
	done
	[ -z "$ACK_UNKNOWN" ] || printf 'ack = ledger: not measured: %s\n' "$ACK_UNKNOWN"
}

title() # NAME
{
	case $1 in
	rsa) printf 'RSA-3072, with PostgreSQL' ;;
	rsa_journal) printf 'RSA-3072, journal only' ;;
	rsa_ack) printf 'RSA-3072, ack = ledger' ;;
	p256) printf 'P-256, with PostgreSQL, self_check = 0' ;;
	p256_check) printf 'P-256, with PostgreSQL' ;;
	p256_check_journal) printf 'P-256, journal only' ;;
	p256_check_ack) printf 'P-256, ack = ledger' ;;
	esac
}

print_latency()
{
	local name percent

	printf '\n%-26s %8s %10s %10s %10s\n' 'latency, 64 connections' load 'p50 ms' 'p99 ms' 'p99.9 ms'
	for name in rsa p256_check; do
		for percent in 25 50 75; do
			[ -n "${R[$name.latency$percent.p50_ms]+there}" ] || continue
			printf '%-26s %6s %% %10.2f %10.2f %10.2f\n' "$(title "$name")" "$percent" \
				"${R[$name.latency$percent.p50_ms]}" "${R[$name.latency$percent.p99_ms]}" \
				"${R[$name.latency$percent.p999_ms]}"
		done
		printf '%-26s %8s %10.2f %10.2f %10.2f\n' "$(title "$name")" 'closed' \
			"${R[$name.p50_ms]}" "${R[$name.p99_ms]}" "${R[$name.p999_ms]}"
		printf '%-26s %8s %10.2f %10.2f\n' '  the signature alone' '' \
			"$(awk "BEGIN { print ${R[$name.raw1_p50_us]} / 1000 }")" \
			"$(awk "BEGIN { print ${R[$name.raw1_p99_us]} / 1000 }")"
	done
}

print_cpu()
{
	local name role

	printf '\n%-40s' 'CPU a token, us'
	printf ' %10s' "${ROLES[@]}" all 'outside' postgresql
	printf '\n'
	for name in rsa p256_check p256; do
		printf '%-40s' "$(title "$name")"
		for role in "${ROLES[@]}" all outside postgresql; do
			printf ' %10.1f' "${R[$name.cpu_us.$role]}"
		done
		printf '\n'
	done
	printf 'outside: all roles less raw signing (%.0f us RSA-3072, %.0f us P-256) and the check\n' \
		"${R[rsa.raw2_cpu_us]}" "${R[p256_check.raw2_cpu_us]}"
	printf 'of the signature (%.0f us, %.0f us); for RSA-3072 a small difference of large numbers.\n' \
		"${R[cost.rsa.verify]}" "${R[cost.p256.verify]}"
}

print_connections()
{
	local name clients

	printf '\n%-26s %12s %12s %10s %10s\n' connections number 'a second' 'p50 ms' 'p99 ms'
	for name in rsa p256_check; do
		for clients in 1 8 512; do
			[ -n "${R[$name.connections$clients.per_second]+there}" ] || continue
			printf '%-26s %12s %12.0f %10.2f %10.2f\n' "$(title "$name")" "$clients" \
				"${R[$name.connections$clients.per_second]}" \
				"${R[$name.connections$clients.p50_ms]}" "${R[$name.connections$clients.p99_ms]}"
		done
		printf '%-26s %12s %12.0f %10.2f %10.2f\n' "$(title "$name")" 64 "${R[$name.per_second]}" \
			"${R[$name.p50_ms]}" "${R[$name.p99_ms]}"
	done
}

print_raw()
{
	local key

	printf '\nall figures\n'
	for key in "${KEYS[@]}"; do
		printf '%s=%s\n' "$key" "${R[$key]}"
	done
}

# Texts of ours hold no control characters.
json_text()
{
	local text=${1//\\/\\\\}

	printf '"%s"' "${text//\"/\\\"}"
}

json_value() # VALUE
{
	if [[ $1 =~ ^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$ ]]; then
		printf '%s' "$1"
	else
		json_text "$1"
	fi
}

write_json() # FILE VERDICT
{
	local i key comma=

	{
		printf '{"verdict":%s,"short":%s,"rows":[' "$(json_text "$2")" \
			"$([ -n "$SHORT" ] && echo true || echo false)"
		for i in "${!ROW_WHAT[@]}"; do
			printf '%s\n{"what":%s,"wanted":%s,"measured":%s,"verdict":%s}' "$comma" \
				"$(json_text "${ROW_WHAT[i]}")" "$(json_text "${ROW_WANTED[i]}")" \
				"$(json_text "${ROW_MEASURED[i]}")" "$(json_text "${ROW_VERDICT[i]}")"
			comma=,
		done
		printf '],"figures":{'
		comma=
		for key in "${KEYS[@]}"; do
			printf '%s\n%s:%s' "$comma" "$(json_text "$key")" "$(json_value "${R[$key]}")"
			comma=,
		done
		printf '}}\n'
	} >"$1" || fail "--json $1: cannot be written"
}
