"""Promises to people who work in the editor: previews, run options, sharing, history, files and following, in real Chromium."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Page, Response, Route, expect

from tests.support.browser import window
from tests.support.patience import PATIENCE_S
from tests.support.processes import ROOT, Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
RUN_MS = 1000 * PATIENCE_S  # also a first run of a language on a busy machine
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
# A name that is fading has no contrast of its own.
AXE_RUN = "async () => (await axe.run({ exclude: ['.remote-name'] }, { iframes: false })).violations.map((v) => [v.id, v.nodes[0].html])"
FIRST_LOAD_BYTES_MAX = 300_000
REFUSED = re.compile("no longer allowed|signed out", re.IGNORECASE)


async def session_of(server: Server, name: str = "Editor", **files: str) -> str:
    """A session of the local user, with files named like `main_js`."""
    async with await server.http("local") as http:
        made = await http.post(
            "/api/sessions",
            json={"name": name, "files": [{"name": n.replace("_", "."), "content": c} for n, c in files.items()]},
        )
        return str(made.json()["id"])


@asynccontextmanager
async def opened(browser: Browser, server: Server, session_id: str, **options: Any) -> AsyncIterator[Page]:
    async with window(browser, f"{server.login_url}&next=/s/{session_id}", **options) as page:
        await page.goto(f"{server.url}/s/{session_id}")
        await expect(page.get_by_test_id("status")).to_contain_text(re.compile("saved|connected", re.IGNORECASE))
        yield page


@asynccontextmanager
async def signed_in(
    browser: Browser, server: Server, user: str, session_id: str, **account: Any
) -> AsyncIterator[Page]:
    token = await server.token(user, **account)
    async with window(browser, f"{server.url}/login?token={token}") as page:
        await page.goto(f"{server.url}/s/{session_id}")
        yield page


async def give_role(server: Server, session_id: str, user: str, role: str) -> None:
    async with await server.http("local") as http:
        (await http.put(f"/api/sessions/{session_id}/collaborators/{user}", json={"role": role})).raise_for_status()


HOSTILE = """<!doctype html><p id="alive">quiet</p><ul id="found"></ul><script>
const found = (name, value) => {
  const line = document.createElement('li');
  line.textContent = name + ': ' + value;
  document.getElementById('found').append(line);
};
const attempt = (name, action) => {
  try { found(name, 'got ' + action()); } catch (error) { found(name, 'denied'); }
};
const given = (value) => { if (value === null) throw new Error('nothing'); return value; };
const put = (kind, fields) => document.body.append(Object.assign(document.createElement(kind), fields));
document.getElementById('alive').textContent = 'scripts run';
attempt('parent', () => parent.document.title);
attempt('top', () => top.location.href);
attempt('cookie', () => document.cookie);
attempt('storage', () => localStorage.length);
attempt('sibling', () => parent.frames[0].name + parent.history.length);
attempt('socket', () => { new WebSocket('CANARY'.replace('http', 'ws')); return 'no error'; });
attempt('rtc', () => new RTCPeerConnection());
attempt('popup', () => given(window.open('CANARY/popup')));
attempt('leave', () => { top.location = 'CANARY/top'; return 'away'; });
put('img', { src: 'CANARY/image' });
put('iframe', { src: 'CANARY/frame' });
const inner = '<img src="CANARY/inner"><script>fetch("CANARY/inner").catch(() => 0)<' + '/script>';
put('iframe', { srcdoc: inner });
put('iframe', { src: 'data:text/html;base64,' + btoa(inner) });
put('form', { action: 'CANARY/form' });
document.forms[0].submit();
navigator.sendBeacon('CANARY/beacon', 'x');
for (const rel of ['stylesheet', 'prefetch', 'preconnect', 'icon', 'modulepreload']) put('link', { rel, href: 'CANARY/' + rel });
for (const type of ['session.changed', 'welcome', 'execution.finished']) {
  const forged = { type, name: 'forged', isPublic: true, role: 'owner' };
  parent.postMessage(forged, '*');
  parent.postMessage(JSON.stringify(forged), '*');
}
const mine = { credentials: 'include' };
Promise.allSettled([fetch('CANARY/fetch'), fetch('SERVER/api/me'), fetch('SERVER/api/me', mine), import('CANARY/module.js')])
  .then((all) => {
    found('network', all.map((one) => one.status).join(' '));
    setTimeout(() => { location.href = 'CANARY/navigation'; }, 0);
  });
</script>"""


def showing(html: str) -> str:
    return f"class Page:\n    def _repr_html_(self):\n        return {html!r}\n\ndisplay(Page())\n"


async def test_a_preview_runs_its_scripts_and_reaches_neither_the_page_nor_cookies_nor_the_network(
    browser: Browser, server: Server
) -> None:
    hits: list[bytes] = []

    async def caught(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(await reader.readline())
        writer.close()

    canary = await asyncio.start_server(caught, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{canary.sockets[0].getsockname()[1]}"
    async with canary:
        html = HOSTILE.replace("CANARY", address).replace("SERVER", server.url)
        session_id = await session_of(server, main_py=showing(html))
        async with opened(browser, server, session_id) as page:
            refused = asyncio.Event()
            page.on("console", lambda line: refused.set() if "Framing" in line.text else None)
            await page.get_by_test_id("run").click()
            await expect(page.get_by_test_id("run-status")).to_have_attribute(
                "data-status", "completed", timeout=RUN_MS
            )
            # The last thing the preview tries is to leave for the canary; the page around it does not let it.
            async with asyncio.timeout(PATIENCE_S):
                await refused.wait()
            assert page.url == f"{server.url}/s/{session_id}"
            await expect(page.get_by_test_id("session-name")).to_have_value("Editor")
        # Without the last step its own account of what it got can be read.
        quiet = html.replace("location.href = ", "void ")
        session_id = await session_of(server, main_py=showing(quiet))
        async with opened(browser, server, session_id) as page:
            await page.get_by_test_id("run").click()
            frame = page.frame_locator("[data-testid=preview]")
            await expect(frame.locator("#alive")).to_have_text("scripts run", timeout=RUN_MS)
            await expect(frame.locator("#found")).to_contain_text("network")
            lines = await frame.locator("#found li").all_inner_texts()
            told = dict(line.split(": ", 1) for line in lines)
            assert told.pop("network") == "rejected rejected rejected rejected"
            assert told.pop("socket") in ("denied", "got no error")  # it is refused while connecting; the canary tells
            assert set(told.values()) == {"denied"}, told
            await expect(page.get_by_test_id("session-name")).to_have_value("Editor")
        assert hits == []


async def test_the_preview_page_is_sandboxed_also_when_it_is_opened_by_hand(server: Server) -> None:
    async with await server.http("local") as http:
        answer = await http.get("/preview")
        policy = answer.headers.get_list("content-security-policy")
        assert len(policy) == 1
        assert policy[0].startswith(
            "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' data: blob:;"
        )
        assert "set-cookie" not in answer.headers


async def test_a_run_gets_the_limits_and_the_input_that_were_chosen_and_they_are_remembered(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_py="print('hello', input())")
    async with opened(browser, server, session_id) as page:
        await page.get_by_test_id("run-options").click()
        await expect(page.get_by_test_id("estimate")).to_contain_text("$0.001")
        await page.get_by_label("Time limit").fill("20")
        await page.get_by_label("Memory limit").fill("200")
        await page.get_by_label("Input").fill("Ada")
        # 20 s × $0.0005 + 200 MB × $0.00005, for basic does not cover it
        await expect(page.get_by_test_id("estimate")).to_contain_text("$0.02 on standard")
        await page.keyboard.press("Escape")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("output")).to_contain_text("hello Ada", timeout=RUN_MS)
        await expect(page.get_by_test_id("run-status")).to_have_attribute("data-status", "completed", timeout=RUN_MS)
        await expect(page.locator(".run-caption")).to_contain_text("standard")
        await expect(page.get_by_test_id("figures")).to_contain_text("Cost")
        await page.reload()
        await page.get_by_test_id("run-options").click()
        await expect(page.get_by_label("Time limit")).to_have_value("20")
        await page.get_by_label("Time limit").fill("100000")
        await expect(page.get_by_test_id("estimate")).to_contain_text("allows")
        await page.get_by_role("button", name="Reset").click()
        await expect(page.get_by_label("Time limit")).to_have_value("5")


async def test_a_file_that_a_run_left_is_saved_and_taken_into_the_session_by_a_click(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_py="print(open('notes.txt', 'w').write('kept\\n'))")
    async with opened(browser, server, session_id) as page:
        await page.get_by_test_id("run").click()
        left = page.locator(".artifact", has_text="notes.txt")
        await expect(left).to_be_visible(timeout=RUN_MS)
        async with page.expect_download() as saved:
            await left.get_by_text("Download").click()
        assert (await (await saved.value).path()).read_text() == "kept\n"
        await left.get_by_test_id("keep-artifact").click()
        await page.get_by_test_id("files").get_by_text("notes.txt").click()
        await expect(page.locator(".cm-content")).to_contain_text("kept")


async def test_a_link_with_a_cap_lets_a_guest_in_until_it_is_revoked(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, main_js="console.log(1)")
    async with opened(browser, server, session_id) as owner:
        await owner.get_by_test_id("share").click()
        await owner.get_by_label("What guests may do").select_option("editor")
        await owner.get_by_label("How long the link works").select_option(label="1 hour")
        await owner.get_by_label("Spending cap in dollars").fill("0.5")
        await owner.get_by_role("button", name="Create link").click()
        await expect(owner.get_by_test_id("link")).to_contain_text("up to $0.5")
        url = await owner.get_by_test_id("link-url").input_value()
        async with window(browser, url) as guest:
            await expect(guest.get_by_test_id("editor")).to_contain_text("console")
            await owner.get_by_role("button", name="Revoke the link").click()
            await expect(owner.get_by_test_id("link")).to_have_count(0)
            await expect(guest.get_by_role("alert").filter(has_text=REFUSED)).to_be_visible()


async def test_an_owner_makes_somebody_else_owner_and_may_then_step_down(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, main_js="")
    await give_role(server, session_id, "grace", "editor")
    async with opened(browser, server, session_id) as page:
        await page.get_by_test_id("share").click()
        await expect(page.get_by_label("Role of local")).to_have_count(0)
        await page.get_by_label("Role of grace").select_option("owner")
        await page.get_by_test_id("confirm").click()
        await page.get_by_label("Role of local").select_option("editor")
        await expect(page.get_by_label("Role of local")).to_have_count(0)
    async with await server.http("grace") as http:
        session = (await http.get(f"/api/sessions/{session_id}")).json()
    assert session["ownerId"] == "grace" and session["roles"]["local"] == "editor"


async def test_a_named_version_is_seen_with_its_difference_and_brought_back_for_everybody(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_js="let first = 1;\n")
    async with opened(browser, server, session_id) as page, opened(browser, server, session_id) as other:
        await page.get_by_test_id("versions").click()
        await page.get_by_label("Name for the present version").fill("The good one")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("version").filter(has_text="The good one")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_test_id("editor").click()
        await page.keyboard.press("Control+a")
        await page.keyboard.type("let second = 2;")
        await expect(other.get_by_test_id("editor")).to_contain_text("let second = 2;")
        await expect(page.get_by_test_id("status")).to_have_attribute("data-tone", "good")

        await page.get_by_test_id("versions").click()
        newest = page.get_by_test_id("version").first
        await expect(newest).to_contain_text("You")
        await expect(page.get_by_test_id("restore")).to_be_disabled()
        await expect(page.get_by_test_id("diff")).to_contain_text("second")
        await expect(page.locator(".diff .cm-deletedChunk")).to_contain_text("first")
        await page.get_by_test_id("version").filter(has_text="The good one").click()
        await page.get_by_role("button", name="Since then").click()
        await expect(page.locator(".diff .cm-deletedChunk")).to_contain_text("first")
        await page.get_by_test_id("restore").click()
        await page.get_by_test_id("confirm").click()
        for one in (page, other):
            await expect(one.get_by_test_id("editor")).to_contain_text("let first = 1;")
            await expect(one.get_by_test_id("editor")).not_to_contain_text("second")


async def test_a_run_is_compared_and_run_again_and_an_agents_work_is_taken_back(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_js="console.log('as it was');\n")
    await give_role(server, session_id, "robot", "editor")
    async with opened(browser, server, session_id) as page:
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("run-status")).to_have_attribute("data-status", "completed", timeout=RUN_MS)
        async with server.lane(session_id, await server.token("robot")) as robot:
            await robot.ask("write", name="main.js", content="console.log('by the robot');\n")
        await page.get_by_test_id("since").click()
        await expect(page.locator(".diff .cm-deletedChunk")).to_contain_text("as it was")
        await page.keyboard.press("Escape")
        await page.get_by_test_id("rerun").click()
        async with await server.http("local") as http:

            async def again() -> list[dict[str, Any]]:
                runs = (await http.get(f"/api/sessions/{session_id}/executions")).json()["items"]
                return [run for run in runs if run["rerunOf"] and run["status"] == "completed"]

            async with asyncio.timeout(RUN_MS / 1000):
                while not (runs := await again()):
                    await page.wait_for_timeout(100)
            told = (await http.get(f"/api/executions/{runs[0]['id']}")).json()
            assert told["stdout"] == "as it was\n"

        await page.get_by_test_id("versions").click()
        await expect(page.get_by_test_id("undo-author")).to_contain_text("robot")
        await page.get_by_test_id("undo-author").click()
        await page.get_by_test_id("confirm").click()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("editor")).to_contain_text("as it was")


async def test_a_new_name_of_the_session_reaches_other_windows(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, main_js="")
    async with opened(browser, server, session_id) as page, opened(browser, server, session_id) as other:
        await page.get_by_test_id("session-name").fill("Renamed")
        await page.keyboard.press("Enter")
        await expect(other.get_by_test_id("session-name")).to_have_value("Renamed")
        await expect(other).to_have_title("Renamed")
        await expect(other.locator(".name-icon")).to_have_count(0)
        await page.get_by_test_id("share").click()
        await page.get_by_role("switch", name="Public").check()
        await expect(other.locator(".name-icon")).to_be_visible()


async def test_a_lane_client_hears_that_the_session_changed(server: Server) -> None:
    session_id = await session_of(server, main_js="")
    async with (
        await server.http("local") as http,
        server.lane(session_id, await server.token("local")) as lane,
    ):
        await lane.event("welcome")
        (await http.patch(f"/api/sessions/{session_id}", json={"name": "Other"})).raise_for_status()
        assert await lane.event("session.changed") == {
            "type": "session.changed",
            "name": "Other",
            "isPublic": False,
            "agentsPropose": False,
        }


async def test_files_are_uploaded_and_dropped_in_and_what_is_not_text_is_refused(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_js="")
    async with opened(browser, server, session_id) as page, opened(browser, server, session_id) as other:
        uploads: list[FilePayload] = [
            {"name": "main.js", "mimeType": "text/plain", "buffer": b"// another"},
            {"name": "notes.md", "mimeType": "text/plain", "buffer": "grüße".encode()},
            {"name": "photo.png", "mimeType": "image/png", "buffer": b"\x89PNG\xff\x00"},
        ]
        await page.get_by_test_id("upload-field").set_input_files(uploads)
        await expect(other.get_by_test_id("file-item")).to_have_text(
            [re.compile("main 2.js"), re.compile("main.js"), re.compile("notes.md")]
        )
        await expect(page.locator(".toast-bad")).to_contain_text("photo.png is not UTF-8 text")
        transfer = await page.evaluate_handle(
            "() => { const t = new DataTransfer(); t.items.add(new File(['print(1)'], 'drop.py')); return t; }"
        )
        await page.get_by_test_id("files").dispatch_event("dragenter", {"dataTransfer": transfer})
        await expect(page.locator(".files-drop")).to_be_visible()
        await page.get_by_test_id("files").dispatch_event("drop", {"dataTransfer": transfer})
        await expect(page.locator(".files-drop")).to_have_count(0)
        await expect(other.get_by_test_id("file-item").filter(has_text="drop.py")).to_be_visible()
        await expect(page.get_by_test_id("editor")).to_have_text("print(1)")


async def open_palette(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await expect(page.get_by_test_id("palette-input")).to_be_focused()


async def _later(route: Route, when: asyncio.Event) -> None:
    await when.wait()
    await route.continue_()


async def test_the_command_palette_opens_files_and_does_commands_by_keyboard_alone(
    browser: Browser, server: Server
) -> None:
    session_id = await session_of(server, main_js="console.log('ran')", notes_md="remember")
    async with opened(browser, server, session_id) as page:
        # What is typed before its code is there does not come into the file.
        came = asyncio.Event()
        await page.route("**/assets/Palette-*.js", lambda route: _later(route, came))
        await page.reload()
        await page.get_by_test_id("editor").click()
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
        await page.keyboard.type("lost")
        came.set()
        await expect(page.get_by_test_id("palette-input")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("editor")).to_have_text("console.log('ran')")
        await open_palette(page)
        await page.keyboard.type("notes")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("editor")).to_have_text("remember")
        await open_palette(page)
        await page.keyboard.type("nwfl")
        await expect(page.get_by_test_id("command").first).to_contain_text("New file")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Name of the new file")).to_be_focused()
        await page.keyboard.type("main.py")
        await page.keyboard.press("Enter")
        await open_palette(page)
        await page.keyboard.type("main.js")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("palette-input")).to_have_count(0)
        await expect(page.get_by_test_id("tab")).to_have_count(3)


async def test_following_somebody_keeps_their_cursor_in_view_until_one_moves_oneself(
    browser: Browser, server: Server
) -> None:
    long = "\n".join(f"line {number}" for number in range(1, 400))
    session_id = await session_of(server, a_txt="first file", b_txt=long)
    await give_role(server, session_id, "grace", "editor")
    async with (
        opened(browser, server, session_id) as page,
        signed_in(browser, server, "grace", session_id) as grace,
    ):
        await grace.get_by_test_id("file-item").filter(has_text="b.txt").click()
        await grace.get_by_test_id("editor").click()
        await page.get_by_test_id("follow").click()
        await expect(page.get_by_test_id("following")).to_contain_text("Following grace")
        await grace.keyboard.press("Control+End")
        await grace.keyboard.type(" is the end")
        await expect(page.get_by_text("line 399 is the end")).to_be_in_viewport()
        await grace.get_by_test_id("file-item").filter(has_text="a.txt").click()
        await grace.get_by_test_id("editor").click()
        await expect(page.get_by_test_id("editor")).to_have_text(re.compile("first file"))
        await page.get_by_test_id("editor").click()
        await expect(page.get_by_test_id("following")).to_have_count(0)
        await page.get_by_test_id("follow").click()
        await expect(page.get_by_test_id("following")).to_be_visible()
        await grace.context.close()
        await expect(page.get_by_test_id("following")).to_have_count(0)


async def test_what_a_scan_finds_is_underlined_while_one_types(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, main_py="print('eval(x)')\n")
    async with opened(browser, server, session_id) as page:
        await page.get_by_test_id("editor").click()
        await page.keyboard.press("Control+End")
        await page.keyboard.type("eval(x)")
        await expect(page.locator(".cm-lintRange-warning")).to_have_text("eval(x)", timeout=RUN_MS)
        await page.keyboard.press("Control+z")
        await expect(page.locator(".cm-lintRange-warning")).to_have_count(0, timeout=RUN_MS)


async def test_the_first_load_of_a_session_is_small(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, main_js="console.log(1)")
    async with opened(browser, server, session_id) as page:
        loaded: list[Response] = []
        page.on("response", lambda answer: loaded.append(answer) if "/assets/" in answer.url else None)
        await page.reload()
        await expect(page.get_by_test_id("editor")).to_contain_text("console")
        await expect(page.get_by_test_id("status")).to_have_attribute("data-tone", "good")
        async with await server.http("local") as http:
            sizes = {answer.url: len(gzip.compress((await http.get(answer.url)).content)) for answer in loaded}
        assert len(sizes) > 3
        assert sum(sizes.values()) <= FIRST_LOAD_BYTES_MAX, sizes


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_accessibility_checker_finds_nothing_in_a_session_and_its_dialogs(
    browser: Browser, server: Server, scheme: str
) -> None:
    session_id = await session_of(server, main_js="console.log(1)\n")
    await give_role(server, session_id, "hopper", "editor")
    async with (
        opened(browser, server, session_id, color_scheme=scheme, bypass_csp=True) as page,
        signed_in(browser, server, "hopper", session_id, name="Grace Hopper") as grace,
    ):
        await grace.get_by_test_id("editor").click()
        await grace.keyboard.type("// hello\n")
        await grace.keyboard.press("Control+Alt+m")
        await grace.keyboard.type("what is this?")
        await grace.keyboard.press("Control+Enter")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("figures")).to_be_visible(timeout=RUN_MS)
        await page.get_by_test_id("follow").click()
        await expect(page.get_by_test_id("following")).to_be_visible()
        await page.get_by_test_id("comment-mark").click()
        await expect(page.get_by_test_id("thread")).to_be_focused()
        await page.evaluate(AXE.read_text())
        found = {"session": await page.evaluate(AXE_RUN)}
        for button, inside in {
            "run-options": page.get_by_test_id("estimate"),
            "share": page.get_by_role("button", name="Create link"),
            "palette": page.get_by_test_id("command").first,
            "versions": page.get_by_test_id("diff"),
        }.items():
            await page.get_by_test_id(button).click()
            await expect(inside).to_be_visible()
            found[button] = await page.evaluate(AXE_RUN)
            await page.keyboard.press("Escape")
            await expect(inside).to_be_hidden()
        await page.get_by_test_id("palette").click()
        await page.keyboard.type("editor settings")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("settings")).to_be_visible()
        found["settings"] = await page.evaluate(AXE_RUN)
        assert not any(found.values()), found
