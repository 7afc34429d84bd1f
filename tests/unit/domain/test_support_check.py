"""What the evidence supports, what it does not, and what it contradicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_assist.domain.facts import find_facts, find_promises, numbers
from agent_assist.domain.knowledge import Passage
from agent_assist.domain.phrases import is_courtesy
from agent_assist.domain.polarity import contradicts
from agent_assist.domain.suggestion import MarkKind
from agent_assist.domain.support import check, evidence_for


def passage(number: int, title: str, text: str) -> Passage:
    return Passage(number, f"a{number}", 0, "", text, title=title)


EVIDENCE = evidence_for(
    [
        passage(
            1,
            "Can I change my ticket after purchase?",
            "No, you have to apply for a refund and purchase another ticket.",
        ),
        passage(2, "Pets", "You may bring 2 domestic pets, they must be kept on a short lead."),
        passage(3, "Parking", "There is no charge for parking at the Acorn House."),
        passage(
            4,
            "Returns",
            "You can return items within 90 days. We refund the price to your card. It costs $4.50.",
        ),
        passage(5, "Opening hours", "We are open Monday to Friday from 9 am to 5:30 pm."),
    ],
    customer=["Can I return order AB-3348? I want $500."],
    names=["Crystal Minh", "Ana"],
)


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("No, you cannot change your ticket after purchase.", "a1"),
        ("You may bring two pets on a short lead.", "a2"),
        ("Parking is free of charge at the Acorn House.", "a3"),
        ("Your order AB-3348 can be returned within 90 days.", "a4"),
        ("We will refund the price to your card.", "a4"),
        ("We are open from 9:00 to 17:30, Monday to Friday.", "a5"),
    ],
)
def test_supported_sentences_cite_their_passage(text: str, cited: str) -> None:
    (sentence,) = check(text, EVIDENCE)
    assert sentence.supported, sentence
    assert sentence.citations[0] == cited
    assert not sentence.marks


@pytest.mark.parametrize(
    ("text", "kind", "marked"),
    [
        ("You may bring 3 pets on a short lead.", MarkKind.NUMBER, "3"),
        ("You can return items within thirty days.", MarkKind.NUMBER, "thirty"),
        ("You can return items within 90 hours.", MarkKind.NUMBER, "90"),
        ("Returning items costs $45.00.", MarkKind.AMOUNT, "$45.00"),
        ("Return items at www.evil.example/now.", MarkKind.LINK, "www.evil.example/now"),
        ("Write to us at help@evil.example about returns.", MarkKind.LINK, "help@evil.example"),
        ("Return items before 3 May.", MarkKind.DATE, "3 May"),
        ("We open at 7 am, Monday to Friday.", MarkKind.DATE, "7 am"),
        ("Please ask Jonathan about your return.", MarkKind.NAME, "Jonathan"),
        ("We will call you about the parking.", MarkKind.PROMISE, "We will call you about the parking"),
        (
            "You can change your ticket after purchase.",
            MarkKind.CONTRADICTION,
            "You can change your ticket after purchase.",
        ),
        (
            "Parking costs extra at the Acorn House.",
            MarkKind.CONTRADICTION,
            "Parking costs extra at the Acorn House.",
        ),
    ],
)
def test_unsupported_facts_are_marked_in_place(text: str, kind: MarkKind, marked: str) -> None:
    sentences = check(f"Hi Crystal,\n\n{text}", EVIDENCE)
    marks = [m for s in sentences for m in s.marks]
    assert kind in {m.kind for m in marks}
    mark = next(m for m in marks if m.kind is kind)
    assert f"Hi Crystal,\n\n{text}"[mark.start : mark.end] == marked
    assert mark.reason.endswith(".")
    assert not sentences[-1].supported


def test_what_the_customer_demands_does_not_support_a_promise() -> None:
    (sentence,) = check("We will refund $500 to your card.", EVIDENCE)
    assert MarkKind.AMOUNT in {m.kind for m in sentence.marks}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hi Crystal,", "en"), ("Thank you for your message.", "en"), ("Is there anything else?", "en"),
        ("Kind regards", "en"), ("Hola, Ana:", "es"), ("Gracias por su mensaje.", "es"), ("Guten Tag,", "de"),
        ("Viele Grüße", "de"), ("Merci pour votre message.", "fr"), ("Bonne journée.", "fr"),
        ("De nada.", "pt"),
    ],
)  # fmt: skip
def test_courtesy_needs_no_source(text: str, language: str) -> None:
    (sentence,) = check(text, EVIDENCE, language)
    assert sentence.supported
    assert sentence.citations == ()


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for waiting, your refund of $94 is on its way.",
        "I'm sorry, we will send you a new one.",
        "Pets are not allowed.",
        "I'm sorry, but as a support agent I cannot help with pets.",
    ],
)
def test_a_kind_beginning_hides_no_statement(text: str) -> None:
    assert not is_courtesy(text)
    (sentence,) = check(text, EVIDENCE)
    assert not sentence.supported


def test_a_restatement_of_the_customers_words_is_supported_without_citation() -> None:
    (sentence,) = check("I understand you want to return order AB-3348.", EVIDENCE)
    assert sentence.supported


def test_meaning_helps_where_words_differ_and_only_for_open_sentences() -> None:
    asked: list[list[str]] = []

    def similar(texts: list[str], others: list[str]) -> list[list[float]]:
        asked.append(list(texts))
        return [[0.9 if "refund" in o else 0.0 for o in others] for _ in texts]

    first, second = check(
        "You may bring 2 pets. Money goes back onto your plastic.", EVIDENCE, similar=similar
    )  # type: ignore[arg-type]
    assert asked == [["Money goes back onto your plastic."]]
    assert second.citations[:1] == ("a4",) or second.citations[:1] == ("a1",)
    assert first.citations == ("a2",)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Yes, pets are allowed here.", "No, pets are not allowed at this property.", True),
        ("Pets are not allowed here.", "No, pets are not allowed at this property.", False),
        ("WiFi is free of charge.", "There is a fee for WiFi.", True),
        ("WiFi is complimentary.", "WiFi is free.", False),
        ("Das Parken ist nicht kostenlos möglich.", "Das Parken ist kostenlos möglich.", True),
        ("Les animaux ne sont pas admis ici.", "Les animaux sont admis ici.", True),
        ("Se aceptan mascotas en el hotel.", "No se aceptan mascotas en el hotel.", True),
        ("The pool is closed today.", "The pool is open today.", True),
    ],
)
def test_yes_and_no(one: str, other: str, expected: bool) -> None:
    assert contradicts(one, other) is expected


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,500", "1500"),
        ("1.500", "1500"),
        ("12,50", "12.5"),
        ("12.50", "12.5"),
        ("1,234,567", "1234567"),
        ("7", "7"),
    ],
)
def test_numbers_agree_whatever_the_country(written: str, value: str) -> None:
    assert value in numbers(written)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Le reembolsaremos el importe y le enviaremos otro.", "es"),
        ("Wir werden Ihnen das Geld erstatten.", "de"),
        ("Nous vous rembourserons sous peu.", "fr"),
        ("Vamos reembolsar o valor.", "pt"),
        ("Your refund has been processed.", "en"),
        ("I've already cancelled your order.", "en"),
    ],
)
def test_promises_in_five_languages(text: str, language: str) -> None:
    assert find_promises(text), language
    assert not find_promises("Shall I send it?")


@given(st.text(max_size=200))
def test_facts_lie_inside_the_text_and_apart(text: str) -> None:
    position = 0
    for fact in find_facts(text):
        assert position <= fact.start < fact.end <= len(text)
        assert text[fact.start : fact.end] == fact.text
        position = fact.end


@given(st.text(max_size=200))
def test_a_text_is_supported_by_itself_or_marked(text: str) -> None:
    for sentence in check(text, EVIDENCE):
        assert text[sentence.start : sentence.end] == sentence.text
        for mark in sentence.marks:
            assert sentence.start <= mark.start < mark.end <= sentence.end
        assert len(sentence.citations) == len(sentence.passages) <= 2
