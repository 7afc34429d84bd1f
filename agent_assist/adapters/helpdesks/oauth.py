"""Signing in in the browser, and the access tokens that are made of it afterwards.

oauthlib makes and reads the messages of RFC 6749, 7636 and 8252; what travels goes through `http`, as
everything that connectors say.  Refresh tokens are the only thing that is kept, where the connection's other
secrets are; a server that gives a new one with each use (RFC 9700, 4.14.2) has it kept before anything else
happens.
"""

from __future__ import annotations

import json
import logging
import secrets as random
import threading
import time
from collections.abc import Callable, Generator, Mapping, MutableMapping
from urllib.parse import urlsplit

import httpx
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from agent_assist.adapters.helpdesks.http import Answer, HttpSession
from agent_assist.adapters.helpdesks.redirect import Redirect
from agent_assist.domain.oauth import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, OAuthServer
from agent_assist.errors import HelpdeskProblem, InvalidSetting, LoginRefused, UnexpectedAnswer
from agent_assist.ports import CancelToken, SharedSecrets

log = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds that a person has to sign in in the browser."""
EARLY = 60.0
"""Seconds before its end from which an access token is not used any more: a request takes time."""
SHORTEST = 30.0
"""Seconds that an access token is used at least, whatever its server says of its end."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_ANSWERS = (200, 201, 400, 401)
_AGAIN = "Choose “Sign in” under Connections."


def sign_in(
    server: OAuthServer,
    values: Mapping[str, str],
    secrets: Mapping[str, str],
    open_page: Callable[[str], object],
    cancel: CancelToken,
) -> dict[str, str]:
    """Have a person sign in in the browser; returns the secrets to keep.

    `open_page` is called once, with the address.  Raises InvalidSetting, Cancelled, LoginRefused and the
    other HelpdeskProblems.
    """
    identity = values.get(CLIENT_ID, "").strip()
    if not identity:
        raise InvalidSetting(
            f"Signing in to {server.title} needs the client id under which your company has registered "
            "Agent Assist there.",
            "Enter it in the form; the help page “Sign in in the browser” says how to get one.",
        )
    for address in (server.authorize, server.token):
        _protected(address)
    client = WebApplicationClient(identity)
    state, verifier = random.token_urlsafe(32), client.create_code_verifier(64)
    with Redirect(server.host, server.port, state, server.title) as redirect:
        page = client.prepare_request_uri(
            server.authorize,
            redirect_uri=redirect.url,
            scope=list(server.scopes),
            state=state,
            code_challenge=client.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
            **server.more,
        )
        open_page(page)
        query = redirect.wait(PATIENCE, cancel)
    try:
        # oauthlib wants every address protected; this one never leaves the machine (RFC 8252, 7.3).
        code = client.parse_request_uri_response(f"https://{server.host}/?{query}", state)["code"]
    except OAuth2Error as error:
        raise _refused(server, error) from None
    body = client.prepare_request_body(
        code=code, redirect_uri=redirect.url, code_verifier=verifier, **_secret(secrets)
    )
    found = _ask(client, server, body)
    if refresh := found.get(REFRESH_TOKEN):
        return {REFRESH_TOKEN: str(refresh), ACCESS_TOKEN: ""}
    return {ACCESS_TOKEN: str(found["access_token"]), REFRESH_TOKEN: ""}


class _Plain:
    """Secrets that only this connector has."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values: MutableMapping[str, str] = values if isinstance(values, MutableMapping) else dict(values)
        self.lock = threading.RLock()
        self.transient: dict[str, str] = {}

    def reload(self) -> None:
        """There is no other place to read them from."""

    def get(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def __setitem__(self, name: str, value: str) -> None:
        self.values[name] = value


class TokenSource:
    """Access tokens of one connection, renewed before they end.  Thread-safe."""

    def __init__(
        self, server: OAuthServer, values: Mapping[str, str], secrets: Mapping[str, str], who: str
    ) -> None:
        """`who` names the account's system in sentences."""
        self._server, self._who = server, who
        self._client_id = values.get(CLIENT_ID, "").strip()
        self._shared: SharedSecrets = secrets if isinstance(secrets, SharedSecrets) else _Plain(secrets)

    def __repr__(self) -> str:
        return f"TokenSource({self._server.name})"

    def token(self) -> str:
        """One that holds for some time yet.  Raises LoginRefused where signing in again is needed."""
        with self._shared.lock:
            transient = self._shared.transient
            if transient.get("access") and time.time() < float(transient.get("until", "0")):
                return transient["access"]
            return self._renewed(self._shared.get(REFRESH_TOKEN, ""))

    def refused(self, token: str) -> None:
        """The helpdesk did not take this one: the next call gets another."""
        with self._shared.lock:
            if self._shared.transient.get("access") == token:
                self._shared.transient.clear()

    def _renewed(self, used: str, *, once_more: bool = True) -> str:
        shared, client = self._shared, WebApplicationClient(self._client_id)
        shared.reload()  # another process may have been given a new one
        refresh = shared.get(REFRESH_TOKEN, "")
        if not refresh:
            raise LoginRefused(f"You are not signed in to {self._who}.", _AGAIN)
        body = client.prepare_refresh_body(
            refresh_token=refresh, client_id=self._client_id, **_secret({CLIENT_SECRET: self._client_secret})
        )
        try:
            found = _ask(client, self._server, body)
        except LoginRefused:
            shared.reload()
            if once_more and shared.get(REFRESH_TOKEN, "") != refresh:
                return self._renewed(refresh, once_more=False)
            raise
        if (fresh := found.get(REFRESH_TOKEN)) and fresh != refresh:
            shared[REFRESH_TOKEN] = str(fresh)
        access = str(found["access_token"])
        lasts = found.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, int | float) else 3600.0
        until = time.time() + max(SHORTEST, seconds - EARLY)
        shared.transient.clear()
        shared.transient.update(access=access, until=str(until))
        return access

    @property
    def _client_secret(self) -> str:
        return self._shared.get(CLIENT_SECRET, "")


class BearerAuth(httpx.Auth):
    """Signs requests with the token of the moment; one that was refused is renewed, once."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._source.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:  # not processed, so that it may be sent again whatever it is
            self._source.refused(token)
            request.headers["Authorization"] = f"Bearer {self._source.token()}"
            yield request


def _ask(client: WebApplicationClient, server: OAuthServer, body: str) -> dict[str, object]:
    """The token endpoint's answer.  Raises LoginRefused where it says no."""
    _protected(server.token)
    http = HttpSession(server.token)
    try:
        answer = http.send(
            "POST",
            server.token,
            data=body.encode(),
            headers=_FORM,
            expect=_ANSWERS,
            once=False,
            missing=UnexpectedAnswer,
        )
    finally:
        http.close()
    return _read(client, server, answer)


def _read(client: WebApplicationClient, server: OAuthServer, answer: Answer) -> dict[str, object]:
    try:
        data = answer.json()
        found: dict[str, object] = client.parse_request_body_response(json.dumps(data))
    except OAuth2Error as error:
        raise _refused(server, error) from None
    except (ValueError, TypeError, AttributeError):
        raise UnexpectedAnswer(
            f"{server.title} answered the sign-in with something that is no token."
        ) from None
    return found


def _refused(server: OAuthServer, error: OAuth2Error) -> HelpdeskProblem:
    code = str(getattr(error, "error", "") or "")
    words = " ".join(str(getattr(error, "description", "") or "").split())[:200].rstrip(".")
    said = f" ({words})" if words else ""
    if code == "access_denied":
        return LoginRefused(f"{server.title} was not allowed to let Agent Assist in{said}.", _AGAIN)
    if code == "invalid_grant":
        sentence = (
            f"{server.title} does not accept the sign-in any more: it has expired or was withdrawn{said}."
        )
        return LoginRefused(sentence, _AGAIN)
    if code in ("invalid_client", "unauthorized_client"):
        return LoginRefused(
            f"{server.title} does not know this client id and secret{said}.",
            "Correct them under Connections.",
        )
    return LoginRefused(f"{server.title} refused the sign-in: {words or code or 'it says no more'}.", _AGAIN)


def _protected(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https":
        raise InvalidSetting(
            f"Signing in to {parts.hostname or address} would not be protected.",
            "Its address must begin with https.",
        )


def _secret(secrets: Mapping[str, str]) -> dict[str, str]:
    found = secrets.get(CLIENT_SECRET, "")
    return {CLIENT_SECRET: found} if found else {}
