"""The language that a text is written in."""

from __future__ import annotations

from typing import Protocol


class LanguageDetector(Protocol):
    """Tells which language a text is in."""

    def detect(self, text: str) -> tuple[str, float]:
        """(ISO 639-1 code, confidence 0..1); ("", 0.0) where the text is too short to tell."""
