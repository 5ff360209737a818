#!/bin/bash
# tsa-verify over tokens of other authorities, real and broken ones, against the committed tables (tests/verify):
# no false accept, no false reject, each verdict as the written rules have it.  The made-* files of the
# corpus are in the project; the rest is in TSA_CORPUS (../shared/corpus beside the source tree).
. "${TSA_SOURCE:?}/tests/system/lib.sh"

VERIFY=$PROGRAMS/bin/tsa-verify
CORPUS=${TSA_CORPUS:-$TSA_SOURCE/../shared/corpus}
MADE=$TSA_SOURCE/tests/data/corpus

judge() # WHAT PROGRAM ARGUMENTS...
{
	local what=$1 program=$TSA_SOURCE/tests/verify/$2

	shift 2
	"$program" "$@" >"$TEST_DIR/said" 2>&1 || fail "$what: $(cat "$TEST_DIR/said")"
	while read -r line; do
		printf '  %s\n' "$line"
	done <"$TEST_DIR/said"
	say "$what"
}

export PYTHONDONTWRITEBYTECODE=1
if [ ! -d "$CORPUS/tokens" ]; then
	judge 'the made ones' negative "$VERIFY" "$TSA_SOURCE/tests/data/verify-negative.tsv" "$MADE"
	say "corpus not present: $CORPUS has no tokens/ (TSA_CORPUS names another folder)"
	exit 0
fi
judge 'broken and odd tokens' negative "$VERIFY" "$TSA_SOURCE/tests/data/verify-negative.tsv" "$MADE" "$CORPUS"
# One process a token is slow where each access to memory is watched.
cases='now:current now:past now:gentime then:past'
! ldd "$VERIFY" | grep -q libasan || cases=now:past
# shellcheck disable=SC2086 # words
judge 'real tokens' corpus "$VERIFY" "$CORPUS" "$TSA_SOURCE/tests/data/verify-corpus.tsv" $cases
