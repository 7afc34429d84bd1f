"""Presidio as it is installed: no model, no network, no torch."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from agent_assist.adapters.privacy import presidio
from agent_assist.adapters.privacy.redactor import TicketRedactor


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("my NHS number is 943 476 5919", "943 476 5919"),
        ("I have the TFN 123 456 782", "123 456 782"),
        ("my sin is 130 692 544, thanks", "130 692 544"),
        ("TC kimlik no 10000000146", "10000000146"),
        ("call me about my UMID card 0111-2345678-9", "0111-2345678-9"),
        ("Personnummer 811228-9874", "811228-9874"),
        ("nric S1234567D", "S1234567D"),
    ],
)
def test_identity_numbers_of_many_countries(text: str, number: str) -> None:
    assert number in [text[start:end] for _, start, end in presidio.national_ids(text)]
    redacted, entities = TicketRedactor().redact(text)
    assert redacted == text.replace(number, "[NATIONAL_ID_1]")
    assert [kind for kind, *_ in entities] == ["NATIONAL_ID"]


@pytest.mark.parametrize(
    "text",
    [
        "order 943 476 5919",
        "my NHS number is 943 476 5918",
        "the ssn page is open, item 1234",
        "sin 046454287 problemas",
        "my passport is blue",
        "",
    ],
)
def test_a_number_without_its_word_or_with_a_wrong_check_digit_is_left_alone(text: str) -> None:
    assert list(presidio.national_ids(text)) == []


def test_every_recogniser_is_reached() -> None:
    reached = {r.name for r, _ in presidio._recognisers()}
    assert reached == set(presidio.NATIONAL)
    for recogniser, _ in presidio._recognisers():
        assert any(presidio._SPEAKS.search(f"{word} number") for word in recogniser.context), recogniser.name


def test_nothing_is_loaded_for_a_text_that_names_no_identity_number() -> None:
    code = (
        "import sys\n"
        "from agent_assist.adapters.privacy.redactor import TicketRedactor\n"
        "TicketRedactor().redact('order id 123456789, call +49 30 901820, it has tax of 12.50')\n"
        "assert 'presidio_analyzer' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_it_needs_neither_torch_nor_the_network() -> None:
    code = (
        "import socket, sys\n"
        "def refused(*args, **kwargs): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refused\n"
        "from agent_assist.adapters.privacy import presidio\n"
        "assert list(presidio.national_ids('my NHS number is 943 476 5919'))\n"
        "assert not {'torch', 'transformers', 'spacy'} & set(sys.modules)\n"
        "assert not any(type(f).__name__ == '_NoSpacy' for f in sys.meta_path)\n"
        "import spacy\n"
        "assert spacy.blank('en')('one two')[1].text == 'two'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_a_presidio_that_wants_more_of_spacy_gets_it() -> None:
    code = (
        "import sys\n"
        "from agent_assist.adapters.privacy import presidio\n"
        "def refused(self, name): raise RuntimeError(name)\n"
        "presidio._EmptyModule.__getattr__ = refused\n"
        "assert list(presidio.national_ids('my NHS number is 943 476 5919'))\n"
        "assert 'spacy' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_the_setting_turns_it_off() -> None:
    assert TicketRedactor(presidio=lambda: False).redact("nric S1234567D")[1] == []


def test_without_the_package_our_own_rules_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> None:
        raise ImportError("No module named 'presidio_analyzer'")

    monkeypatch.setattr(presidio, "loaded", missing)
    presidio._recognisers.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert TicketRedactor().redact("passport, nric S1234567D, a@b.com")[0].endswith("[EMAIL_1]")
        assert "could not be loaded" in caplog.text
    finally:
        presidio._recognisers.cache_clear()
