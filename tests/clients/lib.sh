# shellcheck shell=bash
# What the shell programs of the clients share.  Each is started by run with
#   URL       of the endpoint
#   ANCHORS   folder: root.pem (the anchor), issuing.pem, chain.pem (both), tsu.pem, policy
#   SIGNER    folder: root.pem, cert.pem, key.pem, signer.p12 and password, to sign things with
# in an empty folder of its own that holds app.exe and doc.pdf, and writes lines
#   CLIENT name and version        once, first
#   PASS what | FAIL what: why     for each check
# SKIPPED: what: why               a check that needs root

set -u -o pipefail
# shellcheck disable=SC2034 # for those who source this
URL=$1 ANCHORS=$2 SIGNER=$3
SAID=

client() # NAME AND VERSION
{
	printf 'CLIENT %s\n' "$*"
}

pass() # WHAT
{
	printf 'PASS %s\n' "$1"
}

# One line, whatever it was.
fail() # WHAT WHY
{
	printf 'FAIL %s: %s\n' "$1" "$(tr -cs '[:print:]' ' ' <<<"$2" | tail -c 400)"
}

# The command succeeds; what it says is left in SAID.
ok() # WHAT COMMAND...
{
	local what=$1

	shift
	if SAID=$("$@" 2>&1 </dev/null | tr -d '\0'); then pass "$what"; else fail "$what" "$SAID"; fi
}

# It fails, and its words match: a client that reports the reason of a refusal.
reports() # WHAT REGEX COMMAND...
{
	local what=$1 regex=$2

	shift 2
	if SAID=$("$@" 2>&1 </dev/null | tr -d '\0'); then
		fail "$what" "must fail: succeeded: $SAID"
	elif [[ $SAID =~ $regex ]]; then
		pass "$what"
	else
		fail "$what" "must say '$regex': $SAID"
	fi
}

matches() # WHAT REGEX TEXT
{
	if [[ $3 =~ $2 ]]; then pass "$1"; else fail "$1" "wanted '$2': $3"; fi
}

# Asks with openssl and curl: NAME.tsq, NAME.tsr.
ask() # NAME FILE [QUERY OPTIONS]
{
	local name=$1 file=$2

	shift 2
	openssl ts -query -data "$file" "$@" -out "$name.tsq" || return 1
	post "$name"
}

post() # NAME [CURL OPTIONS]
{
	local name=$1

	shift
	curl -sS --max-time 30 -H 'Content-Type: application/timestamp-query' \
		--data-binary "@$name.tsq" -o "$name.tsr" "$@" "$URL"
}
