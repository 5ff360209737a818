"""OpenSSL's command line as the judge of signatures and chains."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from certificate import Certificate

TIMEOUT_S = 60


def pem(certificates: Iterable[Certificate]) -> str:
    return "".join(
        "-----BEGIN CERTIFICATE-----\n"
        + base64.encodebytes(certificate.raw).decode("ascii")
        + "-----END CERTIFICATE-----\n"
        for certificate in certificates
    )


class Openssl:
    """Runs openssl in a folder of its own; anchor is the PEM file that is trusted."""

    def __init__(self, anchor: str) -> None:
        self.anchor = Path(anchor).resolve()
        self._folder = tempfile.TemporaryDirectory(prefix="tsa-conformance.")
        self.folder = Path(self._folder.name)

    def close(self) -> None:
        self._folder.cleanup()

    def run(self, *arguments: str) -> tuple[bool, str]:
        """Whether it succeeded; what it said."""
        done = subprocess.run(
            ["openssl", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace").strip()

    def write(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def _untrusted(self, certificates: Iterable[Certificate]) -> list[str]:
        """Options that offer these certificates; a file without any is an error to openssl."""
        text = pem(certificates)
        return ["-untrusted", self.write("untrusted", text.encode("ascii"))] if text else []

    def verify(self, query: bytes, reply: bytes, untrusted: Iterable[Certificate]) -> str | None:
        """None if `openssl ts -verify` accepts the reply for the query, else what it says."""
        self.write("query", query)
        self.write("reply", reply)
        good, said = self.run(
            "ts",
            "-verify",
            "-queryfile",
            "query",
            "-in",
            "reply",
            "-CAfile",
            str(self.anchor),
            *self._untrusted(untrusted),
        )
        return None if good else said.replace("\n", "; ")[-300:]

    def accepts_for(self, purpose: str, certificate: Certificate, chain: Iterable[Certificate]) -> bool:
        """Whether `openssl verify` takes the certificate for that purpose."""
        self.write("leaf", pem([certificate]).encode("ascii"))
        untrusted = self._untrusted(chain)
        return self.run("verify", "-purpose", purpose, "-CAfile", str(self.anchor), *untrusted, "leaf")[0]
