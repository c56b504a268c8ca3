"""Promises about who is taken for stuck, told without a process: what it does is said by a script."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from collab_server import supervisor
from collab_server.heartbeat import Pulse, State
from collab_server.settings import Settings
from collab_server.supervisor import POLL_S, STARVED_S, STUCK_S, Supervisor

# What the processor gives it of each second, whether it would run, and after how much silence it is ended.
MANNERS = {
    "spins": (1.0, True, STUCK_S),
    "spins with half of a processor": (0.5, True, STUCK_S),
    "works a second's work on a crowded machine": (0.2, True, 8.5),
    "gets no processor at all": (0.0, True, STARVED_S),
    "waits for what never comes": (0.0, False, STUCK_S),
}


@pytest.mark.parametrize("manner", list(MANNERS))
def test_who_is_silent_is_ended_by_what_it_works_and_not_by_how_crowded_the_machine_is(
    manner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share, would_run, wanted_s = MANNERS[manner]
    ended: list[int] = []
    silent_s = 0.0
    monkeypatch.setattr(os, "kill", lambda pid, how: ended.append(how))
    monkeypatch.setattr(supervisor, "TRACE_S", 0.0)
    monkeypatch.setattr(supervisor, "_standing", lambda pid: (7.0 + share * silent_s, would_run))
    monkeypatch.setattr(Pulse, "silent_s", lambda pulse: silent_s)
    with closing(socket.socket()) as listening:
        watching = Supervisor(Settings(data_dir=tmp_path), 1, listening, None, lambda post: 0)
        place = watching._places[0]
        place.pid, place.pulse.state = 1, State.READY
        while signal.SIGKILL not in ended:
            silent_s += POLL_S
            watching._looked_at = 0.0
            watching._look(0.0)
            assert silent_s <= STARVED_S
    assert silent_s == pytest.approx(wanted_s, abs=POLL_S)
