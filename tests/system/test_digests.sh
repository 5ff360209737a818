#!/bin/bash
# One URL, a chain for each digest (R17, C-05): TSUs of their own for SHA-384 and SHA-512 beside the
# RSA one that answers the rest; under a load of all digests a lane dies, a TSU hangs and a reload
# puts another TSU in the place of one, and no request of another digest is lost.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/reload.sh
. "$TSA_SOURCE/tests/system/reload.sh"

DIGESTS='sha256 sha384 sha512'

# Which TSU answers a digest, and under which root; sha384 is the one that is swapped.
declare -A TSU_OF=([sha256]=rel [sha384]=ec [sha512]=spare)
declare -A ROOT_OF=([sha256]=ca/release [sha384]=ca/sha384 [sha512]=ca/sha512)

# A chain whose every signature is of one digest, for a key of the world.
issue() # DIGEST KEY
{
	ca_issue_tsu "$WORLD/ca/$1" "$WORLD/$2.pub" "TSU $2" "$POLICY_RELEASE" "$WORLD/$2.pem" 3652 "$1" ||
		fail "$2: its certificate must be issued"
}

digest_world()
{
	world_new digests
	ca_new "$WORLD/ca/sha384" sha384 http://127.0.0.1:3161 p384 || fail 'ca/sha384: must be made'
	ca_new "$WORLD/ca/sha512" sha512 http://127.0.0.1:3161 p521 || fail 'ca/sha512: must be made'
	issue sha384 ec
	issue sha384 tst
	issue sha512 spare
	{
		conf_write | sed 's/^endpoints = .*/endpoints = release/' | conf_only fast test tst
		conf_tsu spare 2
	} >"$CONF.new" && mv "$CONF.new" "$CONF"
	conf_set release digests 'sha256, sha384, sha512, sha3-256, sha3-384'
	conf_set release tsus.sha384 ec
	conf_set release tsus.sha3-384 ec
	conf_set release tsus.sha512 spare
	: >"$WORLD/all"
}

token_certificates() # NAME
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl pkcs7 -inform DER -print_certs 2>/dev/null
}

# The digests of all signatures in the token's certificates, each once.
chain_digests() # NAME
{
	token_certificates "$1" | awk -v file="$WORLD/$1.part" '
		/BEGIN CERT/ { n++ } n { print >(file n) }'
	for part in "$WORLD/$1".part*; do
		openssl x509 -in "$part" -noout -text | sed -n 's/.*Signature Algorithm: //p' |
			tr '[:upper:]' '[:lower:]' | grep -o 'sha[0-9]*'
	done | sort -u
}

# The digest of the SignerInfo.
signed_with() # NAME
{
	openssl ts -reply -in "$WORLD/$1.tsr" -token_out 2>/dev/null |
		openssl cms -cmsout -print -noout -inform DER 2>/dev/null |
		awk '/signerInfos/ { inside = 1 } inside && /digestAlgorithm/ { getline; print $2; exit }'
}

each_digest()
{
	local digest

	say '-- each digest by its TSU'
	for digest in $DIGESTS; do
		ask "$digest" / "-$digest" -cert
		equal "C-05: $digest: the certificate's common name" "1" \
			"$(token_certificates "$digest" | grep -c "^subject=.*CN = TSU ${TSU_OF[$digest]}\$")"
		equal 'the token is signed with' "$digest" "$(signed_with "$digest")"
		equal 'so is every certificate of the chain' "$digest" "$(chain_digests "$digest")"
		check 'the token verifies' verifies "$digest" "${ROOT_OF[$digest]}/root.pem"
		matches 'the imprint is of that digest' "Hash Algorithm: $digest" "$(reply_text "$digest")"
	done
}

# SHA-3 is of imprints only: the TSUs sign as they do. One has a list, the other is left to tsus.
sha3()
{
	ask sha3-384 / -sha3-384 -cert
	equal 'sha3-384: by the TSU of its list, signed with' sha384 "$(signed_with sha3-384)"
	matches 'its imprint' 'Hash Algorithm: sha3-384' "$(reply_text sha3-384)"
	check 'the token verifies' verifies sha3-384 ca/sha384/root.pem
	ask sha3-256 / -sha3-256 -cert
	equal 'sha3-256: by the TSU for all others, signed with' sha256 "$(signed_with sha3-256)"
	check 'the token verifies' verifies sha3-256 ca/release/root.pem
	ask sha3-512 / -sha3-512 -cert
	matches 'sha3-512, which nobody named' 'unrecognized or unsupported algorithm' "$(reply_status sha3-512)"
}

# Runs of tsa-load for one digest until END.  An RSA TSU serves few clients, see reload.sh.
digest_clients() # DIGEST CLIENTS REQUESTS
{
	local digest=$1 clients=$2 requests=$3 summary

	while [ ! -e "$WORLD/end" ]; do
		summary=$("$TOOLS/tsa-load" --url "$URL/" --timeout "$WAIT_S" --clients "$clients" \
			--requests "$requests" --digest "$digest" --trust "$WORLD/${ROOT_OF[$digest]}/root.pem" \
			--out "$WORLD/more.$digest" 2>&1)
		printf '%d %s\n' $? "$summary" >>"$WORLD/runs.$digest"
		cat "$WORLD/more.$digest" >>"$WORLD/all.$digest"
	done
}

all_begin()
{
	rm -f "$WORLD"/end "$WORLD"/runs.* "$WORLD"/all.*
	: >"$WORLD/runs.sha256"
	LOAD_AT=$(stat -c %s "$LOG")
	digest_clients sha256 3 40 &
	LOADERS=$!
	digest_clients sha384 16 800 &
	LOADERS="$LOADERS $!"
	digest_clients sha512 16 800 &
	LOADERS="$LOADERS $!"
	at_exit ": >$WORLD/end; wait $LOADERS"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --file "$WORLD/runs.sha256" . >/dev/null ||
		fail 'the load: its first run must end'
}

all_end()
{
	: >"$WORLD/end"
	# shellcheck disable=SC2086
	wait $LOADERS
	cat "$WORLD"/all.* >>"$WORLD/all"
}

# What a machine that is too slow for a deadline (R16: 1.4 s for a signature) costs is forgiven, as in
# reload.sh, but no more than three requests of a digest.
granted_all() # TEXT DIGEST...
{
	local text=$1 digest bad failed timeouts

	shift
	for digest; do
		bad=$(grep -v '^0 granted=[0-9]* wrong=0 repeated=0 connect_failed=0 ' "$WORLD/runs.$digest")
		failed=$(sed -n 's/.* refused_25=\([0-9]*\) .*/\1/p' <<<"$bad" | awk '{ n += $1 } END { print n + 0 }')
		timeouts=$(tail -c "+$((LOAD_AT + 1))" "$LOG" | grep -c " event=signer_timeout .*tsu=${TSU_OF[$digest]} ")
		[ -z "$bad" ] || say "$digest: $timeouts signers missed their deadline; refused for it: $failed"
		if [ "$failed" -gt "$timeouts" ] || [ "$timeouts" -gt 3 ] ||
			grep -q 'wrong=[1-9]\|repeated=[1-9]\|http_\|failed=[1-9]\|idle=[1-9]\|answered=[1-9]\|broken=[1-9]\|timeout=[1-9]\|sent=[1-9]' <<<"$bad"; then
			fail "$text: every request with $digest must be granted: $bad"
		fi
		say "$text: every request with $digest was granted: $(wc -l <"$WORLD/all.$digest")"
	done
}

a_lane_dies()
{
	local pid

	say '-- a lane dies under a load of all digests'
	all_begin
	pid=$(child_pid signer 'tsu=ec lane=1') || exit 1
	log_mark
	kill -KILL "$pid" || fail "signer: pid $pid must run"
	log_await " event=child_died child=signer pid=$pid( |\$)" >/dev/null || exit 1
	log_await ' event=signer_ready tsu=ec lane=1' >/dev/null || exit 1
	all_end
	# shellcheck disable=SC2086
	granted_all 'a lane of ec killed' $DIGESTS
}

# All lanes of SHA-512 are stopped: its jobs wait in vain, are refused by their limits, and the others do
# not notice.
a_tsu_hangs()
{
	local one two refused

	say '-- the TSU of one digest hangs'
	all_begin
	one=$(child_pid signer 'tsu=spare lane=1') && two=$(child_pid signer 'tsu=spare lane=2') || exit 1
	log_mark
	kill -STOP "$one" "$two" || fail 'signers: must run'
	log_await --count 2 ' event=signer_timeout .*tsu=spare' >/dev/null || exit 1
	log_await ' event=signer_ready .*tsu=spare' >/dev/null || exit 1
	all_end
	granted_all 'spare stopped' sha256 sha384
	refused=$(sed -n 's/.* refused_25=\([0-9]*\) .*/\1/p' "$WORLD/runs.sha512" | awk '{ n += $1 } END { print n + 0 }')
	say "sha512 meanwhile: $refused refused with systemFailure, $(wc -l <"$WORLD/all.sha512") granted"
	lacks 'what it answers is never wrong' 'wrong=[1-9]|repeated=[1-9]' "$(cat "$WORLD/runs.sha512")"
}

a_swap()
{
	say '-- a reload puts another TSU in the place of one'
	conf_tsu tst 1 >>"$CONF"
	all_begin
	conf_set release tsus.sha384 'ec, tst'
	conf_set tst activate_at "$(date -u -d '10 seconds ago' +%Y-%m-%dT%H:%M:%SZ)"
	reload 'sha384 by tst' shown
	ask swapped / -sha384 -cert
	all_end
	# shellcheck disable=SC2086
	granted_all 'sha384 from ec to tst' $DIGESTS
	equal 'the new one answers' 1 "$(token_certificates swapped | grep -c '^subject=.*CN = TSU tst$')"
	equal 'signed with sha384' sha384 "$(signed_with swapped)"
	check 'and verifies' verifies swapped ca/sha384/root.pem
}

# A digest that is no more accepted: what waits and what comes is refused as a fresh request is.
a_digest_less()
{
	conf_set release digests 'sha256, sha384, sha3-384'
	conf_drop release tsus.sha512
	conf_only spare <"$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
	reload 'sha512 is not accepted any more' shown
	ask less / -sha512
	matches 'badAlg' 'unrecognized or unsupported algorithm' "$(reply_status less)"
	ask more / -sha384 -cert
	check 'the others go on' verifies more ca/sha384/root.pem
}

digest_world
tsad_start
each_digest
sha3
a_lane_dies
a_tsu_hangs
a_swap
a_digest_less
tsad_stop
nothing_is_lost
