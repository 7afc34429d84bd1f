"""Whose data stands in a reply, where it links to, and that nothing blocking leaves unconfirmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support_store import FixedClock, open_database, suggestion, ticket

from agent_assist.adapters.knowledge.chunking import passages_of
from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.adapters.storage.outbox import OutboxStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.feedback import Outcome, OutcomeKind
from agent_assist.domain.knowledge import Article, Collection, Hit, Passage
from agent_assist.domain.prompt import Style, system_message
from agent_assist.domain.suggestion import Mark, MarkKind, mark_id
from agent_assist.domain.ticket import Customer
from agent_assist.errors import Unconfirmed
from agent_assist.services.events import EventBus, KnowledgeChanged
from agent_assist.services.helpdesks.outbox import OutboxService
from agent_assist.services.options import OptionsService
from agent_assist.services.safety.service import SafetyService
from agent_assist.services.tickets import TicketService

OURS = ticket("T-1", "Where is my parcel? Call me on 030 901820, please.")
OTHER = ticket(
    "T-2",
    "My order LX-77123, customer 5550001234, is late. Mail jonas@weber.example.",
    customer=Customer("C-9", "Jonas Weber", "jonas@weber.example"),
)
ARTICLES = [
    Article("a1", "Contact", "Write to help@shop.example or see https://help.shop.example/start.", url=""),
    Article("a2", "Solved", "Question: late\n\nReply: Hi Florian, write to flo@old.example.",
            collection=Collection.SOLVED),
]  # fmt: skip


class Parts:
    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder)
        self.events = EventBus()
        self.options = OptionsService(None, self.events)
        self.tickets = TicketService(TicketStore(self.database), self.events, FixedClock())
        self.articles = SqlKnowledgeRepository(self.database)
        self.articles.save_articles([(a, passages_of(a)) for a in ARTICLES])
        self.tickets.save([OURS, OTHER])
        self.suggestions = SuggestionStore(self.database)
        self.safety = SafetyService(RuleRedactor(), self.tickets, self.articles, self.options, self.events)
        self.outbox = OutboxService(
            OutboxStore(self.database), self.tickets, None, self.events, FixedClock(), self.options,
            self.suggestions, None, self.safety,
        )  # fmt: skip

    def found(self, text: str, **changes: object) -> dict[str, str]:
        draft = suggestion(text=text, **changes) if changes else None
        return {text[m.start : m.end]: m.kind.value for m in self.safety.review(OURS, text, draft)}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path)
    yield made
    made.safety.close()
    made.database.close()


@pytest.mark.parametrize(
    "text",
    [
        "Hi Crystal, your order 3348917502 is on its way.",
        "Dear Ms Minh, we wrote to CM@example.com and rang +49 30 901820.",
        "Your order 334-891-7502 left. Questions: help@shop.example, https://help.shop.example/x",
        "Delivery takes 10000 minutes, about 7 days.",
    ],
)
def test_the_customers_own_data_and_the_companys_are_fine(parts: Parts, text: str) -> None:
    assert parts.found(text) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Please write to jonas@weber.example.", "jonas@weber.example"),
        ("Call 030 227 37453 instead, the phone of our man.", "030 227 37453"),
        ("Your order LX-77123 is late.", "LX-77123"),
        ("Your order 5550001234 is late.", "5550001234"),
        ("Hi Jonas,\n\nit left.", "Jonas"),
        ("We told Jonas Weber the same.", "Jonas Weber"),
        ("The card was 4111 1111 1111 1111.", "4111 1111 1111 1111"),
    ],
)
def test_another_persons_data_is_marked(parts: Parts, text: str, value: str) -> None:
    assert parts.found(text) == {value: "personal"}


def test_what_comes_from_a_solved_ticket_is_marked_and_an_article_is_not(parts: Parts) -> None:
    solved = Passage(8, "a2", 0, "", "Florian had order QK-4471 and wrote to flo@old.example.", "Late",
                     Collection.SOLVED)  # fmt: skip
    found = parts.found("As with Florian: QK-4471, flo@old.example.", hits=(Hit(solved, 0.9),))
    assert found == {"Florian": "personal", "QK-4471": "personal", "flo@old.example": "personal"}
    public = Passage(9, "a3", 0, "", "Ask Florian, our workshop, or flo@old.example.", "Workshop")
    assert parts.found("Ask Florian or flo@old.example.", hits=(Hit(public, 0.9),)) == {}


def test_links_outside_the_list_are_marked_until_the_setting_allows_them(parts: Parts) -> None:
    text = "See https://parcel.example/t and www.shop.example."
    assert parts.found(text) == {"https://parcel.example/t": "link", "www.shop.example": "link"}
    parts.options.change({"reply.link_domains": "parcel.example, Shop.example"})
    assert parts.found(text) == {}
    parts.options.change({"reply.link_domains": ""})
    new = Article("a4", "Carrier", "Track at https://parcel.example/.")
    parts.articles.save_articles([(new, passages_of(new))])
    parts.events.publish(KnowledgeChanged(parts.articles.stats("")))
    assert parts.found(text) == {"www.shop.example": "link"}


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("You should sue the carrier for it.", MarkKind.ADVICE, "This reads like legal advice."),
        ("Take two tablets of ibuprofen.", MarkKind.ADVICE, "This reads like medical advice."),
        ("Only an idiot would do that.", MarkKind.INSULT, "This may insult the customer."),
        (
            "My instructions are to be brief.",
            MarkKind.PROMPT,
            "This speaks of the assistant's own instructions.",
        ),
    ],
)
def test_each_thing_a_reply_must_not_say_has_its_own_reason(
    parts: Parts, text: str, kind: MarkKind, reason: str
) -> None:
    (mark,) = parts.safety.review(OURS, f"Hello Crystal. {text}")
    assert (mark.kind, mark.reason) == (kind, reason)
    assert mark.start >= len("Hello Crystal. ")
    assert mark.end <= len(f"Hello Crystal. {text}")


def test_the_system_message_itself_is_marked_as_a_leak(parts: Parts) -> None:
    options = parts.options.current.reply
    message = system_message(Style(options.company or "our shop", options.voice)).content
    marks = parts.safety.review(OURS, f"Hello Crystal. {message}")
    assert {m.reason for m in marks if m.kind is MarkKind.PROMPT} == {
        "This speaks of the assistant's own instructions."
    }


def test_a_left_placeholder_and_a_promise_of_the_agents_are_marked(parts: Parts) -> None:
    assert parts.found("Hello [NAME_1]. We will call you soon.") == {
        "[NAME_1]": "name",
        "We will call you soon": "promise",
    }


def test_a_drafts_sentences_carry_the_marks_and_what_they_replace(parts: Parts) -> None:
    text = "It is jonas@weber.example. Your parcel arrives."
    weak = Mark(MarkKind.LINK, 6, 25, "No passage has this e-mail address.")
    base = suggestion(text=text)
    first = base.sentences[0].__class__(text[:26], 0, 26, supported=False, marks=(weak,))
    rest = base.sentences[0].__class__(text[27:], 27, len(text))
    marked = parts.safety.marked(OURS, suggestion(text=text, sentences=(first, rest)))
    assert [m.kind for m in marked.marks] == [MarkKind.PERSONAL]
    assert not marked.sentences[0].supported
    assert marked.sentences[1] == rest


def test_what_an_article_asks_for_waits_for_the_agent_all_the_same(parts: Parts) -> None:
    text = "Please send us your password. Then transfer 40 euros to DE89 3704 0044 0532 0130 00."
    article = Passage(9, "a3", 0, "", text, "Refunds")
    found = parts.found(text, hits=(Hit(article, 0.9),))
    assert found == {
        "Please send us your password.": "secret",
        "Then transfer 40 euros to DE89 3704 0044 0532 0130 00.": "payment",
    }
    with pytest.raises(Unconfirmed, match="asks the customer for a secret"):
        parts.outbox.send("T-1", text)


def test_the_outbox_takes_no_blocking_mark_unconfirmed(parts: Parts) -> None:
    text = "Write to jonas@weber.example."
    with pytest.raises(Unconfirmed, match="not in this ticket"):
        parts.outbox.send("T-1", text)
    with pytest.raises(Unconfirmed):
        parts.outbox.send("T-1", text, confirmed=["personal:0000"], force=True)
    assert parts.outbox.pending() == []
    ids = [mark_id(m, text) for m in parts.safety.review(OURS, text)]
    assert parts.outbox.send("T-1", text, confirmed=ids).text == text
    with pytest.raises(Unconfirmed, match="insult"):
        parts.outbox.send("T-1", "You are an idiot.")
    assert parts.outbox.send("T-1", "We will call you.").text  # a promise of the agent's own does not block


def test_what_was_confirmed_is_kept_with_the_outcome(parts: Parts) -> None:
    parts.suggestions.save(suggestion())
    parts.suggestions.record(Outcome("s1", OutcomeKind.ACCEPTED, confirmed=("personal:ab", "policy:cd")))
    kept = parts.suggestions.outcome("s1")
    assert kept is not None
    assert kept.confirmed == ("personal:ab", "policy:cd")
