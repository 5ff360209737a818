#!/bin/bash
# T-10, P-23, C-08 on a running service: a TSU whose key ends while it serves gives no token any
# more, says why, and is not ready; after a restart it does not come up (T-10, T-11).
. "${TSA_SOURCE:?}/tests/system/lib.sh"
# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

SECONDS_LEFT=25 # from the certificate's issue to its key's end
ASKED_AT_MOST=20000
END=

ca__use_until() # DAYS (of no use here)
{
	date -u -d "now + $SECONDS_LEFT seconds" +%Y%m%d%H%M%SZ
}

gen_time() # NAME: genTime as seconds since 1970
{
	date -u -d "$(reply_text "$1" | sed -n 's/^Time stamp: //p')" +%s
}

# The TSU of /fast gets a certificate whose privateKeyUsagePeriod ends soon.
issue_ending()
{
	local text

	check 'a certificate whose key ends soon' ca_issue_tsu "$WORLD/ca/release" "$WORLD/ec.pub" \
		'TSU ending' "$POLICY_EC" "$WORLD/ec.pem"
	text=$(openssl x509 -in "$WORLD/ec.pem" -noout -ext privateKeyUsagePeriod | sed -n 's/.*Not After: //p')
	END=$(date -u -d "$text" +%s) || fail "privateKeyUsagePeriod: must have its end: $text"
}

# Asks until the first refusal; the last token stays in granted.tsr.
serve_until_the_end()
{
	local i

	ask now /fast -cert
	equal 'T-10+ before its end the key signs' granted "$(reply_status now)"
	for ((i = 0; i < ASKED_AT_MOST; i++)); do
		mv "$WORLD/now.tsr" "$WORLD/granted.tsr"
		post now /fast
		[ "$(reply_status now)" = granted ] || break
	done
	say "$((i + 1)) tokens until the key's end"
	matches 'T-10- at its end the key signs no more: systemFailure' \
		'^the request cannot be handled due to system failure$' "$(reply_status now)"
	matches 'and the refusal says why' 'key may not sign any more' "$(reply_text now)"
	[ "$(gen_time granted)" -lt "$END" ] || fail "P-23: the last token: $(gen_time granted), end: $END"
	say 'P-23+ the last token is from before it'
	[ "$(date +%s)" -ge "$END" ] || fail 'T-10: refused before its end'
	say 'and the first refusal from after it'
	equal '/readyz: HTTP' 503 "$(curl -sS --max-time 20 -o "$WORLD/ready" -w '%{http_code}' "$ADMIN/readyz")"
	say "it says: $(tr '\n' ' ' <"$WORLD/ready")"
	ask other / -cert
}

# The certificate's own rule counts in whole seconds: the last one has to be over.
serve_past_the_end()
{
	local i

	for ((i = 0; i < ASKED_AT_MOST && $(date +%s) <= END; i++)); do
		post other /
	done
	equal 'the other TSU signs on' granted "$(reply_status other)"
}

world_new key_end
issue_ending
tsad_start
serve_until_the_end
serve_past_the_end
tsad_stop
tsad_run --check
equal 'T-10- tsad --check: exit status' 1 "$STATUS"
matches 'and it names the rule' 'T-10: .*' "$(complaints)"
tsad_run
equal 'T-10- tsad does not start with it: exit status' 1 "$STATUS"
