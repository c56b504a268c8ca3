"""Promises to people who stay in the editor: comments, formatting, completion, keys, and a state that never says saved too early."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.stories.test_editor import give_role, opened, session_of
from tests.support.browser import window
from tests.support.patience import PATIENCE_S
from tests.support.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
MEAN = "import math\n\n\ndef  mean( xs ):\n    return sum(xs)/len( xs )\n\n\nprint(mean([1,2,3]))\n"


async def text_of(server: Server, session_id: str, name: str) -> str:
    async with await server.http("local") as http:
        files = (await http.get(f"/api/sessions/{session_id}/files")).json()["items"]
    return next(str(file["content"]) for file in files if file["name"] == name)


async def command(page: Page, words: str) -> None:
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-input").fill(words)
    await page.keyboard.press("Enter")


async def offers(page: Page, words: str) -> None:
    """Asked again until what is loaded when first used is there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await page.keyboard.press("Control+Space")
            try:
                await expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text(words, timeout=1_000)
                return await page.keyboard.press("Escape")
            except AssertionError:
                await page.keyboard.press("Escape")


async def as_user(browser: Browser, server: Server, user: str, session_id: str) -> tuple[str, str]:
    """Where somebody else signs in, with what they are called."""
    return f"{server.url}/login?token={await server.token(user)}", f"{server.url}/s/{session_id}"


async def test_lines_of_a_file_and_of_an_output_are_talked_about_by_several_people(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_py=MEAN)
    await give_role(server, session_id, "bob", "editor")
    await give_role(server, session_id, "eve", "viewer")
    bobs, there = await as_user(browser, server, "bob", session_id)
    eves, _ = await as_user(browser, server, "eve", session_id)
    async with (
        opened(browser, server, session_id) as ann,
        window(browser, bobs) as bob,
        window(browser, eves) as eve,
    ):
        await bob.goto(there)
        await eve.goto(there)
        # By keyboard alone: a comment on the line of the cursor.
        await ann.get_by_test_id("editor").focus()
        await ann.keyboard.press("Control+Home")
        for _ in range(4):
            await ann.keyboard.press("ArrowDown")
        await ann.keyboard.press("Control+Alt+m")
        await ann.keyboard.type("And if xs is empty?")
        await ann.keyboard.press("Control+Enter")
        await bob.get_by_test_id("comment-mark").click()
        thread = bob.get_by_test_id("thread")
        await expect(thread).to_contain_text("main.py, line 5")
        await expect(thread).to_contain_text("And if xs is empty?")
        await thread.get_by_test_id("words").fill("Then it <b>raises</b>")
        await thread.get_by_role("button", name="Answer").click()
        await expect(ann.get_by_test_id("comment-mark")).to_have_text("2")
        # One changes one's own words only; an owner may delete anybody's.
        await expect(thread.get_by_role("button", name="Edit comment")).to_have_count(1)
        await expect(thread.get_by_role("button", name=re.compile("Delete"))).to_have_count(1)
        await expect(ann.get_by_role("button", name=re.compile("Delete comment of"))).to_have_count(1)
        # The line moves, goes, and comes back by an undo.
        await bob.get_by_test_id("editor").focus()
        await bob.keyboard.press("Control+Home")
        await bob.keyboard.type("# mean\n")
        mine = ann.get_by_test_id("thread")
        await expect(mine).to_contain_text("line 6")
        await bob.keyboard.press("Control+a")
        await bob.keyboard.press("Delete")
        await expect(mine).to_contain_text("line gone")
        await expect(mine).to_contain_text("return sum(xs)/len( xs )")
        await bob.keyboard.press("Control+z")
        await expect(mine).to_contain_text("line 6")
        # Who may only watch reads along.
        await eve.get_by_test_id("comments-button").click()
        await expect(eve.get_by_test_id("comment")).to_have_count(2)
        await expect(eve.get_by_test_id("words")).to_have_count(0)
        await expect(eve.get_by_test_id("settle")).to_have_count(0)
        # The output is talked about as well, and all is settled together.
        await ann.keyboard.press("Control+Enter")
        await expect(bob.get_by_test_id("output")).to_contain_text("2.0")
        await bob.locator(".block[data-line]", has_text="2.0").select_text()
        await bob.get_by_test_id("comment-output").click()
        await bob.get_by_test_id("comment-draft").get_by_test_id("words").fill("right!")
        await bob.keyboard.press("Control+Enter")
        await ann.get_by_test_id("output-mark").click()
        await expect(ann.get_by_test_id("thread")).to_have_count(2)
        for left in (1, 0):
            await ann.get_by_test_id("settle").first.click()
            await expect(ann.get_by_test_id("settle")).to_have_count(left)
        await expect(bob.get_by_test_id("comment-mark")).to_have_count(0)
        await expect(bob.get_by_test_id("output-mark")).to_have_count(0)
        await bob.get_by_role("button", name="Resolved (2)").click()
        await expect(bob.get_by_test_id("thread").first).to_contain_text("Resolved by You")
    async with await server.http("local") as http:
        threads = (await http.get(f"/api/sessions/{session_id}/comments")).json()["items"]
    assert [(one["resolved"], len(one["comments"])) for one in threads] == [(True, 2), (True, 1)]


async def test_a_file_is_formatted_in_one_step_beside_somebody_who_types_and_undone_alone(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_py=MEAN, app_js="const  a = {b:1}\n")
    async with opened(browser, server, session_id) as ann, opened(browser, server, session_id) as bob:
        for page in (ann, bob):
            await page.get_by_role("button", name="main.py").first.click()
        await bob.get_by_test_id("editor").focus()
        await bob.keyboard.press("Control+End")
        await bob.keyboard.type("# bob")
        editor = ann.get_by_test_id("editor")
        await expect(editor).to_contain_text("# bob")
        await editor.focus()
        await ann.keyboard.press("Shift+Alt+F")
        # Ruff is WebAssembly in a worker, which the page's own policy would not allow.
        await expect(bob.get_by_test_id("editor")).to_contain_text("return sum(xs) / len(xs)")
        await bob.keyboard.type("'s")
        await expect(editor).to_contain_text("# bob's")
        await ann.keyboard.press("Control+z")
        await expect(editor).to_contain_text("sum(xs)/len( xs )")
        await expect(editor).to_contain_text("# bob's")
        await ann.get_by_role("button", name="app.js").first.click()
        await command(ann, "format the file")
        await expect(editor).to_contain_text("{ b: 1 };")


async def test_names_are_completed_faults_are_underlined_and_keys_are_as_one_is_used_to(
    browser: Browser, server: Server
) -> None:
    files = {"app_js": "", "data_sql": "create table people (id integer, surname text);\n", "util_js": "export {};\n"}
    session_id = await session_of(server, **files)
    async with opened(browser, server, session_id) as page:
        editor = page.get_by_test_id("editor")
        await page.get_by_role("button", name="app.js").first.click()
        await expect(page.get_by_test_id("tab").filter(has_text="app.js")).to_have_attribute("aria-current", "true")
        await editor.focus()
        await page.keyboard.type("import x from './u")
        await expect(editor).to_contain_text("import x from './u")
        await offers(page, "./util.js")
        await page.keyboard.press("Control+a")
        await page.keyboard.type("let q = ;")
        await expect(page.locator(".cm-lintRange-error").first).to_be_visible()
        await page.get_by_role("button", name="data.sql").first.click()
        await expect(editor).to_contain_text("create table")
        await editor.focus()
        await page.keyboard.press("Control+End")
        await page.keyboard.type("select su")
        await expect(editor).to_contain_text("select su")
        await offers(page, "surname")
        # Vim's keys, whose undo is that of the shared document; kept for the next visit.
        await command(page, "keys vim")
        await expect(page.locator(".cm-vim-panel")).to_contain_text("NORMAL")
        await page.keyboard.type("ggdd")
        await expect(editor).not_to_contain_text("create table")
        await page.keyboard.type("u")
        await expect(editor).to_contain_text("create table")
        await command(page, "larger code")
        await expect(page.locator(".cm-editor")).to_have_css("font-size", "15px")
        await page.reload()
        await expect(page.locator(".cm-vim-panel")).to_contain_text("NORMAL")
        await expect(page.locator(".cm-editor")).to_have_css("font-size", "15px")


async def test_what_was_typed_offline_outlives_a_reload_and_is_called_saved_only_when_it_is(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_py="one\n")
    cut = False
    open_sockets: list[WebSocketRoute] = []

    async def wire(route: WebSocketRoute) -> None:
        if cut:
            await route.close(code=1012)
            return
        route.connect_to_server()
        open_sockets.append(route)

    async with window(browser, f"{server.login_url}&next=/") as page:
        await page.route_web_socket(re.compile("/ws/"), wire)
        await page.goto(f"{server.url}/s/{session_id}")
        status, editor = page.get_by_test_id("status"), page.get_by_test_id("editor")
        await editor.focus()
        await page.keyboard.press("Control+End")
        await page.keyboard.type("two\n")
        await expect(status).to_have_attribute("data-tone", "good")
        cut = True
        for route in open_sockets:
            await route.close(code=1012)
        await expect(status).to_have_attribute("data-tone", "warn")
        await page.keyboard.type("three, offline\n")
        await expect(status).to_contain_text("unsaved edits kept")
        await expect(status).to_have_attribute("data-stored", "true")
        await page.reload()
        await expect(editor).to_contain_text("three, offline")
        await expect(status).to_contain_text("unsaved edits kept")
        assert await text_of(server, session_id, "main.py") == "one\ntwo\n"
        async with await server.http("local") as http:
            (file,) = (await http.get(f"/api/sessions/{session_id}/files")).json()["items"]
            await http.put(f"/api/sessions/{session_id}/files/{file['id']}", json={"content": "zero\none\ntwo\n"})
        cut = False
        await expect(status).to_have_attribute("data-tone", "good")
        assert await text_of(server, session_id, "main.py") == "zero\none\ntwo\nthree, offline\n"
        await expect(editor).to_contain_text("zero")


async def test_markup_is_shown_as_text_wherever_people_and_programs_write(browser: Browser, server: Server) -> None:
    evil = '<img src=x onerror="window.hurt=1">\'"><script>window.hurt=1</script>'
    async with await server.http("local") as http:
        files = [{"name": "<img src=x onerror=hurt()>.js", "content": f"eval(`{evil}`)\nconsole.log({evil!r})\n"}]
        session = (await http.post("/api/sessions", json={"name": evil, "files": files})).json()
        at = f"/api/sessions/{session['id']}"
        code = f"console.log({evil!r}); throw new Error({evil!r})"
        on_line = {"fileId": session["files"][0]["id"], "line": 1, "text": evil}
        (await http.post(f"{at}/comments", json=on_line)).raise_for_status()
        ran = await http.post(f"{at}/executions", json={"language": "javascript", "code": code})
        on_output = {"executionId": ran.json()["executionId"], "line": 1, "quote": evil, "text": evil}
        (await http.post(f"{at}/comments", json=on_output)).raise_for_status()
        (await http.put(f"{at}/collaborators/eve", json={"role": "editor"})).raise_for_status()
    token = await server.token("eve", name=evil[:60])
    async with (
        opened(browser, server, session["id"]) as page,
        window(browser, f"{server.url}/login?token={token}") as eve,
    ):
        await eve.goto(f"{server.url}/s/{session['id']}")
        await page.get_by_test_id("comments-button").click()
        await expect(page.get_by_test_id("comment")).to_have_count(2)
        await expect(page.get_by_test_id("comments")).to_contain_text("<script>window.hurt=1</script>")
        await expect(page.get_by_test_id("output")).to_contain_text("<img src=x")
        await expect(page.get_by_test_id("follow")).to_have_count(1)
        await page.get_by_test_id("editor").focus()
        await page.keyboard.press("Control+Home")
        await page.keyboard.press("Control+Shift+M")
        await expect(page.locator(".cm-panel-lint")).to_contain_text("eval")
        await command(page, "follow")
        await expect(page.get_by_test_id("following")).to_contain_text("<img")
        assert await page.evaluate("window.hurt") is None
        assert await page.locator("img[src=x]").count() == 0
