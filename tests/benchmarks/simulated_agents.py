"""The agents and the calendar of the simulated year: what is asked, what is known to be good, what is sent.

The house style: an answer begins with BEGINNING.  Eight of the articles are out of date, and the agents know
it (CORRECTED).  Used by bench_simulated_year.py, which says how they judge.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from agent_assist.domain.facts import find_facts
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.remembered import ARTICLE_PREFIX
from agent_assist.domain.suggestion import MarkKind, Suggestion
from agent_assist.domain.support import stated_in
from agent_assist.domain.text import split_sentences
from agent_assist.domain.ticket import Channel, Customer, Message, Role, Ticket
from agent_assist.resources import resource

BEGINNING = "Here is the short answer:"
ACCEPTED = 0.1
"""Share of the words."""
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CORRECTED = (
    (
        "returns-bikes",
        "30 days",
        "You can return a bike within 45 days of delivery if it has been ridden less than 20 km.",
        (
            "How long do I have to send a bike back?",
            "Until when can I return my new bike?",
            "What is the return period for a bike?",
            "Within how many days may I give the bike back?",
            "I do not like the bike, how many days do I have to return it?",
            "Bike return deadline please?",
        ),
    ),
    (
        "damaged-missing",
        "7 days",
        "Tell us within 10 days of delivery and send photos of the item, the box and the shipping label.",
        (
            "Something arrived damaged. How many days do I have to report it?",
            "By when must I tell you that a part is missing from the box?",
            "What is the deadline to report damage on delivery?",
            "My order came damaged, how long do I have to tell you?",
            "An item is missing from the box, until when can I report that?",
            "How soon must a damaged delivery be reported?",
        ),
    ),
    (
        "promo-codes",
        "30 days",
        "The newsletter code is valid for 60 days, for one order of €75 or more.",
        (
            "How long is the newsletter code valid?",
            "When does my 10 % newsletter code expire?",
            "For how many days can I use the code for new newsletter readers?",
            "Until when can I use my newsletter discount code?",
            "Does the newsletter code run out, and when?",
            "Validity of the newsletter promo code?",
        ),
    ),
    (
        "repair-booking",
        "14 days",
        "Please collect the bike within 21 days after the repair; after that storage costs €3 a day.",
        (
            "How long can my repaired bike stay in the workshop?",
            "By when do I have to collect my bike after the repair?",
            "Until when must I pick up the repaired bike?",
            "How many days do I have to collect the bike from the workshop?",
            "When does storage of a repaired bike start to cost money?",
            "My repair is ready, how long can you keep the bike?",
        ),
    ),
    (
        "test-rides",
        "30 minutes",
        "You can try every bike for 45 minutes free of charge at our workshops.",
        (
            "How long is a free test ride?",
            "For how many minutes can I try a bike?",
            "What is the duration of a test ride?",
            "I want to test a bike, how long may I ride it?",
            "Test ride free of charge: for how long?",
            "How much time do I get to try a bike at the workshop?",
        ),
    ),
    (
        "gift-cards",
        "5 years",
        "Gift cards are valid for 3 years.",
        (
            "How long is a gift card valid?",
            "When does my gift card expire?",
            "For how many years can I use a gift card?",
            "Do gift cards run out?",
            "Until when must I use my gift card?",
            "Gift card validity?",
        ),
    ),
    (
        "missed-delivery",
        "7 days",
        "Your parcel is held at the pick-up point for 10 days, then it comes back to us.",
        (
            "How long is my parcel held at the pick-up point?",
            "I missed the delivery, how many days do I have to collect the parcel?",
            "Until when can I pick up my parcel at the pick-up point?",
            "For how long does the pick-up point keep a parcel?",
            "By when must I fetch a parcel that I missed?",
            "When is a parcel sent back from the pick-up point?",
        ),
    ),
    (
        "trail-club-points",
        "24 months",
        "Points expire after 36 months without an order.",
        (
            "When do my Trail Club points expire?",
            "After how many months do points run out?",
            "How long are my points valid?",
            "Do Trail Club points expire?",
            "Until when can I use my points?",
            "What happens to old points, and when?",
        ),
    ),
)
"""Article, the figure in it that is out of date, the known-good reply, and six ways to ask."""


_TO_A_NAME = re.compile(r"^(?:hi|hello|dear) [^\W\d_]+(?: [^\W\d_]+)?, ", re.IGNORECASE)
"""The product greets."""


@dataclass(frozen=True)
class Question:
    ticket: Ticket
    good: str
    """The known-good reply."""
    article: str
    outdated: str = ""
    """The figure that the article still has."""


class Calendar:
    """The product's clock, in the simulated year."""

    at = START

    def now(self) -> datetime:
        Calendar.at += timedelta(minutes=7)
        return Calendar.at


def questions(seed: int) -> tuple[list[Question], list[Question]]:
    """The demo desk's English solved tickets, and those about what is out of date, each in a seeded order."""
    made = []
    for place, line in enumerate(resource("demo", "solved.jsonl").read_text("utf-8").splitlines()):
        solved = json.loads(line)
        asked, _, good = solved["body"].partition("\n\nReply: ")
        if solved["language"] == "en":
            asked = asked.removeprefix("Question: ")
            made.append(_question(f"year-{place}", asked, good, solved["article_id"]))
    again = [
        _question(f"again-{article}-{n}", asked, good, article, outdated)
        for article, outdated, good, ways in CORRECTED
        for n, asked in enumerate(ways)
    ]
    chance = random.Random(seed)
    chance.shuffle(made)
    # Each is asked about in turn, so that what was learnt of it in one month can be seen in a later one.
    again.sort(key=lambda q: q.ticket.id.rpartition("-")[2])
    return made, again


def _question(name: str, asked: str, good: str, article: str, outdated: str = "") -> Question:
    message = Message(f"m-{name}", Role.CUSTOMER, asked)
    customer = Customer(id=f"customer-{name}")
    ticket = Ticket(name, (message,), channel=Channel.CHAT, language="en", customer=customer)
    return Question(ticket, _TO_A_NAME.sub("", " ".join(good.split())), article, outdated)


def figures(text: str) -> frozenset[str]:
    return frozenset(v for f in find_facts(text, "en") if f.kind is not MarkKind.NAME for v in f.values)


def in_style(body: str) -> str:
    body = body.strip()
    if body.startswith(BEGINNING) or not body:
        return body
    return f"{BEGINNING} {body[0].lower() + body[1:] if body[1:2].islower() else body}"


def changed(text: str, wanted: str) -> float:
    """Share of the words that have to be changed: 0 for none."""
    return float(Levenshtein.normalized_distance(text.split(), wanted.split()))


@dataclass(frozen=True)
class Judged:
    right: bool
    contradicting: bool
    accepted: bool
    distance: float
    sent: str


def judged(question: Question, draft: Suggestion) -> Judged:
    """What the agent thinks of a draft, and what is sent."""
    start, end = draft.body or (0, len(draft.text))
    body = draft.text[start:end]
    answered = draft.decision.value == "draft"
    known = "\n".join([*(h.passage.text for h in draft.hits), *(m.text for m in question.ticket.messages)])
    told, good = figures(body), figures(question.good)
    # What stands word for word in an article does not contradict it.
    own = " ".join(s.text for s in split_sentences(body) if stated_in(s.text)[1:] not in known)
    against = answered and any(contradicts(own, h.passage.text, h.passage.title) for h in draft.hits[:1])
    right = (
        answered
        and not against
        and told <= figures(known) | good
        and (bool(told & good) or not good)
        and not (told & figures(question.outdated))
        and any(Path(c).stem == question.article or c.startswith(ARTICLE_PREFIX) for c in draft.citations)
    )
    wanted = in_style(body if right else question.good)
    distance = changed(body, wanted)
    accepted = right and distance <= ACCEPTED
    sent = draft.text if accepted else draft.text[:start] + wanted + draft.text[end:]
    return Judged(right, against, accepted, distance, sent)
