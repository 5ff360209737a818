#!/bin/bash
# From a token of the running service to its verdict in 2040: collected today, proved by another
# authority's token over the bundle, revoked for a stolen key in between, the certificate long
# expired.  No clock is turned: --at says the time, and the CRL of 2030 is made today.
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=tests/system/serve.sh
. "$TSA_SOURCE/tests/system/serve.sh"
# shellcheck source=tests/system/verify.sh
. "$TSA_SOURCE/tests/system/verify.sh"

ROOT=
FROM_2040='--at 2040-01-01'

collects()
{
	say '-- collected today'
	verdict 'with --fetch and --collect' 0 '^PASSED .* \(model current\)' --trust "$ROOT" \
		--data "$WORLD/t.data" --revocation required --fetch --collect kept/ "$WORLD/t.tsr"
	check 'the token is as it came' cmp kept/token.tsr "$WORLD/t.tsr"
	equal 'signer and issuer' 2 "$(find kept/certs -name '*.cer' | wc -l)"
	check 'the anchor' cmp kept/anchors/*.cer <(openssl x509 -in "$ROOT" -outform DER)
	equal 'CRLs of both and an OCSP response' '2 1' \
		"$(find kept/revocation -name '*.crl' | wc -l) $(find kept/revocation -name '*.ocsp' | wc -l)"
	check 'as they were served' cmp kept/revocation/*.ocsp "$WORLD/ocsp.der"
	equal 'the digest of the data' "sha256 $(sha256sum <"$WORLD/t.data" | cut -d ' ' -f 1)" \
		"$(head -n 1 kept/data.digests)"
	matches 'the report' '"status": "PASSED"' "$(cat kept/report.json)"
	matches 'which algorithms were relied on' '^ETSI' "$(cat kept/policy/algorithms.version)"
	check 'the manifest holds by other means' python3 - <<-'END'
		import hashlib, json, os
		manifest = json.load(open("kept/manifest.json"))
		names = {"kept/manifest.json"}
		for f in manifest["files"]:
		    octets = open("kept/" + f["name"], "rb").read()
		    names.add("kept/" + f["name"])
		    assert len(octets) == f["size"]
		    assert hashlib.sha256(octets).hexdigest() == f["sha256"]
		    assert hashlib.sha512(octets).hexdigest() == f["sha512"]
		assert names == {os.path.join(d, n) for d, _, ns in os.walk("kept") for n in ns}
		crls = [f for f in manifest["files"] if f["is"] == "crl"]
		assert all(f["fetched"].endswith("Z") and f["source"].startswith("http://") for f in crls)
		assert manifest["tool"].startswith("tsa-verify ") and "@" in manifest["by"]
	END
	verify --trust "$ROOT" --collect kept "$WORLD/t.tsr"
	equal 'what is there is not replaced' 3 "$STATUS"
	matches 'and that is said' 'kept: must not be there yet: is' "$SAID"
}

# The same verdict from the bundle alone, the network gone.
again()
{
	local name

	say '-- from the bundle'
	verdict 'offline' 0 '^PASSED .* \(model current\)' --trust "$ROOT" --data "$WORLD/t.data" \
		--revocation required --evidence kept kept/token.tsr
	verdict 'its anchor is not trusted for being there' 2 'NO_CERTIFICATE_CHAIN_FOUND' \
		--trust "$SECOND/root.pem" --evidence kept kept/token.tsr
	verify --json --trust "$ROOT" --data "$WORLD/t.data" --revocation required --evidence kept \
		--collect twice kept/token.tsr
	equal 'collected from there once more' 0 "$STATUS"
	for name in certs anchors revocation token.tsr data.digests policy; do
		check "the same: $name" diff -r "kept/$name" "twice/$name"
	done
	mkdir loose && cp kept/certs/* kept/revocation/* loose/ && echo words >loose/note ||
		fail 'a loose folder'
	verdict 'a folder without a manifest does as well' 0 '^PASSED' --trust "$ROOT" \
		--revocation required --evidence loose "$WORLD/t.tsr"
	equal 'what is no evidence is left out' 'tsa-verify: loose: files that are no evidence and were left out: 1' \
		"$SAID"
	cp -r kept bent && printf x >>bent/data.digests
	verify --trust "$ROOT" --evidence bent kept/token.tsr
	equal 'a bundle that was changed is refused' 3 "$STATUS"
	matches 'and which file' 'bent: data.digests: must have .* octets, as the manifest says' "$SAID"
}

# A CRL of 2030: the key was stolen on New Year's Day.
revoke() # REASON OUT
{
	(
		cp -r "$CA" ca-2030 && cd ca-2030 || exit 1
		openssl ca -config ca.cnf -name issuing -revoke "$WORLD/leaf.pem" -crl_reason "$1" \
			>/dev/null 2>&1 &&
			sed -i 's/^\(R\t[^\t]*\t\)[0-9]*Z/\1300101000000Z/' issuing.index &&
			openssl ca -config ca.cnf -name issuing -gencrl -crl_lastupdate 20300601000000Z \
				-crl_nextupdate 20310601000000Z -out crl.pem >/dev/null 2>&1
	) && mv ca-2030/crl.pem "$2" && rm -r ca-2030 || fail "a CRL of 2030: $1"
}

proves()
{
	say '-- proved by another authority, over the bundle'
	second_stamp kept/manifest.json kept/manifest.json.tsr
	openssl ts -verify -data kept/manifest.json -in kept/manifest.json.tsr -CAfile "$SECOND/root.pem" \
		>/dev/null 2>&1 || fail 'the second token: openssl must verify it'
	revoke keyCompromise stolen.crl
	revoke superseded replaced.crl
}

later()
{
	local both="--trust $ROOT --trust $SECOND/root.pem"

	say '-- in 2040'
	# shellcheck disable=SC2086
	{
		verdict 'nothing but the token' 2 '^INDETERMINATE/' --trust "$ROOT" $FROM_2040 \
			"$WORLD/t.tsr"
		matches 'what would settle it' 'missing: .*(time-stamp|proof)' "$OUT"
		verdict 'the bundle and its proof' 0 '^PASSED .* \(model past\)' $both $FROM_2040 \
			--data "$WORLD/t.data" --evidence kept "$WORLD/t.tsr"
		matches 'by a proof of existence' 'pass V-POE' "$OUT"
		verdict 'the key stolen in 2030: it was there before' 0 '^PASSED .* \(model past\)' $both \
			$FROM_2040 --evidence kept --crl stolen.crl "$WORLD/t.tsr"
		verdict 'stolen, and no proof' 2 '^INDETERMINATE/REVOKED_NO_POE' --trust "$ROOT" \
			$FROM_2040 --crl stolen.crl "$WORLD/t.tsr"
		matches 'from before that day is wanted' 'missing: .*2030-01-01' "$OUT"
		verdict 'the second root is not trusted: no proof' 2 '^INDETERMINATE/REVOKED_NO_POE' \
			--trust "$ROOT" $FROM_2040 --evidence kept --crl stolen.crl "$WORLD/t.tsr"
		verdict 'even in 2035 gentime does not take a stolen key' 2 \
			'^INDETERMINATE/REVOKED_NO_POE' --trust "$ROOT" --at 2035-01-01 --model gentime \
			--crl stolen.crl "$WORLD/t.tsr"
		verdict 'but one that was replaced' 0 '^PASSED .* \(model gentime\)' --trust "$ROOT" \
			--at 2035-01-01 --model gentime --crl replaced.crl "$WORLD/t.tsr"
		second_stamp "$WORLD/t.tsr" over.tsr
		verdict 'a token over the response proves it as well' 0 '^PASSED .* \(model past\)' $both \
			$FROM_2040 --poe over.tsr --crl stolen.crl "$WORLD/t.tsr"
		verdict 'collected in 2040, with that token and the CRL' 0 '^PASSED' $both $FROM_2040 \
			--poe over.tsr --crl stolen.crl --collect late "$WORLD/t.tsr"
		verdict 'which says the same by itself' 0 '^PASSED .* \(model past\)' $both $FROM_2040 \
			--evidence late late/token.tsr
		rm -r late/poe
		verify $both $FROM_2040 --evidence late late/token.tsr
		equal 'a bundle out of which somebody took a file is none' 3 "$STATUS"
		matches 'and which' 'poe/0000.tsr: must be there, as manifest.json says: is not' "$SAID"
		verdict 'over other octets it proves nothing' 2 '^INDETERMINATE/REVOKED_NO_POE' $both \
			$FROM_2040 --poe kept/manifest.json.tsr --crl stolen.crl "$WORLD/t.tsr"
	}
}

# record.ers beside the manifest, or in any folder: what its first list has, all of it is proved.
records()
{
	local both="--trust $ROOT --trust $SECOND/root.pem"

	say '-- by an evidence record in the folder'
	rm kept/manifest.json.tsr
	second_record kept/record.ers kept/manifest.json kept/data.digests
	second_record group.ers kept/token.tsr kept/certs/* kept/revocation/*
	second_record token.ers kept/token.tsr
	# shellcheck disable=SC2086
	{
		verdict 'over the manifest' 0 '^PASSED .* \(model past\)' $both $FROM_2040 \
			--evidence kept --crl stolen.crl "$WORLD/t.tsr"
		matches 'which is said' 'pass V-POE .*the Evidence Record kept/record.ers' "$OUT"
		rm kept/record.ers
		verdict 'and not without it' 2 '^INDETERMINATE/REVOKED_NO_POE' $both $FROM_2040 \
			--evidence kept --crl stolen.crl "$WORLD/t.tsr"
		mkdir group && cp kept/certs/* kept/revocation/* group.ers group/ || fail 'a group'
		verdict 'over token, certificates, CRLs' 0 '^PASSED .* \(model past\)' $both \
			$FROM_2040 --evidence group "$WORLD/t.tsr"
		cp token.ers group/group.ers
		verdict 'over the token alone: the CRLs are not proved' 2 '^INDETERMINATE/NO_POE' $both \
			$FROM_2040 --evidence group "$WORLD/t.tsr"
		cp group.ers group/group.ers
		verdict 'by whom nobody trusts' 2 '^INDETERMINATE/' --trust "$ROOT" $FROM_2040 \
			--evidence group "$WORLD/t.tsr"
		second_record other.ers said
		verdict 'over something else' 2 '^INDETERMINATE/OUT_OF_BOUNDS_NO' $both $FROM_2040 \
			--evidence-record other.ers "$WORLD/t.tsr"
		matches 'whose tokens were not asked' 'no token was asked about' "$OUT"
	}
}

world_new long
serve pointers
mkdir "$WORLD/w" && cd "$WORLD/w" || exit 1
ca_of_its_own
second_tsu
ROOT=$WORLD/root.pem
tsad_start
ask t / -cert
tsad_stop
publish
collects
kill "$SERVER" && wait "$SERVER" 2>/dev/null
again
proves
later
records
