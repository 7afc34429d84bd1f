"""Push buttons of the four kinds, and icon buttons; both re-tint their icon with the theme."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from agent_assist.ui import icons, tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.widgets.label import restyle


class Kind(StrEnum):
    """How much a button stands out."""

    PRIMARY = "primary"
    """The one thing to do next; at most one in a view."""
    SECONDARY = "secondary"
    QUIET = "quiet"
    DANGER = "danger"
    """What cannot be undone."""
    LINK = "link"
    """A word of the text that can be pressed."""


_ICON_COLOUR = {Kind.PRIMARY: "on_accent", Kind.DANGER: "danger", Kind.LINK: "accent", Kind.QUIET: "muted"}


class Button(QPushButton):
    """Its text is also its name for screen readers; Enter presses it only where it is the default."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        kind: Kind = Kind.SECONDARY,
        icon: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._theme, self._kind, self._icon = theme, kind, icon
        self.setProperty("kind", str(kind))
        self.setAccessibleName(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        if icon:
            self.setIconSize(QSize(tokens.ICON, tokens.ICON))
            theme.changed.connect(self._tint)
            self._tint()

    def set_icon(self, name: str) -> None:
        self._icon = name
        self._tint()

    def set_kind(self, kind: Kind) -> None:
        """Where another button has become the one thing to do next."""
        self._kind = kind
        restyle(self, kind=str(kind))
        if self._icon:
            self._tint()

    def _tint(self) -> None:
        self.setIcon(icons.icon(self._theme, self._icon, _ICON_COLOUR.get(self._kind, "text")))


class IconButton(QToolButton):
    """A button that shows an icon only; `name` is its tooltip and its name for screen readers."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        kind: Kind = Kind.QUIET,
        *,
        checkable: bool = False,
        size: int = tokens.ICON,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._icon = theme, icon
        self._colour = ""
        self.setProperty("kind", str(kind))
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setCheckable(checkable)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIconSize(QSize(size, size))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.changed.connect(self._tint)
        self.toggled.connect(self._tint)
        self._tint()

    def set_icon(self, name: str) -> None:
        self._icon = name
        self._tint()

    def set_colour(self, token: str) -> None:
        """Draw the icon in this token colour; empty for the usual one."""
        self._colour = token
        self._tint()

    def _tint(self) -> None:
        colour = self._colour or ("accent" if self.isChecked() else "muted")
        self.setIcon(icons.icon(self._theme, self._icon, colour, self.iconSize().width()))
