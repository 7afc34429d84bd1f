"""How the window gets its desk.  Light on purpose: nothing that only an open desk needs is imported
before the window is on the screen; the composition root is imported by the thread that opens."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from agent_assist.services.desk import Desk, DeskOpener, KeyNeed


class Opener:
    """Implements services.desk.DeskOpener for one folder, or for the demo desk."""

    def __init__(self, folder: Path | None, own: Path | None = None) -> None:
        """`folder` is None for the demo desk; `own` is where it leads to, the default folder for None."""
        self._folder = folder
        self._own = own

    @property
    def folder(self) -> Path | None:
        return self._folder

    @property
    def demo(self) -> bool:
        return self._folder is None

    def need(self) -> KeyNeed:
        if self._folder is None or os.environ.get("AGENT_ASSIST_PASSPHRASE"):
            return KeyNeed.NOTHING
        from agent_assist.adapters import secrets
        from agent_assist.adapters.workspace import Workspace

        if not Workspace.needs_passphrase(self._folder, secrets.system_keyring):
            return KeyNeed.NOTHING
        return KeyNeed.PASSPHRASE if Workspace.exists(self._folder) else KeyNeed.NEW_PASSPHRASE

    def open(self, passphrase: str = "") -> Desk:
        from agent_assist.app import open_desk
        from agent_assist.services.beginning import begin

        given = passphrase or os.environ.get("AGENT_ASSIST_PASSPHRASE", "")
        desk = open_desk(self._folder, demo=self.demo, passphrase=lambda: given)
        begin(desk)
        return desk

    def own(self) -> DeskOpener:
        if self._own is None:
            from agent_assist.adapters.workspace import default_folder

            return Opener(default_folder())
        return Opener(self._own)

    def anew(self, passphrase: str, new_passphrase: str, free: threading.Event) -> DeskOpener:
        return _Anew(self._folder, passphrase, new_passphrase, free)

    def demo_desk(self) -> DeskOpener:
        return Opener(None, self._folder)


class _Anew(Opener):
    """Gives the workspace a new data key, once, and opens it."""

    def __init__(
        self, folder: Path | None, passphrase: str, new_passphrase: str, free: threading.Event
    ) -> None:
        super().__init__(folder)
        self._passphrase, self._new, self._free = passphrase, new_passphrase, free
        self._done = False

    def need(self) -> KeyNeed:
        return KeyNeed.NOTHING

    def open(self, passphrase: str = "") -> Desk:
        from agent_assist.app import rekey_workspace

        self._free.wait()
        if not self._done:
            rekey_workspace(self._folder, self._passphrase, self._new)
            self._done = True
        return super().open(self._new or self._passphrase)


def window_opener(folder: Path | None, *, demo: bool) -> Opener:
    """What the window opens: the folder that was named, else the person's workspace, else the demo desk."""
    if demo:
        return Opener(None, folder)
    if folder is not None:
        return Opener(folder)
    from agent_assist.adapters.workspace import Workspace, default_folder

    return Opener(default_folder() if Workspace.exists(default_folder()) else None)
