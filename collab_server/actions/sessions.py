"""The verbs on a session as a whole: create, list, read, change, delete, fork, export and import.

What is inside its files is files.py's; who may do it is members.py's.
"""

from __future__ import annotations

import asyncio
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from collab_server import revocation
from collab_server.accounts import check_user_id, ensure_user
from collab_server.acts import audited
from collab_server.errors import Forbidden, Invalid
from collab_server.listings import Listings, Scope, Shown
from collab_server.members import Members, Role, missing
from collab_server.money import micro
from collab_server.principal import Principal
from collab_server.shapes.base import FILES_MAX, epoch_ms, timestamp, timestamp_or_none
from collab_server.shapes.files import NewFile
from collab_server.shapes.sessions import NewSession, SessionChange
from collab_server.switches import Switches
from collab_server.tables import branches, roles, secrets, sessions
from collab_server.webhooks import Outbox
from crdt.model import FileState
from crdt.room import Room
from crdt.rooms import Rooms
from executor import environments

ENVIRONMENT_BYTES_MAX = 64 * 1024
IMPORT_BYTES_MAX = 64 * 2**20
EXPORT_MANIFEST = ".collab/session.json"
# What the library raises for archives that are torn, encrypted, or packed in a way that it does not know.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)


class SessionActions:
    """Session rows in the database, their documents in rooms."""

    def __init__(
        self,
        engine: AsyncEngine,
        members: Members,
        rooms: Rooms,
        outbox: Outbox,
        listings: Listings,
        switches: Switches,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._engine = engine
        self.members = members
        self._rooms = rooms
        self._outbox = outbox
        self._listings = listings
        self._switches = switches
        self._now = now
        self._new_id = new_id

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    @asynccontextmanager
    async def room(self, session_id: str) -> AsyncIterator[Room]:
        """The session's room, kept in memory for as long as the block runs."""
        room = await self._rooms.open(session_id)
        try:
            yield room
        finally:
            await self._rooms.release(room)

    async def create(self, principal: Principal, wanted: NewSession, session_id: str | None = None) -> dict[str, Any]:
        """Make a session with its files. With a `session_id` that is the caller's already, that one is answered (a repeated request)."""
        if principal.guest:
            raise Forbidden("a guest cannot make sessions; sign in with a key of your own")
        if "edit" not in principal.scopes:
            raise Forbidden("this token is not for that: it lacks the scope 'edit'")
        self._switches.require_writable()
        session_id = session_id or self._new_id()
        now_ms = self._now_ms()
        environment = json.dumps(wanted.environment).encode()
        if len(environment) > ENVIRONMENT_BYTES_MAX:
            raise Invalid(f"has more than {ENVIRONMENT_BYTES_MAX} bytes as JSON", name="environment")
        expires_at = epoch_ms(wanted.expires_at)
        if expires_at is not None and expires_at <= now_ms:
            raise Invalid("must lie in the future", name="expiresAt")
        names = [file.name for file in wanted.files]
        if len(set(names)) != len(names):
            raise Invalid("two files have the same name", name="files")
        for user_id in wanted.collaborators:
            check_user_id(user_id)
        try:
            async with self._engine.begin() as connection:
                await connection.execute(
                    insert(sessions).values(
                        id=session_id,
                        name=wanted.name,
                        description=wanted.description,
                        owner_id=principal.user_id,
                        is_public=wanted.is_public,
                        environment=environment,
                        created_at=now_ms,
                        updated_at=now_ms,
                        expires_at=expires_at,
                    )
                )
                await connection.execute(
                    insert(roles).values(
                        session_id=session_id, user_id=principal.user_id, role="owner", created_at=now_ms
                    )
                )
                for user_id in dict.fromkeys(wanted.collaborators):
                    if user_id != principal.user_id:
                        await ensure_user(connection, user_id, name="", tier=None, admin=None, now_ms=now_ms)
                        await connection.execute(
                            insert(roles).values(
                                session_id=session_id, user_id=user_id, role="editor", created_at=now_ms
                            )
                        )
                for user_id in dict.fromkeys(wanted.collaborators):
                    if user_id != principal.user_id:
                        given = {"user": user_id, "role": "editor", "before": None}
                        await audited(connection, now_ms, principal.user_id, "role.given", session_id, **given)
                told = {"sessionId": session_id, "name": wanted.name, "ownerId": principal.user_id}
                await self._outbox.emit(
                    connection, "session.created", f"session-{session_id}", told, session_id=session_id,
                    people=frozenset({principal.user_id}),
                )  # fmt: skip
        except IntegrityError:
            return await self.get(principal, session_id)
        try:
            async with self.room(session_id) as room:
                self._fill(room, principal, wanted.files)
                await room.saved(room.version)
                await self._listings.keep(room)
        except BaseException:
            # A session whose files were refused was never made.
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(sessions).where(sessions.c.id == session_id).values(deleted_at=self._now_ms())
                )
            raise
        return await self.get(principal, session_id)

    def _fill(self, room: Room, principal: Principal, files: Sequence[NewFile]) -> None:
        for file in files:
            room.create_file(principal.actor(), file.name, file.content, file.language)

    async def get(self, principal: Principal, session_id: str) -> dict[str, Any]:
        """One session with its files."""
        access = await self.members.access(principal, session_id)
        given = await self.members.of([session_id])
        async with self.room(session_id) as room:
            document = Shown(room.files(), room.version, room.quarantined)
        return _shown(access.session, document, given[session_id])

    async def listed(
        self,
        principal: Principal,
        scope: Scope,
        *,
        limit: int = 20,
        cursor: str | None = None,
        q: str | None = None,
        archived: bool = False,
        texts: bool = True,
    ) -> dict[str, Any]:
        """A page of sessions, newest first: {items, nextCursor}; with `q` those that have all its words."""
        if scope == "public" and principal.guest:
            return {"items": [], "nextCursor": None}
        rows, following = await self._listings.page(
            principal.user_id, scope, now_ms=self._now_ms(), limit=limit, cursor=cursor, q=q, archived=archived
        )
        ids = [row["id"] for row in rows]
        documents, given = await self._listings.shown(ids, texts=texts), await self.members.of(ids)
        items = [_shown(row, documents[row["id"]], given[row["id"]]) for row in rows]
        if not texts:
            for item in items:
                item["files"] = [{key: file[key] for key in file if key != "content"} for file in item["files"]]
        return {"items": items, "nextCursor": following}

    async def change(self, principal: Principal, session_id: str, wanted: SessionChange) -> dict[str, Any]:
        """Change what is given of a session's name, description, visibility, environment and expiry."""
        access = await self.members.access(principal, session_id, "manage")
        now_ms = self._now_ms()
        values: dict[str, Any] = {
            key: value
            for key, value in wanted.model_dump(exclude_unset=True).items()
            if value is not None or key in ("expires_at", "budget", "scan_policy")
        }
        if "budget" in values:
            values["budget_micro_dollars"] = micro(values.pop("budget"))
        if "archived" in values:
            values["archived_at"] = now_ms if values.pop("archived") else None
        if "environment" in values:
            values["environment"] = json.dumps(values["environment"]).encode()
            if len(values["environment"]) > ENVIRONMENT_BYTES_MAX:
                raise Invalid(f"has more than {ENVIRONMENT_BYTES_MAX} bytes as JSON", name="environment")
        if "expires_at" in values:
            values["expires_at"] = epoch_ms(wanted.expires_at)
            if values["expires_at"] is not None and values["expires_at"] <= now_ms:
                raise Invalid("must lie in the future", name="expiresAt")
        if "agents_propose" in values and principal.program and access.session["agents_propose"]:
            raise Forbidden("that programs only propose is for a person to change, in the editor", code="must_propose")
        async with self._engine.begin() as connection:
            await connection.execute(
                update(sessions).where(sessions.c.id == session_id).values(**values, updated_at=now_ms)
            )
            if "agents_propose" in values:
                await revocation.say(connection, now_ms, session_id=session_id)
                await audited(
                    connection, now_ms, principal.user_id, "session.agents_propose", session_id,
                    agentsPropose=values["agents_propose"],
                )  # fmt: skip
            if values.get("is_public") is False and access.session["is_public"]:
                await revocation.say(connection, now_ms, session_id=session_id)
            if "budget_micro_dollars" in values:
                budget = values["budget_micro_dollars"]
                await audited(
                    connection, now_ms, principal.user_id, "session.budget", session_id, budgetMicroDollars=budget
                )  # fmt: skip
            if "scan_policy" in values:
                inherit = sessions.c.id.in_(select(branches.c.id).where(branches.c.session_id == session_id))
                await connection.execute(update(sessions).where(inherit).values(scan_policy=values["scan_policy"]))
                await audited(
                    connection, now_ms, principal.user_id, "session.scan_policy", session_id, policy=values["scan_policy"]
                )  # fmt: skip
        shown = await self.get(principal, session_id)
        async with self.room(session_id) as room:
            told = {key: shown[key] for key in ("name", "isPublic", "agentsPropose")}
            room.announce({"type": "session.changed", **told})
        return shown

    async def delete(self, principal: Principal, session_id: str) -> None:
        """Delete a session: at once out of reach for everybody, its open sockets closed within a second."""
        await self.members.access(principal, session_id, "manage")
        self._switches.require_writable()
        await self.remove(principal.user_id, session_id)

    async def remove(self, by: str, session_id: str) -> None:
        """The same for somebody whose right to it was looked at: an admin needs no role in the session."""
        now_ms = self._now_ms()
        held = (sessions.c.id == session_id, sessions.c.deleted_at.is_(None))
        async with self._engine.begin() as connection:
            done = await connection.execute(update(sessions).where(*held).values(deleted_at=now_ms))
            if done.rowcount == 0:
                raise missing(session_id)
            await environments.reset(connection, session_id)
            await connection.execute(delete(secrets).where(secrets.c.session_id == session_id))
            await revocation.say(connection, now_ms, session_id=session_id)
            row = (await connection.execute(select(sessions).where(sessions.c.id == session_id))).mappings().one()
            await audited(
                connection, now_ms, by, "session.deleted", session_id, name=row["name"], owner=row["owner_id"]
            )
            told = {"sessionId": session_id, "name": row["name"], "ownerId": row["owner_id"], "deletedBy": by}
            await self._outbox.emit(
                connection, "session.deleted", f"deleted-{session_id}", told, session_id=session_id,
                people=frozenset({row["owner_id"]}),
            )  # fmt: skip
        await self._listings.forget(session_id)

    async def fork(
        self, principal: Principal, session_id: str, name: str | None, new_id: str | None = None
    ) -> dict[str, Any]:
        """A copy of one's own, private, with the files as they are now; for those who may run it, with its environments."""
        original = await self.get(principal, session_id)
        copy = NewSession(
            name=name or f"{original['name']} (fork)"[:200],
            description=original["description"],
            environment=original["environment"],
            files=[
                NewFile(name=file["name"], content=file["content"], language=file["language"])
                for file in original["files"]
            ],
        )
        fork = await self.create(principal, copy, new_id)
        access = await self.members.access(principal, session_id)
        if access.may("run") and fork["ownerId"] == principal.user_id:
            # A repeated request finds the fork with its environments.
            with suppress(IntegrityError):
                async with self._engine.begin() as connection:
                    await environments.copy(connection, session_id, fork["id"])
        return fork

    async def export(self, principal: Principal, session_id: str) -> tuple[str, bytes]:
        """(file name, zip): the files under their names, and what is not in them under `.collab/`."""
        session = await self.get(principal, session_id)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in session["files"]:
                archive.writestr(file["name"], file["content"].encode("utf-8", "surrogatepass"))
            manifest = {key: session[key] for key in ("name", "description", "environment", "version")}
            manifest["languages"] = {file["name"]: file["language"] for file in session["files"]}
            archive.writestr(EXPORT_MANIFEST, json.dumps(manifest, indent=2))
        name = (
            "".join(
                char if char.isascii() and (char.isalnum() or char in "-_ ") else "_" for char in session["name"]
            ).strip()
            or "session"
        )
        return f"{name}.zip", packed.getvalue()

    async def import_zip(
        self, principal: Principal, packed: bytes, name: str | None, session_id: str | None = None
    ) -> dict[str, Any]:
        """A session from a zip: one that we exported, or any archive of text files."""
        # In a thread: what inflates to many megabytes takes seconds, and people are typing.
        manifest, files = await asyncio.to_thread(unpack, packed)
        try:
            wanted = _session_of(manifest, files, name)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            raise Invalid(f"the archive makes no session: {where}: {fault['msg']}", name="file") from None
        return await self.create(principal, wanted, session_id)


def _session_of(manifest: dict[str, Any], files: dict[str, str], name: str | None) -> NewSession:
    languages = manifest.get("languages", {})
    return NewSession(
        name=name or str(manifest.get("name") or "Imported session")[:200],
        description=str(manifest.get("description") or ""),
        environment=manifest["environment"] if isinstance(manifest.get("environment"), dict) else {},
        files=[
            NewFile(name=file, content=content, language=languages.get(file) if isinstance(languages, dict) else None)
            for file, content in files.items()
        ],
    )


def _shown(row: RowMapping, document: Shown, roles_here: dict[str, Role]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "ownerId": row["owner_id"],
        "collaborators": [user_id for user_id in roles_here if user_id != row["owner_id"]],
        "roles": roles_here,
        "isPublic": bool(row["is_public"]),
        "archived": row["archived_at"] is not None,
        "environment": json.loads(row["environment"]),
        "files": [shown_file(file) for file in document.files],
        "createdAt": timestamp(row["created_at"]),
        "updatedAt": timestamp(max([row["updated_at"], *(file.last_modified for file in document.files)])),
        "expiresAt": timestamp_or_none(row["expires_at"]),
        "version": document.version,
        # Said only of a session that may just be read until it is repaired.
        **({"quarantined": document.quarantined} if document.quarantined is not None else {}),
        "scanPolicy": row["scan_policy"],
        "agentsPropose": bool(row["agents_propose"]),
        "branchOf": row.get("branch_of"),
    }


def shown_file(file: FileState) -> dict[str, Any]:
    """A file as REST, the text lane and MCP show it."""
    return {
        "id": file.id,
        "name": file.name,
        "content": file.content,
        "language": file.language,
        "lastModified": timestamp(file.last_modified),
    }


def unpack(packed: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """(manifest, {name: text}) of a zip, checked before anything is inflated. Raises Invalid."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(packed))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > FILES_MAX + 1:
            raise Invalid(
                f"the archive holds {len(entries)} files; a session has at most {FILES_MAX}",
                name="file",
                code="too_large",
            )
        if sum(entry.file_size for entry in entries) > IMPORT_BYTES_MAX:
            raise Invalid(f"the archive holds more than {IMPORT_BYTES_MAX} bytes", name="file", code="too_large")
        read: dict[str, bytes] = {}
        for entry in entries:
            with archive.open(entry) as stream:
                # The size in the directory is the archive's own word; reading no further than it keeps a bomb from going off.
                read[entry.filename] = stream.read(entry.file_size + 1)
            if len(read[entry.filename]) > entry.file_size:
                raise Invalid("an entry is larger than it says", name="file")
        manifest = json.loads(read.pop(EXPORT_MANIFEST, b"{}"))
        texts = {}
        for name, content in read.items():
            try:
                texts[name] = content.decode()
            except UnicodeDecodeError as error:
                raise Invalid(f"{name[:200]!r} is not UTF-8 text; a session holds text files", name="file") from error
    except UNREADABLE as error:
        raise Invalid(f"this is not a readable zip: {error}", name="file") from error
    return (manifest if isinstance(manifest, dict) else {}), texts
