from __future__ import annotations

import pytest

from agent_assist.adapters.privacy.company import CompanyPatterns
from agent_assist.domain.patterns import compiled
from agent_assist.errors import InvalidSetting
from agent_assist.settings import Settings


def test_entries_stand_on_lines_or_between_semicolons() -> None:
    assert [kind for kind, _ in compiled("STAFF_ID=S\\d{6};;BADGE = B-\\d+\nDESK=D\\d")] == [
        "STAFF_ID",
        "BADGE",
        "DESK",
    ]
    assert list(CompanyPatterns.read("STAFF_ID=S\\d{6}").find("a S123456 b")) == [("STAFF_ID", 2, 9)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("staff=S", "TYPE=pattern"),
        ("NO_EQUALS", "TYPE=pattern"),
        ("STAFF=(", "cannot be read"),
        ("STAFF=x*", "empty text"),
        ("STAFF=(a+)+$", "too long"),
        (";;".join(f"T{n}=x" for n in range(60)), "at most"),
    ],
)
def test_unusable_patterns_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(compiled(text))


def test_settings_refuse_them_with_a_sentence() -> None:
    with pytest.raises(InvalidSetting, match="cannot be read"):
        Settings().changed("privacy.patterns", "STAFF=(")
    assert Settings().changed("privacy.patterns", "STAFF_ID=S\\d+").privacy.patterns
