"""The last line of a dialog or a card: what goes on stands at its right end."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from agent_assist.ui.tokens import SPACE_2


def foot_of(*right: QWidget, left: Iterable[QWidget] = ()) -> QHBoxLayout:
    """`right` in reading order, the one thing to do next as the last; `left` at the other end."""
    foot = QHBoxLayout()
    foot.setSpacing(SPACE_2)
    for widget in left:
        foot.addWidget(widget)
    foot.addStretch(1)
    for widget in right:
        foot.addWidget(widget)
    return foot
