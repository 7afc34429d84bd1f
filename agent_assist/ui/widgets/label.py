"""Labels: always plain text, so that nothing a customer wrote is ever read as markup."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from agent_assist.ui.plain import tooltip
from agent_assist.ui.tokens import TextSize, Tone


def restyle(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet selects on, and have it look again."""
    changed = False
    for name, value in properties.items():
        if widget.property(name) != value:
            widget.setProperty(name, value)
            changed = True
    if changed:
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()


class Label(QLabel):
    """A QLabel in the sizes and tones of the design."""

    def __init__(
        self,
        text: str = "",
        size: TextSize = TextSize.BODY,
        tone: Tone | str | None = None,
        *,
        bold: bool = False,
        wrap: bool = False,
        selectable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setProperty("textSize", str(size))
        if tone is not None:
            self.setProperty("tone", str(tone))
        if bold:
            self.setProperty("weight", "bold")
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(text)

    def set_tone(self, tone: Tone | str) -> None:
        """ "muted" or a Tone."""
        restyle(self, tone=str(tone))


class ElidedLabel(QLabel):
    """One line that ends in an ellipsis where there is no room; the tooltip has all of it, and `details`."""

    def __init__(
        self,
        text: str = "",
        size: TextSize = TextSize.BODY,
        tone: Tone | str | None = None,
        *,
        bold: bool = False,
        details: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._details = details
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("textSize", str(size))
        if tone is not None:
            self.setProperty("tone", str(tone))
        if bold:
            self.setProperty("weight", "bold")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        line = " ".join(text[:2000].split())
        super().setText(line)
        self.setAccessibleName(line)
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        area = self.contentsRect()
        elided = QFontMetrics(self.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        told = [self.text() if elided != self.text() else "", self._details]
        self.setToolTip(tooltip("\n".join(filter(None, told))) if any(told) else "")
        painter.drawText(area, int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), elided)
