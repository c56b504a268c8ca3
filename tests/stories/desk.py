"""An admin's window on a server, in a real Chromium, and how figures are written there."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.stories.conftest import Account
from tests.support.browser import WAIT_MS
from tests.support.patience import PATIENCE_S
from tests.support.processes import ROOT, Server

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
AXE_RUN = "async () => (await axe.run(document)).violations.map((v) => [v.id, v.nodes[0].html])"
# The cells of a table by row and title.
CELLS = """(label) => Object.fromEntries([...document.querySelectorAll('table')].filter((table) => table.ariaLabel === label)
  .flatMap((table) => [...table.tBodies[0].rows]).map((row) =>
  [row.dataset.row, Object.fromEntries([...row.cells].map((cell) => [cell.dataset.title, cell.innerText.trim()]))]))"""
FACTS = """() => Object.fromEntries([...document.querySelectorAll('.facts div, .tiles .tile')].map((each) =>
  [each.querySelector('dt').innerText, each.querySelector('dd').innerText.trim()]))"""
Shown = dict[str, dict[str, str]]


@dataclass
class Desk:
    """An admin's window on a server of this file's own, and what went wrong in it."""

    server: Server
    browser: Browser
    root: Account
    ada: Account
    page: Page
    faults: list[str]

    async def go(self, path: str) -> Page:
        await self.page.goto(self.server.url + path)
        return self.page

    async def acts(self, subject: str) -> list[str]:
        found = (await self.root.http.get("/api/admin/audit", params={"subject": subject})).json()["items"]
        return [act["action"] for act in found if act["actorId"] == self.root.user_id]

    async def sql(self, query: str, value: object = None) -> list[Any]:
        return await self.server.sql(query, value=value)


async def window(browser: Browser, server: Server, who: Account, **options: Any) -> tuple[Page, list[str]]:
    context = await browser.new_context(locale="en-GB", accept_downloads=True, **options)
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    await page.request.post(f"{server.url}/api/login", data={"token": who.token})
    return page, faults


def money(micro: int) -> str:
    """As the pages write it."""
    whole, part = divmod(micro, 10**6)
    return f"${whole:,}." + re.sub("0{1,4}$", "", f"{part:06d}")


def size(count: int) -> str:
    """A number of bytes, as the pages write it."""
    units, value = 0, float(count)
    while value >= 1024 and units < 3:
        value, units = value / 1024, units + 1
    shown = f"{value:.1f}" if value < 10 and units else str(math.floor(value + 0.5))
    return f"{shown} {('B', 'KB', 'MB', 'GB')[units]}"


def lasting(ms: int) -> str:
    """A time, as the pages write it."""
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.{2 if ms < 10_000 else 1}f} s"
    minutes, seconds = divmod(math.floor(ms / 1000 + 0.5), 60)
    return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"


async def cells(page: Page, table: str) -> Shown:
    """What a table shows, by row and title."""
    shown: Shown = await page.evaluate(CELLS, table)
    return shown


async def facts(page: Page) -> Shown:
    """What a page says of the one thing that it is about, by title."""
    return {"": await page.evaluate(FACTS)}


async def agree(shown: Callable[[], Awaitable[Shown]], known: Callable[[], Awaitable[Shown]]) -> None:
    """What is shown is what is known: of all that there is, and of nothing else. Soon, because both go on."""
    until = time.monotonic() + PATIENCE_S
    while True:
        wanted = await known()
        seen = {
            key: {title: text for title, text in texts.items() if title in wanted.get(key, texts)}
            for key, texts in (await shown()).items()
        }
        if seen == wanted or time.monotonic() > until:
            assert seen == wanted, {
                key: (seen.get(key), wanted.get(key)) for key in seen | wanted if seen.get(key) != wanted.get(key)
            }
            return
        await asyncio.sleep(0.1)


def row(page: Page, table: str, text: str) -> Any:
    return page.get_by_role("table", name=table).get_by_role("row").filter(has_text=text)


async def confirmed(page: Page, title: str) -> None:
    """The question that comes first names what it is about; then the act is done and said."""
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", level=2)).to_contain_text(title)
    await dialog.get_by_test_id("confirm").click()
    await expect(dialog).to_have_count(0)
