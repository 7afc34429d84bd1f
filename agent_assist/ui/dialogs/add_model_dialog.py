"""What must be known of a model file before it is added: a name, its licence, its languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent_assist.ui.theme import Theme
from agent_assist.ui.tokens import SPACE_2, SPACE_3, SPACE_4, TextSize, Tone
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import ElidedLabel, Label

_CODE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class NewModel:
    """What the person said of a model file."""

    path: Path
    name: str
    licence: str
    """SPDX name; empty where it is not known."""
    languages: tuple[str, ...]
    """ISO 639-1."""


class AddModelDialog(QDialog):
    """Asks for what a GGUF file does not say; the file is neither read nor copied here."""

    chosen = Signal(object)
    """NewModel"""

    def __init__(self, theme: Theme, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.setWindowTitle("Add a model file")
        self.setMinimumWidth(420)
        self.name = QLineEdit(path.stem)
        self.licence = QLineEdit()
        self.licence.setPlaceholderText("Apache-2.0")
        self.languages = QLineEdit()
        self.languages.setPlaceholderText("en, de")
        self.problem = Label("", TextSize.SMALL, Tone.DANGER, wrap=True)
        self.problem.hide()
        form = QFormLayout()
        form.setSpacing(SPACE_2)
        for title, field in (("Name", self.name), ("Licence", self.licence), ("Languages", self.languages)):
            field.setAccessibleName(title)
            form.addRow(Label(title), field)
        note = "Two-letter codes of the languages it writes well. Leave it empty where you do not know."
        form.addRow(Label(""), Label(note, TextSize.SMALL, "muted", wrap=True))
        self.add = Button(theme, "Add", Kind.PRIMARY)
        self.add.clicked.connect(self._on_add)
        self.add.setDefault(True)
        cancel = Button(theme, "Cancel")
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        layout.setSpacing(SPACE_3)
        layout.addWidget(ElidedLabel(str(path), TextSize.SMALL, "muted"))
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addLayout(foot)
        self.name.setFocus()
        self.name.selectAll()

    def _on_add(self) -> None:
        codes = tuple(part for part in re.split(r"[\s,;]+", self.languages.text().lower()) if part)
        wrong = [code for code in codes if not _CODE.fullmatch(code)]
        if not self.name.text().strip():
            self._say("Give the model a name.", self.name)
        elif wrong:
            self._say(f"“{wrong[0]}” is not a two-letter language code.", self.languages)
        else:
            new = NewModel(self._path, self.name.text().strip(), self.licence.text().strip(), codes)
            self.accept()
            self.chosen.emit(new)

    def _say(self, sentence: str, field: QLineEdit) -> None:
        self.problem.setText(sentence)
        self.problem.show()
        field.setFocus()
