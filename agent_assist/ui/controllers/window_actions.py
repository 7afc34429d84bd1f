"""All that can be done in the window, with its keys, in one list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal

from agent_assist import settings
from agent_assist.domain.ticket import TicketStatus
from agent_assist.ui.actions import Action
from agent_assist.ui.context import UiContext
from agent_assist.ui.controllers.draft_controller import DraftController
from agent_assist.ui.controllers.queue_controller import QueueController
from agent_assist.ui.controllers.reply_controller import ReplyController
from agent_assist.ui.controllers.ticket_controller import TicketController
from agent_assist.ui.main_window import MainWindow
from agent_assist.ui.plain import one_line
from agent_assist.ui.views.cheat_sheet import CheatSheet
from agent_assist.ui.views.evidence_panel import SHOWN
from agent_assist.ui.views.palette import CommandPalette, Entry


@dataclass(frozen=True)
class Controllers:
    """Those that actions call."""

    queue: QueueController
    tickets: TicketController
    drafts: DraftController
    reply: ReplyController


class _Section:
    """Collects the actions of one section of the cheat sheet; keys are given as "Ctrl+A F1"."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.actions: list[Action] = []

    def __call__(
        self,
        action_id: str,
        title: str,
        run: Callable[[], object],
        keys: str = "",
        enabled: Callable[[], bool] | None = None,
        icon: str = "",
    ) -> None:
        when = enabled if enabled is not None else _always
        self.actions.append(Action(action_id, title, run, tuple(keys.split()), self._name, when, icon))


def _always() -> bool:
    return True


class WindowActions(QObject):
    """Makes the actions of the window and keeps them enabled where they can be done."""

    side_changed = Signal(bool)
    """Whether the side layout is on."""

    def __init__(self, ui: UiContext, window: MainWindow, controllers: Controllers) -> None:
        super().__init__(window)
        self._ui, self._window, self._c = ui, window, controllers
        self._view = window.desk_view
        self._palette = CommandPalette(ui.theme, ui.actions, window)
        ui.actions.add_all(
            (*self._tickets(), *self._reply(), *self._draft(), *self._evidence(), *self._window_())
        )
        ui.actions.install(window)
        ui.actions.let_through(self._view.draft.editor, self._view.draft.steer.edit, self._view.queue.search)
        self._view.draft.reply.name_keys(ui.actions)
        self._view.draft.state_changed.connect(ui.actions.refresh_soon)
        window.place_changed.connect(lambda _: ui.actions.refresh_soon())

    # --- the list -------------------------------------------------------------------------------

    def _tickets(self) -> list[Action]:
        queue, tickets, add = self._view.queue, self._c.tickets, _Section("Tickets")
        has = self._has_ticket
        add("tickets.next", "Next ticket", lambda: queue.step(1), "J", self._on_desk, "chevron-down")
        add("tickets.previous", "Previous ticket", lambda: queue.step(-1), "K", self._on_desk, "chevron-up")
        add("tickets.search", "Search tickets", self._search, "Ctrl+F", None, "search")
        add("tickets.solve", "Mark as solved", self._solve, "Ctrl+Shift+E", has, "solved")
        add("tickets.pending", "Mark as pending", self._wait, "", has, "clock")
        add("tickets.unread", "Mark as unread", tickets.mark_unread, "U", has, "eye")
        add("tickets.note", "Add an internal note", tickets.add_note, "Ctrl+Shift+N", has, "note")
        add("tickets.hand_over", "Hand over", self._c.drafts.hand_over, "Ctrl+Shift+H", has, "handover")
        add("tickets.import", "Import tickets", self._c.queue.import_tickets, "", None, "download")
        return add.actions

    def _reply(self) -> list[Action]:
        panel, reply, add = self._view.draft, self._c.reply, _Section("Reply")
        text, facts = self._has_text, self._has_facts
        add("reply.send", "Send the reply", reply.send, "Ctrl+Return Ctrl+Enter", text, "send")
        add("reply.insert", "Put the reply into the page", reply.insert, "Ctrl+I", text, "insert")
        direct = "Send the reply from here"
        add("reply.deliver", direct, reply.deliver, "Ctrl+Shift+Return Ctrl+Shift+Enter", text, "send")
        add("reply.copy", "Copy the reply", reply.copy, "Ctrl+Shift+C", text, "copy")
        undo = "Take back the reply sent last"
        add("reply.undo_send", undo, reply.withdraw_last, "Ctrl+Shift+Z", lambda: reply.can_withdraw, "undo")
        add("reply.reject", "Reject the draft", self._reject, "Ctrl+Shift+X", self._has_suggestion, "reject")
        add("reply.write", "Write in the reply", self._write, "R", self._has_ticket, "note")
        add("reply.fact", "Go to the next fact to check", panel.editor.go_to_fact, "F8", facts, "triangle")
        add("reply.confirm", "Confirm the fact at the caret", self._confirm, "Ctrl+Shift+Y", facts, "check")
        add("reply.remove", "Remove the sentence with the fact", self._remove, "Ctrl+Shift+D", facts, "trash")
        return add.actions

    def _draft(self) -> list[Action]:
        panel, drafts, add = self._view.draft, self._c.drafts, _Section("Draft")
        has, several = self._has_ticket, self._has_several
        add("draft.redo", "Write again", drafts.regenerate, "Ctrl+R", has, "redo")
        add("draft.alternative", "Write an alternative", drafts.alternative, "Ctrl+Shift+R", has, "plus")
        add("draft.previous", "Previous draft", lambda: panel.step(-1), "Ctrl+[", several, "chevron-left")
        add("draft.next", "Next draft", lambda: panel.step(1), "Ctrl+]", several, "chevron-right")
        add(
            "draft.beside",
            "Two drafts beside each other",
            panel.header.beside.toggle,
            "Ctrl+D",
            several,
            "side",
        )
        add("draft.stop", "Stop writing", drafts.stop, "Ctrl+.", self._is_writing, "stop")
        add("draft.steer", "Steer the draft", self._steer, "S", has, "sparkle")
        add("draft.macro", "Insert a macro", panel.steer.start_macro, "/", has, "macro")
        return add.actions

    def _evidence(self) -> list[Action]:
        add = _Section("Evidence")
        for number in range(1, SHOWN + 1):
            add(
                f"evidence.{number}",
                f"Open evidence {number}",
                partial(self._open_evidence, number),
                f"Alt+{number}",
                partial(self._has_evidence, number),
                "article",
            )
        there = self._has_suggestion
        use, any_card = self._view.evidence.use_focused, partial(self._has_evidence, 1)
        add("evidence.use", "Draft from the evidence in focus", use, "D", any_card, "sparkle")
        add("evidence.missing", "Knowledge is missing", self._missing, "Ctrl+Shift+M", there, "flag")
        return add.actions

    def _window_(self) -> list[Action]:
        view, add = self._view, _Section("Window")
        add("window.palette", "Find any action", self.open_palette, "Ctrl+K", None, "search")
        add("window.keys", "Show all keys", self.show_keys, "? F1", None, "keyboard")
        add("window.queue", "Show or hide the queue", lambda: view.toggle("queue"), "Ctrl+B", None, "panel")
        fold = "Show or hide the evidence"
        add("window.evidence", fold, lambda: view.toggle("evidence"), "Ctrl+E", None, "side")
        add("window.side", "Side layout, always on top", self.toggle_side, "Ctrl+Shift+S", None, "pin")
        add("window.theme", "Light or dark", self._toggle_theme, "", None, "moon")
        add("window.quit", "Quit", self._window.close, "Ctrl+Q", None, "close")
        return add.actions

    # --- when -------------------------------------------------------------------------------------

    def _on_desk(self) -> bool:
        return self._window.place == "queue"

    def _has_ticket(self) -> bool:
        return self._on_desk() and bool(self._c.tickets.current_id)

    def _has_text(self) -> bool:
        return self._has_ticket() and bool(self._view.draft.text.strip())

    def _has_facts(self) -> bool:
        return bool(self._view.draft.document.open_facts)

    def _has_several(self) -> bool:
        draft = self._view.draft.draft
        return draft is not None and len(draft.alternatives) > 1

    def _has_evidence(self, number: int) -> bool:
        return len(self._view.evidence.cards) >= number

    def _has_suggestion(self) -> bool:
        draft = self._view.draft.draft
        return self._view.draft.suggestion is not None or (draft is not None and draft.suggestion is not None)

    def _is_writing(self) -> bool:
        draft = self._view.draft.draft
        return draft is not None and draft.state.working

    # --- what -------------------------------------------------------------------------------------

    def open_palette(self) -> None:
        tickets = [
            Entry(f"#{s.id}  {one_line(s.subject or s.excerpt, 80)}", self._opener(s.id), icon="chat")
            for s in self._view.queue.model.summaries[:200]
        ]
        self._palette.open_over(self._window, tickets)

    def _opener(self, ticket_id: str) -> Callable[[], None]:
        def run() -> None:
            self._window.go_to("queue")
            self._c.tickets.open(ticket_id)

        return run

    def show_keys(self) -> None:
        CheatSheet(self._ui.theme, self._ui.actions, self._window).open()

    def _solve(self) -> None:
        self._c.tickets.set_status(TicketStatus.SOLVED)

    def _wait(self) -> None:
        self._c.tickets.set_status(TicketStatus.PENDING)

    def _steer(self) -> None:
        self._view.draft.steer.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _search(self) -> None:
        self._window.go_to("queue")
        if not self._view.queue.isVisible():
            self._view.toggle("queue")
        self._view.queue.focus_search()

    def _write(self) -> None:
        self._view.draft.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _open_evidence(self, number: int) -> None:
        if not self._view.evidence.isVisible():
            self._view.toggle("evidence")
        self._view.evidence.open_number(number)

    def _reject(self) -> None:
        self._view.draft.reply.reject_wanted.emit()

    def _missing(self) -> None:
        self._view.draft.missing_wanted.emit()

    def _confirm(self) -> None:
        self._with_fact(self._view.draft.document.confirm)

    def _remove(self) -> None:
        self._with_fact(self._view.draft.document.remove_fact)

    def _with_fact(self, act: Callable[..., None]) -> None:
        editor, document = self._view.draft.editor, self._view.draft.document
        fact = document.fact_at(editor.textCursor().position())
        if fact is None or not fact.open:
            editor.go_to_fact()
        else:
            act(fact)

    def toggle_side(self) -> None:
        side = not self._window.side
        self._window.set_side(side)
        self.side_changed.emit(side)
        self._change("appearance.side_layout", side)

    def _toggle_theme(self) -> None:
        theme = settings.ThemeMode.LIGHT if self._ui.theme.dark else settings.ThemeMode.DARK
        self._ui.theme.set_mode(theme)
        self._change("appearance.theme", theme.value)

    def _change(self, name: str, value: object) -> None:
        self._ui.bridge.run(lambda: self._ui.desk.options.change({name: value}))
