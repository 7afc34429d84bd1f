"""The audit log: whether it is whole, what stands in it, and a copy to keep elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.access import Permission
from agent_assist.domain.audit import AuditAction, AuditEntry, AuditReport
from agent_assist.errors import ErrorInfo
from agent_assist.ui.pages.audit_gap import AuditGap
from agent_assist.ui.pages.audit_model import WORDS, AuditModel
from agent_assist.ui.pages.governance import Governance
from agent_assist.ui.permission import allow
from agent_assist.ui.tokens import SPACE_2, SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import SCROLL_GUTTER, Card
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.empty import EmptyState
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.table import RowTable
from agent_assist.ui.words import count

if TYPE_CHECKING:
    from agent_assist.ui.pages.page import Page

KIND_WIDTH = 180
NARROW = 560
"""Pixels below which the list shows when and what alone."""
MOST = 1000
"""Newest entries that are listed; an export has all of them."""


@dataclass(frozen=True, slots=True)
class _Shown:
    why_not: str
    entries: Sequence[AuditEntry]


class AuditPanel(QWidget):
    """Shows the newest MOST entries, read off the UI thread; a role that may not read them sees why."""

    def __init__(self, page: Page, services: Governance) -> None:
        super().__init__()
        self._page, self._ui = page, page.ui
        self._audit, self._access = services.audit, services.access
        self._head = ""
        self.model = AuditModel(self._access.me, self)
        self.table = self._make_table()
        self.none = EmptyState(page.ui.theme, "lock", "The log is not yours to read")
        self.none.hide()
        self._tools = self._filters()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, SCROLL_GUTTER, 0)
        layout.setSpacing(SPACE_3)
        layout.addWidget(self._state_card())
        layout.addWidget(self._tools)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.none, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        for column in (0, 2, 4):  # when and what are left
            self.table.setColumnHidden(column, narrow)
        self.found.setVisible(not narrow)

    def _state_card(self) -> Card:
        card = Card()
        self.state = Tag("Not checked yet")
        self.said = Label("", TextSize.SMALL, "muted", wrap=True, selectable=True)
        self.verify = Button(self._ui.theme, "Check the log", Kind.SECONDARY, "check-circle")
        self.verify.clicked.connect(self.check)
        self.copy = Button(self._ui.theme, "Copy its head", Kind.QUIET, "copy")
        self.copy.setAccessibleDescription("Kept elsewhere, it shows a log that was written anew.")
        self.copy.setToolTip("Keep it elsewhere: it shows a log that was written anew.")
        self.copy.setEnabled(False)
        self.copy.clicked.connect(self._on_copy)
        self.export = Button(self._ui.theme, "Export…", Kind.SECONDARY, "download")
        self.export.setAccessibleName("Export the log")
        self.export.setEnabled(False)
        self.export.clicked.connect(self._on_export)
        line = Flow()
        line.addWidget(self.state)
        line.add_gap()
        for button in (self.copy, self.verify, self.export):
            line.addWidget(button)
        card.setAccessibleName("Whether the log is whole")
        self.gap = AuditGap(self._ui.theme)
        self.gap.accepted.connect(self.accept)
        card.body.addLayout(line)
        card.body.addWidget(self.said)
        card.body.addWidget(self.gap)
        return card

    def _filters(self) -> QWidget:
        box = QWidget()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find in the entries")
        self.search.setAccessibleName("Find in the entries")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(80)
        self.search.textChanged.connect(self._on_filter)
        self.action = QComboBox()
        self.action.setAccessibleName("Kind of entry")
        self.action.setFixedWidth(KIND_WIDTH)
        self.action.addItem("Everything", None)
        for action, words in WORDS.items():
            self.action.addItem(words, action)
        self.action.activated.connect(lambda _: self.refresh())
        self.found = Label("", TextSize.SMALL, "muted")
        line = QHBoxLayout(box)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE_2)
        line.addWidget(self.search, 1)
        line.addWidget(self.action)
        line.addWidget(self.found)
        return box

    def _make_table(self) -> RowTable:
        table = RowTable(self.model, "Entries of the log, newest first", stretched=4)
        metrics = table.fontMetrics()
        for place, sample in enumerate(("00000", "2026-11-22 09:00:00", "agent-0123456789ab")):
            table.setColumnWidth(place, metrics.horizontalAdvance(sample) + 28)
        table.setColumnWidth(3, metrics.horizontalAdvance("A held reply was confirmed") + 28)
        return table

    # --- reading ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the newest entries of the chosen kind, where the person may."""
        audit, access, chosen = self._audit, self._access, self.action.currentData()
        action = AuditAction(chosen) if chosen else None  # Qt hands a string back

        def read() -> _Shown:
            why_not = access.why_not(Permission.READ_AUDIT)
            return _Shown(why_not, () if why_not else audit.entries(MOST, action))

        self._ui.bridge.run(read, self._show, self._page.retrying(self.refresh), latest="audit")

    def _show(self, shown: _Shown) -> None:
        barred = bool(shown.why_not)
        self.none.set("The log is not yours to read", shown.why_not)
        self.none.setVisible(barred)
        self._tools.setVisible(not barred)
        self.table.setVisible(not barred)
        allow(self.export, shown.why_not)
        self.model.show(shown.entries)
        self._on_filter()

    def check(self) -> None:
        """Read the whole log and compare it with what is remembered of it; anybody may."""
        audit, access = self._audit, self._access
        self.verify.setEnabled(False)
        self.state.set("Checking", Tone.ACCENT)

        def read() -> tuple[AuditReport, str]:
            return audit.verify(), access.why_not(Permission.ACCEPT_AUDIT)

        self._ui.bridge.run(read, self._on_checked, self._on_failed, latest="audit check")

    def accept(self, why: str) -> None:
        """Take the gap that was found for known; the service refuses where entries were changed."""
        audit = self._audit
        self.verify.setEnabled(False)

        def done(report: AuditReport) -> None:
            self.gap.why.clear()
            self._page.toast.say("The gap is accepted. It stays in the log.")
            self._on_checked((report, ""))
            self.refresh()

        def failed(error: ErrorInfo) -> None:
            self.verify.setEnabled(True)
            self.gap.offer("")
            self._page.show_error(error)

        self._ui.bridge.run(lambda: audit.accept(why), done, failed, latest="audit check")

    def _on_checked(self, checked: tuple[AuditReport, str]) -> None:
        report, may_not_accept = checked
        self.verify.setEnabled(True)
        self._show_report(report)
        if report.intact:
            self.gap.hide()
        else:
            self.gap.offer(may_not_accept)

    def _show_report(self, report: AuditReport) -> None:
        self._head = f"{report.head.number}:{report.head.mac}"
        self.copy.setEnabled(report.entries > 0)
        if report.intact:
            places = "".join(f"; {place} remembers entry {n}" for place, n in report.anchors.items())
            self.state.set("Whole and in order", Tone.OK)
            self.said.setText(f"{count(report.entries, 'entry', 'entries')}{places}.")
            return
        self.state.set("Tampered with", Tone.DANGER)
        more = f" And {count(len(report.findings) - 1, 'more finding')}." if len(report.findings) > 1 else ""
        self.said.setText(
            f"{report.findings[0].sentence}{more} Keep the workspace folder as it is for whoever looks into "
            "it."
        )

    # --- slots --------------------------------------------------------------------------------------

    def _on_filter(self) -> None:
        self.model.filter(self.search.text())
        rows = self.model.rowCount()
        newest = ", the newest" if rows >= MOST else ""
        self.found.setText(f"{count(rows, 'entry', 'entries')}{newest}")

    def _on_failed(self, error: ErrorInfo) -> None:
        self.verify.setEnabled(True)
        self.state.set("Not checked", Tone.ATTENTION)
        self._page.show_error(error)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._head)
        self._page.toast.say("Its head is copied. Keep it where nobody of this desk can change it.")

    def _on_export(self) -> None:
        name = Path.home() / f"audit-{datetime.now().astimezone():%Y-%m-%d}.jsonl"
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Export the log", str(name), "JSON Lines (*.jsonl);;Table (*.csv)"
        )
        if chosen:
            self.export_to(Path(chosen))

    def export_to(self, path: Path) -> None:
        """Write the whole log to a file."""
        audit = self._audit

        def done(number: int) -> None:
            self._page.toast.say(f"{count(number, 'entry', 'entries')} written to {path}.")
            self.refresh()

        self._ui.bridge.submit("Export the log", lambda _: audit.export(path), done, self._page.show_error)
