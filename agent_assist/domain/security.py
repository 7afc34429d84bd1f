"""What `doctor --security` reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Safety(StrEnum):
    """How a check came out: with a WARNING customer data is protected still, with a PROBLEM it is not."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class SecurityCheck:
    """One line of the report."""

    name: str
    state: Safety
    sentence: str
    remedy: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
