"""What a listing of sessions promises: it is quick because it opens nothing, and it is never out of date."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def names(server: Server, user: str, **asked: Any) -> list[str]:
    async with await server.http(user) as http:
        answer = (await http.get("/api/sessions", params=asked)).raise_for_status()
        return [item["name"] for item in answer.json()["items"]]


async def test_a_listing_opens_no_session_that_has_not_changed_and_shows_each_as_it_is(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with await server.http("ada") as http:
            made = []
            for number in range(4):
                files = [{"name": f"part{number}.py", "content": f"print({number})\n"}]
                made.append((await http.post("/api/sessions", json={"name": f"S{number}", "files": files})).json())
            listed = (await http.get("/api/sessions")).json()["items"]
            assert listed == list(reversed(made))
            # Changed, and not listed since.
            file = made[1]["files"][0]["id"]
            await http.put(f"/api/sessions/{made[1]['id']}/files/{file}", json={"content": "print('new')\n"})
        await server.stop()

        async def open_rooms() -> int:
            async with await server.http("ada") as http:
                lines = (await http.get("/metrics")).text.splitlines()
            return int(float(next(line for line in lines if re.match(r"collab_rooms[ {]", line)).split()[-1]))

        await server.start()
        async with await server.http("ada") as http:
            assert await open_rooms() == 0
            listed = {item["name"]: item for item in (await http.get("/api/sessions")).json()["items"]}
            assert listed["S1"]["files"][0]["content"] == "print('new')\n"
            assert listed["S1"]["version"] > made[1]["version"]
            for number in (0, 2, 3):
                assert listed[f"S{number}"] == made[number]
            assert await open_rooms() == 1
            without = (await http.get("/api/sessions?content=false")).json()["items"]
            assert [list(file) for item in without for file in item["files"]] == [
                ["id", "name", "language", "lastModified"]
            ] * 4
        # One is found by its words wherever they stand, archived ones are apart, and pages follow each other.
        assert await names(server, "ada", q="PART2 s2") == ["S2"]
        assert await names(server, "ada", q="100%") == []
        async with await server.http("ada") as http:
            await http.patch(f"/api/sessions/{made[2]['id']}", json={"archived": True})
            first = (await http.get("/api/sessions?limit=2")).json()
            rest = (await http.get("/api/sessions", params={"limit": 2, "cursor": first["nextCursor"]})).json()
            assert [item["name"] for page in (first, rest) for item in page["items"]] == ["S3", "S1", "S0"]
            assert (await http.get(f"/api/sessions/{made[2]['id']}")).json()["archived"] is True
        assert await names(server, "ada", archived=True) == ["S2"]
        assert await names(server, "grace") == []
