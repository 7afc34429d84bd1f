from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from support_store import START, FixedClock, open_database, suggestion, ticket

from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.feedback import Action, ExportFormat, Reason, Strength
from agent_assist.domain.knowledge import Collection, Hit, Passage
from agent_assist.domain.prompt import build_messages
from agent_assist.domain.suggestion import Decision
from agent_assist.domain.ticket import format_time
from agent_assist.errors import BadInput
from agent_assist.services.events import EventBus
from agent_assist.services.feedback.service import FeedbackService
from agent_assist.services.feedback.table import COLUMNS
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

DRAFT = "Hello Crystal, your parcel arrives on Monday. Call +49 30 901820."
EDIT = "Hello Crystal, your parcel 3348917502 arrives on Monday. Call +49 30 901820."
REWRITE = "We are sorry. A new parcel is on its way to you."


class Desk:
    def __init__(self, folder: Path) -> None:
        events = EventBus()
        self.folder = folder
        self.database = open_database(folder)
        self.clock = FixedClock()
        self.options = OptionsService(None, events)
        self.store = SuggestionStore(self.database)
        self.tickets = TicketService(TicketStore(self.database), events, self.clock)
        self.feedback = FeedbackService(
            self.store, self.tickets, self.options, events, self.clock, RuleRedactor()
        )
        self.tickets.save(
            [ticket("T-1", "Where is 3348917502? Mail me: cm@example.com", "Checking.", "And now? Crystal")]
        )
        for number, decide in enumerate((DRAFT, EDIT, REWRITE, DRAFT.replace("Hello", "hello"), None)):
            self.store.save(
                suggestion(
                    f"s{number}", DRAFT, message_ids=("m0",), created_at=START + timedelta(days=number)
                )
            )
            if decide:
                self.feedback.decide(f"s{number}", decide, Action.SENT, reason_text="Crystal asked")
        self.feedback.reject("s4", [Reason.WRONG_FACT])

    def rows(self, wanted: str, **options: Any) -> list[dict[str, Any]]:
        path = self.folder / f"{wanted}.jsonl"
        self.report = self.feedback.export(wanted, path, **options)
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(rows) == self.report.rows
        self.card = Path(self.report.card_path).read_text(encoding="utf-8")
        assert self.report.card_path == f"{path}.card.md"
        return rows


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.database.close()


def is_conversation(messages: object, roles: set[str]) -> bool:
    """What TRL takes for a list of messages."""
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(set(m) == {"role", "content"} and m["role"] in roles and m["content"] for m in messages)
    )


def test_sft_rows_are_prompt_and_completion(desk: Desk) -> None:
    rows = desk.rows("sft", raw=True)
    assert [row["completion"] for row in rows] == [
        [{"role": "assistant", "content": text}]
        for text in (DRAFT, EDIT, REWRITE, DRAFT.replace("Hello", "hello"))
    ]
    for row in rows:
        assert set(row) == {"prompt", "completion", "meta", "ticket"}
        assert is_conversation(row["prompt"], {"system", "user", "assistant"})
        assert row["prompt"][-1]["role"] == "user"
    assert desk.report.skipped == {"not used as a reply": 1}
    assert "Not redacted" in desk.card


def test_the_prompt_is_the_one_that_serves(desk: Desk) -> None:
    desk.options.change({"reply.company": "Acme", "reply.voice": "warm"})
    first = ticket("T-1", "Where is 3348917502? Mail me: cm@example.com")
    kept = desk.store.get("s0")
    assert kept is not None
    served = build_messages(first, kept.hits, company="Acme", voice="warm", language="en")
    expected = [{"role": m.role, "content": m.content} for m in served]
    assert desk.rows("sft", raw=True)[0]["prompt"] == expected


def test_preference_rows_have_the_better_and_the_worse(desk: Desk) -> None:
    desk.store.save(suggestion("alternative", "The other draft.", alternative_of="s0", created_at=START))
    desk.feedback.prefer("alternative", "s0", Strength.MUCH)
    rows = desk.rows("preference", raw=True)
    assert [(r["chosen"][0]["content"], r["rejected"][0]["content"]) for r in rows] == [
        ("The other draft.", DRAFT),
        (EDIT, DRAFT),
        (REWRITE, DRAFT),
    ]
    for row in rows:
        assert set(row) == {"prompt", "chosen", "rejected", "meta"}
        assert all(is_conversation(row[name], {"assistant"}) for name in ("chosen", "rejected"))
    assert desk.report.skipped["only a typo was corrected"] == 1


def test_unpaired_rows_have_a_yes_or_no(desk: Desk) -> None:
    rows = desk.rows("unpaired", raw=True)
    assert [(row["completion"][0]["content"], row["label"]) for row in rows] == [
        (DRAFT, True),
        (DRAFT, False),
        (DRAFT, False),
    ]
    assert all(set(row) == {"prompt", "completion", "label", "meta"} for row in rows)


def test_a_handed_over_ticket_teaches_no_reply(desk: Desk) -> None:
    desk.store.save(suggestion("s9", "Summary for a colleague.", decision=Decision.ESCALATE))
    desk.feedback.decide("s9", "Summary for a colleague.", Action.SENT)
    for wanted in ("sft", "unpaired", "preference"):
        assert "Summary" not in json.dumps(desk.rows(wanted, raw=True))


def test_a_suggestion_without_its_ticket_is_counted(desk: Desk) -> None:
    desk.store.save(suggestion("s9", DRAFT, ticket_id="gone"))
    desk.feedback.decide("s9", DRAFT, Action.SENT)
    desk.rows("sft")
    assert desk.report.skipped["the ticket is no longer here"] == 1
    assert "the ticket is no longer here: 1" in desk.card


def test_personal_data_is_replaced_and_public_facts_stay(desk: Desk) -> None:
    for wanted in ("sft", "preference", "unpaired", "csv"):
        desk.feedback.export(wanted, desk.folder / "out")
        text = (desk.folder / "out").read_text(encoding="utf-8")
        for secret in ("Crystal", "cm@example.com", "3348917502"):
            assert secret not in text
        assert "+49 30 901820" in text
    edited = desk.rows("sft")[1]
    prompt = edited["prompt"][-1]["content"]
    assert "[ORDER_ID_1]" in prompt
    assert "[ORDER_ID_1]" in edited["completion"][0]["content"]
    assert "[NAME_1]" in edited["completion"][0]["content"]
    assert desk.report.redacted
    assert desk.report.entities["ORDER_ID"] > 1
    assert "ORDER_ID: " in desk.card


def test_solved_tickets_among_the_passages_are_redacted_too(desk: Desk) -> None:
    passage = Passage(
        9, "old", 0, "", "Ada Byron, ada@example.org, asked the same.", "Ticket of x@y.org", "solved"
    )
    desk.store.save(suggestion("s9", DRAFT, hits=(Hit(passage, 0.9),)))
    desk.feedback.decide("s9", DRAFT, Action.SENT)
    text = json.dumps(desk.rows("sft"))
    assert "[EMAIL_" in text
    assert "ada@example.org" not in text
    assert "x@y.org" not in text


def test_period_and_team(desk: Desk) -> None:
    assert len(desk.rows("sft", since=START + timedelta(days=1), until=START + timedelta(days=3))) == 2
    assert "2026-11-23" in desk.card
    assert desk.rows("sft", team="north") == []
    assert "Team: north" in desk.card


def test_csv_has_every_field_and_no_formula(desk: Desk) -> None:
    desk.store.save(suggestion("s9", "=HYPERLINK(1)", created_at=START + timedelta(days=9)))
    desk.feedback.mark_relevance("s9", "a1", True)
    desk.feedback.mark_relevance("s9", "a2", False)
    path = desk.folder / "all.csv"
    report = desk.feedback.export(ExportFormat.CSV, path)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert report.rows == len(rows) == 6
    assert list(rows[0]) == list(COLUMNS)
    assert rows[-1]["draft"] == "'=HYPERLINK(1)"
    assert json.loads(rows[-1]["relevant_articles"]) == ["a1"]
    assert json.loads(rows[-1]["irrelevant_articles"]) == ["a2"]
    assert rows[0]["outcome"] == "accepted"
    assert json.loads(rows[4]["reason_codes"]) == ["wrong_fact"]


def test_parquet_has_typed_columns(desk: Desk) -> None:
    desk.store.save(suggestion("open", DRAFT, created_at=START + timedelta(days=9)))
    path = desk.folder / "all.parquet"
    assert desk.feedback.export("parquet", path).rows == 6
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["article_scores"] == [0.8]
    assert rows[0]["confidence"] == 0.75
    assert (rows[-1]["outcome"], rows[-1]["edit_distance"]) == ("", None)


def test_an_empty_export_is_a_file_with_a_card(tmp_path: Path, desk: Desk) -> None:
    late = START + timedelta(days=99)
    for wanted in ExportFormat:
        report = desk.feedback.export(wanted, tmp_path / f"empty.{wanted}", since=late)
        assert report.rows == 0
        assert Path(report.card_path).exists()
    assert pyarrow.parquet.read_table(tmp_path / "empty.parquet").num_rows == 0


def test_a_file_that_cannot_be_written_says_so_and_the_old_one_stays(desk: Desk) -> None:
    for path in (desk.folder / "missing" / "out.jsonl", desk.folder):
        with pytest.raises(BadInput, match="cannot be written"):
            desk.feedback.export("sft", path)
    old = desk.folder / "old.jsonl"
    old.write_text("old")
    broken = suggestion("s99", DRAFT, created_at=START + timedelta(days=99))
    desk.store.save(broken)
    desk.database.write(lambda t: t.conn.execute("UPDATE suggestions SET record = '{' WHERE id = 's99'"))
    with pytest.raises(Exception, match="suggestion"):
        desk.feedback.export("sft", old)
    assert old.read_text() == "old"
    assert not list(desk.folder.glob(".old*"))


def test_an_unknown_channel_falls_back_to_the_tickets(desk: Desk) -> None:
    before = desk.rows("sft")
    kept = desk.store.get("s0")
    assert kept is not None
    desk.store.save(replace(kept, channel="fax"))
    after = desk.rows("sft")
    assert [(r["prompt"], r["completion"]) for r in after] == [(r["prompt"], r["completion"]) for r in before]


def test_a_row_says_when_and_where_it_came_from_and_names_nobody(desk: Desk) -> None:
    row = desk.rows("sft")[1]
    assert row["meta"]["outcome"] == "edited"
    assert row["meta"]["at"] == format_time(START + timedelta(days=1))
    assert row["ticket"]["messages"][0]["role"] == "customer"
    assert "[EMAIL_1]" in row["ticket"]["messages"][0]["text"]
    assert set(row["ticket"]["customer"]) == {"id"}
    assert "cm@example.com" not in json.dumps(row)
    assert "Crystal" not in json.dumps(row)


def test_greeting_and_closing_are_no_part_of_what_is_learned(desk: Desk) -> None:
    text = "Hello Crystal,\n\nIt arrives on Monday.\n\nKind regards"
    span = (text.index("It"), text.index("It") + len("It arrives on Monday."))
    for number, final in enumerate(
        (text, text.replace("Monday", "Tuesday at noon"), "Hi,\nit is on its way.")
    ):
        moment = START + timedelta(days=20 + number)
        desk.store.save(suggestion(f"b{number}", text, body=span, created_at=moment))
        desk.feedback.decide(f"b{number}", final, Action.SENT)
    late = {"since": START + timedelta(days=20)}
    assert [row["completion"][0]["content"] for row in desk.rows("sft", **late)] == [
        "It arrives on Monday.",
        "It arrives on Tuesday at noon.",
        "Hi,\nit is on its way.",
    ]
    pairs = [
        (r["chosen"][0]["content"], r["rejected"][0]["content"]) for r in desk.rows("preference", **late)
    ]
    assert pairs[0] == ("It arrives on Tuesday at noon.", "It arrives on Monday.")
    assert "Greeting and closing" in desk.card
    desk.feedback.export("csv", desk.folder / "all.csv", **late, raw=True)
    assert "Hello Crystal" in (desk.folder / "all.csv").read_text(encoding="utf-8")


def test_the_prompt_holds_the_passages_that_the_model_was_shown(desk: Desk) -> None:
    hits = tuple(Hit(Passage(i, f"a{i}", 0, "", f"Fact number {i} is so.", "T"), 0.9) for i in range(8))
    for number, shown in enumerate(((2,), None)):
        moment = START + timedelta(days=20 + number)
        desk.store.save(suggestion(f"p{number}", DRAFT, hits=hits, prompt_passages=shown, created_at=moment))
        desk.feedback.decide(f"p{number}", DRAFT, Action.SENT)
    first, second = (
        row["prompt"][-1]["content"] for row in desk.rows("sft", since=START + timedelta(days=20))
    )
    assert [i for i in range(8) if f"number {i}" in first] == [2]
    assert [i for i in range(8) if f"number {i}" in second] == [0, 1, 2, 3]


def test_the_prompt_holds_of_a_passage_what_the_model_was_shown_of_it(desk: Desk) -> None:
    whole = "It takes two days. Call +31 20 555 0199. Ask Crystal Mwangi."
    hits = (
        Hit(Passage(1, "a1", 0, "", "Returns are free. We pay the label.", "Returns"), 0.9),
        Hit(Passage(2, "s2", 0, "", whole, "Parcel", collection=Collection.SOLVED), 0.8),
    )
    shown = (2, 1), ("It takes two days. Call +31 20 555 0199.", "We pay the label.")
    made = suggestion("g1", DRAFT, hits=hits, prompt_passages=shown[0], created_at=START + timedelta(days=20))
    desk.store.save(replace(made, prompt_texts=shown[1]))
    desk.feedback.decide("g1", DRAFT, Action.SENT)
    row = next(iter(desk.rows("sft", since=START + timedelta(days=20))))
    asked = row["prompt"][-1]["content"]
    assert asked.index("It takes two days") < asked.index("We pay the label.")
    assert "Returns are free" not in asked
    assert "Crystal" not in asked
    assert "555" not in asked


def test_retrieval_rows_are_questions_with_the_articles_that_answered(desk: Desk) -> None:
    desk.feedback.mark_relevance("s3", "a7", True)
    desk.feedback.mark_relevance("s3", "a9", False)
    rows = desk.rows("retrieval")
    by_articles = {tuple(row["articles"]) for row in rows}
    assert ("a1",) in by_articles, "an accepted reply rests on what it cites"
    marked = next(row for row in rows if row["irrelevant"])
    assert marked["articles"][0] == "a7"
    assert marked["irrelevant"] == ["a9"]
    for row in rows:
        assert row["question"]
        assert "[" not in row["question"]
        assert "cm@example.com" not in row["question"]
        assert row["group"]
    assert desk.report.skipped["no article is known to answer it"] > 0
    assert "Questions with the articles" in desk.card
