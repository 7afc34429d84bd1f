"""Shared by all tests: isolation from the person's own workspace, network and keyring."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from pytestqt.qtbot import QtBot

if TYPE_CHECKING:
    from support_oauth import AuthorizationServer, Browser
    from support_rt import RequestTracker

    from agent_assist.adapters.storage.database import Database
    from agent_assist.domain.model import ModelRecord

# Before anything imports a model library: nothing in a test may ask the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")

# Properties are about what holds, not about how busy the machine is.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# The same for what a test of the window waits for: pytest-qt's own five seconds are short on a busy one.
for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals):
    wait.__kwdefaults__ = {**(wait.__kwdefaults__ or {}), "timeout": 60_000}


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test never touches the real data folder, whatever it forgets to say."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.delenv("AGENT_ASSIST_WORKSPACE", raising=False)
    monkeypatch.delenv("AGENT_ASSIST_PASSPHRASE", raising=False)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """A thread that outlives its test is a missing close()."""
    before = set(threading.enumerate())
    yield
    leaked = [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and not thread.daemon
    ]
    for thread in leaked:
        thread.join(timeout=5)
    still = [thread.name for thread in leaked if thread.is_alive()]
    assert not still, f"threads left running: {still}"


@pytest.fixture(scope="session")
def rt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    """A real Request Tracker, the same for all tests of a session: tell your tickets by their subjects."""
    from support_rt import serve

    yield from serve(tmp_path_factory.mktemp("rt"))


@pytest.fixture
def sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[AuthorizationServer, Browser]]:
    """An authorisation server, and the browser in which a person signs in to it."""
    from support_oauth import authorization_server

    with authorization_server(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture(scope="session")
def record() -> ModelRecord:
    """The model that comes with the application."""
    from agent_assist.adapters.inference.packaged import default_record

    found = default_record()
    assert found is not None
    return found


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one, closed at the end."""
    from support_store import open_database

    made = open_database(tmp_path)
    yield made
    made.close()
