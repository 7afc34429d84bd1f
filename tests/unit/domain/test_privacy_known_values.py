from __future__ import annotations

from agent_assist.domain.privacy import known_values
from agent_assist.domain.ticket import Customer, Ticket


def test_the_ticket_names_its_own_personal_data() -> None:
    ticket = Ticket(
        "T-1",
        (),
        customer=Customer("C-77", "Crystal de Minh", "cm@example.com"),
        fields={
            "order_id": "3348917502",
            "Tracking number": "ZX 81",
            "plan": "Premium",
            "size": "XL",
            "batch": "2026-11-22",
            "no": "7",
        },
    )
    found = known_values(ticket)
    assert set(found) == {
        ("NAME", "Crystal de Minh"),
        ("NAME", "Crystal"),
        ("NAME", "Minh"),
        ("EMAIL", "cm@example.com"),
        ("CUSTOMER_ID", "C-77"),
        ("ORDER_ID", "3348917502"),
        ("TRACKING_NUMBER", "ZX 81"),
        ("BATCH", "2026-11-22"),
    }
    assert [len(value) for _, value in found] == sorted((len(value) for _, value in found), reverse=True)


def test_an_empty_ticket_names_nothing() -> None:
    assert known_values(Ticket("T-1", (), fields={"order_id": " "})) == []
