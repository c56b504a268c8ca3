"""Writes the tables of the papers that the code knows better: the settings in README.md, who may do what in docs/access.md.

With `--check` it only says whether they are true.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from collab_server.members import GRANTABLE, POLICY, SCOPES_OF_VERB
from collab_server.settings import describe

ROOT = Path(__file__).resolve().parent.parent


def settings() -> list[Sequence[str]]:
    rows = [
        (f"`{name}`", f"`{default}`" if default != "unset" else "unset", meaning)
        for name, default, meaning in describe()
    ]
    return [("variable", "default", "meaning"), *rows]


def policy() -> list[Sequence[str]]:
    rows = [
        (
            verb,
            *("yes" if verb in POLICY[role] else "–" for role in GRANTABLE),
            " or ".join(f"`{scope}`" for scope in sorted(scopes)) or "none",
        )
        for verb, scopes in SCOPES_OF_VERB.items()
    ]
    return [("", *GRANTABLE, "scope that a limited token needs"), *rows]


TABLES: tuple[tuple[str, str, Callable[[], list[Sequence[str]]]], ...] = (
    ("README.md", "settings", settings),
    ("docs/access.md", "policy", policy),
)


def written(text: str, name: str, rows: list[Sequence[str]]) -> str:
    begin, end = f"<!-- {name}: written by scripts/write_docs.py -->\n", f"<!-- end of {name} -->\n"
    head, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    lines = [head, "|" + "---|" * len(rows[0]), *rest]
    before, after = text.split(begin)
    return before + begin + "\n".join(lines) + "\n" + after[after.index(end) :]


if __name__ == "__main__":
    stale = []
    for file, name, rows in TABLES:
        path = ROOT / file
        now = path.read_text()
        if (then := written(now, name, rows())) != now:
            stale.append(file)
            if "--check" not in sys.argv:
                path.write_text(then)
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: a table is stale; run scripts/write_docs.py")
