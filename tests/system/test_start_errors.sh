#!/bin/bash
# What keeps tsad from starting: a clear error each, naming thing, rule and finding, and the right
# exit status: 1, or 78 where a restart would only do harm (D13, R8).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

# does_not_start TEXT STATUS REGEX...: each REGEX must be in what tsad complains about.
does_not_start()
{
	local text=$1 status=$2 said regex

	shift 2
	tsad_run
	[ "$STATUS" -eq "$status" ] || fail "$text: exit status: wanted $status, found $STATUS"
	said=$(complaints)
	for regex in "$@"; do
		[[ $said =~ $regex ]] || fail "$text: wanted '$regex' in: $said"
	done
	lacks "$text: is not ready" ' role=tsad event=ready' "$(cat "$LOG")" >/dev/null
	say "$text: $(head -n 1 <<<"$said" | sed 's/^ts=[^ ]* //')"
	no_process_stays "$text"
}

no_process_stays() # TEXT
{
	local pid

	while read -r pid; do
		[ ! -e "/proc/$pid" ] || "$TOOLS/tsa-await" --timeout 10 --pid "$pid" ||
			fail "$1: no process stays: pid $pid does"
	done < <(sed -n 's/.* event=child_started .*pid=\([0-9]*\).*/\1/p' "$LOG")
}

# starts TEXT: the control beside the negative cases.
starts()
{
	tsad_start
	tsad_stop >/dev/null
	say "$1"
}

files()
{
	say '-- files'
	starts 'the world as it is starts'
	CONF=$WORLD/none.conf does_not_start 'no configuration' 1 'none\.conf' 'No such file'
	conf_set rel certificate "$WORLD/none.pem"
	does_not_start 'no certificate' 1 'rel' 'certificate' 'none\.pem'
	conf_write >"$CONF"
	printf 'no certificate\n' >"$WORLD/words.pem"
	conf_set rel certificate "$WORLD/words.pem"
	does_not_start 'a file that is no certificate' 1 'rel' 'certificate' 'words\.pem'
	conf_write >"$CONF"
	conf_set rel module "$WORLD/none.so"
	does_not_start 'no module' 1 'rel|module' 'none\.so'
	conf_write >"$CONF"
	conf_set rel module "$WORLD/rel.pem"
	does_not_start 'a module that is none' 1 'rel\.pem'
	conf_write >"$CONF"
	conf_set rel pin_file "$WORLD/none"
	does_not_start 'no PIN file' 1 'rel|pin_file' "$WORLD/none"
	conf_write >"$CONF"
	conf_set rel pin_file pin
	does_not_start 'a relative PIN file without credentials' 1 'CREDENTIALS_DIRECTORY'
	CREDENTIALS_DIRECTORY=$WORLD starts 'a relative PIN file is one of the credentials'
	conf_write >"$CONF"
}

keys()
{
	say '-- keys'
	conf_set rel key 'pkcs11:token=tsa-test;object=nobody'
	does_not_start 'a label that is not there' 1 'rel' 'nobody'
	conf_write >"$CONF"
	conf_set rel key 'pkcs11:token=elsewhere;object=rel'
	does_not_start 'a token that is not there' 1 'rel' 'elsewhere'
	conf_write >"$CONF"
	conf_set rel key 'pkcs11:token=tsa-test;object=spare'
	does_not_start 'the key of another certificate' 1 'rel' 'match|certificate'
	conf_write >"$CONF"
	conf_set rel certificate "$WORLD/rel-other.pem"
	does_not_start 'the certificate of another key' 1 'rel' 'match|certificate'
	conf_write >"$CONF"
	conf_set rel certificate "$WORLD/rel-expired.pem"
	does_not_start 'an expired certificate' 1 'rel' '20[0-9][0-9]'
	conf_write >"$CONF"
}

# One C_Login over all signers and lanes, counted in the module itself (D13, R20).
pin()
{
	local logins

	say '-- PIN'
	conf_set rel module "$WORLD/p11wrap.so"
	conf_set ec module "$WORLD/p11wrap.so"
	conf_set tst module "$WORLD/p11wrap.so"
	export P11WRAP_MODULE P11WRAP_LOG=$WORLD/calls
	P11WRAP_MODULE=$(cat "$WORLD/module")
	: >"$P11WRAP_LOG"
	starts 'the world behind the counting module starts'
	cp "$LOG" "$WORLD/log.ready"
	logins=$(grep -c C_Login "$P11WRAP_LOG")
	[ "$logins" -ge 5 ] || fail "the counting module: 5 lanes log in: counted $logins"
	say "the counting module counted $logins logins"
	printf '000000000000' >"$WORLD/wrong-pin"
	chmod 600 "$WORLD/wrong-pin"
	conf_set rel pin_file "$WORLD/wrong-pin"
	conf_set ec pin_file "$WORLD/wrong-pin"
	conf_set tst pin_file "$WORLD/wrong-pin"
	: >"$P11WRAP_LOG"
	does_not_start 'a wrong PIN' 78 'CKR_PIN_INCORRECT|PIN' 'tsa-test|rel|ec|tst'
	equal 'costs one attempt' 1 "$(grep -c C_Login "$P11WRAP_LOG")"
	lacks 'and is not logged' '000000000000' "$(cat "$LOG")"
	one_token_three_names
	unset P11WRAP_MODULE P11WRAP_LOG
	conf_write >"$CONF"
}

# PINs are counted by the token, whatever name it was asked for by.
one_token_three_names()
{
	local serial

	serial=$(sed -n 's/.* event=signer_ready .*serial \([0-9a-f]*\).*/\1/p' "$WORLD/log.ready" |
		head -n 1)
	[ -n "$serial" ] || fail 'the token: its serial must stand in the log: it does not'
	conf_set rel key 'pkcs11:token=tsa-test;object=rel'
	conf_set ec key "pkcs11:serial=$serial;object=ec"
	conf_set tst key 'pkcs11:token=tsa%2dtest;object=tst'
	: >"$P11WRAP_LOG"
	does_not_start 'a wrong PIN for one token of three names' 78 'CKR_PIN_INCORRECT'
	equal 'costs one attempt' 1 "$(grep -c C_Login "$P11WRAP_LOG")"
	: >"$P11WRAP_LOG"
	tsad_run --check
	[ "$STATUS" -ne 0 ] || fail 'tsad --check: a wrong PIN is a finding: exit status 0'
	equal 'and one when it is checked' 1 "$(grep -c C_Login "$P11WRAP_LOG")"
	conf_set rel pin_file "$WORLD/pin"
	conf_set ec pin_file "$WORLD/pin"
	conf_set tst pin_file "$WORLD/pin"
	: >"$P11WRAP_LOG"
	starts 'by three names and the right PIN it starts'
	[ "$(grep -c 'rv=0x00000000' "$P11WRAP_LOG")" -ge 5 ] ||
		fail "by three names: 5 lanes log in: $(cat "$P11WRAP_LOG")"
}

ports()
{
	say '-- ports'
	tsad_start
	local taken=${URL#http://}
	cp -a "$WORLD" "$TEST_DIR/second"
	world_use second
	printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$WORLD" >"$SOFTHSM2_CONF"
	rm -rf "$WORLD/journal"
	mkdir "$WORLD/journal"
	conf_write >"$CONF"
	conf_set tsad listen "$taken"
	does_not_start 'a port in use' 1 "$taken" 'in use'
	conf_write >"$CONF"
	conf_set tsad admin "$taken"
	does_not_start 'a port in use, for admin' 1 "$taken" 'in use'
	conf_write >"$CONF"
	conf_set tsad listen 'nonsense'
	does_not_start 'an address that is none' 1 'tsad' 'listen' 'nonsense'
	conf_write >"$CONF"
	conf_set tsad listen '192.0.2.1:3161'
	does_not_start 'an address that is not ours' 1 '192\.0\.2\.1'
	conf_write >"$CONF"
	say '-- the journal of another service'
	conf_set tsad journal "$TEST_DIR/ports/journal"
	does_not_start 'a locked journal' 1 "$TEST_DIR/ports/journal" '[Ll]ock|another process'
	world_use ports
	ask still / -cert
	check 'the first service goes on' verifies still root.pem
	tsad_stop
}

# In a mount namespace of its own: a file system of 8 MiB, and one that cannot be written.
journal()
{
	local size namespace=(unshare -m) again=()

	say '-- the journal directory'
	rm -rf "$WORLD/journal"
	does_not_start 'no journal directory' 1 "$WORLD/journal" 'No such file|exist'
	: >"$WORLD/journal"
	does_not_start 'a journal directory that is a file' 1 "$WORLD/journal" 'directory'
	rm "$WORLD/journal"
	mkdir "$WORLD/journal"
	if [ "$(id -u)" -ne 0 ]; then
		chmod 500 "$WORLD/journal"
		does_not_start 'a journal that is not ours to write' 1 "$WORLD/journal" 'Permission denied'
		chmod 700 "$WORLD/journal"
		namespace=(unshare -rm)
		# Root to mount, and this user again: there is no other in that namespace to become.
		again=(unshare -U "--map-user=$(id -u)" "--map-group=$(id -g)")
	fi
	# In a chroot the root is no mount point that could be made private; where nothing is shared it
	# need not be.
	if ! "${namespace[@]}" true 2>/dev/null && ! grep -q ' shared:' /proc/self/mountinfo; then
		namespace+=(--propagation unchanged)
	fi
	if ! "${namespace[@]}" true 2>/dev/null; then
		skip 'a full and a read-only file system' 'this user may not mount'
		return
	fi
	PROGRAMS=$TEST_DIR/full
	for size in full ro; do
		mkdir -p "$TEST_DIR/$size/sbin"
		cat >"$TEST_DIR/$size/sbin/tsad" <<-END
			#!/bin/bash
			exec ${namespace[*]} bash -c 'mount -t tmpfs -o \$0 none "$WORLD/journal" &&
				exec ${again[*]} "$TSA_BUILD/sbin/tsad" "\$@"' \
				"$([ $size = full ] && echo size=8m || echo size=8m,ro)" "\$@"
		END
		chmod +x "$TEST_DIR/$size/sbin/tsad"
	done
	does_not_start 'a journal on a full disk' 1 "$WORLD/journal" 'No space left|space'
	PROGRAMS=$TEST_DIR/ro
	does_not_start 'a journal that cannot be written' 1 "$WORLD/journal" 'Read-only'
	PROGRAMS=$TSA_BUILD
	starts 'an empty journal directory is a new journal'
}

# Bytes flipped in the middle of the journal, not a torn tail: nothing is passed over (R3).
damaged()
{
	local segment=$WORLD/journal/0000000000000001.seg

	say '-- a damaged journal'
	tsad_start
	for _ in 1 2 3 4; do ask filler /fast -cert; done
	tsad_stop
	tsad_start
	tsad_stop
	cp "$segment" "$WORLD/whole"
	printf '\xff\xff' | dd of="$segment" bs=1 seek=300 conv=notrunc status=none
	does_not_start 'flipped bytes in the midst of the journal' 1 "${segment##*/}|$WORLD/journal" \
		'chain|damaged|broken|does not verify'
	cp "$WORLD/whole" "$segment"
	starts 'repaired, it starts'
	cp "$WORLD/journal/instance" "$WORLD/whole"
	printf '12345678\n' >"$WORLD/journal/instance"
	does_not_start 'the instance of another journal' 1 "$WORLD/journal/instance" '12345678'
	rm "$WORLD/journal/instance"
	starts 'without the file its segments say which it is'
	check 'the same as before' cmp "$WORLD/whole" "$WORLD/journal/instance"
}

database()
{
	say '-- the database'
	conf_set tsad database 'host=/nonexistent dbname=tsa'
	tsad_start
	log_await ' level=(warning|error) .*event=database_away' >/dev/null || exit 1
	say "it says so: $(grep -m1 'event=database_away' "$LOG" | sed 's/^ts=[^ ]* //')"
	ask without /fast -cert
	check 'and issues from the journal' verifies without root.pem
	tsad_stop
	conf_write >"$CONF"
}

# Nothing is accepted before the front listens: one that never says so ends the start.
hanging_front()
{
	say '-- a front that hangs'
	PROGRAMS=$TEST_DIR/hangs
	mkdir -p "$PROGRAMS/sbin" "$PROGRAMS/libexec"
	cp "$TSA_BUILD/sbin/tsad" "$PROGRAMS/sbin/"
	cp -r "$TSA_BUILD/libexec/tsa" "$PROGRAMS/libexec/"
	printf '#!/bin/sh\nexec sleep %d\n' "$WAIT_S" >"$PROGRAMS/libexec/tsa/tsa-front"
	does_not_start 'a front that does not take its tables' 1 'event=front_timeout' \
		'tsa-front must listen: it ended with signal 9'
	PROGRAMS=$TSA_BUILD
}

findings()
{
	say '-- the configuration'
	conf_set tsad journaI "$WORLD/journal"
	conf_set release path 'no-slash'
	conf_set rel lanes 12abc
	does_not_start 'several mistakes are reported together' 1 'journaI' 'release.*path' 'rel.*lanes' '12abc'
	conf_write >"$CONF"
	printf '[rel]\nlanes = 1\n' >>"$CONF"
	does_not_start 'a section that comes twice' 1 'rel'
	conf_write >"$CONF"
	conf_set test tsus rel
	does_not_start 'a TSU of two endpoints' 1 'rel'
	conf_write >"$CONF"
	conf_set tst key 'pkcs11:token=tsa-test;object=rel'
	conf_set tst certificate "$WORLD/rel.pem"
	does_not_start 'a key shared by release and test (D9)' 1 'tst|test' 'rel'
	conf_write >"$CONF"
	conf_set tsad database 'host=/tmp password=secret'
	does_not_start 'a password in the configuration (R23)' 1 'database' 'password'
	lacks 'is not shown' 'secret' "$(cat "$LOG")"
	conf_write >"$CONF"
	conf_set release profile csbr
	does_not_start 'csbr without a checked clock (D7)' 1 'csbr' 'clock|unchecked'
	conf_write >"$CONF"
}

world_new ports
ports
world_new start
files
keys
pin
journal
damaged
database
hanging_front
findings
starts 'after all this the world still starts'
check 'counters are dense' journal_is_dense
