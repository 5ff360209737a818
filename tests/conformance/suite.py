"""Cases and how they are run: each proves one side of one rule, and says so by its name."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass

import der
from server import Finding, Granted, NotJudged, Server
from wire import HttpError

Check = Callable[[Server], None]


@dataclass(frozen=True)
class Case:
    id: str
    sign: str
    name: str
    check: Check


@dataclass(frozen=True)
class Outcome:
    id: str
    sign: str
    name: str
    result: str  # pass, FAIL, n/a
    found: str

    def __str__(self) -> str:
        line = f"{self.result:4} {self.id}{self.sign} {self.name}"
        return f"{line}: {visible(self.found)}" if self.found else line


def visible(text: str) -> str:
    """A server's words with what could steer a terminal written out, on one line."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


CASES: list[Case] = []


def case(id: str, sign: str, name: str) -> Callable[[Check], Check]:
    """Registers a case; one check may stand for several rules."""

    def register(check: Check) -> Check:
        CASES.append(Case(id, sign, name, check))
        return check

    return register


TokenCheck = Callable[[Server, Granted], None]


def each_token(
    id: str, sign: str, name: str, of_thousand: bool = False
) -> Callable[[TokenCheck], TokenCheck]:
    """A case that holds for every sample (and every one of the thousand)."""

    def register(check: TokenCheck) -> TokenCheck:
        @case(id, sign, name)
        def _(server: Server) -> None:
            for granted in server.samples + (server.thousand if of_thousand else []):
                check(server, granted)

        return check

    return register


def judge(one: Case, server: Server) -> Outcome:
    """What a case says of this server, whatever it answers."""
    result, found = "pass", ""
    try:
        one.check(server)
    except NotJudged as reason:
        result, found = "n/a", str(reason)
    except (Finding, der.DerError, HttpError, OSError, subprocess.TimeoutExpired) as finding:
        result, found = "FAIL", str(finding)
    except (ValueError, LookupError) as error:
        # A structure that der.py and response.py let pass and that is none all the same.
        result, found = "FAIL", f"the answer cannot be taken apart: {type(error).__name__}: {error}"
    return Outcome(one.id, one.sign, one.name, result, found)


def run(server: Server, only: str | None) -> list[Outcome]:
    outcomes = []
    for one in CASES:
        if only in (None, one.id):
            outcome = judge(one, server)
            print(outcome, flush=True)
            outcomes.append(outcome)
    return outcomes


def count(outcomes: list[Outcome], result: str) -> int:
    return sum(outcome.result == result for outcome in outcomes)


def write_json(path: str, url: str, outcomes: list[Outcome]) -> None:
    report = {
        "url": url,
        "passed": count(outcomes, "pass"),
        "failed": count(outcomes, "FAIL"),
        "not_judged": count(outcomes, "n/a"),
        "cases": [asdict(outcome) for outcome in outcomes],
    }
    with open(path, "w", encoding="utf-8") as out:
        json.dump(report, out, indent=1)
        out.write("\n")
