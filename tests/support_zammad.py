"""A small Zammad: one queue with one ticket, answering in the shapes that its documentation shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support_http import Request

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return START + timedelta(hours=3)


def stamp(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class SmallZammad:
    """`queries` are the searches it was asked, `posted` the articles that were written."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.posted: list[dict[str, Any]] = []
        self.tags = ["vip"]
        self.ticket = {
            "id": 9,
            "number": "22009",
            "title": "Parcel is late",
            "group": "Support",
            "state": "open",
            "owner": "ada@example.com",
            "owner_id": 5,
            "customer": "carla@customer.example",
            "customer_id": 10,
            "updated_at": stamp(5),
        }
        self.articles: list[dict[str, Any]] = [
            {
                "id": 19,
                "ticket_id": 9,
                "from": "Carla Diaz <carla@customer.example>",
                "to": "support@example.com",
                "subject": "Parcel is late",
                "body": "Where is it?<br><br>On Fri, 20 Nov 2026 at 10:00, Shop wrote:"
                "<blockquote>It left.</blockquote>",
                "content_type": "text/html",
                "type": "email",
                "sender": "Customer",
                "internal": False,
                "message_id": "<m1@customer.example>",
                "attachments": [
                    {
                        "id": 123,
                        "filename": "photo.jpg",
                        "size": "2048",
                        "preferences": {"Mime-Type": "image/jpeg"},
                    }
                ],
                "created_by_id": 10,
                "created_at": stamp(0),
            },
            {
                "id": 20,
                "ticket_id": 9,
                "from": "Bob Agent",
                "body": "Asked the carrier.",
                "content_type": "text/plain",
                "type": "note",
                "sender": "Agent",
                "internal": True,
                "created_by_id": 4,
                "created_at": stamp(5),
            },
        ]

    def answer(self, request: Request) -> None:
        address = urlsplit(request.path)
        path, query = address.path.removeprefix("/api/v1/"), parse_qs(address.query)
        if request.headers.get("Authorization") != "Token token=secret":
            request.answer(401, {"error": "Invalid token!"})
        elif path == "users/me":
            me = {"id": 5, "firstname": "Ada", "lastname": "Agent", "email": "ada@example.com"}
            request.answer(200, me)
        elif path == "tickets/search":
            self.queries.append(query["query"][0])
            request.answer(200, [self.ticket])
        elif path == "tickets/9" and request.method == "GET":
            request.answer(200, self.ticket)
        elif path == "tickets/9":
            self.ticket |= json.loads(request.body)
            request.answer(200, self.ticket)
        elif path == "ticket_articles/by_ticket/9":
            request.answer(200, self.articles)
        elif path == "ticket_articles":
            made = json.loads(request.body)
            self.posted.append(made)
            made |= {"id": 20 + len(self.posted), "created_by_id": 5, "created_at": stamp(180)}
            self.articles.append({"from": "Ada Agent", **made})
            request.answer(201, made)
        elif path == "tags":
            request.answer(200, {"tags": self.tags})
        elif path in ("tags/add", "tags/remove"):
            item = json.loads(request.body)["item"]
            self.tags = [*self.tags, item] if path == "tags/add" else [t for t in self.tags if t != item]
            request.answer(200, True)
        else:
            request.answer(404, {"error": "No route matches"})
