"""A real Chromium, driven by Playwright: the one on PATH when there is one, else the one that comes as a package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.patience import PATIENCE_S
from tests.support.processes import ROOT, node

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WAIT_MS = 1000 * PATIENCE_S
# Five seconds by themselves, which a page on a crowded machine may take to be drawn.
expect.set_options(timeout=WAIT_MS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, for the length of the block."""
    asked = await asyncio.create_subprocess_exec(
        *node(), str(ROOT / "tests/clients/chromium_path.mjs"), stdout=asyncio.subprocess.PIPE
    )
    path = (await asked.communicate())[0].decode().strip()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def window(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:
    """A window with cookies of its own; an uncaught error in it fails the test."""
    context = await browser.new_context(**options)
    context.set_default_timeout(WAIT_MS)
    faults: list[str] = []
    try:
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(url)
        yield page
    finally:
        # The browser is shared: what is left open in it would go on beside the tests that follow.
        await context.close()
    assert faults == []
