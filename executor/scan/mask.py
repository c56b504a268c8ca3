"""Hides secrets that the source holds in what its run writes, also where one comes in two pieces of output.

It knows values, not rules; what counts as a secret is the scan's to say, and files that a run leaves are its own.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from pydantic import JsonValue

from executor.events import RunError, Stream
from executor.runner import Ended
from executor.wire import DisplayFrame, Frame, InputFrame, OutputFrame

HIDDEN = "••••"
SECRET_CHARS_MIN = 12
# Longer ones are hidden as they are, and not in other writings too.
ENCODED_CHARS_MAX = 512
URL_SAFE = str.maketrans("+/", "-_")


class Mask:
    """The secrets of one run, as they are and as base64, hexadecimal digits, in URLs or in JSON; without any it changes nothing."""

    def __init__(self, secrets: Sequence[str]) -> None:
        # The longest first: one that holds another is hidden whole.
        worth = {form for secret in secrets if len(secret) >= SECRET_CHARS_MIN for form in _forms(secret)}
        self._forms = sorted(worth, key=len, reverse=True)
        self._tail_chars = max(map(len, worth), default=1) - 1
        self._by_first: defaultdict[str, list[str]] = defaultdict(list)
        for secret in self._forms:
            self._by_first[secret[0]].append(secret)
        # The end of what a stream wrote that may be the beginning of a secret: held back until more is known.
        self._held: dict[Stream, OutputFrame] = {}

    def of(self, frame: Frame) -> list[Frame]:
        """The frame as everyone may see it, with what was held back before it."""
        if not self._forms:
            return [frame]
        match frame:
            case OutputFrame():
                return self._output(frame)
            case DisplayFrame():
                return [frame.model_copy(update={"mime": self.value(dict(frame.mime))})]
            case InputFrame():
                # The program waits for somebody who must see all that it wrote.
                return [*self.rest(), frame.model_copy(update={"prompt": self.text(frame.prompt)})]
            case _:
                return [frame]

    def rest(self) -> list[Frame]:
        """What is still held back, at the end."""
        held = list(self._held.values())
        self._held.clear()
        return [*held]

    def ended(self, ended: Ended) -> Ended:
        """The end of the run with its result and its error as everyone may see them."""
        if not self._forms or ended.frame is None:
            return ended
        frame = ended.frame
        update: dict[str, JsonValue | RunError] = {}
        if "result" in frame.model_fields_set:
            update["result"] = self.value(frame.result)
        if frame.error is not None:
            # Also its type: that is a name which the program gives.
            told = {name: self.text(getattr(frame.error, name)) for name in ("type", "message", "stack")}
            update["error"] = frame.error.model_copy(update=told)
        return replace(ended, frame=frame.model_copy(update=update))

    def text(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with every text in it gone over."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case _:
                return value

    def _output(self, frame: OutputFrame) -> list[Frame]:
        held = self._held.pop(frame.stream, None)
        if held is not None:
            frame = frame.model_copy(update={"text": held.text + frame.text})
        text = self.text(frame.text)
        cut = self._beginning_of_a_secret(text)
        if cut < len(text):
            self._held[frame.stream] = frame.model_copy(update={"text": text[cut:]})
        return [frame.model_copy(update={"text": text[:cut]})] if cut else []

    def _beginning_of_a_secret(self, text: str) -> int:
        """Where the end of the text begins that a secret may begin with; the length of the text when there is none."""
        for start in range(max(0, len(text) - self._tail_chars), len(text)):
            if any(secret.startswith(text[start:]) for secret in self._by_first.get(text[start], ())):
                return start
        return len(text)


def _forms(secret: str) -> Iterator[str]:
    """A secret in the writings that programs print things in."""
    yield secret
    if len(secret) > ENCODED_CHARS_MAX:
        return
    raw = secret.encode("utf-8", "surrogatepass")
    yield raw.hex()
    yield raw.hex().upper()
    # RFC 3986, what JavaScript's encodeURIComponent leaves as it is, and forms.
    yield quote(raw, safe="")
    yield quote(raw, safe="!'()*")
    yield quote(raw, safe=" ").replace(" ", "+")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    # Base64 writes three bytes at a time: what stands before a secret, as a user's name, moves it to one of three places,
    # and only the digits that are the secret's alone are known.
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        known = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        yield known
        yield known.translate(URL_SAFE)
