from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_cost import processor_seconds

from agent_assist.adapters.privacy.rules import RuleRedactor

KNOWN = (("NAME", "Crystal Minh"), ("NAME", "Crystal"), ("ORDER_ID", "3348917502"))


def redact(text: str) -> str:
    return RuleRedactor().redact(text, KNOWN)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail crystal.minh+x@example.co.uk.", "Mail [EMAIL_1]."),
        ("a@b.com, A@B.com, c@d.org", "[EMAIL_1], [EMAIL_1], [EMAIL_2]"),
        ("Not an address: @crystal_m or a@b", "Not an address: @crystal_m or a@b"),
        ("Call +1 (415) 555-2671 / 0151 23456789", "Call [PHONE_1] / [PHONE_2]"),
        ("+49 30 901820 and 0049 (0)30 901820", "[PHONE_1] and [PHONE_2]"),
        ("tel: 06 12 34 56 78", "tel: [PHONE_1]"),
        ("llámame al 612 345 678", "llámame al [PHONE_1]"),
        ("call 415 555 2671, that is 4155552671", "call [PHONE_1], that is [PHONE_1]"),
        ("Ring me on 020 7946 0958", "Ring me on [PHONE_1]"),
        ("Article 4155552671 is sold out", "Article 4155552671 is sold out"),
        ("Part 1234-5678-9012", "Part 1234-5678-9012"),
        ("On 2026-11-22 14:30 or 22.11.2026", "On 2026-11-22 14:30 or 22.11.2026"),
        ("1,299.00 € and 12.500,00 €", "1,299.00 € and 12.500,00 €"),
        ("Card 4111 1111 1111 1111, 5500-0000-0000-0004", "Card [CARD_1], [CARD_2]"),
        ("4111111111111112 fails its check digit", "4111111111111112 fails its check digit"),
        ("0000 0000 0000 0000", "0000 0000 0000 0000"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [IBAN_1] please"),
        ("gb29NWBK60161331926819", "[IBAN_1]"),
        ("DE88 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"),
        ("From 192.168.1.20 and 2001:db8::1", "From [IP_1] and [IP_2]"),
        (
            "At 12:30:15, version 1.2.3.4.5, 300.1.1.1, a::b",
            "At 12:30:15, version 1.2.3.4.5, 300.1.1.1, a::b",
        ),
        ("See https://x.com/reset?token=abc.", "See [URL_1]."),
        ("https://me:pw@x.com/ https://x.com/i/8f14e45fceea167a5a36", "[URL_1] [URL_2]"),
        ("Read https://x.com/help and www.x.com/returns", "Read https://x.com/help and www.x.com/returns"),
        ("CRYSTAL, crystal minh: order 3348917502", "[NAME_1], [NAME_1]: order [ORDER_ID_1]"),
        ("Crystals and 33489175020", "Crystals and 33489175020"),
        ("Nothing here", "Nothing here"),
        ("", ""),
    ],
)
def test_rules(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_the_offsets_are_those_of_the_input() -> None:
    text = "Crystal wrote to a@b.com."
    redacted, entities = RuleRedactor().redact(text, KNOWN)
    assert redacted == "[NAME_1] wrote to [EMAIL_1]."
    assert [(kind, text[start:end], placeholder) for kind, start, end, placeholder in entities] == [
        ("NAME", "Crystal", "[NAME_1]"),
        ("EMAIL", "a@b.com", "[EMAIL_1]"),
    ]


def test_empty_known_values_find_nothing() -> None:
    assert RuleRedactor().redact("a b", [("NAME", ""), ("NAME", "  ")]) == ("a b", [])


@given(st.text())
def test_any_text_is_its_parts_in_order(text: str) -> None:
    redacted, entities = RuleRedactor().redact(text, KNOWN)
    built, position = "", 0
    for _, start, end, placeholder in entities:
        assert position <= start < end
        built += text[position:start] + placeholder
        position = end
    assert built + text[position:] == redacted


@pytest.mark.parametrize("part", ["1", "1 ", "a.1@", "DE89 1111 ", "1.2.", ":1", "a1@b.com "])
def test_hostile_text_takes_no_more_than_its_length(part: str) -> None:
    text = part * (200_000 // len(part))
    with processor_seconds(30):
        RuleRedactor().redact(text)
