"""Shared by the tests of the window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from agent_assist import settings
from agent_assist.ui.theme import Theme


@pytest.fixture
def theme(qtbot: QtBot) -> Iterator[Theme]:
    """The light theme."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    # Windows of earlier tests would be styled along with this one's.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    made = Theme(app)
    made.set_mode(settings.Theme.LIGHT)
    yield made
    made.set_mode(settings.Theme.LIGHT)
