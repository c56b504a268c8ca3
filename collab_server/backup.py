"""Backups of an SQLite installation: one file with the database and the key of its secrets, made while the server runs.

Whether what a database holds is whole is checkup.py's; PostgreSQL has tools of its own, which are named and not wrapped.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from collab_server import migrations, places
from collab_server.sealing import KEY_FILE
from collab_server.settings import Settings

DATABASE, MANIFEST = "collab.sqlite3", "backup.json"
FORMAT = 1
CHUNK_BYTES = 1024 * 1024
MANIFEST_BYTES_MAX = 64 * 1024
FOR_POSTGRESQL = (
    "this installation is on PostgreSQL, whose own tools do this: `pg_dump --format=custom --file=FILE URL` while the "
    "server runs, `pg_restore --clean --if-exists --dbname=URL FILE` while it does not, `pg_amcheck` to check its files; "
    "`collab-server audit verify` walks the audit there too. Keep COLLAB_SECRET_KEY (or secret.key) with the dump"
)


class BackupError(Exception):
    """A backup cannot be made, read or put back; the text says why and what to do."""


@dataclass(frozen=True)
class Unpacked:
    """What a backup holds, checked against its digests, in a folder that goes away."""

    database: Path
    key: Path | None


def database_path(settings: Settings) -> Path:
    """The SQLite file in force; BackupError on PostgreSQL."""
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite":
        raise BackupError(FOR_POSTGRESQL)
    if not url.database or url.database == ":memory:":
        raise BackupError("the database is in memory; there is no file to keep or put back")
    return Path(url.database)


def backup(settings: Settings, to: Path) -> bool:
    """Write a backup; the server may run and goes on. False when the key is not in it, because a setting holds it."""
    if to.exists():
        raise BackupError(f"{to} is there already; give another name, or take it away first")
    key = settings.data_dir / KEY_FILE
    with_key = key.exists() and not settings.secret_key  # one from before the setting opens nothing
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=to.resolve().parent) as folder:
        database = copy(database_path(settings), Path(folder))
        parts = {DATABASE: database} | ({KEY_FILE: key} if with_key else {})
        manifest = {"format": FORMAT, "sha256": {name: _digest(path) for name, path in parts.items()}}
        draft = Path(folder) / "draft"
        # It holds everything, the keys included: readable by whoever made it and nobody else.
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack:
                pack.writestr(MANIFEST, json.dumps(manifest))
                for name, path in parts.items():
                    pack.write(path, name)
            file.flush()
            os.fsync(file.fileno())
        _place(draft, to)
    return with_key


def copy(database: Path, folder: Path) -> Path:
    """The database as it is at one moment, as a file of its own in `folder`."""
    if not database.is_file():
        raise BackupError(f"there is no database at {database}; is COLLAB_DATA_DIR the right folder?")
    target = folder / DATABASE
    target.touch(0o600)
    try:
        with (
            closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True)) as source,
            closing(sqlite3.connect(target)) as copied,
        ):
            # All pages in one step read one moment, and writers go on beside it; in several steps each write of
            # another process would make it begin again.
            source.backup(copied, pages=-1)
            copied.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"the database cannot be copied: {error}") from error
    return target


@contextmanager
def unpacked(packed: Path, near: Path | None = None) -> Iterator[Unpacked]:
    """The contents of a backup for the length of the block; BackupError when a byte of it is not as it was written."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=near) as folder:
        try:
            with zipfile.ZipFile(packed) as pack:
                found = Unpacked(*_unpack(pack, Path(folder)))
        except FileNotFoundError:
            raise BackupError(f"there is no file {packed}") from None
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, zlib.error) as error:
            raise BackupError(f"{packed} is no backup, or was damaged: {error}") from error
        yield found


def _unpack(pack: zipfile.ZipFile, folder: Path) -> tuple[Path, Path | None]:
    with pack.open(MANIFEST) as file:
        manifest = json.loads(file.read(MANIFEST_BYTES_MAX))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError("it is of another format; use the version of collab-server that made it, or a newer one")
    digests = manifest["sha256"]
    for name in (DATABASE, KEY_FILE):
        if name not in digests:
            continue
        target = folder / name
        target.touch(0o600)
        with pack.open(name) as packed, target.open("wb") as file:
            _pour(packed, file)
        if _digest(target) != digests[name]:
            raise ValueError(f"{name} is not what was backed up")
    return folder / DATABASE, folder / KEY_FILE if KEY_FILE in digests else None


def restore(settings: Settings, packed: Path, *, force: bool = False) -> bool:
    """Put a backup into the data folder. False when it holds no key: then COLLAB_SECRET_KEY must be the one of then."""
    database, data_dir = database_path(settings), settings.data_dir
    if places.in_use(data_dir):
        raise BackupError(f"a server runs on {data_dir}; stop it first")
    taken = [path for path in (database, *(data_dir.iterdir() if data_dir.is_dir() else ())) if path.exists()]
    if taken and not force:
        raise BackupError(
            f"{taken[0].parent} is not empty; set COLLAB_DATA_DIR to a new folder, or replace what is there with --force"
        )
    for folder in (data_dir, database.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with unpacked(packed, data_dir) as found:
        _require_known(found.database)
        if found.key is not None:
            _replace(found.key, data_dir / KEY_FILE)
        # The journal of the database that was there would be played into this one.
        for ending in ("-wal", "-shm"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
        _replace(found.database, database)
        return found.key is not None


def _require_known(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.connect() as connection:
            migrations.require_known(connection)
    finally:
        engine.dispose()


def _replace(source: Path, target: Path) -> None:
    """Whole or not at all, also across file systems."""
    draft = target.with_name(f".{target.name}.restoring")
    with source.open("rb") as reading, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as writing:
        writing.truncate()
        _pour(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())
    draft.replace(target)


def _place(draft: Path, to: Path) -> None:
    try:
        os.link(draft, to)
    except FileExistsError:
        raise BackupError(f"{to} is there already; give another name, or take it away first") from None


def _pour(source: IO[bytes], target: IO[bytes]) -> None:
    while chunk := source.read(CHUNK_BYTES):
        target.write(chunk)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
