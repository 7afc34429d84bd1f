from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from support_store import START, FixedClock, open_database, suggestion, ticket

from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.cli.context import Context
from agent_assist.cli.feedback import feedback
from agent_assist.domain.feedback import Action, Reason
from agent_assist.services.events import EventBus
from agent_assist.services.feedback.service import FeedbackService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FeedbackService]:
    database = open_database(tmp_path)
    events, clock, store = EventBus(), FixedClock(), SuggestionStore(database)
    tickets = TicketService(TicketStore(database), events, clock)
    tickets.save([ticket("T-1")])
    yield FeedbackService(store, tickets, OptionsService(None, events), events, clock, RuleRedactor())
    database.close()


def run(service: FeedbackService, *arguments: str) -> Result:
    context = Context()
    context._desk = SimpleNamespace(feedback=service)  # type: ignore[assignment]
    return CliRunner().invoke(feedback, arguments, obj=context)


@pytest.fixture
def used(service: FeedbackService) -> FeedbackService:
    for number in range(3):
        service.shown(
            suggestion(f"s{number}", f"Your parcel \x1b[2J {number} arrives on Monday, " + "dear " * 20)
        )
    service.decide("s0", "Your parcel arrives\non Monday.", Action.SENT)
    service.reject("s1", [Reason.WRONG_FACT], "no")
    service.report_missing("s1", "Sundays")
    return service


def test_stats(used: FeedbackService) -> None:
    result = run(used, "stats", "--json")
    data = json.loads(result.output)
    assert (data["suggestions"], data["decided"], data["by_kind"]["rejected"]) == (3, 2, 1)
    lines = run(used, "stats").output
    assert "3 drafts, 2 decided" in lines
    assert "reason wrong fact: 1" in lines


def test_stats_of_an_empty_workspace(service: FeedbackService) -> None:
    assert "0 drafts, 0 decided" in run(service, "stats").output
    assert run(service, "list").output == "No drafts yet.\n"
    assert json.loads(run(service, "list", "--json").output) == []


def test_list(used: FeedbackService) -> None:
    result = run(used, "list", "--limit", "2")
    assert len(result.output.splitlines()) == 2
    assert "\x1b" not in run(used, "list").output
    data = json.loads(run(used, "list", "--json").output)
    assert {row["suggestion_id"]: row["outcome"] for row in data} == {
        "s0": "rewritten",
        "s1": "rejected",
        "s2": None,
    }
    assert next(row for row in data if row["suggestion_id"] == "s1")["missing_note"] == "Sundays"


def test_until_includes_its_day(used: FeedbackService) -> None:
    day = START.date().isoformat()
    for options, count in (
        (("--until", day), 3),
        (("--until", f"{day}T08:00:00Z"), 0),
        (("--since", day), 3),
        (("--since", "2026-11-23"), 0),
        (("--team", "north"), 0),
    ):
        assert json.loads(run(used, "stats", "--json", *options).output)["suggestions"] == count


def test_a_bad_date_is_wrong_usage(used: FeedbackService) -> None:
    result = run(used, "stats", "--since", "yesterday")
    assert result.exit_code == 2
    assert "yesterday is not a date" in result.output


def test_export(used: FeedbackService, tmp_path: Path) -> None:
    target = tmp_path / "train.jsonl"
    result = run(used, "export", "--format", "sft", "--output", str(target))
    assert result.exit_code == 0
    assert f"1 row from 3 drafts written to {target}." in result.output
    assert "Personal data was replaced." in result.output
    report = json.loads(
        run(used, "export", "--format", "unpaired", "--output", str(target), "--raw", "--json").output
    )
    assert (report["rows"], report["redacted"], report["format"]) == (2, False, "unpaired")
    assert len(target.read_text().splitlines()) == 2
    assert (
        "holds personal data"
        in run(used, "export", "--format", "csv", "--output", str(target), "--raw").output
    )


@pytest.mark.parametrize("command", [[], ["stats"], ["list"], ["export"]])
def test_help_has_an_example(service: FeedbackService, command: list[str]) -> None:
    assert "Example: agent-assist feedback" in run(service, *command, "--help").output
