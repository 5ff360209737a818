#!/bin/bash
# Evidence Records of the corpus (TSA_CORPUS, ../shared/corpus beside the source tree), or those of
# them that are kept here.  tests/data/evidence-corpus.tsv has for each what must be found, worked out
# by the rules and looked through by hand: which of them are broken (by ours and by walk.py, which
# shares nothing with it), the verdict of tsa-verify a day after the last time-stamp and on
# 2026-11-23, what BouncyCastle says, and why that or the source differ.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

HERE=$TSA_SOURCE/tests/evidence
WANTED=$TSA_SOURCE/tests/data/evidence-corpus.tsv
CORPUS=${TSA_CORPUS:-$TSA_SOURCE/../shared/corpus}
VERIFY=$PROGRAMS/bin/tsa-verify
JARS=/usr/share/java/bcprov.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcutil.jar
NOW=2026-11-23
SAMPLE=${TSA_SAMPLE:-1} # of the records that were not made for tests, verdicts of each n-th
LEAST=150 # rows of the whole corpus
ROWS=$TEST_DIR/rows

# Objects of which only digests are known: FILE#1#2 is the digests in lines 1 and 2 of FILE, as
# sha256:HEX,sha384:HEX.
expand()
{
	local record options objects rest object file line name value words

	while IFS=$'\t' read -r record options objects rest; do
		words=()
		for object in $objects; do
			file=${object%%#*}
			[ "$file" = "$object" ] || {
				line=$(tr '#' '\n' <<<"${object#*#}" | while read -r number; do
					read -r name value <<<"$(sed -n "${number}p" "$file")"
					printf '%s:%s\n' "$name" \
						"$(base64 -d <<<"$value" | od -An -v -tx1 | tr -d ' \n')"
				done | paste -s -d ,)
				object=$line
			}
			words+=("$object")
		done
		printf '%s\t%s\t%s\t%s\n' "$record" "$options" "${words[*]}" "$rest"
	done
}

# The rows of the table whose files are there.
if [ -d "$CORPUS/evidence" ]; then
	grep -v '^#' "$WANTED" >"$ROWS"
else
	say "corpus not present: $CORPUS has no evidence/ (TSA_CORPUS names another folder)"
	CORPUS=$TSA_SOURCE/tests/data/corpus
	LEAST=20
	grep '^evidence/made-' "$WANTED" >"$ROWS"
fi
cd "$CORPUS" || fail "$CORPUS: must be readable"
expand <"$ROWS" >"$ROWS.expanded"
ROWS=$ROWS.expanded
[ "$(wc -l <"$ROWS")" -ge $LEAST ] || fail "$WANTED: must have $LEAST rows: has fewer"

# compare WHAT FILE...: FILE must be as those columns of the table.
compare() # WHAT FOUND COLUMNS
{
	if ! diff -u <(cut -f "$3" "$ROWS") "$2" >"$TEST_DIR/diff"; then
		cat "$TEST_DIR/diff"
		fail "$1: must be as tests/data/evidence-corpus.tsv has it: differs"
	fi
}

say '-- which rules are broken: ours, and a second reading of RFC 4998'
cut -f 1-3 "$ROWS" >"$TEST_DIR/cases"
"$TOOLS/tsa-evidence-walk" <"$TEST_DIR/cases" >"$TEST_DIR/ours" || fail 'tsa-evidence-walk: fails'
python3 "$HERE/walk.py" <"$TEST_DIR/cases" >"$TEST_DIR/second" || fail 'walk.py: fails'
compare 'tsa/token/evidence' "$TEST_DIR/ours" 1-4
compare 'walk.py' "$TEST_DIR/second" 1-4

# What is trusted: the roots, and two CAs whose roots the corpus does not have.
given=()
for file in certs/root-*.cer certs/made-root-A.cer certs/ca-subca-qc-izenpe-tsa-*.cer \
	certs/ca-docusign-time-stamping-ca-g1-*.cer; do
	[ ! -e "$file" ] || given+=(--trust "$file")
done
for file in certs/*-d-trust-*.cer; do
	[ ! -e "$file" ] || given+=(--untrusted "$file")
done

# First word of the report: status, and sub if there is one.
verdict() # RECORD OPTIONS OBJECTS AT
{
	local record=$1 at=$4 object status
	local -a args=() objects

	case $2 in
	exact) args=(--exact-group) ;;
	rehash) args=(--rehash-single) ;;
	esac
	IFS=' ' read -r -a objects <<<"$3"
	for object in "${objects[@]}"; do
		case $object in
		-) args+=(--digest 0000000000000000000000000000000000000000) ;; # none of theirs
		*:*)
			object=${object%%,*}
			args+=(--digest "${object#*:}")
			;;
		*) args+=(--data "$object") ;;
		esac
	done
	"$VERIFY" "${given[@]}" "${args[@]}" --at "$at" --evidence-record "$record" \
		>"$TEST_DIR/report" 2>"$TEST_DIR/said"
	status=$?
	found=$(head -n 1 "$TEST_DIR/report")
	found=${found%% *}
	found=${found%:}
	[ ! -s "$TEST_DIR/said" ] || fail "$record: must be judged: $(cat "$TEST_DIR/said")"
	case $status$found in
	0PASSED | 1FAILED/* | 2INDETERMINATE/*) ;;
	*) fail "$record: the exit status must be that of $found: is $status" ;;
	esac
}

say '-- verdicts, a day after the last time-stamp and now'
cp "$ROWS" "$TEST_DIR/all"
awk -F '\t' -v n="$SAMPLE" '$6 != "." && (/^evidence\/made-/ || ++real % n == 0)' \
	"$TEST_DIR/all" >"$ROWS"
while IFS=$'\t' read -r record options objects _ at _; do
	verdict "$record" "$options" "$objects" "$at"
	printf '%s\t%s\t%s\t%s\t%s' "$record" "$options" "$objects" "$at" "$found"
	# What no evidence can mend is not judged again.
	[[ $found = FAILED* ]] || verdict "$record" "$options" "$objects" $NOW
	printf '\t%s\n' "$found"
done <"$ROWS" >"$TEST_DIR/verdicts" || exit 1
compare tsa-verify "$TEST_DIR/verdicts" 1-3,5-7
for verdict in PASSED FAILED INDETERMINATE; do
	say "$(cut -f 6 "$ROWS" | grep -c "^$verdict") $verdict then," \
		"$(cut -f 7 "$ROWS" | grep -c "^$verdict") now"
done

say '-- BouncyCastle'
awk -F '\t' '$8 != "."' "$TEST_DIR/all" >"$ROWS"
javac -Xlint:all,-path -Werror -d "$TEST_DIR/classes" -cp "$JARS" "$HERE/Bouncy.java" ||
	fail 'Bouncy.java: must compile'
cut -f 1-3 "$ROWS" | java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
	-cp "$TEST_DIR/classes:$JARS" Bouncy >"$TEST_DIR/bouncy" || fail 'Bouncy: fails'
compare BouncyCastle <(cut -f 1-4 "$TEST_DIR/bouncy") 1-3,8
# Ours is what the rules say, without the tokens, for BouncyCastle looks at the last one only.
awk -F '\t' '
	FILENAME != ARGV[2] { why[$1 FS $2 FS $3] = $5; next }
	{
		ours = $4 == "-" && $6 !~ /SIG_CRYPTO/ ? "yes" : "no"
		same += ours == $8
		if (ours == $8)
			next
		sub(/^.*BC: /, "", $9)
		printf "  %s %s: ours %s, BouncyCastle %s: %s\n", $1, $3, ours, $8, $9
		if ($9 == "")
			bare++
	}
	END {
		printf "  the same for %d of %d\n", same, FNR
		exit bare > 0
	}' "$TEST_DIR/bouncy" "$ROWS" || fail 'each difference to BouncyCastle must have a reason'
say "$(wc -l <"$TEST_DIR/all") rows are as tests/data/evidence-corpus.tsv has them"
