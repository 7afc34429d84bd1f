"""The packaged classifier."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from agent_assist.adapters.knowledge.embedding import find_encoder
from agent_assist.adapters.privacy.redactor import TicketRedactor, packaged_tagger
from agent_assist.adapters.privacy.tagger import Tagger, context_of, dequantised, grams, quantised, words_of
from agent_assist.domain.ticket import ticket_from_json
from agent_assist.errors import ModelDamaged
from agent_assist.resources import resource

BOTH = TicketRedactor(packaged_tagger)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("my name is ramesh kumar", ["ramesh kumar"]),
        ("ssn 4674 and account no 9249", ["4674", "9249"]),
        ("sure its kavi 45 gmailcom", ["kavi 45 gmailcom"]),
        ("deliver to 118 anna nagar chennai 600040", ["118 anna nagar chennai 600040"]),
        ("ok thank you", []),
        ("i want to return my helmet", []),
        ("how long does a refund take", []),
    ],
)
def test_messy_chats(text: str, hidden: list[str]) -> None:
    assert [text[start:end] for _, start, end, _ in BOTH.redact(text)[1]] == hidden


def test_the_question_before_counts() -> None:
    def chance(question: str) -> float:
        row = ("april", words_of("april"), context_of(question))
        return 1 - float(packaged_tagger().probabilities([row])[0][0][0])

    assert chance("What is your first name?") > chance("Which month?") + 0.1
    assert [kind for kind, *_ in packaged_tagger().tag(["4577"], ["last four digits of your ssn?"])[0]] == [
        "NATIONAL_ID"
    ]


def test_a_ticket_is_read_in_order() -> None:
    messages = [
        {"id": "1", "role": "agent", "text": "Could you tell me your full name please?"},
        {"id": "2", "role": "customer", "text": "priya lakshmi"},
        {"id": "3", "role": "agent", "text": "Thank you Priya Lakshmi, it is on its way."},
    ]
    done = BOTH.redact_ticket(ticket_from_json({"id": "7", "messages": messages}))
    texts = [m.text for m in done.ticket.messages]
    assert texts[1] == "[NAME_1]"
    assert "Priya" not in texts[2]


def test_a_long_text_is_read_in_parts() -> None:
    text = "we talked about it again and again. " * 200 + "my name is ramesh kumar"
    assert packaged_tagger().tag([text, ""])[0][-1] == ("NAME", len(text) - 12, len(text))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "privacy"
    shutil.copytree(resource("privacy"), folder)
    with (folder / "tagger.safetensors").open("r+b") as file:
        file.seek(500_000)
        file.write(b"\0\1\2\3")
    with pytest.raises(ModelDamaged, match="damaged"):
        Tagger(find_encoder(""), folder)
    (folder / "tagger.json").unlink()
    with pytest.raises(ModelDamaged, match="cannot be read"):
        Tagger(find_encoder(""), folder)


def test_the_file_is_small() -> None:
    assert (resource("privacy") / "tagger.safetensors").stat().st_size < 10_000_000


def test_words_stand_without_their_punctuation() -> None:
    text = "Hi, I'm (Ana). e-mail: a@b.com!"
    assert [text[s:e] for s, e in words_of(text)] == ["Hi", "I'm", "Ana", "e-mail", "a@b.com"]


def test_digits_are_alike_in_n_grams() -> None:
    assert grams("4577") == grams("9249")
    assert grams("ravi") != grams("kavi")


def test_eight_bits_are_close_to_the_weights() -> None:
    values = np.random.default_rng(1).normal(size=(7, 9)).astype(np.float32)
    back = dequantised(quantised({"a": values, "b": values[0]}))
    assert np.abs(back["a"] - values).max() < np.abs(values).max() / 127
    assert (back["b"] == values[0]).all()
