#!/bin/bash
# A configuration that is no good is refused at SIGHUP with every finding, and the one in force goes
# on without a request lost (R18); a PIN that was refused is not tried again before its file has
# changed (R20).
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/reload.sh
. "$TSA_SOURCE/tests/system/reload.sh"

findings()
{
	say '-- findings'
	conf_set tsad journaI "$WORLD/journal"
	conf_set rel lanes 12abc
	conf_set release path no-slash
	refused_with 3 'journaI' 'lanes.*12abc' 'path.*no-slash'
	rm "$CONF"
	refused_with 1 'No such file'
	conf_set rel certificate "$WORLD/none.pem"
	refused_with 1 'none\.pem'
	conf_set rel certificate "$WORLD/rel-other.pem"
	refused_with 1 'rel.*(match|certificate)'
	conf_set rel key 'pkcs11:token=tsa-test;object=nobody'
	refused_with 1 'nobody'
	conf_set rel module "$WORLD/none.so"
	refused_with 1 'none\.so'
	conf_set rel pin_file "$WORLD/none"
	refused_with 1 "$WORLD/none"
}

# A link to SoftHSM by another name: the configuration does not know it, its token does (D7, T-14).
hidden_softhsm()
{
	ln -sf "$(cat "$WORLD/module")" "$WORLD/vendor.so"
	conf_set release profile etsi
	conf_set rel module "$WORLD/vendor.so"
	conf_set tsad clock kernel
	refused_with 1 'D7, T-14.*SoftHSM'
}

needs_restart()
{
	say '-- needs restart'
	mkdir "$WORLD/journal-b"
	conf_set tsad listen 127.0.0.1:9
	refused_with 1 'listen: R18: needs restart: it was 127\.0\.0\.1:0, is 127\.0\.0\.1:9'
	conf_drop tsad admin
	refused_with 1 'admin: R18: needs restart: it was 127\.0\.0\.1:0, is not set'
	conf_set tsad journal "$WORLD/journal-b"
	refused_with 1 "journal: R18: needs restart: it was $WORLD/journal, is $WORLD/journal-b"
	conf_set tsad database 'dbname=tsa'
	refused_with 1 'database: R18: needs restart: it was not set, is dbname=tsa'
	conf_set tsad max_connections 77
	refused_with 1 'max_connections: R18: needs restart: it was 10240, is 77'
	conf_set tsad listen 127.0.0.1:9
	conf_set tsad admin 127.0.0.1:10
	conf_set tsad journal "$WORLD/journal-b"
	conf_set tsad database 'dbname=tsa'
	conf_set tsad ack ledger
	conf_set tsad max_connections 77
	conf_set rel lanes 12abc
	refused_with 7 'listen: R18' 'admin: R18' 'journal: R18' 'database: R18' \
		'ack: R18: needs restart: it was journal, is ledger' 'max_connections: R18' '12abc'
	conf_set tsad clock_slack_ms 400
	conf_set tsad max_unshipped_age 60
	reload 'what may change' shown
	conf_good
	reload 'and back' shown
}

logins()
{
	grep -c C_Login "$P11WRAP_LOG"
}

wrong_pin()
{
	local before

	say '-- a PIN that is refused'
	printf '000000000000' >"$WORLD/wrong-pin"
	chmod 600 "$WORLD/wrong-pin"
	world_give
	before=$(logins)
	conf_pin "$WORLD/wrong-pin"
	log_mark
	hup
	LINE=$(log_await ' event=reload_(done|refused) ') || exit 1
	matches 'is a refused reload' ' event=reload_refused .*CKR_PIN_INCORRECT' "$LINE"
	equal 'after one C_Login' $((before + 1)) "$(logins)"
	ask still / -cert
	check 'the signers in force go on' verifies still root.pem
	conf_pin "$WORLD/wrong-pin"
	refused_with 2 '\[rel\] pin_file: R20' '\[ec\] pin_file: R20'
	conf_pin "$WORLD/wrong-pin"
	refused_with 2 '\[rel\] pin_file: R20' '\[ec\] pin_file: R20'
	equal 'the unchanged file: no C_Login' $((before + 1)) "$(logins)"
	a_lane_stays_down
	conf_pin "$WORLD/wrong-pin"
	touch "$WORLD/wrong-pin"
	log_mark
	hup
	LINE=$(log_await ' event=reload_(done|refused) ') || exit 1
	matches 'a file that was touched is tried' ' event=reload_refused .*CKR_PIN_INCORRECT' "$LINE"
	equal 'once' $((before + 2)) "$(logins)"
	cat "$WORLD/pin" >"$WORLD/wrong-pin"
	reload 'with the right PIN in it' shown
	equal 'both lanes log in' $((before + 4)) "$(logins)"
	equal 'and serve, also the one that was down' '2 ok' \
		"$(curl -fsS --max-time 20 "$ADMIN/readyz" | grep -c '^ok   signer: .*: 1 of 1 lanes') ok"
	printf '000000000000' >"$WORLD/wrong-pin"
	conf_pin "$WORLD/wrong-pin"
	refused_with 1 'CKR_PIN_INCORRECT'
	reload 'the file from before is another one: taken' shown
}

conf_pin() # FILE
{
	conf_good
	conf_set rel pin_file "$1"
	conf_set ec pin_file "$1"
}

# R20: no lane of that token logs in, until a reload comes with another file.
a_lane_stays_down()
{
	local pid before

	before=$(logins)
	pid=$(child_pid signer 'tsu=ec lane=1') || exit 1
	log_mark
	kill -KILL "$pid"
	log_await " event=child_died child=signer pid=$pid" >/dev/null || exit 1
	# A lane in force would be back within 100 ms: this request waits for one for 1.6 s.
	ask down /fast
	[ "$(reply_status down)" != granted ] || fail 'R20: a lane that died must stay down: it signed'
	equal 'a lane that dies does not log in' "$before" "$(logins)"
	ask still / -cert
	check 'the other unit goes on' verifies still root.pem
}

reload_world refused
# Every login is counted.
export P11WRAP_MODULE P11WRAP_LOG=$WORLD/calls
P11WRAP_MODULE=$(cat "$WORLD/module")
printf '%s\n' "$WORLD/p11wrap.so" >"$WORLD/module"
: >"$P11WRAP_LOG"
conf_good
tsad_start
under_load
findings
hidden_softhsm
needs_restart
no_load 'refused reloads'
wrong_pin
tsad_stop
nothing_is_lost
