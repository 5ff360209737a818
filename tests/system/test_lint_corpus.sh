#!/bin/bash
# tsa-verify --lint over tokens of other authorities, real and broken ones: TSA_CORPUS is the folder
# (../shared/corpus beside the source tree).  tests/data/lint-corpus.tsv has the IDs that each file
# must be found to break, and was looked through by hand; without the folder nothing is compared.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

VERIFY=$PROGRAMS/bin/tsa-verify
CORPUS=${TSA_CORPUS:-$TSA_SOURCE/../shared/corpus}
WANTED=$TSA_SOURCE/tests/data/lint-corpus.tsv
FOUND=$TEST_DIR/found.tsv

# Certificates that tokens may lack, as one PEM file.
certificates()
{
	local file

	for file in certs/*.cer; do
		printf -- '-----BEGIN CERTIFICATE-----\n'
		base64 "$file"
		printf -- '-----END CERTIFICATE-----\n'
	done >"$TEST_DIR/certificates.pem"
	cat certs/*.pem >>"$TEST_DIR/certificates.pem" ||
		fail "$CORPUS/certs: must hold certificates: has none"
}

# lines PROFILE FILE...: "file<TAB>ID" for each that is found, and the last line of the report.
lines()
{
	local profile=$1 status

	shift
	"$VERIFY" --lint --profile "$profile" --untrusted "$TEST_DIR/certificates.pem" "$@" \
		>"$TEST_DIR/$profile.out" 2>"$TEST_DIR/said"
	status=$?
	if [ $status -gt 1 ] || [ -s "$TEST_DIR/said" ]; then
		fail "tsa-verify: must judge every file: status $status, $(cat "$TEST_DIR/said")"
	fi
	tail -n 1 "$TEST_DIR/$profile.out" >"$TEST_DIR/$profile.summary"
	sed -n 's/^\([^:]*\): \([A-Z]*-[0-9]*\): .*/\1\t\2/p' "$TEST_DIR/$profile.out" | sort -u \
		>"$TEST_DIR/$profile.ids"
}

# One row a file: its IDs under each profile, "-" for none.
tokens() # FILE...
{
	local profile

	for profile in rfc3161 etsi csbr; do
		lines $profile "$@"
		printf '  %s\n' "$(cat "$TEST_DIR/$profile.summary")"
	done
	printf '%s\n' "$@" | awk -F '\t' -v OFS='\t' '
		FILENAME != "-" {
			key = FILENAME SUBSEP $1
			ids[key] = ids[key] (key in ids && ids[key] != "" ? "," : "") $2
			next
		}
		{
			for (i = 1; i <= 3; i++) {
				found = ids[ARGV[i] SUBSEP $1]
				row[i] = found == "" ? "-" : found
			}
			print $1, row[1], row[2], row[3]
		}' "$TEST_DIR/rfc3161.ids" "$TEST_DIR/etsi.ids" "$TEST_DIR/csbr.ids" - >>"$FOUND"
}

# P-27, P-28: one token and each CRL that was made for it.
revocation()
{
	local crl status found

	for crl in crls/made-A-rev-*.crl; do
		found=$("$VERIFY" --lint --untrusted "$TEST_DIR/certificates.pem" --crl "$crl" \
			negative/made-A-rev-token.der 2>/dev/null)
		status=$?
		case $status in
		0) found=- ;;
		1) found=$(sed -n 's/^[^:]*: \([A-Z]*-[0-9]*\): .*/\1/p' <<<"$found" | paste -sd ,) ;;
		3) found='could not run' ;;
		*) fail "tsa-verify --crl $crl: status $status" ;;
		esac
		printf '%s\t%s\t\t\n' "$crl" "$found"
	done >>"$FOUND"
}

if [ ! -d "$CORPUS/tokens" ]; then
	say "corpus not present: $CORPUS has no tokens/ (TSA_CORPUS names another folder)"
	exit 0
fi
cd "$CORPUS" || fail "$CORPUS: must be readable"
certificates
printf '# file\trfc3161\tetsi\tcsbr\n' >"$FOUND"
say '-- tokens of real authorities and of demonstrations'
tokens tokens/*.der tokens/*.tsr
say '-- broken on purpose'
tokens negative/*.der negative/*.tsr
say '-- with the signer revoked'
revocation
[ "$(grep -c . "$FOUND")" -gt 200 ] || fail "$CORPUS: must hold more than 200 tokens and CRLs"
if ! diff -u "$WANTED" "$FOUND" >"$TEST_DIR/diff"; then
	cat "$TEST_DIR/diff"
	fail "the findings must be those of tests/data/lint-corpus.tsv: differ"
fi
say "$(grep -vc '^#' "$FOUND") rows are as tests/data/lint-corpus.tsv has them"
