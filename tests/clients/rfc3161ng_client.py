"""python3-rfc3161ng: stamps and checks.  It checks RSA only."""

from importlib import metadata

import rfc3161ng
from lib_python import ANCHORS, DATA, URL, check, must, refuses

CERTIFICATE = (ANCHORS / "tsu.pem").read_bytes()


def stamper(**options):
    return rfc3161ng.RemoteTimestamper(URL, certificate=CERTIFICATE, **options)


def stamp(digest, certificates):
    client = stamper(hashname=digest, include_tsa_certificate=certificates)
    token = client.timestamp(data=DATA)
    must(client.check(token, data=DATA), "check says no")
    return token


def with_nonce():
    client = stamper(hashname="sha256", include_tsa_certificate=True)
    nonce = 2**63 + 5
    token = client.timestamp(data=DATA, nonce=nonce)
    must(client.check(token, data=DATA, nonce=nonce), "check says no")


def tells_the_time():
    time = rfc3161ng.get_timestamp(stamp("sha256", False), naive=False)
    must(time.year >= 2024, f"year {time.year}")


def other_data():
    client = stamper(hashname="sha256")
    token = client.timestamp(data=DATA)
    refuses(ValueError, lambda: client.check(token, data=DATA + b"x"))


def sha1_is_refused():
    # Given a certificate it looks for the token before the status; without one it gives the reply.
    reply = rfc3161ng.RemoteTimestamper(URL)(data=DATA, return_tsr=True)
    status = reply["status"]
    text = str(status["statusString"][0])
    must(int(status["status"]) == 2, f"status {status['status']}")
    must(tuple(status["failInfo"]) == (1,), f"failInfo {status['failInfo']}")
    must("1.3.14.3.2.26 is not accepted" in text, text)


print("CLIENT rfc3161ng", metadata.version("rfc3161ng"))
for name in ("sha256", "sha384", "sha512"):
    check(f"{name}, checked", stamp, name, False)
    check(f"{name} with certificates, checked", stamp, name, True)
check("nonce with its top bit set", with_nonce)
check("tells the time", tells_the_time)
check("other data does not check", other_data)
check("SHA-1, its default: badAlg is reported", sha1_is_refused)
