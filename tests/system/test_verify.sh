#!/bin/bash
# tsa-verify over tokens of the running service, as an auditor has them: what is PASSED, FAILED and
# INDETERMINATE, and with which exit status (design 4; longterm.md 1.1 and 3).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

VERIFY=$PROGRAMS/bin/tsa-verify

verify() # ARGUMENTS: sets STATUS and SAID
{
	SAID=$(timeout -k 5 "$WAIT_S" "$VERIFY" "$@" 2>&1)
	STATUS=$?
	[ "$STATUS" -ne 124 ] || fail "tsa-verify $*: must end by itself: still runs"
}

# says TEXT STATUS REGEX ARGUMENTS: the exit status, and what it says.
says()
{
	local text=$1 status=$2 regex=$3

	shift 3
	verify "$@"
	[ "$STATUS" = "$status" ] || fail "$text: wanted status $status, found $STATUS: $SAID"
	matches "$text" "$regex" "$SAID"
}

# A member of the one JSON object that was said, by Python's json.
member() # PYTHON EXPRESSION over r
{
	python3 -c 'import json, sys
r = json.loads(sys.stdin.read())
print(eval(sys.argv[1]))' "$1" <<<"$SAID" || fail "json: $1: not in $SAID"
}

tokens()
{
	ask rsa / -cert
	ask ec /fast -cert -sha512
	ask test /test -cert
	ask bare / -no_nonce
	ask again / -cert
	ask policy / -cert -tspolicy "$POLICY_RELEASE"
}

# thisUpdate is in a second after every genTime; whoever takes it looks at it later.
crl_of_tomorrow()
{
	(cd "$WORLD/ca/release" && openssl ca -batch -config ca.cnf -name issuing -gencrl \
		-crl_lastupdate "$(date -u -d '+1 day' +%y%m%d%H%M%SZ)" -out "$WORLD/fresh.crl")
}

passes()
{
	local root=(--trust "$WORLD/root.pem") name

	for name in rsa ec; do
		says "$name: PASSED, with the time and the signer" 0 \
			'^PASSED 20[0-9-]+T[0-9:.]+Z by CN=TSU (rel|ec) \(model current\)' \
			"${root[@]}" --data "$WORLD/$name.data" "$WORLD/$name.tsr"
		matches "$name: why" $'\nwhy: [0-9]+ certificates lead .*\nwarning: revocation was not' \
			"$SAID"
		matches "$name: revocation was not checked" 'warn V-REV .*not checked' "$SAID"
	done
	says 'without the data a warning says so' 0 'warn V-15 ' "${root[@]}" "$WORLD/rsa.tsr"
	says '--fail-on-warning' 1 'exit status 1: --fail-on-warning' \
		"${root[@]}" --fail-on-warning "$WORLD/rsa.tsr"
	says '--data -' 0 '^PASSED' "${root[@]}" --data - "$WORLD/ec.tsr" <"$WORLD/ec.data"
	says '--digest' 0 '^PASSED' "${root[@]}" \
		--digest "$(openssl dgst -r -sha512 "$WORLD/ec.data" | cut -d' ' -f1)" "$WORLD/ec.tsr"
	says 'a token on standard input' 0 '^PASSED' "${root[@]}" --data "$WORLD/rsa.data" - \
		<"$WORLD/rsa.tsr"
	says '--query' 0 '^PASSED' "${root[@]}" --query "$WORLD/rsa.tsq" "$WORLD/rsa.tsr"
	says '--policy that the request does not have' 3 'policy: must be one of --policy: is ' \
		"${root[@]}" --query "$WORLD/policy.tsq" --policy 1.2.3 "$WORLD/policy.tsr"
	says '--policy that it has' 0 '^PASSED' "${root[@]}" --query "$WORLD/policy.tsq" \
		--policy 1.2.3 --policy "$POLICY_RELEASE" "$WORLD/policy.tsr"
	says '--query and --data' 0 '^PASSED' "${root[@]}" --query "$WORLD/rsa.tsq" \
		--data "$WORLD/rsa.data" "$WORLD/rsa.tsr"
	says '--policy' 0 '^PASSED' "${root[@]}" --policy 1.2.3 --policy "$POLICY_RELEASE" \
		"$WORLD/rsa.tsr"
	says 'no certificates in it: --untrusted' 0 '^PASSED' "${root[@]}" \
		--untrusted "$WORLD/rel.pem" --data "$WORLD/bare.data" "$WORLD/bare.tsr"
	says 'a fresh CRL of the issuing CA' 0 '^PASSED' "${root[@]}" --crl "$WORLD/fresh.crl" \
		--at "$(date -u -d '+3 days' +%F)" --data "$WORLD/rsa.data" "$WORLD/rsa.tsr"
	says '--require-model current' 0 '^PASSED' "${root[@]}" --require-model current \
		"$WORLD/rsa.tsr"
	says '--require-model current of what passes by genTime alone' 1 '--require-model' \
		"${root[@]}" --require-model current --model gentime "$WORLD/rsa.tsr"
}

fails()
{
	local root=(--trust "$WORLD/root.pem")

	says 'V-15: other data' 1 '^FAILED/HASH_FAILURE' "${root[@]}" --data "$WORLD/ec.data" \
		"$WORLD/rsa.tsr"
	says 'V-15: another digest' 1 '^FAILED/HASH_FAILURE' "${root[@]}" \
		--digest "$(openssl dgst -r -sha256 "$WORLD/ec.data" | cut -d' ' -f1)" "$WORLD/rsa.tsr"
	says 'another root' 2 '^INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND' \
		--trust "$WORLD/test-root.pem" --data "$WORLD/rsa.data" "$WORLD/rsa.tsr"
	matches 'and which one is missing' 'missing: .*CN ?= ?release root CA' "$SAID"
	says 'R27: a test token under the release root' 2 \
		'^INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND' "${root[@]}" "$WORLD/test.tsr"
	says 'a digest of another length says nothing' 2 '^INDETERMINATE/SIGNED_DATA_NOT_FOUND' \
		"${root[@]}" --digest "$(openssl dgst -r -sha256 "$WORLD/ec.data" | cut -d' ' -f1)" \
		"$WORLD/ec.tsr"
	says 'V-13: the nonce of another request' 1 '^FAILED' "${root[@]}" \
		--query "$WORLD/again.tsq" --data "$WORLD/rsa.data" "$WORLD/rsa.tsr"
	says 'V-13: another policy' 1 '^FAILED' "${root[@]}" --policy 1.2.3 "$WORLD/rsa.tsr"
	says 'no certificates at all' 2 '^INDETERMINATE/NO_SIGNING_CERTIFICATE_FOUND' "${root[@]}" \
		"$WORLD/bare.tsr"
	says 'R5: revocation is required and there is none' 2 '^INDETERMINATE/TRY_LATER' \
		"${root[@]}" --revocation required "$WORLD/rsa.tsr"
	matches 'and what would settle it' 'missing: .*CRL' "$SAID"
	says 'in 2100 the certificates have expired' 2 '^INDETERMINATE/OUT_OF_BOUNDS_NO_POE' \
		"${root[@]}" --at 2100-01-01 --data "$WORLD/rsa.data" "$WORLD/rsa.tsr"
	says 'V-17: before it was made' 1 '^FAILED/TIMESTAMP_ORDER_FAILURE' "${root[@]}" \
		--at 2026-01-01 "$WORLD/rsa.tsr"
}

bad_input()
{
	local root=(--trust "$WORLD/root.pem") file

	printf 'no token' >"$WORLD/text"
	head -c 700 "$WORLD/rsa.tsr" >"$WORLD/cut"
	: >"$WORLD/empty"
	head -c 100000 /dev/zero | tr '\0' '0' >"$WORLD/deep"
	(cat "$WORLD/rsa.tsr" && printf x) >"$WORLD/longer"
	for file in text cut empty deep longer; do
		says "$file is no token" 1 '^FAILED/FORMAT_FAILURE' "${root[@]}" "$WORLD/$file"
	done
	says 'a file that is not there' 3 'not-there: cannot be read' "${root[@]}" "$WORLD/not-there"
	says 'data that are not there' 3 '--data .*not-there: cannot be read' "${root[@]}" \
		--data "$WORLD/not-there" "$WORLD/rsa.tsr"
	says 'no anchor' 3 '--trust: must be given' "$WORLD/rsa.tsr"
	says 'an anchor that is none' 3 'must hold certificates' --trust "$WORLD/text" "$WORLD/rsa.tsr"
	says 'a CRL that is none' 3 '--crl' "${root[@]}" --crl "$WORLD/text" "$WORLD/rsa.tsr"
	says 'a request that is none' 3 'must be a TimeStampReq' "${root[@]}" \
		--query "$WORLD/text" "$WORLD/rsa.tsr"
	says 'a table that is none' 3 '--algorithms' "${root[@]}" --algorithms "$WORLD/text" \
		"$WORLD/rsa.tsr"
	says 'a file larger than a token may be' 3 'at most' "${root[@]}" "$WORLD/huge"
}

json()
{
	says 'json' 0 '^\{"report":"tsa-verify/1"' --json --trust "$WORLD/root.pem" \
		--data "$WORLD/rsa.data" "$WORLD/rsa.tsr"
	equal 'status' PASSED "$(member 'r["result"]["status"]')"
	equal 'time proven and genTime agree' True \
		"$(member 'r["token"]["genTime"][:19] == r["result"]["timeProven"][:19]')"
	equal 'the nonce is that of the request' \
		"$(openssl ts -query -in "$WORLD/rsa.tsq" -text | sed -n 's/^Nonce: 0x0*//p' | tr a-f A-F)" \
		"$(member 'r["token"]["nonce"][2:].lstrip("0")')"
	equal 'the policy' "$POLICY_RELEASE" "$(member 'r["token"]["policyOid"]')"
	equal 'the data' "matched $(openssl dgst -r -sha256 "$WORLD/rsa.data" | cut -d' ' -f1)" \
		"$(member 'r["token"]["imprint"]["data"] + " " + r["token"]["imprint"]["value"]')"
	equal 'the chain ends at the anchor' '[False, False, True]' \
		"$(member '[c["anchor"] for c in r["chain"]]')"
	equal 'the signer' "$(openssl x509 -in "$WORLD/rel.pem" -outform DER | sha256sum | cut -d' ' -f1)" \
		"$(member 'r["signer"]["sha256"]')"
	equal 'every check has passed or warns' True \
		"$(member 'all(c["result"] in ("pass", "warn", "skip") for c in r["checks"])')"
	says 'json of what is no token' 1 '"sub":"FORMAT_FAILURE"' --json --trust "$WORLD/root.pem" \
		"$WORLD/text"
}

# Many at once: a line each, the worst status, the same by several workers.
batches()
{
	local root=(--trust "$WORLD/root.pem") folder=$WORLD/folder i

	mkdir -p "$folder/deeper"
	for ((i = 0; i < 30; i++)); do
		cp "$WORLD/rsa.tsr" "$folder/t$i.tsr"
		cp "$WORLD/rsa.data" "$folder/t$i"
	done
	cp "$WORLD/ec.tsr" "$folder/deeper/e.tsr" && cp "$WORLD/ec.data" "$folder/deeper/e"
	ln -s . "$folder/loop"
	says 'a folder with its data beside the tokens' 0 '31 PASSED, 0 FAILED, 0 INDETERMINATE; 31 passed with warnings$' \
		"${root[@]}" --data-beside "$folder"
	equal 'a line each and one of counts' 32 "$(wc -l <<<"$SAID")"
	"$VERIFY" "${root[@]}" --json --at 2040-01-01 "$folder" >"$WORLD/one"
	equal 'of a folder without --data-beside the data are no tokens' 1 $?
	for i in 2 7; do
		"$VERIFY" "${root[@]}" --json --at 2040-01-01 --jobs $i "$folder" >"$WORLD/several"
		check "--jobs $i says the same" cmp "$WORLD/one" "$WORLD/several"
	done
	mkdir "$WORLD/nothing"
	says 'a folder with no file in it is nothing that passed' 3 'there is no file' "${root[@]}" \
		"$WORLD/nothing"
	says 'INDETERMINATE is worse than PASSED' 2 '1 PASSED, 0 FAILED, 1 INDETERMINATE' \
		"${root[@]}" "$WORLD/rsa.tsr" "$WORLD/test.tsr"
	says 'FAILED is worse' 1 '1 PASSED, 1 FAILED, 1 INDETERMINATE' "${root[@]}" --jobs 3 \
		"$WORLD/rsa.tsr" "$WORLD/test.tsr" "$WORLD/text"
	says 'a file that cannot be read is worst' 3 '1 FAILED, 0 INDETERMINATE, 1 could not be read' \
		"${root[@]}" --jobs 2 "$WORLD/text" "$WORLD/not-there"
}

# A worker that dies leaves no verdict out silently: pipes hold both, and one is killed.
worker_dies()
{
	local pid children

	mkfifo "$WORLD/first" "$WORLD/second"
	"$VERIFY" --trust "$WORLD/root.pem" --jobs 2 "$WORLD/first" "$WORLD/second" \
		>"$WORLD/said" 2>&1 </dev/null &
	pid=$!
	exec 7>"$WORLD/first" 8>"$WORLD/second"
	children=$(cat "/proc/$pid/task/$pid/children") || fail 'tsa-verify: must have workers'
	kill -KILL "${children%% *}"
	wait "$pid"
	equal 'status when a worker died' 3 $?
	exec 7>&- 8>&-
	matches 'it says at which file' 'worker 0: must work to the end: has died at .*/first' \
		"$(cat "$WORLD/said")"
}

world_new verify
head -c 5000000 /dev/zero >"$WORLD/huge"
tsad_start
tokens
check 'a CRL issued after genTime' crl_of_tomorrow
passes
fails
bad_input
json
batches
worker_dies
tsad_stop
