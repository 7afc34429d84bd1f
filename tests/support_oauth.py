"""A small authorisation server that keeps to the RFCs: PKCE, single-use codes, refresh tokens that rotate.

Beside it stands the piece of a Zendesk that says who is signed in.  RFC 6749, 7636, 8252, 9700.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from support_http import Request, own_certificate, serving

CLIENT = "agent-assist-desk"
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost):\d+/")


@dataclass
class AuthorizationServer:
    """What a test may change stands first."""

    refuses: bool = False
    """The person says no."""
    forges_state: bool = False
    """The browser comes back with somebody else's state first."""
    code_seconds: float = 60
    token_seconds: int = 3600
    renews: bool = True
    """Gives refresh tokens."""
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The parameters of each authorisation request."""
    grants: list[str] = field(default_factory=list)
    """Each request at the token endpoint: its grant type and what became of it."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _family: int = 0
    _refresh: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Token to (family, used)."""
    _access: dict[str, tuple[int, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def withdraw(self) -> None:
        """The person takes the sign-in back: nothing that was given holds any more."""
        with self._lock:
            self._refresh.clear()
            self._access.clear()

    def expire(self) -> None:
        """Access tokens end before their time."""
        with self._lock:
            self._access.clear()

    def holds(self, token: str) -> bool:
        """Whether this access token is good now: what a mail server asks."""
        with self._lock:
            return self._access.get(token, (0, 0.0))[1] > time.time()

    def answer(self, request: Request) -> None:
        parts = urlsplit(request.path)
        with self._lock:
            if parts.path == "/oauth/authorizations/new":
                self._authorize(request, {k: v[0] for k, v in parse_qs(parts.query).items()})
            elif parts.path == "/oauth/tokens":
                self._token(request, {k: v[0] for k, v in parse_qs(request.body.decode()).items()})
            elif parts.path == "/api/v2/users/me":
                self._me(request)
            else:
                request.answer(404, {"error": "not found"})

    def _authorize(self, request: Request, given: dict[str, str]) -> None:
        self.asked.append(given)
        fit = (
            given.get("response_type") == "code"
            and given.get("client_id") == CLIENT
            and given.get("code_challenge_method") == "S256"
            and re.fullmatch(r"[A-Za-z0-9_-]{43}", given.get("code_challenge", ""))
            and LOOPBACK.fullmatch(given.get("redirect_uri", ""))
            and len(given.get("state", "")) >= 32
        )
        if not fit:
            request.answer(400, {"error": "invalid_request"})
            return
        if self.refuses:
            back = {"error": "access_denied", "state": given["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = {**given, "until": str(time.time() + self.code_seconds)}
            back = {"code": code, "state": given["state"]}
        if self.forges_state:
            back["state"] = "forged"
        request.answer(302, b"", {"Location": f"{given['redirect_uri']}?{urlencode(back)}"})

    def _token(self, request: Request, given: dict[str, str]) -> None:
        error = "unsupported_grant_type"
        if given.get("client_id") != CLIENT:
            error = "invalid_client"
        elif given.get("grant_type") == "authorization_code":
            error = self._code_wrong(given)
            if not error:
                self._family += 1
        elif given.get("grant_type") == "refresh_token":
            error = self._refresh_wrong(given)
        self.grants.append(f"{given.get('grant_type')} {error or 'given'}")
        if error:
            request.answer(400, {"error": error})
            return
        access, refresh = f"a-{secrets.token_hex(8)}", f"r-{secrets.token_hex(8)}"
        self._access[access] = (self._family, time.time() + self.token_seconds)
        told = {"access_token": access, "token_type": "bearer", "expires_in": self.token_seconds}
        if self.renews:
            self._refresh[refresh] = (self._family, False)
            told["refresh_token"] = refresh
        request.answer(200, told, {"Cache-Control": "no-store"})

    def _code_wrong(self, given: dict[str, str]) -> str:
        known = self._codes.pop(given.get("code", ""), None)  # once only
        if known is None or float(known["until"]) < time.time():
            return "invalid_grant"
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        same = known["redirect_uri"] == given.get("redirect_uri") and known["code_challenge"] == challenge
        return "" if same else "invalid_grant"

    def _refresh_wrong(self, given: dict[str, str]) -> str:
        token = given.get("refresh_token", "")
        family, used = self._refresh.get(token, (0, True))
        if used:  # a used one means that somebody has a copy: the whole family ends (RFC 9700, 4.14.2)
            self._refresh = {t: known for t, known in self._refresh.items() if known[0] != family}
            return "invalid_grant"
        self._refresh[token] = (family, True)
        return ""

    def _me(self, request: Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._access.get(token, (0, 0.0))[1] < time.time():
            request.answer(401, {"error": "invalid_token"})
        else:
            request.answer(200, {"user": {"id": 7, "name": "Ada", "email": "ada@example.com"}})


class Browser:
    """A person's browser: goes where it is led, on a thread of its own."""

    def __init__(self, certificate: Path) -> None:
        self._certificate = certificate
        self.pages: list[tuple[int, str]] = []
        self.opened: list[str] = []
        self._threads: list[threading.Thread] = []

    def open(self, address: str) -> None:
        self.opened.append(address)
        thread = threading.Thread(target=self._go, args=(address,))
        self._threads.append(thread)
        thread.start()

    def _go(self, address: str) -> None:
        context = ssl.create_default_context(cafile=str(self._certificate))
        with httpx.Client(verify=context, follow_redirects=True, trust_env=False) as client:
            try:
                page = client.get(address)
            except httpx.HTTPError as error:  # nobody listens any more: a person sees an error page
                self.pages.append((0, str(error)))
            else:
                self.pages.append((page.status_code, page.text))

    def close(self) -> None:
        for thread in self._threads:
            thread.join(20)


@contextmanager
def authorization_server(
    folder: Path, patch: pytest.MonkeyPatch
) -> Iterator[tuple[AuthorizationServer, Browser]]:
    """Both, on TLS with a certificate that this process trusts like the system's."""
    context, certificate = own_certificate(folder)
    patch.setenv("SSL_CERT_FILE", str(certificate))
    made, person = AuthorizationServer(), Browser(certificate)
    with serving(made.answer, context) as server:
        made.url = server.url
        yield made, person
        person.close()
