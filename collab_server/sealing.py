"""Encrypts what the server must be able to read again, with a key that is not in the database (AES-256-GCM, RFC 5116).

What need not be read again, like API keys, is stored as a hash by identity.py and never comes here.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collab_server.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE = "secret.key"
# What a change of the key leaves, to open what is not sealed anew yet.
OLD_KEY_FILE = "secret.key.old"


def place_of_secret(session_id: str, name: str) -> str:
    """Of a session's secret; a webhook's is its id."""
    return f"secret:{session_id}:{name}"


def place_of_answer(user_id: str, key: str) -> str:
    """Of the answer that is kept for a repeated request."""
    return f"answer:{user_id}:{key}"


class Unsealable(Exception):
    """What was sealed cannot be opened: the key is another one, or the bytes were changed or belong elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "what is stored was sealed under another COLLAB_SECRET_KEY; whoever runs this server sets that one, or names it "
            "in COLLAB_SECRET_KEYS_ACCEPTED"
        )


class Sealer:
    """Seals under one key and opens under any of several; `place` says what the secret belongs to, and one sealed for
    another place does not open."""

    def __init__(self, keys: Sequence[bytes], again: Callable[[], Sequence[bytes]] | None = None) -> None:
        # The first seals. `again` reads them anew: the key in the data folder may change while a server runs.
        self._ciphers = [AESGCM(key) for key in keys]
        self._again = again

    @classmethod
    def of(cls, settings: Settings) -> Sealer:
        """With the keys of the settings, or the one in the data folder, which is made at its first use."""
        accepted = [base64.b64decode(key) for key in settings.secret_keys_accepted]
        if settings.secret_key:
            return cls([base64.b64decode(settings.secret_key), *accepted])
        if not (settings.data_dir / KEY_FILE).exists():
            _put_key(settings.data_dir)

        def read() -> list[bytes]:
            files = (settings.data_dir / name for name in (KEY_FILE, OLD_KEY_FILE))
            return [*(file.read_bytes() for file in files if file.exists()), *accepted]

        return cls(read(), read)

    def seal(self, plain: bytes, place: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for `place`; raises Unsealable."""
        try:
            return self._opened(sealed, place)[0]
        except Unsealable:
            if self._again is None:
                raise
            self._ciphers = [AESGCM(key) for key in self._again()]
            return self._opened(sealed, place)[0]

    def resealed(self, sealed: bytes, place: str) -> bytes | None:
        """The same under the key that seals; None when it is so already. Raises Unsealable."""
        plain, by = self._opened(sealed, place)
        return None if by == 0 else self.seal(plain, place)

    def _opened(self, sealed: bytes, place: str) -> tuple[bytes, int]:
        for number, cipher in enumerate(self._ciphers):
            with suppress(InvalidTag, ValueError):
                return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode()), number
        raise Unsealable


def change_key(data_dir: Path) -> None:
    """A new key for the data folder; the one before still opens. Raises FileExistsError while there is one before that."""
    current, old = data_dir / KEY_FILE, data_dir / OLD_KEY_FILE
    os.link(current, old)
    _put_key(data_dir, replace=True)


def _put_key(data_dir: Path, *, replace: bool = False) -> None:
    # The file appears whole under its name or not at all, and whoever comes second reads the first one's.
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / KEY_FILE
    draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    if replace:
        draft.replace(path)
        return
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
