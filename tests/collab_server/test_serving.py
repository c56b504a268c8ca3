"""Promises of a serving process about itself."""

from __future__ import annotations

import subprocess
import sys

# A twentieth of the real size, which says the same in half a second; each ring is two blocks.
PROGRAM = """
import sys
from collections import deque
from collab_server import serving

serving.GC_YOUNG_OBJECTS //= 20
serving.tune_collector()
live, most, start = deque(maxlen=20_000), 0, sys.getallocatedblocks()
for number in range(1_000_000):
    ring = []
    ring.append(ring)
    live.append(ring)
    if number % 1_000 == 0:
        most = max(most, sys.getallocatedblocks() - start)
print(most)
"""


def test_what_lived_long_and_refers_to_itself_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 600_000
