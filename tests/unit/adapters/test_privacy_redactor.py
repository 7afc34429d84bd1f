from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_cost import processor_seconds

from agent_assist.adapters.privacy.normal import Folded, folded
from agent_assist.adapters.privacy.placeholders import restore
from agent_assist.adapters.privacy.redactor import TicketRedactor
from agent_assist.domain.ticket import Ticket, ticket_from_json

RULES = TicketRedactor()


def redact(text: str) -> str:
    return RULES.redact(text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my password is sunshine42.", "my password is [PASSWORD_1]."),
        ("the otp is 4746", "the otp is [PASSWORD_1]"),
        ("the password is wrong, the code is not working", "the password is wrong, the code is not working"),
        ("last four digits of my ssn are 4577", "last four digits of my ssn are [NATIONAL_ID_1]"),
        ("the card ending in 4242", "the card ending in [CARD_1]"),
        ("policy number AB-123456, claim id 8874", "policy number [POLICY_1], claim id [CLAIM_1]"),
        ("account 12345678 and order #A123", "account [ACCOUNT_1] and order #[ORDER_1]"),
        ("dob 12/05/1985", "dob [DATE_OF_BIRTH_1]"),
        ("I was born on 5 March 1990", "I was born on [DATE_OF_BIRTH_1]"),
        ("jo at web dot de", "[EMAIL_1]"),
        ("write to kavi gmailcom", "write to [EMAIL_1]"),
        ("I live at 12 Main Street, Springfield, IL 62704", "I live at [ADDRESS_1]"),
        ("Hauptstraße 5, 10115 Berlin", "[ADDRESS_1]"),
        ("10 rue de la Paix, 75002 Paris", "[ADDRESS_1]"),
        ("zip: 94110", "zip: [ADDRESS_1]"),
        ("It takes 3 days to court", "It takes 3 days to court"),
        ("ssn 531-21-7351", "ssn [NATIONAL_ID_1]"),
        ("NINO AB123456C", "NINO [NATIONAL_ID_1]"),
        ("dni 12345678Z, not 12345678A", "dni [NATIONAL_ID_1], not 12345678A"),
        ("cpf 529.982.247-25 and 529.982.247-26", "cpf [NATIONAL_ID_1] and 529.982.247-26"),
        ("Steuer-ID 86095742719", "Steuer-ID [NATIONAL_ID_1]"),
        ("aadhaar 2341 2341 2346", "aadhaar [NATIONAL_ID_1]"),
        ("key sk-proj-abcdefghij1234567890", "key [API_KEY_1]"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "[CRYPTO_1]"),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "[CRYPTO_1]"),
        ("Hi Ana,\n\nThanks.\n\nKind regards,\nJo Dyk", "Hi [NAME_1],\n\nThanks.\n\nKind regards,\n[NAME_2]"),
        ("Dear Sir or Madam,", "Dear Sir or Madam,"),
        ("Mr. Fernandez called", "Mr. [NAME_1] called"),
        ("card ４１１１ １１１１ １１１１ １１１１", "card [CARD_1]"),
        ("4111\u200b1111\u200b1111\u200b1111 and a\u200bb@x.com", "[CARD_1] and [EMAIL_1]"),
        ("[NAME_1] was here, Mr. Brown", "[NAME_1] was here, Mr. [NAME_2]"),
        ("thank you", "thank you"),
    ],
)  # fmt: skip
def test_rules(text: str, expected: str) -> None:
    assert redact(text) == expected


def ticket() -> Ticket:
    return ticket_from_json(
        {
            "id": "1",
            "subject": "Crystal's order",
            "customer": {"name": "Crystal Minh", "email": "crystal.minh@example.com", "id": "C-7"},
            "messages": [
                {"id": "a", "role": "customer", "text": "I am C. Minh, order 3348917502. MINH, Crystal"},
                {
                    "id": "b",
                    "role": "agent",
                    "text": "Hi Crystal,\n\nwe wrote to crystal.minh\n\nBest,\nDana",
                },
                {"id": "c", "role": "customer", "text": "Dana, thank you"},
            ],
            "fields": {"order_id": "3348917502"},
        }
    )


def test_one_person_has_one_placeholder_in_all_messages_of_a_ticket() -> None:
    done = RULES.redact_ticket(ticket())
    assert done.ticket.subject == "[NAME_1]'s order"
    assert [m.text for m in done.ticket.messages] == [
        "I am [NAME_1], order [ORDER_ID_1]. [NAME_1]",
        "Hi [NAME_1],\n\nwe wrote to [NAME_1]\n\nBest,\n[NAME_2]",
        "[NAME_2], thank you",
    ]
    assert done.ticket.customer.name == "[NAME_1]"
    assert done.ticket.fields == {"order_id": "[ORDER_ID_1]"}


def test_entities_stand_where_the_original_message_has_them() -> None:
    given_, done = ticket(), RULES.redact_ticket(ticket())
    found = [
        m.text[start:end]
        for m, entities in zip(given_.messages, done.entities, strict=True)
        for _, start, end, _ in entities
    ]
    assert found == ["C. Minh", "3348917502", "MINH, Crystal", "Crystal", "crystal.minh", "Dana", "Dana"]


def test_a_draft_made_from_the_redacted_ticket_is_restored() -> None:
    done = RULES.redact_ticket(ticket())
    assert (
        done.restore("Hi [NAME_2], see [ORDER_ID_1] and [NAME_9]") == "Hi Dana, see 3348917502 and [NAME_9]"
    )


def test_numbering_starts_again_with_each_text_of_its_own() -> None:
    results = RULES.redact_each(["a@b.com, c@d.org", "c@d.org"])
    assert [text for text, _ in results] == ["[EMAIL_1], [EMAIL_2]", "[EMAIL_1]"]


def test_company_patterns_come_from_the_settings() -> None:
    redactor = TicketRedactor(None, lambda: r"STAFF_ID=S\d{6};;BADGE=\bB-\d+")
    assert redactor.redact("S123456 has B-7")[0] == "[STAFF_ID_1] has [BADGE_1]"


TRAPS = [
    "e\u0301\u0323 José jose\u0301@example.com 4111111111111111",
    "\u202e4111111111111111\u202c reversed",
    "مرحبا اسمي علي، البريد ali@example.com ١٢٣٤٥٦٧٨",
    "👩‍👩‍👧‍👦 4111 1111 1111 1111 👍🏽",
    "\U000e0041\U000e0042 a@b.com \U000e007f",
    "\ufeffa@b.com\u0000 \u2028 c@d.org",
    "ﬀ ﬁ ½ ① ㎏ a@b.com",
    "\ud800 lone a@b.com \udfff",
    "a\u0300" * 40 + " a@b.com",
    "\u0300" * 300 + "a@b.com",
    "İstanbul ǅ ß ẞ Σς a@b.com",
    "Ｍｙ ｅｍａｉｌ ｉｓ ａ＠ｂ．ｃｏｍ",
    "<script>alert('a@b.com')</script> '; DROP TABLE users; --",
    "Powerلُلُصّبُلُلصّبُررً ॣ ॣh ॣ ॣ冗 a@b.com",
    "\ufdfa a@b.com my ssn is 4577 \ufdfa",  # one character, four words
]
SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "unicode" / "naughty_strings.jsonl"


@pytest.mark.parametrize("text", TRAPS)
def test_traps_change_nothing_outside_the_spans(text: str) -> None:
    _unchanged_outside(text)
    assert any(kind in ("EMAIL", "CARD") for kind, *_ in RULES.redact(text)[1])


@pytest.mark.skipif(not SHARED.exists(), reason="the list of traps is not beside the checkout")
def test_every_known_trap_leaves_what_stands_beside_it() -> None:
    lines = SHARED.read_text(encoding="utf-8").split("\n")
    for text in (json.loads(line)["text"] for line in lines if line):
        both = f"{text} a@b.com\n{text}"
        _unchanged_outside(both)
        assert "a@b.com" not in RULES.redact(both)[0]


def test_two_finds_in_one_character_are_one() -> None:
    plain = Folded("abcd", [0, 1, 1, 2], [1, 2, 2, 3])
    assert plain.back_all([("NAME", 0, 2), ("ORDER", 2, 3), ("CARD", 2, 4)]) == [
        ("NAME", 0, 2),
        ("CARD", 2, 3),
    ]


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_text_is_its_parts_in_order(text: str) -> None:
    _unchanged_outside(text)


PIECES = [
    "4111 1111 1111 1111",
    "a@b.com",
    "Hi Jo,\n",
    "my ssn is 4577",
    "\u200b",
    "e\u0301",
    "é",
    "１２",
    "[NAME_1]",
    " ",
    "\n",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=14))
@settings(max_examples=80, deadline=None)
def test_mixed_parts_change_nothing_outside_the_spans(parts: list[str]) -> None:
    _unchanged_outside("".join(parts))


def _unchanged_outside(text: str) -> None:
    redacted, entities = RULES.redact(text)
    built, position = "", 0
    for _, start, end, placeholder in entities:
        assert position <= start < end <= len(text)
        built += text[position:start] + placeholder
        position = end
    assert built + text[position:] == redacted


@given(st.text(max_size=100))
@settings(max_examples=80, deadline=None)
def test_folded_text_leads_back_into_the_original(text: str) -> None:
    plain = folded(text)
    for at in range(len(plain.text)):
        start, end = plain.back(at, at + 1)
        assert 0 <= start < end <= len(text)


def test_restore_leaves_unknown_placeholders() -> None:
    assert restore("[NAME_1] [X]", {}) == "[NAME_1] [X]"


@pytest.mark.parametrize("part", ["1 ", "a.1@", "password ", "my name is ", "1 a ", "at dot ", "Hi\n", "é1"])
def test_hostile_text_is_redacted_in_time(part: str) -> None:
    """Half a second each; in time that grows with the square of the length, minutes."""
    with processor_seconds(30):
        RULES.redact(part * (60_000 // len(part)))
