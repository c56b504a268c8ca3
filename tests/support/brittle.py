"""`python -m tests.support.brittle serve`: the server with a document library that a certain text stops.

No such text is known for the library as it is; what the server does about one has to be seen all the same.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from typing import Any

from collab_server import supervisor
from collab_server.cli import main
from crdt.replica import Replica

SPIN, CRASH = b"=spin=", b"=crash="
apply_to = Replica._apply_to


def brittle(doc: Any, updates: Sequence[bytes]) -> None:
    """Holds the interpreter's lock for hours, or ends the process, as broken native code does."""
    if any(SPIN in update for update in updates):
        re.match(r"(a+)+$", "a" * 60 + "b")
    if any(CRASH in update for update in updates):
        os.kill(os.getpid(), signal.SIGSEGV)
    apply_to(doc, updates)


if __name__ == "__main__":
    Replica._apply_to = staticmethod(brittle)  # type: ignore[method-assign]
    # The suite has no time to wait for the real one twice.
    supervisor.STUCK_S = float(os.environ.get("BRITTLE_STUCK_S", "2.5"))
    main()
