"""The fields of a connection's form, made from what its connector declares; no helpdesk is named here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent_assist.domain.helpdesk import ConnectionField, FieldKind
from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, TextSize, Tone
from agent_assist.ui.widgets.button import IconButton
from agent_assist.ui.widgets.label import Label, restyle

KEPT = "Kept; type to replace it"


class FieldRow(QWidget):
    """One field: its title, its editor, what it is for, and what is wrong with it."""

    changed = Signal()

    def __init__(
        self,
        theme: Theme,
        field: ConnectionField,
        value: str,
        *,
        kept: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`kept` says that a secret is stored for this field, which is never shown again."""
        super().__init__(parent)
        self._theme, self.field = theme, field
        self.editor = self._make_editor(value, kept)
        self.editor.setAccessibleName(field.title)
        self.editor.setAccessibleDescription(field.description)
        self.problem = Label("", TextSize.SMALL, Tone.DANGER, wrap=True)
        self.problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_1)
        if not isinstance(self.editor, QCheckBox):
            title = Label(field.title if field.required else f"{field.title} (optional)")
            title.setBuddy(self.editor)
            layout.addWidget(title)
        layout.addLayout(self._line())
        if field.description:
            layout.addWidget(Label(field.description, TextSize.SMALL, "muted", wrap=True))
        layout.addWidget(self.problem)

    @property
    def value(self) -> str:
        if isinstance(self.editor, QCheckBox):
            return "true" if self.editor.isChecked() else "false"
        if isinstance(self.editor, QComboBox):
            return str(self.editor.currentData())
        assert isinstance(self.editor, QLineEdit)  # noqa: S101 -- for the type checker; there is no other kind
        text = self.editor.text()
        return text if self.field.kind is FieldKind.SECRET else text.strip()

    def set_value(self, value: str) -> None:
        if isinstance(self.editor, QLineEdit):
            self.editor.setText(value)

    def say(self, sentence: str) -> None:
        """What is wrong with the value; "" for nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        self.editor.setAccessibleDescription(sentence or self.field.description)
        restyle(self.editor, invalid=bool(sentence))

    def _make_editor(self, value: str, kept: bool) -> QWidget:
        kind = self.field.kind
        if kind is FieldKind.SWITCH:
            box = QCheckBox(self.field.title)
            box.setChecked((value or self.field.default).casefold() in ("true", "yes", "on", "1"))
            box.toggled.connect(self.changed)
            return box
        if kind is FieldKind.CHOICE:
            choices = QComboBox()
            for choice in self.field.choices:
                choices.addItem(choice, choice)
            choices.setCurrentIndex(max(0, choices.findData(value or self.field.default)))
            choices.currentIndexChanged.connect(self.changed)
            return choices
        line = QLineEdit(value or (self.field.default if kind is not FieldKind.SECRET else ""))
        if kind is FieldKind.SECRET:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setPlaceholderText(KEPT if kept else "")
        line.textChanged.connect(self.changed)
        return line

    def _line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(SPACE_2)
        line.addWidget(self.editor, 1)
        if isinstance(self.editor, QLineEdit) and self.field.kind is FieldKind.SECRET:
            reveal = IconButton(self._theme, "eye", f"Show {self.field.title}", checkable=True)
            reveal.toggled.connect(self._on_reveal)
            line.addWidget(reveal)
        elif self.field.kind is FieldKind.PATH:
            browse = IconButton(self._theme, "folder", f"Choose {self.field.title}")
            browse.clicked.connect(self._on_browse)
            line.addWidget(browse)
        return line

    def _on_reveal(self, shown: bool) -> None:
        if isinstance(self.editor, QLineEdit):
            self.editor.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)

    def _on_browse(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, self.field.title):
            self.set_value(chosen)


class ConnectionForm(QWidget):
    """All fields of one kind of helpdesk."""

    changed = Signal()

    def __init__(
        self,
        theme: Theme,
        fields: Sequence[ConnectionField],
        values: Mapping[str, str],
        kept: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`kept` names the secret fields for which a value is stored."""
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_3)
        self.rows: dict[str, FieldRow] = {}
        for field in fields:
            row = FieldRow(theme, field, values.get(field.name, ""), kept=field.name in kept)
            row.changed.connect(self.changed)
            self.rows[field.name] = row
            layout.addWidget(row)

    def values(self) -> dict[str, str]:
        """What is in the fields, but for the secrets."""
        return {n: r.value for n, r in self.rows.items() if r.field.kind is not FieldKind.SECRET}

    def secrets(self) -> dict[str, str]:
        """The secrets that were typed; those not touched are left out and stay as they are kept."""
        rows = self.rows.items()
        return {n: r.value for n, r in rows if r.field.kind is FieldKind.SECRET and r.value}

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Put each sentence under its field and the cursor into the first of them."""
        for name, row in self.rows.items():
            row.say(problems.get(name, ""))
        first = next((row for name, row in self.rows.items() if name in problems), None)
        if first is not None:
            first.editor.setFocus()
