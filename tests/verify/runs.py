"""Runs tsa-verify over the corpus, in each situation and model, and gives status, sub-indication and needs."""

from __future__ import annotations

import base64
import glob
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta


NOW = "2026-11-23T00:00:00Z"
MODELS = ("current", "past", "gentime")
SITUATIONS = ("now", "then", "now+rev", "then+rev")


class Verdict:
    def __init__(self, report: dict) -> None:
        result = report["result"]
        self.status, self.sub = result["status"], result["sub"] or "-"
        self.why, self.needs = result["why"] or "", result["needs"]


def pem(raw: bytes, label: str = "CERTIFICATE") -> str:
    text = base64.encodebytes(raw).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


class Runner:
    """tsa-verify with the corpus's anchors and other certificates."""

    def __init__(self, program: str, folder: str, scratch: str, anchors: list[bytes],
                 others: list[bytes]) -> None:
        self.program, self.folder, self.scratch = os.path.abspath(program), folder, scratch
        self.anchors = self.write("anchors.pem", anchors)
        self.others = ["--untrusted", self.write("others.pem", others)] if others else []

    def write(self, name: str, certificates: list[bytes]) -> str:
        path = os.path.join(self.scratch, name)
        with open(path, "w", encoding="ascii") as file:
            file.writelines(pem(raw) for raw in certificates)
        return path

    def run(self, *args: str) -> dict[str, Verdict]:
        command = [self.program, "--trust", self.anchors, "--json", *self.others, *args]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        if done.returncode not in (0, 1, 2):
            raise RuntimeError(f"{' '.join(command[:12])} ...: status {done.returncode}: {done.stderr.decode()}")
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        return {report["file"]: Verdict(report) for report in reports if "result" in report}

    def objects(self, row: dict) -> list[str]:
        """The row's own CRLs and OCSP responses, as options."""
        options: list[str] = []
        for part in row["crls"] + row["ocsp"]:
            for path in sorted(glob.glob(os.path.join(self.folder, "crls", f"*{part}*"))):
                options += ["--ocsp" if path.endswith(".ors") else "--crl", path]
        return options

    def one(self, task: tuple[dict, str, str]) -> tuple[tuple[str, str, str], Verdict]:
        row, situation, model = task
        at = NOW
        if situation.startswith("then"):
            moment = datetime.fromisoformat(row["genTime"]) + timedelta(days=1)
            at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        more = self.objects(row) if situation.endswith("+rev") else []
        found = self.run("--at", at, "--model", model, *more, row["file"])
        return (row["file"], situation, model), found[row["file"]]

    def everything(self, rows: list[dict],
                   cases: list[tuple[str, str]]) -> dict[tuple[str, str, str], Verdict]:
        """Each row in each case of (situation, model), as far as there is something to give."""
        results, single = {}, []
        for situation, model in cases:
            if situation == "now":
                files = [row["file"] for row in rows]
                for file, verdict in self.run("--at", NOW, "--model", model, *files).items():
                    results[file, situation, model] = verdict
            else:
                single += [(row, situation, model) for row in rows
                           if situation == "then" or self.objects(row)]
        with ThreadPoolExecutor(2) as pool:
            results.update(pool.map(self.one, single))
        return results
