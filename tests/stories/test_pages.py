"""Promises about what stands around the editor: home, the tree of files, output, the film of the past. One server for all of them."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.support.browser import WAIT_MS, window
from tests.support.processes import ROOT, Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
AXE_RUN = "async () => (await axe.run(document, { iframes: false })).violations.map((v) => [v.id, v.nodes[0].html])"
ColorScheme = Literal["light", "dark"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving(tmp_path_factory.mktemp("pages")) as started:
        yield started


@asynccontextmanager
async def opened(browser: Browser, server: Server, path: str, **options: Any) -> AsyncIterator[Page]:
    """A window of the local user."""
    async with window(browser, f"{server.login_url.split('&')[0]}&next={path}", **options) as page:
        yield page


async def session_of(server: Server, name: str, **files: str) -> str:
    """A session of the local user; `lib__a_py` is `lib/a.py`."""
    async with await server.http("local") as http:
        named = [{"name": n.replace("__", "/").replace("_", "."), "content": c} for n, c in files.items()]
        made = await http.post("/api/sessions", json={"name": name, "files": named})
        return str(made.raise_for_status().json()["id"])


async def file_names(server: Server, session_id: str) -> list[str]:
    async with await server.http("local") as http:
        return sorted(file["name"] for file in (await http.get(f"/api/sessions/{session_id}")).json()["files"])


async def test_the_scripts_of_a_session_come_at_once_small_and_are_kept(server: Server) -> None:
    async with await server.http("local") as http:
        page = (await http.get("/s/any")).text
        scripts = re.findall(r'"(/assets/[^"]+\.js)"', page)
        assert len(scripts) == len(set(scripts)) > 3
        for name in scripts:
            plain = await http.get(name, headers={"accept-encoding": "identity"})
            assert "content-encoding" not in plain.headers
            for encoding in ("br", "gzip"):
                answer = await http.get(name, headers={"accept-encoding": encoding})
                assert answer.headers["content-encoding"] == encoding
                assert answer.headers["vary"] == "Accept-Encoding"
                assert "immutable" in answer.headers["cache-control"]
                assert int(answer.headers["content-length"]) < len(plain.content)
        assert gzip.decompress(await raw(http, scripts[0])) == (await http.get(scripts[0])).content


async def test_a_browser_finds_a_page_and_a_program_a_problem_where_there_is_nothing(server: Server) -> None:
    async with await server.http("local") as http:
        browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        for path, headers, kind in (
            ("/nowhere", browser, "text/html"),
            ("/nowhere", {}, "application/problem+json"),
            ("/api/nowhere", browser, "application/problem+json"),
            ("/assets/nowhere.js", browser, "application/problem+json"),
        ):
            answer = await http.get(path, headers=headers)
            assert answer.status_code == 404
            assert answer.headers["content-type"].partition(";")[0] == kind, path


async def raw(http: httpx.AsyncClient, path: str) -> bytes:
    """The bytes as they come, not unpacked."""
    async with http.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        return b"".join([part async for part in answer.aiter_raw()])


async def test_home_finds_puts_away_and_begins_sessions_from_what_is_dropped(browser: Browser, server: Server) -> None:
    await session_of(server, "Needle", lib__haystack_py="")
    await session_of(server, "Other", main_js="")
    async with opened(browser, server, "/") as page:
        cards = page.get_by_test_id("session-card")
        await expect(cards.filter(has_text="Other")).to_be_visible()
        await page.keyboard.press("/")
        await page.keyboard.type("haystack")
        await expect(cards).to_have_count(1)
        await expect(cards).to_contain_text("Needle")
        await page.get_by_label("Archive Needle").click()
        await expect(cards).to_have_count(0)
        await page.get_by_role("button", name="Archive", exact=True).click()
        await expect(cards).to_contain_text("Needle")
        transfer = await page.evaluate_handle(
            "() => { const t = new DataTransfer(); t.items.add(new File(['print(1)'], 'dropped.py')); return t; }"
        )
        await page.get_by_test_id("home").dispatch_event("drop", {"dataTransfer": transfer})
        await expect(page.get_by_test_id("session-name")).to_have_value("dropped.py")
        await expect(page.get_by_test_id("editor")).to_have_text("print(1)")


async def test_a_key_is_made_for_an_agent_shown_once_and_revoked(browser: Browser, server: Server) -> None:
    view: ViewportSize = {"width": 375, "height": 740}
    async with opened(browser, server, "/keys", color_scheme="dark", viewport=view, bypass_csp=True) as page:
        await page.get_by_label("Agent").fill("Fixer of keys")
        await page.get_by_label("May").select_option(label="run only")
        await page.get_by_role("button", name="Make a key").click()
        token = await page.get_by_test_id("new-key").input_value()
        made = page.get_by_role("row").filter(has_text="Fixer of keys")
        await expect(made).to_contain_text(token[:9])
        await page.evaluate(AXE.read_text())
        assert await page.evaluate(AXE_RUN) == []
        assert await page.evaluate("document.documentElement.scrollWidth") == view["width"]
        async with httpx.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {token}"}) as http:
            assert (await http.get("/api/me")).json()["scopes"] == ["run"]
            await page.reload()
            await expect(made).to_be_visible()
            assert token not in await page.content()
            await made.get_by_role("button").click()
            await page.get_by_test_id("confirm").click()
            await expect(made).to_have_count(0)
            assert (await http.get("/api/me")).status_code == 401


async def test_files_are_moved_between_folders_by_dragging_and_by_keys(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, "Tree", main_py="", lib__a_py="", lib__deep__b_py="")
    async with opened(browser, server, f"/s/{session_id}") as page:
        files, folders = page.get_by_test_id("file-item"), page.get_by_test_id("folder-item")
        await files.filter(has_text="main.py").drag_to(folders.filter(has_text="deep"))
        await expect(files.first).to_have_text("PYb.py")
        await expect(files.nth(1)).to_have_text("PYmain.py")
        # Up to the folder, closed and opened again; then cut, and pasted beside what stands at the root.
        await files.nth(1).focus()
        await page.keyboard.press("ArrowLeft")
        await expect(folders.filter(has_text="deep")).to_be_focused()
        await page.keyboard.press("ArrowLeft")
        await expect(files).to_have_count(1)
        await page.keyboard.press("Control+x")
        await page.keyboard.press("F2")
        await page.get_by_label("New name of lib/deep").fill("core/deeper")
        await page.keyboard.press("Enter")
        await expect(folders.filter(has_text="core")).to_be_visible()
        await expect(page.get_by_test_id("status")).to_have_attribute("data-tone", "good")
        assert await file_names(server, session_id) == ["core/deeper/b.py", "core/deeper/main.py", "lib/a.py"]
        await expect(folders.filter(has_text="deeper")).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Delete")
        await page.get_by_test_id("confirm").click()
        await expect(files).to_have_text(["PYa.py"])


async def test_large_output_stays_quick_is_searched_and_leads_to_the_line(browser: Browser, server: Server) -> None:
    program = (
        "import sys\n"
        "for i in range(9_500):\n"
        "    print(f'{i:06d}', 'x' * 100)\n"
        "print('File \"lib/helper.py\", line 3', file=sys.stderr)\n"
    )
    session_id = await session_of(server, "Output", main_py=program, lib__helper_py="one\ntwo\nthree\n")
    async with opened(browser, server, f"/s/{session_id}") as page:
        await page.get_by_test_id("file-item").filter(has_text="main.py").click()
        # Five seconds by themselves, which so many lines may take on a crowded machine.
        await page.get_by_test_id("run-options").click()
        await page.get_by_label("Time limit").fill("60")
        await page.keyboard.press("Escape")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("figures")).to_be_visible(timeout=WAIT_MS)
        await expect(page.get_by_test_id("run-status")).to_have_attribute("data-status", "completed")
        output = page.get_by_test_id("output")
        assert len(await output.text_content() or "") > 1_000_000
        # What is drawn are stretches of text, not an element for each line.
        assert await output.evaluate("(box) => box.querySelectorAll('*').length") < 1_000
        await page.get_by_test_id("find-output").click()
        await page.keyboard.type("004242 X")
        await expect(page.get_by_test_id("output-search-count")).to_have_text("1 of 1")
        seen = """(box) => {
            const [found] = CSS.highlights.get('output-found-current') ?? [];
            const place = found?.getBoundingClientRect(), frame = box.getBoundingClientRect();
            return place !== undefined && place.top >= frame.top && place.bottom <= frame.bottom;
        }"""
        async with asyncio.timeout(WAIT_MS / 1000):
            while not await output.evaluate(seen):
                await page.wait_for_timeout(50)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name='File "lib/helper.py", line 3').click()
        await expect(page.get_by_test_id("tab").filter(has_text="helper.py")).to_have_attribute("aria-current", "true")
        await expect(page.locator(".cm-activeLine")).to_have_text("three")
        await page.get_by_test_id("as-it-ran").click()
        await expect(page.get_by_test_id("as-it-was")).to_contain_text("range(9_500)")


async def test_the_past_is_played_step_by_step_with_who_typed_it(browser: Browser, server: Server) -> None:
    session_id = await session_of(server, "Film", main_js="let a = 1;\n")
    async with await server.http("local") as http:
        (await http.put(f"/api/sessions/{session_id}/collaborators/grace", json={"role": "editor"})).raise_for_status()
    async with server.lane(session_id, await server.token("grace", name="Grace")) as grace:
        await grace.ask("write", name="main.js", content="let a = 1;\nlet b = 2;\n")
    async with opened(browser, server, f"/s/{session_id}") as page:
        await page.get_by_test_id("versions").click()
        await page.get_by_test_id("film-open").click()
        film, said = page.get_by_test_id("film"), page.get_by_test_id("film-said")
        await expect(film).to_contain_text("let b = 2;")
        await expect(said).to_contain_text("grace in main.js")
        await expect(page.locator(".film-typed")).to_have_text("let b = 2;")
        await page.get_by_test_id("film-slider").focus()
        await page.keyboard.press("ArrowLeft")
        await expect(film).not_to_contain_text("let b")
        await expect(said).to_contain_text("You in main.js")
        await page.keyboard.press("Home")
        await expect(said).to_contain_text("Before the first change")
        await page.get_by_test_id("play").click()
        await expect(film).to_contain_text("let b = 2;")


async def test_a_session_lives_in_a_page_of_others_without_cookies_and_ends_with_its_link(
    browser: Browser, server: Server
) -> None:
    shown = "class Page:\n    def _repr_html_(self):\n        return '<p id=here>drawn</p>'\n\ndisplay(Page())\n"
    session_id = await session_of(server, "Embedded", main_py=shown, other_js="let second = 2;\n")
    async with await server.http("local") as http:
        links = f"/api/sessions/{session_id}/links"
        made = [
            (await http.post(links, json={"role": role})).raise_for_status().json() for role in ("viewer", "runner")
        ]
        addresses = [f"{server.url}/embed/{session_id}#link={link['url'].split('link=')[1]}" for link in made]
        page_of_others = "".join(
            f'<iframe name="{n}" src="{to}" width=900 height=420></iframe>'
            for n, to in zip("ab", addresses, strict=True)
        )
        page_of_others += f'<iframe name="c" src="{server.url}/s/{session_id}"></iframe>'

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(page_of_others)}\r\nconnection: close\r\n\r\n"
            writer.write((head + page_of_others).encode())
            writer.close()

        others = await asyncio.start_server(answer, "127.0.0.1", 0)
        context = await browser.new_context(viewport={"width": 1000, "height": 1000})
        async with others:
            page = await context.new_page()
            # Another site for the browser: `localhost` is not `127.0.0.1`.
            await page.goto(f"http://localhost:{others.sockets[0].getsockname()[1]}/")
            watched, run = page.frame_locator("iframe[name=a]"), page.frame_locator("iframe[name=b]")
            await expect(watched.get_by_test_id("editor")).to_contain_text("_repr_html_", timeout=WAIT_MS)
            await expect(watched.get_by_test_id("read-only")).to_have_text(" Read-only")
            await expect(watched.get_by_test_id("run")).to_have_count(0)
            await watched.get_by_test_id("tab").filter(has_text="other.js").click()
            await expect(watched.get_by_test_id("editor")).to_have_text("let second = 2;")
            await run.get_by_test_id("run").click(timeout=WAIT_MS)
            await expect(run.frame_locator("[data-testid=preview]").locator("#here")).to_have_text(
                "drawn", timeout=WAIT_MS
            )
            # The session's own page is for nobody's frame, and the frames that are have left nothing behind.
            refused = next(frame for frame in page.frames if frame.name == "c")
            assert await refused.locator("#app").count() == 0
            assert await context.cookies() == []
            (await http.delete(f"{links}/{made[1]['id']}")).raise_for_status()
            await expect(run.get_by_role("alert")).to_be_visible(timeout=WAIT_MS)
            await expect(watched.get_by_role("alert")).to_have_count(0)
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_accessibility_checker_finds_nothing_on_home_in_output_history_share_and_a_frame(
    browser: Browser, server: Server, scheme: ColorScheme
) -> None:
    session_id = await session_of(server, "Checked", main_js="console.error('main.js:1 bad')\n", lib__a_py="")
    async with opened(browser, server, "/", color_scheme=scheme, bypass_csp=True) as page:
        found: dict[str, Any] = {}

        async def check(what: str) -> None:
            await page.evaluate(AXE.read_text())
            found[what] = await page.evaluate(AXE_RUN)

        await expect(page.get_by_test_id("session-card").filter(has_text="Checked").first).to_be_visible()
        await check("home")
        await page.goto(f"{server.url}/s/{session_id}")
        await page.get_by_test_id("run").click()
        await expect(page.get_by_test_id("figures")).to_be_visible(timeout=WAIT_MS)
        await page.get_by_test_id("find-output").click()
        await page.keyboard.type("bad")
        await expect(page.get_by_test_id("output-search-count")).to_have_text("1 of 1")
        await check("output")
        await page.get_by_test_id("as-it-ran").click()
        await expect(page.get_by_test_id("as-it-was")).to_be_visible()
        await check("as it ran")
        await page.keyboard.press("Escape")
        await page.get_by_test_id("versions").click()
        await page.get_by_test_id("film-open").click()
        await expect(page.get_by_test_id("film")).to_be_visible()
        await check("film")
        await page.keyboard.press("Escape")
        await page.get_by_test_id("share").click()
        await page.get_by_label("What guests may do").select_option("runner")
        await page.get_by_role("button", name="Create link").click()
        address = re.search(r'src="([^"]+)"', await page.get_by_test_id("embed-snippet").input_value())
        assert address is not None
        await check("share")
        await page.goto(address[1])
        await expect(page.get_by_test_id("figures")).to_be_visible()
        await check("embed")
        assert not any(found.values()), found
