"""Whose word is taken for a client's address: the proxies that an operator trusts, by one header.

Nothing is limited or recorded here; a stranger's header is never read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Literal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Header = Literal["x-forwarded-for", "forwarded"]

HEADER_CHARS_MAX = 4096
# RFC 7239 §4: elements with commas, pairs with semicolons, values that may be quoted.
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PAIR = re.compile(r'\s*([a-zA-Z]+)=("(?:[^"\\]|\\.)*"|[^;,\s"]+)\s*(?:;|$)')


def network_of(text: str) -> Network:
    """A network, or one address as a network; ValueError says what is wrong with it."""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no network: write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32") from None
    if found.prefixlen == 0:
        raise ValueError(f"{text!r} is everybody, who could then claim any address: name the proxies' own networks")
    return found


def inside(host: str, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of them."""
    found = _address(host)
    return found is not None and any(found in network for network in networks)


class Proxies:
    """The trusted networks and the one header in which their proxies tell for whom they ask.

    One header only: a proxy that writes one of the two hands on the other as a stranger sent it.
    """

    def __init__(self, trusted: Iterable[str], header: Header) -> None:
        self._trusted = tuple(network_of(text) for text in trusted)
        self._header = header

    def trusts(self, host: str) -> bool:
        """Whether this is the address of a proxy of ours."""
        return inside(host, self._trusted)

    def client(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> tuple[str, str | None]:
        """(the client's address, the scheme it used if that was told) of a request that came from `peer`."""
        if not self.trusts(peer):
            return peer, None
        told = _joined(headers, self._header)
        if self._header == "forwarded":
            elements = [dict(_pairs(element)) for element in _ELEMENT.findall(told)]
            hops, scheme = [element.get("for", "") for element in elements], None
            if elements:
                scheme = elements[-1].get("proto")
        else:
            hops = [hop for hop in told.split(",") if hop.strip()]
            scheme = _joined(headers, "x-forwarded-proto").rpartition(",")[2].strip()
        scheme = (scheme or "").lower()
        return self._first_stranger(peer, hops), scheme if scheme in ("http", "https") else None

    def _first_stranger(self, peer: str, hops: Sequence[str]) -> str:
        """The hop nearest to us that is no proxy of ours: everything before it is only what that one claims."""
        nearest = peer
        for hop in reversed(hops):
            found = _address(_without_port(hop.strip()))
            if found is None:
                break
            nearest = str(found)
            if not self.trusts(nearest):
                break
        return nearest


def _joined(headers: Sequence[tuple[bytes, bytes]], wanted: str) -> str:
    name = wanted.encode()
    told = ",".join(value.decode("latin-1") for key, value in headers if key == name)
    # The end of it is what the nearest proxies wrote.
    return told[-HEADER_CHARS_MAX:]


def _pairs(element: str) -> Iterable[tuple[str, str]]:
    for key, value in _PAIR.findall(element):
        yield key.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _address(host: str) -> Address | None:
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
