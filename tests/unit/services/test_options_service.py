from __future__ import annotations

from pathlib import Path

import pytest
from support_store import Listener

from agent_assist.errors import InvalidSetting
from agent_assist.services.events import EventBus, SettingsChanged
from agent_assist.services.options import OptionsService
from agent_assist.settings import Settings


def test_changes_are_saved_and_told(tmp_path: Path) -> None:
    events = EventBus()
    listener = Listener(events)
    path = tmp_path / "settings.json"
    options = OptionsService(path, events)
    assert options.current == Settings()
    changed = options.change(
        {"reply.company": "Acme", "outbox.undo_seconds": 3, "appearance.theme": "system"}
    )
    assert (changed.reply.company, changed.outbox.undo_seconds) == ("Acme", 3)
    assert options.current == changed == OptionsService(path, EventBus()).current
    assert listener.events == [SettingsChanged(frozenset({"reply.company", "outbox.undo_seconds"}))]


def test_what_is_the_same_already_is_no_change(tmp_path: Path) -> None:
    events = EventBus()
    listener = Listener(events)
    options = OptionsService(tmp_path / "settings.json", events)
    options.change({"outbox.undo_seconds": 8})
    assert listener.events == []
    assert not (tmp_path / "settings.json").exists()


def test_one_bad_value_changes_nothing(tmp_path: Path) -> None:
    options = OptionsService(tmp_path / "settings.json", EventBus())
    for bad in ({"outbox.undo_seconds": 99}, {"no.such": 1}):
        with pytest.raises(InvalidSetting):
            options.change({"reply.company": "Acme", **bad})
    assert options.current == Settings()


def test_options_in_memory() -> None:
    options = OptionsService(None, EventBus())
    assert options.change({"first_run_done": True}).first_run_done
