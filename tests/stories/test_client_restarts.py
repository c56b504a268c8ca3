"""Promises of the Python client about servers that are killed and restarted under it, and networks that break."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from pycrdt import Map

from collab_server.client import Client, FileChanged, Session, connect
from executor.events import Finished, Output
from tests.stories.test_client import WITHIN_S, heard
from tests.support.processes import serving

COUNT = """
const until = {until};
for (let n = 1; n <= until; n++) {{ console.log('line', n); await new Promise((r) => setTimeout(r, 20)); }}
return until;
"""


async def started(client: Client, **files: str) -> Session:
    """A new session, opened."""
    made = await client.sessions.create("s", files={name.replace("_", "."): text for name, text in files.items()})
    return await client.open(made.id)


async def test_a_restart_in_the_middle_of_edits_loses_none_and_makes_none_twice(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        token = await server.token("ada")
        async with connect(server.url, token) as client, connect(server.url, token) as other:
            writer = await started(client, log_txt="")
            watcher = await other.open(writer.id)
            changes = watcher.changes()
            document = await watcher.replica()
            going = True

            async def write() -> int:
                number = 0
                while going:
                    file = await writer.files.read("log.txt")
                    await writer.files.edit(file, [(len(file.content), len(file.content), f"{number}\n")])
                    number += 1
                return number

            async def watch() -> str:
                text = ""
                async for change in changes:
                    if isinstance(change, FileChanged):
                        assert change.before is not None and change.before.content == text
                        text = change.file.content
                        if text.endswith("end\n"):
                            return text
                raise AssertionError("the changes ended")

            writing, watching = asyncio.create_task(write()), asyncio.create_task(watch())
            for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                await heard(writer.changes(), FileChanged)
                await asyncio.sleep(0.2)
                await server.stop(how)
                await server.start()
            await heard(writer.changes(), FileChanged)
            going = False
            async with asyncio.timeout(WITHIN_S):
                count = await writing
                end = await writer.files.read("log.txt")
                await writer.files.edit(end, [(len(end.content), len(end.content), "end\n")])
                expected = "".join(f"{number}\n" for number in range(count)) + "end\n"
                assert await watching == expected
            await watcher.files.list()
            [file] = document.get("files", type=Map).values()
            assert str(file["content"]) == expected


async def test_a_run_survives_a_lost_connection_without_a_missing_event(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with server.client("ada", tier="enterprise") as client:
            live = await started(client, main_js=COUNT.format(until=100))
            run = await live.execute(entry="main.js", timeout=20_000)
            texts = []
            async for event in run:
                if isinstance(event, Output):
                    texts.append(event.text)
                    if event.seq in (10, 40, 70):
                        await _break(live)
            assert texts == [f"line {number}\n" for number in range(1, 101)]
            assert (await run.result()).result == 100


async def _break(live: Session) -> None:
    """Cut the connection below the WebSocket, as a network does."""
    socket = live._link._socket
    if socket is not None:
        socket.transport.abort()


async def test_a_server_killed_in_the_middle_of_a_run_ends_it_as_lost_and_typing_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with server.client("ada", tier="enterprise") as client:
            live = await started(client, main_js=COUNT.format(until=1000))
            document = await live.replica()
            [file] = document.get("files", type=Map).values()
            in_session = await live.execute(entry="main.js", timeout=30_000)
            alone = await client.execute(code=COUNT.format(until=1000), language="javascript", timeout=30_000)
            for run in (in_session, alone):
                async for event in run:
                    if isinstance(event, Output) and event.seq >= 3:
                        break
            await server.stop(signal.SIGKILL)
            file["content"].insert(0, "// typed while away\n")
            await server.start()
            for run in (in_session, alone):
                async with asyncio.timeout(WITHIN_S):
                    rest = [event async for event in run]
                seqs = [event.seq for event in rest if isinstance(event, Output)]
                assert seqs == list(range(4, 4 + len(seqs)))
                assert isinstance(rest[-1], Finished) and rest[-1].status == "lost"
                assert [event.type for event in rest].count("execution.started") == 0
                assert not (await run.result()).success
            await live.saved()
            assert (await live.files.read("main.js")).content.startswith("// typed while away\n")


async def test_an_execute_whose_answer_was_lost_starts_one_run(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with server.client("ada") as client:
            live = await started(client, main_js="return 6 * 7;")
            for _ in range(3):
                asking = asyncio.create_task(live.execute(entry="main.js"))
                await asyncio.sleep(0)
                await asyncio.sleep(0.002)
                await _break(live)
                async with asyncio.timeout(WITHIN_S):
                    run = await asking
                    assert [event async for event in run][-1].type == "execution.finished"
                    assert (await run.result()).result == 42
            async with await server.http("ada") as http:
                assert len((await http.get(f"/api/sessions/{live.id}/executions")).json()["items"]) == 3
