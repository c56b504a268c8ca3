"""Promises to people in the browser, kept in real Chromium windows against a real server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.stories.conftest import Account
from tests.support.browser import window
from tests.support.processes import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def clean(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A window that fails the test also when its own policy refuses it something."""
    refused: list[str] = []
    async with window(browser, "about:blank") as page:
        page.on("console", lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None)
        await page.goto(url)
        yield page
    assert refused == []


async def test_the_login_url_opens_a_session_that_two_windows_edit_and_run_together(
    browser: Browser, tmp_path: Path
) -> None:
    async with serving(tmp_path) as server, AsyncExitStack() as stack:
        first = await stack.enter_async_context(clean(browser, server.login_url))
        await expect(first.get_by_test_id("file-item").filter(has_text="main.js")).to_be_visible()
        await expect(first.get_by_test_id("editor")).to_contain_text("greet")
        second = await stack.enter_async_context(clean(browser, server.login_url))
        await expect(second.get_by_test_id("editor")).to_contain_text("greet")
        assert first.url == second.url and re.search(r"/s/[0-9a-z]+", first.url)

        editor = first.get_by_test_id("editor")
        await editor.click()
        await first.keyboard.press("Control+a")
        await first.keyboard.type("console.log('line 1');\nconst said = await prompt('more? ');\nconsole.log(said);")
        await first.keyboard.press("Control+End")
        await first.keyboard.type("\nexport default 6 * 7;")
        await expect(second.get_by_test_id("editor")).to_contain_text("6 * 7")
        await expect(second.locator(".remote-caret").first).to_be_attached()
        await expect(first.get_by_test_id("status")).to_contain_text(re.compile("saved", re.IGNORECASE))

        await first.get_by_test_id("run").click()
        for page in (first, second):
            await expect(page.get_by_test_id("output")).to_contain_text("line 1")
        # Both saw it while the program goes on: it waits for what the other one of them types.
        await second.get_by_test_id("stdin").fill("line 2")
        await second.keyboard.press("Enter")
        for page in (first, second):
            await expect(page.get_by_test_id("output")).to_contain_text("line 2")
            await expect(page.get_by_test_id("output")).to_contain_text("42")
            await expect(page.get_by_test_id("run-status")).to_contain_text(
                re.compile("completed|finished", re.IGNORECASE)
            )

        await server.stop()
        await expect(first.get_by_test_id("status")).not_to_contain_text(re.compile("^saved", re.IGNORECASE))
        await server.start()
        third = await stack.enter_async_context(clean(browser, server.login_url))
        await expect(third.get_by_test_id("editor")).to_contain_text("6 * 7")
        await expect(third.get_by_test_id("output")).to_contain_text("line 2")
        await expect(first.get_by_test_id("status")).to_contain_text(re.compile("saved", re.IGNORECASE))


async def test_a_new_session_is_made_from_home_and_has_a_file(browser: Browser, server: Server) -> None:
    async with clean(browser, server.login_url) as page:
        await page.goto(f"{server.url}/")
        await page.get_by_test_id("new-session").first.click()
        await page.wait_for_url(re.compile(r"/s/"))
        await expect(page.get_by_test_id("file-item").first).to_be_visible()


async def test_markup_in_names_and_output_is_shown_as_text(browser: Browser, server: Server) -> None:
    evil = "<img src=x onerror=window.pwned=1>"
    files = [{"name": f"{evil.replace('/', '')}.js", "content": f"console.log({evil!r})"}]
    async with await server.http("local") as http:
        made = (await http.post("/api/sessions", json={"name": evil, "files": files})).json()
    async with clean(browser, server.login_url) as page:
        await page.goto(f"{server.url}/s/{made['id']}")
        await expect(page.get_by_test_id("file-item")).to_contain_text("<img")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("output")).to_contain_text(evil)
        assert await page.evaluate("window.pwned") is None


async def test_somebody_without_a_cookie_is_asked_to_sign_in(browser: Browser, server: Server, ada: Account) -> None:
    session_id = (await ada.session(main_js="return 1"))["id"]
    async with clean(browser, f"{server.url}/s/{session_id}") as page:
        field = page.get_by_label("Login URL or key")
        await field.fill("ck_wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await field.fill(ada.token)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("editor")).to_contain_text("return 1")
        await page.get_by_role("link", name="All sessions").click()
        await expect(page.get_by_test_id("new-session").first).to_be_visible()
        # The sign-in ends elsewhere, as in another window: where it was needed it is asked for again.
        await page.evaluate("fetch('/api/logout', { method: 'POST' })")
        await page.get_by_role("link", name="Usage and billing").click()
        await field.fill(ada.token)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Usage and billing")).to_be_visible()
