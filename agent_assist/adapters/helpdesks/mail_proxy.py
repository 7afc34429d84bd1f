"""Connections to mail servers, through the proxy that the system or the environment names.

Web requests have the proxies that httpx honours.  For mail there is no standard; what curl does is what
people expect: `imaps_proxy` or `smtp_proxy` for one protocol, else `all_proxy`, and none for the hosts in
`no_proxy`.  SOCKS proxies of the system's own settings (macOS, Windows) count, too.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import urllib.request

from python_socks import ProxyError
from python_socks.sync import Proxy

from agent_assist.errors import ServerUnreachable

_DEFAULT_PORTS = {"http": 8080, "socks4": 1080, "socks5": 1080}


def proxy_for(host: str, *protocols: str) -> str:
    """The URL of the proxy for `host`, for the first of `protocols` that has one; empty for none."""
    proxies = urllib.request.getproxies()
    with contextlib.suppress(OSError):
        if urllib.request.proxy_bypass(host):
            return ""
    return next((proxies[name] for name in (*protocols, "all", "socks") if proxies.get(name)), "")


def connect(host: str, port: int, timeout: float, *protocols: str) -> socket.socket:
    """A TCP connection to `host`, directly or through its proxy, which then also looks the name up.

    Raises ServerUnreachable where the proxy is unusable or refuses, OSError as `socket.create_connection`.
    """
    url = proxy_for(host, *protocols)
    if not url:
        return socket.create_connection((host, port), timeout)
    name, through = _proxy(url)
    try:
        end: socket.socket = through.connect(host, port, timeout=timeout)
    except TimeoutError as error:
        raise ServerUnreachable(f"The proxy {name} did not answer in time.") from error
    except OSError as error:
        raise ServerUnreachable(
            f"The proxy {name} cannot be reached.",
            "Check the proxy in the system's settings or in ALL_PROXY.",
        ) from error
    except ProxyError as error:
        login = error.error_code == 407 or "auth" in str(error).lower()
        raise ServerUnreachable(
            f"The proxy {name} wants a login."
            if login
            else f"The proxy {name} did not let us through to {host}.",
            "Put user and password into its address: http://USER:PASSWORD@PROXY:PORT."
            if login
            else f"Ask its administrator to allow {host}, port {port}, or name {host} in NO_PROXY.",
        ) from error
    end.settimeout(timeout)
    return end


def _proxy(url: str) -> tuple[str, Proxy]:
    """(host and port as people know it, the proxy); raises ServerUnreachable where the address is no good."""
    # `h` has the proxy look names up, which is done in any case; systems write `socks` and `https`.
    scheme, _, rest = url.rpartition("://")
    kind = {"": "http", "https": "http", "socks": "socks5"}.get(
        scheme.lower(), scheme.lower().removesuffix("h")
    )
    rest = rest.rstrip("/")
    if not re.search(r":\d+$", rest):
        rest = f"{rest}:{_DEFAULT_PORTS.get(kind, 1080)}"
    try:
        return rest.rpartition("@")[2], Proxy.from_url(f"{kind}://{rest}", rdns=True)
    except ValueError as error:
        raise ServerUnreachable(
            f"The proxy's address cannot be used ({error}).",
            "Write it as http://PROXY:PORT or socks5://PROXY:PORT.",
        ) from error


class ProxiedSMTP(smtplib.SMTP):
    """smtplib's client, whose connection goes through the proxy where there is one."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, timeout, "smtps", "smtp")


class ProxiedSMTPS(smtplib.SMTP_SSL, ProxiedSMTP):
    """As ProxiedSMTP, encrypted from the first byte: SMTP_SSL wraps what the next class connects."""
