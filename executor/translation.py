"""A program's frames as events: numbered, capped, and with the host's notice where something was dropped.

What a frame may hold is wire.py's; hiding secrets in it comes before, by scan/mask.py.
"""

import json

from executor import events
from executor.admission import RunLimits
from executor.conclusion import fits
from executor.wire import DisplayFrame, FinishedFrame, Frame, InputFrame, OutputFrame, StateFrame, TruncatedFrame


class Translation:
    """Frames become events: numbered, capped, and with the host's notice where something was dropped."""

    def __init__(self, execution_id: str, limits: RunLimits) -> None:
        self._id = execution_id
        self._limits = limits
        self._seq = 0
        self._output_bytes = 0
        self._output_events = 0
        self._display_bytes = 0
        self._noticed = False

    def of(self, frame: Frame) -> list[events.Event]:
        match frame:
            case OutputFrame():
                return self._output(frame)
            case DisplayFrame():
                return self._display(frame)
            case InputFrame():
                prompt = frame.prompt[: self._limits.prompt_chars_max]
                return [events.Input(execution_id=self._id, prompt=prompt)]
            case TruncatedFrame():
                return self._notice(f"output truncated at {self._limits.output_bytes_max} bytes", frame.stream)
            case FinishedFrame() | StateFrame():
                return []

    def oversized_result(self, frame: FinishedFrame) -> events.Event | None:
        if fits(frame.result, self._limits.result_bytes_max):
            return None
        return next(iter(self._notice(f"result dropped: more than {self._limits.result_bytes_max} bytes")), None)

    def _output(self, frame: OutputFrame) -> list[events.Event]:
        if self._noticed and self._output_bytes >= self._limits.output_bytes_max:
            return []
        left = self._limits.output_bytes_max - self._output_bytes
        encoded = frame.text.encode("utf-8", "surrogatepass")
        self._output_bytes += len(encoded)
        self._output_events += 1
        if self._output_events > self._limits.output_events_max:
            self._output_bytes = self._limits.output_bytes_max
            return self._notice(f"output truncated after {self._limits.output_events_max} pieces", frame.stream)
        if len(encoded) <= left:
            return [self._event(frame, frame.text)]
        head = encoded[:left].decode("utf-8", "ignore")
        cut: list[events.Event] = [self._event(frame, head)] if head else []
        return cut + self._notice(f"output truncated at {self._limits.output_bytes_max} bytes", frame.stream)

    def _event(self, frame: OutputFrame, text: str) -> events.Output:
        self._seq += 1
        return events.Output(
            execution_id=self._id, seq=self._seq, stream=frame.stream, level=frame.level, text=text
        )  # fmt: skip

    def _display(self, frame: DisplayFrame) -> list[events.Event]:
        self._display_bytes += len(json.dumps(frame.mime))
        if self._display_bytes > self._limits.display_bytes_max:
            return self._notice(f"displays truncated at {self._limits.display_bytes_max} bytes")
        self._seq += 1
        return [events.Display(execution_id=self._id, seq=self._seq, mime=frame.mime)]

    def _notice(self, what: str, stream: events.Stream = "stderr") -> list[events.Event]:
        if self._noticed:
            return []
        self._noticed = True
        self._seq += 1
        return [
            events.Output(
                execution_id=self._id, seq=self._seq, stream=stream, level="warn", text=f"[{what}]\n", truncated=True
            )
        ]
