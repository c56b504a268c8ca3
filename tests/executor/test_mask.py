"""Promises about secrets of the source in what its run writes."""

from __future__ import annotations

import base64
import json
import random
import urllib.parse

import pytest

from executor.events import RunError
from executor.runner import Ended
from executor.scan.mask import HIDDEN, Mask
from executor.wire import DisplayFrame, FinishedFrame, Frame, InputFrame, OutputFrame

SECRET = "x7Kq2mVt9LbR4sWd8ZcN"
OTHER = "AKIAQ3EGRTK4FJWPB2ZN"


def written(mask: Mask, *pieces: str) -> str:
    frames = [frame for piece in pieces for frame in mask.of(OutputFrame(n=1, stream="stdout", text=piece))]
    return "".join(frame.text for frame in [*frames, *mask.rest()] if isinstance(frame, OutputFrame))


def test_a_secret_is_hidden_wherever_the_output_is_cut() -> None:
    text = f"key={SECRET}; again {SECRET}{OTHER}, x7Kq2mV is none"
    whole = f"key={HIDDEN}; again {HIDDEN}{HIDDEN}, x7Kq2mV is none"
    for cut in range(len(text)):
        assert written(Mask([SECRET, OTHER]), text[:cut], text[cut:]) == whole
    assert written(Mask([SECRET, OTHER]), *text) == whole


def test_whatever_the_pieces_nothing_else_changes() -> None:
    seed = random.randrange(2**32)
    generator = random.Random(seed)
    for _ in range(300):
        text = "".join(generator.choice([SECRET, OTHER, SECRET[:7], "x", "A", "\n", "é😀"]) for _ in range(20))
        cuts = sorted(generator.sample(range(len(text)), min(6, len(text))))
        pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        expected = text.replace(SECRET, HIDDEN).replace(OTHER, HIDDEN)
        assert written(Mask([SECRET, OTHER]), *pieces) == expected, f"seed {seed}"


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:pass\n"])
def test_a_secret_is_hidden_also_as_programs_write_it_down(before: str) -> None:
    secret = 'p@ss "w0rd"/+é?x7Kq2mVt9'
    raw = (before + secret + " and more").encode()
    forms = [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
        raw.hex().upper(),
        urllib.parse.quote(raw, safe=""),
        urllib.parse.quote_plus(raw),
        json.dumps(raw.decode()),
        json.dumps(raw.decode(), ensure_ascii=False),
    ]
    for form in forms:
        shown = written(Mask([secret]), form)
        assert HIDDEN in shown and len(shown) <= len(form) - len(secret) + len(HIDDEN), form
        assert written(Mask([secret]), *form) == shown, "piece by piece too"


def test_only_what_may_begin_a_secret_is_held_back_and_not_while_the_program_waits() -> None:
    mask = Mask([SECRET])
    assert mask.of(OutputFrame(n=1, stream="stdout", text="hello\n"))
    assert mask.of(OutputFrame(n=2, stream="stdout", text=SECRET[:5])) == []
    frames = mask.of(InputFrame(n=3, prompt="name: "))
    assert [type(frame) for frame in frames] == [OutputFrame, InputFrame]


def test_streams_are_held_back_apart() -> None:
    mask = Mask([SECRET])
    out: list[Frame] = []
    for stream, text in (("stdout", SECRET[:9]), ("stderr", "note\n"), ("stdout", SECRET[9:])):
        out += mask.of(OutputFrame(n=1, stream=stream, text=text))  # type: ignore[arg-type]
    assert [(frame.stream, frame.text) for frame in out if isinstance(frame, OutputFrame)] == [
        ("stderr", "note\n"), ("stdout", HIDDEN),
    ]  # fmt: skip


def test_results_errors_and_displays_are_gone_over_too() -> None:
    mask = Mask([SECRET])
    error = RunError(type=f"E{SECRET}", message=f"bad {SECRET}", stack=f"at {SECRET}")
    frame = FinishedFrame(n=1, exit_code=1, result={SECRET: [1, f"<{SECRET}>", None]}, error=error, artifacts=[])
    ended = mask.ended(Ended("finished", 1, frame=frame)).frame
    assert ended is not None and ended.error is not None
    assert ended.result == {HIDDEN: [1, f"<{HIDDEN}>", None]}
    told = (ended.error.type, ended.error.message, ended.error.stack)
    assert told == (f"E{HIDDEN}", f"bad {HIDDEN}", f"at {HIDDEN}")
    (display,) = mask.of(DisplayFrame(n=1, mime={"text/html": f"<b>{SECRET}</b>"}))
    assert isinstance(display, DisplayFrame) and display.mime == {"text/html": f"<b>{HIDDEN}</b>"}


def test_short_values_are_never_hidden() -> None:
    assert written(Mask(["password", "eleven chars"[:11]]), "password eleven chars") == "password eleven chars"
