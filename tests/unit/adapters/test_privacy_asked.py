"""The question before tells what a bare number is."""

from __future__ import annotations

import pytest

from agent_assist.adapters.privacy.asked import answers, asked_for, typed
from agent_assist.adapters.privacy.redactor import TicketRedactor, packaged_tagger
from agent_assist.domain.ticket import Ticket, ticket_from_json

RULES = TicketRedactor()
BOTH = TicketRedactor(packaged_tagger)

EXCHANGES = [
    ("What are the last four digits of your SSN?", "4577", "[NATIONAL_ID_1]"),
    ("last four digits of your ssn?", "4577", "[NATIONAL_ID_1]"),
    ("The last 4 of your social security number, please", "sure its 4577", "sure its [NATIONAL_ID_1]"),
    ("May I have the last four digits of your social, please?", "4577.", "[NATIONAL_ID_1]."),
    ("Can you confirm the last four digits of the card?", "4577", "[CARD_1]"),
    ("Which card is it? Please tell me the last 4 digits.", "it is 4577", "it is [CARD_1]"),
    ("What is your account number?", "4577", "[ACCOUNT_1]"),
    ("What's your booking confirmation number?", "abc 4577", "[ORDER_1]"),
    ("Can I get your order number?", "4577", "[ORDER_1]"),
    ("And the policy number?", "4577 88", "[POLICY_1]"),
    ("What is the claim ID?", "4577", "[CLAIM_1]"),
    ("Please tell me the one-time code we sent you.", "457712", "[PASSWORD_1]"),
    ("What is your date of birth?", "4 5 1977", "[DATE_OF_BIRTH_1]"),
    ("What is your phone number?", "4577 112", "[PHONE_1]"),
    ("What is your zip code?", "45771", "[ADDRESS_1]"),
    ("Könnten Sie mir bitte Ihre Kundennummer nennen?", "457712", "[ACCOUNT_1]"),
    ("¿Cuál es su número de pedido?", "457712", "[ORDER_1]"),
    ("May I know the policy number and claim number?", "77812 and 9921", "[POLICY_1] and [CLAIM_1]"),
    ("Please verify your SSN and date of birth", "4577, 12/04/1985", "[NATIONAL_ID_1], [DATE_OF_BIRTH_1]"),
]  # fmt: skip


def exchange(*messages: tuple[str, str]) -> Ticket:
    rows = [{"id": str(n), "role": role, "text": text} for n, (role, text) in enumerate(messages)]
    return ticket_from_json({"id": "1", "messages": rows})


@pytest.mark.parametrize(("question", "answer", "expected"), EXCHANGES)
@pytest.mark.parametrize("redactor", [RULES, BOTH], ids=["rules", "classifier"])
def test_a_bare_number_is_what_was_asked_for(
    redactor: TicketRedactor, question: str, answer: str, expected: str
) -> None:
    done = redactor.redact_ticket(exchange(("agent", question), ("customer", answer)))
    assert done.ticket.messages[1].text == expected


def test_the_question_may_stand_before_other_messages_of_the_customer_and_notes() -> None:
    done = RULES.redact_ticket(
        exchange(
            ("agent", "Can I get your order number?"),
            ("customer", "one moment"),
            ("note", "seems to be in a hurry"),
            ("customer", "4577"),
        )
    )
    assert done.ticket.messages[3].text == "[ORDER_1]"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many would you like?", "4577"),
        ("I changed your password for you.", "4577"),
        ("In order to help you, what happened?", "4577"),
        ("Thank you for the order. Which colour?", "4577"),
        ("", "4577"),
    ],
)
def test_a_number_that_nobody_asked_for_stays(question: str, answer: str) -> None:
    done = RULES.redact_ticket(exchange(("agent", question or "-"), ("customer", answer)))
    assert done.ticket.messages[1].text == answer


def test_amounts_dates_and_long_answers_are_no_answers() -> None:
    asked = asked_for("What is your order number?")
    assert list(answers("$4577, 45% or 12.50 on 2026-11-22", asked)) == []
    assert list(answers("well " * 20 + "4577", asked)) == []


def test_the_classifiers_own_type_stays_where_it_was_asked_for_too() -> None:
    text = "anna 4577"
    found = [("NAME", 0, 4), ("CARD", 5, 9)]
    assert typed(text, found, ("NATIONAL_ID", "CARD")) == found
    assert typed(text, found, ("NATIONAL_ID",)) == [("NAME", 0, 4), ("NATIONAL_ID", 5, 9)]
    assert typed(text, found, ()) == found
    assert typed(text, [("CARD", 5, 9)], ("DATE_OF_BIRTH",)) == [("CARD", 5, 9)]
