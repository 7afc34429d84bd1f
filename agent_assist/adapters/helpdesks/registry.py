"""The helpdesk systems that can be connected, found by the entry point group `agent_assist.helpdesks`.

A third party adds one in a package of its own: a class as `ports.HelpdeskConnector` describes it, and

    [project.entry-points."agent_assist.helpdesks"]
    theirs = "their_package.module:TheirConnector"

Nothing here has to change for that, and a class that cannot be imported is told and never fatal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from agent_assist.adapters import network
from agent_assist.adapters.helpdesks import oauth
from agent_assist.domain.helpdesk import Ability, Connection, ConnectionField, ConnectorKind
from agent_assist.domain.oauth import SignIn
from agent_assist.errors import AgentAssistError, BadInput, HelpdeskProblem
from agent_assist.ports import CancelToken, Clock, HelpdeskConnector

GROUP = "agent_assist.helpdesks"
_METHODS = ("check", "queues", "changes", "ticket", "find_reply", "reply", "ticket_of", "page_of", "close")
log = logging.getLogger(__name__)


class EntryPointRegistry:
    """Implements ports.ConnectorRegistry; classes are imported when they are first asked for."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        """`found` stands for what is installed, in tests."""
        self._found = found
        self._points: dict[str, EntryPoint] | None = None
        self._classes: dict[str, type[HelpdeskConnector] | str] = {}
        """The class, or the sentence that says why there is none."""

    def kinds(self) -> list[ConnectorKind]:
        found = [self._kind(name) for name in self._entry_points()]
        return sorted(found, key=lambda kind: (bool(kind.problem), kind.title.casefold()))

    def make(self, connection: Connection, secrets: Mapping[str, str], clock: Clock) -> HelpdeskConnector:
        connector = self._load(connection.kind)
        if isinstance(connector, str):
            raise HelpdeskProblem(connector, "Install its package again, or remove the connection.")
        make: type = connector
        network.permit(connection.values.values())
        if (declared := _sign_in_of(connector)) and (server := declared.server(connection.values)):
            network.permit([server.token])
        try:
            made: HelpdeskConnector = make(connection, secrets, clock)
        except AgentAssistError:
            raise
        except Exception as error:  # someone else's code
            log.exception("the connector %s could not be made", connection.kind)
            raise HelpdeskProblem(
                f"The connector {connection.kind} failed ({type(error).__name__})."
            ) from None
        return made

    def sign_in(
        self,
        kind: str,
        values: Mapping[str, str],
        secrets: Mapping[str, str],
        open_page: Callable[[str], object],
        cancel: CancelToken,
    ) -> dict[str, str]:
        connector = self._load(kind)
        declared = None if isinstance(connector, str) else _sign_in_of(connector)
        server = declared.server(values) if declared else None
        if server is None:
            raise BadInput("There is nothing to sign in to with these values.", "Fill in the form first.")
        network.permit([server.token])
        return oauth.sign_in(server, values, secrets, open_page, cancel)

    def _kind(self, name: str) -> ConnectorKind:
        connector = self._load(name)
        if isinstance(connector, str):
            return ConnectorKind(name, name, problem=connector)
        return ConnectorKind(
            name=name,
            title=connector.title,
            fields=tuple(connector.fields),
            abilities=frozenset(connector.abilities),
            sign_in=_sign_in_of(connector),
        )

    def _entry_points(self) -> dict[str, EntryPoint]:
        if self._points is None:
            found = entry_points(group=GROUP) if self._found is None else self._found
            # A name that two packages use belongs to the first: ours, where it is one of ours.
            ours_first = sorted(found, key=lambda point: not point.value.startswith("agent_assist."))
            self._points = {}
            for point in ours_first:
                self._points.setdefault(point.name, point)
        return self._points

    def _load(self, name: str) -> type[HelpdeskConnector] | str:
        if name not in self._classes:
            self._classes[name] = self._imported(name)
        return self._classes[name]

    def _imported(self, name: str) -> type[HelpdeskConnector] | str:
        point = self._entry_points().get(name)
        if point is None:
            return f"There is no connector named {name} here."
        try:
            loaded = point.load()
        except Exception as error:  # someone else's code: whatever it raises must not stop the others
            log.debug("the connector %s cannot be imported", name, exc_info=True)
            return f"The connector {name} cannot be imported ({type(error).__name__}: {error})."
        if why := _unfit(loaded):
            return f"The connector {name} cannot be used: {why}."
        fit: type[HelpdeskConnector] = loaded
        return fit


def _sign_in_of(connector: type[HelpdeskConnector]) -> SignIn | None:
    """What it declares; a connector need not know of it."""
    found = getattr(connector, "sign_in", None)
    return found if isinstance(found, SignIn) else None


def _unfit(loaded: object) -> str:
    """What a class misses of the protocol; empty where it fits."""
    if not isinstance(loaded, type):
        return "its entry point names no class"
    missing = [name for name in ("title", "fields", "abilities", *_METHODS) if not hasattr(loaded, name)]
    if missing:
        return f"it has no {missing[0]}"
    fields = loaded.fields  # type: ignore[attr-defined]
    abilities = loaded.abilities  # type: ignore[attr-defined]
    if not all(isinstance(field, ConnectionField) for field in fields):
        return "its fields are not connection fields"
    if not all(isinstance(ability, Ability) for ability in abilities):
        return "its abilities are not abilities"
    return ""
