"""The user guide in the app: complete, short, and true to the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import agent_assist
from agent_assist import errors
from agent_assist.cli.main import COMMANDS
from agent_assist.resources import resource

PAGES = sorted(resource("help").glob("*.md"))
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}


def kinds(base: type[errors.AgentAssistError]) -> list[type[errors.AgentAssistError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("name", TEXT)
def test_a_page_has_one_title_and_a_calm_voice(name: str) -> None:
    text = TEXT[name]
    assert text.startswith("# ")
    assert len(re.findall(r"(?m)^# ", text)) == 1
    assert not re.search(r"\w!(\s|$)", text)
    assert len(text.split()) < 700


def test_pages_are_numbered_in_reading_order() -> None:
    assert [int(page.name[:2]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@pytest.mark.parametrize("kind", kinds(errors.EnvironmentProblem)[1:] + kinds(errors.BadInput))
def test_every_error_is_in_a_troubleshooting_table(kind: type[errors.AgentAssistError]) -> None:
    assert kind.title in TEXT["10-troubleshooting.md"] + TEXT["16-helpdesks.md"]


def test_only_commands_that_exist_are_named() -> None:
    for name, text in TEXT.items():
        for command in re.findall(r"agent-assist ([a-z]+)", text):
            assert command in COMMANDS, f"{name}: agent-assist {command}"


def test_the_keys_named_are_the_windows_keys() -> None:
    source = (Path(agent_assist.__file__).parent / "ui" / "controllers" / "window_actions.py").read_text(
        "utf-8"
    )
    keys = re.findall(r"(?m)^\| ((?:Ctrl|Alt|F\d|[A-Z?/])[^|]*?) \|", TEXT["06-keyboard.md"])
    single = {key for row in keys for key in re.split(r", | … ", row)}
    assert len(single) > 15
    for key in single - {"Keys", "Alt+1", "Alt+9"}:
        assert re.search(rf'"(?:[^"]* )?{re.escape(key)}(?: [^"]*)?"', source), key
