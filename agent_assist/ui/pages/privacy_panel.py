"""The key of the workspace, how long things are kept, and what one person may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout

from agent_assist.domain.access import Permission
from agent_assist.errors import ErrorInfo
from agent_assist.services.protection.keys import KeyService
from agent_assist.ui.dialogs.passphrase_dialog import PassphraseDialog
from agent_assist.ui.dialogs.recovery_dialog import RecoveryDialog
from agent_assist.ui.pages.governance import Governance
from agent_assist.ui.pages.option_fields import option_groups
from agent_assist.ui.pages.option_row import OptionRow
from agent_assist.ui.pages.person_card import PersonCard
from agent_assist.ui.permission import allow
from agent_assist.ui.tokens import TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.card import Card, Column
from agent_assist.ui.widgets.flow import Flow
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.widgets.line import Line
from agent_assist.ui.words import count, series

if TYPE_CHECKING:
    from agent_assist.ui.pages.page import Page

DEMO = "The demo desk's key is in memory only and is gone when you close it."


@dataclass(frozen=True, slots=True)
class _Shown:
    key: str
    has_recovery: bool
    locked: bool
    """Whether the key is one that nobody can change: the demo desk's."""
    not_recovery: str
    not_retention: str


class PrivacyPanel(Column):
    """Three cards; what the role does not allow is disabled, with the reason beside it."""

    def __init__(self, page: Page, services: Governance) -> None:
        super().__init__()
        self._page, self._ui = page, page.ui
        self._keys, self._access, self._privacy = services.keys, services.access, services.privacy
        self._has_recovery = False
        self.rows: dict[str, OptionRow] = {}
        self.person = PersonCard(page, services)
        for card in (self._key_card(), self._retention_card(), self.person):
            self.body.addWidget(card)
        self.body.addStretch(1)
        page.ui.bridge.settings_changed.connect(self._on_settings_changed)

    def _key_card(self) -> Card:
        card = Card("The key of this workspace")
        self.key = Label("", wrap=True)
        self.key_reason = Label("", TextSize.SMALL, "muted", wrap=True)
        self.passphrase = Button(self._ui.theme, "Change the passphrase…", Kind.SECONDARY, "lock")
        self.passphrase.clicked.connect(self.ask_passphrase)
        self.recovery = Button(self._ui.theme, "Make a recovery key…", Kind.SECONDARY, "plus")
        self.recovery.clicked.connect(self._on_recovery)
        self.rekey = Button(self._ui.theme, "Encrypt anew…", Kind.SECONDARY, "redo")
        self.rekey.clicked.connect(lambda: self._ui.actions.trigger("desk.rekey"))
        line = Flow()
        line.addWidget(self.passphrase)
        line.addWidget(self.recovery)
        line.addWidget(self.rekey)
        card.body.addWidget(self.key)
        card.body.addLayout(line)
        card.body.addWidget(self.key_reason)
        return card

    def _retention_card(self) -> Card:
        card = Card(
            "How long things are kept", "What is older goes at the next start; what is unfinished stays."
        )
        group = next(group for group in option_groups() if group.name == "retention")
        current = self._ui.desk.options.current
        for option in group.fields:
            row = OptionRow(self._ui.theme, option, option.value_in(current))
            row.changed.connect(self._on_period)
            if self.rows:
                card.body.addWidget(Line())
            self.rows[option.name] = row
            card.body.addWidget(row)
        self.expire = Button(self._ui.theme, "Remove what is older now", Kind.SECONDARY, "trash")
        self.expire.clicked.connect(self._on_expire)
        line = QHBoxLayout()
        line.addWidget(self.expire)
        line.addStretch(1)
        card.body.addLayout(line)
        return card

    # --- reading ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read where the key is and what the person may do here."""
        keys, access = self._keys, self._access

        def read() -> _Shown:
            return _Shown(
                key_words(keys),
                keys.has_recovery_key,
                keys.source == "memory",
                access.why_not(Permission.MAKE_RECOVERY_KEY),
                access.why_not(Permission.SET_RETENTION),
            )

        self._ui.bridge.run(read, self._show, self._page.retrying(self.refresh), latest="keys")
        self.person.refresh()

    def _show(self, shown: _Shown) -> None:
        self._has_recovery = shown.has_recovery
        self.key.setText(shown.key)
        self.recovery.setText("Make a new recovery key…" if shown.has_recovery else "Make a recovery key…")
        self.recovery.setAccessibleName(self.recovery.text())
        allow(self.passphrase, DEMO if shown.locked else "")
        for button in (self.recovery, self.rekey):
            allow(button, DEMO if shown.locked else shown.not_recovery)
        self.key_reason.setText("" if shown.locked else shown.not_recovery)
        self.key_reason.setVisible(bool(self.key_reason.text()))
        for row in self.rows.values():
            row.bar(shown.not_retention)

    # --- the key ------------------------------------------------------------------------------------

    def ask_passphrase(self) -> PassphraseDialog:
        """Open the form for a new passphrase."""
        dialog = PassphraseDialog(self._ui, self._keys, self)
        dialog.changed.connect(lambda: self._page.toast.say("The new passphrase opens the workspace now."))
        dialog.changed.connect(self.refresh)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _on_recovery(self) -> None:
        if not self._has_recovery:
            self._make_recovery()
            return
        self._page.banner.show_message(
            Tone.ATTENTION,
            "Make a new recovery key?",
            "The one you have printed no longer opens this workspace.",
            [("Make a new one", self._make_recovery)],
            closable=True,
        )

    def _make_recovery(self) -> None:
        keys = self._keys
        self._page.banner.hide()
        self.recovery.setEnabled(False)

        def failed(error: ErrorInfo) -> None:
            self._page.show_error(error)
            self.refresh()

        self._ui.bridge.run(keys.make_recovery_key, self._show_recovery, failed)

    def _show_recovery(self, printed: str) -> None:
        """Show a key that was just made; it is kept nowhere."""
        dialog = RecoveryDialog(self._ui, printed, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        self.refresh()

    # --- how long things are kept -------------------------------------------------------------------

    def _on_period(self, name: str, value: Any) -> None:
        options, row = self._ui.desk.options, self.rows[name]

        def refused(error: ErrorInfo) -> None:
            row.say(str(error))

        self._ui.bridge.run(lambda: options.change({name: value}), None, refused)

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        current = self._ui.desk.options.current
        for name in names & self.rows.keys():
            self.rows[name].show_value(self.rows[name].option.value_in(current))

    def _on_expire(self) -> None:
        privacy = self._privacy
        self.expire.setEnabled(False)

        def done(removed: dict[str, int]) -> None:
            self.expire.setEnabled(True)
            parts = [count(number, kind.rstrip("s"), kind) for kind, number in removed.items() if number]
            self._page.toast.say(f"Removed: {series(parts)}." if parts else "Nothing is too old.")

        def failed(error: ErrorInfo) -> None:
            self.expire.setEnabled(True)
            self._page.show_error(error)

        self._ui.bridge.submit(
            "Remove what is too old", lambda _: privacy.apply_retention(compact=True), done, failed
        )


def key_words(keys: KeyService) -> str:
    """Where the key is, and whether there is a way in without it."""
    where = {
        "keyring": f"The key is in the system's keyring ({keys.keyring}).",
        "passphrase": "The key is sealed with a passphrase (scrypt, AES-256-GCM).",
    }.get(keys.source)
    if where is None:
        return DEMO
    if keys.has_recovery_key:
        return f"{where} A recovery key was made; keep it on paper."
    return f"{where} There is no recovery key: without one nobody opens a workspace whose key is lost."
