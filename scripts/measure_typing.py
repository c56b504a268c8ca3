"""How long a keystroke takes in the editor: from the key's event to the painted frame, in Chromium, alone and beside others.

`.venv/bin/python scripts/measure_typing.py` prints p50 and p95 of both; browser, server and the other typists share the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.async_api import Page

from tests.support.browser import chromium
from tests.support.processes import Server, serving

OTHERS = 10
KEYS_PER_S = 5
KEYS = 200
LINES = 400
OUTPUT = """for (let i = 0; i < 10000; i++) {
  console.log(String(i).padStart(6) + ' ' + 'x'.repeat(93));
  if (i % 50 === 0) await new Promise((go) => setTimeout(go, 20));
}"""
WATCH = """() => {
  window.took = [];
  addEventListener('keydown', (event) => {
    const begun = event.timeStamp;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.took.push(performance.now() - begun);
      channel.port2.postMessage(0);
    });
  }, { capture: true });
}"""


async def type_keys(page: Page) -> list[float]:
    await page.evaluate("window.took.length = 0")
    await page.get_by_test_id("editor").focus()
    await page.keyboard.press("Control+End")
    for number in range(KEYS):
        await page.keyboard.type("abcdefghij \n"[number % 12])
        await asyncio.sleep(0.04)
    took: list[float] = await page.evaluate("new Promise((done) => setTimeout(() => done(window.took), 500))")
    return took


async def other(server: Server, session_id: str, token: str, line: int) -> None:
    """Somebody who types at a line of their own, key by key."""
    async with server.lane(session_id, token) as lane:
        files = await lane.ask("files")
        file = next(file for file in files["files"] if file["name"] == "main.js")
        version, at = files["version"], sum(len(text) + 1 for text in file["content"].split("\n")[:line])
        while True:
            edits = [{"start": at, "end": at, "text": "o"}]
            version = (await lane.ask("edit", fileId=file["id"], baseVersion=version, edits=edits))["version"]
            await asyncio.sleep(1 / KEYS_PER_S)


def told(name: str, took: list[float]) -> None:
    cuts = quantiles(took, n=20)
    print(f"{name:34} p50 {cuts[9]:6.1f} ms   p95 {cuts[18]:6.1f} ms   max {max(took):6.1f} ms   ({len(took)} keys)")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as server, chromium() as browser:
            async with await server.http("local") as http:
                source = "\n".join(f"const name{number} = {number};" for number in range(LINES))
                files = [{"name": "main.js", "content": source}, {"name": "print.js", "content": OUTPUT}]
                session = (await http.post("/api/sessions", json={"name": "Typing", "files": files})).json()
            page = await (await browser.new_context(viewport={"width": 1360, "height": 820})).new_page()
            await page.goto(f"{server.login_url}&next=/")
            await page.goto(f"{server.url}/s/{session['id']}")
            await page.get_by_role("button", name="main.js").first.click()
            await page.evaluate(f"({WATCH})()")
            await type_keys(page)  # what is loaded with the first keys
            told("alone", await type_keys(page))
            typists = []
            for number in range(OTHERS):
                token = await server.token(f"typist-{number}")
                at = f"/api/sessions/{session['id']}/collaborators/typist-{number}"
                async with await server.http("local") as http:
                    (await http.put(at, json={"role": "editor"})).raise_for_status()
                typists.append(asyncio.create_task(other(server, session["id"], token, 10 + number)))
            told(f"beside {OTHERS} who type", await type_keys(page))
            token = await server.token("local")
            async with server.lane(session["id"], token) as lane:
                await lane.ask("execute", entry="print.js")
                told("the same, while 1 MB is printed", await type_keys(page))
            for typist in typists:
                typist.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await typist


asyncio.run(main())
