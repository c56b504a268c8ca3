"""Promises about the papers: what they point at and name is there."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from collab_server.app import create_app
from collab_server.cli import parser
from collab_server.settings import Settings, describe

ROOT = Path(__file__).resolve().parents[2]
NAMED = (
    "README.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "deploy/README.md",
    "cloudflare-worker/README.md",
)
PAGES = [*(ROOT / name for name in NAMED), *sorted((ROOT / "docs").glob("*.md"))]
CODE = ("collab_server", "crdt", "executor", "cloudflare-worker/src")
# Of clients, not of the server.
OTHER_VARIABLES = {"COLLAB_TOKEN"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """The text without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text())


def anchors(page: Path) -> set[str]:
    """What a link may name behind the #: headings as they are turned into ids."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(page))
    bare = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in bare}


@each_page
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    text = prose(page)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for link in links:
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_every_setting_and_constant_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    settings = {variable for variable, _, _ in describe()} | OTHER_VARIABLES
    named = set(re.findall(r"COLLAB_[A-Z_]+[A-Z]", text))
    assert named <= settings, named - settings
    constants = {name for name in re.findall(r"`([A-Z][A-Z_]*_(?:MAX|S|MS))\b", text) if not name.startswith("COLLAB_")}
    if constants:
        code = "\n".join(
            path.read_text() for folder in CODE for kind in ("*.py", "*.ts") for path in (ROOT / folder).rglob(kind)
        )
        missing = {name for name in constants if not re.search(rf"\b{name}\b", code)}
        assert not missing


def commands() -> dict[tuple[str, ...], set[str]]:
    """Each command and its options."""
    found: dict[tuple[str, ...], set[str]] = {}

    def walk(of: argparse.ArgumentParser, path: tuple[str, ...]) -> None:
        found[path] = {option for action in of._actions for option in action.option_strings}
        for action in of._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, below in action.choices.items():
                    walk(below, (*path, name))

    walk(parser(), ())
    return found


KNOWN = commands()


@each_page
def test_every_command_and_option_that_is_named_exists(page: Path) -> None:
    for written in re.findall(
        r"(?<![/\w])collab-server((?: +(?:[a-z-]+|[A-Z]+|\"[^\"]*\"|[\w.]+))+)", page.read_text()
    ):
        words = written.split()
        path: tuple[str, ...] = ()
        while words and (*path, words[0]) in KNOWN:
            path = (*path, words.pop(0))
        assert path or words[0].startswith("--"), written
        deeper = {name[len(path)] for name in KNOWN if name[: len(path)] == path and len(name) > len(path)}
        assert not (deeper and words and re.fullmatch("[a-z-]+", words[0])) or words[0].startswith("--"), written
        options = {word for word in words if word.startswith("--")}
        assert options <= KNOWN[path], (written, options - KNOWN[path])
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    assert set(re.findall(r"`make ([a-z-]+)`", page.read_text())) <= targets


def test_every_route_that_is_named_exists(tmp_path: Path) -> None:
    described = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    routes = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for path, methods in described.items() for method in methods
    }
    named = 0
    for page in PAGES:
        for method, path in re.findall(
            r"`(GET|POST|PUT|PATCH|DELETE) (/api/[\w/{}-]*[\w}])(?![\w/…])", page.read_text()
        ):
            named += 1
            assert (method, re.sub(r"\{[^}]*\}", "{}", path)) in routes, (page.name, method, path)
    assert named > 50
