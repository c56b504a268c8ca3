"""Promises about addresses behind proxies: what our proxies say is believed, what anybody else says is not."""

from __future__ import annotations

import pytest

from collab_server.proxies import Header, Proxies

PROXIES = ("10.0.0.0/8", "::1", "2001:db8:1::/48")


def asked(peer: str, header: Header = "x-forwarded-for", **told: str) -> tuple[str, str | None]:
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]
    return Proxies(PROXIES, header).client(peer, headers)


@pytest.mark.parametrize("peer", ["203.0.113.9", "11.0.0.1", "::2", "", "unix"])
def test_a_stranger_cannot_claim_an_address(peer: str) -> None:
    told = {"x_forwarded_for": "198.51.100.1", "forwarded": "for=198.51.100.1", "x_forwarded_proto": "https"}
    assert asked(peer, "x-forwarded-for", **told) == (peer, None)
    assert asked(peer, "forwarded", **told) == (peer, None)


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.9.9.9", "198.51.100.1"),
        # What a client claims stands before what the first proxy of ours saw.
        ("127.0.0.1, 10.0.0.7, 198.51.100.1,10.9.9.9", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8:2::5]:4711", "2001:db8:2::5"),
        ("2001:db8:2::5, 2001:db8:1::9", "2001:db8:2::5"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "10.0.0.1"),
        (",,", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("8.8.8.8," * 5000 + "198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy_of_ours(told: str, client: str) -> None:
    assert asked("10.0.0.1", x_forwarded_for=told)[0] == client
    assert asked("::ffff:10.0.0.1", x_forwarded_for=told + ",10.0.0.1")[0] == client


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("for=198.51.100.1", ("198.51.100.1", None)),
        ('For="[2001:db8:2::5]:4711";Proto=https;by=10.0.0.1', ("2001:db8:2::5", "https")),
        ('for="127.0.0.1, 8.8.8.8";host="a,b;c", for=198.51.100.1;proto=http', ("198.51.100.1", "http")),
        ("for=198.51.100.1, for=10.0.0.2;proto=https", ("198.51.100.1", "https")),
        ("for=_hidden", ("10.0.0.1", None)),
        ('for="198.51.100.1', ("10.0.0.1", None)),
        ("proto=gopher", ("10.0.0.1", None)),
    ],
)
def test_the_standard_header_is_read_where_it_was_chosen(told: str, client: tuple[str, str | None]) -> None:
    assert asked("10.0.0.1", "forwarded", forwarded=told, x_forwarded_for="8.8.8.8") == client
    assert asked("10.0.0.1", forwarded=told) == ("10.0.0.1", None), "one header only"
