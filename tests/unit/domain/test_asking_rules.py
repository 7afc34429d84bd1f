"""What a reply must not ask for unseen."""

from __future__ import annotations

import pytest

from agent_assist.domain.asking import asks_secret, diverts_payment, find_asking
from agent_assist.domain.suggestion import MarkKind


@pytest.mark.parametrize(
    "sentence",
    [
        "Please send me your password.",
        "Could you share the one-time code from the SMS?",
        "What is your PIN?",
        "Please reply with your full card number and the CVV.",
        "We need your online banking credentials to go on.",
        "Confirm your password here in this chat.",
        "The verification code must be given to our agent.",
        "Bitte nennen Sie uns Ihr Passwort.",
        "Envíe su contraseña, por favor.",
        "Envoyez votre mot de passe.",
        "Please send your рassword to us.",
    ],
)
def test_a_secret_is_asked_for(sentence: str) -> None:
    assert asks_secret(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Never send anybody your password.",
        "We will not ask for your PIN.",
        "Press Forgot password on the sign-in page.",
        "You can change your password under Account.",
        "Please send us the last four digits of your card number.",
        "We have sent you a verification code.",
        "It takes a day until your card details are removed.",
        "Please tell us your order number.",
        "Enter the verification code in the app.",
    ],
)
def test_no_secret_is_asked_for(sentence: str) -> None:
    assert not asks_secret(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Please pay the fee in Bitcoin.",
        "Send the money by Western Union.",
        "Pay the invoice to our new account.",
        "Please transfer 40 euros to DE89 3704 0044 0532 0130 00.",
        "The bill must be paid in gift cards.",
        "Send us the codes of the gift cards.",
        "Unsere Bankverbindung hat sich geändert.",
    ],
)
def test_money_is_sent_elsewhere(sentence: str) -> None:
    assert diverts_payment(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "We refund the amount to the card that you paid with.",
        "Gift cards can be used at the checkout.",
        "We cannot take Bitcoin.",
        "Bank transfers take 2 days.",
        "Your order 3348917502 is paid.",
    ],
)
def test_ordinary_payment_is_fine(sentence: str) -> None:
    assert not diverts_payment(sentence)


def test_the_mark_covers_the_sentence() -> None:
    text = "Hello Ana. Please send me your PIN. Pay in Bitcoin. Thank you."
    marks = list(find_asking(text))
    assert [(m.kind, text[m.start : m.end]) for m in marks] == [
        (MarkKind.SECRET, "Please send me your PIN."),
        (MarkKind.PAYMENT, "Pay in Bitcoin."),
    ]
    assert all(m.kind.blocks for m in marks)
