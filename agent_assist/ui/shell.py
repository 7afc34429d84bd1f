"""One desk at a time in this process: the one it was started with, and the way to another one."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject

from agent_assist.errors import ErrorInfo, WorkspaceBusy
from agent_assist.services.desk import Desk, DeskOpener, KeyNeed
from agent_assist.ui.instance import Claim, SingleInstance
from agent_assist.ui.session import Session
from agent_assist.ui.theme import Theme


class Shell(QObject):
    """`session` is the open one; None before `start`."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._instance: SingleInstance | None = None
        self._next: SingleInstance | None = None
        """Claimed for the desk that is about to be opened."""
        self._left: list[Session] = []
        self._closing: list[threading.Thread] = []
        self._moving = False
        self.session: Session | None = None

    def claim(self, opener: DeskOpener, link: str = "") -> bool:
        """Take the workspace for this process; False where another window has it, which is brought to
        the front with `link`.  Raises WorkspaceBusy where that one does not answer."""
        self._next = None
        if opener.folder is None:
            return True
        instance = SingleInstance(opener.folder, self)
        claim = instance.claim(link)
        if claim is Claim.SILENT:
            raise WorkspaceBusy("Another Agent Assist has this workspace open and does not answer.")
        if claim is Claim.HANDED_OVER:
            return False
        instance.activated.connect(self._on_activated)
        self._next = instance
        return True

    def start(self, opener: DeskOpener, desk: Desk | None = None, link: str = "") -> None:
        """Show the window of a claimed desk; what was open before is closed behind it."""
        old, self.session = self.session, Session(self._theme, opener, link, self)
        held, self._instance, self._next = self._instance, self._next, None
        self.session.desk_wanted.connect(self.move_to)
        self.session.new_key_wanted.connect(self.rekey)
        self.session.start(desk)
        if old is not None:
            # Kept until the end: its widgets listen to the theme, which stays.
            self._left.append(old)
            self._closing.append(old.leave())
        if held is not None:
            held.release()

    def move_to(self, opener: DeskOpener) -> None:
        """Open another desk in this process, asking for its passphrase where it needs one."""
        session = self.session
        if session is None or session.ui is None or self._moving:
            return
        self._moving = True
        session.ui.bridge.run(opener.need, lambda need: self._on_need(opener, need), self._on_error)

    def rekey(self, passphrase: str, new_passphrase: str) -> None:
        """Close the desk, give its workspace a new data key, and open it again in a new window."""
        session = self.session
        if session is None or self._moving:
            return
        free = threading.Event()
        self._next, self._instance = self._instance, None  # the claim on the folder stays ours
        self.start(session.opener.anew(passphrase, new_passphrase, free))
        closing = self._closing[-1]

        def wait() -> None:
            closing.join()
            free.set()

        self._closing.append(threading.Thread(target=wait, name="free-desk"))
        self._closing[-1].start()

    def close(self) -> None:
        """Close what is open and wait for what was left."""
        if self.session is not None:
            self.session.close()
        for thread in self._closing:
            thread.join()
        if self._instance is not None:
            self._instance.release()

    # --- inside ---------------------------------------------------------------------------------

    def _on_need(self, opener: DeskOpener, need: KeyNeed) -> None:
        if self.session is None:
            return
        try:
            claimed = self.claim(opener)
        except WorkspaceBusy as error:
            self._on_error(error.info)
            return
        if not claimed:
            self._moving = False
            self.session.window.status.say("That desk is open in another window.")
        elif need is KeyNeed.NOTHING:
            self._move(opener, None)
        else:
            self._unlock(opener, need)

    def _unlock(self, opener: DeskOpener, need: KeyNeed) -> None:
        from agent_assist.ui.dialogs.unlock import UnlockDialog

        dialog = UnlockDialog(self._theme, opener, need, self.session.window if self.session else None)
        dialog.quit.setText("Not now")
        dialog.opened.connect(lambda desk: self._move(opener, desk))
        dialog.rejected.connect(self._stay)
        dialog.open()

    def _move(self, opener: DeskOpener, desk: Desk | None) -> None:
        self._moving = False
        self.start(opener, desk)

    def _stay(self) -> None:
        self._moving = False
        if self._next is not None:
            self._next.release()
            self._next = None

    def _on_error(self, error: ErrorInfo) -> None:
        self._stay()
        if self.session is not None:
            self.session.window.desk_view.banner.show_error(error)

    def _on_activated(self, link: str) -> None:
        if self.session is not None:
            self.session.open_link(link)
