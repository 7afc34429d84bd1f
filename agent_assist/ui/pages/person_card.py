"""What is kept of one person: counted, exported, erased with a receipt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent_assist.domain.access import Permission
from agent_assist.domain.erasure import Receipt, receipt_json
from agent_assist.errors import ErrorInfo
from agent_assist.files import saving
from agent_assist.services.protection.privacy import Holdings
from agent_assist.ui.pages.governance import Governance
from agent_assist.ui.permission import allow
from agent_assist.ui.tokens import SPACE_1, SPACE_2, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card, clear
from agent_assist.ui.widgets.chip import Tag
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.words import series

if TYPE_CHECKING:
    from agent_assist.ui.pages.page import Page

SHOWN = 5
"""Receipts listed; the command line shows all."""
_BACKUPS = "Backups and files exported earlier are not reached."


@dataclass(frozen=True, slots=True)
class _Shown:
    not_export: str
    not_erase: str
    receipts: Sequence[tuple[Mapping[str, Any], bool]]


class PersonCard(Card):
    """Looks a person up first: exporting and erasing act on what was found, never on what is being typed."""

    def __init__(self, page: Page, services: Governance) -> None:
        super().__init__(
            "One person",
            "What is kept of a customer who asks for it, and its erasure (GDPR articles 15 and 17).",
        )
        self._page, self._ui = page, page.ui
        self._privacy, self._access = services.privacy, services.access
        self._found = ""
        """The id or address whose holdings are on the screen."""
        self._receipt: Receipt | None = None
        self._reasons = ("", "")
        self.reason = Label("", TextSize.SMALL, "muted", wrap=True)
        self.who = QLineEdit()
        self.who.setPlaceholderText("Customer id or e-mail address")
        self.who.setAccessibleName("Customer id or e-mail address")
        self.who.textChanged.connect(self._on_typed)
        self.who.returnPressed.connect(self._on_look)
        theme = page.ui.theme
        self.look = Button(theme, "Look up", Kind.SECONDARY, "search")
        self.look.clicked.connect(self._on_look)
        self.held = Label("", wrap=True, selectable=True)
        self.export = Button(theme, "Export…", Kind.SECONDARY, "download")
        self.export.setAccessibleName("Export what is kept of this person")
        self.export.clicked.connect(self._on_export)
        self.erase = Button(theme, "Erase…", Kind.DANGER, "trash")
        self.erase.setAccessibleName("Erase this person")
        self.erase.clicked.connect(self._on_erase)
        self.save = Button(theme, "Save the receipt…", Kind.SECONDARY, "download")
        self.save.clicked.connect(self._on_save)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_1)
        self._fill()

    def _fill(self) -> None:
        asked, acts = QHBoxLayout(), QHBoxLayout()
        for line in (asked, acts):
            line.setSpacing(SPACE_2)
        asked.addWidget(self.who, 1)
        asked.addWidget(self.look)
        for button in (self.export, self.erase, self.save):
            acts.addWidget(button)
        acts.addStretch(1)
        self._title = Label("Erased so far", TextSize.SMALL, bold=True)
        self.body.addWidget(self.reason)
        self.body.addLayout(asked)
        self.body.addWidget(self.held)
        self.body.addLayout(acts)
        self.body.addSpacing(SPACE_1)
        self.body.addWidget(self._title)
        self.body.addLayout(self._list)
        self._show_found(None)

    # --- reading ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what the person at this machine may do, and the receipts."""
        privacy, access = self._privacy, self._access

        def read() -> _Shown:
            newest = privacy.receipts()[::-1][:SHOWN]
            return _Shown(
                access.why_not(Permission.EXPORT_PERSON),
                access.why_not(Permission.ERASE),
                [(receipt, privacy.is_genuine(receipt)) for receipt in newest],
            )

        self._ui.bridge.run(read, self._show, self._page.retrying(self.refresh), latest="person")

    def _show(self, shown: _Shown) -> None:
        self._reasons = (shown.not_export, shown.not_erase)
        self.reason.setText(shown.not_export or shown.not_erase)
        self.reason.setVisible(bool(self.reason.text()))
        for widget in (self.who, self.look):
            allow(widget, shown.not_export)
        self._on_typed()
        clear(self._list)
        for receipt, genuine in shown.receipts:
            self._list.addWidget(_receipt_row(receipt, genuine))
        self._title.setVisible(bool(shown.receipts))

    def _show_found(self, held: Holdings | None) -> None:
        self.held.setVisible(held is not None)
        for button, reason in ((self.export, self._reasons[0]), (self.erase, self._reasons[1])):
            button.setVisible(held is not None)
            allow(button, reason)
        self.save.hide()
        if held is not None:
            self.held.setText(f"Kept of this person: {counted(held.counts)}.")

    # --- slots --------------------------------------------------------------------------------------

    def _on_typed(self) -> None:
        text = self.who.text().strip()
        self.look.setEnabled(bool(text) and self.who.isEnabled())
        if text != self._found:
            self._found = ""
            self._show_found(None)

    def _on_look(self) -> None:
        wanted, privacy = self.who.text().strip(), self._privacy
        if not self.look.isEnabled():
            return

        def done(held: Holdings) -> None:
            if self.who.text().strip() == wanted:
                self._found = wanted
                self._page.banner.hide()
                self._show_found(held)

        self._ui.bridge.run(lambda: privacy.look_up(wanted), done, self._page.show_error, latest="look up")

    def _on_export(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Export what is kept", str(Path.home() / "person.json"), "JSON (*.json)"
        )
        if chosen:
            self.export_to(Path(chosen))

    def export_to(self, path: Path) -> None:
        """Write everything that is kept of the person to a file."""
        privacy, wanted = self._privacy, self._found

        def done(held: Holdings) -> None:
            self._page.toast.say(f"{counted(held.counts).capitalize()} written to {path}.")

        self._ui.bridge.submit(
            "Export a person", lambda _: privacy.export(wanted, path), done, self._page.show_error
        )

    def _on_erase(self) -> None:
        wanted = self._found
        self._page.banner.show_message(
            Tone.DANGER,
            "Erase this person?",
            f"{self.held.text()} It cannot be brought back. {_BACKUPS}",
            [("Erase", lambda: self._erase(wanted))],
            closable=True,
        )

    def _erase(self, wanted: str) -> None:
        privacy = self._privacy
        self._page.banner.hide()
        for widget in (self.who, self.look, self.export, self.erase):
            widget.setEnabled(False)
        self.held.setText("Erasing. This takes a moment: every page of the file is written anew.")

        def failed(error: ErrorInfo) -> None:
            self._page.show_error(error)
            self._found = ""
            self.refresh()

        self._ui.bridge.submit("Erase a person", lambda _: privacy.erase(wanted), self._on_erased, failed)

    def _on_erased(self, receipt: Receipt) -> None:
        self._receipt = receipt
        self._found = ""
        self.who.setEnabled(True)
        self.who.clear()
        self.held.setText(erased_words(receipt))
        self.held.show()
        self.export.hide()
        self.erase.hide()
        self.save.show()
        self.save.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()

    def _on_save(self) -> None:
        name = f"receipt-{self._receipt.id[:8]}.json" if self._receipt else "receipt.json"
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Save the receipt", str(Path.home() / name), "JSON (*.json)"
        )
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, path: Path) -> None:
        """Write the receipt of the last erasure to a file."""
        if self._receipt is None:
            return
        text = json.dumps(receipt_json(self._receipt), indent=2) + "\n"

        def write() -> None:
            with saving(path) as temporary:
                temporary.write_text(text, encoding="utf-8")

        self._ui.bridge.run(
            write, lambda _: self._page.toast.say(f"The receipt is in {path}."), self._page.show_error
        )


def counted(counts: Mapping[str, int]) -> str:
    """ "3 tickets, 1 draft", or "nothing"."""
    return series([f"{number:,} {kind}" for kind, number in counts.items() if number]) or "nothing"


def erased_words(receipt: Receipt) -> str:
    """What an erasure did, and what it leaves to people."""
    parts = [f"Erased: {counted(receipt.removed)}."]
    if any(receipt.masked.values()):
        parts.append(f"Masked in records of others: {counted(receipt.masked)}.")
    if any(receipt.left.values()):
        parts.append(f"Still named, for you to look at: {counted(receipt.left)}.")
    if not receipt.compacted:
        parts.append("Deleted pages are not overwritten yet: another process reads the workspace.")
    return " ".join([*parts, _BACKUPS])


def _receipt_row(receipt: Mapping[str, Any], genuine: bool) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(SPACE_2)
    when = str(receipt.get("at", ""))[:16].replace("T", " ")
    text = f"{when} · receipt {str(receipt.get('receipt', ''))[:12]}"
    line.addWidget(Label(text, TextSize.SMALL, "muted", selectable=True))
    line.addWidget(Tag("Genuine", Tone.OK) if genuine else Tag("Changed", Tone.DANGER))
    line.addStretch(1)
    return row
