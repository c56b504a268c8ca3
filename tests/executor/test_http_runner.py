"""Promises about Workers that fail or lie: the run ends as a platform fault, with what it had said, and nobody hangs."""

from __future__ import annotations

import asyncio

import pytest

from executor.runner import HttpRunner, Job, RunnerLimits
from tests.support.faulty_worker import END, OK, Fault, answer, chunk, faulty_worker, finished, line, output, say
from tests.support.patience import PATIENCE_S
from tests.support.runs import Carried, carry, order

LIMITS = RunnerLimits(connect_timeout_s=2.0, line_bytes_max=65_536)


async def against(fault: Fault, timeout_ms: int = 5_000) -> Carried:
    async with faulty_worker(fault) as url:
        async with asyncio.timeout(PATIENCE_S):
            return await carry(HttpRunner(url, "s", LIMITS), Job(order("1", timeout_ms=timeout_ms)))


def kind(carried: Carried) -> str:
    assert carried.end.cause == "fault" and carried.end.fault is not None
    return carried.end.fault.kind


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "503 Busy", "401 Unauthorized", "302 Found"])
async def test_an_answer_that_is_no_success_is_a_platform_fault(status: str) -> None:
    carried = await against(answer(status, b"<html>"))
    assert kind(carried) == "refused" and carried.end.fault is not None and carried.end.fault.code is None


async def test_a_refusal_keeps_its_code_and_a_broken_secret_is_nobodys_program() -> None:
    refused = await against(answer("422 Unprocessable", b'{"code":"unsupported_language","message":"no cobol"}'))
    assert refused.end.fault is not None
    assert (refused.end.fault.code, refused.end.fault.message) == ("unsupported_language", "no cobol")
    unauthorised = await against(answer("401 No", b'{"code":"unauthorized","message":"no"}'))
    assert unauthorised.end.fault is not None and unauthorised.end.fault.code is None


async def test_a_cut_stream_keeps_the_output_that_came_before() -> None:
    carried = await against(say(OK, output(1, "half\n"), output(2, "way\n")))
    assert kind(carried) == "cut" and carried.text == "half\nway\n"


async def test_an_answer_that_ends_without_a_last_word_is_a_fault() -> None:
    assert kind(await against(say(OK, output(1, "x"), END))) == "cut"


async def test_a_worker_that_never_answers_is_stopped_at_the_deadline() -> None:
    carried = await against(say(then_hang=True), timeout_ms=200)
    assert carried.end.cause == "deadline" and carried.end.wall_ms == 200


async def test_a_worker_that_stalls_after_output_is_stopped_at_the_deadline() -> None:
    carried = await against(say(OK, output(1, "before\n"), then_hang=True), timeout_ms=300)
    assert carried.end.cause == "deadline" and carried.text == "before\n"


async def test_nobody_listening_is_a_fault_at_once() -> None:
    carried = await carry(HttpRunner("http://127.0.0.1:1", "s", LIMITS), Job(order("1")))
    assert kind(carried) == "unreachable"
    assert not await HttpRunner("http://127.0.0.1:1", "s", LIMITS).healthy()


@pytest.mark.parametrize(
    "forged",
    [
        chunk(b"not json\n"),
        chunk(b"\xff\xfe\n"),
        line({"n": 1, "type": "paid", "cost": 0}),
        line({"n": 1, "type": "output", "stream": "stdout"}),
        line({"n": "1", "type": "output", "stream": "stdout", "text": "x"}),
        line({"n": 7, "type": "output", "stream": "stdout", "text": "skipped ahead"}),
        line({"n": 1, "type": "finished", "exitCode": 0, "artifacts": [{"name": "x"}]}),
        chunk(b'{"n":1,"type":"finished","exitCode":NaN,"artifacts":[]}\n'),
        chunk(b'{"n":1,"type":"display","mime":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}\n"),
    ],
)
async def test_lines_that_are_no_frames_end_the_run_as_a_fault(forged: bytes) -> None:
    assert kind(await against(say(OK, forged, END))) == "protocol"


async def test_a_line_longer_than_the_limit_is_never_collected() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        while True:
            writer.write(chunk(b"x" * 65_536))
            await writer.drain()

    assert kind(await against(flood)) == "protocol"


async def test_headers_without_end_are_refused() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
            await writer.drain()

    assert kind(await against(flood)) == "protocol"


async def test_repeated_frames_are_told_once_and_nothing_follows_the_last() -> None:
    repeated = say(OK, output(1, "a"), output(1, "a"), output(2, "b"), finished(3), output(4, "late"), END)
    carried = await against(repeated)
    assert carried.end.cause == "finished" and carried.text == "ab"


async def test_figures_that_a_worker_adds_to_its_last_word_are_ignored() -> None:
    carried = await against(say(OK, finished(1, metrics={"cost": -5}, memoryBytes=-1), END))
    assert carried.end.cause == "finished" and carried.end.memory_bytes == 50 * 2**20 and carried.end.wall_ms >= 1


async def test_a_byte_at_a_time_is_as_good_as_all_at_once() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in OK + output(1, "é\n") + finished(2) + END:
            writer.write(bytes([byte]))
            await writer.drain()

    carried = await against(drip)
    assert carried.end.cause == "finished" and carried.text == "é\n"


async def test_an_endless_answer_is_held_back_until_somebody_reads_it() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(OK)
        while True:
            sent += 1
            writer.write(output(sent, "x" * 10_000))
            await writer.drain()

    async with faulty_worker(flood) as url:
        runner = HttpRunner(url, "s", LIMITS)
        items = runner.run(Job(order("1", timeout_ms=30_000)))
        await anext(items)
        before = -1
        while before != sent:  # it fills the buffers on the way, then it stands still
            before = sent
            await asyncio.sleep(0.3)
        assert sent * 10_000 < 32 * 2**20
        await items.aclose()


async def test_a_worker_that_gives_less_memory_than_a_run_may_ask_for_says_so() -> None:
    health = b'{"ok":true,"languages":["javascript"],"version":"1","memoryBytesMax":134217728}'

    async def fault(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(health), health))
        await writer.drain()

    async with faulty_worker(fault) as url:
        runner = HttpRunner(url, "s3cret")
        assert runner.memory_bytes_max() is None
        await runner.start()
        assert runner.memory_bytes_max() == 128 * 2**20 and runner.languages() == frozenset({"javascript"})


async def test_a_worker_is_told_which_span_it_works_for() -> None:
    heard: list[bytes] = []

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK + finished(1) + END)
        await writer.drain()
        writer.close()

    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    server = await asyncio.start_server(listening, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    carried = await carry(HttpRunner(url, "s", LIMITS), Job(order("1"), headers={"traceparent": traceparent}))
    server.close()
    assert carried.end.cause == "finished"
    assert f"traceparent: {traceparent}".encode() in heard[0].lower()
