"""House style learnt from what agents send: counted by channel and language, refusable and private."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support_store import FixedClock, Listener, open_database, suggestion, ticket

from agent_assist.adapters.privacy.rules import RuleRedactor
from agent_assist.adapters.storage.remembered import RememberedStore
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.tickets import TicketStore
from agent_assist.domain.feedback import Action
from agent_assist.domain.house import PLAIN, Style
from agent_assist.domain.remembered import RuleState
from agent_assist.domain.suggestion import Decision
from agent_assist.domain.ticket import Channel, Customer
from agent_assist.services.events import EventBus, RulesChanged
from agent_assist.services.feedback.house_style import HouseStyle
from agent_assist.services.feedback.service import FeedbackService
from agent_assist.services.options import OptionsService
from agent_assist.services.tickets import TicketService

NAMES = ("Ana Diaz", "Bo Lund", "Cem Kaya", "Dora Weiss", "Eva Popov", "Finn Moe")
DRAFT = "Hi {name},\n\nParcels take a day. Is there anything else I can do for you?\n\nKind regards"
OURS = "Hello {name},\n\nParcels take a day. Let us know if not.\n\nBest wishes"
STYLE = Style(greeting="Hello {name},", offer="Let us know if not.", closing="Best wishes")


class Team:
    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder)
        self.clock = FixedClock()
        events = EventBus()
        self.told = Listener(events)
        options = OptionsService(None, events)
        suggestions = SuggestionStore(self.database)
        self.tickets = TicketService(TicketStore(self.database), events, self.clock)
        self.rules = RememberedStore(self.database)
        redactor = RuleRedactor()
        self.feedback = FeedbackService(suggestions, self.tickets, options, events, self.clock, redactor)
        self.house = HouseStyle(self.rules, suggestions, self.tickets, redactor, options, events, self.clock)
        self._count = 0

    def sends(
        self, text: str, draft: str = DRAFT, name: str = "", ticket_id: str = "", **changes: object
    ) -> None:
        """One more reply, `{name}` in both texts being its customer."""
        self._count += 1
        self.clock.pass_time(60)
        name = name or NAMES[self._count % len(NAMES)]
        called = name.split()[0]
        identity = ticket_id or f"T-{self._count}"
        self.tickets.save([ticket(identity, customer=Customer(identity, name, "x@example.com"))], "test")
        values = {"ticket_id": identity, "created_at": self.clock.now()} | changes
        one = suggestion(f"s{self._count}", draft.replace("{name}", called), **values)
        self.feedback.shown(one)
        self.feedback.decide(one.id, text.replace("{name}", called), Action.SENT)
        self.house.learn(one.channel, one.language)

    def style(self, channel: Channel = Channel.EMAIL, language: str = "en") -> Style:
        return self.house.of(channel, language)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    team = Team(tmp_path)
    yield team
    team.house.close()
    team.database.close()


def test_after_three_edits_alike_drafts_have_the_houses_words(team: Team) -> None:
    team.sends(OURS)
    team.sends(OURS)
    assert team.style() is PLAIN
    team.sends(OURS)
    assert team.style() == STYLE
    assert team.style(Channel.CHAT) is PLAIN
    assert team.style(language="de") is PLAIN
    rules = {r.style: r for r in team.rules.all()}
    assert set(rules) == {"greeting", "offer", "closing"}
    assert rules["closing"].before == "Kind regards"
    assert "3 of the last 3 replies" in rules["closing"].why
    assert any("“Best wishes”" in e.sentence for e in team.told.of(RulesChanged))


def test_a_phrase_that_one_ticket_has_again_and_again_is_no_habit(team: Team) -> None:
    for _ in range(5):
        team.sends(OURS, ticket_id="T-same")
    assert team.style() is PLAIN


def test_replies_of_another_kind_do_not_count(team: Team) -> None:
    for _ in range(3):
        team.sends(OURS, decision=Decision.CLARIFY)
        team.sends(OURS, channel="chat")
        team.sends(OURS, language="de")
    assert team.style() is PLAIN


def test_nobodys_name_number_or_address_becomes_style(team: Team) -> None:
    own = OURS.replace("Hello {name},", "Dear Ms Diaz,").replace(
        "Let us", "Ask Rita Lopez at +49 30 901820 or let us"
    )
    for _ in range(6):
        team.sends(own, name="Ana Diaz")
    kept = " ".join(r.after for r in team.rules.all())
    assert "Diaz" not in kept
    assert "901820" not in kept
    assert team.style() == Style(offer="", closing="Best wishes")


def test_a_habit_that_was_refused_does_not_come_back(team: Team) -> None:
    for _ in range(3):
        team.sends(OURS)
    for rule in team.rules.all():
        team.rules.save(replace(rule, state=RuleState.DISABLED))
    team.house._known = None
    for _ in range(5):
        team.sends(OURS)
    assert team.style() is PLAIN


def test_a_new_style_takes_the_old_ones_place(team: Team) -> None:
    for _ in range(3):
        team.sends(OURS)
    for _ in range(8):
        team.sends(OURS, draft=OURS)
    assert team.style() == STYLE
    for _ in range(7):
        team.sends(OURS.replace("Best wishes", "Cheers"), draft=OURS)
    assert team.style() == replace(STYLE, closing="Cheers")
    assert len(team.rules.all()) == 3
    for _ in range(8):
        team.sends(DRAFT, draft=OURS)
    assert team.style() is PLAIN


def test_what_was_usual_months_ago_is_no_habit(team: Team) -> None:
    team.sends(OURS)
    team.sends(OURS)
    team.clock.pass_time(100 * 86_400)
    team.sends(OURS)
    assert team.style() is PLAIN


def test_a_part_that_is_always_taken_out_is_left_out(team: Team) -> None:
    for _ in range(3):
        team.sends(DRAFT.replace(" Is there anything else I can do for you?", ""))
    assert team.style() == Style(offer="")
    (rule,) = team.rules.all()
    assert "left out" in rule.why
