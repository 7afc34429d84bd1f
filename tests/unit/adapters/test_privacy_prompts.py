"""What the model behind gets to see, and what comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_assist.adapters.privacy.placeholders import Restorer, restore
from agent_assist.adapters.privacy.prompts import ADVICE, RedactedPrompts
from agent_assist.adapters.privacy.redactor import TicketRedactor
from agent_assist.domain.model import (
    Candidate,
    ChatMessage,
    EngineFacts,
    Finished,
    GenerationEvent,
    GenerationRequest,
    ModelRecord,
    ModelStatus,
    PromptRead,
    StopReason,
    TextPiece,
    Usage,
)
from agent_assist.domain.ticket import ticket_from_json
from agent_assist.ports import CancelToken

TICKET = ticket_from_json(
    {
        "id": "7",
        "customer": {"name": "Crystal Minh", "email": "crystal@example.com", "id": "C-1"},
        "messages": [{"id": "1", "role": "customer", "text": "Where is order 3348917502? Crystal"}],
        "fields": {"order_id": "3348917502"},
    }
)
MAPPING = {"[NAME_1]": "Ana", "[EMAIL_1]": "a@b.com", "[NAME_12]": "Jo"}


class Recorded:
    """Answers with given pieces and keeps what it was asked."""

    def __init__(self, *pieces: tuple[int, str]) -> None:
        self.pieces = pieces
        self.asked: list[GenerationRequest] = []
        self.closed = False

    def generate(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[GenerationEvent]:
        self.asked.append(request)
        yield PromptRead(9, 0)
        whole: dict[int, str] = {}
        for candidate, text in self.pieces:
            whole[candidate] = whole.get(candidate, "") + text
            yield TextPiece(candidate, text)
        made = tuple(Candidate(whole[n], StopReason.END, -1.0, 3) for n in sorted(whole))
        yield Finished(made, Usage(9, 0, 3), 1.0, 2.0)

    def load(self, record: ModelRecord, on_status: object = None, beside: object = None) -> ModelStatus:
        return ModelStatus()

    def count_tokens(self, texts: object) -> list[int]:
        return [1]

    def probe(self) -> EngineFacts:
        raise NotImplementedError

    @property
    def status(self) -> ModelStatus:
        return ModelStatus()

    def close(self) -> None:
        self.closed = True


def request(*contents: str) -> GenerationRequest:
    messages = [ChatMessage("system", "You are a support agent of Crystal Shops.")]
    messages += [ChatMessage("user" if n % 2 == 0 else "assistant", c) for n, c in enumerate(contents)]
    return GenerationRequest(tuple(messages), conversation="7")


def around(model: Recorded, *, wanted: bool = True) -> RedactedPrompts:
    return RedactedPrompts(model, TicketRedactor(), {"7": TICKET}.get, lambda: wanted)


def events(model: RedactedPrompts, asked: GenerationRequest) -> list[GenerationEvent]:
    return list(model.generate(asked, threading.Event()))


def test_the_model_sees_no_personal_data_and_the_agent_sees_it_restored() -> None:
    model = Recorded(
        (0, "Dear [NA"), (0, "ME_1], "), (0, "order ["), (0, "ORDER_ID_1] is on its way"), (0, ". [x")
    )
    asked = request("I am Crystal Minh, order 3348917502, write to crystal@example.com", "Hi Crystal", "so?")
    got = events(around(model), asked)
    seen = model.asked[0]
    told = " ".join(m.content for m in seen.messages[1:])
    assert told == "I am [NAME_1], order [ORDER_ID_1], write to [EMAIL_1] Hi [NAME_1] so?"
    assert seen.messages[0].content == f"You are a support agent of Crystal Shops. {ADVICE}"
    pieces = [e.text for e in got if isinstance(e, TextPiece)]
    assert pieces == ["Dear ", "Crystal Minh, ", "order ", "3348917502 is on its way", ". ", "[x"]
    assert isinstance(got[-1], Finished)
    assert got[-1].candidates[0].text == "".join(pieces)
    assert isinstance(got[0], PromptRead)


def test_each_candidate_is_put_together_by_itself() -> None:
    model = Recorded((0, "Hi [NAME"), (1, "[EMAIL"), (0, "_1]"), (1, "_1]"))
    got = events(around(model), request("Crystal Minh, crystal@example.com"))
    said: dict[int, str] = {}
    for event in got:
        if isinstance(event, TextPiece):
            said[event.candidate] = said.get(event.candidate, "") + event.text
    assert said == {0: "Hi Crystal Minh", 1: "crystal@example.com"}


def test_a_placeholder_of_a_solved_ticket_is_never_taken_for_this_tickets() -> None:
    """The passage's [NAME_1] is somebody else: this customer gets another number."""
    model = Recorded((0, "Hi [NAME_1] and [NAME_2]"))
    got = events(around(model), request("Facts: Hi [NAME_1], it is back.\n\nI am Crystal Minh"))
    assert model.asked[0].messages[1].content == "Facts: Hi [NAME_1], it is back.\n\nI am [NAME_2]"
    assert isinstance(got[-1], Finished)
    assert got[-1].candidates[0].text == "Hi [NAME_1] and Crystal Minh"


def test_the_beginning_of_the_prompt_stays_when_the_ticket_grows() -> None:
    """What the model has read of a ticket is still in its cache."""
    model = Recorded((0, "ok"))
    private = around(model)
    events(private, request("I am Crystal Minh"))
    events(private, request("I am Crystal Minh", "Hi Crystal", "write to b@c.org"))
    assert model.asked[1].messages[:2] == model.asked[0].messages


def test_without_the_setting_nothing_is_changed() -> None:
    model = Recorded((0, "Hi [NAME_1]"))
    asked = request("I am Crystal Minh")
    got = events(around(model, wanted=False), asked)
    assert model.asked == [asked]
    assert [e.text for e in got if isinstance(e, TextPiece)] == ["Hi [NAME_1]"]


def test_everything_else_is_the_models_own() -> None:
    model = Recorded()
    private = around(model)
    assert private.count_tokens(["a"]) == [1]
    assert private.status == model.status
    private.close()
    assert model.closed


@pytest.mark.parametrize(
    "text", ["[NAME_1]", "a [name_1] b", "[NAME_12][NAME_1]", "[NAME_9] [link](x) [", "[[NAME_1]]"]
)
def test_a_text_in_pieces_is_restored_like_the_whole(text: str) -> None:
    for size in range(1, len(text) + 1):
        made = Restorer(MAPPING)
        parts = [made.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join(parts) + made.rest() == restore(text, MAPPING)


@given(
    st.lists(st.sampled_from(["[", "NAME", "_", "1", "2", "]", " ", "EMAIL", "é", "[NAME_1]"]), max_size=20)
)
def test_any_pieces_give_the_whole(pieces: list[str]) -> None:
    made = Restorer(MAPPING)
    shown = "".join(made.feed(p) for p in pieces) + made.rest()
    assert shown == restore("".join(pieces), MAPPING)
