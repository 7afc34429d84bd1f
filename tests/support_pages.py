"""What tests of the secondary surfaces are built on: real options, jobs and events, and pictures."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from agent_assist import settings
from agent_assist.services.desk import Desk
from agent_assist.services.events import EventBus
from agent_assist.services.jobs import JobQueue
from agent_assist.services.options import OptionsService
from agent_assist.ui.actions import ActionRegistry
from agent_assist.ui.bridge import Bridge
from agent_assist.ui.context import UiContext
from agent_assist.ui.theme import Theme

NOW = datetime.now(UTC)


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


class Surface:
    """A desk with real jobs, options and events; other services are handed in by the test."""

    def __init__(self, folder: Path, **services: Any) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.theme = Theme(app)
        self.theme.set_mode(settings.ThemeMode.LIGHT)
        self.events: EventBus = services.pop("events", None) or EventBus()
        self.jobs = JobQueue(self.events, threads=2)
        self.options = services.pop("options", None) or OptionsService(folder / "settings.json", self.events)
        every = dict.fromkeys(
            ("tickets", "knowledge", "retrieval", "models", "drafting", "feedback", "outbox", "languages")
        )
        every["unsent"] = None
        every |= services
        self.desk = Desk(
            folder=folder,
            demo=True,
            key_source="memory",
            events=self.events,
            jobs=self.jobs,
            options=self.options,
            on_close=lambda: None,
            **cast("dict[str, Any]", every),
        )
        self.bridge = Bridge(self.events, self.jobs)
        self.actions = ActionRegistry()
        self.ui = UiContext(self.desk, self.bridge, self.theme, self.actions)

    def close(self) -> None:
        self.jobs.close()
        self.bridge.close()


def caught_up(qtbot: QtBot, bridge: Bridge) -> None:
    """Whatever the window has asked the services for so far is answered and shown."""
    threads = bridge._pool._max_workers
    meeting, met = threading.Barrier(threads), []
    for _ in range(threads):  # each waits for the others: all threads are done with what came before
        bridge.run(lambda: meeting.wait(60), met.append)
    qtbot.waitUntil(lambda: len(met) == threads)


def picture(
    widget: QWidget,
    theme: Theme,
    name: str,
    size: tuple[int, int] | None = None,
    settle: Callable[[], None] = lambda: None,
) -> None:
    """Draw the widget light and dark; kept under $AGENT_ASSIST_PICTURES where that is set."""
    folder = os.environ.get("AGENT_ASSIST_PICTURES", "")
    if size:
        widget.resize(*size)
    for mode in (settings.ThemeMode.LIGHT, settings.ThemeMode.DARK):
        theme.set_mode(mode)
        QApplication.processEvents()
        settle()
        QApplication.processEvents()
        drawn = widget.grab()
        assert not drawn.isNull()
        if folder:
            drawn.save(str(Path(folder) / f"{name}-{mode}.png"))
    theme.set_mode(settings.ThemeMode.LIGHT)


def texts(widget: QWidget) -> list[str]:
    """What the visible labels say."""
    return [
        label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget) and label.text()
    ]


def unnamed(widget: QWidget) -> list[str]:
    """Widgets that take the keyboard and have no name for a screen reader."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import (
        QAbstractButton,
        QAbstractItemView,
        QComboBox,
        QLineEdit,
        QPlainTextEdit,
        QTextEdit,
    )

    kinds = (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit)
    found = []
    for child in widget.findChildren(QWidget):
        if not isinstance(child, kinds) or not child.isVisibleTo(widget):
            continue
        if child.focusPolicy() is Qt.FocusPolicy.NoFocus or child.objectName().startswith("qt_"):
            continue
        text = child.text() if isinstance(child, QAbstractButton) else ""
        inside = isinstance(child.parent(), (QComboBox,)) or type(child).__name__ == "QComboBoxListView"
        if not inside and not (child.accessibleName() or text):
            found.append(f"{type(child).__name__} {child.objectName()}")
    return found


def suggestion(number: int, text: str, ticket_id: str = "T-1") -> Any:
    """A finished draft."""
    from agent_assist.domain.suggestion import Decision, Origin, Suggestion

    return Suggestion(
        id=f"s{number}",
        ticket_id=ticket_id,
        message_ids=("m1",),
        thread_hash="h",
        decision=Decision.DRAFT,
        origin=Origin.MODEL,
        text=text,
        sentences=(),
        hits=(),
        confidence=0.8,
        reasons=(),
        language="en",
        channel="email",
        model_name="smollm2-135m",
        model_sha256="a" * 64,
        adapter_sha256="",
        prompt_version="1",
        created_at=NOW - timedelta(hours=number),
    )
