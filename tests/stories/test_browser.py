"""Promises to people in the browser, kept in real Chromium windows against a real server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.browser import chromium
from tests.support.processes import serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def window(browser: Browser, url: str) -> Page:
    """A window with cookies of its own; an error in its console fails the test."""
    context = await browser.new_context()
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    page.faults = faults  # type: ignore[attr-defined]
    await page.goto(url)
    return page


async def test_the_login_url_opens_a_session_that_two_windows_edit_and_run_together(
    browser: Browser, tmp_path: Path
) -> None:
    async with serving(tmp_path) as server:
        first = await window(browser, server.login_url)
        await expect(first.get_by_test_id("file-item").filter(has_text="main.js")).to_be_visible()
        await expect(first.get_by_test_id("editor")).to_contain_text("greet")
        second = await window(browser, server.login_url)
        await expect(second.get_by_test_id("editor")).to_contain_text("greet")
        assert first.url == second.url and re.search(r"/s/[0-9a-z]+", first.url)

        editor = first.get_by_test_id("editor")
        await editor.click()
        await first.keyboard.press("Control+a")
        await first.keyboard.type(
            "for (let i = 1; i <= 3; i++) {\nconsole.log('line ' + i);\nawait new Promise((r) => setTimeout(r, 400));\n"
        )
        await first.keyboard.press("Control+End")
        await first.keyboard.type("\nexport default 6 * 7;")
        await expect(second.get_by_test_id("editor")).to_contain_text("6 * 7")
        await expect(second.locator(".remote-caret").first).to_be_attached()
        await expect(first.get_by_test_id("status")).to_contain_text(re.compile("saved", re.IGNORECASE))

        await first.get_by_test_id("run").click()
        for page in (first, second):
            await expect(page.get_by_test_id("output")).to_contain_text("line 1")
        assert "line 3" not in (await second.get_by_test_id("output").inner_text())
        for page in (first, second):
            await expect(page.get_by_test_id("output")).to_contain_text("line 3")
            await expect(page.get_by_test_id("output")).to_contain_text("42")
            await expect(page.get_by_test_id("run-status")).to_contain_text(
                re.compile("completed|finished", re.IGNORECASE)
            )

        await server.stop()
        await expect(first.get_by_test_id("status")).not_to_contain_text(re.compile("^saved", re.IGNORECASE))
        await server.start()
        third = await window(browser, server.login_url)
        await expect(third.get_by_test_id("editor")).to_contain_text("6 * 7")
        await expect(third.get_by_test_id("output")).to_contain_text("line 3")
        await expect(first.get_by_test_id("status")).to_contain_text(re.compile("saved", re.IGNORECASE))
        for page in (first, second, third):
            assert page.faults == []  # type: ignore[attr-defined]
            await page.context.close()


async def test_a_new_session_is_made_from_home_and_gets_a_second_file(browser: Browser, tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        page = await window(browser, server.login_url)
        await page.goto(f"{server.url}/")
        await page.get_by_test_id("new-session").first.click()
        await page.wait_for_url(re.compile(r"/s/"))
        await expect(page.get_by_test_id("file-item").first).to_be_visible()
        assert page.faults == []  # type: ignore[attr-defined]
        await page.context.close()


async def test_markup_in_names_and_output_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        evil = "<img src=x onerror=window.pwned=1>"
        async with await server.http("local") as http:
            made = (
                await http.post(
                    "/api/sessions",
                    json={
                        "name": evil,
                        "files": [{"name": f"{evil.replace('/', '')}.js", "content": f"console.log({evil!r})"}],
                    },
                )
            ).json()
        page = await window(browser, server.login_url)
        await page.goto(f"{server.url}/s/{made['id']}")
        await expect(page.get_by_test_id("file-item")).to_contain_text("<img")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("output")).to_contain_text(evil)
        assert await page.evaluate("window.pwned") is None
        assert page.faults == []  # type: ignore[attr-defined]
        await page.context.close()


async def test_somebody_without_a_cookie_is_asked_to_sign_in(browser: Browser, tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        token = await server.token("ada")
        page = await window(browser, server.url)
        field = page.get_by_label("Login URL or key")
        await field.fill("ck_wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await field.fill(token)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("new-session").first).to_be_visible()
        await page.context.close()
