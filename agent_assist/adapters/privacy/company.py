"""A company's own patterns: `EMPLOYEE_ID=E\\d{6}`, one a line or separated by two semicolons.

Each is tried on hostile texts when it is saved and has a time limit when it runs: no pattern makes a
long text hang.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from agent_assist.adapters.privacy.placeholders import Found
from agent_assist.domain.patterns import compiled

log = logging.getLogger(__name__)

SECONDS: Final = 0.25
"""What one pattern may take on one part of a text."""


@dataclass(frozen=True)
class CompanyPatterns:
    """Compiled patterns, each with the type of its placeholder."""

    patterns: tuple[tuple[str, Any], ...] = ()

    @staticmethod
    @lru_cache(maxsize=8)
    def read(text: str) -> CompanyPatterns:
        """Raises ValueError with a sentence where a pattern cannot be used."""
        return CompanyPatterns(tuple(compiled(text)))

    def find(self, text: str) -> Iterator[Found]:
        for kind, pattern in self.patterns:
            try:
                for match in pattern.finditer(text, timeout=SECONDS):
                    if match.end() > match.start():
                        yield kind, match.start(), match.end()
            except TimeoutError:
                log.warning("The company pattern %s took too long on one text and was left out there.", kind)
