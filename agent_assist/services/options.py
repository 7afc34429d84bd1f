"""The options of the open workspace: read once, changed together, saved at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent_assist import settings as files
from agent_assist.services.events import EventBus, SettingsChanged
from agent_assist.settings import Settings


class OptionsService:
    """Holds the settings; any thread may read and change them."""

    def __init__(self, path: Path | None, events: EventBus) -> None:
        """`path` is the settings file; None keeps the options in memory (tests, the demo desk).

        Raises InvalidSetting where the file cannot be read.
        """
        self._path = path
        self._events = events
        self._lock = threading.Lock()
        self.guard: Callable[[frozenset[str]], None] | None = None
        """Asked before options of these names change; raises PermissionDenied where a role is missing."""
        self._current = files.load(path) if path else Settings()

    @property
    def current(self) -> Settings:
        return self._current

    def change(self, changes: Mapping[str, Any]) -> Settings:
        """Set options by their dotted names; all or none of them.

        Raises InvalidSetting, PermissionDenied, WorkspaceReadOnly or DiskFull, and then nothing has changed.
        """
        with self._lock:
            after = self._current
            for name, value in changes.items():
                after = after.changed(name, value)
            names = frozenset(name for name in changes if _value(after, name) != _value(self._current, name))
            if not names:
                return self._current
            if self.guard is not None:
                self.guard(names)
            if self._path:
                files.save(self._path, after)
            self._current = after
        self._events.publish(SettingsChanged(names))
        return after


def _value(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value
