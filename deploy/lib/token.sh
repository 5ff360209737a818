# shellcheck shell=bash
# The HSM token (SoftHSM), the keys in it, the certification authorities and the TSUs' certificates.
# Needs common.sh, state.sh and ca.sh; RUN is the run folder, URL the base of the service's URLs,
# CERTIFICATE_URL what that was when the certificates were made.

MODULE=/usr/lib/softhsm/libsofthsm2.so
TOKEN=tsa # label of the token

# Under the arc for documentation: a demonstration promises nothing (T-06).
RELEASE_POLICY=1.3.6.1.4.1.32473.3161.2
TEST_POLICY=1.3.6.1.4.1.32473.3161.1

# What stands in the configuration: TSU (and label of its key), key, CA, policy, common name.
tsus()
{
	cat <<-END
		rsa	rsa3072	release	$RELEASE_POLICY	TSU 1 RSA
		ec	p256	release	$RELEASE_POLICY	TSU 2 P-256
		testrsa	rsa3072	test	$TEST_POLICY	Test TSU 1 RSA
	END
}

# 24 characters of 62: 142 bits.  Never on a command line, in the environment or in a log (R26).
token_new_pin() # FILE
{
	(umask 077 && openssl rand -base64 96 | tr -d '+/=\n' | cut -z -c 1-24 | tr -d '\0' >"$1") &&
		[ "$(stat -c %s "$1")" -eq 24 ]
}

token_softhsm_conf()
{
	cat <<-END
		directories.tokendir = $STATE/softhsm/tokens
		objectstore.backend = file
		log.level = ERROR
		slots.removable = false
	END
}

token_keys()
{
	local name key

	while IFS=$'\t' read -r name key _; do
		"$RUN/bin/tsa-key" generate --module "$MODULE" --pin-file "$STATE/softhsm/pin" \
			--key "pkcs11:token=$TOKEN;object=$name" --type "$key" \
			--public-key "$STATE/softhsm/$name.pub" || return 1
	done < <(tsus)
}

# Everything or nothing: without the mark "complete" the folder is made again from the beginning.
token_make()
{
	rm -rf "$STATE/softhsm" "$STATE/tsu"
	mkdir -m 700 "$STATE/softhsm" "$STATE/softhsm/tokens" || return 1
	token_softhsm_conf >"$STATE/softhsm/softhsm2.conf" || return 1
	token_new_pin "$STATE/softhsm/pin" && token_new_pin "$STATE/softhsm/so-pin" || return 1
	"$RUN/bin/tsa-key" init --module "$MODULE" --label "$TOKEN" \
		--pin-file "$STATE/softhsm/pin" --so-pin-file "$STATE/softhsm/so-pin" || return 1
	token_keys && : >"$STATE/softhsm/complete" && state_give
}

token()
{
	step "HSM: a SoftHSM token with RSA-3072 and P-256 keys that cannot be taken out"
	export SOFTHSM2_CONF=$STATE/softhsm/softhsm2.conf
	if [ -e "$STATE/softhsm/complete" ]; then
		say "    kept"
		return 0
	fi
	logged token token_make
	say "    token '$TOKEN' in $RUN/softhsm, PINs in files there (mode 0600) ($(elapsed))"
}

certificates_make()
{
	local name ca policy cn

	mkdir -p "$RUN/ca" "$STATE/tsu" && chmod 700 "$RUN/ca" || return 1
	# Release and test chains share nothing (D9, R27).
	ca_new "$RUN/ca/release" release "$CERTIFICATE_URL" &&
		ca_new "$RUN/ca/test" test "$CERTIFICATE_URL" || return 1
	cp "$RUN/ca/release/root.pem" "$RUN/root.pem" || return 1
	cp "$RUN/ca/release/chain.pem" "$RUN/chain.pem" || return 1
	cp "$RUN/ca/test/root.pem" "$RUN/test-root.pem" || return 1
	cp "$RUN/ca/test/chain.pem" "$RUN/test-chain.pem" || return 1
	while IFS=$'\t' read -r name _ ca policy cn; do
		[ -e "$STATE/tsu/$name.pem" ] || ca_issue_tsu "$RUN/ca/$ca" "$STATE/softhsm/$name.pub" \
			"$cn" "$policy" "$STATE/tsu/$name.pem" || return 1
	done < <(tsus)
}

# What the service hands out: CRLs and CA certificates under the names that stand in the
# certificates, and the anchors and chains as PEM for people.  CRLs are good for a year: they are
# made again after a month.
certificates_publish()
{
	local file fresh

	fresh=$(find "$STATE/publish" -name test-issuing.crl -mtime -30 2>/dev/null)
	[ -z "$fresh" ] || return 0
	mkdir -p "$STATE/publish" || return 1
	for file in root chain test-root test-chain; do
		cp "$RUN/$file.pem" "$STATE/publish/$file.pem" || return 1
	done
	ca_publish "$RUN/ca/release" "$STATE/publish" && ca_publish "$RUN/ca/test" "$STATE/publish"
}

certificates()
{
	step "certificates: demonstration CAs for release and test, one certificate for each key"
	logged certificates certificates_make
	logged publish certificates_publish
	say "    trust anchors $RUN/root.pem and $RUN/test-root.pem ($(elapsed))"
	[ "$CERTIFICATE_URL" = "$URL" ] ||
		say "    they name $CERTIFICATE_URL for CRLs, not $URL: clean and start again to change that"
}
