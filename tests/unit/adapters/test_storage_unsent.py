"""Unsent replies in the encrypted store, and the service over it."""

from __future__ import annotations

from pathlib import Path

import support_store as sample

from agent_assist.adapters.storage.suggestions import SuggestionStore
from agent_assist.adapters.storage.unsent import UnsentStore
from agent_assist.domain.unsent import Unsent
from agent_assist.services.unsent import UnsentService

SECRET = "Dear Crystal, the code is heliotrope"


def test_what_was_typed_is_kept_replaced_and_forgotten(tmp_path: Path) -> None:
    database = sample.open_database(tmp_path)
    service = UnsentService(UnsentStore(database))
    service.save(Unsent("T-1", "Hello", "shorter", "s1"))
    service.save(Unsent("T-2", "Hallo \ud800 Welt\n\n"))
    service.save(Unsent("T-1", SECRET))
    assert service.get("T-1") == Unsent("T-1", SECRET)
    assert [u.ticket_id for u in service.all()] == ["T-1", "T-2"]
    assert service.get("T-3") is None
    service.forget("T-1")
    service.forget("T-1")
    service.save(Unsent("T-2", "  \n", " "))
    assert service.all() == []
    database.close()


def test_a_wish_alone_is_kept_and_nothing_is_readable_on_the_disk(tmp_path: Path) -> None:
    database = sample.open_database(tmp_path)
    service = UnsentService(UnsentStore(database))
    service.save(Unsent("T-1", "", "mention the delay"))
    service.save(Unsent("T-2", SECRET))
    assert service.get("T-1") == Unsent("T-1", "", "mention the delay")
    for path in tmp_path.glob("workspace.db*"):
        assert SECRET.encode() not in path.read_bytes()
        assert b"mention the delay" not in path.read_bytes()
    database.close()


def test_the_suggestion_that_was_being_changed_is_found_again(tmp_path: Path) -> None:
    database = sample.open_database(tmp_path)
    suggestions = SuggestionStore(database)
    suggestions.save(sample.suggestion("s1"))
    service = UnsentService(UnsentStore(database), suggestions)
    service.save(Unsent("T-1", "Changed", "", "s1"))
    kept = service.get("T-1")
    assert kept is not None
    found = service.started_from(kept)
    assert found is not None
    assert found.id == "s1"
    assert service.started_from(Unsent("T-1", "Changed", "", "gone")) is None
    assert service.started_from(Unsent("T-1", "Changed")) is None
    assert UnsentService(UnsentStore(database)).started_from(kept) is None
    database.close()
