"""Encrypts what the server must be able to read again, with a key that is not in the database (AES-256-GCM, RFC 5116).

What need not be read again, like API keys, is stored as a hash by identity.py and never comes here.
"""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collab_server.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE = "secret.key"


class Unsealable(Exception):
    """What was sealed cannot be opened: the key is another one, or the bytes were changed or belong elsewhere."""

    def __init__(self) -> None:
        super().__init__("what is stored was sealed under another COLLAB_SECRET_KEY; set the one it was sealed under")


class Sealer:
    """Seals and opens; `place` says what the secret belongs to, and one sealed for another place does not open."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, settings: Settings) -> Sealer:
        """With the key of the settings, or the one in the data folder, which is made at its first use."""
        if settings.secret_key:
            return cls(base64.b64decode(settings.secret_key))
        path = settings.data_dir / KEY_FILE
        # The file appears whole under its name or not at all, and whoever comes second reads the first one's.
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return cls(Path(path).read_bytes())

    def seal(self, plain: bytes, place: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for `place`; raises Unsealable."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise Unsealable from error
