#!/bin/bash
# SIGHUP (R18): configurations follow each other under load and no request is lost; a new key takes
# over from the old one; what is asked for while one runs comes after it.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/reload.sh
. "$TSA_SOURCE/tests/system/reload.sh"

# Each fourth reload is to another configuration: those turn the lease, which happens once a second.
# The twelfth and the last one leave conf_good in force, with two lanes.
another() # NUMBER
{
	case $(($1 % 8)) in
	0) conf_other ;;
	4) conf_good ;;
	esac
}

# AddressSanitizer keeps what was freed, up to 256 MiB.
growth_limit_kib()
{
	if ldd "$PROGRAMS/sbin/tsad" | grep -q libasan; then
		echo 400000
	else
		echo 3072
	fi
}

a_hundred()
{
	local i fds children rss_tsad rss_front front started_s before limit

	limit=$(growth_limit_kib)

	say '-- a hundred reloads under load of 64 clients'
	under_load
	for ((i = 1; i <= 12; i++)); do
		another "$i"
		reload "reload $i"
	done
	children_settle 2
	front=$(child_pid front) || exit 1
	fds=$(find "/proc/$TSAD_PID/fd" -type l | wc -l)
	children=$(tsad_children | wc -w)
	rss_tsad=$(rss_kib "$TSAD_PID")
	rss_front=$(rss_kib "$front")
	started_s=$SECONDS
	for ((i = 13; i <= 100; i++)); do
		another "$i"
		reload "reload $i"
	done
	say "88 of them took $((SECONDS - started_s)) s; the last one: ${LINE#*event=}"
	no_load '100 reloads'
	children_settle 2
	equal 'descriptors of tsad' "$fds" "$(find "/proc/$TSAD_PID/fd" -type l | wc -l)"
	equal 'children of tsad' "$children" "$(tsad_children | wc -w)"
	equal 'the front is the same process' "$front" "$(child_pid front)"
	say "memory in KiB: tsad $rss_tsad, then $(rss_kib "$TSAD_PID"); front $rss_front, then $(rss_kib "$front")"
	[ $(($(rss_kib "$TSAD_PID") - rss_tsad)) -lt "$limit" ] || fail 'tsad: must not grow with reloads: it does'
	[ $(($(rss_kib "$front") - rss_front)) -lt "$limit" ] || fail 'tsa-front: must not grow with reloads: it does'
	equal 'generation' 101 "$(generation)"
	equal 'done' 100 "$(metric 'tsa_config_reloads_total{result="done"}')"
	equal 'refused' 0 "$(metric 'tsa_config_reloads_total{result="refused"}')"
}

# The certificate that signed: the first of the token.
signer_of() # NAME
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl pkcs7 -inform DER -print_certs -noout 2>/dev/null |
		sed -n 's/^subject=.*CN = //p' | grep '^TSU '
}

tsu_files()
{
	find "$WORLD/journal" -name 'tsu-*' | sort
}

# The hash of the configuration in a lease-open is that of the file in force.
lease_states_the_configuration()
{
	matches 'the lease of the token states the configuration in force' \
		"\"config_sha256\":\"$(sha256sum "$CONF" | cut -d' ' -f1)\"" \
		"$(journal_dump --bodies | awk '$4 == 2' | tail -n 1)"
}

a_new_key()
{
	local before

	say '-- a new key takes over'
	before=$(tsu_files)
	ask old / -cert
	equal 'the old unit signs' 'TSU rel' "$(signer_of old)"
	conf_tsu spare 2 >>"$CONF"
	conf_set release tsus 'rel, spare'
	conf_set spare activate_at "$(date -u -d '10 seconds ago' +%Y-%m-%dT%H:%M:%SZ)"
	under_load
	reload 'a unit more' shown
	ask new / -cert
	no_load 'a new key'
	equal 'after the reload the new one signs' 'TSU spare' "$(signer_of new)"
	check 'its tokens verify' verifies new root.pem
	lease_states_the_configuration
	children_settle 3
	lacks 'the old unit has no signer any more' 'tsu=rel' \
		"$(for child in $(tsad_children); do grep " event=child_started .*pid=$child\$" "$LOG"; done)"
	equal 'its certificates stay in the journal' '' "$(comm -23 <(printf '%s\n' "$before") <(tsu_files))"
	curl -fsS --max-time 20 -o "$WORLD/tsu.pem" "$URL/tsu.pem" || fail '/tsu.pem: must be served'
	equal '/tsu.pem has those of both' 3 "$(grep -c 'TSU\|BEGIN' <(
		openssl crl2pkcs7 -nocrl -certfile "$WORLD/tsu.pem" | openssl pkcs7 -print_certs -noout | grep 'subject=.*TSU'))"
	conf_good
	reload 'and back' shown
	ask back / -cert
	equal 'the old one signs again' 'TSU rel' "$(signer_of back)"
}

pages()
{
	say '-- published files, endpoints and policies follow'
	refuse 'no file note.txt' curl -fsS --max-time 20 -o /dev/null "$URL/note.txt"
	ask none /extra
	equal 'no endpoint /extra' 404 "$HTTP"
	ask second /fast -tspolicy "$POLICY_SECOND"
	matches 'a policy that /fast does not offer' 'policy is not supported' "$(reply_status second)"
	conf_other
	reload 'the other configuration' shown
	equal 'note.txt is served' 'a note' "$(curl -fsS --max-time 20 "$URL/note.txt")"
	equal 'a long file is whole' 200000 "$(curl -fsS --max-time 20 "$URL/long.txt" | wc -c)"
	ask extra /extra -cert
	check '/extra issues' verifies extra root.pem
	ask second /fast -tspolicy "$POLICY_SECOND" -cert
	check '/fast offers the policy' verifies second root.pem
	printf 'another\n' >"$WORLD/publish-b/note.txt"
	reload 'the same file again' shown
	equal 'a changed file is read again' another "$(curl -fsS --max-time 20 "$URL/note.txt")"
	conf_good
	reload 'back' shown
	ask none /extra
	equal 'no endpoint /extra any more' 404 "$HTTP"
}

asked_while_one_runs()
{
	local i before

	say '-- SIGHUP while a reload runs'
	before=$(generation)
	log_mark
	hup
	log_await ' event=reload_begin ' >/dev/null || exit 1
	for i in 1 2 3; do hup; done
	log_await --count 2 ' event=reload_done ' >/dev/null || exit 1
	reload 'one more' shown
	equal 'all that came meanwhile is one reload' $((before + 3)) "$(generation)"
}

reload_world reload
tsad_start
a_hundred
a_new_key
pages
asked_while_one_runs
tsad_stop
nothing_is_lost
