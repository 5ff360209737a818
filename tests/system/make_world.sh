#!/bin/bash
# Makes TSA_BUILD/tests/world, of which every system test takes a copy (lib.sh): a SoftHSM token
# with keys made by tsa-key, two CAs that share nothing, a certificate for each key, what the CAs
# publish.  Made once for a build; a finished world that is newer than its makers is kept.
set -u -o pipefail
export LC_ALL=C
: "${TSA_BUILD:?is the build folder}" "${TSA_SOURCE:?is the source tree}"
# shellcheck source=deploy/ca.sh
. "$TSA_SOURCE/deploy/ca.sh"

world=$TSA_BUILD/tests/world
key=$TSA_BUILD/bin/tsa-key

fail()
{
	printf 'make_world: %s\n' "$*" >&2
	exit 1
}

find_module()
{
	local file

	for file in "${TSA_SOFTHSM:-}" /usr/lib/softhsm/libsofthsm2.so \
		/usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/softhsm/libsofthsm2.so; do
		[ ! -f "$file" ] || { printf '%s\n' "$file"; return 0; }
	done
	fail 'SoftHSM: libsofthsm2.so must be installed (or named in TSA_SOFTHSM): not found'
}

new_pin() # FILE
{
	(umask 077 && openssl rand -hex 12 | tr -d '\n' >"$1")
}

make_token()
{
	mkdir tokens || return 1
	printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$PWD" >softhsm2.conf
	export SOFTHSM2_CONF=$PWD/softhsm2.conf
	find_module >module && new_pin pin && new_pin so-pin || return 1
	"$key" init --module "$(cat module)" --label tsa-test --pin-file "$PWD/pin" \
		--so-pin-file "$PWD/so-pin"
}

make_key() # NAME TYPE
{
	"$key" generate --module "$(cat module)" --pin-file "$PWD/pin" \
		--key "pkcs11:token=tsa-test;object=$1" --type "$2" --public-key "$PWD/$1.pub"
}

bytes() # HEX
{
	printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"
}

# rel.pem with its dates moved into the past, signed again: openssl 3.0 makes no such certificate.
make_expired()
{
	local sig len

	openssl x509 -in rel.pem -outform DER | openssl asn1parse -inform DER -strparse 4 -noout -out tbs &&
		perl -0777 -pi -e 's/(\x17\x0d)\d\d(\d{10}Z\x17\x0d)\d\d(\d{10}Z)/${1}24${2}25${3}/' tbs &&
		openssl dgst -sha256 -sign ca/release/issuing.key -out sig tbs || return 1
	sig=$(stat -c %s sig)
	len=$(($(stat -c %s tbs) + 12 + 3 + sig))
	{
		bytes "$(printf '3082%04x' "$len")"
		cat tbs
		bytes 300a06082a8648ce3d040302 # ecdsa-with-SHA256
		bytes "$(printf '03%02x00' $((sig + 1)))"
		cat sig
	} | openssl x509 -inform DER -out rel-expired.leaf && rm tbs sig &&
		openssl verify -no_check_time -CAfile root.pem -untrusted ca/release/chain.pem \
			-purpose timestampsign rel-expired.leaf >/dev/null &&
		! openssl x509 -in rel-expired.leaf -noout -checkend 0 >/dev/null &&
		cat rel-expired.leaf ca/release/chain.pem >rel-expired.pem && rm rel-expired.leaf
}

make_certificates()
{
	local url=http://127.0.0.1:3161

	ca_new ca/release release "$url" p256 && ca_new ca/test test "$url" p256 || return 1
	cp ca/release/root.pem root.pem && cp ca/test/root.pem test-root.pem || return 1
	ca_issue_tsu ca/release rel.pub 'TSU rel' 1.3.6.1.4.1.32473.1.1 rel.pem &&
		ca_issue_tsu ca/release ec.pub 'TSU ec' 1.3.6.1.4.1.32473.1.3 ec.pem &&
		ca_issue_tsu ca/test tst.pub 'TSU tst' 1.3.6.1.4.1.32473.9.1 tst.pem || return 1
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 2>/dev/null |
		openssl pkey -pubout -out other.pub &&
		ca_issue_tsu ca/release other.pub 'TSU other' 1.3.6.1.4.1.32473.1.1 rel-other.pem &&
		make_expired || return 1
	ca_publish ca/release publish && ca_publish ca/test publish
}

is_fresh()
{
	local maker

	[ -e "$world/made" ] || return 1
	for maker in "${BASH_SOURCE[0]}" "$TSA_SOURCE/deploy/ca.sh"; do
		[ ! "$maker" -nt "$world/made" ] || return 1
	done
}

if is_fresh; then
	printf 'world: kept\n'
	exit 0
fi
rm -rf "$world"
mkdir -p "$world" && cd "$world" || exit 1
make_token || fail 'token: tsa-key init failed'
make_key rel rsa3072 && make_key ec p256 && make_key tst rsa3072 && make_key spare p256 || fail 'keys: tsa-key generate failed'
make_certificates || fail 'certificates: failed'
: >made
printf 'world: made in %d s\n' "$SECONDS"
