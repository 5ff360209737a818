#!/bin/bash
# What the switches of a time-stamping unit and the digests of an endpoint do to the tokens of the
# running service, also when SIGHUP changes them (P-07, P-10, P-21, P-25, R18).
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/reload.sh
. "$TSA_SOURCE/tests/system/reload.sh"

# good NAME PATH [QUERY OPTIONS]: asked, granted, and accepted by openssl and tsa-stamp.
good()
{
	local name=$1 path=$2 root=root.pem

	shift 2
	ask "$name" "$path" -cert "$@"
	equal "$name" granted "$(reply_status "$name")"
	check 'openssl ts -verify accepts it' verifies "$name" "$root"
	check 'tsa-stamp accepts another one' "$PROGRAMS/bin/tsa-stamp" --url "$URL$path" \
		--trust "$WORLD/root.pem" --out "$WORLD/$name.stamp" "$WORLD/$name.data"
}

# The signed attributes, extensions and times of a token as openssl prints its structure.
structure() # NAME
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl cms -cmsout -print -noout -inform DER 2>&1
}

certificates() # NAME: how many the token has
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl pkcs7 -inform DER -print_certs 2>/dev/null | grep -c '^subject'
}

subject() # FILE
{
	openssl x509 -in "$1" -noout -subject -nameopt compat,sep_multiline | sed '1d; s/^ *//' | tr '\n' '/'
}

gen_time() # NAME: as it is encoded
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl cms -verify -inform DER -noverify 2>/dev/null |
		openssl asn1parse -inform DER | sed -n 's/.*GENERALIZEDTIME *://p'
}

defaults()
{
	local text

	say '-- as configured by default'
	good default /
	text=$(reply_text default)
	equal 'P-21: tsa is the subject of the certificate' "$(subject "$WORLD/rel.pem")" \
		"$(sed -n 's#^TSA: DirName:/*##p' <<<"$text")/"
	text=$(structure default)
	matches 'P-25: CMSAlgorithmProtection is there' '1\.2\.840\.113549\.1\.9\.52' "$text"
	lacks 'signingTime is not' 'signingTime' "$text"
	lacks 'T-05: nothing says that it is qualified' 'qcStatements' "$(reply_text default)"
	equal 'P-10: leaf and intermediate' 2 "$(certificates default)"
}

switched()
{
	local text

	say '-- every switch the other way, by SIGHUP'
	cat "$WORLD/ec.pem" "$WORLD/root.pem" >"$WORLD/ec-root.pem"
	conf_set ec certificate "$WORLD/ec-root.pem"
	conf_set ec include_root yes
	for name in rel ec; do
		conf_set $name tsa_name no
		conf_set $name signing_time yes
		conf_set $name algorithm_protection no
	done
	world_give
	reload 'the switches'
	for name in rel ec; do
		good "switched-$name" "$([ $name = rel ] && echo / || echo /fast)"
		matches 'tsa is absent' 'TSA: unspecified' "$(reply_text "switched-$name")"
		text=$(structure "switched-$name")
		lacks 'CMSAlgorithmProtection is absent' '1\.2\.840\.113549\.1\.9\.52' "$text"
		matches 'signingTime is there' 'signingTime' "$text"
		equal "signingTime is genTime's second" "$(gen_time "switched-$name" | cut -c 1-14)" \
			"$(date -u -d "$(sed -n 's/.*UTCTIME://p' <<<"$text")" +%Y%m%d%H%M%S)"
	done
	equal 'the root comes with tokens of [ec]' 3 "$(certificates switched-ec)"
	equal 'and not with those of [rel]' 2 "$(certificates switched-rel)"
}

root_left_out()
{
	say '-- a root in the file stays out of tokens, with a warning'
	conf_drop ec include_root
	log_mark
	reload 'without include_root'
	matches 'the log says so' '\[ec\] certificate: T-11: .*include_root' \
		"$(tail -c "+$((LOG_AT + 1))" "$LOG")"
	good root-less /fast
	equal 'leaf and intermediate' 2 "$(certificates root-less)"
}

sha3()
{
	local digest

	say '-- SHA-3 is for endpoints that list it'
	ask not-listed / -sha3-256 -cert
	equal 'P-07: badAlg' 'unrecognized or unsupported algorithm identifier' \
		"$(reply_status not-listed)"
	matches 'with the digests to use' 'use sha256, sha384, sha512' "$(reply_text not-listed)"
	conf_set release digests 'sha256, sha3-256, sha3-384, sha3-512'
	reload 'with SHA-3'
	for digest in sha3-256 sha3-384 sha3-512; do
		good "$digest" / "-$digest"
		matches 'the imprint is by it' "Hash Algorithm: $digest" "$(reply_text "$digest")"
	done
	check 'tsa-stamp asks with SHA-3' "$PROGRAMS/bin/tsa-stamp" --url "$URL/" \
		--trust "$WORLD/root.pem" --digest sha3-512 --out "$WORLD/sha3.stamp" "$WORLD/module"
	ask sha512 / -sha512 -cert
	equal 'what is not listed any more is refused' \
		'unrecognized or unsupported algorithm identifier' "$(reply_status sha512)"
}

# digits N: at every endpoint (R10), with an accuracy that has room for whole seconds (R28).
digits()
{
	local name

	for name in release fast test; do
		conf_set $name digits "$1"
	done
	for name in rel ec tst; do
		conf_set $name accuracy_ms 2000
	done
	reload "$1 digits"
	for name in 1 2 3; do
		good "digits-$1-$name" /fast
		times+=" $(gen_time "digits-$1-$name")"
	done
}

resolutions()
{
	local times

	say '-- genTime with 0, 3 and 6 digits, none of them a zero at the end (P-18)'
	times=$(gen_time default)
	matches "three by default: $times" '^[0-9]{14}(\.[0-9]{0,2}[1-9])?Z$' "$times"
	times=
	digits 6
	matches "six:$times" '^( [0-9]{14}(\.[0-9]{0,5}[1-9])?Z){3}$' "$times"
	matches 'finer than milliseconds' '\.[0-9]{4,6}Z' "$times"
	times=
	digits 0
	matches "none:$times" '^( [0-9]{14}Z){3}$' "$times"
}

qualified()
{
	say '-- qualified is for profile etsi'
	tsad_stop
	conf_set release qualified yes
	tsad_run --check
	equal 'T-05: --check finds it' 1 "$STATUS"
	matches 'by the name of the setting' '\[release\] qualified: T-05' "$(complaints)"
}

world_new kinds
tsad_start
defaults
switched
root_left_out
sha3
resolutions
check 'counters are dense' journal_is_dense
qualified
