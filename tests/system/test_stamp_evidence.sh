#!/bin/bash
# tsa-stamp --evidence: the certificates and CRLs that it collects from what the CA published, served
# by tsa-serve; what cannot be had, and the folder they are kept in.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/serve.sh
. "$TSA_SOURCE/tests/system/serve.sh"
# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

# What the CA published last, served under the URLs in its certificates.
publish()
{
	local file

	ca_publish "$WORLD/ca-evidence" "$WORLD/evidence-publish" || fail 'ca_publish'
	for file in "$WORLD"/evidence-publish/*; do
		answer "${file##*/}" keep "$file" 'HTTP/1.1 200 OK' length
	done
}

count() # FOLDER
{
	find "$1" -type f | wc -l
}

# The folder alone is enough to verify the signer at this time, every CRL of the chain included.
offline()
{
	local file

	: >chain.pem
	for file in "$1"/certificates/*.cer; do
		if openssl x509 -inform DER -in "$file" -noout -subject | grep -q 'CN = TSU'; then
			openssl x509 -inform DER -in "$file" -out signer.pem
		elif openssl x509 -inform DER -in "$file" -noout -subject | grep -q 'root CA'; then
			openssl x509 -inform DER -in "$file" -out root.pem
		else
			openssl x509 -inform DER -in "$file" >>chain.pem
		fi
	done
	for file in "$1"/crls/*.crl; do
		openssl crl -inform DER -in "$file" >>chain.pem
	done
	openssl verify -crl_check_all -CAfile root.pem -untrusted chain.pem -CRLfile chain.pem \
		-purpose timestampsign signer.pem
}

ca_of_its_own()
{
	serve evidence
	ca_new "$WORLD/ca-evidence" ev "http://127.0.0.1:$AT" p256 &&
		ca_issue_tsu "$WORLD/ca-evidence" "$WORLD/ec.pub" 'TSU ec' "$POLICY_EC" "$WORLD/ec.pem" ||
		fail 'a CA'
	publish
}

keep() # FOLDER [OPTIONS]
{
	rm -f good.data.tsr
	stamp --url "$URL/fast" --evidence "$1" "${@:2}" good.data
}

evidence()
{
	local root=$WORLD/ca-evidence/root.pem

	say '-- evidence'
	keep kept-all --trust "$root"
	equal 'all is collected' 0 "$STATUS"
	equal 'an answer' 1 "$(count kept-all/answers)"
	equal 'three certificates' 3 "$(count kept-all/certificates)"
	equal 'two CRLs' 2 "$(count kept-all/crls)"
	matches 'the index says so' '"complete": true' "$(cat kept-all/index.json)"
	check 'the answer is the response' cmp kept-all/answers/*.tsr good.data.tsr
	check 'the folder is enough for openssl verify -crl_check_all' offline kept-all
	keep kept-all --trust "$root"
	equal 'a second run adds to it' '0 2 3 2' "$STATUS $(count kept-all/answers) $(
		count kept-all/certificates) $(count kept-all/crls)"
	equal 'two tokens are in the index' 2 "$(grep -c '"file": "good.data"' kept-all/index.json)"
	keep kept-aia
	equal 'without --trust the root is fetched' 0 "$STATUS"
	matches 'from where the certificate says' "\"from\": \"http://127.0.0.1:$AT/ev-root.cer\"" \
		"$(cat kept-aia/index.json)"
	check 'and is the right one' offline kept-aia
	openssl x509 -in "$WORLD/ec.pem" -out leaf.pem || fail 'openssl x509'
	keep kept-bare --no-cert --untrusted leaf.pem
	equal 'with the signer alone all others are fetched' '0 3' "$STATUS $(count kept-bare/certificates)"
	check 'and are the right ones' offline kept-bare
}

lacking() # TEXT FOLDER REGEX
{
	keep "$2" --trust "$WORLD/ca-evidence/root.pem"
	equal "$1: exit status" 1 "$STATUS"
	matches "says: $3" "evidence: $3" "$SAID"
	check 'the token is written all the same' openssl ts -verify -data good.data \
		-in good.data.tsr -CAfile "$WORLD/ca-evidence/root.pem"
	matches 'the index says that it is not complete' '"complete": false' "$(cat "$2/index.json")"
}

evidence_lacks()
{
	local saved=$SERVE/ev-issuing.crl

	say '-- evidence that cannot be had'
	cp "$saved" saved
	rm "$saved"
	lacking 'no CRL' lack-404 '.*CN=TSU ec: CRL: .*HTTP status must be 200: is 404'
	equal 'the other CRL is there' 1 "$(count lack-404/crls)"
	cp "$SERVE/ev-root.crl" "$saved"
	lacking 'a CRL of another' lack-other '.*CN=TSU ec: CRL: .*must cover the certificate now'
	printf '<html><body>Welcome</body></html>' >page
	answer ev-issuing.crl keep page 'HTTP/1.1 200 OK' length
	lacking 'no CRL but a page' lack-page '.*CN=TSU ec: CRL: .*must be a CRL: is not'
	{ printf 'keep\nHTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n'; cat page; } >"$saved"
	lacking 'a CRL past the limit' lack-huge '.*CN=TSU ec: CRL: .*at most 67108864 bytes'
	cp saved "$saved"
	rm "$SERVE/ev-root.cer"
	keep lack-root
	equal 'no root' 1 "$STATUS"
	matches 'says so' 'issuing CA: certificate of its issuer: .*ev-root\.cer: .*is 404' "$SAID"
	answer ev-root.cer keep "$WORLD/evidence-publish/ev-issuing.cer" 'HTTP/1.1 200 OK' length
	keep lack-wrong-root
	matches 'the certificate of another' 'must be the certificate of its issuer: is not' "$SAID"
	publish
	(cd "$WORLD/ca-evidence" && openssl ca -config ca.cnf -name issuing \
		-revoke "$OLDPWD/leaf.pem" >/dev/null 2>&1) || fail 'openssl ca -revoke'
	publish
	lacking 'a revoked signer' lack-revoked '.*CN=TSU ec: a good certificate: the CRL revokes it'
	equal 'whose CRL is kept' 2 "$(count lack-revoked/crls)"
}

# The CRL of the signer is held; that of its issuer is not even asked for any more.
evidence_interrupted()
{
	local pid asked signers

	say '-- a signal while evidence is collected'
	printf 'hold\n' >"$SERVE/ev-issuing.crl"
	asked=$(requests ev-root.crl)
	signers=$(requests ev-issuing.crl)
	rm -f good.data.tsr
	"$STAMP" --url "$URL/fast" --evidence stopped --trust "$WORLD/ca-evidence/root.pem" good.data \
		>/dev/null 2>said &
	pid=$!
	at_exit "kill -KILL $pid 2>/dev/null"
	"$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$pid" --file "$SERVED" \
		--count $((signers + 1)) '^request: GET /ev-issuing.crl ' >/dev/null ||
		fail "the CRL: must be asked for: $(cat said)"
	kill -TERM "$pid"
	wait "$pid"
	equal 'ends with' 1 $?
	matches 'and says what is missing' 'CN=TSU ec: CRL: .*interrupted' "$(cat said)"
	matches 'as does the index' '"complete": false' "$(cat stopped/index.json)"
	equal 'nothing more is fetched' "$asked" "$(requests ev-root.crl)"
	[ -e good.data.tsr ] || fail 'the response: must be there'
	publish
}

evidence_folder()
{
	say '-- the folder of the evidence'
	mkdir foreign
	printf '{"format":"something else"}' >foreign/index.json
	cp foreign/index.json before
	keep foreign
	equal 'an index of something else' 3 "$STATUS"
	matches 'is refused' 'must be of format "tsa-stamp evidence 1"' "$SAID"
	check 'and left alone' cmp foreign/index.json before
	printf '{' >foreign/index.json
	keep foreign
	matches 'and so is one that is no JSON' 'must be JSON: line 1' "$SAID"
	mkdir taken
	exec 8<taken
	flock 8 || fail flock
	keep taken
	equal 'a folder that another uses' 3 "$STATUS"
	matches 'is refused' 'must be used by one tsa-stamp' "$SAID"
	exec 8<&-
	keep taken --trust "$WORLD/ca-evidence/root.pem"
	matches 'and later is not' 'gen_time' "$(cat taken/index.json)"
}

world_new stamp
ca_of_its_own
tsad_start
mkdir "$WORLD/w" && cd "$WORLD/w" || exit 1
head -c 100 /dev/urandom >good.data
evidence
evidence_lacks
evidence_interrupted
evidence_folder
tsad_stop
