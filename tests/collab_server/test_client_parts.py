"""Promises of the client's pure parts: what was missed is found, and what arrives in pieces is put together."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from collab_server.client import Conflict, Edit, FileChanged, Limits, NotFound, Problem, ServerFault, Unauthorized, sse
from collab_server.client.backoff import Backoff
from collab_server.client.changes import Change, File, FileDeleted, Saved, applied
from collab_server.client.errors import of_close, of_members
from collab_server.client.feed import Changes
from collab_server.client.http import Http
from collab_server.client.lane_run import LaneRun
from collab_server.client.link import Link
from collab_server.client.mirror import Mirror, OutOfStep, difference, differences, undone

SEEDS = range(200)


def listing(version: int, **texts: str) -> dict[str, Any]:
    files = [{"id": name, "name": name, "language": "", "content": text} for name, text in texts.items()]
    return {"type": "files", "version": version, "files": files}


def changed(version: int, name: str, *edits: tuple[int, int, str]) -> dict[str, Any]:
    made = [{"start": start, "end": end, "text": text} for start, end, text in edits]
    return {
        "type": "file.changed", "fileId": name, "name": name, "language": "", "version": version, "edits": made,
        "actor": {"id": "ada", "name": "Ada"},
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_a_difference_leads_from_one_text_to_the_other(seed: int) -> None:
    rng = random.Random(seed)
    old, new = ("".join(rng.choices("ab🙂\n", k=rng.randrange(8))) for _ in range(2))
    assert applied(old, difference(old, new)) == new


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_lead_to_the_files_after_and_can_be_undone(seed: int) -> None:
    rng = random.Random(seed)

    def files(version: int) -> dict[str, File]:
        return {name: File(name, name, "", rng.choice("xyz") * 2, version) for name in "abcd" if rng.random() < 0.6}

    before, after = files(1), files(2)
    made = differences(before, after, 2)
    assert {name: file.content for name, file in undone(after, made).items()} == {
        name: file.content for name, file in before.items()
    }
    assert all(isinstance(change, FileDeleted | FileChanged) for change in made)


def test_edits_that_do_not_fit_are_noticed() -> None:
    mirror = Mirror()
    mirror.reset(listing(1, a="abc"))
    with pytest.raises(OutOfStep):
        mirror.hear(changed(2, "a", (2, 9, "")))


def test_changes_that_come_while_the_files_are_read_are_counted_once() -> None:
    mirror = Mirror()
    mirror.reset(listing(1, a="abc"))
    mirror.hold()
    assert mirror.hear(changed(2, "a", (3, 3, "d"))) == [] and mirror.hear(changed(3, "a", (4, 4, "e"))) == []
    told = mirror.reset(listing(2, a="abcd"))
    assert [change.edits for change in told if isinstance(change, FileChanged)] == [
        (Edit(3, 3, "d"),),
        (Edit(4, 4, "e"),),
    ]
    assert mirror.files["a"].content == "abcde" and mirror.version == 3


async def test_a_reader_that_falls_behind_gets_the_rest_as_one_difference() -> None:
    mirror = Mirror()
    mirror.reset(listing(1, a=""))
    changes = Changes(mirror, queue_max=2)
    for version in range(2, 8):
        changes.put(mirror.hear(changed(version, "a", (version - 2, version - 2, "x"))))
        changes.put([Saved(version)])
    seen: list[Change] = [await anext(changes) for _ in range(4)]
    texts = [change.file.content for change in seen if isinstance(change, FileChanged)]
    assert texts == ["x", "xxxxxx"] and seen[-1] == Saved(7)


async def test_server_sent_events_are_read_from_whatever_pieces() -> None:
    whole = 'id: 1\nevent: x\ndata: {"a": "\u2028"}\n\n: ping\n\nid: 2\r\ndata: one\r\ndata: two\r\n\r\n'.encode()

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for at in range(0, len(whole), size):
            yield whole[at : at + size]

    for size in (1, 2, 7, 1000):
        seen = [event async for event in sse.events(pieces(size), 1000)]
        assert seen == [(1, '{"a": "\u2028"}'.encode()), (2, b"one\ntwo")]
    with pytest.raises(sse.TooLong):
        assert [event async for event in sse.events(pieces(5), 10)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [(4401, Unauthorized), (4404, NotFound), (4455, Problem), (1012, None), (1013, None), (4500, None)],
)
def test_close_codes_say_whether_to_connect_again(code: int, kind: type[Problem] | None) -> None:
    problem = of_close(code, "")
    assert problem is None if kind is None else isinstance(problem, kind)


def test_codes_become_types_and_keep_what_the_server_said() -> None:
    stale = of_members({"type": "error", "code": "stale", "message": "m", "currentText": "t", "replyTo": "1"})
    assert isinstance(stale, Conflict) and stale.extra == {"currentText": "t"} and str(stale) == "m (stale)"
    assert isinstance(of_members({}, 507), ServerFault)


def test_attempts_come_at_growing_distances_that_differ() -> None:
    backoff = Backoff(Limits(backoff_first_s=1, backoff_max_s=4))
    delays = [backoff.next_s() for _ in range(5)]
    for delay, whole in zip(delays, (1, 2, 4, 4, 4), strict=True):
        assert whole / 2 <= delay <= whole
    backoff.reset()
    assert backoff.next_s() <= 1


class Store:
    """What a server kept of a run, asked as a link asks."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self.kept = kept
        self.asked = 0

    async def ask(self, kind: str, fields: dict[str, Any], *, then: Any, patient: bool) -> dict[str, Any]:
        self.asked += 1
        after = max(
            (at for at, event in enumerate(self.kept, 1) if event.get("seq", 1e9) <= fields["afterSeq"]), default=0
        )
        then(self.kept[after:])
        return {"type": "ok"}


def events_of(run_id: str, count: int) -> list[dict[str, Any]]:
    metrics = {"executionTime": 1, "memoryUsage": 1, "computeUnits": 1.0, "cost": 0.1}
    return [
        {"type": "execution.queued", "executionId": run_id, "position": 1},
        *(
            {"type": "execution.output", "executionId": run_id, "seq": seq, "stream": "stdout", "text": f"{seq}"}
            for seq in range(1, count + 1)
        ),
        {"type": "execution.input", "executionId": run_id, "prompt": "?"},
        {
            "type": "execution.finished", "executionId": run_id, "status": "completed", "exitCode": 0,
            "artifacts": [], "metrics": metrics,
        },
    ]  # fmt: skip


async def followed(heard: list[dict[str, Any] | None], kept: list[dict[str, Any]]) -> tuple[list[str], Store]:
    """The types or texts that a reader of a run gets; None stands for a lost connection."""
    store = Store(kept)
    http = cast("Http", SimpleNamespace(limits=Limits(gap_replay_s=0, run_quiet_s=0.05)))
    run = LaneRun("r", http, cast("Link", store), behind=False)
    for event in heard:
        if event is None:
            run.lost()
        else:
            run.hear(event)
    return [getattr(event, "text", event.type) async for event in run], store


WHOLE = ["execution.queued", "1", "2", "3", "4", "execution.input", "execution.finished"]


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_is_lost_on_the_way_is_asked_for_and_nothing_comes_twice(seed: int) -> None:
    rng = random.Random(seed)
    whole = events_of("r", 4)
    heard: list[dict[str, Any] | None] = []
    for event in whole:
        if rng.random() < 0.3:
            heard.append(None)
        elif heard[-1:] == [None] and rng.random() < 0.5:
            continue
        heard.append(event)
    assert (await followed(heard, whole))[0] == WHOLE


async def test_nothing_is_asked_for_when_nothing_was_lost() -> None:
    told, store = await followed([*events_of("r", 4)], [])
    assert told == WHOLE and store.asked == 0


async def test_output_that_nobody_kept_is_given_up_after_a_few_replays() -> None:
    whole = events_of("r", 4)
    kept = [event for event in whole if event.get("seq") not in (2, 3)]
    told, store = await followed([*whole[:2], whole[4]], kept)
    assert told == ["execution.queued", "1", "4", "execution.input", "execution.finished"] and store.asked < 8
