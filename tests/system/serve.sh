# shellcheck shell=bash disable=SC2034
# For the tests of tsa-stamp and what servers do: tsa-serve, which says what the files of SERVE say,
# and tsa-stamp against it.  To be sourced after lib.sh.
#
#   serve NAME [PEM]          a server of its own; sets SERVE, SERVED (log), SERVER (pid), AT (port)
#   answer NAME HOW BODY HEADER...   what it says to a request for /NAME
#   requests NAME, used NAME  how many came, and over how many connections
#   stamp ARGUMENTS           tsa-stamp, bounded; sets STATUS and SAID (standard error)

STAMP=$TSA_BUILD/bin/tsa-stamp

serve() # NAME [PEM]: a server of its own; sets SERVE, SERVED (log), SERVER (pid), AT (port)
{
	SERVE=$TEST_DIR/$1
	SERVED=$SERVE.log
	mkdir "$SERVE"
	: >"$SERVED"
	"$TOOLS/tsa-serve" --dir "$SERVE" ${2:+--tls "$2"} >>"$SERVED" 2>&1 &
	SERVER=$!
	at_exit "kill $SERVER 2>/dev/null"
	AT=$("$TOOLS/tsa-await" --timeout "$WAIT_S" --pid "$SERVER" --file "$SERVED" '^port=') ||
		fail "tsa-serve $1: must start: $(cat "$SERVED")"
	AT=${AT#port=}
}

# answer NAME HOW BODY HEADER...: HOW is keep, close or hold; the first HEADER is the status line;
# "length" stands for the right Content-Length.
answer()
{
	local name=$1 how=$2 body=$3 header

	shift 3
	{
		printf '%s\n' "$how"
		for header; do
			[ "$header" != length ] || header="Content-Length: $(stat -c %s "$body")"
			printf '%s\r\n' "$header"
		done
		printf '\r\n'
		cat "$body"
	} >"$SERVE/$name" || fail "answer $name"
}

requests() # NAME: how many came
{
	grep -c "^request: [A-Z]* /$1 " "$SERVED"
}

used() # NAME: how many connections they came over
{
	sed -n "s|^request: [A-Z]* /$1 .*connection=\([0-9]*\).*|\1|p" "$SERVED" | sort -u | wc -l
}

stamp() # ARGUMENTS
{
	rm -f out.tsr
	timeout -k 5 "$WAIT_S" "$STAMP" "$@" >/dev/null 2>said </dev/null
	STATUS=$?
	SAID=$(cat said)
	[ "$STATUS" -ne 124 ] || fail "tsa-stamp $*: must end by itself: still runs"
}
