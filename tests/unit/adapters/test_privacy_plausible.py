"""How far the classifier is believed: other languages, dates of orders, writers who use capitals."""

from __future__ import annotations

import pytest

from agent_assist.adapters.privacy.plausible import is_foreign, plausible
from agent_assist.adapters.privacy.redactor import TicketRedactor, packaged_tagger

BOTH = TicketRedactor(packaged_tagger, company=lambda: "Larchwheel")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "Guten Tag, seit drei Wochen warte ich auf eine Antwort zu meiner Reklamation. Sabine Krämer",
            "Guten Tag, seit drei Wochen warte ich auf eine Antwort zu meiner Reklamation. [NAME_1]",
        ),
        (
            "Bonjour, j'ai reçu le casque mais il est trop grand, puis-je le renvoyer ? Camille Rousselot",
            "Bonjour, j'ai reçu le casque mais il est trop grand, puis-je le renvoyer ? [NAME_1]",
        ),
        (
            "La rueda que me enviaron llegó rota. Quiero una rueda nueva o mi dinero, y lo quiero ya.",
            "La rueda que me enviaron llegó rota. Quiero una rueda nueva o mi dinero, y lo quiero ya.",
        ),
        (
            "Olá, não consigo entrar na conta para mudar a palavra-passe: ana.sousa@mail.example",
            "Olá, não consigo entrar na conta para mudar a palavra-passe: [EMAIL_1]",
        ),
        (
            "Meine Adresse ist Lindenstraße 12, 10969 Berlin, meine Telefonnummer 030 901820.",
            "Meine Adresse ist [ADDRESS_1], meine Telefonnummer [PHONE_1].",
        ),
    ],
)
def test_words_of_other_languages_are_no_names(text: str, redacted: str) -> None:
    assert BOTH.redact(text)[0] == redacted


def test_a_short_message_has_the_language_of_its_ticket() -> None:
    texts = ["Hallo, wann kommt mein Paket endlich bei mir an?", "steht seit mittwoch auf unterwegs"]
    assert [text for text, _ in BOTH.redact_all(texts)] == texts


@pytest.mark.parametrize("text", ["ok sam rodriguez", "address 700 oak street brockton ma 2301", ""])
def test_chats_without_english_words_are_english_all_the_same(text: str) -> None:
    assert not is_foreign(text)


def test_dates_of_orders_are_no_dates_of_birth() -> None:
    assert BOTH.redact("I bought the bike on 12 May 2024 and it arrived on the 17.")[1] == []
    assert BOTH.redact("sure, my date of birth is 12 May 1984")[0].endswith("[DATE_OF_BIRTH_1]")


def test_a_writer_who_uses_capitals_gives_names_one() -> None:
    text = "The panniers weigh two kilos each. Is that too much for the rack?"
    found = [("NAME", text.index("kilos"), text.index("kilos") + 5)]
    assert plausible(text, found, "") == []
    assert plausible(text.lower(), found, "") == found


def test_what_announces_a_number_and_the_company_are_nobody() -> None:
    assert BOTH.redact("IBAN DE89 3704 0044 0532 0130 00")[0] == "IBAN [IBAN_1]"
    assert "Larchwheel" in BOTH.redact("Dear Larchwheel team, I am Deborah Lindqvist.")[0]
    assert "Lindqvist" not in BOTH.redact("Dear Larchwheel team, I am Deborah Lindqvist.")[0]


def test_what_touches_is_one_value() -> None:
    assert BOTH.redact("policy number PN-88213-X please")[0] == "policy number [POLICY_1] please"
