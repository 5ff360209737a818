# shellcheck shell=bash
# A small certification authority for time-stamping: to be sourced by bash; needs openssl (3.0 or
# later), od and date only.  For demonstrations and tests: its private keys are files (mode 0600) in
# its folder, where CSBR 6.2.7 wants an offline hardware module.
#
#   ca_new DIR NAME BASE_URL [rsa4096|p384|p256|p521]
#       makes root and issuing CA in DIR.  NAME (letters, digits, -) begins the names of its
#       published files, BASE_URL is where they will be served.  A finished DIR is left alone.
#       p256 is quick and meant for tests. p384 signs with SHA-384, p521 with SHA-512.
#   ca_issue_tsu DIR PUBKEY.pem CN POLICY_OID OUT.pem [DAYS [sha256|sha384|sha512]]
#       a TSU certificate for a public key whose private key stays where it is (R26), signed with
#       that digest; without it with the one that goes with the public key.
#       OUT.pem: the TSU's certificate, then the issuing CA's.
#   ca_publish DIR PUBDIR
#       fresh CRLs and the CA certificates, DER, under the names the certificates point to.
#
# DIR then has root.pem (the trust anchor) and chain.pem (the issuing CA).  Each function returns 0,
# or 1 after one line on stderr.

CA_COUNTRY=XX # ISO 3166 user-assigned: no real country
CA_ORGANIZATION='TSA Demonstration'
CA_ROOT_DAYS=9131    # 25 years
CA_ISSUING_DAYS=7305 # 20 years
CA_TSU_DAYS=3652     # 10 years; C-08: at most 135 months
CA_TSU_MAX_DAYS=4108 # 135 months of 30.43 days
CA_TSU_USE_MONTHS=13 # privateKeyUsagePeriod; C-08: at most 15 months
CA_CRL_DAYS=365      # C-15: at least every 12 months

# R36: some clients take the first certificate of the token's SET OF for the signer's.  DER sorts
# by encoding, a shorter certificate first: this comment makes the CA certificates the longer ones.
CA_COMMENT='Certification authority of a demonstration or a test of a time-stamping service. Its
 private key is kept in a file, not in a hardware module, and nobody vouches for it: do not trust
 it for anything that matters. This comment is long on purpose. The certificates of a time-stamp
 token are a SET OF, DER sorts a SET OF by its encodings, and a shorter certificate sorts before a
 longer one; with this comment the certificate of the time-stamping unit is always the shorter one
 and stands first, where some programs that verify time-stamps expect to find the certificate of
 the signer without looking at the identifier that names it. A certification authority that issues
 certificates for a real service needs no such comment where its own keys are longer than theirs.'

# ca__fail WHAT: RULE: FINDING
ca__fail()
{
	printf 'ca: %s\n' "$*" >&2
	return 1
}

# ca__openssl DIR ARGS: openssl in DIR; what it says is shown only if it fails.
ca__openssl()
{
	local dir=$1 said
	shift
	said=$(cd "$dir" && umask 077 && openssl "$@" 2>&1 </dev/null) && return 0
	ca__fail "openssl $1: failed in $dir: $said"
}

ca__new_key() # DIR FILE KIND
{
	case $3 in
	rsa4096) ca__openssl "$1" genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out "$2" ;;
	p384) ca__openssl "$1" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$2" ;;
	p256) ca__openssl "$1" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$2" ;;
	p521) ca__openssl "$1" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$2" ;;
	*) ca__fail "key kind: must be rsa4096, p384, p256 or p521: is $3" ;;
	esac
}

# The digest that goes with the public key in a file (C-05: the TSU signs its tokens with the digest
# that its certificate is signed with).
ca__digest_for() # PUBKEY
{
	case $(openssl pkey -pubin -in "$1" -noout -text 2>&1) in
	*secp384r1*) echo sha384 ;;
	*secp521r1*) echo sha512 ;;
	*"Public-Key: ("*) echo sha256 ;;
	*) ca__fail "$1: must hold a public key in PEM: openssl cannot read it" ;;
	esac
}

# 127 random bits; a serial number is positive.
ca__serial()
{
	printf '0x4%s' "$(openssl rand -hex 16 | cut -c 2-)"
}

ca__der_size() # CERTIFICATE: length of its DER
{
	openssl x509 -in "$1" -outform DER | wc -c
}

# One configuration for both: databases for `openssl ca`, extensions of the CA certificates.
ca__config() # NAME BASE_URL DIGEST
{
	cat <<-END
		[root]
		certificate = root.pem
		private_key = root.key
		database = root.index
		crlnumber = root.crlnumber
		default_md = $3
		default_crl_days = $CA_CRL_DAYS
		crl_extensions = crl
		unique_subject = no
		policy = any

		[issuing]
		certificate = issuing.pem
		private_key = issuing.key
		database = issuing.index
		crlnumber = issuing.crlnumber
		default_md = $3
		default_crl_days = $CA_CRL_DAYS
		crl_extensions = crl
		unique_subject = no
		policy = any

		[any]
		commonName = supplied

		[crl]
		authorityKeyIdentifier = keyid:always

		[root_extensions]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
		nsComment = "${CA_COMMENT//$'\n'/}"

		[issuing_extensions]
		basicConstraints = critical, CA:TRUE, pathlen:0
		keyUsage = critical, keyCertSign, cRLSign
		extendedKeyUsage = timeStamping
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid:always
		certificatePolicies = 2.5.29.32.0
		crlDistributionPoints = URI:$2/$1-root.crl
		authorityInfoAccess = caIssuers;URI:$2/$1-root.cer
		nsComment = "${CA_COMMENT//$'\n'/}"
	END
}

ca__make() # DIR NAME BASE_URL KIND
{
	local dir=$1 name=$2 url=$3 kind=$4 subject="/C=$CA_COUNTRY/O=$CA_ORGANIZATION" role md=sha256

	case $kind in
	p384) md=sha384 ;;
	p521) md=sha512 ;;
	esac
	for role in root issuing; do
		: >"$dir/$role.index" && echo 01 >"$dir/$role.crlnumber" || return 1
		ca__new_key "$dir" "$role.key" "$kind" || return 1
	done
	printf '%s\n' "$name" >"$dir/name" && printf '%s\n' "$url" >"$dir/url" || return 1
	ca__config "$name" "$url" "$md" >"$dir/ca.cnf" || return 1
	ca__openssl "$dir" pkey -in issuing.key -pubout -out issuing.pub || return 1
	ca__openssl "$dir" req -new -x509 -"$md" -key root.key -subj "$subject/CN=$name root CA" \
		-days "$CA_ROOT_DAYS" -set_serial "$(ca__serial)" -config ca.cnf \
		-extensions root_extensions -out root.pem || return 1
	ca__openssl "$dir" x509 -new -force_pubkey issuing.pub -subj "$subject/CN=$name issuing CA" \
		-CA root.pem -CAkey root.key -"$md" -days "$CA_ISSUING_DAYS" \
		-set_serial "$(ca__serial)" -extfile ca.cnf -extensions issuing_extensions \
		-out issuing.pem || return 1
	ca__openssl "$dir" ca -config ca.cnf -name root -valid issuing.pem || return 1
	cp "$dir/issuing.pem" "$dir/chain.pem" && chmod 644 "$dir/root.pem" "$dir/chain.pem"
}

ca_new() # DIR NAME BASE_URL [KIND]
{
	local dir=$1 name=$2 url=${3%/} kind=${4:-rsa4096}

	[ ! -e "$dir/chain.pem" ] || return 0
	[[ $name =~ ^[A-Za-z0-9-]{1,32}$ ]] ||
		ca__fail "name: must be letters, digits and -: is '$name'" || return 1
	[[ $url =~ ^http://[^[:space:]]+$ ]] ||
		ca__fail "base URL: must begin with http:// (C-13): is '$url'" || return 1
	# Made beside its place and then moved there: a half-made CA is never taken for one.
	rm -rf "$dir" "$dir.new" && mkdir -p "$dir.new" && chmod 700 "$dir.new" || return 1
	ca__make "$dir.new" "$name" "$url" "$kind" && mv "$dir.new" "$dir"
}

# Extensions of a TSU certificate: RFC 3161 2.3, EN 319 422 6.2 to 6.4 (T-03), CSBR 7.1.2.3 (C-13).
ca__tsu_extensions() # NAME BASE_URL POLICY USE_UNTIL
{
	cat <<-END
		[tsu]
		keyUsage = critical, digitalSignature
		extendedKeyUsage = critical, timeStamping
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid:always
		certificatePolicies = $3
		crlDistributionPoints = URI:$2/$1-issuing.crl
		authorityInfoAccess = caIssuers;URI:$2/$1-issuing.cer
		# privateKeyUsagePeriod: openssl has no name for writing it
		2.5.29.16 = ASN1:SEQUENCE:usage

		[usage]
		notAfter = IMPLICIT:1, GENERALIZEDTIME:$4
	END
}

# Until when the key may sign: 13 months, and always less than the certificate is valid (T-15).
ca__use_until() # DAYS
{
	local by_months by_days
	by_months=$(date -u -d "now + $CA_TSU_USE_MONTHS months" +%Y%m%d%H%M%SZ) || return 1
	by_days=$(date -u -d "now + $(($1 * 24 - 1)) hours" +%Y%m%d%H%M%SZ) || return 1
	if [[ $by_days < $by_months ]]; then echo "$by_days"; else echo "$by_months"; fi
}

# The new certificate $1 of the CA in $2 is what a verifier needs, and sorts first (R36).
ca__check_tsu() # CERTIFICATE DIR
{
	local leaf other said file
	said=$(openssl verify -x509_strict -purpose timestampsign -CAfile "$2/root.pem" \
		-untrusted "$2/issuing.pem" "$1" 2>&1) ||
		ca__fail "TSU certificate: must verify for time-stamping: $said" || return 1
	leaf=$(ca__der_size "$1") || return 1
	for file in issuing.pem root.pem; do
		other=$(ca__der_size "$2/$file") || return 1
		[ "$leaf" -lt "$other" ] || ca__fail "TSU certificate: must be shorter than the CA's" \
			"(R36): $leaf bytes, $2/$file has $other" || return 1
	done
}

ca_issue_tsu() # DIR PUBKEY CN POLICY OUT [DAYS [DIGEST]]
{
	local dir=$1 pub=$2 cn=$3 policy=$4 out=$5 days=${6:-$CA_TSU_DAYS} digest=${7:-} until

	[ -r "$dir/chain.pem" ] || ca__fail "$dir: must be a folder of ca_new: has no chain.pem" ||
		return 1
	[[ $cn =~ ^[^/=+]{1,64}$ ]] ||
		ca__fail "common name: 1 to 64 characters without / = +: is '$cn'" || return 1
	[[ $policy =~ ^[0-2](\.(0|[1-9][0-9]*))+$ ]] ||
		ca__fail "policy: must be an object identifier: is '$policy'" || return 1
	[[ $days =~ ^[1-9][0-9]*$ ]] && [ "$days" -le "$CA_TSU_MAX_DAYS" ] ||
		ca__fail "days: must be 1 to $CA_TSU_MAX_DAYS (135 months, C-08): is '$days'" ||
		return 1
	[ -n "$digest" ] || digest=$(ca__digest_for "$pub") || return 1
	[[ $digest =~ ^sha(256|384|512)$ ]] ||
		ca__fail "digest: must be sha256, sha384 or sha512 (C-05): is '$digest'" || return 1
	until=$(ca__use_until "$days") || return 1
	cp "$pub" "$dir/tsu.pub" && ca__tsu_extensions "$(cat "$dir/name")" "$(cat "$dir/url")" \
		"$policy" "$until" >"$dir/tsu.cnf" || return 1
	ca__openssl "$dir" x509 -new -force_pubkey tsu.pub -"$digest" -days "$days" \
		-subj "/C=$CA_COUNTRY/O=$CA_ORGANIZATION/CN=$cn" -CA issuing.pem -CAkey issuing.key \
		-set_serial "$(ca__serial)" -extfile tsu.cnf -extensions tsu -out tsu.pem || return 1
	ca__check_tsu "$dir/tsu.pem" "$dir" || return 1
	# The database is what a CRL is made from, so it must know what was issued.
	ca__openssl "$dir" ca -config ca.cnf -name issuing -valid tsu.pem || return 1
	cat "$dir/tsu.pem" "$dir/issuing.pem" >"$out.new" && chmod 644 "$out.new" &&
		mv "$out.new" "$out"
}

ca_publish() # DIR PUBDIR
{
	local dir=$1 pub=$2 name role

	[ -r "$dir/chain.pem" ] || ca__fail "$dir: must be a folder of ca_new: has no chain.pem" ||
		return 1
	name=$(cat "$dir/name") && mkdir -p "$pub" || return 1
	for role in root issuing; do
		ca__openssl "$dir" ca -config ca.cnf -name "$role" -gencrl -out "$role.crl" &&
			ca__openssl "$dir" crl -in "$role.crl" -outform DER -out crl.der &&
			ca__openssl "$dir" x509 -in "$role.pem" -outform DER -out cer.der || return 1
		chmod 644 "$dir/crl.der" "$dir/cer.der" &&
			mv "$dir/crl.der" "$pub/$name-$role.crl" &&
			mv "$dir/cer.der" "$pub/$name-$role.cer" || return 1
	done
}
