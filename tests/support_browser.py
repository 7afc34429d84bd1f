"""A real Chromium with the companion in it, and small pages in the shape of the hosted helpdesks'."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from click.testing import CliRunner

from agent_assist.cli.main import cli
from agent_assist.resources import resource

CHROMIUM = "/usr/bin/chromium"
PAGES = Path(__file__).parent / "pages"
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


class _Handler(http.server.BaseHTTPRequestHandler):
    """`http://NAME.localhost:PORT/…` is the page of that name."""

    def do_GET(self) -> None:
        name = str(self.headers.get("Host", "")).partition(".")[0]
        file = PAGES / f"{name}.html"
        body = (
            file.read_bytes()
            if file.exists()
            else b"<!doctype html><title>Other</title><textarea></textarea>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page_server() -> Iterator[int]:
    """The port of a server for tests/pages."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def extension(folder: Path, granted: Sequence[str]) -> Path:
    """A copy of the extension in which these addresses are allowed.

    A person allows them by a click on the browser's own question, which no automation may answer.
    """
    copy = folder / "extension"
    shutil.copytree(resource("browser-companion"), copy)
    if granted:
        manifest = json.loads((copy / "manifest.json").read_text())
        manifest["host_permissions"] = [f"{u.scheme}://{u.netloc}/*" for u in map(urlsplit, granted)]
        (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


@contextmanager
def browser(folder: Path, workspace: Path, granted: Sequence[str]) -> Iterator[Any]:
    """A Playwright browser context with the companion loaded and registered for `workspace`."""
    from playwright.sync_api import sync_playwright

    profile = folder / "profile"
    profile.mkdir()
    installed = CliRunner().invoke(
        cli, ["--workspace", str(workspace), "companion", "install", "--profile", str(profile)]
    )
    assert installed.exit_code == 0, installed.output
    loaded = extension(folder, granted)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=CHROMIUM,
            headless=False,
            args=[*ARGUMENTS, f"--load-extension={loaded}", f"--disable-extensions-except={loaded}"],
            ignore_default_args=["--disable-extensions"],
            env={**os.environ, "HOME": str(folder)},
        )
        try:
            yield context
        finally:
            context.close()
