#!/bin/bash
# tsad --check (design 4): reads, opens every key, makes a test signature, prints every finding;
# serves nothing and writes nothing.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

check_conf() # TEXT STATUS
{
	tsad_run --check
	[ "$STATUS" -eq "$2" ] || fail "$1: exit status: wanted $2, found $STATUS"
	say "$1: exit status $2"
}

# The sample configuration with its paths put into this world (R24).
sample()
{
	sed -e "s#/var/lib/tsa#$WORLD#g; s#/etc/tsa#$WORLD#g; s#/usr/share/tsa#$WORLD#g" \
		-e "s#/usr/lib/softhsm/libsofthsm2\.so#$(cat "$WORLD/module")#g" \
		-e 's#token=tsa;object=rsa2026#token=tsa-test;object=rel#' \
		-e 's#token=tsa;object=test2026#token=tsa-test;object=tst#' \
		"$TSA_SOURCE/deploy/tsad.conf" >"$CONF"
	cp "$WORLD/rel.pem" "$WORLD/rsa2026.pem"
	cp "$WORLD/tst.pem" "$WORLD/test2026.pem"
	conf_set tsad user "$TEST_USER"
	grep -q "$WORLD" "$CONF" || fail "sample: must name paths of ours: none replaced"
}

world_new check
check_conf 'a good configuration' 0
[ -z "$(ls -A "$WORLD/journal")" ] || fail "--check: writes nothing: $(ls "$WORLD/journal")"
say 'the journal directory is untouched'
lacks 'nothing listens' 'event=listening' "$(cat "$LOG")"
conf_set tsad journaI /tmp
conf_set ec certificate "$WORLD/rel.pem"
conf_set release path no-slash
check_conf 'three mistakes in the configuration' 1
matches 'the unknown setting is found' 'tsad.*journaI' "$(complaints)"
matches 'and the certificate of another TSU (T-12)' 'ec.*certificate' "$(complaints)"
matches 'and the path, in one run' 'release.*path.*no-slash' "$(complaints)"
conf_write >"$CONF"
conf_set rel key 'pkcs11:token=tsa-test;object=nobody'
conf_set ec certificate "$WORLD/rel-other.pem"
check_conf 'two mistakes with keys' 1
matches 'the missing key is found' 'rel.*nobody' "$(complaints)"
matches 'and the certificate that does not match, in one run' 'ec.*(match|certificate)' \
	"$(complaints | grep -v nobody)"
conf_write >"$CONF"
conf_set rel pin_file "$WORLD/none"
check_conf 'no PIN file' 1
matches 'is found' "$WORLD/none" "$(cat "$LOG")"
sample
export CREDENTIALS_DIRECTORY=$WORLD # where the sample's `pin_file = pin` is, as under tsad.service
check_conf 'the sample configuration' 0
conf_set release tsus rsa2027
check_conf 'the sample with a TSU that is not there' 1
