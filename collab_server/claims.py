"""What a JWT of an outside identity provider says: verified by its key, and read into plain values.

Whose account that is here, and whether it is open, is identity.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from collab_server.accounts import AGENT_PREFIX, DEFAULT_TIER, USER_ID_CHARS_MAX, check_agent_name
from collab_server.errors import Invalid, Unauthorized
from collab_server.jwks import Jwks, UnknownKey
from collab_server.settings import Settings
from executor.pricing import TIERS

NAME_CHARS_MAX = 200
TIER_NAMES = tuple(tier.name for tier in TIERS)


@dataclass(frozen=True)
class Claims:
    """`agent` is who acts for the user, where the token says so."""

    user_id: str
    name: str
    tier: str
    admin: bool
    expires_at: int
    agent: str | None
    agent_name: str


class Verifier:
    """Takes the tokens that the settings allow; whatever is wrong with one, it is the same Unauthorized."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jwks = Jwks(settings.jwks_url) if settings.jwks_url else None

    async def claims(self, token: str) -> Claims:
        """What the token says, if it holds."""
        settings = self._settings
        key: Any
        try:
            if self._jwks is not None and jwt.get_unverified_header(token).get("alg") != "HS256":
                found = await self._jwks.key_of(token)
                # Only the key's own algorithm: which one it is must not be for the token to say.
                key, algorithms = found.key, [found.algorithm_name]
            elif settings.jwt_secret:
                key, algorithms = settings.jwt_secret, ["HS256"]
            else:
                raise Unauthorized
            told = jwt.decode(
                token,
                key,
                algorithms=algorithms,
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer or None,
                options={"require": ["exp", "sub", "aud"]},
            )
        except (jwt.PyJWTError, UnknownKey, ValueError, TypeError) as error:
            raise Unauthorized from error
        user_id, tier = told["sub"], told.get("tier", DEFAULT_TIER)
        if not isinstance(user_id, str) or not 0 < len(user_id) <= USER_ID_CHARS_MAX or tier not in TIER_NAMES:
            raise Unauthorized
        if user_id.startswith(AGENT_PREFIX):
            raise Unauthorized
        agent, agent_name = _agent_of(told)
        name, admin = _name(told, user_id), told.get("admin") is True
        return Claims(user_id, name, tier, admin, int(told["exp"] * 1000), agent, agent_name)


def _agent_of(told: dict[str, Any]) -> tuple[str | None, str]:
    """(id, name) of the actor (`act`, RFC 8693 §4.1), who does it for the subject."""
    act = told.get("act")
    if act is None:
        return None, ""
    agent = act.get("sub") if isinstance(act, dict) else None
    try:
        if not isinstance(agent, str):
            raise Unauthorized
        # The @ stands before the account's id.
        check_agent_name(agent.replace("@", "."))
    except Invalid as error:
        raise Unauthorized from error
    return agent.replace("@", "."), _name(act, agent)


def _name(told: dict[str, Any], otherwise: str) -> str:
    name = told.get("name")
    return (name if isinstance(name, str) and name else otherwise)[:NAME_CHARS_MAX]
