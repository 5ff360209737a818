#!/bin/bash
# Two services side by side on one machine: own journals, own instances, neither in the other's way.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

world_new one
tsad_start
url_one=$URL
ask a / -cert
check 'the first serves' verifies a root.pem
world_new two
tsad_start
[ "$URL" != "$url_one" ] || fail "ports: must differ: both are $URL"
ask a / -cert
check 'the second serves beside it' verifies a root.pem
[ "$(cat "$TEST_DIR/one/journal/instance")" != "$(cat "$WORLD/journal/instance")" ] ||
	fail "instance: random per journal directory (R1): both are $(cat "$WORLD/journal/instance")"
say 'their instances differ'
load_begin /fast --clients 8 --requests 600 --trust "$WORLD/root.pem" --out "$WORLD/got-tokens"
one=$LOADER
world_use one
two_url=$URL
URL=$url_one
load_begin /fast --clients 8 --requests 600 --trust "$WORLD/root.pem" --out "$WORLD/got-tokens"
load_end
equal "the first under load: $SUMMARY" 0 "$STATUS"
wait "$one"
equal 'the second under load' 0 $?
equal 'no serial is in both' '' \
	"$(comm -12 <(cut -d' ' -f1 "$TEST_DIR/one/got-tokens" | sort) <(cut -d' ' -f1 "$TEST_DIR/two/got-tokens" | sort))"
tsad_stop
check 'counters of the first are dense' journal_is_dense
world_use two
URL=$two_url
ask b / -cert
check 'the second serves on after the first has stopped' verifies b root.pem
tsad_stop
check 'counters of the second are dense' journal_is_dense
