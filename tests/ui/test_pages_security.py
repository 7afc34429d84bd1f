"""People, the audit log, the key, retention and one person's data: on a whole, encrypted workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, texts, unnamed
from support_security import OTHER, become_agent, button, desk_of, opened, surface_of
from support_workspace import PASSPHRASE

from agent_assist import app
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.access import TeamRole
from agent_assist.services.desk import Desk
from agent_assist.ui.pages.settings_page import SettingsPage


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


# --- people ----------------------------------------------------------------------------------------


def test_an_admin_gives_a_role_with_the_keyboard(qtbot: QtBot, surface: Surface) -> None:
    page = opened(qtbot, surface)
    people = page.people
    qtbot.waitUntil(lambda: len(people.rows) == 2)
    assert not people.give.isEnabled()
    people.who.setFocus()
    qtbot.keyClicks(people.who, "agent-00000000000c")
    people.what.setCurrentIndex(people.what.findData(TeamRole.LEAD))
    qtbot.keyClick(people.who, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "agent-00000000000c" in people.rows)
    assert people.rows["agent-00000000000c"].person.role is TeamRole.LEAD
    assert "agent-00000000000c is a lead now." in page.toast.text
    assert people.who.text() == ""
    assert unnamed(page) == []
    picture(page, surface.theme, "security-people", (980, 820))
    picture(page, surface.theme, "security-people-narrow", (420, 820))


def test_a_role_is_changed_in_its_row_and_a_refusal_puts_it_back(qtbot: QtBot, surface: Surface) -> None:
    page = opened(qtbot, surface)
    qtbot.waitUntil(lambda: OTHER in page.people.rows)
    row = page.people.rows[OTHER]
    row.role.setCurrentIndex(row.role.findData(TeamRole.AGENT))
    row.role.activated.emit(row.role.currentIndex())
    qtbot.waitUntil(lambda: page.people.rows[OTHER].person.role is TeamRole.AGENT)
    page.people.who.setText("no such user here")
    page.people.give.click()
    qtbot.waitUntil(page.banner.isVisible)
    assert any("no such user here" in text for text in texts(page.banner))
    assert page.people.who.text() == "no such user here", "what was typed stays"


def test_my_own_role_is_not_given_up_by_a_slip(qtbot: QtBot, surface: Surface, desk: Desk) -> None:
    page = opened(qtbot, surface)
    assert desk.access is not None
    me = desk.access.me
    qtbot.waitUntil(lambda: me in page.people.rows)
    row = page.people.rows[me]
    row.role.setCurrentIndex(row.role.findData(TeamRole.AGENT))
    row.role.activated.emit(row.role.currentIndex())
    assert page.banner.isVisible()
    assert row.role.currentData() == TeamRole.ADMIN
    button(page, "Make me an agent").click()
    # The last admin stays one, and the window says so.
    qtbot.waitUntil(lambda: any("at least one admin" in text for text in texts(page.banner)))
    assert desk.access.role is TeamRole.ADMIN


@pytest.mark.usefixtures("as_agent")
def test_an_agent_sees_why_nothing_can_be_changed(qtbot: QtBot, surface: Surface) -> None:
    page = opened(qtbot, surface)
    people = page.people
    qtbot.waitUntil(lambda: len(people.rows) == 2)
    why = "Only an admin may change roles; you are an agent here."
    assert people.reason.text() == why
    for widget in (people.who, people.what, people.give, *(r.role for r in people.rows.values())):
        assert not widget.isEnabled()
        assert widget.accessibleDescription() == why
    picture(page, surface.theme, "security-people-agent", (980, 820))


# --- the key, retention, one person ----------------------------------------------------------------


def test_the_passphrase_is_changed_and_a_wrong_one_keeps_the_form(
    qtbot: QtBot, surface: Surface, tmp_path: Path
) -> None:
    page = opened(qtbot, surface, "Key and privacy")
    qtbot.waitUntil(lambda: "sealed with a passphrase" in page.privacy.key.text())
    dialog = page.privacy.ask_passphrase()
    qtbot.addWidget(dialog)
    assert not dialog.go.isEnabled()
    dialog.old.setText("not the one")
    dialog.new.setText("three unrelated words 7")
    assert not dialog.go.isEnabled()
    dialog.again.setText("three unrelated words 7")
    assert dialog.go.isEnabled()
    assert unnamed(dialog) == []
    picture(dialog, surface.theme, "passphrase")
    dialog.go.click()
    qtbot.waitUntil(dialog.banner.isVisible)
    assert dialog.new.text() == "three unrelated words 7"
    dialog.old.setText(PASSPHRASE)
    with qtbot.waitSignal(dialog.changed):
        dialog.go.click()
    assert not dialog.isVisible()
    Workspace.open(tmp_path / "w", passphrase=lambda: "three unrelated words 7").close()


def test_a_recovery_key_is_shown_once_and_closes_when_it_is_kept(
    qtbot: QtBot, surface: Surface, tmp_path: Path
) -> None:
    page = opened(qtbot, surface, "Key and privacy")
    qtbot.waitUntil(lambda: "There is no recovery key" in page.privacy.key.text())
    page.privacy.recovery.click()
    qtbot.waitUntil(lambda: page.findChild(QPlainTextEdit, "recovery") is not None)
    shown = page.findChild(QPlainTextEdit, "recovery")
    assert shown is not None
    dialog, printed = shown.window(), shown.toPlainText().replace("\n", "")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible(), "it is kept nowhere else"
    assert shown.document().size().width() <= shown.viewport().width(), "all of the key is to be seen"
    picture(dialog, surface.theme, "recovery")
    dialog.kept.click()  # type: ignore[attr-defined]
    dialog.done_.click()  # type: ignore[attr-defined]
    assert shown.toPlainText() == ""
    Workspace.open(tmp_path / "w", passphrase=lambda: printed).close()
    qtbot.waitUntil(lambda: "A recovery key was made" in page.privacy.key.text())
    page.privacy.recovery.click()
    assert page.banner.isVisible(), "a second one ends the first: it is asked for"
    picture(page, surface.theme, "security-key", (980, 900))
    picture(page, surface.theme, "security-key-narrow", (420, 900))


def test_a_period_is_set_and_applied(qtbot: QtBot, surface: Surface) -> None:
    page = opened(qtbot, surface, "Key and privacy")
    row = page.privacy.rows["retention.solved_days"]
    qtbot.waitUntil(row.editor.isEnabled)
    assert isinstance(row.editor, QLineEdit)
    row.editor.setText("365")
    with qtbot.waitSignal(surface.bridge.settings_changed):
        qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert surface.options.current.retention.solved_days == 365
    page.privacy.expire.click()
    qtbot.waitUntil(lambda: page.toast.text in ("Nothing is too old.", "Removed: 2 tickets."))
    qtbot.waitUntil(page.privacy.expire.isEnabled)


def test_a_person_is_looked_up_exported_and_erased_with_a_receipt(
    qtbot: QtBot, surface: Surface, desk: Desk, tmp_path: Path
) -> None:
    page = opened(qtbot, surface, "Key and privacy")
    person = page.privacy.person
    qtbot.waitUntil(person.who.isEnabled)
    assert not person.export.isVisible()
    qtbot.keyClicks(person.who, "nobody@nowhere.example")
    person.look.click()
    qtbot.waitUntil(page.banner.isVisible)
    assert any("Nothing is kept" in text for text in texts(page.banner))
    person.who.setText("C-7")
    qtbot.keyClick(person.who, Qt.Key.Key_Return)
    qtbot.waitUntil(person.export.isVisible)
    assert "2 tickets" in person.held.text()
    person.export_to(tmp_path / "person.json")
    qtbot.waitUntil(lambda: "person.json" in page.toast.text)
    assert json.loads((tmp_path / "person.json").read_text())["held"]["tickets"]
    picture(page, surface.theme, "security-person", (980, 900))
    person.erase.click()
    assert len(desk.tickets.queue()) == 2, "nothing goes before it is confirmed"
    button(page, "Erase").click()
    qtbot.waitUntil(person.save.isVisible)
    assert person.held.text().startswith("Erased: 2 tickets")
    assert desk.tickets.queue() == []
    person.save_to(tmp_path / "receipt.json")
    qtbot.waitUntil(lambda: (tmp_path / "receipt.json").exists())
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert desk.privacy is not None
    assert desk.privacy.is_genuine(receipt)
    qtbot.waitUntil(lambda: "Genuine" in texts(person))
    assert unnamed(page) == []
    picture(page, surface.theme, "security-erased", (980, 900))


@pytest.mark.usefixtures("as_agent")
def test_an_agent_sees_why_keys_and_people_are_not_theirs(qtbot: QtBot, surface: Surface) -> None:
    page = opened(qtbot, surface, "Key and privacy")
    privacy = page.privacy
    qtbot.waitUntil(lambda: bool(privacy.key_reason.text()))
    assert "Only an admin may make a recovery key" in privacy.recovery.accessibleDescription()
    assert (
        "Only an admin may change how long things are kept"
        in privacy.rows["retention.sent_days"].problem.text()
    )
    qtbot.waitUntil(lambda: bool(privacy.person.reason.text()))
    for widget in (privacy.recovery, privacy.person.who, *(row.editor for row in privacy.rows.values())):
        assert not widget.isEnabled()
    assert privacy.passphrase.isEnabled(), "whoever knows the passphrase may change it"
    picture(page, surface.theme, "security-key-agent", (980, 900))


@pytest.mark.usefixtures("as_agent")
def test_the_settings_page_bars_what_takes_another_role(qtbot: QtBot, surface: Surface) -> None:
    page = SettingsPage(surface.ui)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: "retention.solved_days" in page.rows and "privacy.patterns" in page.rows)
    row = page.rows["reply.link_domains"]
    qtbot.waitUntil(lambda: not row.editor.isEnabled())
    assert row.problem.text() == "Only a lead may edit the policy; you are an agent here."
    assert row.editor.accessibleDescription() == row.problem.text()
    assert not page.rows["retention.solved_days"].editor.isEnabled()
    assert page.rows["appearance.theme"].editor.isEnabled()
    assert not page.rows["appearance.theme"].problem.isVisible()


def test_the_demo_desk_says_that_its_key_is_in_memory(qtbot: QtBot, tmp_path: Path) -> None:
    desk = app.open_desk(None, demo=True)
    surface = surface_of(desk, tmp_path)
    page = opened(qtbot, surface, "Key and privacy")
    qtbot.waitUntil(lambda: "in memory only" in page.privacy.key.text())
    assert not page.privacy.passphrase.isEnabled()
    assert not page.privacy.recovery.isEnabled()
    surface.close()
    desk.close()
