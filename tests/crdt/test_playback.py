"""A long past is played back in bounded pages that join without a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from crdt import playback
from crdt.edits import apply_edits
from crdt.model import TextEdit
from tests.crdt.clients import node, person


async def test_pages_join_without_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "ROWS_PER_PAGE_MAX", 7)
    monkeypatch.setattr(playback, "BYTES_PER_PAGE_MAX", 400)
    async with node(tmp_path) as rooms:
        room = await rooms.open("s")
        room.create_file(person("ann"), "a.txt", "", None, "f")
        for number in range(50):
            text = "x" * 500 if number == 20 else f"{number} "
            room.edit_text(person("ann"), "f", room.version, [TextEdit(0, 0, text)])
        await room.saved(room.version)
        pages = [page async for page in room.playback(0, room.version)]
        assert len(pages) >= 8 and max(len(page.steps) for page in pages) <= 7
        text = ""
        for page in pages:
            for step in page.steps:
                text = apply_edits(text, step.file.edits)
            assert text == (await room.files_at(page.reached))[0].content
        assert text == room.file("f").content and pages[-1].reached == room.version
