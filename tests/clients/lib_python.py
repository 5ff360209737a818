"""What the Python clients share: arguments and output as in lib.sh."""

import sys
from pathlib import Path

URL = sys.argv[1]
ANCHORS, SIGNER = (Path(name) for name in sys.argv[2:4])
DATA = Path("doc.pdf").read_bytes()
POLICY = (ANCHORS / "policy").read_text().strip()
TYPES = {"Content-Type": "application/timestamp-query"}


def check(what, test, *arguments):
    try:
        test(*arguments)
        print("PASS", what)
    except Exception as error:  # whatever the client throws is its answer
        text = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"FAIL {what}: {text[:600]}")


def must(condition, text):
    if not condition:
        raise AssertionError(text)


def refuses(error, test, *arguments):
    """The client raises this error; gives its text."""
    try:
        test(*arguments)
    except error as said:
        return str(said)
    raise AssertionError("was accepted")
