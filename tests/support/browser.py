"""A real Chromium, driven by Playwright: the one on PATH when there is one, else the one that comes as a package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright, expect

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

# Five seconds by themselves, which a page on a crowded machine may take to be drawn.
expect.set_options(timeout=1000 * PATIENCE_S)


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
