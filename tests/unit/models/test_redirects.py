"""Which redirects are followed: a pure rule, with the names' addresses given."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
import requests

from draggan_server.models.redirects import (
    Address,
    CarefulSession,
    RedirectRefusedError,
    check_redirect,
    system_addresses,
)

NAMES = {
    "a.example": ["93.184.216.34"],
    "b.example": ["2606:2800:220:1:248:1893:25c8:1946", "93.184.216.35"],
    "mixed.example": ["93.184.216.36", "10.0.0.7"],
    "rebound.example": ["127.0.0.1"],
    "intranet": ["192.168.1.5"],
    "localhost": ["127.0.0.1", "::1"],
    "gone.example": [],
}


def resolve(host: str) -> tuple[Address, ...]:
    return tuple(map(ip_address, NAMES.get(host, [host])))


@pytest.mark.parametrize(
    ("origin", "target"),
    [
        ("https://a.example/x", "https://b.example/y"),
        ("http://a.example/x", "http://b.example/y"),
        ("http://a.example/x", "https://a.example/x"),
        ("https://a.example/x", "https://gone.example/y"),
        ("https://a.example/x", "https://[2606:2800:220:1:248:1893:25c8:1946]/y"),
        ("http://localhost:8000/x", "http://127.0.0.1:8001/y"),
        ("http://127.0.0.1:8000/x", "http://192.168.1.5/y"),
        ("http://localhost:8000/x", "http://a.example/y"),
        ("http://intranet/x", "http://intranet/y"),
        ("http://intranet/x", "https://a.example/y"),
        ("https://a.example/x", "mailto:somebody"),
    ],
)
def test_followed(origin: str, target: str):
    check_redirect(origin, target, resolve)


@pytest.mark.parametrize("origin", ["http://a.example/x", "https://b.example:8443/x", "http://intranet:8000/x"])
@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.9",
     "169.254.169.254", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "100.64.0.1", "mixed.example",
     "rebound.example", "LOCALHOST"],
)  # fmt: skip
def test_nothing_sends_into_the_network(origin: str, host: str):
    with pytest.raises(RedirectRefusedError, match="of its own network: refused"):
        check_redirect(origin, f"https://{host}:631/admin", resolve)


def test_nothing_sends_off_encryption():
    for origin in ("https://a.example/x", "https://localhost/x"):
        with pytest.raises(RedirectRefusedError, match=r"not encrypted, http://b\.example/y: refused"):
            check_redirect(origin, "http://b.example/y", resolve)
    with pytest.raises(RedirectRefusedError, match="not encrypted"):
        check_redirect("https://a.example/x", "http://a.example/x", resolve)


@pytest.mark.parametrize("location", ["http://b.example/y", "//127.0.0.1/y", "https://[::1]/y"])
def test_a_session_checks_before_it_follows(location: str):
    reply = requests.Response()
    reply.status_code, reply.url, reply.headers["Location"] = 302, "https://a.example/x", location
    with pytest.raises(RedirectRefusedError):
        CarefulSession(resolve).get_redirect_target(reply)


def test_a_session_takes_what_is_allowed_and_what_is_no_redirect():
    reply = requests.Response()
    reply.status_code, reply.url, reply.headers["Location"] = 302, "https://a.example/x", "/y"
    assert CarefulSession(resolve).get_redirect_target(reply) == "/y"
    reply.status_code = 200
    assert CarefulSession(resolve).get_redirect_target(reply) is None


def test_names_as_the_system_has_them():
    assert all(address.is_loopback for address in system_addresses("localhost"))
    assert system_addresses("127.0.0.1") == (ip_address("127.0.0.1"),)
    assert system_addresses("a" * 300) == ()
