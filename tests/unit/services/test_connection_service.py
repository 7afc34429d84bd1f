from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import keyring.backend
import keyring.errors
import pytest
from support_helpdesk import FIELDS, TOKEN, HelpdeskDesk, remote
from support_workspace import MemoryKeyring

from agent_assist.adapters.secrets import SystemKeyring
from agent_assist.adapters.storage.database import Database
from agent_assist.adapters.storage.vault import Vault
from agent_assist.errors import (
    BadInput,
    HelpdeskProblem,
    InvalidSetting,
    KeyUnavailable,
    LoginRefused,
    WorkspaceDamaged,
)
from agent_assist.services.events import ConnectionsChanged
from agent_assist.services.helpdesks.fields import checked, problems
from agent_assist.services.helpdesks.secrets import Secrets

URL = {"url": "https://acme.example"}


@pytest.fixture
def desk(database: Database) -> Iterator[HelpdeskDesk]:
    desk = HelpdeskDesk(database)
    yield desk
    desk.close()


def test_a_connection_is_added_with_its_defaults_and_an_id_of_its_title(desk: HelpdeskDesk) -> None:
    again = desk.connections.add("fake", "Acme", {"url": "help.example/desk/"}, {"token": TOKEN})
    assert [c.id for c in desk.connections.all()] == ["acme", "acme-2"]
    assert again.values == {
        "url": "https://help.example/desk",
        "only_mine": "true",
        "queues": "",
        "count": "5",
        "size": "small",
        "file": "",
    }
    assert desk.connections.add("fake", " ", URL, {"token": TOKEN}).id == "fake-desk"
    assert len(desk.listener.of(ConnectionsChanged)) == 3


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"url": ""}, "Address is missing."),
        ({"url": "not an address"}, "Address is not a web address"),
        ({"url": "ftp://x"}, "Address is not a web address"),
        ({"url": "https://ann:pw@x.example"}, "Address holds a user name"),
        ({"url": "http://[::1"}, "Address is not a web address"),
        (URL | {"count": "many"}, "Count is not a whole number."),
        (URL | {"only_mine": "perhaps"}, "Only mine is neither on nor off."),
        (URL | {"size": "huge"}, "Size is not one of small, large."),
        (URL | {"nothing": "x"}, "There is no field named nothing."),
        (URL | {"queues": "x" * 20_001}, "Queues is too long."),
    ],
)
def test_a_value_that_is_not_right_is_told_with_its_field(
    desk: HelpdeskDesk, values: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        desk.connections.add("fake", "X", values, {"token": TOKEN})
    assert caught.value.sentence.startswith(sentence)
    assert len(desk.connections.all()) == 1


def test_a_form_gets_all_its_problems_at_once(desk: HelpdeskDesk) -> None:
    found = desk.connections.problems("fake", {"count": "x"}, {})
    assert found == {
        "url": "Address is missing.",
        "token": "Token is missing.",
        "count": "Count is not a whole number.",
    }
    assert desk.connections.problems("fake", URL, {}, "acme") == {}  # its token is kept


def test_values_are_kept_in_one_form() -> None:
    given = {"url": "X.example/", "only_mine": "No", "queues": " a ,, b ", "count": " 07 ", "file": "x"}
    kept = checked(FIELDS, given)
    assert (kept["only_mine"], kept["queues"], kept["count"]) == ("false", "a, b", "7")
    assert Path(kept["file"]).is_absolute()
    assert "token" not in kept
    assert problems(FIELDS, URL, {"token": "a\0b"})["token"] == "Token holds characters that cannot be sent."


def test_a_kind_that_is_unknown_or_broken_is_refused(desk: HelpdeskDesk) -> None:
    with pytest.raises(BadInput, match="no helpdesk of the kind nothing"):
        desk.connections.add("nothing", "X", {})
    with pytest.raises(HelpdeskProblem, match="cannot be imported"):
        desk.connections.add("broken", "X", {})


def test_a_change_keeps_the_rest_and_begins_the_look_anew(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    renamed = desk.connections.change("acme", title="Acme Support")
    assert (renamed.title, renamed.cursor, renamed.values["url"]) == ("Acme Support", "1", URL["url"])
    changed = desk.connections.change("acme", values={"queues": "Sales"}, secrets={"token": "new"})
    assert (changed.cursor, changed.values["queues"]) == ("", "Sales")
    assert desk.vault.get("acme") == {"token": "new"}
    with pytest.raises(BadInput, match="no connection nobody"):
        desk.connections.change("nobody")


def test_the_live_connector_is_made_again_after_a_change_by_anybody(desk: HelpdeskDesk) -> None:
    first = desk.connections.connector("acme")
    assert desk.connections.connector("acme") is first
    assert desk.connections.connector("acme", "sync") is not first
    found = desk.store.get("acme")
    assert found is not None
    desk.store.save(found)  # another process
    assert desk.connections.connector("acme") is not first
    assert first.closed  # type: ignore[attr-defined]


def test_removing_takes_tickets_and_secrets_along(desk: HelpdeskDesk) -> None:
    desk.server.put(remote("1"))
    desk.sync.pull("acme")
    connector = desk.connections.connector("acme")
    desk.connections.remove("acme")
    assert (desk.connections.all(), desk.tickets.count(), desk.vault.get("acme")) == ([], 0, {})
    assert connector.closed  # type: ignore[attr-defined]
    with pytest.raises(BadInput):
        desk.connections.connector("acme")


def test_what_comes_after_the_removal_is_not_saved(desk: HelpdeskDesk) -> None:
    desk.connections.remove("acme")
    assert desk.store.apply("acme", [remote("acme:1")], (), "5").result() == ()
    assert desk.tickets.count() == 0


def test_testing_signs_in_with_what_is_in_the_form(desk: HelpdeskDesk) -> None:
    assert desk.connections.test("fake", URL, {"token": TOKEN}).name == "Ann"
    assert desk.connections.test("fake", URL, connection="acme").name == "Ann"
    assert [q.name for q in desk.connections.queues("fake", URL, connection="acme")] == ["Support"]
    with pytest.raises(LoginRefused):
        desk.connections.test("fake", URL, {"token": "wrong"})
    with pytest.raises(InvalidSetting, match="Token is missing"):
        desk.connections.test("fake", URL)
    assert all(made.closed for made in desk.registry.made)
    assert len(desk.connections.all()) == 1


def test_pages_of_the_helpdesk_lead_to_tickets_and_back(desk: HelpdeskDesk) -> None:
    assert desk.connections.ticket_of_url("https://acme.example/ticket/7") == ("acme", "7")
    assert desk.connections.ticket_of_url("https://else.example/ticket/7") is None
    assert desk.connections.page_of("acme:7") == "https://acme.example/ticket/7"
    assert desk.connections.page_of("T-1") == desk.connections.page_of("gone:1") == ""
    desk.connections.enable("acme", False)
    assert desk.connections.ticket_of_url("https://acme.example/ticket/7") is None


def test_secrets_are_in_the_keyring_and_nowhere_else(database: Database, tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    desk = HelpdeskDesk(database, keyring=keyring)
    assert desk.connections.secrets_in == "keyring"
    assert keyring.entries == {"w1/acme/token": TOKEN.encode()}
    assert database.read(
        lambda t: t.conn.execute("SELECT name, sealed FROM connection_secrets").fetchall()
    ) == [("token", None)]
    assert desk.connections.has_secret("acme", "token")
    without = Vault(database, bytes(32), lambda: None, "w1")
    with pytest.raises(KeyUnavailable):
        without.get("acme")
    desk.connections.change("acme", secrets={"token": "other"})
    assert keyring.entries == {"w1/acme/token": b"other"}
    desk.connections.remove("acme")
    assert keyring.entries == {}
    desk.close()


class InProcess(keyring.backend.KeyringBackend):
    """A backend of the package keyring that keeps what it is given in this process."""

    priority = 0.1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not there")


def test_what_was_sealed_moves_into_a_keyring_that_comes_later(database: Database, tmp_path: Path) -> None:
    secret = "s3cret-that-stands-nowhere-else"
    backend = InProcess()
    vault = Vault(database, bytes(range(32)), lambda: None, "w1")
    vault.put("acme", {"token": secret})
    assert vault.place == "database"
    vault = Vault(database, bytes(range(32)), lambda: SystemKeyring(backend), "w1")
    for there in (False, True):  # read from the database and moved, then read from the keyring
        assert vault.get("acme") == {"token": secret}, there
    (name, kept) = next(iter(backend.kept.items()))
    assert name == ("agent-assist", "w1/acme/token")
    assert base64.b64decode(kept).decode() == secret
    rows = database.read(lambda t: t.conn.execute("SELECT name, sealed FROM connection_secrets").fetchall())
    assert rows == [("token", None)]
    for table in database.read(lambda t: t.table_names()):
        every = database.read(lambda t, n=table: t.conn.execute(f"SELECT * FROM [{n}]").fetchall())
        assert secret not in repr(every)
    vault.put("acme", {"refresh_token": secret})
    vault.remove("acme")
    assert backend.kept == {}


def test_without_a_keyring_secrets_are_sealed_in_the_database(desk: HelpdeskDesk, database: Database) -> None:
    assert desk.connections.secrets_in == "database"
    [(sealed,)] = database.read(lambda t: t.conn.execute("SELECT sealed FROM connection_secrets").fetchall())
    assert TOKEN.encode() not in sealed
    assert desk.vault.get("acme") == {"token": TOKEN}
    with pytest.raises(WorkspaceDamaged):
        Vault(database, bytes(32), lambda: None, "w1").get("acme")
    desk.vault.put("acme", {"token": ""})
    assert desk.vault.get("acme") == {}


def test_a_refreshed_token_is_kept(desk: HelpdeskDesk) -> None:
    connector = desk.connections.connector("acme")
    connector.secrets["token"] = "refreshed"  # type: ignore[attr-defined]
    assert desk.vault.get("acme") == {"token": "refreshed"}
    assert desk.connections.connector("acme") is connector


def test_secrets_are_never_printed(desk: HelpdeskDesk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = desk.connections.connector("acme").secrets  # type: ignore[attr-defined]
    shown = f"{secrets!r} {secrets} {desk.connections.all()} {desk.vault!r} {Secrets({'a': 'b'}, print)!r}"
    assert TOKEN not in shown + caplog.text


def test_a_closed_service_gives_no_connector(desk: HelpdeskDesk) -> None:
    connector = desk.connections.connector("acme")
    desk.connections.close()
    assert connector.closed  # type: ignore[attr-defined]
    with pytest.raises(HelpdeskProblem, match="closed"):
        desk.connections.connector("acme")
