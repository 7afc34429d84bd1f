# ruff: noqa: E501
"""Tickets, passages and drafts for the window's tests and screenshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.suggestion import (
    Decision,
    Draft,
    DraftState,
    Mark,
    MarkKind,
    Origin,
    Sentence,
    Suggestion,
    Timings,
)
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket, TicketStatus, TicketSummary
from agent_assist.errors import ModelDamaged

NOW = datetime.now(UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


HITS = (
    Hit(
        Passage(
            11,
            "returns",
            0,
            "Returns › Exchanges",
            "You can exchange an item for another size within 90 days of delivery. The first exchange is free. "
            "Use the prepaid label from your parcel, or print one from your order page. "
            "We send the new size as soon as the carrier has scanned the return. "
            "Items must be unworn, with the tags attached, and in the original box.",
            "Returns and exchanges",
            "articles",
            "",
            "en",
            ago(days=21),
        ),
        0.82,
        0.74,
        0.61,
    ),
    Hit(
        Passage(
            12,
            "macro-size",
            0,
            "",
            "Sorry that it does not fit. You can swap it for another size free of charge: put it back into the box "
            "and use the prepaid label.",
            "Size swap",
            "macros",
            "",
            "en",
            ago(days=80),
        ),
        0.64,
        0.62,
        0.4,
    ),
    Hit(
        Passage(
            13,
            "solved-0871",
            0,
            "",
            "Customer asked whether socks can be swapped. Socks cannot be exchanged once opened.",
            "Can I swap socks?",
            "solved",
            "",
            "en",
            ago(days=400),
        ),
        0.41,
        0.4,
        None,
    ),
)

DRAFT_TEXT = (
    "Hi Crystal,\n\n"
    "Sorry that the trail shoes are too small. You can exchange them for another size within 90 days of "
    "delivery, and the first exchange is free. Put them back into the box and use the prepaid label that came "
    "with your parcel. We will refund the $94 at once if the new size is sold out.\n\n"
    "Which size would you like instead?\n\n"
    "Kind regards\nMaya"
)


def _sentence(
    text: str, fragment: str, passages: tuple[int, ...] = (), marks: tuple[Mark, ...] = ()
) -> Sentence:
    start = text.index(fragment)
    names = {hit.passage.id: hit.passage.article_id for hit in HITS}
    return Sentence(
        fragment, start, start + len(fragment), tuple(names[p] for p in passages), passages, not marks, marks
    )


def _mark(text: str, fragment: str, kind: MarkKind, reason: str) -> Mark:
    start = text.index(fragment)
    return Mark(kind, start, start + len(fragment), reason)


def sentences(text: str = DRAFT_TEXT) -> tuple[Sentence, ...]:
    amount = _mark(text, "$94", MarkKind.AMOUNT, "No passage or message gives this amount.")
    promise = _mark(text, "We will refund", MarkKind.PROMISE, "No passage allows this promise.")
    return (
        _sentence(text, "Hi Crystal,"),
        _sentence(text, "Sorry that the trail shoes are too small."),
        _sentence(
            text,
            "You can exchange them for another size within 90 days of delivery, and the first exchange is free.",
            (11,),
        ),
        _sentence(
            text, "Put them back into the box and use the prepaid label that came with your parcel.", (12, 11)
        ),
        _sentence(text, "We will refund the $94 at once if the new size is sold out.", (), (promise, amount)),
        _sentence(text, "Which size would you like instead?"),
    )


def suggestion(**changes: object) -> Suggestion:
    base = Suggestion(
        id="s1",
        ticket_id="1042",
        message_ids=("m3",),
        thread_hash="h1",
        decision=Decision.DRAFT,
        origin=Origin.MODEL,
        text=DRAFT_TEXT,
        sentences=sentences(),
        hits=HITS,
        confidence=0.81,
        reasons=("Two passages answer the question.", "One amount and one promise need your eye."),
        language="en",
        channel="chat",
        model_name="SmolLM2-135M-Instruct",
        model_sha256="0" * 64,
        adapter_sha256="",
        prompt_version="1",
        timings=Timings(12, 210, 420),
        created_at=NOW,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def clean(**changes: object) -> Suggestion:
    """A suggestion in which nothing needs to be checked."""
    text = DRAFT_TEXT.replace(" We will refund the $94 at once if the new size is sold out.", "")
    kept = [s.text for s in sentences() if not s.marks]
    passages = {s.text: s.passages for s in sentences()}
    return suggestion(
        text=text,
        sentences=tuple(_sentence(text, s, passages[s]) for s in kept),
        reasons=("Two passages answer the question.",),
        **changes,
    )


def abstained() -> Suggestion:
    text = "Hi Crystal,\n\nIs it the shoe's length or its width that does not fit?\n\nKind regards\nMaya"
    return suggestion(
        id="s-abstained",
        decision=Decision.CLARIFY,
        origin=Origin.TEMPLATE,
        text=text,
        sentences=(),
        hits=HITS[2:],
        confidence=0.31,
        reasons=("No article says what to do when only one shoe of a pair fits.",),
    )


def draft(state: DraftState = DraftState.READY, **changes: object) -> Draft:
    given = changes.pop("suggestion", None)
    done = given or (abstained() if state is DraftState.ABSTAINED else suggestion())
    final = state in (DraftState.READY, DraftState.ABSTAINED, DraftState.STALE)
    values: dict[str, object] = {
        "ticket_id": "1042",
        "thread_hash": "h1",
        "state": state,
        "text": done.text if final else "",
        "hits": () if state in (DraftState.GATHERING, DraftState.RETRIEVING) else done.hits,
        "suggestion": done if final else None,
        "alternatives": (done,) if final else (),
    }
    if state is DraftState.GENERATING:
        values["text"] = DRAFT_TEXT[:168]
    if state is DraftState.FAILED:
        values["error"] = ModelDamaged(
            "The file of SmolLM2-135M-Instruct has changed since it was added."
        ).info
    return Draft(**{**values, **changes})  # type: ignore[arg-type]


def ticket(**changes: object) -> Ticket:
    base = Ticket(
        "1042",
        (
            Message(
                "m1",
                Role.CUSTOMER,
                "Hi, I got the wrong size of the trail shoes. They pinch at the toes.",
                ago(days=1, hours=2),
            ),
            Message(
                "m2", Role.AGENT, "Sorry about that. May I have your order number?", ago(days=1, hours=1)
            ),
            Message("note1", Role.NOTE, "Second contact this month, be generous.", ago(hours=3)),
            Message(
                "m3",
                Role.CUSTOMER,
                "It is A-20417. I wore them once, inside. Can I still send them back for a 42?\n\n"
                "> On Saturday Maya wrote:\n> Sorry about that. May I have your order number?",
                ago(minutes=26),
            ),
        ),
        "Wrong size, can I still return?",
        Channel.CHAT,
        "en",
        Customer("c1", "Crystal Minh", "crystal@example.org"),
        {"plan": "Bronze", "order": "A-20417"},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


_PEOPLE = (
    ("Crystal Minh", "Wrong size, can I still return?", Channel.CHAT, "en"),
    ("Jonas Weber", "Rechnung vom Oktober fehlt", Channel.EMAIL, "de"),
    ("@hike_more", "third time I ask, where is my parcel", Channel.SOCIAL, "en"),
    ("Lucía Ortega", "No puedo entrar en mi cuenta", Channel.MESSAGING, "es"),
    ("Amina Diallo", "Bon de réduction refusé au paiement", Channel.EMAIL, "fr"),
    ("Peter Lindqvist", "Does the rain jacket run small?", Channel.WEB, "en"),
    ("Rafael Souza", "Trocar o endereço de entrega", Channel.CHAT, "pt"),
    ("Grace Okafor", "Warranty for a torn seam", Channel.PHONE, "en"),
)


def summaries(count: int = 12) -> list[TicketSummary]:
    rows = []
    for number in range(count):
        name, subject, channel, language = _PEOPLE[number % len(_PEOPLE)]
        rows.append(
            TicketSummary(
                str(1042 + number),
                subject,
                channel,
                language,
                TicketStatus.OPEN,
                name,
                subject,
                3 + number % 5,
                ago(minutes=26 + 57 * number),
                number % 3 == 1,
                number % 4 != 3,
            )
        )
    return rows


def long_ticket(messages: int) -> Ticket:
    made = tuple(
        Message(
            f"m{n}",
            Role.AGENT if n % 3 == 2 else Role.CUSTOMER,
            f"Message {n}: the tracking page still says that the parcel waits at the depot, since Monday.",
            ago(minutes=5 * (messages - n)),
        )
        for n in range(messages)
    )
    return ticket(id="9000", messages=made, subject="A very long story")
