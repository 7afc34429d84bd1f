"""Strings that break programs, 5 MB texts, mixed encodings and nested quotes, through everything that reads.

The strings are the Big List of Naughty Strings (MIT) in the folder that the issue names; without it those
tests are skipped.  Parts that read must neither fail nor change what they keep.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support_store import FixedClock, open_database, ticket

from agent_assist.adapters.helpdesks.mail_message import read_body, read_envelope
from agent_assist.adapters.knowledge.chunking import passages_of
from agent_assist.adapters.policy_file import read_policy
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.injection import find_injections, readable
from agent_assist.domain.knowledge import Article
from agent_assist.domain.mailtext import reduce_mail
from agent_assist.domain.prompt import build_prompt
from agent_assist.domain.safety import find_unsafe, greeted, links_in
from agent_assist.domain.text import clean, split_sentences, visible
from agent_assist.domain.ticket import QueueFilter, Ticket, ticket_from_json, ticket_to_json
from agent_assist.errors import AgentAssistError
from agent_assist.services.events import EventBus
from agent_assist.services.tickets import TicketService

TRAPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "unicode" / "naughty_strings.jsonl"
MORE = ("\x00a\x00", "\udce4 lone", "a\u0000b", "\u202eevil\u202c", "e" + "\u0301" * 5000, "\U000e0041" * 300)
LARGE = 5_000_000


def traps() -> list[str]:
    if not TRAPS.is_file():
        pytest.skip("the strings are not on this machine")
    return [json.loads(line)["text"] for line in TRAPS.read_text("utf-8").split("\n") if line.strip()]


def read_everywhere(text: str) -> None:
    """Every reader that works on text alone; each offset it gives must lie in the text."""
    for html in (False, True):
        assert isinstance(reduce_mail(text, html=html).text, str)
    for span in split_sentences(text):
        assert text[span.start : span.end].strip() == span.text.strip()
    for article in (False, True):
        for found in find_injections(text, article=article):
            assert 0 <= found.start < found.end <= len(text)
        assert isinstance(readable(text, article=article), str)
    for mark in find_unsafe(text):
        assert 0 <= mark.start < mark.end <= len(text)
    for start, end, _ in links_in(text):
        assert 0 <= start < end <= len(text)
    greeted(text)
    visible(text)
    clean(text)
    read_policy(text)


def test_every_trap_is_read_by_every_reader() -> None:
    for text in (*traps(), *MORE):
        read_everywhere(text)
        read_everywhere(f"Hi {text},\n> {text}\nOn Monday {text} wrote:\n>> {text}")


def test_every_trap_survives_as_a_ticket_and_is_found_in_the_queue(database: Database) -> None:
    store = TicketStore(database)
    kept: list[Ticket] = []
    for number, text in enumerate(traps()):
        made = ticket(f"T-{number}", text or "x", "Yes", subject=text, fields={"order": text}, tags=(text,))
        again = ticket_from_json(json.loads(json.dumps(ticket_to_json(made))))
        assert again.messages[0].text == made.messages[0].text
        kept.append(again)
    store.save(kept)
    for made in kept:
        found = store.get(made.id)
        assert found is not None
        assert found.messages[0].text == made.messages[0].text
        assert found.subject == made.subject
        store.queue(QueueFilter(text=made.subject))


def test_every_trap_is_prompt_article_and_mail() -> None:
    for text in (*traps(), *MORE):
        prompt = build_prompt(ticket("T-1", text or "x", subject=text), [], company=text[:80], steer=text)
        assert prompt.messages[-1].role == "user"
        for _, piece in passages_of(Article("a", text[:100] or "t", text)):
            assert piece.strip() or not text.strip()
        body = text.encode("utf-8", "surrogateescape")
        raw = b"From: a@b.example\r\nSubject: " + body.split(b"\n")[0] + b"\r\n\r\n" + body
        read_envelope(raw, None)
        assert isinstance(read_body(raw).reduced.text, str)


@pytest.mark.parametrize(
    "unit",
    ["> > > quoted\n", "Größe 日本語 😀 ", "<div>"],
    ids=["quotes", "one line of scripts", "tags"],
)
def test_five_megabytes_are_read(unit: str) -> None:
    text = unit * (LARGE // len(unit.encode()))
    reduce_mail(text)
    reduce_mail(text, html=True)
    readable(text)
    find_injections(text)
    build_prompt(ticket("T-1", text), [])
    clean(text)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252", "shift_jis", "gb18030"]
)
def test_files_of_mixed_encodings_are_read_or_told(tmp_path: Path, encoding: str) -> None:
    row = json.dumps(ticket_to_json(ticket("T-1", "Grösse? 日本")), ensure_ascii=False)
    whole = (
        row.encode("utf-8") + b"\n" + row.encode(encoding, "replace") + b"\n" + b"\xff\xfe\x00" + row.encode()
    )
    path = tmp_path / "tickets.jsonl"
    path.write_bytes(whole)
    database = open_database(tmp_path)
    service = TicketService(TicketStore(database), EventBus(), FixedClock())
    told = ""
    try:
        service.import_files([path])
    except AgentAssistError as error:
        told = f"{error.sentence} {error.remedy}".strip()
    kept = service.queue()
    database.close()
    assert kept or told


@pytest.mark.parametrize("depth", [1, 50, 2000])
def test_quotes_in_quotes_are_folded(depth: int) -> None:
    text = "I still wait.\n\n" + "\n".join(f"{'> ' * level}level {level}" for level in range(1, depth + 1))
    assert reduce_mail(text).text.startswith("I still wait.")
    html = "<p>I still wait.</p>" + "<blockquote>" * depth + "old" + "</blockquote>" * depth
    assert reduce_mail(html, html=True).text.startswith("I still wait.")
