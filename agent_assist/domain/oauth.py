"""Signing in to a helpdesk in the browser, by OAuth 2: what a connector declares for it.

The flow is that of RFC 8252 for programs on a person's own machine: an authorisation code with PKCE
(RFC 7636), brought back to an address of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CLIENT_ID = "client_id"
"""The field with the id under which the company has registered this program with its provider."""
CLIENT_SECRET = "client_secret"
"""The secret field that some providers want beside it; none of theirs is a secret (RFC 8252, 8.5)."""
REFRESH_TOKEN = "refresh_token"
"""The secret that signing in leaves: access tokens are made of it and are kept in memory only."""
ACCESS_TOKEN = "token"
"""The secret field for a token that does not expire: typed, or given where there is nothing to renew with."""


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """An authorisation server and what is asked of it; `{url}` in its addresses is the field of that name."""

    name: str
    title: str
    authorize: str
    token: str
    scopes: tuple[str, ...]
    more: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of the address that the browser opens."""
    host: str = "127.0.0.1"
    """Under which the provider knows this machine, in the address that the browser comes back to."""
    port: int = 0
    """Of that address, where the provider wants it registered with one; 0 for any free one."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an account of a connector signs in in the browser."""

    servers: tuple[OAuthServer, ...]
    chosen_by: str = ""
    """The field whose value is a server's name; empty where there is only one server."""

    def server(self, values: Mapping[str, str]) -> OAuthServer | None:
        """The one that these values choose, its addresses filled in; None where they choose none."""
        wanted = values.get(self.chosen_by, "") if self.chosen_by else ""
        found = next((s for s in self.servers if not self.chosen_by or s.name == wanted), None)
        if found is None or "{url}" not in found.authorize + found.token:
            return found
        url = values.get("url", "").strip().rstrip("/")
        if not url:
            return None
        url = url if "://" in url else f"https://{url}"
        return OAuthServer(
            found.name,
            found.title,
            found.authorize.replace("{url}", url),
            found.token.replace("{url}", url),
            found.scopes,
            found.more,
            found.host,
            found.port,
        )
