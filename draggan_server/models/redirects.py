"""Where a web server may send a download on to: not off encryption, and not from the web into one's own network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str], tuple[Address, ...]]
"""The addresses of a host's name, as the system has them; none where it has none."""


class RedirectRefusedError(Exception):
    """A redirect that is not followed. The text says why."""


def system_addresses(host: str) -> tuple[Address, ...]:
    """A `Resolve`: what a connection would be tried with."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(ipaddress.ip_address(place[0]) for *_, place in found)


def check_redirect(origin: str, target: str, resolve: Resolve) -> None:
    """Whether what `origin` (an address on the web) serves may send on to `target`.

    What the web names must not make this computer ask itself, or its neighbours, for something: they may trust it.
    A name that means something else a moment later is beyond this.

    Raises:
        RedirectRefusedError: from https to http; or from elsewhere than this computer to another host that is not on
            the public internet.
    """
    here, there = urlsplit(origin), urlsplit(target)
    if here.scheme == "https" and there.scheme == "http":
        raise RedirectRefusedError(f"{_host(here)} sends to an address that is not encrypted, {target[:200]}: refused.")
    if not there.hostname or there.hostname == here.hostname:
        return
    own = resolve(_host(here))
    if own and all(address.is_loopback for address in own):
        return
    inner = [address for address in resolve(there.hostname) if not address.is_global]
    if inner:
        raise RedirectRefusedError(
            f"{_host(here)} sends to {there.hostname[:200]} ({inner[0]}), an address of this computer or of its own "
            "network: refused. Tell whoever keeps the catalogue."
        )


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""


class CarefulSession(requests.Session):
    """Checks each redirect before it is followed. Its requests raise RedirectRefusedError as well."""

    def __init__(self, resolve: Resolve) -> None:
        super().__init__()
        self._resolve = resolve

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target: str | None = super().get_redirect_target(resp)
        if target is not None:
            check_redirect(resp.url, urljoin(resp.url, target), self._resolve)
        return target
