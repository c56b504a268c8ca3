"""The files of an open session: read what is there, change it at a base version; an answered change is on disk.

A change whose answer was lost with the connection is looked up before it is sent again, so that it is not made twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from collab_server.client.changes import Edit, File, applied
from collab_server.client.errors import Interrupted, NotFound
from collab_server.client.link import Link
from collab_server.client.mirror import Mirror
from collab_server.client.unsaved import Unsaved


class Files:
    """A file is given as a `File`, by its name or by its id."""

    def __init__(self, link: Link, mirror: Mirror, unsaved: Unsaved) -> None:
        self._link = link
        self._mirror = mirror
        self._unsaved = unsaved

    async def list(self) -> list[File]:
        """All files, as they are on the server now."""
        version = await self._catch_up()
        return [replace(file, version=version) for file in self._mirror.files.values()]

    async def read(self, file: File | str) -> File:
        """A file as it is on the server now; NotFound when it is not there."""
        await self._catch_up()
        return self._known(file)

    async def write(
        self, file: File | str, content: str, *, language: str | None = None, base_version: int | None = None
    ) -> File:
        """Give a file its whole text, as the smallest change; a name that is not there makes a file.

        A `File` is written at its version: what others typed since stays. A name without `base_version` replaces what is there.
        """
        if isinstance(file, File) and base_version is None:
            base_version = file.version
        known = self._mirror.find(_key(file))
        fields: dict[str, Any] = {"content": content}
        fields |= {"fileId": known.id} if known else {"fileId": file.id} if isinstance(file, File) else {"name": file}
        if language is not None:
            fields["language"] = language
        with self._unsaved:
            if base_version is None:
                return self._answered(await self._link.ask("write", fields), fields)
            return await self._once("write", fields, known, base_version, content)

    async def edit(
        self, file: File | str, edits: Sequence[tuple[int, int, str]], *, base_version: int | None = None
    ) -> File:
        """Apply (start, end, text) edits that were made on the text at `base_version`, a File's own when left out.

        Offsets count code points as Python does; what others typed since is merged, never overwritten.
        """
        if base_version is None:
            if not isinstance(file, File):
                raise TypeError(
                    "edits of a file that is given by name need a `base_version`; or give the File that you read"
                )
            base_version = file.version
        known = self._known(file)
        made = tuple(Edit(*edit) for edit in edits)
        text = file.content if isinstance(file, File) and file.version == base_version else None
        if text is None and self._mirror.version == base_version:
            text = known.content
        expected = None
        with suppress(ValueError):
            expected = None if text is None else applied(text, made)
        fields: dict[str, Any] = {"fileId": known.id, "edits": [edit._asdict() for edit in made]}
        with self._unsaved:
            return await self._once("edit", fields, known, base_version, expected)

    async def rename(self, file: File | str, name: str) -> File:
        """Give a file another name or place."""
        fields = {"fileId": self._known(file).id, "name": name}
        return self._answered(await self._link.ask("rename", fields), fields)

    async def delete(self, file: File | str) -> None:
        """Delete a file; its text stays in the history."""
        known = self._known(file)
        try:
            await self._link.ask("delete", {"fileId": known.id}, repeat=False)
        except Interrupted:
            await self._link.until_ready()
            with suppress(NotFound):
                await self._link.ask("delete", {"fileId": known.id})

    async def _catch_up(self) -> int:
        # The answer comes behind all changes that were made before the question, and they are in the mirror by then.
        version = int((await self._link.ask("ping"))["version"])
        self._mirror.version = max(version, self._mirror.version)
        return self._mirror.version

    async def _once(
        self, kind: str, fields: dict[str, Any], known: File | None, base_version: int, expected: str | None
    ) -> File:
        """A change that must not be made twice; `expected` is the text that it leads to if nobody else types."""
        while True:
            sent_at = self._mirror.version
            before = self._mirror.files.get(known.id) if known else None
            try:
                answer = await self._link.ask(kind, {**fields, "baseVersion": base_version}, repeat=False)
            except Interrupted as error:
                await self._link.until_ready()
                now = self._mirror.files.get(known.id) if known else self._mirror.find(fields.get("name", ""))
                text = now.content if now else None
                if now and text == expected:
                    return replace(now, version=self._mirror.version)
                if text == (before.content if before else None):
                    # Not done. A version that was lost with the server was told to nobody as saved: go by the present one.
                    base_version = min(base_version, self._mirror.version)
                elif self._mirror.version > sent_at:
                    raise Interrupted(
                        f"the connection was lost during `{kind}` and others changed the file, too: read it and look"
                    ) from error
            else:
                return self._answered(answer, fields)

    def _answered(self, answer: dict[str, Any], fields: dict[str, Any]) -> File:
        file = self._mirror.files.get(answer["fileId"])
        if file is None:
            # Somebody deleted it in the same moment; this is what was written.
            file = File(answer["fileId"], answer["name"], "", fields.get("content", ""), answer["version"])
        return replace(file, version=answer["version"])

    def _known(self, file: File | str) -> File:
        found = self._mirror.find(_key(file))
        if found is None:
            raise NotFound(f"there is no file {_key(file)!r}", code="not_found")
        return found


def _key(file: File | str) -> str:
    return file.id if isinstance(file, File) else file
