"""What learning is, for a lead who sees the page for the first time."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from agent_assist.ui.tokens import SPACE_3, TextSize
from agent_assist.ui.widgets.card import Card
from agent_assist.ui.widgets.label import Label

STEPS = (
    (
        "Collect",
        "Each draft that is sent, edited or rejected counts. Corrected facts help the next draft at once.",
    ),
    ("Tune", "“Start learning” trains a copy of the model on this machine. Drafts go on meanwhile."),
    (
        "Compare",
        "The copy answers tickets that it has not seen, against the model in use; you can judge pairs blind.",
    ),
    ("Try", "Where it is shown to be better, it writes for a share of the tickets first."),
    ("Decide", "You put it into use, and go back with one click if you do not like it."),
)


class HowCard(Card):
    """The five steps of the loop, shown until there is a first run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How a model learns here", parent=parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_3)
        grid.setVerticalSpacing(SPACE_3)
        grid.setColumnStretch(2, 1)
        top = Qt.AlignmentFlag.AlignTop
        for row, (name, text) in enumerate(STEPS):
            grid.addWidget(Label(f"{row + 1}", TextSize.SMALL, "muted"), row, 0, top)
            grid.addWidget(Label(name, TextSize.SMALL, bold=True), row, 1, top)
            grid.addWidget(Label(text, TextSize.SMALL, "muted", wrap=True), row, 2, top)
        self.body.addLayout(grid)
