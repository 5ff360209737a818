# shellcheck shell=bash
# Stamps a file through the service with openssl and curl, verifies it, and says what to type next.
# Needs common.sh and service.sh.

demo_stamp() # FILE OUT
{
	openssl ts -query -data "$1" -sha256 -cert -out "$2.tsq" &&
		service_http "$LOCAL_URL" --fail --data-binary "@$2.tsq" -o "$2.tsr" \
			-H 'Content-Type: application/timestamp-query' &&
		openssl ts -verify -data "$1" -in "$2.tsr" -CAfile "$RUN/root.pem" \
			-untrusted "$RUN/chain.pem" &&
		openssl ts -verify -queryfile "$2.tsq" -in "$2.tsr" -CAfile "$RUN/root.pem" \
			-untrusted "$RUN/chain.pem"
}

# The token's serial is node, lease and counter (design D3): its row in the ledger.  At most 10 s.
demo_on_record() # TSR
{
	local serial try found

	serial=$(openssl ts -reply -in "$1" -text 2>/dev/null | sed -n 's/^Serial number: 0x//p')
	serial=$(printf '%24s' "$serial" | tr ' ' 0)
	for ((try = 0; try < 50; try++)); do
		found=$(psql -X -q -A -t -d "$(cluster_conninfo tsa_reader)" -c "
			select count(*) from ledger.record where kind = 0
			and node_id = $((16#${serial:0:8})) and lease_id = $((16#${serial:8:8}))
			and ctr = $((16#${serial:16:8}))") || return 1
		[ "$found" != 1 ] || return 0
		sleep 0.2
	done
	return 1
}

demo()
{
	local out=$RUN/demo/README.md

	step "stamping README.md through $LOCAL_URL/"
	mkdir -p "$RUN/demo"
	logged stamp demo_stamp "$TOP/README.md" "$out"
	openssl ts -reply -in "$out.tsr" -text 2>/dev/null |
		grep -E '^(Policy OID|Serial number|Time stamp|Accuracy)' | sed 's/^/    /'
	say "    openssl ts -verify: OK; response in $out.tsr"
	service_value database >/dev/null || return 0 # taken out: the journal alone
	demo_on_record "$out.tsr" ||
		fail "ledger: must have the record within 10 s: it has not; see $RUN/tsad.log"
	say "    on record in PostgreSQL ($(elapsed))"
}

next_steps()
{
	cat <<-END

		What to type next (variables: . $RUN/env)

		  openssl       openssl ts -query -data FILE -sha256 -cert -out FILE.tsq
		                curl -H 'Content-Type: application/timestamp-query' \\
		                  --data-binary @FILE.tsq -o FILE.tsr $URL/
		                openssl ts -verify -data FILE -in FILE.tsr \\
		                  -CAfile $RUN/root.pem -untrusted $RUN/chain.pem
		  osslsigncode  osslsigncode sign -pkcs12 SIGNER.p12 -readpass PASSWORD.txt -h sha256 \\
		                  -ts $URL/ -in APP.exe -out SIGNED.exe
		  jarsigner     jarsigner -tsa $URL/ -keystore SIGNER.p12 APP.jar ALIAS
		  jsign         jsign --keystore SIGNER.p12 --storepass file:PASSWORD.txt \\
		                  --tsaurl $URL/ --tsmode RFC3161 APP.exe
		  signtool      signtool sign /f SIGNER.pfx /p PASSWORD /fd SHA256 /tr $URL/ /td SHA256 \\
		                  APP.exe

		  For trying things out use $URL/test instead: its tokens chain to test-root.pem.
	END
	case $LISTEN in
	127.* | '[::1]'*)
		say "  Other hosts: deploy/quickstart stop, then TSA_LISTEN=ADDRESS deploy/quickstart start"
		;;
	esac
	say "  See also: deploy/quickstart status, stop, clean"
}
