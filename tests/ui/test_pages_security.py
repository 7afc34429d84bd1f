"""People, the audit log, the key, retention and one person's data: on a whole, encrypted workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlcipher3
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, texts, unnamed
from support_store import ticket

from agent_assist import app
from agent_assist.adapters import secrets
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.access import TeamRole
from agent_assist.domain.audit import AuditAction
from agent_assist.services.access import AccessService
from agent_assist.services.desk import Desk
from agent_assist.ui.pages.audit_model import WORDS, action_words
from agent_assist.ui.pages.security_page import PARTS, SecurityPage
from agent_assist.ui.pages.settings_page import SettingsPage

PASSPHRASE = "correct horse battery"
OTHER = "agent-0123456789ab"


def surface_of(desk: Desk, folder: Path) -> Surface:
    return Surface(
        folder,
        events=desk.events,
        options=desk.options,
        tickets=desk.tickets,
        access=desk.access,
        audit=desk.audit,
        privacy=desk.privacy,
        keys=desk.keys,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = app.open_desk(tmp_path / "w", passphrase=lambda: PASSPHRASE)
    assert made.access is not None
    made.access.set_role(OTHER, TeamRole.LEAD)
    made.tickets.save([ticket("T-1", "Hello", "Hi"), ticket("T-2", "Again", "Yes")])
    yield made
    made.close()


@pytest.fixture
def surface(qtbot: QtBot, desk: Desk, tmp_path: Path) -> Iterator[Surface]:
    made = surface_of(desk, tmp_path)
    yield made
    made.close()


def opened(qtbot: QtBot, surface: Surface, part: str = PARTS[0]) -> SecurityPage:
    page = SecurityPage(surface.ui)
    qtbot.addWidget(page)
    page.resize(980, 820)
    page.show()
    qtbot.waitExposed(page)
    page.open_part(part)
    return page


def button(page: SecurityPage, text: str) -> QPushButton:
    return next(b for b in page.banner.findChildren(QPushButton) if b.text() == text)


@pytest.fixture
def as_agent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person at this machine is an agent."""
    del desk  # made by an admin, before
    monkeypatch.setattr(AccessService, "role", property(lambda _: TeamRole.AGENT))


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


# --- the log ---------------------------------------------------------------------------------------


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
    with Workspace.open(tmp_path / "w", passphrase=lambda: PASSPHRASE) as workspace:
        key = secrets.derive(workspace._data_key, "database")
    connection = sqlcipher3.dbapi2.connect(str(tmp_path / "w" / "workspace.db"))
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET at = '2001-01-01T00:00:00.000000+00:00' WHERE number = 2")
    connection.commit()
    connection.close()
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
    with Workspace.open(folder, passphrase=lambda: PASSPHRASE) as workspace:
        key = secrets.derive(workspace._data_key, "database")
    connection = sqlcipher3.dbapi2.connect(str(folder / "workspace.db"))
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute("DROP TRIGGER audit_no_delete")
    connection.execute("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)")
    connection.commit()
    connection.close()


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
    qtbot.waitUntil(dialog.banner.isVisible, timeout=20_000)
    assert dialog.new.text() == "three unrelated words 7"
    dialog.old.setText(PASSPHRASE)
    with qtbot.waitSignal(dialog.changed, timeout=20_000):
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
    qtbot.waitUntil(person.save.isVisible, timeout=20_000)
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
