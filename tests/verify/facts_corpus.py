"""The corpus: its index, its certificates and which of them are anchors."""

from __future__ import annotations

import glob
import json
import os

from facts import Certificate, Revocations, pem_blocks, read_crl, read_ocsp


class Corpus:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
            self.index = json.load(file)
        self.certificates: list[Certificate] = []
        for path in sorted(glob.glob(os.path.join(folder, "certs", "*"))):
            if os.path.basename(path).startswith("made-"):
                continue
            for block in pem_blocks(self.read(path)):
                self.certificates.append(Certificate(block))
        self.anchors = [c for c in self.certificates if c.subject == c.issuer and c.issued(c)]

    def read(self, path: str) -> bytes:
        with open(os.path.join(self.folder, path), "rb") as file:
            return file.read()

    def revocations(self, row: dict) -> list[Revocations]:
        found = []
        for part in row["crls"] + row["ocsp"]:
            for path in sorted(glob.glob(os.path.join(self.folder, "crls", f"*{part}*"))):
                for block in pem_blocks(self.read(path)):
                    found.append(read_ocsp(block) if path.endswith(".ors") else read_crl(block))
        return [one for one in found if one is not None]
