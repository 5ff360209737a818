#!/bin/bash
# tsa-stamp against a real tsad (issue 3, item 3); the judge of tokens is `openssl ts`.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

STAMP=$TSA_BUILD/bin/tsa-stamp

# stamp ARGUMENTS: runs tsa-stamp, bounded; sets STATUS, OUT, SAID (standard error).
stamp()
{
	OUT=$(timeout -k 5 "$((WAIT_S * 5))" "$STAMP" "$@" 2>"$WORLD/said" </dev/null)
	STATUS=$?
	SAID=$(cat "$WORLD/said")
	[ "$STATUS" -ne 124 ] || fail "tsa-stamp $*: must end by itself: still runs"
}

stamped() # TEXT ARGUMENTS
{
	local text=$1

	shift
	stamp "$@"
	[ "$STATUS" -eq 0 ] || fail "$text: tsa-stamp $*: exit status $STATUS: $SAID"
	say "$text"
}

# not_stamped STATUS REGEX ARGUMENTS: that exit status, that message, no file left behind.
not_stamped()
{
	local status=$1 regex=$2

	shift 2
	rm -f no.tsr
	stamp "$@"
	equal "tsa-stamp ${*: -2}: exit status" "$status" "$STATUS"
	matches "and it says: $regex" "$regex" "$SAID"
	[ ! -e no.tsr ] || fail 'no response: must not be written: is'
	no_leftovers
}

no_leftovers()
{
	local found

	found=$(find . -name '.tsa-stamp.*')
	[ -z "$found" ] || fail "temporary files: must be gone: $found"
}

good() # FILE ROOT [OPTIONS]: FILE.tsr is a token over FILE
{
	openssl ts -verify -data "$1" -in "$1.tsr" -CAfile "$WORLD/$2" "${@:3}" 2>&1
}

single()
{
	say '-- one file'
	head -c 100000 /dev/urandom >a
	umask 027
	stamped 'a file' --url "$URL/" --trust "$WORLD/root.pem" a
	umask 022
	check 'openssl ts -verify accepts it' good a root.pem
	matches 'it says when and with which serial' \
		'^a\.tsr: 20..-..-..T..:..:..(\.[0-9]+)?Z, serial [0-9A-F]+$' "$OUT"
	equal 'and nothing else' '' "$SAID"
	equal 'permissions are those of umask' 640 "$(stat -c %a a.tsr)"
	cp a.tsr before
	not_stamped 3 'a: a\.tsr: is there already \(--force replaces it\)' --url "$URL/" a
	check 'a response that is there stays' cmp a.tsr before
	stamped 'unless --force is given' --url "$URL/" --trust "$WORLD/root.pem" --force --quiet a
	refuse 'then there is a new one' cmp a.tsr before
	check 'which is good' good a root.pem
	equal '--quiet says nothing' '' "$OUT$SAID"
	stamped 'without --trust' --url "$URL/" --force a
	matches 'a note says that the chain was not checked' 'note: no --trust' "$SAID"
	: >empty
	stamped 'an empty file' --url "$URL/" --quiet empty
	check 'is stamped like any other' good empty root.pem
}

variants()
{
	local digest

	say '-- options'
	for digest in sha256 sha384 sha512; do
		cp a "d-$digest"
		stamped "--digest $digest" --url "$URL/fast" --trust "$WORLD/root.pem" --digest $digest "d-$digest"
		check 'is good' good "d-$digest" root.pem
		matches 'and is used' "Hash Algorithm: $digest" "$(openssl ts -reply -in "d-$digest.tsr" -text)"
	done
	cp a policy
	stamped '--policy' --url "$URL/" --policy "$POLICY_SECOND" policy
	matches 'is the policy of the token' "Policy OID: $POLICY_SECOND" \
		"$(openssl ts -reply -in policy.tsr -text)"
	cp a nonce
	stamped '--no-nonce' --url "$URL/" --no-nonce nonce
	matches 'leaves the nonce out' 'Nonce: unspecified' "$(openssl ts -reply -in nonce.tsr -text)"
	matches 'otherwise there is one' 'Nonce: 0x' "$(openssl ts -reply -in policy.tsr -text)"
	cp a bare
	stamped '--no-cert' --url "$URL/" --no-cert --untrusted "$WORLD/rel.pem" --trust "$WORLD/root.pem" bare
	check 'is good with the certificates beside it' good bare root.pem -untrusted "$WORLD/rel.pem"
	refuse 'and not without' good bare root.pem
	OUT=$("$STAMP" --url "$URL/" --trust "$WORLD/root.pem" --out piped.tsr - <a) ||
		fail "standard input: exit status $?"
	cp a piped
	check 'standard input with --out' good piped root.pem
	cp a json
	stamped '--json' --url "$URL/" --trust "$WORLD/root.pem" --json json
	matches 'is one object with what is in the token' \
		'^\{"file":"json","status":"stamped","response":"json\.tsr",.*"chain_checked":true\}$' "$OUT"
	cp a $'no\xffutf8'
	stamp --url "$URL/" --json $'no\xffutf8'
	matches 'and JSON also where a name is no UTF-8' $'^[{]"file":"no\xef\xbf\xbdutf8","status":"stamped",' "$OUT"
	stamp --url "$URL/" --trust "$WORLD/root.pem" --json --force json
	matches 'the digest among it' "\"imprint\":\"$(sha256sum <a | cut -c 1-64)\"" "$OUT"
}

refusals()
{
	say '-- what it refuses to do'
	not_stamped 1 'a: the TSA refuses: rejection, unacceptedPolicy: ' \
		--url "$URL/" --policy 1.2.3.4 --out no.tsr a
	not_stamped 1 'a: the TSA refuses: rejection, badAlg: ' \
		--url "$URL/test" --digest sha512 --out no.tsr a
	not_stamped 1 'a: chain: must end at --trust: .*unable to get local issuer' \
		--url "$URL/" --trust "$WORLD/test-root.pem" --out no.tsr a
	not_stamped 1 'must be in --untrusted: is not' --url "$URL/" --no-cert \
		--untrusted "$WORLD/ec.pem" --out no.tsr a
	not_stamped 1 'HTTP status must be 200: is 404' --url "$URL/nothing" --out no.tsr a
	not_stamped 3 'nofile: cannot be read: No such file' --url "$URL/" --out no.tsr nofile
	not_stamped 3 '\.: must be a file: is a folder' --url "$URL/" --out no.tsr .
	not_stamped 3 'folder: No such file' --url "$URL/" --out nowhere/no.tsr a
	not_stamped 3 '--trust: .*must hold certificates' --url "$URL/" --trust a --out no.tsr a
	not_stamped 3 '--trust: .*cannot be read' --url "$URL/" --trust nofile --out no.tsr a
	not_stamped 3 '--out: is for one FILE: 2' --url "$URL/" --out no.tsr a b
	not_stamped 3 '--out: must be a file' --url "$URL/" --out - a
	not_stamped 3 'standard input needs --out' --url "$URL/" -
	not_stamped 3 '--url is required' --out no.tsr a
	not_stamped 3 '--no-cert: needs the signer' --url "$URL/" --no-cert --out no.tsr a
	not_stamped 3 '--digest: must be sha256' --url "$URL/" --digest sha1 --out no.tsr a
	not_stamped 3 '--policy: must be an object identifier' --url "$URL/" --policy x --out no.tsr a
	not_stamped 3 '--timeout: must be' --url "$URL/" --timeout 0 --out no.tsr a
	not_stamped 3 '--retries: must be a number' --url "$URL/" --retries -1 --out no.tsr a
	not_stamped 3 '--bogus: is no option' --url "$URL/" --bogus --out no.tsr a
	not_stamped 3 'must begin with http' --url ftp://x/ --out no.tsr a
	stamp --help
	matches '--help' '^usage: tsa-stamp' "$OUT"
}

# One bad among good ones: those are stamped, the exit status says that not all were.
mixed()
{
	say '-- a file that cannot be read among others'
	mkdir mixed && cp a mixed/1 && cp a mixed/3
	stamp --url "$URL/" --json mixed/1 mixed/2 mixed/3
	equal 'exit status' 3 "$STATUS"
	check 'the first' good mixed/1 root.pem
	check 'and the last are stamped' good mixed/3 root.pem
	matches 'JSON says so of each' '"file":"mixed/2","status":"not tried","error":"cannot be read' "$OUT"
	equal 'in one line each' 3 "$(grep -c '^{.*}$' <<<"$OUT")"
}

many()
{
	local i bad=0

	say '-- 2000 files'
	mkdir many
	for ((i = 0; i < 2000; i++)); do
		printf '%d' "$i" >"many/$i"
	done
	stamped 'all at once' --url "$URL/fast" --trust "$WORLD/root.pem" many/*
	equal 'a line each' 2000 "$(wc -l <<<"$OUT")"
	equal '2000 different serials' 2000 "$(sed 's/.*serial //' <<<"$OUT" | sort -u | wc -l)"
	for ((i = 0; i < 2000; i++)); do
		good "many/$i" root.pem >/dev/null || bad=$((bad + 1))
	done
	equal 'openssl ts -verify refuses' 0 "$bad"
	no_leftovers
}

large()
{
	say '-- 1 GiB, of which little is in memory at a time'
	truncate -s 1G large
	# AddressSanitizer reserves terabytes of addresses for itself.
	if ldd "$STAMP" | grep -q libasan; then
		stamped 'streams' --url "$URL/" --quiet large
	else
		check 'streams in 100 MiB of address space' \
			bash -c 'ulimit -v 102400 && "$@"' limited "$STAMP" --url "$URL/" --quiet large
	fi
	check 'the token is over all of it' good large root.pem
	rm -f large
}

# The bar is for terminals only: script(1) makes one.
bar()
{
	local i said

	say '-- progress'
	mkdir bar
	for ((i = 0; i < 600; i++)); do
		printf '%d' "$i" >"bar/$i"
	done
	said=$(script -qec "$STAMP --url $URL/ --trust $WORLD/root.pem bar/*" /dev/null 2>&1 </dev/null | tr '\r' '\n')
	matches 'a terminal sees a bar' '\[#*\.*\] [0-9]+ of 600 files, ' "$said"
	rm -f bar/*.tsr
	stamped 'and a pipe does not' --url "$URL/" --trust "$WORLD/root.pem" bar/*
	equal 'nothing at all' '' "$SAID"
}

world_new stamp
tsad_start
mkdir "$WORLD/w" && cd "$WORLD/w" || exit 1
single
variants
refusals
mixed
many
large
bar
tsad_stop
check 'counters are dense' journal_is_dense
