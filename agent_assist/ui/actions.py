"""Everything a person can do, once: palette, cheat sheet, menus, tooltips and keys come from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Action:
    """`title` is a verb phrase ("Send the reply"); `keys` are portable key names, the first is shown."""

    id: str
    title: str
    run: Callable[[], object]
    keys: tuple[str, ...] = ()
    section: str = "General"
    enabled: Callable[[], bool] = _always
    icon: str = ""
    listed: bool = True
    """False for an action that would only lengthen the palette."""
    anywhere: bool = True
    """False where the keys belong to one widget that installs them itself; the sheet lists them."""

    @property
    def key_text(self) -> str:
        """The keys as this system writes them."""
        if not self.keys:
            return ""
        return QKeySequence(self.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)


class ActionRegistry(QObject):
    """`changed` is emitted when actions came or their enabled state may have changed."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions: dict[str, Action] = {}
        self._qactions: dict[str, QAction] = {}
        self._enabled: dict[str, bool] = {}
        self._target: QWidget | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.refresh)

    def add(self, action: Action) -> Action:
        """Raises ValueError for an id or a key that is taken."""
        if action.id in self._actions:
            raise ValueError(f"the action {action.id} exists")
        taken = {key: other.id for other in self._actions.values() for key in other.keys}
        for key in action.keys:
            if key in taken:
                raise ValueError(f"{key} belongs to {taken[key]}")
        self._actions[action.id] = action
        if self._target is not None:
            self._install(action)
        self.changed.emit()
        return action

    def add_all(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.add(action)

    def get(self, action_id: str) -> Action:
        return self._actions[action_id]

    def all(self) -> list[Action]:
        return list(self._actions.values())

    def sections(self) -> dict[str, list[Action]]:
        """Actions by section, in the order in which they were added."""
        result: dict[str, list[Action]] = {}
        for action in self._actions.values():
            result.setdefault(action.section, []).append(action)
        return result

    def trigger(self, action_id: str) -> bool:
        """Run an action where it is enabled now; tells whether it ran."""
        action = self._actions[action_id]
        if not action.enabled():
            return False
        action.run()
        return True

    def tooltip(self, action_id: str) -> str:
        """ "Send the reply  (Ctrl+Return)"."""
        action = self._actions[action_id]
        return f"{action.title}  ({action.key_text})" if action.keys else action.title

    def qaction(self, action_id: str) -> QAction:
        """The Qt action of that id, for a menu; exists after `install`."""
        return self._qactions[action_id]

    def install(self, window: QWidget) -> None:
        """Make the keys work in this window."""
        self._target = window
        window.installEventFilter(self)
        for action in self._actions.values():
            self._install(action)
        self.refresh()

    def let_through(self, *widgets: QWidget) -> None:
        """Have keys with Ctrl or Alt reach the actions from these inputs, which use some themselves."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and watched is self._target:
            # Qt looks for the key's action next: what is enabled may have changed since it was asked last.
            self.refresh()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
            pressed = QKeySequence(event.keyCombination())
            if held and any(pressed == QKeySequence(k) for a in self._actions.values() for k in a.keys):
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    def refresh(self) -> None:
        """Ask every action again whether it is enabled."""
        self._soon.stop()
        for action_id, qaction in self._qactions.items():
            enabled = self._actions[action_id].enabled()
            if enabled != self._enabled.get(action_id, True):
                qaction.setEnabled(enabled)
            self._enabled[action_id] = enabled
        self.changed.emit()

    def refresh_soon(self) -> None:
        """Ask them once, however often this is called in one turn of the event loop."""
        self._soon.start()

    def _install(self, action: Action) -> None:
        if self._target is None:
            return
        qaction = QAction(action.title, self._target)
        if action.anywhere:
            qaction.setShortcuts([QKeySequence(key) for key in action.keys])
        qaction.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        qaction.triggered.connect(lambda _=False, name=action.id: self.trigger(name))
        self._target.addAction(qaction)
        self._qactions[action.id] = qaction
