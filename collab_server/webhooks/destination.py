"""Where a webhook may point: the public internet, and nothing inside, whatever the name resolves to.

The address that was looked at is the one that is connected to, so that a name cannot mean another one a moment later.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import httpx

URL_CHARS_MAX = 2000


class Unreachable(Exception):
    """The destination is not one that may be connected to, or there is none under that name."""


@dataclass(frozen=True)
class Destination:
    """A URL with the address that its host was resolved to."""

    url: httpx.URL
    address: str

    def request(self, body: bytes, headers: dict[str, str]) -> httpx.Request:
        """The POST to the address, in the host's name."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return httpx.Request(
            "POST",
            self.url.copy_with(host=host),
            content=body,
            headers={"host": self.url.netloc.decode(), **headers},
            extensions={"sni_hostname": self.url.host},
        )


def check(url: str, *, private: bool) -> httpx.URL:
    """The URL, if it is one that a webhook may have; ValueError with what is wrong."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"is no URL: {error}") from None
    if len(url) > URL_CHARS_MAX:
        raise ValueError(f"has more than {URL_CHARS_MAX} characters")
    if parsed.scheme not in (("https", "http") if private else ("https",)) or not parsed.host:
        raise ValueError("must begin with https://")
    if parsed.userinfo:
        raise ValueError("must not carry a name or password; what is sent is signed")
    return parsed


async def resolve(url: str, *, private: bool) -> Destination:
    """The destination as it resolves now; raises Unreachable."""
    try:
        parsed = check(url, private=private)
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(parsed.host, port, type=socket.SOCK_STREAM)
    except (ValueError, OSError) as error:
        raise Unreachable(f"{httpx.URL(url).host}: {error}"[:200]) from None
    for _, _, _, _, place in found:
        address = str(place[0])
        if private or is_public(address):
            return Destination(parsed, address)
    raise Unreachable(f"{parsed.host} is not on the public internet")


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also when another one is wrapped in it."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
