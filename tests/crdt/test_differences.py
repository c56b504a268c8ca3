"""What is told of a difference is enough to make the one text of the other, with the stock `patch` too."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from crdt.differences import LINES_MAX, UNIFIED_CHARS_MAX, differences
from crdt.model import FileState


def state(content: str, name: str = "a") -> list[FileState]:
    return [FileState("id", name, "text", content, 0)]


@pytest.mark.skipif(shutil.which("patch") is None, reason="asks patch(1), and runs wherever it is installed")
@pytest.mark.parametrize("seed", range(3))
def test_patch_makes_the_new_text_of_the_old_one(tmp_path: Path, seed: int) -> None:
    rand = random.Random(seed)
    for _ in range(10):
        lines = [rand.choice(["a", "b", "", "c\r", "d\x0ce"]) for _ in range(rand.randrange(30))]
        old = "\n".join(lines) + rand.choice(["", "\n"])
        for _ in range(rand.randrange(1, 5)):
            at = rand.randrange(len(lines) + 1)
            lines[at : at + rand.randrange(3)] = rand.choices(["x", "a", ""], k=rand.randrange(3))
        new = "\n".join(lines) + rand.choice(["", "\n"])
        found = differences(state(old), state(new))
        if old == new or not old or not new:
            continue
        target = tmp_path / "a"
        target.write_bytes(old.encode())
        patch = found[0].unified.encode()
        subprocess.run(["patch", "-s", "--binary", str(target)], input=patch, check=True)
        assert target.read_bytes() == new.encode()


def test_long_and_repetitive_texts_are_bounded() -> None:
    long = differences(state("a\n" * (LINES_MAX + 1)), state("b\n"))[0]
    assert (long.truncated, long.hunks, long.status) == (True, (), "changed")
    wide = differences(state("x" * UNIFIED_CHARS_MAX), state("y"))[0]
    assert wide.truncated and len(wide.unified) <= UNIFIED_CHARS_MAX
    repetitive = differences(state("a\nb\n" * 5_000), state("b\nb\na\n" * 5_000))[0]
    assert repetitive.hunks
