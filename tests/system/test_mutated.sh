#!/bin/bash
# Good requests bent in every way against the running service (P-01 to P-09): all are answered, no
# process dies of it, what OpenSSL and the rules take is granted, all else is refused, and each
# token says what was asked.  TSA_TEST_MUTATED: how many requests, 100000 for the whole.
. "${TSA_SOURCE:?}/tests/system/lib.sh"

REQUESTS=${TSA_TEST_MUTATED:-10000}

# As many as there are, but each kind of key has its share: RSA signs a hundred times slower.
mutate() # PATH REQUESTS SEED TRUST UNTRUSTED POLICY...
{
	local path=$1 requests=$2 seed=$3 policies=() policy
	local trust=(--trust "$WORLD/$4" --untrusted "$WORLD/$5")

	for policy in "${@:6}"; do
		policies+=(--policy "$policy")
	done
	"$TOOLS/tsa-mutate" --url "$URL$path" --requests "$requests" --seed "$seed" \
		"${policies[@]}" "${trust[@]}" >"$WORLD/mutated" 2>"$WORLD/wrong"
	STATUS=$?
	sed "s/^/  /" "$WORLD/mutated"
	[ "$STATUS" -eq 0 ] ||
		fail "tsa-mutate $path: every answer must be right: $(head -c 4000 "$WORLD/wrong")"
	say "$path: $requests requests, seed $seed: every answer is right"
}

# The figure of a line of the last table.
figure() # NAME
{
	sed -n "s/^$1  *\([0-9]*\)$/\1/p" "$WORLD/mutated"
}

world_new w
tsad_start
before="$TSAD_PID $(tsad_children)"

mutate / $((REQUESTS / 20)) 2 root.pem rel.pem "$POLICY_RELEASE" "$POLICY_SECOND"
mutate /fast $((REQUESTS - REQUESTS / 20)) 1 root.pem ec.pem "$POLICY_EC"
for name in granted badDataFormat badAlg badRequest unacceptedPolicy unacceptedExtension; do
	[ "$(figure "$name")" -gt 0 ] || fail "tsa-mutate: must have come: $name"
done
# And it would tell: with another policy than the endpoint's every token is another than it must be.
refuse 'told of another policy, tsa-mutate finds the same answers wrong' "$TOOLS/tsa-mutate" \
	--url "$URL/fast" --requests 300 --policy "$POLICY_TEST"
equal 'of those without an answer there are' 0 "$(figure unanswered)"
equal 'the same processes run as before' "$before" "$TSAD_PID $(tsad_children)"
equal 'none of them has said that something is broken' '' "$(complaints)"
tsad_stop
