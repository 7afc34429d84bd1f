"""U+2028 and U+0085 stand in customers' texts and end no line of JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path

from agent_assist.domain.ticket import Ticket
from training.config import Source
from training.prepare.read import read
from training.prepare.rows import read_articles

TEXT = "one\u2028two\u0085three\x0bfour"


def test_articles_and_tickets_with_odd_line_ends_stay_whole(tmp_path: Path) -> None:
    articles = tmp_path / "articles.jsonl"
    articles.write_text(json.dumps({"id": "a", "body": TEXT}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [row["body"] for row in read_articles(articles) or ()] == [TEXT]
    one = {
        "id": 1,
        "requester_id": 7,
        "comments": [{"id": 2, "author_id": 7, "body": TEXT}, {"id": 3, "author_id": 8, "body": "Yes."}],
    }
    tickets = tmp_path / "tickets.json"
    tickets.write_text(
        "\n".join(json.dumps({**one, "id": n}, ensure_ascii=False) for n in (1, 2)), encoding="utf-8"
    )
    found = list(read(Source(path=tickets, format="zendesk")))
    assert [type(t) for t in found] == [Ticket, Ticket]
