"""Takes the pictures of the README anew: a server, people and an agent in one session, and a real Chromium. After `make test` has installed."""

from __future__ import annotations

import asyncio
import io
import re
import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, expect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.browser import chromium  # noqa: E402
from tests.support.processes import Server, serving  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
PICTURE_BYTES_MAX = 150_000
WIDE: ViewportSize = {"width": 1280, "height": 760}
PHONE: ViewportSize = {"width": 390, "height": 780}
RUN_MS = 60_000

MAIN = '''from collections import Counter
from lib.text import words

text = """the quick brown fox jumps over the lazy dog
the dog sleeps and the fox runs on"""

counts = Counter(words(text))
width = max(map(len, counts))
for word, count in counts.most_common(6):
    print(f"{word:>{width}}  {'█' * count} {count}")
'''
TEXT = '''import re


def words(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return re.findall(r"[a-z']+", text.lower())
'''
TEST = """from lib.text import words

assert words("A fox, a dog") == ["a", "fox", "a", "dog"]
print("\033[32mok\033[0m")
"""


async def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as server, chromium() as browser:
            session_id = await filled(server)
            robot = await agent(server)
            async with server.lane(session_id, robot) as lane:
                await lane.ask("presence")
                grace = await window(browser, server, "grace", session_id, "light", WIDE)
                light = await window(browser, server, "ada", session_id, "light", WIDE)
                await grace.get_by_test_id("file-item").filter(has_text="main.py").click()
                await type_at_end(grace, "\nprint(sum(counts.values()), 'words in all')\n")
                await lane.ask("edit", **await appended(server, session_id, "test_text.py", "assert words('') == []\n"))
                await light.get_by_test_id("file-item").filter(has_text="main.py").click()
                await light.get_by_test_id("run").click()
                await expect(light.get_by_test_id("figures")).to_be_visible(timeout=RUN_MS)
                await light.locator(".cm-line").nth(6).click()
                await grace.locator(".cm-line").nth(9).click()
                await expect(light.locator(".remote-caret").first).to_be_attached()
                await light.mouse.move(640, 740)
                await picture(light, "session-light")
                dark = await window(browser, server, "ada", session_id, "dark", WIDE)
                await dark.get_by_test_id("file-item").filter(has_text="main.py").click()
                await expect(dark.get_by_test_id("figures")).to_be_visible()
                await grace.locator(".cm-line").nth(7).click()
                await expect(dark.locator(".remote-caret").first).to_be_attached()
                await picture(dark, "session-dark")
                await dark.get_by_test_id("versions").click()
                await dark.get_by_test_id("film-open").click()
                await expect(dark.get_by_test_id("film")).to_be_visible()
                await dark.get_by_test_id("film-slider").focus()
                for _ in range(4):
                    await dark.keyboard.press("ArrowLeft")
                await expect(dark.locator(".film-typed").first).to_be_visible()
                await picture(dark, "history")
                phone = await window(browser, server, "ada", session_id, "light", PHONE)
                await phone.get_by_role("button", name="Files", exact=True).click()
                await phone.get_by_test_id("file-item").filter(has_text="main.py").click()
                await expect(phone.get_by_test_id("figures")).to_be_visible()
                await picture(phone, "phone")


async def filled(server: Server) -> str:
    await server.token("grace", name="Grace")
    async with await server.http("ada", name="Ada") as http:
        files = {"main.py": MAIN, "lib/text.py": TEXT, "test_text.py": TEST, "README.md": "# Word counts\n"}
        wanted = {
            "name": "Word counts",
            "collaborators": ["grace"],
            "files": [{"name": name, "content": content} for name, content in files.items()],
        }
        return str((await http.post("/api/sessions", json=wanted)).raise_for_status().json()["id"])


async def agent(server: Server) -> str:
    async with await server.http("ada") as http:
        made = (await http.post("/api/me/tokens", json={"name": "agent", "agent": "Reviewer"})).raise_for_status()
        return str(made.json()["token"])


async def appended(server: Server, session_id: str, name: str, text: str) -> dict[str, object]:
    """An edit that puts a text behind what a file holds."""
    async with await server.http("ada") as http:
        session = (await http.get(f"/api/sessions/{session_id}")).json()
    file = next(file for file in session["files"] if file["name"] == name)
    end = len(file["content"])
    edits = [{"start": end, "end": end, "text": text}]
    return {"fileId": file["id"], "baseVersion": session["version"], "edits": edits}


async def window(
    browser: Browser, server: Server, user: str, session_id: str, scheme: Literal["light", "dark"], size: ViewportSize
) -> Page:
    context = await browser.new_context(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{server.url}/login?token={await server.token(user)}&next=/s/{session_id}")
    await expect(page.get_by_test_id("status")).to_contain_text(re.compile("saved|connected", re.IGNORECASE))
    return page


async def type_at_end(page: Page, text: str) -> None:
    await page.get_by_test_id("editor").click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(text, delay=15)


async def picture(page: Page, name: str) -> None:
    """The page as it is seen now."""
    taken = Image.open(io.BytesIO(await page.screenshot(caret="initial"))).convert("RGB")
    path = PICTURES / f"{name}.png"
    taken.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size} bytes")
    if size > PICTURE_BYTES_MAX:
        raise SystemExit(f"{path} is larger than {PICTURE_BYTES_MAX} bytes")


if __name__ == "__main__":
    asyncio.run(main())
