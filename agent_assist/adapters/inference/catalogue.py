"""The models that can be pulled, as resources/models/catalogue.json lists them."""

from __future__ import annotations

import json
from pathlib import Path

from agent_assist.domain.model import CatalogueEntry
from agent_assist.resources import resource


def read_catalogue(path: Path | None = None) -> list[CatalogueEntry]:
    """Smallest machine first."""
    file = path or resource("models", "catalogue.json")
    rows = json.loads(file.read_text(encoding="utf-8"))["models"]
    entries = [CatalogueEntry(**{**row, "languages": tuple(row["languages"])}) for row in rows]
    return sorted(entries, key=lambda e: (e.memory_gb, e.size_bytes))
