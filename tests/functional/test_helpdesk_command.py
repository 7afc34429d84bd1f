"""`agent-assist helpdesk`, as a script calls it: a folder of tickets, and a server on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support_http import Request, serving
from support_oauth import CLIENT, authorization_server

from agent_assist.cli.main import run

TICKET = {
    "id": "4711",
    "subject": "Reset",
    "customer": {"name": "Carla", "email": "carla@example.com"},
    "messages": [{"id": "m1", "role": "customer", "text": "The link has expired."}],
}


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_ASSIST_PASSPHRASE", "a long passphrase")
    monkeypatch.setenv("AGENT_ASSIST_WORKSPACE", str(tmp_path / "workspace"))


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_connect_read_and_forget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(TICKET))

    assert run(["helpdesk", "kinds", "--json"]) == 0
    kinds = {kind["kind"]: kind for kind in printed(capsys)}
    assert {"rt", "mail", "folder", "zendesk"} <= set(kinds)
    assert {"kind", "name", "required", "title"} <= set(kinds["folder"]["fields"][0])

    assert run(["helpdesk", "add", "folder", "--title", "Old Desk", "--set", f"path={folder}", "--json"]) == 0
    added = printed(capsys)
    assert (added["id"], added["secrets_in"]) == ("old-desk", "database")

    assert run(["helpdesk", "test", "old-desk"]) == 0
    assert "Signed in as" in capsys.readouterr().out
    assert run(["helpdesk", "sync", "--json"]) == 0
    assert printed(capsys) == [{"id": "old-desk", "changed": 1}]
    assert run(["helpdesk", "tickets", "--json"]) == 0
    [ticket] = printed(capsys)
    assert (ticket["id"], ticket["excerpt"], ticket["waiting"]) == (
        "old-desk:4711",
        "The link has expired.",
        True,
    )

    assert run(["helpdesk", "list"]) == 0
    assert "old-desk\tfolder\tOld Desk" in capsys.readouterr().out
    assert run(["helpdesk", "remove", "old-desk"]) == 0
    capsys.readouterr()
    assert run(["helpdesk", "tickets", "--json"]) == 0
    assert printed(capsys) == []
    assert run(["helpdesk", "remove", "old-desk"]) == 2
    assert "no connection old-desk" in capsys.readouterr().err


def test_a_field_that_is_wrong_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["helpdesk", "add", "folder"]) == 2
    assert "File or folder is missing." in capsys.readouterr().err
    assert run(["helpdesk", "add", "nothing"]) == 2
    assert "no helpdesk of the kind nothing" in capsys.readouterr().err
    assert run(["helpdesk", "add", "folder", "--set", "path"]) == 2


def test_a_secret_comes_from_the_environment_and_is_printed_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZAMMAD_TOKEN", "s3cret-token")

    def refuse(request: Request) -> None:
        assert "s3cret-token" in request.headers["Authorization"]
        request.answer(401, {"error": "Invalid token"})

    with serving(refuse) as server:
        add = ["helpdesk", "add", "zammad", "--set", f"url={server.url}"]
        secret = ["--secret-env", "token=ZAMMAD_TOKEN"]
        assert run([*add, "--set", "token=s3cret-token"]) == 2
        assert "--secret-env" in capsys.readouterr().err
        assert run([*add, "--secret-env", "token=NOT_THERE"]) == 2
        capsys.readouterr()
        assert run([*add, *secret]) == 3
        refused = capsys.readouterr()
        assert "refused the login" in refused.err
        assert run([*add, *secret, "--no-test", "--json"]) == 0
        saved = capsys.readouterr()
        assert run(["helpdesk", "sync", "--json"]) == 3
        failed = capsys.readouterr()
        [row] = json.loads(failed.out)
        assert row["error"]["code"] == "login_refused"
    shown = refused.err + saved.out + saved.err + failed.out + failed.err
    assert "s3cret" not in shown
    stored = b"".join(p.read_bytes() for p in (tmp_path / "workspace").rglob("*") if p.is_file())
    assert b"s3cret" not in stored


BROWSER = """
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[1], context=ssl._create_unverified_context(), timeout=30).read()
"""


def test_signing_in_in_the_browser_connects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[subprocess.Popen[bytes]] = []

    def open_page(address: str) -> None:
        """Another program, as a browser is: ours would not be let to any other host."""
        opened.append(subprocess.Popen([sys.executable, "-c", BROWSER, address]))

    monkeypatch.setattr("webbrowser.open", open_page)
    with authorization_server(tmp_path, monkeypatch) as (server, _):
        given = ["--set", f"url={server.url}", "--set", f"client_id={CLIENT}", "--sign-in", "--json"]
        assert run(["helpdesk", "add", "zendesk", *given]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["account"]["email"] == "ada@example.com"
        assert opened[0].wait(30) == 0
        assert run(["helpdesk", "test", "zendesk", "--json"]) == 0  # with what the first test has renewed
        assert json.loads(capsys.readouterr().out)["name"] == "Ada"
        assert not any("invalid" in grant for grant in server.grants)
        server.refuses = True
        assert run(["helpdesk", "add", "zendesk", *given]) == 3
        assert "was not allowed" in capsys.readouterr().err
        for program in opened:
            program.wait(30)
