"""The human's sheet: blind, in random order; read back with the agreement of those who filled it."""

from __future__ import annotations

import csv
import hashlib
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent_assist.errors import BadInput
from training.evaluation.compare import interval

QUESTIONS = ("accuracy", "appropriateness", "tone")
"""Each from 1 to 5 for A and for B."""
HEAD = (
    "case",
    "customer wrote",
    "A",
    "B",
    *(f"{question} {side} (1-5)" for question in QUESTIONS for side in "AB"),
    "would send (A, B, both, neither)",
    "better (A, B, same)",
)


def write_sheet(
    path: Path,
    cases: Sequence[Mapping[str, Any]],
    champion: Sequence[str],
    challenger: Sequence[str],
    seed: int,
) -> None:
    """A CSV in which nothing tells which side is which; equal pairs are left out."""
    chance = random.Random(seed)
    rows = []
    for case, old, new in zip(cases, champion, challenger, strict=True):
        if not old.strip() or not new.strip() or old.split() == new.split():
            continue
        identity = str(case["ticket"]["id"])
        first, second = (new, old) if _swapped(identity, seed) else (old, new)
        asked = [m["text"] for m in case["ticket"]["messages"] if m.get("role", "customer") == "customer"]
        rows.append([identity, asked[-1] if asked else "", first, second, *[""] * (len(HEAD) - 4)])
    chance.shuffle(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows([_harmless(cell) for cell in row] for row in rows)


def _harmless(cell: str) -> str:
    """A spreadsheet must not take a customer's text for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _swapped(identity: str, seed: int) -> bool:
    return hashlib.sha256(f"{seed}:{identity}".encode()).digest()[0] % 2 == 1


def read_sheets(paths: Sequence[Path], seed: int) -> dict[str, Any]:
    """What the sheets of several people say: mean gain of the challenger per question with its interval,
    preference, would-send, and Krippendorff's alpha (2004) of their preferences.

    Raises BadInput where a file is none of ours.
    """
    better: dict[str, dict[int, float]] = defaultdict(dict)
    gains: dict[str, list[float]] = defaultdict(list)
    sends = {"champion": 0, "challenger": 0}
    read = 0
    for person, path in enumerate(paths):
        for row in _rows(path):
            swapped = _swapped(row["case"], seed)
            sign = -1.0 if swapped else 1.0  # B is the challenger unless swapped
            read += 1
            for question in QUESTIONS:
                a, b = (_number(row[f"{question} {side} (1-5)"]) for side in "AB")
                if a is not None and b is not None:
                    gains[question].append(sign * (b - a))
            choice = row["better (A, B, same)"].strip().casefold()
            if choice in ("a", "b", "same"):
                better[row["case"]][person] = 0.0 if choice == "same" else sign * (1 if choice == "b" else -1)
            sent = row["would send (A, B, both, neither)"].strip().casefold()
            names = ("challenger", "champion") if swapped else ("champion", "challenger")
            sends[names[0]] += sent in ("a", "both")
            sends[names[1]] += sent in ("b", "both")
    preferred = [float(np.mean(list(by.values()))) for by in better.values()]
    result: dict[str, Any] = {"rows": read, "would_send": sends, "agreement": alpha(list(better.values()))}
    for name, values in (*gains.items(), ("better", preferred)):
        if values:
            low, high = interval(np.array(values))
            result[name] = {"gain": float(np.mean(values)), "low": low, "high": high, "n": len(values)}
    return result


def alpha(units: Sequence[Mapping[int, float]]) -> float | None:
    """Krippendorff's alpha for ordered values: 1 where all agree, 0 as by chance; None with too little."""
    rated = [list(unit.values()) for unit in units if len(unit) > 1]
    every = [value for unit in rated for value in unit]
    if len(every) < 4:
        return None
    within = sum(sum((a - b) ** 2 for a in unit for b in unit) / (len(unit) - 1) for unit in rated) / len(
        every
    )
    between = sum((a - b) ** 2 for a in every for b in every) / (len(every) * (len(every) - 1))
    return 1.0 if between == 0 else 1 - within / between


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != HEAD:
                raise BadInput(
                    f"{path} is no sheet of this evaluation.", "Fill in sheet.csv and keep its columns."
                )
            return [{k: v or "" for k, v in row.items()} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} cannot be read: {error}.", "Save it as CSV in UTF-8.") from None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 1 <= value <= 5 else None
