"""Promises to an operator who keeps backups: made from a running server, put back elsewhere, and looked through."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from collab_server import backup, checkup, database, migrations
from collab_server.settings import Settings
from tests.stories.test_command_line import cli
from tests.support.postgres_server import sqlite_only
from tests.support.processes import Server, serving


@sqlite_only
async def test_a_backup_of_a_running_server_comes_back_whole_in_a_new_folder(tmp_path: Path) -> None:
    packed, elsewhere = tmp_path / "kept.backup", Server(tmp_path / "new")
    async with serving(tmp_path / "old") as server, await server.http("ada", tier="enterprise") as http:
        files = {"main.js": "console.log('kept'); console.log(process.env.WORD); return 7;"}
        async with server.client("ada") as client:
            session_id = (await client.sessions.create("kept", files=files)).id
        await http.put(f"/api/sessions/{session_id}/secrets/WORD", json={"value": "open"})
        token = await server.token("ada")
        async with server.lane(session_id, token) as lane:
            _, finished = await lane.run(entry="main.js")
            assert (await lane.ask("write", name="before.txt", content="before"))["type"] == "ok"
            making = asyncio.create_task(cli(server, "backup", str(packed)))
            number = 0
            while not making.done():  # people type on while it is made
                assert (await lane.ask("write", name="during.txt", content=f"{number}"))["type"] == "ok"
                number += 1
        code, out, err = await making
        assert code == 0 and "secret.key" in out and number > 1, err
        assert stat.S_IMODE(packed.stat().st_mode) == 0o600
        assert (await cli(server, "backup", str(packed)))[0] == 1, "a backup that is there is never overwritten"
        code, _, err = await cli(server, "restore", str(packed), "--force")
        assert code == 1 and "stop it first" in err
    code, _, err = await cli(server, "restore", str(packed))
    assert code == 1 and "not empty" in err

    assert (await cli(elsewhere, "restore", str(packed)))[0] == 0
    assert stat.S_IMODE((elsewhere.data_dir / "secret.key").stat().st_mode) == 0o600
    assert (await cli(server, "verify", str(packed)))[0] == 0
    code, out, err = await cli(elsewhere, "verify")
    assert code == 0 and "2 sessions" in out, err  # the first one of every server is the other
    async with serving(elsewhere.data_dir) as again, await again.http("ada") as http:
        texts = {
            file["name"]: file["content"]
            for file in (await http.get(f"/api/sessions/{session_id}/files")).json()["items"]
        }
        assert texts["before.txt"] == "before" and int(texts.get("during.txt", "0")) < number
        run = (await http.get(f"/api/executions/{finished['executionId']}")).json()
        assert (run["status"], run["result"]) == ("completed", 7)
        async with again.lane(session_id, await again.token("ada")) as lane:
            _, finished = await lane.run(entry="main.js")
        output = (await http.get(f"/api/executions/{finished['executionId']}")).json()["output"]
        assert output == ["[log] kept", "[log] open"], "the secrets open with the key that came along"


@sqlite_only
async def test_what_is_not_as_it_was_written_is_found_in_a_backup_and_in_a_database(tmp_path: Path) -> None:
    packed, data = tmp_path / "kept.backup", tmp_path / "data"
    async with serving(data) as server:
        async with server.client("ada", tier="enterprise") as client:
            session_id = (await client.sessions.create("kept", files={"main.js": "return 1"})).id
        async with await server.http("ada") as http:
            assert (await http.post("/api/executions", json={"language": "lua", "code": "return 1"})).status_code == 200
    assert (await cli(server, "backup", str(packed)))[0] == 0

    whole = packed.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    packed.write_bytes(flipped)
    code, _, err = await cli(server, "verify", str(packed))
    assert code == 1 and "damaged" in err
    new = Server(tmp_path / "new")
    assert (await cli(new, "restore", str(packed)))[0] == 1 and not list(new.data_dir.glob("collab*"))
    packed.write_bytes(whole)

    changes = {
        "ledger: the charge of run": "UPDATE usage SET cost_micro_dollars = cost_micro_dollars + 1",
        "ledger: what user:ada has spent": "UPDATE allowances SET spent_micro_units = 1 WHERE subject = 'user:ada'",
        "audit: broken at row 1": "UPDATE audit SET actor_id = 'nobody' WHERE id = 1",
        f"session {session_id}: version": "UPDATE document_updates SET \"update\" = x'ff00ff'",
    }
    with closing(sqlite3.connect(data / "collab.sqlite3")) as database, database:
        for change in changes.values():
            assert database.execute(change).rowcount > 0, change
    code, _, err = await cli(server, "verify")
    assert code == 1 and all(told in err for told in changes), err

    assert (await cli(server, "restore", str(packed), "--force"))[0] == 0
    with (data / "collab.sqlite3").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 2048)
    code, _, err = await cli(server, "verify")
    assert code == 1 and "database: " in err, err


@sqlite_only
async def test_a_database_of_a_newer_version_is_left_alone_and_both_versions_are_named(tmp_path: Path) -> None:
    server, packed = Server(tmp_path / "data"), tmp_path / "kept.backup"
    server.data_dir.mkdir()
    engine = database.connect(Settings(data_dir=server.data_dir).database)
    await migrations.upgrade(engine)
    await engine.dispose()
    with closing(sqlite3.connect(server.data_dir / "collab.sqlite3")) as made, made:
        ((known,),) = made.execute("SELECT version_num FROM alembic_version")
        made.execute("UPDATE alembic_version SET version_num = '9000'")
    # What is kept is kept whatever its form, by whichever version is there.
    assert (await cli(server, "backup", str(packed)))[0] == 0
    new = Server(tmp_path / "new")
    asked = ((server, "serve"), (server, "verify"), (new, "restore", str(packed)), (new, "verify", str(packed)))
    for code, _, err in await asyncio.gather(*(cli(where, *command) for where, *command in asked)):
        assert code == 1 and "9000" in err and known in err and "Traceback" not in err, err
    assert not list(new.data_dir.glob("collab*"))


async def test_on_postgresql_the_tools_that_do_it_are_named(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://user@127.0.0.1:1/nothing"
    code, _, err = await cli(Server(tmp_path, {"COLLAB_DATABASE_URL": url}), "backup", "x")
    assert code == 1 and "pg_dump" in err and "Traceback" not in err
    settings = Settings(database_url=url, data_dir=tmp_path)
    with pytest.raises(backup.BackupError, match="pg_restore"):
        backup.restore(settings, tmp_path / "x")
    with pytest.raises(backup.BackupError, match="pg_amcheck"):
        await checkup.examine(settings)


def test_a_key_that_a_setting_has_replaced_is_not_passed_off_as_the_one_in_force(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"k" * 32)
    with closing(sqlite3.connect(tmp_path / "collab.sqlite3")) as database:
        database.execute("CREATE TABLE t (x)")
    assert backup.backup(Settings(data_dir=tmp_path), tmp_path / "with")
    settings = Settings(data_dir=tmp_path, secret_key=base64.b64encode(b"n" * 32).decode())
    assert not backup.backup(settings, tmp_path / "without")
    with backup.unpacked(tmp_path / "without") as found:
        assert found.key is None and found.database.is_file()
