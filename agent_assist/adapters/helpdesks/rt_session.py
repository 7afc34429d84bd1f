"""Requests to Request Tracker's REST 2.0: signing in, and reading lists to their end.

Reading a token or a password costs the server 0.25 to 0.6 s in each request, a session's cookie 0.01 s
(measured on RT 5.0.3): with user and password a session is opened, and opened again when it has expired.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import Any
from urllib.parse import quote

from agent_assist.adapters.helpdesks.http import Answer, HttpSession
from agent_assist.domain.helpdesk import Account
from agent_assist.errors import (
    BadInput,
    Cancelled,
    LoginRefused,
    PermissionMissing,
    TicketGone,
    UnexpectedAnswer,
)
from agent_assist.ports import CancelToken, Clock

REST = "REST/2.0"
PER_PAGE = 100
"""The most that RT gives; a larger number is cut to it without a word."""
LOGIN = "NoAuth/Login.html"
_TOKEN = re.compile(r"\d+-(\d+)-[0-9a-f]+")

Row = Mapping[str, Any]
"""A record as RT tells it; ids are numbers in one place and text in the next."""


class RtSession:
    """Signs in with the first request that needs it."""

    def __init__(
        self, url: str, user: str, password: str, token: str, *, verify: bool | str, clock: Clock
    ) -> None:
        self._user, self._password, self._token = user, password, token
        self._by_cookie = bool(user and password)
        headers = {} if self._by_cookie else {"Authorization": f"token {token}"}
        self._http = HttpSession(url, headers=headers, verify=verify, clock=clock)
        self._signed_in = False
        self._account: tuple[str, Account] | None = None
        self._staff: dict[str, bool] = {}

    @property
    def host(self) -> str:
        return self._http.host

    def close(self) -> None:
        self._http.close()
        self._signed_in = False

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, cancel: CancelToken | None = None
    ) -> Answer:
        """Read a REST path."""
        return self._with_session(
            lambda: self._http.get(f"{REST}/{path}", params=params, cancel=cancel, expect=(200, 302)),
            cancel,
        )

    def send(
        self, method: str, path: str, body: Mapping[str, Any], *, expect: Sequence[int], once: bool = True
    ) -> Answer:
        """Send JSON to a REST path, `once` as HttpSession.send has it.

        A request whose session had expired was answered by a redirect and not processed: it is sent
        again with a new session.
        """
        return self._with_session(
            lambda: self._http.send(
                method, f"{REST}/{path}", json=dict(body), expect=(*expect, 302), once=once
            ),
            None,
        )

    def items(self, path: str, params: Mapping[str, Any], cancel: CancelToken | None = None) -> list[Row]:
        """One page of a list.  Raises UnexpectedAnswer where it is no list."""
        data = self.get(path, params, cancel).json()
        items = data.get("items") if isinstance(data, Mapping) else None
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise UnexpectedAnswer(f"{self.host} answered without the list that was asked for.")
        return items

    def walk(
        self,
        path: str,
        wanted: Sequence[Mapping[str, str]],
        fields: str,
        cancel: CancelToken | None,
        **further: str,
    ) -> Iterator[Row]:
        """Every record of a list of transactions or attachments that fits `wanted`, RT's JSON search.

        These lists have no next_page and no total, and records that the account may not see are missing
        from `count`, so that a short page need not be the last one.  Each page therefore asks for ids
        above the last one, until a page is empty.
        """
        last = 0
        while True:
            query = [*wanted, {"field": "id", "operator": ">", "value": str(last)}]
            params = {"query": dumps(query), "fields": fields, "per_page": PER_PAGE, "orderby": "id"}
            rows = self.items(path, params | further, cancel)
            yield from rows
            newest = max((number(row.get("id")) for row in rows), default=0)
            if newest <= last:
                return
            last = newest

    def account(self) -> tuple[str, Account]:
        """(numeric id, account) of whom we are signed in as.

        RT has no "who am I": the name is known from the password login, and a token holds the user's
        number.  Raises LoginRefused.
        """
        if self._account is None:
            self._need_credentials()
            match = _TOKEN.fullmatch(self._token)
            who = self._user if self._by_cookie or not match else match[1]
            if not who:
                raise LoginRefused(
                    f"This is not a token of {self.host}.",
                    "Copy it again, whole, or enter the user name too.",
                )
            try:
                user = self.get(f"user/{who}").json()
            except TicketGone:
                raise LoginRefused(f"{self.host} does not know the user {who}.") from None
            if not isinstance(user, Mapping) or not user.get("Name"):
                raise UnexpectedAnswer(f"{self.host} does not answer like Request Tracker.")
            name = str(user["Name"])
            full, email = str(user.get("RealName") or name), str(user.get("EmailAddress") or "")
            self._account = (str(user.get("id") or ""), Account(name, full, email))
        return self._account

    def is_staff(self, name: str) -> bool:
        """Whether this user has rights of his own ("privileged"), which only his own record tells."""
        if name not in self._staff:
            try:
                user = self.get(f"user/{quote(name, safe='@')}").json()
                self._staff[name] = bool(number(as_object(user).get("Privileged")))
            except (TicketGone, PermissionMissing):
                self._staff[name] = False
        return self._staff[name]

    # --- the session ----------------------------------------------------------------------------

    def _with_session(self, call: Any, cancel: CancelToken | None) -> Answer:
        self._need_credentials()
        fresh = self._by_cookie and not self._signed_in
        if fresh:
            self._sign_in()
        answer: Answer = call()
        if answer.status == 302 and self._by_cookie and not fresh:
            if cancel is not None and cancel.is_set():
                raise Cancelled(f"The request to {self.host} was stopped.")
            self._sign_in()
            answer = call()
        if answer.status == 302:
            self._signed_in = False
            raise LoginRefused(f"{self.host} asks for a login again and again.")
        return answer

    def _need_credentials(self) -> None:
        if not self._by_cookie and not self._token:
            raise BadInput(
                "There is neither a token nor a user name with a password.",
                "Enter one of the two under Connections.",
            )

    def _sign_in(self) -> None:
        """Open a session.

        The login page answers 200 in either case, so REST itself is asked whether it took: it leads
        those whose cookie is not good to the login page (302).
        """
        self._signed_in = False
        form = {"user": self._user, "pass": self._password}
        self._http.send("POST", LOGIN, data=form, expect=(200, 302, 303), once=False)
        answer = self._http.get(f"{REST}/rt", expect=(200, 302, 401), missing=UnexpectedAnswer)
        if answer.status != 200:
            raise LoginRefused(f"{self.host} refused the login of {self._user}.")
        if not isinstance(answer.json(), Mapping):
            raise UnexpectedAnswer(f"{self.host} does not answer like Request Tracker.")
        self._signed_in = True


def number(value: object) -> int:
    """An id as a number, whether RT told it as one or as text; 0 for none."""
    try:
        return int(value) if isinstance(value, int | str) else 0
    except ValueError:
        return 0


def name_of(value: object) -> str:
    """The id of a record that another one refers to."""
    return str(value.get("id") or "") if isinstance(value, Mapping) else str(value or "")


def quoted(text: str) -> str:
    """A value in a query in TicketSQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def as_object(value: object) -> Mapping[str, object]:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sentence(answer: object) -> str:
    """RT's own words: a list of sentences, or an object with one."""
    if isinstance(answer, list):
        return " ".join(str(line) for line in answer)
    return str(as_object(answer).get("message") or "no reason was given")
