"""rfc3161-client: requests, replies, its verifier."""

from importlib import metadata
from urllib.request import Request, urlopen

import rfc3161_client as client
from cryptography import x509
from lib_python import ANCHORS, DATA, POLICY, TYPES, URL, check, must, refuses


def certificate(name):
    return x509.load_pem_x509_certificate((ANCHORS / name).read_bytes())


def request(digest):
    return (client.TimestampRequestBuilder().data(DATA).hash_algorithm(digest)
            .nonce(nonce=True).cert_request(cert_request=True).build())


def ask(query):
    with urlopen(Request(URL, query.as_bytes(), TYPES), timeout=30) as reply:
        return client.decode_timestamp_response(reply.read())


def verifier(query, root="root.pem"):
    return (client.VerifierBuilder.from_request(query)
            .policy_id(x509.ObjectIdentifier(POLICY)).tsa_certificate(certificate("tsu.pem"))
            .add_intermediate_certificate(certificate("issuing.pem"))
            .add_root_certificate(certificate(root)).build())


def stamp(digest):
    query = request(digest)
    must(verifier(query).verify_message(ask(query), DATA), "verify_message says no")


def other_data():
    query = request(client.HashAlgorithm.SHA256)
    refuses(client.VerificationError, verifier(query).verify_message, ask(query), b"other")


def another_request():
    answer = ask(request(client.HashAlgorithm.SHA256))
    refuses(client.VerificationError,
            verifier(request(client.HashAlgorithm.SHA256)).verify_message, answer, DATA)


print("CLIENT rfc3161-client", metadata.version("rfc3161-client"))
for algorithm in client.HashAlgorithm:
    check(f"{algorithm.name}, verified", stamp, algorithm)
check("other data does not verify", other_data)
check("the answer to another request does not verify", another_request)
