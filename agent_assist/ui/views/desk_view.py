"""The working place: queue, conversation over reply, evidence; folds with the width."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from agent_assist.ui import tokens, words
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.conversation_view import ConversationView
from agent_assist.ui.views.draft_panel import DraftPanel
from agent_assist.ui.views.evidence_panel import EvidencePanel
from agent_assist.ui.views.queue_view import QueueView
from agent_assist.ui.views.ticket_header import TicketHeader
from agent_assist.ui.views.undo_bar import UndoBar
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.line import Line

WIDE, MEDIUM = 1080, 760
"""Below these widths the evidence folds, then the queue."""


class DeskView(QSplitter):
    """Holds the parts of the working place and decides which of them there is room for."""

    folded = Signal()
    """Which parts are shown may have changed, by the width or by the agent."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._side = False
        self._wanted: dict[str, bool | None] = {"queue": None, "evidence": None}
        self.queue = QueueView(theme)
        self.header = TicketHeader(theme)
        self.conversation = ConversationView(theme)
        self.draft = DraftPanel(theme)
        self.evidence = EvidencePanel(theme)
        self.undo = UndoBar(theme)
        self.banner = Banner(theme)
        self.held = Banner(theme)
        """For replies that wait for the agent's word: other news must not take its place."""
        self.nothing = EmptyState(
            theme, "chat", "Choose a ticket", "J and K step through the queue.", "Open the first"
        )
        self.nothing.acted.connect(self.queue.open_first)
        self.queue.shown.connect(self._show_nothing)
        self._count = Button(theme, "", Kind.QUIET, "book")
        self._count.clicked.connect(lambda: self.toggle("evidence"))
        self._count.hide()
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        for widget in (self.queue, self._centre(), self.evidence):
            widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self.addWidget(widget)
        self.queue.setMinimumWidth(220)
        self.evidence.setMinimumWidth(240)
        self.setStretchFactor(0, 0)
        self.setStretchFactor(1, 1)
        self.setStretchFactor(2, 0)
        self.setSizes([284, 640, 324])

    def _centre(self) -> QWidget:
        self.draft.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.conversation)
        self.split.addWidget(self.draft)
        self.split.setHandleWidth(1)
        self.split.setChildrenCollapsible(False)
        self.split.setStretchFactor(0, 5)
        self.split.setStretchFactor(1, 6)
        self.split.setSizes([330, 420])
        self.conversation.setMinimumHeight(80)
        self._line = Line()
        self._ticket_area = ticket = QWidget()
        column = QVBoxLayout(ticket)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.header, self._line, self.split):
            column.addWidget(widget, 1 if widget is self.split else 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.nothing)
        self._stack.addWidget(ticket)
        self._blank = QWidget()
        """While the queue loads there is nothing to say here."""
        self._stack.addWidget(self._blank)
        self._stack.setCurrentWidget(self._blank)
        self._middle = centre = QWidget()
        centre.setProperty("panel", "surface")
        centre.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        centre.setMinimumWidth(300)
        outer = QVBoxLayout(centre)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        notes = QWidget()
        holder = QVBoxLayout(notes)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.setSpacing(0)
        holder.addWidget(self.held)
        holder.addWidget(self.banner)
        foot = QVBoxLayout()
        foot.setContentsMargins(tokens.SPACE_4, 0, tokens.SPACE_4, tokens.SPACE_2)
        foot.addWidget(self._count)
        foot.addWidget(self.undo)
        outer.addWidget(notes)
        outer.addWidget(self._stack, 1)
        outer.addLayout(foot)
        return centre

    # --- what is shown --------------------------------------------------------------------------

    def _show_nothing(self) -> None:
        """With no ticket open: what there is to choose, or that there is nothing."""
        if self.queue.model.rowCount():
            self.nothing.set("Choose a ticket", "J and K step through the queue.", "Open the first", "chat")
        else:
            self.nothing.set("Nothing to answer", "New tickets appear on the left.", "", "queue")
        if self._stack.currentWidget() is self._blank:
            self._stack.setCurrentWidget(self.nothing)

    def show_ticket_area(self, shown: bool) -> None:
        self._stack.setCurrentIndex(1 if shown else 0)

    def expect_ticket(self) -> None:
        """Show the frames of a ticket that is being fetched; the reply takes nothing until it is there."""
        self._stack.setCurrentWidget(self._ticket_area)

    def set_side(self, side: bool) -> None:
        """The narrow layout beside a browser: the reply alone."""
        self._side = side
        self._wanted = {"queue": None, "evidence": None}
        self.conversation.setVisible(not side)
        self.draft.set_compact(side)
        self._fold()

    def toggle(self, panel: str) -> None:
        """Show or hide "queue" or "evidence", whatever the width says."""
        widget = self.queue if panel == "queue" else self.evidence
        self._wanted[panel] = not widget.isVisible()
        other = "evidence" if panel == "queue" else "queue"
        if self._wanted[panel] and self.width() < WIDE:
            self._wanted[other] = False
        self._fold()

    def show_count(self, passages: int) -> None:
        """How much evidence there is, where the panel is folded."""
        self._count.setText(words.count(passages, "passage") if passages else "No passages")
        self._count.setAccessibleName(f"Evidence: {self._count.text()}")

    def _fold(self) -> None:
        width = self.width()
        queue = not self._side and width >= MEDIUM
        evidence = not self._side and width >= WIDE
        if self._wanted["queue"] is not None:
            queue = self._wanted["queue"]
        if self._wanted["evidence"] is not None:
            evidence = self._wanted["evidence"]
        small = width < MEDIUM - 200
        # In a narrow window a panel takes the place of the reply instead of squeezing it.
        self._middle.setVisible(not (small and (queue or evidence) and not self._side))
        self.setOrientation(Qt.Orientation.Vertical if self._side else Qt.Orientation.Horizontal)
        self.queue.setVisible(queue)
        self.evidence.setVisible(evidence)
        self._count.setVisible(self._side)
        self.folded.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        before, now = event.oldSize().width(), event.size().width()
        if before < 0 or any((before < edge) != (now < edge) for edge in (WIDE, MEDIUM, MEDIUM - 200)):
            self._wanted = {"queue": None, "evidence": None}
            self._fold()
