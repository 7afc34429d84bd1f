"""A connector from another package: installed beside the application, it is used like the built-in ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support_http import Request, serving

EXAMPLE = Path(__file__).parents[1] / "examples" / "acme-connector"


def answer(request: Request) -> None:
    if request.headers.get("X-Token") != "t0p":
        request.answer(401, {})
    elif request.path == "/me":
        request.answer(200, {"id": "7", "name": "Ada Agent"})
    elif request.path.startswith("/tickets?"):
        ticket = {"id": "12", "messages": [{"id": "a", "role": "customer", "text": "Where is my parcel?"}]}
        request.answer(200, {"tickets": [ticket], "last": 12, "more": False})
    else:
        request.answer(404, {})


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With the example package installed in a folder of its own."""
    place = tmp_path / "site"
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    # What an installer writes, without asking a package index for the build's own requirements.
    (told := place / f"{name}-{version}.dist-info").mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in found.items()) for group, found in groups]
    (told / "entry_points.txt").write_text("\n".join(lines))
    shutil.copy(EXAMPLE / f"{name}.py", place)
    return os.environ | {
        "PYTHONPATH": str(place),
        "AGENT_ASSIST_WORKSPACE": str(tmp_path / "workspace"),
        "AGENT_ASSIST_PASSPHRASE": "four plain words together",
        "ACME_TOKEN": "t0p",
    }


def test_another_packages_connector_is_found_connected_and_read(environment: dict[str, str]) -> None:
    def run(*arguments: str) -> object:
        done = subprocess.run(
            [sys.executable, "-m", "agent_assist", "helpdesk", *arguments, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert "Acme Tickets" in json.dumps(run("kinds"))
    with serving(answer) as server:
        added = run(
            "add", "acme", "--title", "Acme", "--set", f"url={server.url}", "--secret-env", "token=ACME_TOKEN"
        )
        assert "acme" in json.dumps(added)
        run("sync")
        assert "Where is my parcel?" in json.dumps(run("tickets"))
