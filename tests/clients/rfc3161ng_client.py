"""python3-rfc3161ng: stamps and checks; arguments and output as in lib.sh.  It checks RSA only."""

import sys
from importlib import metadata

import rfc3161ng

URL, ANCHORS = sys.argv[1:3]
with open("doc.pdf", "rb") as file:
    DATA = file.read()
with open(ANCHORS + "/tsu.pem", "rb") as file:
    CERTIFICATE = file.read()


def check(what, test):
    try:
        test()
        print("PASS", what)
    except Exception as error:  # whatever the client throws is its answer
        text = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"FAIL {what}: {text}")


def stamper(**options):
    return rfc3161ng.RemoteTimestamper(URL, certificate=CERTIFICATE, **options)


def stamp(digest, **options):
    client = stamper(hashname=digest, **options)
    token = client.timestamp(data=DATA)
    assert client.check(token, data=DATA), "check says no"
    return token


def with_nonce():
    client = stamper(hashname="sha256", include_tsa_certificate=True)
    nonce = 2**63 + 5
    token = client.timestamp(data=DATA, nonce=nonce)
    assert client.check(token, data=DATA, nonce=nonce), "check says no"


def time_of(token):
    return rfc3161ng.get_timestamp(token, naive=False)


def tells_the_time():
    assert time_of(stamp("sha256")).year >= 2024, "year"


def other_data():
    client = stamper(hashname="sha256")
    token = client.timestamp(data=DATA)
    try:
        client.check(token, data=DATA + b"x")
    except ValueError:
        return
    raise AssertionError("was accepted")


def sha1_is_refused():
    # Given a certificate it looks for the token before the status; without one it gives the reply.
    reply = rfc3161ng.RemoteTimestamper(URL)(data=DATA, return_tsr=True)
    status = reply["status"]
    assert int(status["status"]) == 2, f"status {status['status']}"
    assert tuple(status["failInfo"]) == (1,), f"failInfo {status['failInfo']}"
    text = str(status["statusString"][0])
    assert "1.3.14.3.2.26 is not accepted" in text, text


print("CLIENT rfc3161ng", metadata.version("rfc3161ng"))
for name in ("sha256", "sha384", "sha512"):
    check(f"{name}, checked", lambda name=name: stamp(name))
    check(f"{name} with certificates, checked", lambda name=name: stamp(name, include_tsa_certificate=True))
check("nonce with its top bit set", with_nonce)
check("tells the time", tells_the_time)
check("other data does not check", other_data)
check("SHA-1, its default: badAlg is reported", sha1_is_refused)
