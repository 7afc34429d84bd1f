"""The demo desk is complete, and no figure in it contradicts another one."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz, process

from agent_assist.adapters.demo import COMPANY, load_demo
from agent_assist.domain.knowledge import Article
from agent_assist.domain.ticket import Role, ticket_from_json, ticket_to_json
from agent_assist.resources import resource

DESK = load_demo()
ARTICLES = {article.id: article for article in DESK.articles}
NUMBER = re.compile(r"\d[\d.,:]*\d|\d")
DERIVED = {("trail-club-points", "20"), ("size-clothing", "43")}
"""(article, number) that a reply works out from the article's own figures."""


def rows(name: str) -> list[dict[str, Any]]:
    lines = resource("demo", name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


SOLVED = rows("solved.jsonl")
MACROS = rows("macros.jsonl")


def split_solved(body: str) -> tuple[str, str]:
    question, reply = body.split("\n\nReply: ", 1)
    return question.removeprefix("Question: "), reply


def text_of(article: Article) -> str:
    return f"{article.title} {article.body}"


def test_there_is_enough_of_everything() -> None:
    assert len(DESK.articles) >= 45
    assert len(DESK.macros) >= 12
    assert len(DESK.solved) >= 150
    assert len(DESK.tickets) >= 40
    assert len(DESK.follow_ups) >= 10


def test_the_queue_covers_channels_and_languages() -> None:
    channels = Counter(ticket.channel.value for ticket in DESK.tickets)
    languages = Counter(ticket.language for ticket in DESK.tickets)
    assert {"chat", "email", "social", "messaging"} <= channels.keys()
    assert languages["en"] > sum(languages.values()) / 2
    assert all(languages[language] >= 3 for language in ("de", "fr", "es", "pt"))
    assert sum(len(ticket.messages) > 1 for ticket in DESK.tickets) >= 8


def test_ids_are_unique() -> None:
    for articles in (DESK.knowledge, DESK.tickets):
        assert max(Counter(item.id for item in articles).values()) == 1
    for ticket in DESK.tickets:
        assert max(Counter(message.id for message in ticket.messages).values()) == 1


def test_tickets_are_interchange_tickets_with_times_in_order() -> None:
    first, last = datetime(2026, 11, 15, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)
    for ticket in DESK.tickets:
        assert ticket_from_json(ticket_to_json(ticket)) == ticket
        times = [message.created_at for message in ticket.messages]
        assert all(time is not None for time in times)
        assert times == sorted(times, key=lambda time: time or first)
        assert all(first < time < last for time in times if time), ticket.id
        assert ticket.customer.name
        assert ticket.subject
        assert ticket.open_customer_messages, f"{ticket.id} waits for nobody"


def test_the_first_ticket_is_the_one_to_begin_with() -> None:
    # The terminal and the first-run steps take the ticket with the lowest number.
    first = min(DESK.tickets, key=lambda ticket: ticket.id)
    assert first == DESK.tickets[0]
    newest = max(DESK.tickets, key=lambda ticket: str(ticket.messages[-1].created_at))
    assert first == newest, "it is on top of the queue, too"
    assert first.language == "en"
    assert [message.role for message in first.messages] == [Role.CUSTOMER, Role.AGENT, Role.CUSTOMER]


def test_follow_ups_belong_to_tickets() -> None:
    assert DESK.follow_ups.keys() <= {ticket.id for ticket in DESK.tickets}
    assert all(DESK.follow_ups.values())


@pytest.mark.parametrize(
    "needle",
    ["<|im_end|>", "Ignore all previous instructions", "\u202e", "\u200b", "lawyer", "human being", "stocks"],
)
def test_difficult_tickets_are_there(needle: str) -> None:
    texts = " ".join(f"{t.subject} {m.text}" for t in DESK.tickets for m in t.messages)
    assert needle in texts


def test_a_long_thread_and_a_long_email_are_there() -> None:
    assert max(len(ticket.messages) for ticket in DESK.tickets) >= 10
    assert max(len(message.text) for ticket in DESK.tickets for message in ticket.messages) > 3000


def test_solved_tickets_name_an_article_and_have_question_and_reply() -> None:
    assert len(SOLVED) == len(DESK.solved)
    for row in SOLVED:
        assert row["article_id"] in ARTICLES, row["id"]
        assert row["language"] == ARTICLES[row["article_id"]].language, row["id"]
        question, reply = split_solved(row["body"])
        assert len(question) > 10
        assert len(reply) > 10


def test_every_english_article_but_none_twice_too_often_was_used() -> None:
    used = Counter(row["article_id"] for row in SOLVED)
    assert {a.id for a in DESK.articles if a.language == "en"} <= used.keys()
    assert max(used.values()) <= 10


@pytest.mark.parametrize("row", SOLVED, ids=lambda row: row["id"])
def test_replies_state_only_figures_of_their_article(row: dict[str, Any]) -> None:
    question, reply = split_solved(row["body"])
    known = set(NUMBER.findall(text_of(ARTICLES[row["article_id"]]))) | set(NUMBER.findall(question))
    unknown = [n for n in NUMBER.findall(reply) if n not in known and (row["article_id"], n) not in DERIVED]
    assert not unknown, reply


@pytest.mark.parametrize("row", MACROS, ids=lambda row: row["id"])
def test_macros_state_only_figures_of_their_articles(row: dict[str, Any]) -> None:
    known = {n for name in row["article_ids"] for n in NUMBER.findall(text_of(ARTICLES[name]))}
    assert set(NUMBER.findall(row["body"])) <= known
    assert set(re.findall(r"{(\w+)}", row["body"])) == {"customer_name", "agent_name", "company"}


def test_the_common_macros_exist_in_every_language() -> None:
    ids = {row["id"]: row["language"] for row in MACROS}
    for name in ("macro-return", "macro-tracking", "macro-holding"):
        assert ids[name] == "en"
        for language in ("de", "fr", "es", "pt"):
            assert ids[f"{name}.{language}"] == language


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (r"within (\d+) days of (?:the )?delivery", {"7", "14", "30", "60", "90"}),
        (r"[Ee]xpress[^.|]*?€(\d[\d.]*)", {"9.90"}),
        (r"(?:deduct|deducted)[^.€]*€(\d[\d.]*)", {"4.90", "39"}),
        (r"refund within (\d+) working days", {"5", "2"}),
        (r"free from €(\d+)", {"50", "60", "80", "100", "150"}),
        (r"Gold[^.]*?(\d+) days", {"100"}),
        (r"Standard shipping to Germany costs €(\d[\d.]*)", {"4.90"}),
        (r"held(?: there)? for (\d+) days", {"7"}),
        (r"valid for (\d+) years", {"5"}),
    ],
)
def test_one_policy_has_one_figure(pattern: str, allowed: set[str]) -> None:
    english = " \n".join(text_of(a) for a in DESK.knowledge if a.language == "en")
    found = {match.rstrip(".") for match in re.findall(pattern, english)}
    assert found
    assert found <= allowed


@pytest.mark.parametrize("base", ["returns", "shipping-costs", "lost-parcel"])
def test_translations_state_the_figures_of_the_original(base: str) -> None:
    original = set(NUMBER.findall(text_of(ARTICLES[base]))) | set(
        NUMBER.findall(text_of(ARTICLES["refunds"]))
    )
    original |= {
        n for name in ("shipping-express", "bike-delivery") for n in NUMBER.findall(ARTICLES[name].body)
    }
    for language in ("de", "fr", "es", "pt"):
        translated = ARTICLES[f"{base}.{language}"]
        assert translated.language == language
        numbers = {n.replace(",", ".") for n in NUMBER.findall(translated.body)}
        assert numbers - original - {"17"} == set()


def test_no_two_texts_are_near_duplicates() -> None:
    replies = [split_solved(row["body"])[1] for row in SOLVED]
    questions = [split_solved(row["body"])[0] for row in SOLVED]
    for texts in (
        replies,
        questions,
        [a.body for a in DESK.articles],
        [t.messages[0].text for t in DESK.tickets],
    ):
        scores = process.cdist(texts, texts, scorer=fuzz.ratio)
        for number in range(len(texts)):
            scores[number][number] = 0
        assert scores.max() < 88, texts[int(scores.argmax()) // len(texts)]


def test_only_reserved_domains_are_named() -> None:
    texts = [*resource("demo").rglob("*.md"), *resource("demo").rglob("*.jsonl")]
    everything = "\n".join(p.read_text(encoding="utf-8") for p in texts)
    for host in re.findall(r"(?:\w@|https?://|www\.)([\w.-]+\w)", everything):
        assert re.search(r"(?:^|\.)(?:larchwheel\.example|example\.(?:com|org|net))$", host), host
    assert COMPANY in everything


def test_a_desk_of_ones_own_can_be_loaded_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.md").write_text(
        "---\nid: a\ntitle: A: the title\n---\n\nText.\n", encoding="utf-8"
    )
    for name in ("macros", "solved"):
        (tmp_path / f"{name}.jsonl").write_text("", encoding="utf-8")
    ticket = {"id": "1", "messages": [{"role": "customer", "text": "Hi"}], "follow_up": "More"}
    (tmp_path / "tickets.jsonl").write_text(json.dumps(ticket) + "\n\n", encoding="utf-8")
    desk = load_demo(tmp_path)
    assert desk.articles == (Article("a", "A: the title", "Text."),)
    assert desk.follow_ups == {"1": "More"}
    assert [t.id for t in desk.tickets] == ["1"]
