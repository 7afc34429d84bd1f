"""A person who is erased is gone from every page of the decrypted file, and stays out of exports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from support_store import suggestion, ticket

from agent_assist import app
from agent_assist.adapters import secrets
from agent_assist.adapters.knowledge.cache import IndexCache
from agent_assist.adapters.storage.knowledge import SqlKnowledgeRepository
from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.workspace import Workspace
from agent_assist.domain.access import TeamRole
from agent_assist.domain.feedback import Action
from agent_assist.domain.knowledge import Article, Collection, Hit, Passage
from agent_assist.domain.ticket import Customer, TicketStatus
from agent_assist.domain.unsent import Unsent
from agent_assist.errors import BadInput, PermissionDenied
from agent_assist.services.desk import Desk

ADA = Customer("C-778899", "Ada Størmholt", "Ada.Stormholt@mail.example.com")
BEN = Customer("C-1", "Ben Roe", "ben@mail.example.com")
NEEDLES = (
    "ada.stormholt@mail",
    "størmholt",
    "st\\u00f8rmholt",
    "stormholt",
    "778899",
    "zebrafish umbrella",
    "zebrafish",
)
PAGE, SPARE, SALT = 4096, 80, 16


def pages(path: Path, key: bytes) -> bytes:
    """Every page of a SQLCipher 4 file decrypted, those included that no table uses any more.

    AES-256-CBC; a page ends in its initialisation vector (16 bytes) and HMAC (64); the first one begins
    with the salt (SQLCipher's design page).
    """
    data, plain = path.read_bytes(), b""
    assert len(data) % PAGE == 0
    for start in range(0, len(data), PAGE):
        page = data[start : start + PAGE]
        vector = page[PAGE - SPARE : PAGE - SPARE + 16]
        body = page[SALT if start == 0 else 0 : PAGE - SPARE]
        decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
        plain += decryptor.update(body) + decryptor.finalize()
    return plain


class Office:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk: Desk = app.open_desk(folder, passphrase=lambda: "correct horse")
        with Workspace.open(folder, passphrase=lambda: "correct horse") as workspace:
            self.key = secrets.derive(workspace._data_key, "database")
            self.cache = IndexCache(workspace.cache_folder, workspace.cache_key)
            self._furnish(workspace)

    def _furnish(self, workspace: Workspace) -> None:
        desk = self.desk
        assert desk.privacy is not None
        desk.tickets.save(
            [
                ticket("T-1", "My zebrafish umbrella broke", "Sorry", customer=ADA),
                ticket("T-2", "Again, 778899 here", customer=replace(ADA, id="")),
                ticket("T-3", "ADA.Stormholt@mail.example.com told me", customer=BEN, fields={}),
            ]
        )
        articles = SqlKnowledgeRepository(workspace.database)
        made = articles.save_articles(
            [
                (
                    Article("s-1", "Umbrella", "Ada Størmholt asked: zebrafish", Collection.SOLVED),
                    [("Umbrella", "Ada Størmholt asked: zebrafish")],
                ),
                (Article("a-1", "Contact", "Write to Ben."), [("", "Write to Ben.")]),
            ]
        )
        articles.save_vectors("encoder", [(made[0][0], b"\1" * 16), (made[1][0], b"\2" * 16)])
        self.cache.write("encoder", "state", "flat", b"zebrafish")
        passage = Passage(
            made[0][0], "s-1", 0, "Umbrella", "Ada Størmholt asked: zebrafish", "Umbrella", Collection.SOLVED
        )
        store = SuggestionStore(workspace.database)
        store.save(suggestion("s1", "Dear Ada Størmholt"))
        store.save(
            suggestion(
                "s3", "Ask ada.stormholt@mail.example.com", ticket_id="T-3", hits=(Hit(passage, 1, 1, 1),)
            )
        )
        desk.feedback.decide("s1", "Dear Ada Størmholt, about the zebrafish", Action.SENT)
        desk.feedback.decide("s3", "Ada Størmholt knows", Action.SENT)
        desk.outbox.send("T-1", "Dear Ada Størmholt")
        desk.unsent.save(Unsent("T-2", "Dear zebrafish"))

    def close(self) -> None:
        self.desk.close()

    def everything(self) -> str:
        self.close()
        plain = pages(self.folder / "workspace.db", self.key)
        others = [p for p in self.folder.rglob("*") if p.is_file() and p.name != "workspace.db"]
        plain += b"".join(p.read_bytes() for p in others)
        self.desk = app.open_desk(self.folder, passphrase=lambda: "correct horse")
        return plain.decode("utf-8", "replace").lower()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "desk")
    yield made
    made.close()


@pytest.mark.parametrize("identifier", ["C-778899", "ada.stormholt@mail.example.com"])
def test_an_erased_person_is_gone_from_every_page(office: Office, identifier: str) -> None:
    before = office.everything()
    assert all(needle in before for needle in NEEDLES)
    privacy = office.desk.privacy
    assert privacy is not None
    receipt = privacy.erase(identifier)
    assert receipt.compacted
    assert receipt.removed["tickets"] == 2
    assert receipt.removed["solved articles"] == 1
    assert receipt.removed["unsent"] == receipt.removed["replies"] == receipt.removed["drafts"] == 1
    assert receipt.masked == {"tickets": 1, "messages": 1, "suggestions": 1, "outcomes": 1}
    after = office.everything()
    assert [needle for needle in NEEDLES if needle in after] == []
    assert not list((office.folder / "cache").glob("index-*"))
    assert "ben@mail.example.com" in after


def test_others_stay_whole_and_searchable(office: Office) -> None:
    desk = office.desk
    assert desk.privacy is not None
    desk.privacy.erase("C-778899")
    left = desk.tickets.get("T-3")
    assert left is not None
    assert left.messages[0].text == "•" * 30 + " told me"
    assert [a.id for a in desk.knowledge.articles()] == ["a-1"]
    suggestions = {s.id: s for s, _ in desk.feedback.entries()}
    assert set(suggestions) == {"s3"}
    assert suggestions["s3"].text == "Ask " + "•" * 30
    assert set(suggestions["s3"].hits[0].passage.text) == {"•"}


def test_the_receipt_proves_itself_and_names_nobody(office: Office) -> None:
    privacy = office.desk.privacy
    assert privacy is not None
    privacy.erase("C-778899")
    (receipt,) = privacy.receipts()
    text = json.dumps(receipt).lower()
    assert not any(needle in text for needle in NEEDLES)
    assert privacy.is_genuine(receipt)
    assert not privacy.is_genuine({**receipt, "removed": {}})
    assert not privacy.is_genuine({})
    assert office.desk.audit is not None
    assert any(e.action == "erased" for e in office.desk.audit.entries())


def test_whoever_comes_back_is_no_training_data(office: Office, tmp_path: Path) -> None:
    desk = office.desk
    assert desk.privacy is not None
    desk.privacy.erase("C-778899")
    desk.tickets.save([ticket("T-9", "Hello again", customer=replace(ADA, id="other"))])
    desk.feedback.shown(suggestion("s9", ticket_id="T-9"))
    desk.feedback.decide("s9", "Hello again, Ada", Action.SENT)
    back = desk.tickets.get("T-9")
    assert back is not None
    assert desk.privacy.is_erased(back)
    report = desk.feedback.export("sft", tmp_path / "out.jsonl")
    assert report.skipped["the customer was erased"] == 1
    assert "again" not in (tmp_path / "out.jsonl").read_text()


def test_an_export_holds_everything_of_one_person_only(office: Office, tmp_path: Path) -> None:
    privacy = office.desk.privacy
    assert privacy is not None
    path = tmp_path / "ada.json"
    held = privacy.export("C-778899", path)
    data = json.loads(path.read_text())
    assert path.stat().st_mode & 0o077 == 0
    assert {k: len(v) for k, v in data["held"].items()} == dict(held.counts)
    assert held.counts["tickets"] == 2
    assert held.counts["solved articles"] == 1
    text = json.dumps(data)
    assert "zebrafish umbrella" in text
    assert "ben@mail" not in text
    assert data["held"]["outcomes"][0]["record"]["final_text"].endswith("zebrafish")


def test_what_cannot_be_done_is_said(office: Office) -> None:
    desk = office.desk
    assert desk.privacy is not None
    for identifier in ("", "nobody@mail.example.com", "X"):
        with pytest.raises(BadInput):
            desk.privacy.erase(identifier)
    desk.tickets.save([ticket("T-5", "Hi", customer=Customer("C-1", "Eve", "eve@mail.example.com"))])
    with pytest.raises(BadInput, match="2 e-mail addresses"):
        desk.privacy.erase("C-1")
    assert desk.access is not None
    desk.access.set_role("agent-000000000001", TeamRole.ADMIN)
    desk.access.set_role(desk.access.me, TeamRole.LEAD)
    with pytest.raises(PermissionDenied):
        desk.privacy.erase("C-778899")
    with pytest.raises(PermissionDenied):
        desk.options.change({"retention.solved_days": 30})
    assert desk.tickets.count() == 4


def test_retention_removes_what_is_old_and_nothing_that_is_unfinished(office: Office) -> None:
    desk = office.desk
    assert desk.privacy is not None
    assert not any(desk.privacy.apply_retention().values())
    long_ago = datetime.now(UTC) - timedelta(days=100)
    for identity, status in (
        ("old", TicketStatus.SOLVED),
        ("open", TicketStatus.OPEN),
        ("kept", TicketStatus.SOLVED),
    ):
        made = ticket(identity, "Hello", customer=BEN, status=status)
        desk.tickets.save([replace(made, messages=(replace(made.messages[0], created_at=long_ago),))])
    desk.unsent.save(Unsent("kept", "half a reply"))
    desk.feedback.shown(suggestion("s-old", ticket_id="open", created_at=long_ago))
    desk.options.change({"retention.solved_days": 30, "retention.feedback_days": 30})
    removed = desk.privacy.apply_retention()
    assert removed == {"tickets": 1, "feedback": 1, "replies": 0}
    assert desk.tickets.get("old") is None
    assert desk.tickets.get("open") is not None
    assert desk.tickets.get("kept") is not None
