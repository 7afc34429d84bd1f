"""The window: assembles rail, places and status bar; decides nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from agent_assist.ui import tokens
from agent_assist.ui.theme import Theme
from agent_assist.ui.views.desk_view import DeskView
from agent_assist.ui.views.rail import Rail
from agent_assist.ui.views.status_bar import StatusBar
from agent_assist.ui.widgets.line import Line
from agent_assist.ui.widgets.strip import Strip

PageFactory = Callable[[], QWidget]


class MainWindow(QMainWindow):
    """`closing` lets the session save and stop; call `QCloseEvent.ignore` in it to keep the window."""

    closing = Signal(object)
    place_changed = Signal(str)

    def __init__(self, theme: Theme, title: str = "Agent Assist") -> None:
        super().__init__()
        self._theme = theme
        self._factories: dict[str, PageFactory] = {}
        self._pages: dict[str, QWidget] = {}
        self._normal_size = QSize(1320, 860)
        self.setWindowTitle(title)
        self.rail = Rail(theme)
        self.desk_view = DeskView(theme)
        self.status = StatusBar(theme)
        self.status.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.desk_view)
        self._edge = Line(vertical=True)
        self.demo = Strip(theme, "This is the demo desk. Nothing is kept.", "Set up your own desk")
        self.demo.hide()
        self._demo = False
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(self._edge)
        middle.addWidget(self._stack, 1)
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.demo)
        column.addLayout(middle, 1)
        column.addWidget(Line())
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self.rail.add("queue", "Queue", "queue")
        self._pages["queue"] = self.desk_view
        self.rail.set_current("queue")
        self.rail.chosen.connect(self.go_to)
        self.setMinimumSize(QSize(320, 420))
        self.resize(self._normal_size)

    def set_page(self, place: str, factory: PageFactory) -> None:
        """What is made when that entry of the rail is first opened."""
        self._factories[place] = factory

    def go_to(self, place: str) -> QWidget:
        """Show a place; returns its page."""
        page = self._pages.get(place)
        if page is None:
            page = self._factories[place]()
            self._pages[place] = page
            self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        self.rail.set_current(place)
        self.place_changed.emit(place)
        return page

    @property
    def place(self) -> str:
        current = self._stack.currentWidget()
        return next((name for name, page in self._pages.items() if page is current), "queue")

    @property
    def side(self) -> bool:
        return bool(self.windowFlags() & Qt.WindowType.WindowStaysOnTopHint)

    def set_side(self, side: bool) -> None:
        """The narrow window that stays on top, beside a browser; and back."""
        if side == self.side:
            return
        visible = self.isVisible()
        if side:
            self._normal_size = self.size()
            self.go_to("queue")
        for widget in (self.rail, self._edge):
            widget.setVisible(not side)
        self.demo.setVisible(self._demo and not side)
        self.status.set_compact(side)
        self.desk_view.set_side(side)
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, side)
        self.resize(QSize(tokens.SIDE_WIDTH, 640) if side else self._normal_size)
        if visible:
            self.show()

    def show_demo(self) -> None:
        """Say in every place that this is the demo desk."""
        self._demo = True
        self.demo.setVisible(not self.side)

    def bring_to_front(self) -> None:
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit(event)
        if event.isAccepted():
            super().closeEvent(event)
