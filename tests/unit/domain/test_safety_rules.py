"""Advice, insults, leaked instructions and links are found in five languages; plain replies are not."""

from __future__ import annotations

import pytest

from agent_assist.domain.facts import find_promises
from agent_assist.domain.prompt import Style, system_message
from agent_assist.domain.safety import allowed, find_unsafe, greeted, links_in
from agent_assist.domain.suggestion import Mark, MarkKind, mark_id

UNSAFE = [
    (MarkKind.ADVICE, "You should sue the carrier."),
    (MarkKind.ADVICE, "Under the Consumer Rights Act this is clear."),
    (MarkKind.ADVICE, "Sie können den Händler verklagen."),
    (MarkKind.ADVICE, "Usted puede demandar a la empresa."),
    (MarkKind.ADVICE, "Vous pouvez porter plainte."),
    (MarkKind.ADVICE, "Take two more tablets of it."),
    (MarkKind.ADVICE, "Nehmen Sie 400 mg Ibuprofen."),
    (MarkKind.ADVICE, "Tome dos comprimidos."),
    (MarkKind.ADVICE, "Prenez un comprimé le soir."),
    (MarkKind.INSULT, "Only an idiot would do that."),
    (MarkKind.INSULT, "Das ist doch selbst schuld, Sie Trottel."),
    (MarkKind.INSULT, "Es culpa suya, estúpido."),
    (MarkKind.INSULT, "Vous mentez."),
    (MarkKind.PROMPT, "As an AI language model I cannot know."),
    (MarkKind.PROMPT, "Meine Anweisungen lauten wie folgt."),
    (MarkKind.PROMPT, "Mis instrucciones son claras."),
    (MarkKind.PROMPT, "En tant qu'IA, je ne sais pas."),
]
PLAIN = [
    "You can return the lamp within 90 days. The label is free.",
    "Please take the bike to a shop near you.",
    "Ihre Bestellung kommt am Montag. Bitte nehmen Sie das Paket an.",
    "Puede devolverlo en 90 días.",
    "Vous pouvez le renvoyer sous 90 jours.",
    "You have the right size, then.",
]
PROMISES = [
    "We will call you tomorrow.",
    "You will get a refund tomorrow.",
    "Wir rufen Sie morgen an.",
    "Sie bekommen Ihr Geld morgen zurückerstattet.",
    "Le llamaremos mañana.",
    "Recibirá el reembolso mañana.",
    "Nous vous rappellerons demain.",
    "Vous recevrez votre remboursement demain.",
    "Vous serez remboursé demain.",
    "Ihnen wird der Betrag morgen erstattet.",
    "Se le reembolsará mañana.",
    "Te llamamos mañana.",
]


@pytest.mark.parametrize(("kind", "text"), UNSAFE)
def test_what_a_reply_must_not_say_is_found(kind: MarkKind, text: str) -> None:
    marks = find_unsafe(text)
    assert kind in {m.kind for m in marks}
    assert all(m.reason.endswith(".") and text[m.start : m.end] for m in marks)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_reply_is_left_alone(text: str) -> None:
    assert find_unsafe(text) == []


@pytest.mark.parametrize("text", PROMISES)
def test_promises_are_found_in_four_languages(text: str) -> None:
    assert find_promises(text)


def test_the_companys_own_approved_words_are_no_advice() -> None:
    article = "You have a legal right to return goods within 14 days."
    assert find_unsafe("You have a legal right to return it.")
    assert find_unsafe("You have a legal right to return it.", [article]) == []


def test_the_prompts_own_words_are_a_leak() -> None:
    prompt = system_message(Style("Fjord", "friendly")).content
    (mark,) = find_unsafe(f"Hello. {prompt}", prompt=prompt)
    assert mark.kind is MarkKind.PROMPT
    assert find_unsafe("You are a support hero. Answer soon.", prompt=prompt) == []


def test_links_and_their_hosts() -> None:
    text = "See https://www.shop.example/a?b=1, help.shop.example/x. and mail a@other.example."
    assert [host for _, _, host in links_in(text)] == ["shop.example", "help.shop.example"]
    assert allowed("help.shop.example", {"shop.example"})
    assert not allowed("evilshop.example", {"shop.example"})
    assert not allowed("shop.example.evil.com", {"shop.example"})
    (found,) = links_in("http://shop.example@evil.com/")
    assert found[2] == "evil.com"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hi Jonas,\n\nit left.", "Jonas"),
        ("Sehr geehrte Frau Seidel,", "Seidel"),
        ("Estimado Luis Ortega:", "Luis Ortega"),
        ("Hi there,", ""),
        ("Dear Customer,", ""),
        ("Hello, it left.", ""),
    ],
)
def test_the_name_that_a_greeting_names(text: str, name: str) -> None:
    at = greeted(text)
    assert (text[at[0] : at[1]] if at else "") == name


def test_a_confirmation_names_the_words_wherever_they_stand_and_holds_none() -> None:
    one = mark_id(Mark(MarkKind.PERSONAL, 5, 17, "r"), "call +49 30 90182")
    other = mark_id(Mark(MarkKind.PERSONAL, 0, 10, "r"), "+493090182")
    assert one == other
    assert "90182" not in one
    assert mark_id(Mark(MarkKind.INSULT, 0, 10, "r"), "+493090182") != other
