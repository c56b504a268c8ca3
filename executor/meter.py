"""Measures and bounds the memory of one process from outside.

It reads what the kernel says and never what the process says; on a system without /proc it knows only the present size.
"""

import contextlib
import resource
from pathlib import Path

import psutil

# What a fresh isolate maps without touching it; the limit on mapped memory must leave room for that.
MAPPED_SLACK_BYTES = 64 * 2**20
# What a run takes of pages that its process had and did not use is not seen from outside; no isolate takes less.
RUN_BYTES_MIN = 2**20
_FIELDS = ("VmRSS", "VmHWM", "VmData")


class Meter:
    """Made when a run leases its process: what the process had until then is not the run's."""

    def __init__(self, pid: int, limit_bytes: int) -> None:
        self._pid = pid
        self.limit_bytes = limit_bytes
        self._status = Path(f"/proc/{pid}/status")
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the high-water mark starts again from here
        now = self._read()
        self._base_bytes = now.get("VmRSS", 0)
        # Where the mark could not be reset, only what rises above the old mark can be told from it.
        self._mark_bytes = now.get("VmHWM", 0)
        self.peak_bytes = RUN_BYTES_MIN
        self._bound(now.get("VmData", 0))

    def _bound(self, mapped_bytes: int) -> None:
        prlimit = getattr(resource, "prlimit", None)
        if prlimit is None or not mapped_bytes:
            return
        most = mapped_bytes + self.limit_bytes + MAPPED_SLACK_BYTES
        # A process that ended between lease and here is noticed by its run.
        with contextlib.suppress(OSError, ValueError):
            prlimit(self._pid, resource.RLIMIT_DATA, (most, most))

    def read(self) -> int:
        """Peak growth so far, in bytes; keeps its last value when the process is gone."""
        now = self._read()
        if not now:
            return self.peak_bytes
        high = now.get("VmHWM", 0)
        peak = max(now.get("VmRSS", 0), high if high > self._mark_bytes else 0) - self._base_bytes
        self.peak_bytes = max(self.peak_bytes, peak)
        return self.peak_bytes

    def _read(self) -> dict[str, int]:
        try:
            text = self._status.read_text()
        except OSError:
            with contextlib.suppress(psutil.Error):
                return {"VmRSS": psutil.Process(self._pid).memory_info().rss}
            return {}
        found: dict[str, int] = {}
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name in _FIELDS:
                found[name] = int(value.split()[0]) * 1024
        return found
