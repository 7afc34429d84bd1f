"""The audit log on the page Security: listed, checked, exported; tampered with, and with a gap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, texts, unnamed
from support_security import become_agent, desk_of, opened, surface_of
from support_workspace import as_insider

from agent_assist.domain.audit import AuditAction
from agent_assist.services.desk import Desk
from agent_assist.ui.pages.audit_model import WORDS, action_words


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield from desk_of(tmp_path / "w")


@pytest.fixture
def surface(qtbot: QtBot, desk: Desk, tmp_path: Path) -> Iterator[Surface]:
    made = surface_of(desk, tmp_path)
    yield made
    made.close()


@pytest.fixture
def as_agent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    become_agent(desk, monkeypatch)


def test_every_action_has_words() -> None:
    assert set(WORDS) == set(AuditAction)
    assert action_words("something_newer") == "Something newer"


def test_the_log_is_listed_filtered_checked_and_exported(
    qtbot: QtBot, surface: Surface, desk: Desk, tmp_path: Path
) -> None:
    assert desk.keys is not None
    desk.keys.make_recovery_key()
    page = opened(qtbot, surface, "Log")
    audit = page.audit
    qtbot.waitUntil(lambda: audit.model.rowCount() == 3)
    assert audit.found.text() == "3 entries"
    qtbot.keyClicks(audit.search, "lead")
    assert audit.model.rowCount() == 1
    audit.search.clear()
    audit.action.setCurrentIndex(audit.action.findData(AuditAction.KEY_CHANGED))
    audit.action.activated.emit(audit.action.currentIndex())
    qtbot.waitUntil(lambda: audit.model.rowCount() == 1)
    assert audit.model.index(0, 3).data() == "A key was changed"
    audit.action.setCurrentIndex(0)
    audit.action.activated.emit(0)
    audit.verify.click()
    qtbot.waitUntil(lambda: audit.state.text() == "Whole and in order")
    assert audit.copy.isEnabled()
    audit.copy.click()
    assert QGuiApplication.clipboard().text().startswith("3:")
    target = tmp_path / "log.jsonl"
    audit.export_to(target)
    qtbot.waitUntil(lambda: "written to" in page.toast.text)
    assert "head" in json.loads(target.read_text().splitlines()[-1])
    qtbot.waitUntil(lambda: audit.model.rowCount() == 4)
    assert unnamed(page) == []
    picture(page, surface.theme, "security-log", (980, 620))
    picture(page, surface.theme, "security-log-narrow", (420, 620))


def test_a_tampered_log_is_told_and_can_still_be_read(
    qtbot: QtBot, surface: Surface, desk: Desk, tmp_path: Path
) -> None:
    as_insider(tmp_path / "w", "UPDATE audit SET at = '2001-01-01T00:00:00.000000+00:00' WHERE number = 2")
    page = opened(qtbot, surface, "Log")
    page.audit.verify.click()
    qtbot.waitUntil(lambda: page.audit.state.text() == "Tampered with")
    assert "Entry 2 was changed" in page.audit.said.text()
    qtbot.waitUntil(lambda: page.audit.model.rowCount() > 0)
    picture(page, surface.theme, "security-log-tampered", (980, 620))


def cut_off_the_last_entry(desk: Desk, folder: Path) -> None:
    """What a restored backup looks like: the log ends before what is remembered of it."""
    assert desk.audit is not None
    desk.audit.flush()
    as_insider(folder, "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)")


def test_a_gap_is_accepted_with_a_reason_that_stays(
    qtbot: QtBot, surface: Surface, desk: Desk, tmp_path: Path
) -> None:
    assert desk.audit is not None
    cut_off_the_last_entry(desk, tmp_path / "w")
    page = opened(qtbot, surface, "Log")
    gap = page.audit.gap
    page.audit.verify.click()
    qtbot.waitUntil(gap.isVisible)
    assert not gap.go.isEnabled()
    assert gap.go.toolTip().startswith("Write why")
    qtbot.keyClicks(gap.why, "backup of 12 November restored")
    picture(page, surface.theme, "security-log-gap", (980, 620))
    qtbot.mouseClick(gap.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.audit.state.text() == "Whole and in order")
    assert not gap.isVisible()
    entry = desk.audit.entries(1, AuditAction.AUDIT_ACCEPTED)[0]
    assert entry.facts["why"] == "backup of 12 November restored"
    assert unnamed(page) == []


@pytest.mark.usefixtures("as_agent")
def test_an_agent_sees_why_a_gap_is_not_theirs_to_accept(
    qtbot: QtBot, surface: Surface, desk: Desk, tmp_path: Path
) -> None:
    cut_off_the_last_entry(desk, tmp_path / "w")
    page = opened(qtbot, surface, "Log")
    page.audit.verify.click()
    qtbot.waitUntil(page.audit.gap.isVisible)
    page.audit.gap.why.setText("because")
    assert not page.audit.gap.go.isEnabled()
    assert "Only an admin may accept a gap" in page.audit.gap.go.toolTip()


@pytest.mark.usefixtures("as_agent")
def test_an_agent_may_check_the_log_and_not_read_it(qtbot: QtBot, surface: Surface) -> None:
    page = opened(qtbot, surface, "Log")
    audit = page.audit
    qtbot.waitUntil(audit.none.isVisible)
    assert "Only a lead may read the audit log; you are an agent here." in texts(audit)
    assert not audit.table.isVisible()
    assert not audit.export.isEnabled()
    audit.verify.click()
    qtbot.waitUntil(lambda: audit.state.text() == "Whole and in order")
    picture(page, surface.theme, "security-log-agent", (980, 620))
