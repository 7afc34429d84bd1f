"""Turns the tokens into what Qt draws with: style sheet, palette and fonts; follows the system."""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from agent_assist import settings
from agent_assist.resources import resource
from agent_assist.ui import tokens
from agent_assist.ui.tokens import Colours, TextSize, Tone

_ROLES = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "sunken",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.ToolTipBase: "raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.PlaceholderText: "muted",
    QPalette.ColorRole.Highlight: "accent",
    QPalette.ColorRole.HighlightedText: "on_accent",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Accent: "accent",
}


class Theme(QObject):
    """The current scheme; `changed` is emitted after a new one has been applied."""

    changed = Signal()

    def __init__(self, app: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._mode = settings.ThemeMode.SYSTEM
        self._reduced_motion = False
        self._dark = False
        self._system_font = QFont(app.font())
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._on_system_scheme)
        self.apply()

    # --- what widgets read ----------------------------------------------------------------------

    @property
    def dark(self) -> bool:
        return self._dark

    @property
    def colours(self) -> Colours:
        return tokens.DARK if self.dark else tokens.LIGHT

    def colour(self, name: str) -> QColor:
        """The colour of that token name."""
        return QColor(getattr(self.colours, name))

    def tone(self, tone: Tone, soft: bool = False) -> QColor:
        if tone is Tone.NEUTRAL:
            return self.colour("sunken" if soft else "muted")
        return self.colour(f"{tone}_soft" if soft else str(tone))

    @property
    def reduced_motion(self) -> bool:
        return self._reduced_motion

    @property
    def body_px(self) -> int:
        font = self._system_font
        if font.pixelSize() > 0:
            size = float(font.pixelSize())
        else:
            screen = QGuiApplication.primaryScreen()
            size = font.pointSizeF() * (screen.logicalDotsPerInch() if screen else 96) / 72
        return max(tokens.BODY_MINIMUM_PX, round(size))

    def text_px(self, size: TextSize) -> int:
        return round(self.body_px * tokens.TEXT_RATIO[size])

    def font(self, size: TextSize = TextSize.BODY, *, bold: bool = False) -> QFont:
        font = QFont(self._system_font)
        font.setPixelSize(self.text_px(size))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font

    # --- changing it ----------------------------------------------------------------------------

    def set_options(self, appearance: settings.Appearance) -> None:
        """Follow the settings; does nothing where nothing changed."""
        before = (self._mode, self._reduced_motion)
        self._mode, self._reduced_motion = appearance.theme, appearance.reduced_motion
        if before != (self._mode, self._reduced_motion):
            self.apply()

    def set_mode(self, mode: settings.ThemeMode) -> None:
        if mode is not self._mode:
            self._mode = mode
            self.apply()

    def apply(self) -> None:
        if self._mode is settings.ThemeMode.SYSTEM:
            self._dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            self._dark = self._mode is settings.ThemeMode.DARK
        self._app.setFont(self.font())
        self._app.setPalette(self._palette())
        sheet = self.style_sheet()
        if sheet != self._app.styleSheet():
            self._app.setStyleSheet(sheet)
        self.changed.emit()

    def style_sheet(self) -> str:
        template = Template(resource("styles", "window.qss").read_text(encoding="utf-8"))
        values: dict[str, str] = tokens.as_mapping(self.colours)
        values |= {f"text_{size}": f"{self.text_px(size)}px" for size in TextSize}
        values |= {
            "space_1": f"{tokens.SPACE_1}px",
            "space_2": f"{tokens.SPACE_2}px",
            "space_3": f"{tokens.SPACE_3}px",
            "space_4": f"{tokens.SPACE_4}px",
            "radius_small": f"{tokens.RADIUS_SMALL}px",
            "radius": f"{tokens.RADIUS}px",
            "radius_large": f"{tokens.RADIUS_LARGE}px",
            "icons": resource("icons").as_posix(),
            "scheme": "dark" if self.dark else "light",
        }
        return template.substitute(values)

    def _palette(self) -> QPalette:
        palette = QPalette()
        for role, name in _ROLES.items():
            palette.setColor(role, self.colour(name))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.colour("outline"))
        return palette

    def _on_system_scheme(self) -> None:
        if self._mode is settings.ThemeMode.SYSTEM:
            self.apply()
