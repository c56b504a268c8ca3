"""Writes the settings table of README.md from collab_server.settings; with `--check` it only says whether the table is true."""

import sys
from pathlib import Path

from collab_server.settings import describe

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- settings: written by scripts/write_readme.py -->\n", "<!-- end of settings -->\n"


def written(text: str) -> str:
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    rows += [
        f"| `{name}` | {f'`{default}`' if default != 'unset' else 'unset'} | {meaning} |"
        for name, default, meaning in describe()
    ]
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n".join(rows) + "\n" + rest[rest.index(END) :]


if __name__ == "__main__":
    now = README.read_text()
    if "--check" in sys.argv:
        sys.exit(0 if written(now) == now else "README.md: the settings table is stale; run scripts/write_readme.py")
    README.write_text(written(now))
