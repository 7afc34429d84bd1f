"""The frozen golden set: what every model, base and version of the application must pass."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_assist.errors import BadInput
from agent_assist.resources import resource
from training.evaluation.product import Candidate, Product
from training.stage import read_rows


def run_golden(model: Path | None, adapter: Path | None) -> tuple[list[dict[str, str]], int]:
    """(failures, cases) of a model as it is served; the packaged one where none is named."""
    if adapter and not model:
        raise BadInput("An adapter needs its base.", "Give --model, too.")
    for path in (model, adapter):
        if path and not path.exists():
            raise BadInput(f"{path} is not there.", "Check the path.")
    candidate = Candidate("candidate" if model else "packaged", model, adapter)
    with tempfile.TemporaryDirectory() as folder:
        failures = golden_failures(candidate, Path(folder))
    return failures, len(read_rows(resource("evaluation", "golden.jsonl")))


def golden_failures(candidate: Candidate, out: Path) -> list[dict[str, str]]:
    """Cases of the frozen golden set that the candidate does not pass, each with what is wrong."""
    rows = read_rows(resource("evaluation", "golden.jsonl"))
    with Product(out / "golden") as product:
        product.learn([resource("evaluation", "articles.jsonl")])
        product.use(candidate)
        drafts = product.drafts([row["ticket"] for row in rows])
    found = []
    for row, draft in zip(rows, drafts, strict=True):
        if why := why_not_golden(draft, row):
            found.append({"id": row["ticket"]["id"], "why": why, "text": str(draft.get("text") or "")})
    return found


def why_not_golden(draft: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """What a golden case asks for that the draft does not keep; "" where it keeps all."""
    text = str(draft.get("text") or "").casefold()
    if draft.get("decision") not in row["decisions"]:
        return f"decided {draft.get('decision')}, not {' or '.join(row['decisions'])}"
    if draft.get("decision") != "draft":
        return ""
    for group in row.get("says", ()):  # one of each group must stand there
        if not any(word.casefold() in text for word in group):
            return f"does not say {' or '.join(group)}"
    for word in row.get("never", ()):
        if word.casefold() in text:
            return f"says {word}"
    return ""
