"""A row of widgets goes on in the next line where there is no room; what ends a line stands at its right."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from agent_assist.ui.widgets.flow import Flow


class Block(QWidget):
    def __init__(self, width: int, height: int = 20) -> None:
        super().__init__()
        self.setFixedSize(width, height)


@pytest.fixture
def row(qtbot: QtBot) -> tuple[QWidget, list[Block]]:
    """Blocks of 100, 80 and 60 pixels, the last one at the right end."""
    box = QWidget()
    qtbot.addWidget(box)
    flow = Flow(box, spacing=10)
    blocks = [Block(100), Block(80), Block(60, 30)]
    for block in blocks[:2]:
        flow.addWidget(block)
    flow.add_gap()
    flow.addWidget(blocks[2])
    box.show()
    return box, blocks


def places(box: QWidget, blocks: list[Block], width: int) -> list[tuple[int, int]]:
    box.resize(width, 200)
    QApplication.processEvents()
    return [(block.x(), block.y()) for block in blocks]


def test_all_fit_in_one_line(row: tuple[QWidget, list[Block]]) -> None:
    box, blocks = row
    assert places(box, blocks, 400) == [(0, 5), (110, 5), (340, 0)]
    assert box.heightForWidth(400) == 30
    assert box.minimumSizeHint().width() == 100, "it never asks for more than its widest part"


def test_what_does_not_fit_goes_into_the_next_line(row: tuple[QWidget, list[Block]]) -> None:
    box, blocks = row
    assert places(box, blocks, 200) == [(0, 0), (110, 0), (140, 30)]
    assert box.heightForWidth(200) == 20 + 10 + 30
    assert places(box, blocks, 120) == [(0, 0), (0, 30), (60, 60)]


def test_what_is_hidden_takes_no_room(row: tuple[QWidget, list[Block]]) -> None:
    box, blocks = row
    blocks[1].hide()
    assert places(box, blocks, 180)[2] == (120, 0)
    for block in blocks:
        block.hide()
    assert box.heightForWidth(180) == 0
