"""Makes pictures of the window in each of its states, for the README and for looking at it.

Usage: python packaging/screenshots.py FOLDER [NAME …]     (needs a display; Xvfb will do)

`desk`, only where it is named, is the README's picture: the real demo desk with the drafts of its model.
`python packaging/screenshots.py resources/help/images desk` takes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QWidget

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import support_window as sample  # noqa: E402

from agent_assist import settings  # noqa: E402
from agent_assist.domain.jobs import JobState, JobStatus  # noqa: E402
from agent_assist.domain.model import ModelState, ModelStatus  # noqa: E402
from agent_assist.domain.outbox import OutboxItem, OutboxState  # noqa: E402
from agent_assist.domain.suggestion import DraftState  # noqa: E402
from agent_assist.domain.ticket import Message, Role  # noqa: E402
from agent_assist.opening import window_opener  # noqa: E402
from agent_assist.ui.actions import Action, ActionRegistry  # noqa: E402
from agent_assist.ui.application import make_application  # noqa: E402
from agent_assist.ui.main_window import MainWindow  # noqa: E402
from agent_assist.ui.places import show_places  # noqa: E402
from agent_assist.ui.session import Session  # noqa: E402
from agent_assist.ui.theme import Theme  # noqa: E402
from agent_assist.ui.views.cheat_sheet import CheatSheet  # noqa: E402
from agent_assist.ui.views.palette import CommandPalette  # noqa: E402
from agent_assist.ui.views.queue_model import note_of  # noqa: E402

READY = ModelStatus(
    ModelState.READY, "SmolLM2-135M-Instruct", tokens_per_second=98.0, reason="No GPU was found."
)


def settle(milliseconds: int = 120) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Studio:
    """One window, put into one state after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = make_application()
        self.theme = Theme(self.app)
        self.theme.set_mode(settings.ThemeMode.LIGHT)
        self.window = self.new_window()

    def new_window(self) -> MainWindow:
        window = MainWindow(self.theme, "Agent Assist")
        show_places(window.rail)
        window.status.show_model(READY)
        window.show()
        return window

    def save(self, name: str, widget: QWidget | None = None) -> None:
        settle()
        target = widget or self.window
        target.grab().save(str(self.folder / f"{name}.png"))
        print(name)

    def queue(self, count: int = 12) -> None:
        queue = self.window.desk_view.queue
        queue.show_tickets(sample.summaries(count))
        drafts = {
            "1042": sample.draft(),
            "1043": sample.draft(DraftState.ABSTAINED),
            "1044": sample.draft(suggestion=sample.clean()),
            "1045": sample.draft(DraftState.FAILED),
            "1046": sample.draft(DraftState.GENERATING),
        }
        for ticket_id, draft in drafts.items():
            queue.show_note(ticket_id, note_of(draft))

    def ticket(self, state: DraftState | None = DraftState.READY, **changes: object) -> None:
        desk = self.window.desk_view
        ticket = sample.ticket()
        desk.queue.set_current(ticket.id)
        desk.show_ticket_area(True)
        desk.header.show_ticket(ticket)
        desk.conversation.show_ticket(ticket)
        desk.draft.show_ticket(ticket.id)
        desk.draft.document.reset()
        desk.evidence.clear(ticket)
        if state is not None:
            draft = sample.draft(state, **changes)
            desk.draft.show_draft(draft)
            desk.evidence.show_draft(draft, desk.draft.suggestion, ticket)
            desk.show_count(len(draft.hits))


def empty(studio: Studio) -> None:
    studio.window.desk_view.queue.show_tickets([])


def loading(studio: Studio) -> None:
    studio.window.status.show_model(ModelStatus(ModelState.LOADING, "SmolLM2-135M-Instruct", progress=0.4))
    job = JobStatus("j", "Import articles", JobState.RUNNING, 31, 120)
    studio.window.status.show_job(job)


def chosen_none(studio: Studio) -> None:
    studio.queue()


def state_of(state: DraftState, **changes: object) -> Callable[[Studio], None]:
    def show(studio: Studio) -> None:
        studio.queue()
        studio.ticket(state, **changes)

    return show


def marks(studio: Studio) -> None:
    studio.queue()
    studio.ticket()
    desk = studio.window.desk_view
    desk.draft.editor.go_to_fact()
    desk.evidence.show_sentence((11,), sample.sentences()[2].text)


def sentence(studio: Studio) -> None:
    studio.queue()
    studio.ticket(suggestion=sample.clean())
    desk = studio.window.desk_view
    desk.draft.editor.setFocus()
    cursor = desk.draft.editor.textCursor()
    cursor.setPosition(90)
    desk.draft.editor.setTextCursor(cursor)
    desk.evidence.show_sentence((11,), sample.sentences()[2].text)


def two(studio: Studio) -> None:
    studio.queue()
    one, other = sample.clean(), sample.suggestion(id="s2")
    studio.ticket(suggestion=one, alternatives=(one, other))
    studio.window.desk_view.draft.header.beside.setChecked(True)


def sent(studio: Studio) -> None:
    studio.queue()
    studio.ticket(suggestion=sample.clean())
    now = datetime.now(UTC)
    item = OutboxItem(
        "o", "1042", "x", "h", OutboxState.QUEUED, now - timedelta(seconds=2), now + timedelta(seconds=6)
    )
    studio.window.desk_view.undo.show_item(item, "Crystal Minh")
    studio.window.desk_view.draft.document.reset()
    studio.window.status.say("This edit is now 1 of 34 training examples.")


def long_text(studio: Studio) -> None:
    studio.queue()
    studio.ticket(None)
    text = "Dear team, " + "the parcel is still at the depot and nobody answers the phone. " * 60
    tricky = "Click \u202egnp.exe\u202c now\u200b, please. <b>not bold</b> <img src='file:///etc/hosts'>"
    messages = (
        Message("a", Role.CUSTOMER, text, sample.ago(hours=2)),
        Message("b", Role.CUSTOMER, tricky, sample.ago(hours=1)),
    )
    studio.window.desk_view.conversation.show_ticket(replace(sample.ticket(), id="long", messages=messages))


def language(studio: Studio) -> None:
    studio.queue()
    studio.ticket(None)
    studio.window.desk_view.draft.show_notice(
        "The model does not write German",
        "It writes English. Use an approved macro (type / below), hand over, or choose another model.",
    )


def narrow(studio: Studio) -> None:
    studio.queue()
    studio.ticket()
    studio.window.resize(780, 760)


def smallest(studio: Studio) -> None:
    studio.queue()
    studio.ticket()
    studio.window.resize(560, 700)


def side(studio: Studio) -> None:
    studio.queue()
    studio.ticket()
    studio.window.set_side(True)


def dark(studio: Studio) -> None:
    studio.theme.set_mode(settings.ThemeMode.DARK)
    marks(studio)


def dark_abstained(studio: Studio) -> None:
    studio.theme.set_mode(settings.ThemeMode.DARK)
    state_of(DraftState.ABSTAINED)(studio)


STATES: dict[str, Callable[[Studio], None]] = {
    "empty": empty,
    "loading": loading,
    "none-chosen": chosen_none,
    "prefilling": state_of(DraftState.PREFILLING),
    "streaming": state_of(DraftState.GENERATING),
    "checking": state_of(DraftState.CHECKING),
    "ready": state_of(DraftState.READY, suggestion=sample.clean()),
    "sentence": sentence,
    "marks": marks,
    "two-drafts": two,
    "abstained": state_of(DraftState.ABSTAINED),
    "stale": state_of(DraftState.STALE),
    "error": state_of(DraftState.FAILED),
    "language": language,
    "sent": sent,
    "long": long_text,
    "narrow": narrow,
    "smallest": smallest,
    "side": side,
    "dark": dark,
    "dark-abstained": dark_abstained,
}


def registry() -> ActionRegistry:
    actions = ActionRegistry()
    for number, (title, key) in enumerate(
        (
            ("Next ticket", "J"),
            ("Previous ticket", "K"),
            ("Send the reply", "Ctrl+Return"),
            ("Insert the reply", "Ctrl+I"),
            ("Write again", "Ctrl+R"),
            ("Search tickets", "Ctrl+F"),
            ("Show all keys", "?"),
        )
    ):
        actions.add(
            Action(
                f"a{number}", title, lambda: None, (key,), "Tickets" if number < 2 else "Reply", icon="send"
            )
        )
    return actions


def desk(studio: Studio) -> None:
    """The demo desk as it opens, when the drafts of the first tickets are there."""
    studio.theme.set_mode(settings.ThemeMode.LIGHT)
    session = Session(studio.theme, window_opener(None, demo=True))
    session.start()

    def drafted(ticket_id: str) -> bool:
        found = session.desk.drafting.current(ticket_id) if session.desk is not None else None
        return found is not None and found.state.final

    wait_for(lambda: session.controllers is not None and bool(session.controllers.tickets.current_id))
    shown = session.controllers.tickets.current_id if session.controllers is not None else ""
    wait_for(lambda: drafted(shown))
    ahead = session.desk.options.current.reply.prefetch if session.desk is not None else 0
    following = session.window.desk_view.queue.model.ids_after(shown, ahead)
    wait_for(lambda: all(drafted(ticket_id) for ticket_id in following))
    settle(1000)
    studio.save("desk", session.window)
    session.close()


def wait_for(there: Callable[[], bool]) -> None:
    """Until it is so, at most three minutes."""
    for _ in range(1800):
        if there():
            return
        settle(100)


def main(folder: str, *names: str) -> None:
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    studio = Studio(target)
    for name, show in STATES.items():
        if names and name not in names:
            continue
        studio.theme.set_mode(settings.ThemeMode.LIGHT)
        studio.window.close()
        studio.window.deleteLater()
        studio.window = studio.new_window()
        settle(30)
        show(studio)
        studio.save(name)
    if "desk" in names:
        studio.window.close()
        desk(studio)
    if not names or "palette" in names:
        studio.theme.set_mode(settings.ThemeMode.LIGHT)
        actions = registry()
        palette = CommandPalette(studio.theme, actions, studio.window)
        palette.open_over(studio.window)
        studio.save("palette", palette)
        palette.close()
        studio.save("keys", CheatSheet(studio.theme, actions, studio.window))


if __name__ == "__main__":
    main(*sys.argv[1:])
