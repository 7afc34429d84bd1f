"""What to export of the feedback: format, period, with or without personal data, where to."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDateEdit,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from agent_assist.domain.access import Permission
from agent_assist.domain.feedback import TRAINING, ExportFormat, ExportReport
from agent_assist.errors import ErrorInfo
from agent_assist.ui.context import UiContext
from agent_assist.ui.permission import allow, barred
from agent_assist.ui.tokens import SPACE_1, SPACE_2, SPACE_3, SPACE_4, TextSize, Tone
from agent_assist.ui.widgets.banner import Banner
from agent_assist.ui.widgets.button import Button, Kind
from agent_assist.ui.widgets.label import Label
from agent_assist.ui.words import count

FORMATS = {
    ExportFormat.SFT: ("Good replies", "prompt and reply, for SFTTrainer", ".jsonl"),
    ExportFormat.PREFERENCE: ("Pairs of better and worse", "for DPOTrainer", ".jsonl"),
    ExportFormat.UNPAIRED: ("Good and bad, each by itself", "for KTOTrainer", ".jsonl"),
    ExportFormat.RETRIEVAL: ("Questions and their articles", "to tune the search", ".jsonl"),
    ExportFormat.CSV: ("All records, CSV", "for a spreadsheet", ".csv"),
    ExportFormat.PARQUET: ("All records, Parquet", "for analysis", ".parquet"),
}
"""What it holds, what reads it, the ending of its file."""


class ExportDialog(QDialog):
    """Runs the export as a job and stays open until it is done; what the role does not allow is disabled."""

    exported = Signal(str)
    """A sentence that says what was written."""

    def __init__(self, ui: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ui = ui
        self._path_typed = False
        self.setWindowTitle("Export feedback")
        self.setMinimumWidth(440)
        self.banner = Banner(ui.theme)
        self.formats: dict[ExportFormat, QRadioButton] = {}
        self.since, self.until = QDateEdit(), QDateEdit()
        self.path = QLineEdit()
        self.path.setAccessibleName("File")
        self.path.textEdited.connect(self._on_path_typed)
        browse = Button(ui.theme, "Choose…")
        browse.clicked.connect(self._on_browse)
        self.export = Button(ui.theme, "Export", Kind.PRIMARY)
        self.export.setDefault(True)
        self.export.clicked.connect(self._on_export)
        cancel = Button(ui.theme, "Cancel")
        cancel.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        layout.setSpacing(SPACE_3)
        self._why_not = Label("", TextSize.SMALL, "muted", wrap=True)
        self._why_not.hide()
        layout.addWidget(self.banner)
        layout.addWidget(self._why_not)
        layout.addWidget(Label("What", bold=True))
        layout.addLayout(self._format_choices())
        layout.addWidget(Label("From and until", bold=True))
        layout.addLayout(self._period())
        layout.addWidget(Label("Personal data", bold=True))
        layout.addLayout(self._privacy())
        file = QHBoxLayout()
        file.addWidget(self.path, 1)
        file.addWidget(browse)
        layout.addWidget(Label("File", bold=True))
        layout.addLayout(file)
        foot = QHBoxLayout()
        foot.addWidget(
            Label("A card that describes the data is written beside it.", TextSize.SMALL, "muted", wrap=True),
            1,
        )
        foot.addWidget(cancel)
        foot.addWidget(self.export)
        layout.addLayout(foot)
        self._suggest_path()
        self._ask_rights()

    def _ask_rights(self) -> None:
        """What the person's role does not allow is disabled beforehand, with the sentence why."""
        desk = self._ui.desk

        def read() -> tuple[str, str]:
            return barred(desk, Permission.TRAIN), barred(desk, Permission.EXPORT_RAW)

        self._ui.bridge.run(read, self._on_rights, self._on_failed)

    def _on_rights(self, barred_: tuple[str, str]) -> None:
        no_training, no_raw = barred_
        for wanted, button in self.formats.items():
            if wanted in TRAINING:
                allow(button, no_training)
        if no_training and self.format in TRAINING:
            self.formats[ExportFormat.CSV].setChecked(True)  # their own records are everybody's
        allow(self.raw, no_raw)
        self._why_not.setText(" ".join(filter(None, (no_training, no_raw))))
        self._why_not.setVisible(bool(self._why_not.text()))

    def _format_choices(self) -> QFormLayout:
        choices = QFormLayout()
        choices.setVerticalSpacing(SPACE_1)
        choices.setHorizontalSpacing(SPACE_3)
        group = QButtonGroup(self)
        for wanted, (what, reader, _) in FORMATS.items():
            button = QRadioButton(what)
            button.setAccessibleName(f"{what}, {reader}")
            button.toggled.connect(self._suggest_path)
            group.addButton(button)
            choices.addRow(button, Label(reader, TextSize.SMALL, "muted"))
            self.formats[wanted] = button
        self.formats[ExportFormat.SFT].setChecked(True)
        return choices

    def _period(self) -> QHBoxLayout:
        today = QDate.currentDate()
        line = QHBoxLayout()
        line.setSpacing(SPACE_2)
        for edit, name, date in ((self.since, "From", today.addYears(-1)), (self.until, "Until", today)):
            edit.setAccessibleName(name)
            edit.setDate(date)
            edit.setDisplayFormat("yyyy-MM-dd")
            edit.lineEdit().setTextMargins(SPACE_2, 0, 0, 0)
            edit.setFixedWidth(120)
            line.addWidget(edit)
        line.addStretch(1)
        return line

    def _privacy(self) -> QVBoxLayout:
        self.redacted = QRadioButton("Replaced by placeholders")
        self.raw = QRadioButton("As it is")
        group = QButtonGroup(self)
        self._warning = Label(
            "The file will hold names, addresses and all that customers wrote. Keep it as safe as tickets.",
            TextSize.SMALL,
            Tone.ATTENTION,
            wrap=True,
        )
        self._warning.hide()
        column = QVBoxLayout()
        column.setSpacing(SPACE_1)
        for button in (self.redacted, self.raw):
            group.addButton(button)
            column.addWidget(button)
        column.addWidget(self._warning)
        self.redacted.setChecked(True)
        self.raw.toggled.connect(self._warning.setVisible)
        return column

    @property
    def format(self) -> ExportFormat:
        return next(wanted for wanted, button in self.formats.items() if button.isChecked())

    def _suggest_path(self) -> None:
        if self._path_typed or not any(button.isChecked() for button in self.formats.values()):
            return
        ending = FORMATS[self.format][2]
        name = f"feedback-{self.format}-{QDate.currentDate().toString('yyyy-MM-dd')}{ending}"
        self.path.setText(str(Path.home() / name))

    def _on_path_typed(self) -> None:
        self._path_typed = True

    def _on_browse(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Export feedback", self.path.text())
        if chosen:
            self._path_typed = True
            self.path.setText(chosen)

    def _on_export(self) -> None:
        if not self.path.text().strip():
            self.banner.show_message(Tone.ATTENTION, "Choose a file first.")
            return
        feedback, wanted, raw = self._ui.desk.feedback, self.format, self.raw.isChecked()
        path = Path(self.path.text().strip())
        since = _moment(self.since.date(), time.min)
        until = _moment(self.until.date(), time.max)
        self.export.setEnabled(False)
        self.banner.hide()
        self._ui.bridge.run(
            lambda: feedback.export(wanted, path, since=since, until=until, raw=raw),
            self._on_done,
            self._on_failed,
        )

    def _on_done(self, report: ExportReport) -> None:
        self.accept()
        self.exported.emit(f"{count(report.rows, 'row')} written to {report.path}.")

    def _on_failed(self, error: ErrorInfo) -> None:
        self.export.setEnabled(True)
        self.banner.show_error(error)


def _moment(date: QDate, moment: time) -> datetime:
    """The start or the end of a day here, in UTC."""
    local = datetime(date.year(), date.month(), date.day(), tzinfo=datetime.now().astimezone().tzinfo)
    return datetime.combine(local.date(), moment, local.tzinfo).astimezone(UTC)
