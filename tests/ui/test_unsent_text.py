"""What the agent typed comes back: after a change of ticket, a closed window, a killed process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import support_window as sample
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from agent_assist import opening
from agent_assist.app import open_desk as open_workspace
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.services.desk import Desk
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.draft_document import DraftDocument
from agent_assist.ui.views.draft_panel import numbering

PATIENCE = 30_000
PASSPHRASE = "a passphrase for the test"
TYPED = "Hi Crystal, I am looking into it."
TYPIST = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
import test_unsent_text as test
test.type_and_wait(Path({folder!r}))
"""


def open_desk(folder: Path) -> Desk:
    return open_workspace(folder, passphrase=lambda: PASSPHRASE)


def fill(folder: Path) -> None:
    """Two tickets that the agent has answered, so that no draft is started."""
    desk = open_desk(folder)
    answered = Message("a", Role.AGENT, "We will see.", sample.ago(minutes=1))
    tickets = [
        Ticket(name, (Message("c", Role.CUSTOMER, "Where is it?", sample.ago(minutes=9)), answered))
        for name in ("T-1", "T-2")
    ]
    desk.tickets.save(tickets, "test")
    desk.options.change({"first_run_done": True})
    desk.close()


def start(folder: Path) -> Session:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    session = Session(Theme(app), opening.window_opener(folder, demo=False))
    session.start(open_desk(folder))
    return session


def type_and_wait(folder: Path) -> None:
    """Runs in a process of its own, which is killed."""
    from PySide6.QtCore import QTimer

    session = start(folder)
    app = QApplication.instance()
    assert app is not None

    def type_there() -> None:
        if session.controllers is None or session.controllers.tickets.current_id != "T-1":
            session.window.desk_view.queue.opened.emit("T-1")
            QTimer.singleShot(200, type_there)
            return
        session.window.desk_view.draft.editor.textCursor().insertText(TYPED)
        session.window.desk_view.draft.steer.edit.setText("mention the delay")
        QTimer.singleShot(1500, lambda: os.write(1, b"typed\n"))

    QTimer.singleShot(300, type_there)
    app.exec()


@contextmanager
def opened(folder: Path, ticket_id: str, qtbot: QtBot) -> Iterator[Session]:
    session = start(folder)
    qtbot.addWidget(session.window)
    show(session, ticket_id, qtbot)
    yield session
    assert session.window.close()
    qtbot.waitUntil(lambda: session.desk is None, timeout=PATIENCE)


def show(session: Session, ticket_id: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.controllers is not None, timeout=PATIENCE)
    assert session.controllers is not None
    tickets = session.controllers.tickets
    qtbot.waitUntil(lambda: bool(tickets.current_id), timeout=PATIENCE)
    tickets.open(ticket_id)
    qtbot.waitUntil(lambda: tickets.current_id == ticket_id, timeout=PATIENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "workspace")
    return tmp_path / "workspace"


def test_text_and_wish_come_back_after_the_process_was_killed(folder: Path, qtbot: QtBot) -> None:
    code = TYPIST.format(tests=str(Path(__file__).parent), folder=str(folder))
    paths = os.pathsep.join(p for p in sys.path if p)
    typist = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    )
    assert typist.stdout is not None
    assert typist.stdout.readline().strip() == b"typed"
    typist.send_signal(signal.SIGKILL)
    typist.wait()
    typist.stdout.close()
    with opened(folder, "T-1", qtbot) as session:
        panel = session.window.desk_view.draft
        assert panel.text == TYPED
        assert panel.steer.edit.text() == "mention the delay"
        show(session, "T-2", qtbot)
        assert panel.text == ""
        assert panel.steer.edit.text() == ""
        show(session, "T-1", qtbot)
        assert panel.text == TYPED
        assert panel.steer.edit.text() == "mention the delay"


def test_closing_asks_nothing_and_keeps_the_text_until_it_is_sent(folder: Path, qtbot: QtBot) -> None:
    with opened(folder, "T-2", qtbot) as session:
        session.window.desk_view.draft.editor.textCursor().insertText(TYPED)
    with opened(folder, "T-2", qtbot) as session:
        desk, panel = session.desk, session.window.desk_view.draft
        assert desk is not None
        assert panel.text == TYPED
        assert session.ui is not None
        assert session.ui.actions.trigger("reply.send")
        qtbot.waitUntil(lambda: not panel.text, timeout=PATIENCE)
        assert desk.unsent.all() == []
    with opened(folder, "T-2", qtbot) as session:
        assert session.window.desk_view.draft.text == ""


def test_a_changed_draft_comes_back_with_its_marks_and_its_origin(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    document = DraftDocument(Theme(app))
    made = sample.suggestion()
    changed = made.text.replace("Kind regards", "All the best")
    document.restore(changed, made, numbering(made.hits))
    assert document.text == changed
    assert document.dirty
    assert document.suggestion is made
    assert {fact.text for fact in document.open_facts} == {"We will refund", "$94"}
    document.restore("Mine alone.")
    assert document.text == "Mine alone."
    assert document.dirty
