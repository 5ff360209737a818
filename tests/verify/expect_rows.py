"""The committed table of expected verdicts."""

from __future__ import annotations


def read_rows(path: str) -> dict[tuple[str, str, str], tuple[str, str, str]]:
    """(file, situation, model) -> (status, sub-indication or "-", reason); "#" begins a comment line."""
    rows: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#"):
                continue
            parts = line.rstrip("\n").split("\t")
            if len(parts) != 6:
                raise ValueError(f"{path}: line {number}: must have 6 columns: has {len(parts)}")
            key = (parts[0], parts[1], parts[2])
            if key in rows:
                raise ValueError(f"{path}: line {number}: {' '.join(key)} stands there twice")
            rows[key] = (parts[3], parts[4], parts[5])
    return rows
