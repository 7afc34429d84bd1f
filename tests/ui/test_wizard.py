"""The first run, on the real demo desk with the real model; its skips and faults on stand-ins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support_pages import Surface, picture, suggestion, texts, unnamed

from agent_assist.app import open_desk
from agent_assist.domain.knowledge import ImportReport, KnowledgeStats
from agent_assist.domain.model import ModelState, ModelStatus
from agent_assist.domain.ticket import Ticket
from agent_assist.errors import Cancelled, NoModel
from agent_assist.services.beginning import begin
from agent_assist.services.desk import Desk, KeyNeed
from agent_assist.ui.bridge import Bridge
from agent_assist.ui.context import UiContext
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme
from agent_assist.ui.wizard.first_run import FirstRun
from agent_assist.ui.wizard.try_step import EXAMPLE, TICKET_ID


@pytest.mark.real_model
def test_from_nothing_to_a_draft_on_the_screen(qtbot: QtBot, tmp_path: Path) -> None:
    desk = open_desk(None, demo=True)
    surface = Surface(tmp_path, events=desk.events, options=desk.options)
    bridge = Bridge(desk.events, desk.jobs)
    begin(desk)
    try:
        dialog = FirstRun(UiContext(desk, bridge, surface.theme, surface.actions))
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.model.done, timeout=120_000)
        assert dialog.model.running.state.text() == "Ready"
        assert dialog.model.rows
        picture(dialog, surface.theme, "wizard-model")
        qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.articles.done)
        article = tmp_path / "sizes.md"
        article.write_text("# Sizes\n\nA helmet of size M fits heads from 55 to 59 cm.\n")
        dialog.articles.add([article, tmp_path / "missing.pdf"])
        qtbot.waitUntil(lambda: "1 added" in dialog.articles.result.text(), timeout=180_000)
        picture(dialog, surface.theme, "wizard-articles")
        qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(dialog.trial.example, Qt.MouseButton.LeftButton)
        assert dialog.trial.message.toPlainText() == EXAMPLE
        qtbot.mouseClick(dialog.trial.go, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.trial.done, timeout=180_000)
        assert dialog.trial.draft.toPlainText().strip()
        assert dialog.next.text() == "Start working"
        picture(dialog, surface.theme, "wizard-try")
        with qtbot.waitSignal(dialog.ended) as told:
            qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
        assert told.args == [TICKET_ID]
        assert desk.tickets.get(TICKET_ID) is not None
        assert desk.options.current.first_run_done
    finally:
        bridge.close()
        surface.close()
        desk.close()


class Models:
    status = ModelStatus(ModelState.FAILED, "smollm2-135m", reason="The model file is damaged.")

    def records(self) -> list[Any]:
        return []

    def catalogue(self) -> list[Any]:
        return []


class Knowledge:
    def __init__(self) -> None:
        self.held = 0
        self.go_on = threading.Event()

    def stats(self) -> KnowledgeStats:
        return KnowledgeStats(self.held)

    def add(
        self, paths: Sequence[Path], progress: Callable[[int, int, str], None], cancel: threading.Event
    ) -> ImportReport:
        progress(0, len(paths), paths[0].name)
        while not self.go_on.wait(0.01):
            if cancel.is_set():
                raise Cancelled("This was stopped.")
        self.held += 1
        return ImportReport(added=1, failed=((str(paths[0]), "It is not a document."),))


class Drafting:
    def __init__(self) -> None:
        self.error: Exception | None = None
        self.go_on = threading.Event()

    def draft(self, ticket: Ticket, *, cancel: threading.Event, on_text: Callable[[str], None]) -> Any:
        if self.error:
            raise self.error
        on_text("Hi Crystal, you can")
        while not self.go_on.wait(0.01):
            if cancel.is_set():
                raise Cancelled("This was stopped.")
        return suggestion(1, "Hi Crystal, you can send it back.", ticket.id)


class Tickets:
    def __init__(self) -> None:
        self.saved: list[Ticket] = []

    def save(self, tickets: Sequence[Ticket], source: str) -> None:
        self.saved += tickets


@pytest.fixture
def surface(qtbot: QtBot, tmp_path: Path) -> Iterator[Surface]:
    made = Surface(tmp_path, models=Models(), knowledge=Knowledge(), drafting=Drafting(), tickets=Tickets())
    yield made
    for service in (made.desk.knowledge, made.desk.drafting):
        service.go_on.set()  # type: ignore[attr-defined]
    made.close()


@pytest.fixture
def dialog(qtbot: QtBot, surface: Surface) -> FirstRun:
    made = FirstRun(surface.ui)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.model.running.state.text() == "Needs attention")
    return made


def test_every_step_can_be_skipped(qtbot: QtBot, dialog: FirstRun, surface: Surface) -> None:
    assert "The model file is damaged." in texts(dialog)
    assert unnamed(dialog) == []
    for place in (0, 1):
        assert dialog.place == place
        assert dialog.next.text() == "Skip this"
        qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
    assert dialog.next.text() == "Finish without"
    qtbot.mouseClick(dialog.back, Qt.MouseButton.LeftButton)
    assert dialog.place == 1
    qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(dialog.ended) as told:
        qtbot.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
    assert told.args == [""]
    assert surface.desk.tickets.saved == []  # type: ignore[attr-defined]
    assert surface.options.current.first_run_done


def test_escape_ends_it_for_good(qtbot: QtBot, dialog: FirstRun, surface: Surface) -> None:
    with qtbot.waitSignal(dialog.ended):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert surface.options.current.first_run_done
    assert not dialog.isVisible()


def test_an_import_can_be_stopped_and_says_what_failed(
    qtbot: QtBot, dialog: FirstRun, surface: Surface
) -> None:
    dialog.go_to(1)
    dialog.articles.drop.dropped.emit([Path("/x/a.xyz")])
    qtbot.waitUntil(lambda: dialog.articles.job_row.words == "0 of 1 · a.xyz")
    qtbot.mouseClick(dialog.articles.job_row.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.articles.result.text().startswith("Stopped"))
    surface.desk.knowledge.go_on.set()  # type: ignore[attr-defined]
    dialog.articles.add([Path("/x/a.xyz")])
    qtbot.waitUntil(dialog.articles.failures.isVisible)
    assert dialog.articles.result.text() == "1 added, 1 not readable."
    qtbot.waitUntil(lambda: dialog.next.text() == "Continue")
    picture(dialog, surface.theme, "wizard-narrow", (380, 620))


def test_a_draft_streams_stops_and_fails_in_place(qtbot: QtBot, dialog: FirstRun, surface: Surface) -> None:
    drafting: Any = surface.desk.drafting
    dialog.go_to(2)
    trial = dialog.trial
    assert not trial.go.isEnabled()
    qtbot.keyClicks(trial.message, "Where is my order")
    qtbot.mouseClick(trial.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: trial.draft.toPlainText() == "Hi Crystal, you can")
    qtbot.mouseClick(trial.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: trial.state.text() == "Stopped.")
    assert trial.draft.toPlainText() == "Hi Crystal, you can"
    drafting.error = NoModel("There is no model on this machine yet.")
    qtbot.mouseClick(trial.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(trial.banner.isVisible)
    assert trial.message.toPlainText() == "Where is my order"
    drafting.error = None
    drafting.go_on.set()
    qtbot.mouseClick(trial.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: trial.done)
    with qtbot.waitSignal(dialog.ended) as told:
        dialog.close()
    assert told.args == [TICKET_ID]
    assert surface.desk.tickets.saved[0].messages[0].text == "Where is my order"  # type: ignore[attr-defined]


def test_a_new_workspace_begins_with_it_once(qtbot: QtBot, tmp_path: Path) -> None:
    class Opener:
        folder: Path | None = tmp_path / "own"
        demo = False

        def need(self) -> KeyNeed:
            return KeyNeed.PASSPHRASE

        def open(self, passphrase: str = "") -> Desk:
            return open_desk(self.folder, passphrase=lambda: "kettle orbit lamp river")

        def own(self) -> Opener:
            return self

        def demo_desk(self) -> Opener:
            return self

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme = Theme(app)
    for first_time in (True, False):
        desk = Opener().open()
        session = Session(theme, Opener())
        session.start(desk)
        dialogs = session.window.findChildren(FirstRun)
        assert [dialog.isVisible() for dialog in dialogs] == ([True] if first_time else [])
        for dialog in dialogs:
            with qtbot.waitSignal(dialog.ended):
                qtbot.mouseClick(dialog.skip, Qt.MouseButton.LeftButton)
        session.window.hide()
        session.close()
