"""A message with several questions: what is decided of each, with the search's answers given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from agent_assist.adapters.language import PackagedLanguageDetector
from agent_assist.domain.knowledge import Hit, Passage
from agent_assist.domain.suggestion import Decision, Sentence
from agent_assist.domain.text import coverage
from agent_assist.domain.ticket import Message, Role, Ticket
from agent_assist.services.drafting.context import DraftContext, gather
from agent_assist.services.drafting.decision import Verdict, Way, decide
from agent_assist.services.drafting.guardrails import Judged
from agent_assist.services.drafting.several import consider, whole
from agent_assist.settings import Settings

KEYS = Passage(
    1, "keys", 0, "", "A spare key for a lock costs 12 euros and takes 5 days.", title="Spare keys"
)
TENTS = Passage(
    2, "tents", 0, "", "Drops inside the tent are condensation: open both vents.", title="Wet tents"
)


class Shelf:
    """Search and nearness over two passages, by shared words: what the encoder does is not tested here."""

    shelf = (KEYS, TENTS)

    def for_questions(self, ticket: Ticket, questions: Sequence[str], k: int) -> list[list[Hit]]:
        return [[self.hit(q, p) for p in self.shelf] for q in questions]

    def passages_of(self, article_id: str) -> list[Passage]:
        return [p for p in self.shelf if p.article_id == article_id]

    def cosines(self, texts: Sequence[str], ids: Sequence[int]) -> list[list[float]]:
        passages = {p.id: p for p in self.shelf}
        return [[self.near(t, passages[i]) for i in ids] for t in texts]

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> list[list[float]]:
        return [[0.9 * coverage(t, o) for o in others] for t in texts]

    def hit(self, text: str, passage: Passage) -> Hit:
        return Hit(passage, self.near(text, passage), dense=self.near(text, passage), lexical=None)

    def near(self, text: str, passage: Passage) -> float:
        return 0.9 * coverage(text, f"{passage.title} {passage.text}")


def context_of(text: str) -> DraftContext:
    ticket = Ticket("T", (Message("m", Role.CUSTOMER, text),), language="en")
    return gather(ticket, PackagedLanguageDetector(), Settings())


def considered(text: str) -> tuple[Verdict, list[Hit]]:
    shelf: Any = Shelf()
    context = context_of(text)
    hits = sorted((shelf.hit(text, p) for p in (KEYS, TENTS)), key=lambda h: -h.score)
    before = decide(context, hits, speaks=True, minimum=0.5)
    return consider(context, before, hits, shelf, shelf, 0.5)


def test_each_question_has_its_passage_and_what_nothing_speaks_of_is_open() -> None:
    verdict, hits = considered(
        "What does a spare key for a lock cost? Are drops inside the tent condensation? "
        "Can you recommend shares of airlines?"
    )
    assert (verdict.decision, verdict.way) == (Decision.DRAFT, Way.ANSWERS)
    assert [p.hit.passage.article_id if p.hit else "" for p in verdict.parts] == ["keys", "tents", ""]
    assert [p.open for p in verdict.parts] == [False, False, True]
    assert {h.passage.id for h in hits} == {1, 2}
    assert any("shares of airlines" in reason for reason in verdict.reasons)


def test_one_question_and_too_many_change_nothing_but_a_note() -> None:
    verdict, _ = considered("What does a spare key for a lock cost?")
    assert verdict.parts == ()
    colours = ("red", "green", "blue", "yellow", "orange", "violet")
    many, _ = considered(" ".join(f"What does a spare key for a {c} lock cost?" for c in colours))
    assert many.parts == ()
    assert any("more than 5 things" in reason for reason in many.reasons)


def test_a_question_for_a_price_is_answered_by_a_passage_that_names_one() -> None:
    booking = Passage(
        3,
        "booking",
        0,
        "",
        "Book the repair of a flat tyre in Ghent. A repair takes a day.",
        title="Book a repair",
    )
    prices = Passage(
        4, "prices", 0, "", "A flat tyre costs 15 euros. Gears cost 18 euros.", title="Price list"
    )

    class Workshop(Shelf):
        shelf = (booking, prices)

    shelf: Any = Workshop()
    text = "What do you charge for a flat tyre and do I have to book the repair?"
    context = context_of(text)
    hits = sorted((shelf.hit(text, p) for p in shelf.shelf), key=lambda h: -h.score)
    assert hits[0].passage is booking
    before = decide(context, hits, speaks=True, minimum=0.5)
    verdict, _ = consider(context, before, hits, shelf, shelf, 0.5)
    assert [p.hit.passage.article_id for p in verdict.parts if p.hit] == ["prices", "booking"]


def test_a_wording_that_leaves_a_question_out_does_not_pass() -> None:
    verdict, _ = considered("What does a spare key for a lock cost? Are drops inside the tent condensation?")
    sentence = Sentence(
        "A spare key costs 12 euros.", 0, 27, citations=("keys",), passages=(1,), supported=True
    )
    half = Judged(sentence.text, (sentence,), True, 1.0)
    assert not whole(half, verdict.parts).passed
    assert whole(half, ()).passed
    assert cast("str", whole(half, verdict.parts).why_not)
