#!/bin/bash
# tsa-verify --evidence-record: a token whose signer has ended is good again if a record over it shows
# that it existed before; over the file or over the ContentInfo in it, by another key than its own.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

VERIFY=$PROGRAMS/bin/tsa-verify
MAKE=$TSA_SOURCE/tests/evidence/make_record.py
LATER=$(date -u -d '+2 days' +%Y-%m-%dT%H:%M:%SZ)
cd "$TEST_DIR" || exit 1

cat >tsa.conf <<-'END'
	[tsa]
	default_tsa = any
	[any]
	serial = serial
	crypto_device = builtin
	signer_digest = sha256
	default_policy = 1.2.3.4
	digests = sha256
	ess_cert_id_alg = sha256
	[stamping]
	basicConstraints = critical, CA:FALSE
	keyUsage = critical, digitalSignature
	extendedKeyUsage = critical, timeStamping
END

# signer NAME DAYS: NAME.key and NAME.pem below root.pem.
signer()
{
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
		-subj "/CN=$1" -out "$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -CAcreateserial \
			-days "$2" -extfile tsa.conf -extensions stamping -out "$1.pem" 2>/dev/null ||
		fail "$1: must get a certificate"
}

# stamp SIGNER OUT QUERY...: a TimeStampResp over what openssl ts -query is given.
stamp()
{
	local signer=$1 out=$2

	shift 2
	openssl ts -query "$@" -sha256 -cert -no_nonce -out query.tsq 2>/dev/null &&
		openssl ts -reply -config tsa.conf -queryfile query.tsq -signer "$signer.pem" \
			-inkey "$signer.key" -out "$out" 2>said || fail "$out: must be made: $(cat said)"
}

# verdict STATUS WANTED ARGS...: exit status, and how the first line of the report begins.
verdict()
{
	local wanted=$1 begins=$2 status

	shift 2
	"$VERIFY" --trust root.pem "$@" >report 2>said
	status=$?
	[ $status -eq "$wanted" ] || fail "$*: exit status $wanted, not $status: $(cat report said)"
	[[ $(head -n 1 report) == "$begins"* ]] || fail "$*: $begins: $(head -n 1 report)"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -subj /CN=root \
	-days 3650 -out root.pem 2>/dev/null || fail 'root.pem: must be made'
signer short 1
signer long 3000
echo 01 >serial
echo one >data1
echo two >data2
stamp short token.tsr -data data1
openssl ts -reply -in token.tsr -token_out -out token.der 2>/dev/null || fail 'token.der: must be made'

stamp long over-file.tsr -data token.tsr
"$MAKE" over-file.tsr over-file.ers
stamp long over-token.tsr -digest "$("$MAKE" --root token.der data2)"
"$MAKE" over-token.tsr over-token.ers token.der data2
stamp short same-key.tsr -data token.tsr
"$MAKE" same-key.tsr same-key.ers
stamp long over-other.tsr -data data2
"$MAKE" over-other.tsr over-other.ers

# record FIELD WANTED: of evidenceRecord in the JSON report.
record()
{
	equal "evidenceRecord.$1" "$2" "$(python3 -c '
import json, sys
print(json.load(open("report"))["evidenceRecord"][sys.argv[1]])' "$1")"
}

say '-- a token whose signer has ended'
verdict 0 PASSED --data data1 token.tsr
verdict 2 INDETERMINATE/OUT_OF_BOUNDS_NO_POE --data data1 --at "$LATER" token.tsr
verdict 0 PASSED --data data1 --at "$LATER" --evidence-record over-file.ers token.tsr
matches 'the proof is named' 'the Evidence Record over-file.ers' "$(cat report)"
verdict 0 PASSED --data data1 --at "$LATER" --evidence-record over-token.ers token.tsr
verdict 0 PASSED --data data1 --at "$LATER" --evidence-record over-token.ers token.der

say '-- records that prove nothing about it'
poor=(--json --data data1 --at "$LATER")
verdict 2 '{' "${poor[@]}" --evidence-record over-file.ers token.der
record sub HASH_FAILURE
verdict 2 '{' "${poor[@]}" --evidence-record over-other.ers token.tsr
record sub HASH_FAILURE
verdict 2 '{' "${poor[@]}" --evidence-record data2 token.tsr
record sub FORMAT_FAILURE
verdict 2 '{' "${poor[@]}" --evidence-record over-token.ers --exact-group token.tsr
record sub HASH_FAILURE

say '-- the key that signed the token'
verdict 2 '{' "${poor[@]}" --evidence-record same-key.ers token.tsr
record status INDETERMINATE
verdict 0 '{' --json --data data1 --evidence-record same-key.ers token.tsr
record status PASSED
record poe None

say '-- a record without a token'
verdict 0 'PASSED 20' --data data2 --evidence-record over-other.ers
verdict 0 'PASSED 20' --data data2 --data token.der --exact-group --evidence-record over-token.ers
verdict 1 FAILED/HASH_FAILURE --data data2 --exact-group --evidence-record over-token.ers
verdict 1 FAILED/HASH_FAILURE --data data1 --evidence-record over-other.ers
verdict 1 FAILED/FORMAT_FAILURE --data data1 --evidence-record data2
verdict 0 'PASSED 20' --evidence-record over-other.ers \
	--digest "$(sha256sum data2 | cut -d ' ' -f 1)"
verdict 2 INDETERMINATE/SIGNED_DATA_NOT_FOUND --evidence-record over-other.ers \
	--digest "$(sha512sum data2 | cut -d ' ' -f 1)"
verdict 3 '' --data nowhere --evidence-record over-other.ers
verdict 3 '' --data data2 --data nowhere --evidence-record over-other.ers
verdict 3 '' --data data2 --evidence-record nowhere
verdict 3 '' --data data1 --data data2 token.tsr
verdict 3 '' --data . --evidence-record over-other.ers
