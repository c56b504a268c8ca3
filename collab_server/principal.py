"""Somebody whose token held: the account, what the token is limited to, and who acts for the account by it.

How a token is checked is identity.py's; what a principal may do in a session is members.py's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from collab_server.errors import Forbidden
from crdt.model import Actor

Scope = Literal["edit", "propose", "run", "admin"]
SCOPES: frozenset[str] = frozenset({"edit", "propose", "run", "admin"})
Via = Literal["bearer", "cookie"]

# Colour pairs (cursor, selection) with enough contrast on light and dark; a user keeps the same one everywhere.
PALETTE = (
    ("#d9480f", "#d9480f33"),
    ("#1971c2", "#1971c233"),
    ("#2f9e44", "#2f9e4433"),
    ("#9c36b5", "#9c36b533"),
    ("#e03131", "#e0313133"),
    ("#0c8599", "#0c859933"),
    ("#f08c00", "#f08c0033"),
    ("#3b5bdb", "#3b5bdb33"),
    ("#c2255c", "#c2255c33"),
    ("#5c940d", "#5c940d33"),
)


@dataclass(frozen=True)
class Principal:
    """Somebody whose token held; `scopes` is what the token is limited to, `via` how it came."""

    user_id: str
    name: str
    tier: str
    admin: bool
    scopes: frozenset[str]
    token_id: str | None
    expires_at: int | None
    via: Via
    guest: bool = False
    link_id: str | None = None
    # What its runs are counted under beside the account: the API key, the login or the link that let it in.
    key_id: str | None = None
    # Whether a program speaks: it came with an API key, or over MCP or the text lane with a bearer token.
    program: bool = False
    # The agent that acts for the account, and the name that others see.
    agent_id: str | None = None
    agent_name: str = ""

    def require_own(self, what: str) -> Principal:
        """Self, or Forbidden for an agent: what bounds it is not its own to set."""
        if self.agent_id is not None:
            raise Forbidden(f"an agent that acts for somebody cannot {what}; that is its account's to do")
        return self

    def require_admin(self) -> Principal:
        """Self, or the one Forbidden that all of the operator's pages answer with."""
        if not self.admin or self.guest or "admin" not in self.scopes:
            raise Forbidden("this is for admins, with a token that has the scope 'admin'")
        return self

    def actor(self, kind: Literal["human", "agent"] = "human") -> Actor:
        """The identity that others see on this principal's edits, cursors and runs."""
        shown_id = self.agent_id or self.user_id
        color, light = PALETTE[int.from_bytes(hashlib.sha256(shown_id.encode()).digest()[:4], "big") % len(PALETTE)]
        if self.agent_id is not None:
            return Actor(self.agent_id, self.agent_name, "agent", color, light, on_behalf_of=self.user_id)
        return Actor(
            id=self.user_id, name=self.name, kind="guest" if self.guest else kind, color=color, color_light=light
        )
