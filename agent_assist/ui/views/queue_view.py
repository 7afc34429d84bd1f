"""The left panel: search, filter chips and the list of tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.ticket import Channel, QueueFilter, TicketStatus, TicketSummary
from agent_assist.ui import icons, tokens, words
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import TextSize
from agent_assist.ui.views.queue_delegate import QueueDelegate
from agent_assist.ui.views.queue_model import Note, QueueModel
from agent_assist.ui.widgets.chip import Chip
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.label import Label

LIMIT = 5000
_TYPING_MS = 180


class QueueView(QWidget):
    """`opened` carries a ticket id, `filter_changed` a QueueFilter."""

    opened = Signal(str)
    filter_changed = Signal(object)
    import_wanted = Signal()
    shown = Signal()
    """Another list of tickets stands here."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._filter = QueueFilter(limit=LIMIT)
        self._current = ""
        self._loaded = False
        self.model = QueueModel(self)
        self._build()
        theme.changed.connect(self._on_theme)
        self._on_theme()

    # --- building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self.setProperty("panel", "window")
        self.setAccessibleName("Queue")
        self._title = Label("Queue", TextSize.TITLE)
        self._count = Label("", TextSize.SMALL, "muted")
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._count)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search tickets")
        self.search.setAccessibleName("Search tickets")
        self.search.setClearButtonEnabled(True)
        self.search.setTextMargins(tokens.SPACE_6, 0, 0, 0)
        self._lens = QLabel()
        inside = QHBoxLayout(self.search)
        inside.setContentsMargins(tokens.SPACE_3, 0, 0, 0)
        inside.addWidget(self._lens)
        inside.addStretch(1)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._on_filter)
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.search.returnPressed.connect(self._on_search_done)
        top = QVBoxLayout()
        top.setContentsMargins(tokens.SPACE_3, tokens.SPACE_3, tokens.SPACE_3, tokens.SPACE_2)
        top.setSpacing(tokens.SPACE_2)
        top.addLayout(head)
        top.addWidget(self.search)
        top.addLayout(self._chips())
        self.list = QListView()
        self.list.setProperty("ground", "window")
        self.list.setAccessibleName("Tickets")
        self.list.setModel(self.model)
        self.list.setItemDelegate(QueueDelegate(self._theme, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self._empty = EmptyState(self._theme, "queue", "Loading the queue…")
        self._empty.acted.connect(self._on_empty_action)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        self._stack.setCurrentWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)

    def _chips(self) -> QHBoxLayout:
        self._unread = Chip("Unread", checkable=True)
        self._waiting = Chip("Waiting", checkable=True)
        self._more = Chip("All channels")
        self._more.setToolTip("Filter by channel or status")
        self._menu = QMenu(self._more)
        self._menu.addAction("All channels", lambda: self._on_channel(None))
        for channel in Channel:
            name = words.CHANNELS[channel].capitalize()
            self._menu.addAction(name, partial(self._on_channel, channel))
        self._menu.addSeparator()
        for status in TicketStatus:
            self._menu.addAction(f"Show {status}", partial(self._on_status, status))
        self._menu.addAction("Show every status", lambda: self._on_status(None))
        self._more.setMenu(self._menu)
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_1)
        for chip in (self._unread, self._waiting):
            chip.toggled.connect(lambda _: self._on_filter())
        for chip in (self._unread, self._waiting, self._more):
            row.addWidget(chip)
        row.addStretch(1)
        return row

    # --- showing --------------------------------------------------------------------------------

    @property
    def filter(self) -> QueueFilter:
        return self._filter

    @property
    def current_id(self) -> str:
        return self._current

    def show_tickets(self, summaries: Sequence[TicketSummary]) -> None:
        self._loaded = True
        place = self._looked_at()
        self.model.set_tickets(summaries)
        unread = sum(s.unread for s in summaries)
        shown = f"{len(summaries):,}" + ("+" if len(summaries) >= LIMIT else "")
        self._count.setText(f"{shown} · {unread:,} unread" if unread else shown)
        self._stack.setCurrentWidget(self.list if summaries else self._empty)
        if not summaries:
            if self._restricted():
                self._empty.set("No ticket matches", "Try other words or filters.", "Show all", "search")
            else:
                self._empty.set("All done", "No open tickets are waiting.", "Import tickets", "check-circle")
        self._select(self._current)
        self._hold(place)
        self.shown.emit()

    def _looked_at(self) -> tuple[str, int]:
        """The ticket that is to stay in its place while others come and go, and where that is: the open one
        if it is in sight, else the first that is."""
        seen, current = self.list.viewport().rect(), self.model.row_of(self._current)
        area = self.list.visualRect(self.model.index(current)) if current >= 0 else QRect()
        if not area.intersects(seen):
            index = self.list.indexAt(seen.topLeft())
            return self.model.ticket_id(index.row()), self.list.visualRect(index).top()
        return self._current, area.top()

    def _hold(self, place: tuple[str, int]) -> None:
        ticket_id, top = place
        row, bar = self.model.row_of(ticket_id), self.list.verticalScrollBar()
        if row < 0:
            return
        index = self.model.index(row)
        if bar.value():
            bar.setValue(bar.value() + self.list.visualRect(index).top() - top)
        elif ticket_id == self._current:
            # At the list's top what is new comes into sight, as long as the open one stays there, too.
            self.list.scrollTo(index)

    def show_note(self, ticket_id: str, note: Note) -> None:
        self.model.set_note(ticket_id, note)

    def set_current(self, ticket_id: str) -> None:
        """Select a ticket without emitting `opened`."""
        self._current = ticket_id
        self._select(ticket_id)
        if (row := self.model.row_of(ticket_id)) >= 0:
            self.list.scrollTo(self.model.index(row))

    def step(self, by: int) -> None:
        """Open the next (1) or the one before (-1)."""
        rows = self.model.rowCount()
        if not rows:
            return
        row = self.model.row_of(self._current)
        target = min(max(row + by, 0), rows - 1) if row >= 0 else 0
        self.list.setCurrentIndex(self.model.index(target))

    def open_first(self) -> None:
        if not self._current and self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0))

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _select(self, ticket_id: str) -> None:
        row = self.model.row_of(ticket_id)
        selection = self.list.selectionModel()
        if row < 0:
            selection.clear()
            return
        index = self.model.index(row)
        if selection.currentIndex() != index:
            blocked = selection.blockSignals(True)
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            selection.blockSignals(blocked)
            self.list.viewport().update()

    # --- slots ----------------------------------------------------------------------------------

    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        ticket_id = self.model.ticket_id(current.row()) if current.isValid() else ""
        if ticket_id and ticket_id != self._current:
            self._current = ticket_id
            self.opened.emit(ticket_id)

    def _restricted(self) -> bool:
        return self._filter != QueueFilter(limit=LIMIT)

    def _on_channel(self, channel: Channel | None) -> None:
        self._emit(channel=channel)
        self._name_more()

    def _on_status(self, status: TicketStatus | None) -> None:
        self._emit(status=status)
        self._name_more()

    def _name_more(self) -> None:
        channel, status = self._filter.channel, self._filter.status
        parts = [words.CHANNELS[channel].capitalize()] if channel else []
        if status is not TicketStatus.OPEN:
            parts.append(str(status) if status else "every status")
        self._more.setText(" · ".join(parts) or "All channels")
        self._more.setAccessibleName(f"Filter: {self._more.text()}")

    def _on_filter(self) -> None:
        self._emit()

    def _emit(self, **changes: object) -> None:
        wanted = replace(
            self._filter,
            text=self.search.text().strip(),
            unread_only=self._unread.isChecked(),
            waiting_only=self._waiting.isChecked(),
            **changes,  # type: ignore[arg-type]
        )
        if wanted != self._filter:
            self._filter = wanted
            self.filter_changed.emit(wanted)

    def _on_search_done(self) -> None:
        self._typing.stop()
        self._on_filter()
        self.list.setFocus()

    def _on_empty_action(self) -> None:
        if not self._restricted():
            self.import_wanted.emit()
            return
        for widget in (self._unread, self._waiting, self.search):
            widget.blockSignals(True)
        self._unread.setChecked(False)
        self._waiting.setChecked(False)
        self.search.clear()
        for widget in (self._unread, self._waiting, self.search):
            widget.blockSignals(False)
        self._emit(channel=None, status=TicketStatus.OPEN)
        self._name_more()

    def _on_theme(self) -> None:
        self._lens.setPixmap(icons.pixmap("search", self._theme.colours.muted))
