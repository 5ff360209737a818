# shellcheck shell=bash
# The world of tests/clients/run, on top of tests/system/lib.sh: a service with an RSA and an ECDSA
# endpoint, each with a chain of its own kind, CRLs and CA certificates served under the URLs that
# stand in the certificates; a code signing certificate to sign things with.
#
#   clients_world             makes it, the current world of lib.sh; starts tsad
#   clients_whole_seconds     starts a second service whose genTime has no fraction of a second
#   clients_stop              stops both
#   clients_url KIND [whole]  URL of the endpoint of that kind (rsa, ecdsa) at the first or second
# Folders: $WORLD/clients/rsa, $WORLD/clients/ecdsa, $WORLD/clients/signer (lib.sh says what is in).

free_port()
{
	perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")
		or die "no free port: $!\n"; print $s->sockport, "\n"'
}

# One endpoint: CA, certificate of the TSU whose key make_world.sh made, what a verifier is given.
clients_endpoint() # KIND CA-KEY TSU POLICY
{
	local ca=$WORLD/ca-$1 to=$WORLD/clients/$1

	mkdir -p "$to" && ca_new "$ca" "clients-$1" "$BASE" "$2" &&
		ca_issue_tsu "$ca" "$WORLD/$3.pub" "TSU $1" "$4" "$WORLD/$3.pem" &&
		ca_publish "$ca" "$WORLD/publish" &&
		cp "$ca/root.pem" "$to/root.pem" && cp "$ca/chain.pem" "$to/issuing.pem" &&
		openssl x509 -in "$WORLD/$3.pem" -out "$to/tsu.pem" &&
		cp "$WORLD/$3.pem" "$to/tsu-and-issuing.pem" &&
		cat "$to/issuing.pem" "$to/root.pem" >"$to/chain.pem" &&
		printf '%s\n' "$4" >"$to/policy" || fail "endpoint $1: must get its certificates"
}

# Whoever signs: a root of his own, a certificate for code and documents, both RSA, which every
# client can use.
clients_signer()
{
	local to=$WORLD/clients/signer

	mkdir -p "$to" && (
		cd "$to" && umask 077 && openssl rand -hex 12 | tr -d '\n' >password &&
			openssl req -x509 -newkey rsa:3072 -nodes -keyout root.key -subj '/O=Example/CN=Signers' \
				-days 3650 -addext 'basicConstraints=critical,CA:TRUE' \
				-addext 'keyUsage=critical,keyCertSign,cRLSign' -out root.pem &&
			openssl req -new -newkey rsa:3072 -nodes -keyout key.pem -subj '/O=Example/CN=Signer' \
				-out signer.csr &&
			printf '%s\n' 'basicConstraints = CA:FALSE' 'subjectKeyIdentifier = hash' \
				'keyUsage = critical, digitalSignature, nonRepudiation' \
				'extendedKeyUsage = codeSigning, emailProtection' >signer.cnf &&
			openssl x509 -req -in signer.csr -CA root.pem -CAkey root.key -days 1000 \
				-extfile signer.cnf -out cert.pem &&
			openssl pkcs12 -export -inkey key.pem -in cert.pem -certfile root.pem -name signer \
				-passout file:password -out signer.p12
	) >"$WORLD/signer.log" 2>&1 || fail "signer: must be made: $(tail -n 5 "$WORLD/signer.log")"
}

clients_world()
{
	local port

	world_new clients
	port=$(free_port) || exit 1
	BASE=http://127.0.0.1:$port
	conf_set tsad listen "127.0.0.1:$port"
	clients_endpoint rsa rsa4096 rel "$POLICY_RELEASE"
	clients_endpoint ecdsa p384 ec "$POLICY_EC"
	clients_signer
	tsad_start
	[ "$URL" = "$BASE" ] || fail "tsad: must listen on $BASE, which is in its certificates: $URL"
}

clients_stop()
{
	tsad_stop
}

clients_url() # KIND
{
	case $1 in
	rsa) printf '%s/\n' "$BASE" ;;
	ecdsa) printf '%s/fast\n' "$BASE" ;;
	esac
}
