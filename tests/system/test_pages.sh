#!/bin/bash
# What GET serves (design section 6, R21): the list of all TSUs, past, present and next, which changes
# when one follows another; sigstore's chain; `past' at SIGHUP.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/reload.sh
. "$TSA_SOURCE/tests/system/reload.sh"

page() # PATH TYPE: BODY
{
	local type

	type=$(curl -sS --max-time 20 -o "$WORLD/body" -w '%{http_code} %{content_type}' "$URL$1") ||
		fail "$1: must be served"
	equal "GET $1" "200 $2" "$type"
	type=$(curl -sS --max-time 20 -I -o /dev/null -w '%{http_code} %{content_type} %{size_download}' "$URL$1") ||
		fail "$1: must be served to HEAD"
	equal "HEAD $1" "200 $2 0" "$type"
}

# "NAME STATE" of each TSU of /tsu, sorted; a past one has no name.
states()
{
	sed -n 's/^ *"name": "\(.*\)",$/\1/p; s/^ *"state": "\(.*\)",$/=\1/p' "$WORLD/body" |
		awk '/^=/ { print name, substr($0, 2); name = "-"; next } { name = $0 }
			BEGIN { name = "-" }' | sort | tr '\n' ';'
}

certificates() # FILE: subjects, in order
{
	openssl crl2pkcs7 -nocrl -certfile "$1" | openssl pkcs7 -print_certs -noout |
		sed -n 's/^subject=.*CN = \([^,]*\).*/\1/p' | tr '\n' ';'
}

pages()
{
	say '-- pages of a service with a past and a next unit'
	conf_tsu spare 1 >>"$CONF"
	conf_set release tsus 'rel, spare'
	conf_set spare activate_at "$(date -u -d '20 seconds' +%Y-%m-%dT%H:%M:%SZ)"
	conf_set tsad past "$WORLD/rel-expired.pem"
	tsad_start
	page /tsu application/json
	equal 'R21 every unit has its state' '- past;ec present;rel present;spare next;' "$(states)"
	page /tsu.pem application/x-pem-file
	matches 'R21 its certificates are in the PEM' 'TSU spare;.*TSU rel;' "$(certificates "$WORLD/body")"
	equal 'two each' 8 "$(grep -c 'BEGIN CERTIFICATE' "$WORLD/body")"
	page /api/v1/timestamp/certchain application/pem-certificate-chain
	matches 'R21 the chain is that of the unit that signs, to its root' '^TSU rel;.*[Ii]ssuing.*[Rr]oot' \
		"$(certificates "$WORLD/body")"
	check 'it verifies by itself' openssl verify -purpose timestampsign -CAfile "$WORLD/root.pem" \
		-untrusted "$WORLD/body" "$WORLD/body"
	page / 'text/html; charset=utf-8'
	matches 'the help page names what is published' 'href="/release-root.crl"' "$(cat "$WORLD/body")"
}

# One timer, no reload: the front is told when it is time.
follow()
{
	say '-- the next unit takes over by itself'
	log_await ' role=tsad event=tables_renewed ' >/dev/null || exit 1
	log_await --count 2 ' role=front event=tables ' >/dev/null || exit 1
	page /tsu application/json
	equal 'R17 the states have changed' '- past;ec present;rel past;spare present;' "$(states)"
	page /api/v1/timestamp/certchain application/pem-certificate-chain
	matches 'and the chain' '^TSU spare;' "$(certificates "$WORLD/body")"
	ask next / -cert
	matches 'it signs' 'CN = TSU spare' "$(openssl ts -reply -in "$WORLD/next.tsr" -token_out |
		openssl pkcs7 -inform DER -print_certs -noout)"
}

at_reload()
{
	say '-- past at SIGHUP'
	conf_drop tsad past
	reload 'without past'
	page /tsu application/json
	equal 'the past one is no longer listed' 'ec present;rel past;spare present;' "$(states)"
	conf_set tsad past "$WORLD/ca/release/chain.pem"
	hup
	LINE=$(log_await ' event=reload_refused ') || exit 1
	matches 'R21 a file that starts with a CA is refused' 'past: .*block 1: is an authority' \
		"$(grep ' event=reload_finding ' "$LOG")"
	page /tsu application/json
	equal 'what is in force stays' 'ec present;rel past;spare present;' "$(states)"
	tsad_stop
}

reload_world pages
pages
follow
at_reload
