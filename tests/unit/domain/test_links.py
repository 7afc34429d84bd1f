from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_assist.domain.links import PageLink, TicketLink, read_link, ticket_number


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("agentassist://ticket/T-1042", TicketLink("T-1042")),
        ("agentassist://ticket/acme/1042", TicketLink("acme:1042")),
        ("agentassist://ticket/acme%3A1042", TicketLink("acme:1042")),
        (" agentassist://ticket/mail/a%40b.example ", TicketLink("mail:a@b.example")),
        ("https://rt.example.com/Ticket/Display.html?id=12", PageLink("https://rt.example.com/Ticket/Display.html?id=12")),
    ],
)  # fmt: skip
def test_a_link_to_a_ticket(text: str, found: object) -> None:
    assert read_link(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "T-1042",
        "agentassist://settings/x",
        "agentassist://ticket/",
        "agentassist://ticket/a/b/c",
        "agentassist://ticket/ACME/1",
        "agentassist://ticket/acme/1?send=yes",
        "agentassist://ticket/acme/1#x",
        "agentassist://user@ticket/1",
        "agentassist://ticket/a%00b",
        "agentassist://ticket/..%2Fx",
        "agentassist://ticket/%ff",
        "agentassist://ticket/a\nb",
        "agentassist://ticket/" + "1" * 2000,
        "https://user:secret@rt.example.com/",
        "https://",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "--workspace=/tmp",
    ],
)
def test_anything_else_is_no_link(text: str) -> None:
    assert read_link(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_link_or_none(text: str) -> None:
    read_link(text)
    read_link(f"agentassist://ticket/{text}")
    ticket_number(text)


@pytest.mark.parametrize(
    "text", ["1042", "#1042", "Ticket #1042", "[support.example #1042]", "RT-1042", " 1042\n"]
)
def test_a_copied_number(text: str) -> None:
    assert ticket_number(text) == "1042"


@pytest.mark.parametrize("text", ["", "I paid 1042", "10.42", "1042 and 1043", "A-2041-7", "+49 30 1042"])
def test_other_copied_text_is_no_number(text: str) -> None:
    assert ticket_number(text) is None
