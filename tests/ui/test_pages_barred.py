"""What a role may not do is disabled beforehand, with the sentence why, on every page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from support_pages import Surface, texts

from agent_assist import app
from agent_assist.domain.access import TeamRole
from agent_assist.domain.audit import AuditAction
from agent_assist.domain.feedback import ExportFormat
from agent_assist.services.access import AccessService
from agent_assist.services.desk import Desk
from agent_assist.ui.dialogs.export_dialog import ExportDialog
from agent_assist.ui.pages.connections_page import ConnectionsPage
from agent_assist.ui.pages.models_page import ModelsPage

MODELS = "Only a lead may change models; you are an agent here."
CONNECT = "Only a lead may connect helpdesks; you are an agent here."
TRAIN = "Only a lead may train on the team's feedback; you are an agent here."
RAW = "Only an admin may export feedback with personal data in it; you are an agent here."


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = app.open_desk(tmp_path / "w", passphrase=lambda: "correct horse battery")
    assert made.connections is not None
    folder = tmp_path / "tickets"
    folder.mkdir()
    made.connections.add("folder", "Our folder", {"path": str(folder)})
    yield made
    made.close()


@pytest.fixture
def surface(qtbot: QtBot, desk: Desk, tmp_path: Path) -> Iterator[Surface]:
    made = Surface(
        tmp_path, events=desk.events, options=desk.options, access=desk.access, models=desk.models,
        connections=desk.connections, sync=desk.sync, feedback=desk.feedback,
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def as_agent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person at this machine is an agent."""
    del desk  # made by an admin, before
    monkeypatch.setattr(AccessService, "role", property(lambda _: TeamRole.AGENT))


@pytest.mark.usefixtures("as_agent")
def test_an_agent_sees_why_models_cannot_be_changed(qtbot: QtBot, surface: Surface, desk: Desk) -> None:
    page = ModelsPage(surface.ui)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: bool(page.installed) and not page.add_file.isEnabled())
    assert MODELS in page.facts.text()
    row = next(iter(page.installed.values()))
    barred = [page.add_file, page.running.rollback, row.use, row.remove]
    barred += [entry.pull for entry in page.catalogue.values()]
    assert all(not b.isEnabled() and b.toolTip() == b.accessibleDescription() == MODELS for b in barred)
    assert row.verify.isEnabled()
    row.set_busy(True)
    row.set_busy(False)
    assert not row.use.isEnabled()
    assert desk.audit is not None
    desk.audit.flush()
    assert [e for e in desk.audit._repository.entries() if e.action == AuditAction.REFUSED] == []


@pytest.mark.usefixtures("as_agent")
def test_an_agent_sees_why_nothing_can_be_connected(qtbot: QtBot, surface: Surface) -> None:
    page = ConnectionsPage(surface.ui)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: bool(page.cards))
    card = next(iter(page.cards.values()))
    barred = [page.add, card.on, card.edit, card.remove]
    assert all(not b.isEnabled() and b.toolTip() == CONNECT for b in barred)
    assert CONNECT in page.facts.text()


@pytest.mark.usefixtures("as_agent")
def test_an_agent_exports_own_records_only_and_sees_why(
    qtbot: QtBot, surface: Surface, tmp_path: Path
) -> None:
    dialog = ExportDialog(surface.ui)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: not dialog.raw.isEnabled())
    assert f"{TRAIN} {RAW}" in texts(dialog)
    allowed = {kind for kind, choice in dialog.formats.items() if choice.isEnabled()}
    assert allowed == {ExportFormat.CSV, ExportFormat.PARQUET}
    assert dialog.format is ExportFormat.CSV
    for edit in (dialog.since, dialog.until):
        assert edit.lineEdit().width() >= edit.fontMetrics().horizontalAdvance(edit.text()), "it can be read"
    target = tmp_path / "mine.csv"
    dialog.path.setText(str(target))
    with qtbot.waitSignal(dialog.exported):
        dialog.export.click()
    assert target.exists()


def test_whoever_may_finds_everything_enabled(qtbot: QtBot, surface: Surface) -> None:
    models, connections = ModelsPage(surface.ui), ConnectionsPage(surface.ui)
    dialog = ExportDialog(surface.ui)
    for widget in (models, connections, dialog):
        qtbot.addWidget(widget)
    qtbot.waitUntil(lambda: bool(models.installed) and bool(connections.cards))
    assert models.add_file.isEnabled()
    assert connections.add.isEnabled()
    assert next(iter(connections.cards.values())).edit.isEnabled()
    assert dialog.raw.isEnabled()
    assert all(choice.isEnabled() for choice in dialog.formats.values())
