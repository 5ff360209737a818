#!/bin/bash
# tsa-verify --embedded: signatures by openssl cms with tokens by openssl ts in them, in a CMS file, a
# program and a JAR; and what of them survives a revocation.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

VERIFY=$PROGRAMS/bin/tsa-verify
FILES=$TSA_SOURCE/tests/system/carrier_files.py
TOKEN_OID=1.2.840.113549.1.9.16.2.14
MICROSOFT_OID=1.3.6.1.4.1.311.3.3.1
NESTED_OID=1.3.6.1.4.1.311.2.4.1

quiet() # COMMAND...
{
	"$@" >"$TEST_DIR/quiet" 2>&1 || fail "$*: $(cat "$TEST_DIR/quiet")"
}

# A root and one certificate below it: NAME-root.pem, NAME.pem.
pki() # NAME USAGE
{
	quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1-root.key" \
		-subj "/CN=$1 root" -days 30 -addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign -out "$1-root.pem"
	quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
		-subj "/CN=$1" -out "$1.csr"
	printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' \
		"$2" >"$1.ext"
	quiet openssl x509 -req -in "$1.csr" -CA "$1-root.pem" -CAkey "$1-root.key" -days 20 \
		-extfile "$1.ext" -out "$1.pem"
}

sign() # NAME SIGNER OPTIONS...
{
	quiet openssl cms -sign -binary -in content -signer "$2.pem" -inkey "$2.key" -outform DER \
		-out "$1.cms" "${@:3}"
}

# A token over the signature in NAME.cms, or in OVER.cms: NAME.p7s has it.
stamp() # NAME OID [OVER]
{
	quiet python3 "$FILES" value "${3:-$1}.cms" "$1.value"
	quiet openssl ts -query -data "$1.value" -sha256 -no_nonce -cert -out "$1.tsq"
	quiet openssl ts -reply -config ts.cnf -queryfile "$1.tsq" -token_out -out "$1.token"
	quiet python3 "$FILES" stamp "$1.cms" "$2" "$1.token" "$1.p7s"
}

# verify STATUS REGEX ARGUMENTS...: the exit status, and what it says; left in $SAID.
verify()
{
	local wanted=$1 regex=$2 status

	shift 2
	SAID=$("$VERIFY" --trust stamper-root.pem --embedded "$@" 2>&1)
	status=$?
	[ "$status" -eq "$wanted" ] || fail "tsa-verify $*: status $wanted: is $status: $SAID"
	matches "$* -> $wanted" "$regex" "$SAID"
}

cd "$TEST_DIR" || exit 1
say '-- signed files'
pki stamper critical,timeStamping
pki signer codeSigning
pki other codeSigning
cat >ts.cnf <<-'END'
	[tsa]
	default_tsa = t
	[t]
	serial = ./serial
	signer_cert = ./stamper.pem
	signer_key = ./stamper.key
	certs = ./stamper-root.pem
	signer_digest = sha256
	default_policy = 1.3.6.1.4.1.32473.1.1
	digests = sha256
	accuracy = secs:1
	ess_cert_id_alg = sha256
END
printf 'what is signed\n' >content
printf 'Signature-Version: 1.0\r\n\r\n' >sf
sign plain signer -nodetach
stamp plain $TOKEN_OID
sign other other -nodetach
stamp other $MICROSOFT_OID
sign swapped signer -nodetach
stamp swapped $TOKEN_OID other
quiet python3 "$FILES" stamp plain.cms $NESTED_OID other.p7s nested.p7s
quiet python3 "$FILES" pe program.exe plain.p7s
quiet python3 "$FILES" pe nested.exe nested.p7s
quiet python3 "$FILES" pe unsigned.exe
quiet openssl cms -sign -binary -in sf -signer signer.pem -inkey signer.key -outform DER -out jar.cms
stamp jar $TOKEN_OID
quiet python3 "$FILES" jar signed.jar sf jar.p7s
printf 'other\r\n' >sf2
quiet python3 "$FILES" jar altered.jar sf2 jar.p7s
quiet openssl pkcs7 -inform DER -in plain.p7s -out plain.pem

say '-- each kind of file'
for file in plain.p7s plain.pem program.exe signed.jar; do
	verify 0 'PASSED .*by CN=stamper' "$file"
	matches "$file: what the time-stamp covers" 'pass V-15 .*messageImprint' "$SAID"
	matches "$file: the signature itself" 'pass V-SIG .*is by its signer' "$SAID"
done
verify 0 'PASSED' - <plain.p7s
verify 1 'FAILED/HASH_FAILURE' swapped.p7s
verify 0 'warn V-SIG .*messageDigest' altered.jar
verify 1 '--fail-on-warning' --fail-on-warning altered.jar
verify 2 'nested.exe \(certificate 1\): INDETERMINATE/NO_POE.*no time-stamp' nested.exe program.exe
matches 'nested' 'nested.exe \(certificate 1, nested signature 1, time-stamp 1\): PASSED' "$SAID"
verify 1 'FAILED/FORMAT_FAILURE.*no signature' unsigned.exe
verify 1 'FAILED/FORMAT_FAILURE' content
head -c 900 program.exe >cut.exe
verify 1 'must be inside the file' cut.exe
verify 3 'cannot be read' missing.exe

say '-- what survives'
now=$(date +%s)
at() # SECONDS FROM NOW
{
	date -u -d "@$((now + $1))" +%Y-%m-%dT%H:%M:%SZ
}
verify 0 'signature: survives: time-stamped .* before the certificate was revoked' \
	--signed-cert signer.pem --revoked-at "$(at 3600)" plain.p7s
verify 1 'signature: does not survive: time-stamped .* after the certificate was revoked' \
	--signed-cert signer.pem --revoked-at "$(at -3600)" plain.p7s
verify 0 'signature: survives: .* before the certificate expires' --signed-cert signer.pem plain.p7s
verify 2 'signatures: 0 survive.*1 by other certificates' --signed-cert other.pem plain.p7s
verify 1 'signature: does not survive: .*FAILED/HASH_FAILURE' --revoked-at "$(at 3600)" swapped.p7s
verify 1 'the signature itself is not good' --revoked-at "$(at 3600)" altered.jar
verify 2 'cannot be known: .*INDETERMINATE' --revoked-at "$(at 3600)" --revocation required plain.p7s
sign bare signer -noattr
stamp bare $TOKEN_OID
verify 0 'skip V-SIG .*no signed attributes' bare.p7s
verify 2 'cannot be known: the signature itself was not checked' --revoked-at "$(at 3600)" bare.p7s
verify 1 'does not survive: time-stamped' --revoked-at "$(at -3600)" bare.p7s
mkdir signed && cp plain.p7s program.exe other.p7s nested.exe signed/
verify 1 'signatures: 4 survive, 0 do not, 0 cannot be known, 1 without time-stamp' \
	--revoked-at "$(at 3600)" signed
matches 'dates to choose from' 'proven times: .*a revocation after .* takes none' \
	"$(tr '\n' ' ' <<<"$SAID")"
verify 1 'signatures: 0 survive, 4 do not, 0 cannot be known, 1 without time-stamp' \
	--revoked-at "$(at -3600)" signed
verify 1 'signatures: 2 survive, .* 1 without time-stamp; 2 by other' \
	--signed-cert signer.pem --revoked-at "$(at 3600)" signed
one=$SAID
verify 1 '' --signed-cert signer.pem --revoked-at "$(at 3600)" --jobs 3 signed
[ "$one" = "$SAID" ] || fail "three jobs: must say the same as one: $SAID"
verify 1 '' --json --revoked-at "$(at 3600)" signed
python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert len(lines) == 6, lines
assert lines[-1]["report"] == "tsa-verify-survival/1" and lines[-1]["survive"] == 4, lines[-1]
stamped = [l for l in lines[:-1] if l["signature"]["timeStamp"] is not None]
assert len(stamped) == 4
assert all(l["survival"]["answer"] == "survives" for l in stamped), stamped
assert all(l["token"]["imprint"]["data"] == "matched" for l in stamped), stamped
' <<<"$SAID" || fail "JSON: must be as tsa-verify-json(5) says: $SAID"

say '-- a CRL says when'
crl() # TIME
{
	printf 'R\t%s\t%s\t%s\tunknown\t/CN=signer\n' 301231235959Z "$1,keyCompromise" \
		"$(openssl x509 -in signer.pem -noout -serial | cut -d = -f 2)" >index
	make_crl -crldays 9
}
make_crl() # OPTIONS: of what index has
{
	printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\n' >ca.cnf
	quiet openssl ca -config ca.cnf -gencrl "$@" -keyfile signer-root.key \
		-cert signer-root.pem -out signer.crl
}
crl "$(date -u -d "@$((now + 3600))" +%y%m%d%H%M%SZ)"
verify 0 'survives: .* before the certificate was revoked' --signed-cert signer.pem \
	--untrusted signer-root.pem --crl signer.crl plain.p7s
crl "$(date -u -d "@$((now - 3600))" +%y%m%d%H%M%SZ)"
verify 1 'does not survive: .* after the certificate was revoked' --signed-cert signer.pem \
	--untrusted signer-root.pem --crl signer.crl plain.p7s
verify 2 'cannot be known: none of the CRLs' --signed-cert signer.pem --crl signer.crl plain.p7s
SAID=$("$VERIFY" --trust stamper-root.pem --data plain.value --signed-cert signer.pem \
	--untrusted signer-root.pem --crl signer.crl plain.token)
equal 'of a token that is a file: status' 1 $?
matches 'of a token that is a file' 'does not survive' "$SAID"

say '-- a CRL that does not have the certificate'
: >index
ask() # STATUS REGEX CRL-OPTIONS
{
	make_crl "${@:3}"
	verify "$1" "$2" --signed-cert signer.pem --untrusted signer-root.pem --crl signer.crl plain.p7s
}
ask 0 'survives: .*; not revoked as of' -crl_lastupdate \
	"$(date -u -d "@$((now + 3600))" +%Y%m%d%H%M%SZ)" -crl_nextupdate 20600101000000Z
ask 2 'cannot be known: .* after the newest CRL that could know' -crl_lastupdate \
	"$(date -u -d "@$((now - 3600))" +%Y%m%d%H%M%SZ)" -crl_nextupdate 20600101000000Z
# Long after the certificate's end: its entry may have been taken from the list.
ask 2 'cannot be known: none of the CRLs' -crl_lastupdate 20590101000000Z \
	-crl_nextupdate 20600101000000Z
