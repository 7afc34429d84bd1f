"""All keys on one sheet, made from the actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from agent_assist.ui import tokens
from agent_assist.ui.actions import Action, ActionRegistry
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label


class CheatSheet(QDialog):
    """Read from the registry each time it is made, so that it cannot say other keys than those that work."""

    def __init__(self, theme: Theme, actions: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAccessibleName("Keys")
        content = QWidget()
        content.setProperty("panel", "clear")
        columns = QHBoxLayout(content)
        columns.setSpacing(tokens.SPACE_8)
        columns.setContentsMargins(0, 0, tokens.SPACE_2, 0)
        sections = [(n, [a for a in group if a.keys]) for n, group in actions.sections().items()]
        sections = [(name, group) for name, group in sections if group]
        halves: tuple[list[tuple[str, list[Action]]], ...] = ([], [])
        sizes = [0, 0]
        for name, group in sections:
            half = 0 if sizes[0] <= sizes[1] else 1
            halves[half].append((name, group))
            sizes[half] += len(group) + 2
        for half_sections in halves:
            columns.addLayout(self._column(half_sections), 1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAccessibleName("Keys")
        close = Button(theme, "Close", Kind.SECONDARY)
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(
            Label("Single letters work while no text is being written.", TextSize.SMALL, "muted"), 1
        )
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_6, tokens.SPACE_4, tokens.SPACE_6, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addWidget(Label("Keys", TextSize.TITLE))
        column.addWidget(area, 1)
        column.addLayout(foot)
        self.resize(760, 520)

    def _column(self, sections: list[tuple[str, list[Action]]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(tokens.SPACE_2)
        for name, group in sections:
            column.addWidget(Label(name, TextSize.SMALL, "muted", bold=True))
            grid = QGridLayout()
            grid.setHorizontalSpacing(tokens.SPACE_3)
            grid.setVerticalSpacing(tokens.SPACE_1)
            grid.setColumnStretch(0, 1)
            for row, action in enumerate(group):
                grid.addWidget(Label(action.title), row, 0)
                key = Label(action.key_text)
                key.setProperty("kind", "key")
                grid.addWidget(key, row, 1, Qt.AlignmentFlag.AlignRight)
            column.addLayout(grid)
            column.addSpacing(tokens.SPACE_2)
        column.addStretch(1)
        return column
