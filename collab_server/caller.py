"""The address, and the agent if it is one, behind the work at hand, for records and the limits that are kept by address, and
the id of the request, for the log and whoever asks about an answer.

The middleware sets them for each request and each handshake, a connection for what its messages do.
"""

from __future__ import annotations

import ipaddress
from contextvars import ContextVar

ADDRESS: ContextVar[str] = ContextVar("address", default="")
# The id of the agent that acts for the account, where one does.
AGENT: ContextVar[str] = ContextVar("agent", default="")
REQUEST: ContextVar[str] = ContextVar("request", default="")


def network(address: str) -> str:
    """What counts as one address: of IPv6 the /64, because that is what one customer gets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return address
