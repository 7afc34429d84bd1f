"""What `agent-assist run` does where no window can open: the first demo ticket, drafted in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap
from typing import TextIO, TypeVar

from agent_assist import __version__
from agent_assist.domain.knowledge import Hit
from agent_assist.domain.model import ModelState
from agent_assist.domain.suggestion import Decision, Origin, Sentence, Suggestion
from agent_assist.domain.text import visible
from agent_assist.domain.ticket import QueueFilter, Role, Ticket
from agent_assist.errors import Cancelled
from agent_assist.services.desk import Desk

INTERRUPTED = 130
STOP_SECONDS = 3.0
"""How long an interrupted draft may take to wind up before the program ends anyway."""

EXCERPT = 220
"""Characters shown of a passage."""

T = TypeVar("T")

_ORIGINS = {
    Origin.MODEL: "Written by the model.",
    Origin.MACRO: "Taken from an approved macro.",
    Origin.PASSAGES: "",  # the reasons that follow say it
    Origin.TEMPLATE: "Not written by the model.",
}
_DECISIONS = {
    Decision.DRAFT: "Draft",
    Decision.CLARIFY: "A question to ask first",
    Decision.ESCALATE: "Better handed over",
}
_NEXT = (
    ("The window opens on a machine with a display. On this one:", ""),
    ("from another computer", "ssh -X THIS-MACHINE, then make run"),
    ("on a virtual screen", "xvfb-run make run"),
    ("with a screen attached", "DISPLAY=:0 make run"),
    ("Everything else works here as well:", ""),
    ("search your own articles", "{command} kb add FOLDER, then {command} kb search QUESTION"),
    ("draft a batch of tickets", "{command} draft --input tickets.jsonl --output drafts.jsonl"),
    ("see what this machine can do", "{command} doctor"),
)


class Page:
    """Calm, wrapped output that suits a terminal, a narrow one, and a pipe."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.live = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        """Whether what was written can be written over."""
        self.columns = max(20, shutil.get_terminal_size((80, 24)).columns)
        self.width = max(19, min(88, self.columns - 1))
        self._bold, self._plain = ("\033[1m", "\033[0m") if self.live else ("", "")

    def write(self, text: str) -> None:
        encoding = self._out.encoding or "utf-8"
        self._out.write(text.encode(encoding, "replace").decode(encoding))
        self._out.flush()

    def line(self, text: str = "", indent: int = 0, hanging: int | None = None) -> None:
        """One paragraph, or several where `text` has line breaks."""
        for part in visible(text).split("\n"):
            first, rest = " " * indent, " " * (indent if hanging is None else hanging)
            lines = wrap(
                part, self.width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
            )
            self.write("\n".join(lines or [""]) + "\n")

    def heading(self, text: str) -> None:
        self.write(f"\n{self._bold}{visible(text)}{self._plain}\n")

    def status(self, text: str) -> None:
        """Replace the line that is being written; a page that is not live keeps the first one."""
        if self.live:
            self.write(f"\r\033[K{text[: self.width]}")

    def erase(self, lines: int) -> None:
        """Take back the last `lines` lines of a live page."""
        if self.live and lines:
            self.write(f"\033[{lines}F\033[J")


class Stream:
    """Text that grows: complete words are shown as they come, wrapped at the page's width."""

    def __init__(self, page: Page, indent: int = 2) -> None:
        self._page = page
        self._indent = " " * indent
        self._shown = ""
        self._rest = ""
        self._column = 0
        self.lines = 0
        """Lines of the terminal taken so far."""

    def update(self, text: str) -> None:
        """`text` is all of it so far; a text that does not continue the last one starts anew."""
        text = visible(text)
        if not text.startswith(self._shown):
            self.end()
            self._shown = ""
        # The last word may still grow, and a word that was printed cannot be moved to the next line.
        ready = text[: max(text.rfind(" "), text.rfind("\n")) + 1]
        self._add(ready[len(self._shown) :])
        self._shown = ready
        self._rest = text[len(ready) :]

    def end(self) -> None:
        """Show what is left and end the line."""
        self._add(self._rest)
        self._rest = ""
        if self._column:
            self._break()

    def _add(self, text: str) -> None:
        for number, part in enumerate(text.split("\n")):
            if number:
                self._break()
            for word in part.split(" "):
                self._word(word)

    def _word(self, word: str) -> None:
        if not word:
            return
        if self._column and self._column + 1 + len(word) > self._page.width:
            self._break()
        lead = " " if self._column else self._indent
        self._page.write(lead + word)
        self._column += len(lead) + len(word)

    def _break(self) -> None:
        self._page.write("\n")
        self.lines += 1 + max(0, self._column - 1) // self._page.columns
        self._column = 0


def run_terminal_demo(desk: Desk, out: TextIO) -> int:
    """Draft the first ticket of the demo desk on `out`; returns the exit code.

    Raises AgentAssistError where the model or the index cannot be used.
    """
    page = Page(out)
    cancel = threading.Event()
    try:
        ticket = _first_ticket(desk)
        page.heading(f"Agent Assist {__version__}")
        page.line("There is no display here, so this is the demo desk in the terminal.")
        if ticket is None:
            page.line("The queue is empty. Nothing to draft.")
            return 0
        _show_ticket(page, ticket)
        _get_ready(desk, page, cancel)
        page.heading("The draft, as the model writes it")
        stream = Stream(page)
        suggestion = _apart(lambda: desk.drafting.draft(ticket, cancel=cancel, on_text=stream.update), cancel)
        stream.end()
        if page.live:
            page.erase(stream.lines + 2)
        _show_suggestion(page, suggestion)
        _show_figures(desk, page, suggestion)
        _show_next(page)
    except (KeyboardInterrupt, Cancelled):
        page.write("\nStopped.\n")
        return INTERRUPTED
    return 0


def _first_ticket(desk: Desk) -> Ticket | None:
    """The ticket with the lowest number: the demo desk's first is the best one to begin with."""
    rows = desk.tickets.queue(QueueFilter())
    return desk.tickets.get(min(row.id for row in rows)) if rows else None


def _apart(work: Callable[[], T], cancel: threading.Event) -> T:
    """Do `work` on a thread of its own, so that Ctrl+C is heard at once; it then sets `cancel`."""
    ended = threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # handed to the thread that waits
            errors.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="terminal-demo", daemon=True).start()
    try:
        while not ended.wait(0.1):  # not by `join`: see `stopping`
            pass
    except KeyboardInterrupt:
        cancel.set()
        ended.wait(STOP_SECONDS)
        raise
    if errors:
        raise errors[0]
    return results[0]


def _get_ready(desk: Desk, page: Page, cancel: threading.Event) -> None:
    """Load the model and the search index, which takes seconds the first time."""
    started = time.monotonic()
    words = "Loading the model and the articles …"
    page.write(f"\n{words}")

    def load() -> None:
        if desk.models.status.state is not ModelState.READY:
            desk.models.start()
        desk.knowledge.encode_missing(
            lambda done, total, _: page.status(f"{words} {done} of {total}"), cancel
        )
        desk.knowledge.warm_up()

    _apart(load, cancel)
    page.status(words)
    stats = desk.knowledge.stats()
    page.write(f" {time.monotonic() - started:.0f} s\n")
    page.line(
        f"{stats.articles} articles, macros and solved tickets can be cited, in {stats.passages} passages."
    )


def _show_ticket(page: Page, ticket: Ticket) -> None:
    page.heading(f"{ticket.id}  {ticket.subject}")
    details = [
        ticket.channel.value,
        *(f"{name.replace('_', ' ')} {value}" for name, value in ticket.fields.items()),
    ]
    page.line(" · ".join(details))
    for message in ticket.messages:
        if message.role is Role.NOTE:
            continue
        name = "You" if message.role is Role.AGENT else ticket.customer.name or "Customer"
        when = f"  {message.created_at:%H:%M}" if message.created_at else ""
        page.write("\n")
        page.line(f"{name}{when}", indent=2)
        page.line(message.text, indent=4)


def _numbers(suggestion: Suggestion) -> dict[str, int]:
    """Article id to the number it has on the page, in the order of the draft."""
    return {article: number for number, article in enumerate(suggestion.citations, 1)}


def _marked(sentence: Sentence, numbers: dict[str, int]) -> str:
    cited = "".join(f" [{numbers[article]}]" for article in sentence.citations)
    return f"{sentence.text}{cited}{' (!)' if sentence.marks else ''}"


def _show_suggestion(page: Page, suggestion: Suggestion) -> None:
    numbers = _numbers(suggestion)
    page.heading(f"{_DECISIONS[suggestion.decision]}, checked against your articles")
    text, end = "", 0
    for sentence in suggestion.sentences:
        text += suggestion.text[end : sentence.start] + _marked(sentence, numbers)
        end = sentence.end
    page.line(text + suggestion.text[end:], indent=2)
    page.write("\n")
    if _ORIGINS[suggestion.origin]:
        page.line(_ORIGINS[suggestion.origin], indent=2)
    for mark in suggestion.marks:
        page.line(f"(!) “{suggestion.text[mark.start : mark.end]}”: {mark.reason}", indent=2, hanging=6)
    for reason in suggestion.reasons:
        page.line(reason, indent=2)
    page.heading("What it rests on")
    first: dict[str, Hit] = {}
    for hit in suggestion.hits:
        first.setdefault(hit.passage.article_id, hit)
    for article, number in numbers.items():
        if article in first:
            _show_passage(page, f"[{number}]", first[article])
    others = [hit for article, hit in first.items() if article not in numbers]
    if others:
        page.line(f"Also read: {'; '.join(hit.passage.title for hit in others)}.", indent=2)
    elif not numbers:
        page.line("No passage fits well enough.", indent=2)


def _show_passage(page: Page, number: str, hit: Hit) -> None:
    passage = hit.passage
    words = " ".join(passage.text.split())
    excerpt = words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + " …"
    page.line(f"{number} {passage.title}  ·  {passage.collection}  ·  {hit.score:.2f}", indent=2, hanging=6)
    page.line(f"“{excerpt}”", indent=6)


def _show_figures(desk: Desk, page: Page, suggestion: Suggestion) -> None:
    status = desk.models.status
    timings = suggestion.timings
    page.write("\n")
    figures = [f"{suggestion.model_name or 'No model'} on {status.backend.value.upper()}"]
    if timings.first_token:
        figures.append(f"first word after {timings.first_token / 1000:.1f} s")
    figures.append(f"done in {timings.total / 1000:.1f} s")
    if status.tokens_per_second:
        figures.append(f"{status.tokens_per_second:.0f} tokens/s")
    page.line(" · ".join(figures) + ". Nothing was sent anywhere.")


def _show_next(page: Page) -> None:
    page.heading("What next")
    own = os.path.relpath(Path(sys.executable).parent / "agent-assist")
    called = "agent-assist" if shutil.which("agent-assist") else own
    for words, command in _NEXT:
        if command:
            page.line(f"{words}: {command.format(command=called)}", indent=2, hanging=6)
        else:
            page.line(words)
