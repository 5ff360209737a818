# shellcheck shell=bash disable=SC2154
# The verifiers of the decoder tests and what they must say: to be sourced after world.sh.

VERIFIERS='openssl bouncy gnutls dumpasn1'
JARS=/usr/share/java/bcprov.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcutil.jar

verify_openssl()
{
	"$TOOLS/tsa-decoders-openssl"
}

verify_gnutls()
{
	"$TOOLS/tsa-decoders-gnutls" "$DECODERS/tokens.asn"
}

# Compiled once for a build.
verify_bouncy()
{
	local classes=$TSA_BUILD/tests/decoders/classes

	if [ ! "$classes/Bouncy.class" -nt "$DECODERS/Bouncy.java" ]; then
		mkdir -p "$classes" && javac -Xlint:all,-path -Werror -d "$classes" -cp "$JARS" \
			"$DECODERS/Bouncy.java" || return 1
	fi
	java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$classes:$JARS" Bouncy
}

# "@ NAME" and what dumpasn1 says.  -e: it is not to guess what octet strings hold, where digests look
# like anything.  Started from a folder with an empty table of names, it does not read its long one.
dump_each() # reads NAME FILE OFFSET
{
	local name file offset

	while read -r name file offset; do
		printf '@ %s\n' "$name"
		"$ANSWERS/dumpasn1" -e "-$offset" "$file" 2>&1
	done
}

# dumpasn1 over each answer and over the TSTInfo in it.  Some of what it says is no error here: it
# knows no fraction of a second in a GeneralizedTime, no year past 2038 and no negative nonce.
verify_dumpasn1()
{
	local list=$ANSWERS/dump

	ln -sf "$(command -v dumpasn1)" "$ANSWERS/dumpasn1" && : >"$ANSWERS/dumpasn1.cfg" || return 1
	awk -F '\t' '{ print $1, $3, 0 }' "$ANSWERS/cases" | dump_each >"$list.answers"
	awk '
		FILENAME ~ /cases$/ { split($0, field, "\t"); file[field[1]] = field[3]; next }
		$1 == "@" { name = $2; near = 0; seen = 0 }
		/1 2 840 113549 1 9 16 1 4[^0-9 ]/ { near = !seen; seen = 1 } # id-ct-TSTInfo
		near && match($0, /^ *[0-9]+ +[0-9]+: +OCTET STRING/) {
			split($0, at, /[ :]+/)
			first = at[1] == "" ? 2 : 1
			len = at[first + 1]
			print name, file[name], at[first] + (len < 128 ? 2 : len < 256 ? 3 : 4)
			near = 0
		}' "$ANSWERS/cases" "$list.answers" | dump_each >"$list.contents"
	awk '
		FILENAME ~ /cases$/ {
			split($0, field, "\t")
			names[++count] = name = field[1]
			wants[name] = field[6]
			kind[name] = field[7]
			runs[name] = field[6] ~ /refused:/ ? 1 : 2
			next
		}
		$1 == "@" { name = $2; next }
		/^[0-9]+ warnings?, [0-9]+ errors?\.$/ { ran[name]++ }
		/Warning: Further data follows/ { next }
		/Error: Time value cannot be represented in a 32-bit time_t/ { next }
		/Error: Time is encoded incorrectly/ && wants[name] !~ /digits0/ { next }
		/Error: Integer is encoded as a negative value/ && wants[name] ~ /minus/ { next }
		match($0, /(Error|Warning): .*/) { found[name] = substr($0, RSTART) }
		END {
			for (i = 1; i <= count; i++) {
				name = names[i]
				if (ran[name] != runs[name])
					found[name] = "dumpasn1 ran " ran[name] + 0 " times"
				printf "%s\t%s\t%s\n", name, kind[name],
					found[name] == "" ? "yes" : "no\t" found[name]
			}
		}' "$ANSWERS/cases" "$list.answers" "$list.contents"
}

# All verifiers over the list; two at a time, as the machine has two processors at least.
verify_all()
{
	local v

	for v in $VERIFIERS; do
		{
			"verify_$v" <"$ANSWERS/cases" >"$ANSWERS/$v.out" 2>"$ANSWERS/$v.err"
			printf '%s\n' $? >"$ANSWERS/$v.status"
		} &
		[ "$(jobs -rp | wc -l)" -lt 2 ] || wait -n
	done
	wait
	for v in $VERIFIERS; do
		[ "$(cat "$ANSWERS/$v.status")" = 0 ] ||
			fail "$v: must run: did not: $(head -n 5 "$ANSWERS/$v.err")"
		cmp -s <(cut -f 1 "$ANSWERS/cases") <(cut -f 1 "$ANSWERS/$v.out") ||
			fail "$v: must judge each answer once: did not: $(wc -l <"$ANSWERS/$v.out") verdicts"
	done
}

# One row a kind in the order of the list, one column a verifier: how many of how many it accepts.
table()
{
	local v

	for v in $VERIFIERS; do
		sed "s/^/$v\t/" "$ANSWERS/$v.out"
	done | awk -F '\t' -v verifiers="$VERIFIERS" '
		BEGIN { columns = split(verifiers, verifier, " ") }
		!($3 in seen) { seen[$3] = 1; kind[++kinds] = $3 }
		{ all[$3, $1]++; if ($4 == "yes") yes[$3, $1]++ }
		END {
			printf "  %-62s", "kind of answer"
			for (i = 1; i <= columns; i++) printf " %9s", verifier[i]
			printf "\n"
			for (k = 1; k <= kinds; k++) {
				printf "  %-62s", kind[k]
				for (i = 1; i <= columns; i++)
					printf " %9s", yes[kind[k], verifier[i]] + 0 "/" all[kind[k], verifier[i]] + 0
				printf "\n"
			}
		}'
}

# What a verifier does not look at, and so accepts: of the signed attributes OpenSSL knows messageDigest
# and ESSCertIDv2, and it writes them in the order in which it read them.
BLIND='openssl	forged: signed-content-type
openssl	forged: signed-signing-time
openssl	forged: signed-protection
openssl	forged: signed-order'
# dumpasn1 knows DER and no more.
SYNTAX='forged: long-length'

# Prints every verdict that is not as it must be.
wrong_verdicts()
{
	local v

	for v in $VERIFIERS; do
		sed "s/^/$v\t/" "$ANSWERS/$v.out"
	done | awk -F '\t' -v blind="$BLIND" -v syntax="$SYNTAX" '
		BEGIN { n = split(blind, line, "\n"); for (i = 1; i <= n; i++) exempt[line[i]] = 1 }
		($1 "\t" $3) in exempt { next }
		$1 == "dumpasn1" && $3 ~ /^forged: / && $3 != syntax { next }
		($4 == "no") != ($3 ~ /^forged: /) { print $1 ": " $2 " (" $3 "): " $4 " " $5 }'
}
