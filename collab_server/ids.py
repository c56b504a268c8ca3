"""Ids: random ones, and the one that a repeated request comes to again."""

from __future__ import annotations

import hashlib
import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_CHARS = 20


def new_id() -> str:
    """A random id of 100 bits in Crockford's base 32: fits URLs, file names and people's eyes."""
    return _spelled(secrets.randbits(5 * ID_CHARS))


def derived_id(user_id: str, key: str) -> str:
    """The id of what a user's request with this idempotency key makes: the same for each repetition, so that the database's own
    primary key keeps it from being made twice, on whichever node and after whatever crash."""
    return _spelled(int.from_bytes(hashlib.sha256(f"{user_id}\0{key}".encode()).digest(), "big"))


def _spelled(number: int) -> str:
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(0, 5 * ID_CHARS, 5))
