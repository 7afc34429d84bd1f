"""What may pass between the extension and the window: exactly what is declared."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_assist.domain.companion import (
    EXTENSION_ID,
    FIREFOX_ID,
    HOST,
    KINDS,
    LONGEST_TEXT,
    FromBrowser,
    Hello,
    Insert,
    Mode,
    PageLeft,
    PageShown,
    PutOutcome,
    Rendezvous,
    Result,
    Site,
    Sites,
    Status,
    ToBrowser,
    encode,
    from_browser,
    to_browser,
)
from agent_assist.resources import resource

FOLDER = resource("browser-companion")
PAGE = "0b9c1e8e-1111-4222-8333-444455556666.3"
REQUEST = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "message",
    [
        Hello("chromium", "0.1.0"),
        PageShown(17, PAGE, "acme-support", "1042"),
        PageLeft(17),
        Result(REQUEST, PutOutcome.OCCUPIED),
    ],
)
def test_what_the_extension_says_comes_back(message: FromBrowser) -> None:
    assert from_browser(json.loads(json.dumps(encode(message)))) == message


@pytest.mark.parametrize(
    "message",
    [
        Sites((Site("rt", "Our desk", "rt", "https://rt.example.com/rt"),)),
        Insert(REQUEST, 17, PAGE, "rt", "12", "Hello\n\nAda", Mode.APPEND),
        Status("absent"),
    ],
)
def test_what_the_window_says_comes_back(message: ToBrowser) -> None:
    assert to_browser(json.loads(json.dumps(encode(message)))) == message


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("v", 2),
        ("type", "run"),
        ("tab", "17"),
        ("tab", True),
        ("tab", -1),
        ("page", "x"),
        ("connection", "../rt"),
        ("connection", ""),
        ("ticket", "12/../13"),
        ("ticket", "1" * 65),
        ("more", 1),
    ],
)
def test_a_page_message_that_differs_is_refused(changed: str, value: object) -> None:
    data = encode(PageShown(17, PAGE, "rt", "12")) | {changed: value}
    with pytest.raises(ValueError):
        from_browser(data)


@pytest.mark.parametrize("text", ["", " \n", 5, "x" * (LONGEST_TEXT + 1)])
def test_a_text_that_is_no_reply_is_not_put_into_a_page(text: object) -> None:
    data = encode(Insert(REQUEST, 17, PAGE, "rt", "12", "x")) | {"text": text}
    with pytest.raises(ValueError):
        to_browser(data)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://user@evil.example", "file:///etc", "", 7])
def test_a_site_is_a_web_address(url: Any) -> None:
    with pytest.raises(ValueError):
        to_browser(encode(Sites((Site("rt", "x", "rt", url),))) | {})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=12,
)


@given(_json)
def test_any_json_is_a_message_or_refused(data: object) -> None:
    for read in (from_browser, to_browser, Rendezvous.from_json):
        with contextlib.suppress(ValueError):
            read(data)


# --- the extension keeps to it --------------------------------------------------------------------


def manifest() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
    return data


def test_the_extensions_ids_are_those_that_the_host_lets_in() -> None:
    digest = hashlib.sha256(base64.b64decode(manifest()["key"])).hexdigest()[:32]
    assert "".join(chr(ord("a") + int(c, 16)) for c in digest) == EXTENSION_ID
    assert manifest()["browser_specific_settings"]["gecko"]["id"] == FIREFOX_ID
    assert f'const HOST = "{HOST}"' in (FOLDER / "background.js").read_text("utf-8")


def test_it_may_do_nothing_at_install_that_a_person_has_not_allowed() -> None:
    data = manifest()
    assert data["permissions"] == ["nativeMessaging", "scripting", "storage"]
    for absent in (
        "host_permissions",
        "content_scripts",
        "web_accessible_resources",
        "externally_connectable",
    ):
        assert absent not in data
    assert data["content_security_policy"]["extension_pages"].startswith("default-src 'none'")


def test_nothing_listens_to_pages_sends_a_form_or_runs_text_as_code() -> None:
    files = list(FOLDER.rglob("*.js"))
    assert {file.stem for file in (FOLDER / "sites").glob("*.js")} == set(KINDS)
    for file in files:
        text = file.read_text("utf-8")
        for word in (
            "postMessage(",
            '"message"',
            "onMessageExternal",
            "eval(",
            "fetch(",
            "XMLHttp",
            ".submit(",
        ):
            if not (word == "postMessage(" and file.name == "background.js"):
                assert word not in text, f"{file.name}: {word}"
    assert "window.postMessage" not in (FOLDER / "background.js").read_text("utf-8")
